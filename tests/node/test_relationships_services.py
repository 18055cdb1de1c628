"""Following, blocking, muting: here and across servers, counted once."""

import asyncio

import pytest

from fedorg.domain.accounts import Account
from fedorg.domain.jobs import ActivityKind, SendActivity
from fedorg.domain.notifications import NotificationType
from fedorg.domain.relationships import Relationship
from fedorg.domain.statuses import PageQuery
from fedorg.domain.visibility import Tier
from fedorg.errors import Forbidden, NotFound
from fedorg.ids import AccountId
from fedorg.services import notifications, relationships
from tests.node.world import PAGE, MakeWorld, World, of_kind


async def _counts(world: World, account: Account) -> tuple[int, int]:
    """(followers, following)."""
    current = await world.account(account)
    return current.followers_count, current.following_count


async def _sent(world: World) -> list[tuple[ActivityKind, str]]:
    return [(job.kind, job.uri) for job in of_kind(await world.jobs(), SendActivity)]


async def _relationship(world: World, viewer: Account, target: Account) -> Relationship:
    [found] = await relationships.list_relationships(world.node, viewer.id, [target.id])
    return found


async def _told(world: World, account: Account) -> list[NotificationType]:
    found = (await notifications.list_notifications(world.node, account.id, PAGE)).items
    return [one.notification.type for one in found]


async def test_follow_counts_once_however_often_it_is_asked(world: World) -> None:
    """Six requests at once make one follow, one notification, one in the counts; two unfollows take one away."""
    anna, bob = await world.member("anna"), await world.member("bob")

    answers = await asyncio.gather(*(relationships.follow(world.node, anna, bob.id) for _ in range(6)))

    assert all(one.following and one.showing_reblogs and not one.notifying for one in answers)
    assert (await _counts(world, anna), await _counts(world, bob)) == ((0, 1), (1, 0))
    assert await _told(world, bob) == [NotificationType.FOLLOW]
    for _ in range(2):
        assert not (await relationships.unfollow(world.node, anna, bob.id)).following
    assert (await _counts(world, anna), await _counts(world, bob)) == ((0, 0), (0, 0))
    assert await _told(world, bob) == []


async def test_follow_can_be_changed(world: World) -> None:
    """Following again changes how, and leaves alone what is not said."""
    anna, bob = await world.member("anna"), await world.member("bob")
    await relationships.follow(world.node, anna, bob.id, notify=True, languages=("de",))

    changed = await relationships.follow(world.node, anna, bob.id, reblogs=False)

    assert changed == Relationship(
        target_id=bob.id, following=True, showing_reblogs=False, notifying=True, languages=("de",)
    )


async def test_both_at_once_do_not_hold_each_other(world: World) -> None:
    """Two who follow and unfollow each other at the same time both succeed, and the counts are right."""
    anna, bob = await world.member("anna"), await world.member("bob")

    for _ in range(5):
        await asyncio.gather(
            relationships.follow(world.node, anna, bob.id), relationships.follow(world.node, bob, anna.id)
        )
        assert await _counts(world, anna) == await _counts(world, bob) == (1, 1)
        await asyncio.gather(
            relationships.unfollow(world.node, anna, bob.id), relationships.unfollow(world.node, bob, anna.id)
        )

    assert await _counts(world, anna) == await _counts(world, bob) == (0, 0)


async def test_locked_account_decides(world: World) -> None:
    """A request counts for nothing until it is accepted; a rejected one is gone; nobody answers for others."""
    anna, bob, carl = await world.member("anna", locked=True), await world.member("bob"), await world.member("carl")
    for asking in (bob, carl):
        assert (await relationships.follow(world.node, asking, anna.id)).requested
    assert await _counts(world, anna) == (0, 0)
    assert await _told(world, anna) == [NotificationType.FOLLOW_REQUEST] * 2
    with pytest.raises(NotFound):
        await relationships.authorize_request(world.node, carl, bob.id)

    accepted = await relationships.authorize_request(world.node, anna, bob.id)
    rejected = await relationships.reject_request(world.node, anna, carl.id)

    assert (accepted.followed_by, rejected.followed_by, rejected.requested_by) == (True, False, False)
    assert await _counts(world, anna) == (1, 0)
    assert await _told(world, anna) == [NotificationType.FOLLOW]
    with pytest.raises(NotFound):
        await relationships.authorize_request(world.node, anna, bob.id)
    listed = await relationships.list_follow_requests(world.node, anna.id, PAGE)
    assert listed == []


