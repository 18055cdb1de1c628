"""Much of what somebody wrote, put into the database at once: to post it would take minutes."""

from datetime import UTC, datetime
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy import Connection

from fedorg.ids import at
from fedorg.store.tables import home_timeline, statuses
from tests.node.serving import NodeServer

# As a distance between two ids.
_HOUR: Final = at(datetime(1970, 1, 1, 1, tzinfo=UTC))


async def repeat(server: NodeServer, status: dict[str, Any], number: int, **changes: object) -> list[int]:
    """Statuses like a posted one, one for each hour before it, on home timelines as it is; their ids, newest first."""
    original = int(status["id"])

    def unit(conn: Connection) -> list[int]:
        row = conn.execute(sa.select(statuses).where(statuses.c.id == original)).mappings().one()
        ids = [original - one * _HOUR for one in range(1, number + 1)]
        copies = [
            {**row, **changes, "id": one, "uri": f"{row['uri']}/{one}", "url": f"{row['url']}/{one}"} for one in ids
        ]
        conn.execute(sa.insert(statuses), copies)
        stands = conn.execute(sa.select(home_timeline).where(home_timeline.c.status_id == original)).mappings().all()
        if stands:
            conn.execute(sa.insert(home_timeline), [{**entry, "status_id": one} for entry in stands for one in ids])
        return ids

    return await server.node.write(unit)
