"""Favourites, boosts, bookmarks, notifications, markers, files and search."""

import asyncio
import io
from datetime import timedelta

import pytest
from PIL import Image

from fedorg.domain.accounts import Account
from fedorg.domain.jobs import ActivityKind, DistributeDelete, SendActivity
from fedorg.domain.notifications import NotificationQuery, NotificationType
from fedorg.domain.statuses import MediaChange, PageQuery, StatusChange
from fedorg.domain.visibility import Reach, Visibility
from fedorg.errors import Forbidden, Invalid, NotFound, TooLarge
from fedorg.ids import StatusId
from fedorg.services import fanout, interactions, markers, media, notifications, relationships, search, statuses
from fedorg.store import media as media_store
from tests.node.world import EVERYBODY, PAGE, MakeWorld, World, note, of_kind


async def _told(world: World, account: Account) -> list[tuple[NotificationType, str]]:
    found = (await notifications.list_notifications(world.node, account.id, PAGE)).items
    return [(one.notification.type, one.account.username) for one in found]


async def test_favourite_counts_once(world: World) -> None:
    """Five at once: one favourite, one notification; taken back twice: none, and nobody is told any more."""
    anna, bob = await world.member("anna"), await world.member("bob")
    status = await world.post(anna, "Hello")

    await asyncio.gather(*(interactions.favourite(world.node, bob, status.id) for _ in range(5)))

    view = await statuses.get_view(world.node, bob.id, status.id)
    assert view.status.favourites_count == 1
    assert view.viewer is not None
    assert view.viewer.favourited
    assert await _told(world, anna) == [(NotificationType.FAVOURITE, "bob")]
    for _ in range(2):
        await interactions.unfavourite(world.node, bob, status.id)
    assert (await statuses.get_view(world.node, bob.id, status.id)).status.favourites_count == 0
    assert await _told(world, anna) == []


async def test_boost_counts_once(world: World) -> None:
    """Five at once: one boost for all; a boost of the boost is the same one; taken back, the counts are as before."""
    anna, bob = await world.member("anna"), await world.member("bob")
    dora = await world.remote("dora", "there.example")
    await world.follow(dora, bob)
    status = await world.post(anna, "Hello")

    boosts = await asyncio.gather(*(interactions.reblog(world.node, bob, status.id) for _ in range(5)))
    again = await interactions.reblog(world.node, bob, boosts[0].id)
    for _ in range(2):
        await world.distribute(again)

    assert {boost.id for boost in boosts} == {again.id}
    assert (await statuses.get_view(world.node, None, status.id)).status.reblogs_count == 1
    assert (await world.account(bob)).statuses_count == 1
    assert await _told(world, anna) == [(NotificationType.REBLOG, "bob")]
    listed = await interactions.list_reblogged_by(world.node, None, status.id, PAGE)
    assert [one.item.id for one in listed] == [bob.id]
    for _ in range(2):
        assert (await interactions.unreblog(world.node, bob, status.id)).reblogs_count == 0
    assert (await world.account(bob)).statuses_count == 0
    assert await _told(world, anna) == []


async def test_undo_of_a_boost_goes_to_whom_it_was_sent(world: World) -> None:
    """The job names the boosted status, so that an Undo and not a Delete goes out."""
    bob = await world.member("bob")
    dora = await world.remote("dora", "there.example")
    await world.follow(dora, bob)
    await world.follow(bob, dora)
    status = await statuses.receive_status(world.node, note(dora, 1))
    assert status is not None
    boost = await interactions.reblog(world.node, bob, status.id)
    sent = await fanout.remote_inboxes(world.node, boost)
    await world.jobs()

    await interactions.unreblog(world.node, bob, boost.id)

    [job] = of_kind(await world.jobs(), DistributeDelete)
    assert (job.uri, job.inboxes, job.reblog_of_uri) == (boost.uri, sent, status.uri)


@pytest.mark.parametrize("visibility", list(Visibility))
async def test_only_what_may_be_boosted_is_boosted(world: World, visibility: Visibility) -> None:
    """Public and unlisted by all, private by its author and only privately, direct by nobody; unseen is not found."""
    anna, bob, carl = [await world.member(name) for name in ("anna", "bob", "carl")]
    await world.follow(bob, anna)
    status = await world.post(anna, "@bob hello", visibility=visibility)

    if visibility in (Visibility.PUBLIC, Visibility.UNLISTED):
        await interactions.reblog(world.node, carl, status.id)
        return
    with pytest.raises(Forbidden):
        await interactions.reblog(world.node, bob, status.id)
    for act in (interactions.reblog, interactions.favourite, interactions.bookmark):
        with pytest.raises(NotFound):
            await act(world.node, carl, status.id)
    if visibility is Visibility.PRIVATE:
        boost = await interactions.reblog(world.node, anna, status.id)
        assert boost.audience.visibility is Visibility.PRIVATE