async def test_remote_follow_waits_for_its_answer(world: World) -> None:
    """S51: pending until the one who was asked accepts; a repeated or foreign answer changes nothing."""
    anna = await world.member("anna")
    dora, eve = await world.remote("dora", "there.example"), await world.remote("eve", "evil.example")
    asked = await relationships.follow(world.node, anna, dora.id)
    [(kind, uri)] = await _sent(world)
    assert (kind, asked.requested, asked.following) == (ActivityKind.FOLLOW, True, False)
    assert await _counts(world, dora) == (0, 0)

    assert not await relationships.receive_accept(world.node, eve, follow_uri=uri)
    assert not await relationships.receive_accept(world.node, eve, follower=anna)
    assert await _counts(world, dora) == (0, 0)
    for _ in range(2):
        assert await relationships.receive_accept(world.node, dora, follow_uri=uri)
    assert (await _counts(world, dora), await _counts(world, anna)) == ((1, 0), (0, 1))

    assert not await relationships.receive_reject(world.node, eve, follow_uri=uri)
    assert await relationships.receive_reject(world.node, dora, follower=anna)
    assert not await relationships.receive_accept(world.node, dora, follow_uri=uri)
    assert (await _counts(world, dora), await _counts(world, anna)) == ((0, 0), (0, 0))
    assert await _sent(world) == []


async def test_follow_from_elsewhere_is_answered(world: World) -> None:
    """Accepted at once by an open account, each time it is asked; kept by a locked one; refused behind a block."""
    anna, locked = await world.member("anna"), await world.member("locked", locked=True)
    dora, eve = await world.remote("dora", "there.example"), await world.remote("eve", "evil.example")
    await relationships.block(world.node, anna, eve.id)
    await world.jobs()

    await asyncio.gather(
        *(relationships.receive_follow(world.node, dora, anna, "https://there.example/f/1") for _ in "ab")
    )
    await relationships.receive_follow(world.node, dora, anna, "https://there.example/f/2")
    await relationships.receive_follow(world.node, dora, locked, "https://there.example/f/3")
    await relationships.receive_follow(world.node, eve, anna, "https://evil.example/f/1")

    sent = await _sent(world)
    assert {kind for kind, uri in sent if uri.startswith("https://there.example")} == {ActivityKind.ACCEPT_FOLLOW}
    assert "https://there.example/f/3" not in [uri for _, uri in sent]
    assert (ActivityKind.REJECT_FOLLOW, "https://evil.example/f/1") in sent
    assert (await _counts(world, anna), await _counts(world, locked)) == ((1, 0), (0, 0))
    assert await _told(world, anna) == [NotificationType.FOLLOW]
    assert await _told(world, locked) == [NotificationType.FOLLOW_REQUEST]
    assert await relationships.receive_unfollow(world.node, dora, anna, f"{dora.uri}#follow")
    assert not await relationships.receive_unfollow(world.node, dora, anna, f"{dora.uri}#follow")
    assert await _counts(world, anna) == (0, 0)


async def test_identity_of_a_follow_belongs_to_one_pair(world: World) -> None:
    """A Follow that borrows the identity of somebody else's changes nothing."""
    anna, bob = await world.member("anna"), await world.member("bob")
    dora = await world.remote("dora", "there.example")
    await relationships.receive_follow(world.node, dora, anna, "https://there.example/f/1")

    await relationships.receive_follow(world.node, dora, bob, "https://there.example/f/1")

    assert (await _counts(world, anna), await _counts(world, bob)) == ((1, 0), (0, 0))


@pytest.mark.parametrize(
    ("mode", "tier"), [("partners", Tier.OPEN), ("organisation", Tier.PARTNER), ("open", Tier.BLOCKED)]
)
async def test_nobody_is_followed_outside_the_mode(make_world: MakeWorld, mode: str, tier: Tier) -> None:
    """With whom the node does not federate, nobody can follow."""
    world = await make_world(federation_mode=mode, default_reach="organisation")
    anna, dora = await world.member("anna"), await world.remote("dora", "there.example")
    await world.peer("there.example", tier)

    with pytest.raises(Forbidden, match=r"there\.example"):
        await relationships.follow(world.node, anna, dora.id)

    assert await world.jobs() == []


async def test_block_parts_both(world: World) -> None:
    """Follows end in both directions, with their counts and notifications; the other's server is told of it all."""
    anna, bob = await world.member("anna"), await world.member("bob")
    dora = await world.remote("dora", "there.example")
    for one, other in ((anna, bob), (bob, anna), (anna, dora), (dora, anna)):
        await world.follow(one, other)
    await world.jobs()

    for target in (bob, dora):
        await relationships.block(world.node, anna, target.id)
        assert await relationships.block(world.node, anna, target.id) == Relationship(
            target_id=target.id, blocking=True
        )

    assert [await _counts(world, one) for one in (anna, bob, dora)] == [(0, 0)] * 3
    assert await _told(world, anna) == []
    kinds = [kind for kind, _ in await _sent(world)]
    assert kinds == [ActivityKind.UNDO_FOLLOW, ActivityKind.REJECT_FOLLOW, ActivityKind.BLOCK]
    for one, other in ((anna, bob), (bob, anna)):
        with pytest.raises(Forbidden):
            await relationships.follow(world.node, one, other.id)
    assert (await _relationship(world, bob, anna)).blocked_by
    assert not (await relationships.unblock(world.node, anna, dora.id)).blocking
    assert [kind for kind, _ in await _sent(world)] == [ActivityKind.UNDO_BLOCK]


