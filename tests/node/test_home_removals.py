"""Whom somebody no longer wants to see: out of sight at once, and taken off their home timeline a little at a time."""

from typing import Final

import pytest
import sqlalchemy as sa

from fedorg.ids import StatusId
from fedorg.services.fanout import distribute_chunk
from fedorg.services.relationships import clearing
from fedorg.store.tables import home_removals, home_timeline
from tests.node.crowding import repeat
from tests.node.serving import Member, NodeServer
from tests.node.talking import contents, entity, follow, post, run_jobs, success

MANY: Final = 3 * clearing.CHUNK
ENDS: Final = ("unfollow", "mute", "block")


async def _crowded(server: NodeServer, *others: Member) -> tuple[Member, Member, Member]:
    """Bert, whose home timeline is full of Anna, and Carl, who boosted something old of hers into it.

    Those of others are full of her as well.
    """
    anna, bert, carl = [await server.person(name) for name in ("anna", "bert", "carl")]
    for reader in (bert, *others):
        await follow(reader, anna)
    await follow(bert, carl)
    async with run_jobs(server) as working:
        status = await post(anna, "By Anna")
        await working.settle()
        ids = await repeat(server, status, MANY)
        await post(carl, "By Carl")
        success(await carl.api.post(f"/api/v1/statuses/{ids[-1]}/reblog"))
        await working.settle()
    return anna, bert, carl


async def _shown(reader: Member) -> list[str]:
    found = success(await reader.api.get("/api/v1/timelines/home"))
    return contents([status["reblog"] or status for status in found])


async def _standing(server: NodeServer, reader: Member, author: Member) -> int:
    statement = sa.select(sa.func.count()).where(
        home_timeline.c.account_id == int(reader.id), home_timeline.c.author_id == int(author.id)
    )
    return await server.node.read(lambda conn: conn.execute(statement).scalar_one())


@pytest.mark.parametrize("end", ENDS)
async def test_a_long_home_timeline_is_cleared_a_little_at_a_time(node_server: NodeServer, end: str) -> None:
    """The answer waits for a part of it alone, and the very next page shows nothing of what waits."""
    anna, bert, _ = await _crowded(node_server)

    assert await _shown(bert) == ["By Anna", "By Carl", *["By Anna"] * 18]
    success(await bert.api.post(f"/api/v1/accounts/{anna.id}/{end}"))
    left = await _standing(node_server, bert, anna)

    assert left >= MANY - 2 * clearing.CHUNK
    assert await _shown(bert) == ["By Carl"]
    async with run_jobs(node_server) as working:
        await working.settle()
        assert await _standing(node_server, bert, anna) == 0
        assert await _shown(bert) == ["By Carl"]
    # Nothing is looked for in pages any more.
    assert not await node_server.node.read(lambda conn: conn.execute(sa.select(home_removals)).all())


async def test_a_list_shows_nothing_of_what_waits(node_server: NodeServer) -> None:
    """A boost of what somebody wrote who is muted leaves the list of its booster as well."""
    anna, bert, carl = await _crowded(node_server)
    own = entity(await bert.api.post("/api/v1/lists", json={"title": "Both"}), "List")
    added = [anna.id, carl.id]
    success(await bert.api.post(f"/api/v1/lists/{own['id']}/accounts", json={"account_ids": added}))

    success(await bert.api.post(f"/api/v1/accounts/{anna.id}/mute"))

    found = success(await bert.api.get(f"/api/v1/timelines/list/{own['id']}"))
    assert contents(found) == ["By Carl"]


async def test_who_is_followed_again_is_seen_again(node_server: NodeServer) -> None:
    """What was still to leave stays, whatever is left to do."""
    anna, bert, _ = await _crowded(node_server)
    success(await bert.api.post(f"/api/v1/accounts/{anna.id}/unfollow"))
    left = await _standing(node_server, bert, anna)

    await follow(bert, anna)

    assert await _shown(bert) == ["By Anna", "By Carl", *["By Anna"] * 18]
    async with run_jobs(node_server) as working:
        await working.settle()
    assert await _standing(node_server, bert, anna) >= left


async def test_what_one_reader_does_is_nothing_to_another(node_server: NodeServer) -> None:
    """Nobody else loses what somebody does not want to see, nor sees again whom somebody else follows again."""
    dora = await node_server.person("dora")
    anna, bert, _ = await _crowded(node_server, dora)

    async def oldest() -> list[str]:
        page = success(await dora.api.get("/api/v1/timelines/home", params={"min_id": "1"}))
        return [status["id"] for status in page]

    before = await oldest()
    success(await bert.api.post(f"/api/v1/accounts/{anna.id}/unfollow"))
    assert await oldest() == before
    success(await dora.api.post(f"/api/v1/accounts/{anna.id}/unfollow"))
    await follow(dora, anna)

    assert await _shown(bert) == ["By Carl"]
    async with run_jobs(node_server) as working:
        await working.settle()
    assert (await _shown(bert), len(await _shown(dora))) == (["By Carl"], 20)


async def test_who_is_followed_again_while_muted_stays_out_of_sight(node_server: NodeServer) -> None:
    """A mute outlasts a follow."""
    anna, bert, _ = await _crowded(node_server)
    success(await bert.api.post(f"/api/v1/accounts/{anna.id}/mute"))
    success(await bert.api.post(f"/api/v1/accounts/{anna.id}/unfollow"))
    await follow(bert, anna)

    assert await _shown(bert) == ["By Carl"]
    async with run_jobs(node_server) as working:
        await working.settle()
    assert await _shown(bert) == ["By Carl"]


async def test_what_comes_meanwhile_is_shown(node_server: NodeServer) -> None:
    """New statuses of whom one unfollowed come by a hashtag that one follows, and stay."""
    anna, bert, _ = await _crowded(node_server)
    success(await bert.api.post("/api/v1/tags/lunch/follow"))
    success(await bert.api.post(f"/api/v1/accounts/{anna.id}/unfollow"))
    async with run_jobs(node_server) as working:
        await post(anna, "No #lunch today")
        await working.settle()

    assert len(await _shown(bert)) == 2


async def test_what_friends_boost_meanwhile_is_shown(node_server: NodeServer) -> None:
    """Whoever unfollows somebody still sees what others boost of theirs from then on, at once and later."""
    anna, bert, carl = await _crowded(node_server)
    _, old, *_ = success(await anna.api.get(f"/api/v1/accounts/{anna.id}/statuses", params={"min_id": "1"}))
    success(await bert.api.post(f"/api/v1/accounts/{anna.id}/unfollow"))

    boost = success(await carl.api.post(f"/api/v1/statuses/{old['id']}/reblog"))
    await node_server.node.write(distribute_chunk, node_server.node, StatusId(int(boost["id"])), None)

    assert await _shown(bert) == ["By Anna", "By Carl"]
    async with run_jobs(node_server) as working:
        await working.settle()
    assert await _shown(bert) == ["By Anna", "By Carl"]