async def test_favourite_of_a_remote_status_is_sent_to_its_author(world: World) -> None:
    """A Like goes out with an identity of its own, and the Undo names it."""
    anna, dora = await world.member("anna"), await world.remote("dora", "there.example")
    await world.follow(anna, dora)
    status = await statuses.receive_status(world.node, note(dora, 1))
    assert status is not None
    await world.jobs()

    await interactions.favourite(world.node, anna, status.id)
    await interactions.unfavourite(world.node, anna, status.id)

    like, undo = of_kind(await world.jobs(), SendActivity)
    assert (like.kind, undo.kind) == (ActivityKind.LIKE, ActivityKind.UNDO_LIKE)
    assert like.uri == undo.uri
    assert (like.target_id, like.object_uri) == (dora.id, status.uri)


async def test_likes_from_elsewhere_count_if_the_status_was_for_them(world: World) -> None:
    """Once, whatever it is called; not of what that account may not see; not of what is unknown."""
    anna = await world.member("anna")
    dora, eve = await world.remote("dora", "there.example"), await world.remote("eve", "evil.example")
    public = await world.post(anna, "Public")
    private = await world.post(anna, "Private", visibility=Visibility.PRIVATE)

    for number in range(2):
        assert await interactions.receive_favourite(world.node, dora, public.uri, f"https://there.example/l/{number}")
    assert not await interactions.receive_favourite(world.node, eve, private.uri, "https://evil.example/l/1")
    assert not await interactions.receive_favourite(world.node, eve, public.uri + "0", "https://evil.example/l/2")

    assert (await statuses.get_view(world.node, anna.id, public.id)).status.favourites_count == 1
    assert (await statuses.get_view(world.node, anna.id, private.id)).status.favourites_count == 0
    assert await _told(world, anna) == [(NotificationType.FAVOURITE, "dora")]
    assert await interactions.receive_unfavourite(world.node, dora, public.uri, f"{dora.uri}#like")
    assert not await interactions.receive_unfavourite(world.node, dora, public.uri, f"{dora.uri}#like")
    assert await _told(world, anna) == []


async def test_boosts_from_elsewhere_count_once(world: World) -> None:
    """At once or again, by any name; not of what may not be boosted; not after its Undo; undone by its author only."""
    anna = await world.member("anna")
    dora, eve = await world.remote("dora", "there.example"), await world.remote("eve", "evil.example")
    status = await world.post(anna, "Hello")
    limited = await world.post(anna, "Inside", reach=Reach.ORGANISATION)
    uri = "https://there.example/a/1"
    now = world.clock()

    boosts = await asyncio.gather(
        *(interactions.receive_reblog(world.node, dora, uri, status, EVERYBODY, now) for _ in range(5))
    )
    assert boosts[0] is not None
    assert {boost.id for boost in boosts if boost} == {boosts[0].id}
    for _ in range(2):
        await world.distribute(boosts[0])
    assert await _told(world, anna) == [(NotificationType.REBLOG, "dora")]
    assert (await statuses.get_view(world.node, None, status.id)).status.reblogs_count == 1
    assert await interactions.receive_reblog(world.node, eve, uri + "2", limited, EVERYBODY, now) is None

    assert not await interactions.receive_unreblog(world.node, eve, uri)
    assert await interactions.receive_unreblog(world.node, dora, uri)
    assert (await statuses.get_view(world.node, None, status.id)).status.reblogs_count == 0
    assert await interactions.receive_reblog(world.node, dora, uri, status, EVERYBODY, now) is None


async def test_boost_between_strangers_is_ignored(world: World) -> None:
    """A boost of a remote status by an account nobody here follows concerns nobody."""
    anna = await world.member("anna")
    dora, other = await world.remote("dora", "there.example"), await world.remote("other", "other.example")
    await world.follow(anna, dora)
    status = await statuses.receive_status(world.node, note(dora, 1))
    assert status is not None

    boost = await interactions.receive_reblog(
        world.node, other, "https://other.example/a/1", status, EVERYBODY, world.clock()
    )

    assert boost is None


