"""Much of what somebody wrote, and many who took part, put into the database at once: it would take minutes to do."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy import Connection

from fedorg.ids import StatusId, at
from fedorg.node import Node
from fedorg.store.tables import accounts, favourites, follows, home_timeline, notifications, quotes, statuses
from tests.node.serving import NodeServer
from tests.node.world import insert_member, insert_stranger

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


async def crowd(node: Node, number: int) -> list[int]:
    """Accounts on as many servers, each of which has posted once; their ids."""
    one = await insert_stranger(node, "one", "h0.example", statuses_count=1)
    names = [f"h{number}.example" for number in range(1, number)]
    copies = [
        {
            "domain": name,
            "peer": name,
            "acct_key": f"one@{name}",
            "uri": f"https://{name}/users/one",
            "url": f"https://{name}/@one",
            "inbox": f"https://{name}/users/one/inbox",
            "shared_inbox": f"https://{name}/inbox",
        }
        for name in names
    ]
    return [one.id, *await _copy(node, accounts, one.id, copies)]


async def neighbours(node: Node, number: int) -> list[int]:
    """Members without a login; their ids."""
    one = await insert_member(node, "n0")
    names = [f"n{number}" for number in range(1, number)]
    copies = [
        {
            "username": name,
            "username_key": name,
            "acct_key": name,
            "uri": node.uris.actor(name),
            "url": node.uris.profile(name),
        }
        for name in names
    ]
    return [one.id, *await _copy(node, accounts, one.id, copies)]


async def boost(node: Node, status_id: int, by: Sequence[int], *, is_local: bool = False) -> list[int]:
    """All of them have boosted a status, as members or from elsewhere; the ids of the boosts."""
    ids = [node.ids.next() for _ in by]
    uris = [f"https://boosts.example/{one}" for one in ids]
    copies = [
        {"id": one, "uri": uri, "url": uri, "account_id": booster, "thread_id": one, "reblog_of_id": status_id}
        for one, uri, booster in zip(ids, uris, by, strict=True)
    ]
    await _copy(node, statuses, status_id, copies, text="", content="", is_local=is_local)
    await _tell(node, status_id, by, "reblog")
    await _set_count(node, status_id, reblogs_count=len(by))
    return ids


async def favourite(node: Node, status_id: int, by: Sequence[int]) -> None:
    """All of them have favourited a status, and its author was told."""
    rows = [
        {
            "id": node.ids.next(),
            "account_id": one,
            "status_id": status_id,
            "uri": f"https://likes.example/{one}/{status_id}",
            "created_at": node.now(),
        }
        for one in by
    ]
    await node.write(lambda conn: conn.execute(sa.insert(favourites), rows))
    await _tell(node, status_id, by, "favourite")
    await _set_count(node, status_id, favourites_count=len(by))


async def ask_to_quote(node: Node, status_id: int, by: Sequence[int]) -> list[int]:
    """All of them wait to be let to quote a status; the ids of what they quote it in."""
    ids = [node.ids.next() for _ in by]
    uris = [f"https://quoting.example/{one}" for one in ids]
    copies = [
        {"id": one, "uri": uri, "url": uri, "account_id": author, "thread_id": one}
        for one, uri, author in zip(ids, uris, by, strict=True)
    ]
    await _copy(node, statuses, status_id, copies, is_local=False)
    asked = {"quoted_uri": "https://here.example/1", "quoted_status_id": status_id, "state": "pending"}
    moment = {"created_at": node.now(), "checked_at": node.now()}
    rows = [
        {"id": node.ids.next(), "status_id": one, "account_id": author, **asked, **moment}
        for one, author in zip(ids, by, strict=True)
    ]
    await node.write(lambda conn: conn.execute(sa.insert(quotes), rows))
    return ids


async def follow(node: Node, target_id: int, by: Sequence[int]) -> None:
    """All of them follow somebody."""
    rows = [
        {
            "id": node.ids.next(),
            "account_id": one,
            "target_id": target_id,
            "state": "accepted",
            "uri": f"https://follows.example/{one}/{target_id}",
            "show_reblogs": True,
            "notify": False,
            "languages": [],
            "created_at": node.now(),
        }
        for one in by
    ]
    await node.write(lambda conn: conn.execute(sa.insert(follows), rows))


async def copy_to_home(node: Node, account_id: int, status_id: int, number: int) -> list[StatusId]:
    """Statuses of the same author like one, newer than it, on a home timeline; their ids, newest first."""
    ids = [node.ids.next() for _ in range(number)][::-1]
    uris = [f"https://copies.example/{one}" for one in ids]
    copies = [{"id": one, "uri": uri, "url": uri, "thread_id": one} for one, uri in zip(ids, uris, strict=True)]
    await _copy(node, statuses, status_id, copies)

    def unit(conn: Connection) -> None:
        author = conn.execute(sa.select(statuses.c.account_id).where(statuses.c.id == status_id)).scalar_one()
        rows = [{"account_id": account_id, "status_id": one, "author_id": author} for one in ids]
        conn.execute(sa.insert(home_timeline), rows)

    await node.write(unit)
    return [StatusId(one) for one in ids]


async def tell(node: Node, account_id: int, by: int, status_ids: Sequence[int]) -> None:
    """Somebody has named an account in statuses, and it was told."""
    named = {"account_id": account_id, "type": "mention", "from_account_id": by}
    rows = [
        {"id": node.ids.next(), "origin": one, "status_id": one, "created_at": node.now(), **named}
        for one in status_ids
    ]
    await node.write(lambda conn: conn.execute(sa.insert(notifications), rows))


async def _tell(node: Node, status_id: int, by: Sequence[int], type_: str) -> None:
    def unit(conn: Connection) -> None:
        author = conn.execute(sa.select(statuses.c.account_id).where(statuses.c.id == status_id)).scalar_one()
        told = {"account_id": author, "type": type_, "origin": status_id, "status_id": status_id}
        rows = [{"id": node.ids.next(), "from_account_id": one, "created_at": node.now(), **told} for one in by]
        conn.execute(sa.insert(notifications), rows)

    await node.write(unit)


async def _set_count(node: Node, status_id: int, **counts: int) -> None:
    await node.write(lambda conn: conn.execute(sa.update(statuses).where(statuses.c.id == status_id).values(**counts)))


async def _copy(
    node: Node, table: sa.Table, number: int, copies: Sequence[Mapping[str, Any]], **changes: object
) -> list[int]:
    """Rows like the one with a number but for what is said; their ids."""

    def unit(conn: Connection) -> list[int]:
        row = conn.execute(sa.select(table).where(table.c.id == number)).mappings().one()
        rows = [{**row, "id": node.ids.next(), **changes, **copy} for copy in copies]
        if rows:
            conn.execute(sa.insert(table), rows)
        return [one["id"] for one in rows]

    return await node.write(unit)