async def test_block_from_elsewhere_parts_both(world: World) -> None:
    """A peer's Block ends the follows here and can be taken back."""
    anna, dora = await world.member("anna"), await world.remote("dora", "there.example")
    await world.follow(anna, dora)
    await world.follow(dora, anna)

    for _ in range(2):
        await relationships.receive_block(world.node, dora, anna, "https://there.example/b/1")

    assert (await _relationship(world, anna, dora)).blocked_by
    assert (await _counts(world, anna), await _counts(world, dora)) == ((0, 0), (0, 0))
    await relationships.receive_unblock(world.node, dora, anna, f"{dora.uri}#block")
    assert (await relationships.follow(world.node, anna, dora.id)).requested


async def test_follower_can_be_removed(world: World) -> None:
    """Who is removed follows no more, and their server is told."""
    anna, dora = await world.member("anna"), await world.remote("dora", "there.example")
    await world.follow(dora, anna)
    await world.jobs()

    assert not (await relationships.remove_from_followers(world.node, anna, dora.id)).followed_by

    assert await _sent(world) == [(ActivityKind.REJECT_FOLLOW, f"{dora.uri}#follow/anna")]
    assert await _counts(world, anna) == (0, 0)


async def test_lists_page_and_hide(world: World) -> None:
    """Followers page by the follow; hidden collections are empty for everybody else; requests do not show."""
    anna = await world.member("anna")
    shy = await world.member("shy", hide_collections=True)
    people = [await world.member(f"person{number}") for number in range(3)]
    for person in people:
        await world.follow(person, anna)
        await world.follow(person, shy)
    locked = await world.member("locked", locked=True)
    await relationships.follow(world.node, people[0], locked.id)

    first = await relationships.list_followers(world.node, None, anna.id, PageQuery(limit=2))
    rest = await relationships.list_followers(world.node, None, anna.id, PageQuery(limit=2, max_id=first[-1].row_id))

    assert [one.item.username for one in (*first, *rest)] == ["person2", "person1", "person0"]
    assert await relationships.list_followers(world.node, people[0].id, shy.id, PAGE) == []
    assert len(await relationships.list_followers(world.node, shy.id, shy.id, PAGE)) == 3
    following = await relationships.list_following(world.node, None, people[0].id, PAGE)
    assert [one.item.username for one in following] == ["shy", "anna"]
    assert await relationships.list_followers(world.node, locked.id, locked.id, PAGE) == []


async def test_notes_mutes_and_blocks_are_ones_own(world: World) -> None:
    """Nobody sees another's notes, mutes and blocks."""
    anna, bob, carl = [await world.member(name) for name in ("anna", "bob", "carl")]

    await relationships.set_note(world.node, anna.id, carl.id, " Met in Oslo ")
    await relationships.mute(world.node, anna, carl.id, notifications=False, duration_seconds=60)
    await relationships.block(world.node, anna, bob.id)

    [mine] = await relationships.list_relationships(world.node, anna.id, [carl.id, carl.id])
    assert (mine.note, mine.muting, mine.muting_notifications) == ("Met in Oslo", True, False)
    assert mine.muting_expires_at is not None
    assert await _relationship(world, bob, carl) == Relationship(target_id=carl.id)
    [muted] = await relationships.list_mutes(world.node, anna.id, PAGE)
    assert (muted.item.account.id, muted.item.expires_at) == (carl.id, mine.muting_expires_at)
    assert [one.item.id for one in await relationships.list_blocks(world.node, anna.id, PAGE)] == [bob.id]
    assert await relationships.list_mutes(world.node, bob.id, PAGE) == []
    assert (await relationships.set_note(world.node, anna.id, carl.id, "")).note == ""
    assert await relationships.list_relationships(world.node, anna.id, [AccountId(1)]) == []


async def test_nobody_follows_blocks_or_mutes_themselves(world: World) -> None:
    """It means nothing, so there is no such thing."""
    anna = await world.member("anna")

    for act in (relationships.follow, relationships.block, relationships.mute):
        with pytest.raises(NotFound):
            await act(world.node, anna, anna.id)