async def test_notifications_belong_to_one_account(world: World) -> None:
    """S45: read, filtered, counted and dismissed by their owner only."""
    anna, bob = await world.member("anna"), await world.member("bob")
    status = await world.post(anna, "Hello")
    await interactions.favourite(world.node, bob, status.id)
    await world.follow(bob, anna)
    await world.post(bob, "@anna hi")

    found = (await notifications.list_notifications(world.node, anna.id, PAGE)).items
    assert [one.notification.type for one in found] == ["mention", "follow", "favourite"]
    only = (
        await notifications.list_notifications(
            world.node, anna.id, PAGE, NotificationQuery(types=(NotificationType.FOLLOW,))
        )
    ).items
    assert only == (found[1],)
    without = (
        await notifications.list_notifications(
            world.node,
            anna.id,
            PAGE,
            NotificationQuery(exclude_types=(NotificationType.FOLLOW,), from_account_id=bob.id),
        )
    ).items
    assert without == (found[0], found[2])
    assert (
        await notifications.list_notifications(world.node, anna.id, PAGE, NotificationQuery(from_account_id=anna.id))
    ).items == ()
    assert (await notifications.list_notifications(world.node, bob.id, PAGE)).items == ()

    with pytest.raises(NotFound):
        await notifications.get(world.node, bob.id, found[0].notification.id)
    with pytest.raises(NotFound):
        await notifications.dismiss(world.node, bob.id, found[0].notification.id)
    assert await notifications.get(world.node, anna.id, found[0].notification.id) == found[0]
    assert await notifications.count_unread(world.node, anna.id, 2) == 2
    await markers.set_markers(world.node, anna.id, {"notifications": found[1].notification.id})
    assert await notifications.count_unread(world.node, anna.id, 100) == 1
    await notifications.dismiss(world.node, anna.id, found[0].notification.id)
    await notifications.clear(world.node, bob.id)
    assert len((await notifications.list_notifications(world.node, anna.id, PAGE)).items) == 2
    await notifications.clear(world.node, anna.id)
    assert (await notifications.list_notifications(world.node, anna.id, PAGE)).items == ()


async def test_nobody_hears_of_whom_they_block_or_mute(world: World) -> None:
    """Mentions by somebody blocked, in either direction, or muted are not told; a mute may spare notifications."""
    anna, blocker, muter, sparing = [await world.member(name) for name in ("anna", "blocker", "muter", "sparing")]
    blocked = await world.member("blocked")
    await relationships.block(world.node, blocker, anna.id)
    await relationships.block(world.node, anna, blocked.id)
    await relationships.mute(world.node, muter, anna.id)
    await relationships.mute(world.node, sparing, anna.id, notifications=False)

    await world.post(anna, "@blocker @blocked @muter @sparing @anna")

    for silent in (anna, blocker, blocked, muter):
        assert await _told(world, silent) == []
    assert await _told(world, sparing) == [(NotificationType.MENTION, "anna")]


async def test_watchers_are_told_of_statuses_but_not_of_boosts(world: World) -> None:
    """Who asked to be told hears of each new status once; not of boosts and replies to others."""
    anna, bob, watcher = [await world.member(name) for name in ("anna", "bob", "watcher")]
    await relationships.follow(world.node, watcher, anna.id, notify=True)
    await relationships.follow(world.node, watcher, bob.id)
    theirs = await world.post(bob, "Bob")
    status = await world.post(anna, "Anna")
    await world.distribute(status)
    await world.post(anna, "Reply", in_reply_to_id=theirs.id)
    await world.distribute(await interactions.reblog(world.node, anna, theirs.id))

    assert await _told(world, watcher) == [(NotificationType.STATUS, "anna")]


async def test_markers_count_their_versions(world: World) -> None:
    """Each new position is the next version; what was never set is not there."""
    anna = await world.member("anna")
    assert await markers.list_markers(world.node, anna.id, ("home", "notifications")) == []

    [first] = await markers.set_markers(world.node, anna.id, {"home": 7})
    [second] = await markers.set_markers(world.node, anna.id, {"home": 9})

    assert (first.last_read_id, first.version) == (7, 1)
    assert (second.last_read_id, second.version) == (9, 2)
    assert await markers.list_markers(world.node, anna.id, ("home", "notifications")) == [second]


async def test_uploaded_file_belongs_to_its_owner_until_it_is_attached(world: World) -> None:
    """Described, focused, attached once, by its owner only; then it is the status's."""
    anna, bob = await world.member("anna"), await world.member("bob")
    kept = await media.upload(world.node, anna, _png(), description=" A square ", focus=(0.5, -0.5))
    assert world.node.storage.size(kept.file or "") > 0
    for missing in (
        media.get_unattached(world.node, bob.id, kept.id),
        media.change(world.node, bob.id, kept.id, description="Mine"),
        media.delete_unattached(world.node, bob.id, kept.id),
    ):
        with pytest.raises(NotFound):
            await missing
    with pytest.raises(Invalid):
        await world.post(bob, "Look", media_ids=(kept.id,))

    changed = await media.change(world.node, anna.id, kept.id, description="Better")
    status = await world.post(anna, "", media_ids=(kept.id,))

    assert (kept.description, changed.description, changed.focus) == ("A square", "Better", (0.5, -0.5))
    [shown] = (await statuses.get_view(world.node, bob.id, status.id)).media
    assert (shown.id, shown.original) == (kept.id, kept.original)
    with pytest.raises(Invalid):
        await world.post(anna, "Again", media_ids=(kept.id,))
    with pytest.raises(NotFound):
        await media.get_unattached(world.node, anna.id, kept.id)
    edit = StatusChange(media_changes=(MediaChange(media_id=kept.id, description="Best"),))
    await statuses.edit_status(world.node, anna, status.id, edit)
    before, after = await statuses.list_edits(world.node, anna.id, status.id)
    assert [one.media[0].description for one in (before, after)] == ["Better", "Best"]


