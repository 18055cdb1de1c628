"""Timelines: what comes to them, how they page, and what a page costs."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

import pytest
import sqlalchemy as sa
from sqlalchemy import Connection

from fedorg.domain.accounts import Account
from fedorg.domain.events import Event, EventKind
from fedorg.domain.statuses import MediaAttachment, MediaType, PageQuery, Status, StatusDraft, StatusView
from fedorg.domain.timelines import AccountSelection
from fedorg.domain.visibility import Reach, Visibility
from fedorg.ids import EventId, MediaId, StatusId
from fedorg.services import fanout, interactions, relationships, statuses, timelines
from fedorg.store import events, media, views
from tests.node.world import PAGE, World, note


async def _home(world: World, account: Account) -> list[str]:
    """The texts on a home timeline; a boost as its booster and the text."""
    shown = await timelines.home(world.node, account.id, PAGE)
    return [
        view.status.text if view.reblog is None else f"{view.account.username}: {view.reblog.status.text}"
        for view in shown
    ]


async def test_home_shows_what_followed_people_write_to_whom_one_knows(world: World) -> None:
    """As at Mastodon: no replies to strangers, but those to oneself, to people one follows, and self-replies."""
    reader, anna, bob, stranger = [await world.member(name) for name in ("reader", "anna", "bob", "stranger")]
    await world.follow(reader, anna)
    await world.follow(reader, bob)
    root = await world.post(anna, "Anna")
    foreign = await world.post(stranger, "Stranger")
    locked = await world.member("locked", locked=True)
    await relationships.follow(world.node, reader, locked.id)
    asked = await world.post(locked, "Asked to be followed")
    mine = await world.post(reader, "Reader")

    await world.post(anna, "to herself", in_reply_to_id=root.id)
    await world.post(bob, "to Anna", in_reply_to_id=root.id)
    await world.post(bob, "to a stranger", in_reply_to_id=foreign.id)
    await world.post(bob, "to one who did not answer", in_reply_to_id=asked.id)
    await world.post(bob, "to me", in_reply_to_id=mine.id)
    await world.post(stranger, "to Anna from outside", in_reply_to_id=root.id)

    assert await _home(world, reader) == ["to me", "to Anna", "to herself", "Reader", "Anna"]


async def test_boosts_come_once_and_only_if_wanted(world: World) -> None:
    """A status boosted by two comes once, and so does what one boosts; none from whom or of whom one wants none."""
    reader, anna, bob, carl, author, muted = [
        await world.member(name) for name in ("reader", "anna", "bob", "carl", "author", "muted")
    ]
    for friend in (anna, bob):
        await world.follow(reader, friend)
    await relationships.follow(world.node, reader, carl.id, reblogs=False)
    await relationships.mute(world.node, reader, muted.id)
    wanted, unwanted, loud = [await world.post(author, text) for text in ("wanted", "unwanted", "loud")]
    of_muted = await world.post(muted, "muted")
    for booster, status in ((anna, wanted), (bob, wanted), (carl, unwanted), (anna, of_muted), (bob, loud)):
        await world.distribute(await interactions.reblog(world.node, booster, status.id))

    assert await _home(world, reader) == ["bob: loud", "anna: wanted"]
    for status in (wanted, unwanted):
        await interactions.reblog(world.node, reader, status.id)
    assert await _home(world, reader) == ["reader: unwanted", "bob: loud", "anna: wanted"]


async def test_direct_statuses_come_to_those_they_name(world: World) -> None:
    """A direct status stands on the home timeline of a follower it names, and of nobody else."""
    anna, named, other = [await world.member(name) for name in ("anna", "named", "other")]
    for follower in (named, other):
        await world.follow(follower, anna)

    await world.post(anna, "@named psst", visibility=Visibility.DIRECT)

    assert await _home(world, named) == ["@named psst"]
    assert await _home(world, other) == []
    assert await timelines.account_statuses(world.node, named.id, anna.id, PAGE, AccountSelection()) == []


async def test_following_brings_the_past_and_leaving_takes_it_away(world: World) -> None:
    """Follow, unfollow, mute, unmute and block are seen on the home timeline at once."""
    reader, anna = await world.member("reader"), await world.member("anna")
    await world.post(anna, "Before")
    await world.post(anna, "Secret", visibility=Visibility.DIRECT)

    await relationships.follow(world.node, reader, anna.id)
    assert await _home(world, reader) == ["Before"]
    await relationships.mute(world.node, reader, anna.id)
    assert await _home(world, reader) == []
    await relationships.unmute(world.node, reader, anna.id)
    assert await _home(world, reader) == ["Before"]
    await relationships.unfollow(world.node, reader, anna.id)
    assert await _home(world, reader) == []
    await relationships.follow(world.node, reader, anna.id)
    await relationships.block(world.node, anna, reader.id)
    assert await _home(world, reader) == []


async def test_mute_ends_by_itself(world: World) -> None:
    """A mute with a duration holds so long, and no longer."""
    reader, anna = await world.member("reader"), await world.member("anna")
    await world.follow(reader, anna)
    await relationships.mute(world.node, reader, anna.id, duration_seconds=60)
    await world.post(anna, "Unheard")

    world.clock.moment += timedelta(seconds=61)
    await world.post(anna, "Heard")

    assert await _home(world, reader) == ["Heard"]


async def test_chunks_reach_every_follower_once(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """However small the chunks and however often one is run, each follower has one row, one event."""
    monkeypatch.setattr(fanout, "CHUNK", 2)
    anna = await world.member("anna")
    followers = [await world.member(f"follower{number}") for number in range(5)]
    for follower in followers:
        await world.follow(follower, anna)
    status = await statuses.post_status(world.node, anna, None, _text("Hello"))

    for _ in range(2):
        after = await fanout.distribute_locally(world.node, status.id, None)
        assert after == followers[1].id
        await world.distribute(status)

    for follower in followers:
        assert await _home(world, follower) == ["Hello"]
    told = [one for one in await _events(world) if one.kind is EventKind.UPDATE]
    assert [one.account_id for one in told if one.account_id] == [anna.id, *(one.id for one in followers)]


async def test_events_carry_ids_in_order(world: World) -> None:
    """The log tells of a status, a boost and a deletion, by id, and everybody only of what is public."""
    anna = await world.member("anna")
    public = await world.post(anna, "Public")
    private = await world.post(anna, "Private", visibility=Visibility.PRIVATE)
    await statuses.delete_status(world.node, anna, private.id)

    told = await _events(world)

    assert [(one.kind, one.account_id, one.subject_id) for one in told] == [
        (EventKind.UPDATE, anna.id, public.id),
        (EventKind.UPDATE, None, public.id),
        (EventKind.UPDATE, anna.id, private.id),
        (EventKind.DELETE, anna.id, private.id),
    ]
    assert await world.node.read(events.list_after, told[-1].id, 10) == []
    assert await world.node.read(events.last_id) == told[-1].id


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        (PageQuery(limit=3), [9, 8, 7]),
        (PageQuery(limit=3, max_id=5), [4, 3, 2]),
        (PageQuery(limit=3, since_id=2), [9, 8, 7]),
        (PageQuery(limit=3, since_id=7), [9, 8]),
        (PageQuery(limit=3, min_id=2), [5, 4, 3]),
        (PageQuery(limit=3, min_id=7), [9, 8]),
        (PageQuery(limit=9, max_id=6, since_id=3), [5, 4]),
        (PageQuery(limit=9, max_id=6, min_id=3), [5, 4]),
        (PageQuery(limit=3, min_id=9), []),
    ],
)
async def test_pages_mean_what_mastodon_means(world: World, query: PageQuery, expected: list[int]) -> None:
    """``max_id`` older than, ``since_id`` the newest after, ``min_id`` those just after; always newest first."""
    anna = await world.member("anna")
    posted = [await statuses.post_status(world.node, anna, None, _text(str(number))) for number in range(10)]

    def real(number: int | None) -> int | None:
        return None if number is None else posted[number].id

    page = PageQuery(
        limit=query.limit,
        max_id=real(query.max_id),
        since_id=real(query.since_id),
        min_id=real(query.min_id),
    )

    for shown in (
        await timelines.home(world.node, anna.id, page),
        await timelines.public(world.node, None, page),
        await timelines.account_statuses(world.node, None, anna.id, page, AccountSelection()),
    ):
        assert [view.status.text for view in shown] == [str(number) for number in expected]


async def test_public_timelines_show_what_is_for_everybody(world: World) -> None:
    """No boosts, no replies to others, nobody muted, blocked or silenced; visitors see reach public only."""
    reader, anna, muted, silenced = [
        await world.member("reader"),
        await world.member("anna"),
        await world.member("muted"),
        await world.member("silenced", silenced_at=world.clock()),
    ]
    dora = await world.remote("dora", "there.example")
    await world.follow(reader, dora)
    root = await world.post(anna, "Root #Tea")
    own = await world.post(anna, "Own reply", in_reply_to_id=root.id)
    await world.post(reader, "Reply", in_reply_to_id=root.id)
    inside = await world.post(anna, "Inside #tea", reach=Reach.ORGANISATION)
    await world.post(anna, "Unlisted #tea", visibility=Visibility.UNLISTED)
    loud = await world.post(muted, "Loud #TEA #coffee")
    await world.post(silenced, "Silenced #tea")
    await interactions.reblog(world.node, anna, loud.id)
    foreign = await statuses.receive_status(world.node, note(dora, 1))
    assert foreign is not None
    await relationships.mute(world.node, reader, muted.id)

    async def public(viewer: Account | None, **fields: bool) -> set[StatusId]:
        return _ids(await timelines.public(world.node, viewer.id if viewer else None, PAGE, **fields))  # type: ignore[arg-type]

    async def tagged(viewer: Account | None, **fields: tuple[str, ...]) -> set[StatusId]:
        return _ids(await timelines.tag(world.node, viewer.id if viewer else None, "#Tea", PAGE, **fields))  # type: ignore[arg-type]

    assert await public(None) == {root.id, own.id, loud.id, foreign.id}
    assert await public(reader) == {root.id, own.id, inside.id, foreign.id}
    assert await public(reader, local_only=True) == {root.id, own.id, inside.id}
    assert await public(reader, remote_only=True) == {foreign.id}
    assert await tagged(None) == {root.id, loud.id}
    assert await tagged(reader) == {root.id, inside.id}
    assert await tagged(None, all_of=("Coffee",)) == {loud.id}
    assert await tagged(None, none_of=("coffee",)) == {root.id}
    assert await tagged(None, any_of=("coffee",)) == {root.id, loud.id}


async def test_profile_lists_can_be_narrowed(world: World) -> None:
    """Without replies, without boosts, by hashtag, with files."""
    anna, bob = await world.member("anna"), await world.member("bob")
    theirs = await world.post(bob, "Bob")
    root = await world.post(anna, "Root #tea")
    reply = await world.post(anna, "Reply", in_reply_to_id=theirs.id)
    boost = await interactions.reblog(world.node, anna, theirs.id)
    await world.node.write(media.insert_many, [_picture(world, root)])

    async def listed(**fields: object) -> set[StatusId]:
        selection = AccountSelection(**fields)  # type: ignore[arg-type]
        return _ids(await timelines.account_statuses(world.node, None, anna.id, PAGE, selection))

    assert await listed() == {root.id, reply.id, boost.id}
    assert await listed(exclude_replies=True) == {root.id, boost.id}
    assert await listed(exclude_reblogs=True) == {root.id, reply.id}
    assert await listed(media_only=True) == {root.id}
    assert await listed(tagged="TEA") == {root.id}


async def test_favourites_and_bookmarks_are_paged_by_their_own_rows(world: World) -> None:
    """Newest favourite first, whatever the age of the status; the cursor is the row's."""
    anna, bob = await world.member("anna"), await world.member("bob")
    posted = [await world.post(anna, str(number)) for number in range(3)]
    for number in (2, 0, 1):
        await interactions.favourite(world.node, bob, posted[number].id)
        await interactions.bookmark(world.node, bob, posted[number].id)

    for list_page in (timelines.favourites, timelines.bookmarks):
        first = await list_page(world.node, bob.id, PageQuery(limit=2))
        rest = await list_page(world.node, bob.id, PageQuery(limit=2, max_id=first[-1].row_id))
        assert [one.item.status.text for one in (*first, *rest)] == ["1", "0", "2"]
        assert await list_page(world.node, anna.id, PAGE) == []


