"""A node that has been in use for years: many more accounts and statuses than anybody looks at, put in by SQL.

Each row is a copy of one that came through the doors, under an id, an identity and a name of its own. They are older
than all the rest, so that the pages that are asked for stay the same; only what lies below them grows.
"""

from collections.abc import Mapping
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy import Connection

from fedorg.store.tables import account_names, accounts, home_timeline, status_tags, statuses, tags
from tests.benchmarks.scene import AUTHOR, READER, Scene
from tests.fediverse.ledger import database_of

ACCOUNTS: Final = 100_000
STATUSES: Final = 1_000_000
TAGS: Final = 20_000
# Of the local author whom the reader follows.
_OWN_SHARE: Final = 10
_CHUNK: Final = 50_000
_FIRST_NAMES: Final = ("Ulla", "Ulf", "Mara", "Öz", "Jan", "Иван")
_LAST_NAMES: Final = ("Berg", "Müller", "Rossi", "田中", "Okafor")
# Between two ids: some seconds.
_STEP: Final = 1 << 30


async def age(scene: Scene, *, people: int = ACCOUNTS, written: int = STATUSES) -> None:
    """Put in so many accounts and statuses while the node is down, and start it again."""
    await scene.node.stop()
    engine = sa.create_engine(database_of(scene.node))
    with engine.begin() as conn:
        first = conn.execute(sa.select(sa.func.min(statuses.c.id))).scalar_one() - (people + written + 2) * _STEP
        stranger = _row(conn, accounts, accounts.c.domain.is_not(None))
        for start in range(0, people, _CHUNK):
            numbers = range(start, min(start + _CHUNK, people))
            rows = [_person(stranger, first, number) for number in numbers]
            conn.execute(sa.insert(accounts), rows)
            conn.execute(sa.insert(account_names), [name for row in rows for name in _names(row)])
        models = (
            _row(conn, statuses, statuses.c.account_id == int(scene.ids[AUTHOR])),
            _row(conn, statuses, statuses.c.is_local.is_(sa.false())),
        )
        for start in range(0, written, _CHUNK):
            numbers = range(start, min(start + _CHUNK, written))
            rows = [_status(models, first, people, number) for number in numbers]
            conn.execute(sa.insert(statuses), rows)
            reader = int(scene.ids[READER])
            own = [
                {"account_id": reader, "status_id": row["id"], "author_id": row["account_id"]}
                for row in rows
                if row["is_local"]
            ]
            conn.execute(sa.insert(home_timeline), own)
        tag, bearer = _row(conn, tags, tags.c.name == "tag1"), first + (people + 1) * _STEP
        names = {number: f"tagged{number}" for number in range(TAGS)}
        conn.execute(
            sa.insert(tags),
            [{**tag, "id": first + number, "name": name, "display_name": name} for number, name in names.items()],
        )
        conn.execute(
            sa.insert(status_tags),
            [
                {"tag_id": first + number, "status_id": bearer + number * _STEP, "author_id": int(scene.ids[AUTHOR])}
                for number in range(0, min(TAGS, written), _OWN_SHARE)
            ],
        )
        if conn.dialect.name == "postgresql":
            conn.execute(sa.text("ANALYZE"))
    engine.dispose()
    await scene.node.start()


def _row(conn: Connection, table: sa.Table, which: sa.ColumnElement[bool]) -> dict[str, Any]:
    return dict(conn.execute(sa.select(table).where(which).limit(1)).mappings().one())


def _person(stranger: Mapping[str, Any], first: int, number: int) -> dict[str, Any]:
    name = f"old{number}"
    uri = f"{stranger['uri']}/{name}"
    return {
        **stranger,
        "id": first + number * _STEP,
        "username": name,
        "acct_key": f"{name}@{stranger['domain']}",
        "uri": uri,
        "url": uri,
        "display_name": f"{_FIRST_NAMES[number % len(_FIRST_NAMES)]} {_LAST_NAMES[number % len(_LAST_NAMES)]}",
        "statuses_count": 0,
        "followers_count": number % 1000,
    }


def _names(row: Mapping[str, Any]) -> list[dict[str, Any]]:
    """What an account is found by."""
    name = row["display_name"].lower()
    found = (row["acct_key"], name, name.partition(" ")[2])
    return [{"is_here": False, "name": one, "account_id": row["id"]} for one in found]


def _status(models: tuple[dict[str, Any], dict[str, Any]], first: int, people: int, number: int) -> dict[str, Any]:
    is_own = number % _OWN_SHARE == 0
    row_id = first + (people + 1 + number) * _STEP
    model = models[0] if is_own else models[1] | {"account_id": first + number % people * _STEP}
    uri = f"{model['uri']}/old{number}"
    answer = {"in_reply_to_id": None, "in_reply_to_account_id": None, "in_reply_to_uri": None}
    return {**model, **answer, "id": row_id, "thread_id": row_id, "uri": uri, "url": uri, "replies_count": 0}