async def test_files_go_with_their_status_or_wait_for_a_redraft(world: World) -> None:
    """S62: deleted with the status at once when asked; otherwise attachable again, and upkeep's after a day."""
    anna = await world.member("anna")
    first, second = [await media.upload(world.node, anna, _png()) for _ in range(2)]
    gone = await world.post(anna, "Gone", media_ids=(first.id,))
    redrafted = await world.post(anna, "Redrafted", media_ids=(second.id,))

    await statuses.delete_status_and_media(world.node, anna, gone.id)
    view = await statuses.delete_status(world.node, anna, redrafted.id)

    with pytest.raises(NotFound):
        world.node.storage.size(first.file or "")
    again = await world.post(anna, "Again", media_ids=(view.media[0].id,))
    await statuses.delete_status(world.node, anna, again.id)
    fresh = world.clock() - timedelta(minutes=1)
    assert await world.node.write(media_store.take_abandoned, fresh, 10) == []
    [abandoned] = await world.node.write(media_store.take_abandoned, world.clock() + timedelta(minutes=1), 10)
    assert abandoned.id == second.id


async def test_files_that_cannot_be_kept_are_refused(make_world: MakeWorld) -> None:
    """Too large, or no picture: refused, and nothing is stored."""
    world = await make_world(media_bytes_max=2000)
    anna = await world.member("anna")

    with pytest.raises(TooLarge):
        await media.upload(world.node, anna, io.BytesIO(bytes(2001)))
    with pytest.raises(Invalid):
        await media.upload(world.node, anna, io.BytesIO(b"<svg/>"))
    with pytest.raises(Invalid):
        await media.upload(world.node, anna, _png(), description="x" * 1501)


async def test_search_finds_what_its_reader_may_see(world: World) -> None:
    """Accounts and tags by how they begin, statuses by address; nothing invisible; wildcards are letters."""
    anna, bob = await world.member("anna", display_name="Anna Ångström"), await world.member("bob")
    dora = await world.remote("annabel", "there.example")
    private = await world.post(anna, "Hidden #Teatime", visibility=Visibility.PRIVATE)
    public = await world.post(anna, "Open #tea #teapot")

    async def found(query: str, viewer: Account = bob, *, following_only: bool = False) -> list[str]:
        shown = await search.search_accounts(world.node, viewer.id, query, limit=5, following_only=following_only)
        return [account.acct for account in shown]

    assert await found("ann") == ["anna", "annabel@there.example"]
    assert await found("@anna@here.example") == ["anna", "annabel@there.example"]
    assert await found("annabel@there") == ["annabel@there.example"]
    assert await found("%") == []
    assert await found("ann", following_only=True) == []
    await world.follow(bob, dora)
    assert await found("ann", following_only=True) == ["annabel@there.example"]
    await relationships.block(world.node, anna, bob.id)
    assert await found("ann") == ["annabel@there.example"]

    assert await search.find_status(world.node, None, private.url) == []
    [shown] = await search.find_status(world.node, None, f" {public.url} ")
    assert shown.status.id == public.id
    assert [tag.name for tag in await search.search_tags(world.node, bob.id, "#Tea", limit=5)] == ["tea", "teapot"]
    assert await search.resolve_account(world.node, bob.id, "nobody@void.example") is None
    assert await search.resolve_status(world.node, bob.id, "https://void.example/1") == []
    world.elsewhere.accounts["new@there.example"] = dora
    assert await search.resolve_account(world.node, bob.id, "new@there.example") == dora


async def test_acting_on_what_is_not_there(world: World) -> None:
    """Taking back what was never done is no fault; doing it to what is not there is not found."""
    anna = await world.member("anna")
    nothing = StatusId(1)

    await interactions.unfavourite(world.node, anna, nothing)
    await interactions.unbookmark(world.node, anna, nothing)
    for act in (interactions.favourite, interactions.bookmark, interactions.reblog, interactions.unreblog):
        with pytest.raises(NotFound):
            await act(world.node, anna, nothing)
    with pytest.raises(NotFound):
        await interactions.list_favourited_by(world.node, None, nothing, PageQuery(limit=1))


def _png() -> io.BytesIO:
    file = io.BytesIO()
    Image.new("RGB", (8, 8), "teal").save(file, "PNG")
    file.seek(0)
    return file
