"""Accounts by how their names begin, however many there are: who is found by what, and in which order."""

from dataclasses import replace

import pytest

from fedorg.domain.accounts import Account
from fedorg.domain.moderation import AccountQuery
from fedorg.domain.statuses import PageQuery
from fedorg.services import search
from fedorg.store import accounts, admin_accounts, directory, removal
from tests.node.world import World

# Whether what is sought is looked for among those who have it, or among all by their rank.
WAYS = pytest.mark.parametrize("few", [1000, 1])


async def found(world: World, query: str, viewer: Account | None = None, **page: int | bool) -> list[str]:
    """The handles of those who are found."""
    asked = {"limit": 10, "offset": 0, "following_only": False} | page
    by = None if viewer is None else viewer.id
    return [one.acct for one in await search.search_accounts(world.node, by, query, **asked)]  # type: ignore[arg-type]


@WAYS
async def test_accounts_are_found_by_handle_and_by_each_word_of_their_name(
    world: World, monkeypatch: pytest.MonkeyPatch, few: int
) -> None:
    """In any script and case, from the beginning of a word on; signs mean themselves."""
    monkeypatch.setattr(directory, "FEW", few)
    await world.member("anna", display_name="Änne  ÖBERG von Berg")
    await world.remote("bert", "b.example", display_name="Иван 100% Öl_Kanne")
    await world.remote("cora", "c.example", display_name="")

    for query, expected in {
        "än": ["anna"],
        "ANN": ["anna"],
        "öberg VON b": ["anna"],
        "öb": ["anna"],
        "Berg": ["anna"],
        "öberg berg": [],
        "erg": [],
        "иВ": ["bert@b.example"],
        "100%": ["bert@b.example"],
        "1%": [],
        "öl_": ["bert@b.example"],
        "öl%": [],
        "öl": ["bert@b.example"],
        "@bert@b.": ["bert@b.example"],
        "cora@c.example": ["cora@c.example"],
        "b.example": [],
        f"anna@{world.node.settings.domain}": ["anna"],
    }.items():
        assert await found(world, query) == expected, query


@WAYS
async def test_an_exact_handle_comes_first_then_members_then_the_most_followed(
    world: World, monkeypatch: pytest.MonkeyPatch, few: int
) -> None:
    """Page by page; suspended accounts and those that block the viewer are left out."""
    monkeypatch.setattr(directory, "FEW", few)
    viewer = await world.member("viewer")
    for number in (1, 3, 2):
        await world.remote(f"team{number}", "b.example", followers_count=number)
        await world.member(f"team{number}", followers_count=number)
    await world.member("team", display_name="Team team", followers_count=0)
    await world.remote("team", "b.example", display_name="Team", followers_count=2)
    shut_out = await world.remote("team0", "b.example", followers_count=9)
    await world.node.write(lambda conn: accounts.suspend_remotely(conn, shut_out.id, world.clock()))
    members, others = ["team3", "team2", "team1"], ["team3", "team2", "team", "team1"]
    expected = ["team", *members, *(f"{name}@b.example" for name in others)]

    for viewed_by in (None, viewer):
        assert await found(world, "team", viewed_by) == expected
        assert await found(world, "tea", viewed_by) == [*members, "team", *expected[4:]]
        for start in range(9):
            assert await found(world, "team", viewed_by, limit=2, offset=start) == expected[start : start + 2]
    followed = await world.remote("team4", "b.example")
    await world.follow(viewer, followed)
    assert await found(world, "team", viewer, following_only=True) == ["team4@b.example"]
    assert await found(world, "team4@b.example", viewer, following_only=True) == ["team4@b.example"]


async def test_whoever_changes_name_is_found_by_the_new_one_alone(world: World) -> None:
    """So is a profile that was fetched again, one that lost its handle, and one that was emptied."""
    anna = await world.member("anna", display_name="Old Name")
    bert = await world.remote("bert", "b.example", display_name="Old Friend")

    await world.node.write(lambda conn: accounts.update(conn, replace(anna, display_name="New Name")))
    await world.node.write(accounts.record_remote, replace(bert, display_name="New Friend"), ())

    assert await found(world, "old") == []
    assert await found(world, "new") == ["anna", "bert@b.example"]
    assert await found(world, "na") == ["anna"]
    heir = replace(bert, id=world.node.ids.next(), uri=f"{bert.uri}/2", display_name="Heir")  # type: ignore[arg-type]
    await world.node.write(accounts.record_remote, heir, ())
    first, second = await search.search_accounts(world.node, None, "bert", limit=9), await found(world, "friend")
    assert [one.uri for one in first] == [heir.uri]
    assert second == ["bert@b.example"]
    await world.node.write(removal.strip, bert.id)
    assert await found(world, "friend") == []
    assert await found(world, bert.uri) == ["bert@b.example"]


async def test_names_of_any_length_are_found_by_their_beginning(world: World) -> None:
    """What is longer than anybody types makes no difference, nor what is nothing but spaces."""
    await world.remote("anna", "b.example", display_name=f"{'word ' * 90}last")
    await world.remote("bert", "b.example", display_name="x" * 500)
    await world.remote("cora", "b.example", display_name="   ")

    assert await found(world, "word word") == ["anna@b.example"]
    assert await found(world, "x" * 400) == ["bert@b.example"]
    assert await found(world, "cora") == ["cora@b.example"]


async def test_no_name_lies_behind_what_it_begins_with(world: World) -> None:
    """Not for those either who choose the last of all characters."""
    await world.remote("zed", "b.example", display_name="a\U0010ffffb")
    await world.remote("yves", "b.example", display_name="\ud7ffx")

    for query, expected in {
        "a": ["zed@b.example"],
        "a\U0010ffff": ["zed@b.example"],
        "\ud7ff": ["yves@b.example"],
    }.items():
        assert await found(world, query) == expected, ascii(query)
    views = await world.node.read(admin_accounts.search, "x", AccountQuery(display_name="a"), PageQuery(limit=5))
    assert len(views) == 1
