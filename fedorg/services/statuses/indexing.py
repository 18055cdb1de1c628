"""What a status is found by: its warning, its text, the descriptions of its files and the options of its poll."""

from collections.abc import Sequence
from typing import Final

from sqlalchemy import Connection

from fedorg import text
from fedorg.domain.jobs import IndexStatuses
from fedorg.domain.statuses import MediaAttachment, Status
from fedorg.node import Node
from fedorg.store import media, polls, search_index

CHUNK: Final = 200


def index(conn: Connection, status: Status) -> None:
    """Find a status by what it says now; call it in the transaction that records it, after all that belongs to it."""
    attached = media.list_of_statuses(conn, [status.id]).get(status.id, ())
    poll = polls.find_of_status(conn, status.id)
    index_new(conn, status, attached, () if poll is None else poll.options)


def index_new(conn: Connection, status: Status, attached: Sequence[MediaAttachment], options: Sequence[str]) -> None:
    """Likewise, where what belongs to it is known: its files, and the options of its poll."""
    described = [one.description for one in attached]
    parts = [status.spoiler_text, text.to_plain(status.content), *described, *options]
    search_index.put(conn, status.id, text.words_of("\n\n".join(parts)))


async def index_statuses(node: Node, job: IndexStatuses) -> IndexStatuses | None:
    """Index a chunk of what was recorded before there was an index, the newest first; what is left of the job."""

    def unit(conn: Connection) -> IndexStatuses | None:
        found = search_index.list_before(conn, job.before, CHUNK)
        for status in found:
            index(conn, status)
        return IndexStatuses(before=found[-1].id) if len(found) == CHUNK else None

    return await node.write(unit)