async def test_page_costs_the_same_whatever_its_length(world: World) -> None:
    """Five statuses or forty, with files, tags, mentions and boosts: the same number of queries, at most nine."""
    anna, bob = await world.member("anna"), await world.member("bob")
    await world.follow(bob, anna)
    for number in range(22):
        status = await world.post(anna, f"@bob #tag{number} number {number}")
        await world.node.write(media.insert_many, [_picture(world, status)])
        await world.distribute(await interactions.reblog(world.node, anna, status.id))

    def count(conn: Connection, limit: int) -> tuple[int, int]:
        ids = [
            StatusId(one)
            for one in conn.execute(
                sa.text("SELECT id FROM statuses ORDER BY id DESC LIMIT :n"), {"n": limit}
            ).scalars()
        ]
        with _counting(conn) as made:
            shown = views.load_views(conn, world.node.now(), bob.id, ids)
        return len(shown), len(made)

    shown_few, few = await world.node.read(count, 5)
    shown_many, many = await world.node.read(count, 40)

    assert (shown_few, shown_many) == (5, 40)
    assert few == many
    assert 0 < many <= 16


@contextmanager
def _counting(conn: Connection) -> Iterator[list[str]]:
    made: list[str] = []

    def on_execute(_conn: Connection, _cursor: object, statement: str, *_rest: object) -> None:
        made.append(statement)

    sa.event.listen(conn.engine, "before_cursor_execute", on_execute)
    try:
        yield made
    finally:
        sa.event.remove(conn.engine, "before_cursor_execute", on_execute)


def _text(text: str) -> StatusDraft:
    return StatusDraft(text=text)


def _ids(shown: list[StatusView]) -> set[StatusId]:
    return {view.status.id for view in shown}


async def _events(world: World) -> list[Event]:
    return await world.node.read(events.list_after, EventId(0), 100)


def _picture(world: World, status: Status) -> MediaAttachment:
    return MediaAttachment(
        id=MediaId(world.node.ids.next()),
        account_id=status.account_id,
        status_id=status.id,
        type=MediaType.IMAGE,
        content_type="image/png",
        created_at=status.created_at,
    )
