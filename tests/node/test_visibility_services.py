"""Who sees what: the SQL that narrows pages against ``may_see``, peers at the door, and where statuses are sent."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from itertools import product

import pytest
import sqlalchemy as sa
from sqlalchemy import Connection

from fedorg.domain.accounts import Account
from fedorg.domain.askers import Asker
from fedorg.domain.relationships import Follow, FollowState
from fedorg.domain.statuses import Status, StatusDraft
from fedorg.domain.visibility import Anonymous, Audience, Member, Reach, Tier, Visibility, is_inside, may_see
from fedorg.errors import Invalid
from fedorg.ids import AccountId, StatusId
from fedorg.services import fanout, interactions, relationships, statuses
from fedorg.services.statuses import showing
from fedorg.store import narrowing, peer_views, views
from fedorg.store import relationships as relationships_store
from fedorg.store import statuses as statuses_store
from fedorg.store.tables import statuses as statuses_table
from tests.node.world import MakeWorld, World, note

PARTNERS = ("there.example", "rival.example")
AUDIENCES = [Audience(reach=reach, visibility=visibility) for reach, visibility in product(Reach, Visibility)] + [
    Audience(reach=Reach.PARTNERS, visibility=visibility, partners=frozenset({domain}))
    for domain, visibility in product(PARTNERS, Visibility)
]


async def _be_partners(world: World) -> None:
    for domain in PARTNERS:
        await world.peer(domain, Tier.PARTNER)


def _lies_inside(domain: str, tier: Tier, audience: Audience) -> bool:
    """Written anew: the tier lies in the reach, and a partner is named where any is."""
    return is_inside(tier, audience.reach) and (
        tier is not Tier.PARTNER or not audience.partners or domain in audience.partners
    )


@dataclass(frozen=True)
class Cast:
    """Everybody who might look at anna's statuses."""

    anna: Account
    viewers: dict[str, tuple[AccountId | None, Anonymous | Member]]


async def _cast(world: World) -> Cast:
    anna, mentioned, follower, asking, blocker, blocked, stranger = [
        await world.member(name)
        for name in ("anna", "mentioned", "follower", "asking", "blocker", "blocked", "stranger")
    ]
    await world.follow(follower, anna)
    await world.follow(blocked, anna)
    await relationships.block(world.node, blocker, anna.id)
    await relationships.block(world.node, anna, blocked.id)
    locked = await world.member("locked", locked=True)
    await relationships.follow(world.node, asking, locked.id)
    return Cast(
        anna=anna,
        viewers={
            "nobody": (None, Anonymous()),
            "author": (anna.id, Member(is_author=True)),
            "mentioned": (mentioned.id, Member(is_mentioned=True)),
            "follower": (follower.id, Member(follows_author=True)),
            "asking": (asking.id, Member()),
            "blocker": (blocker.id, Member(is_blocked=True, is_mentioned=True)),
            "blocked": (blocked.id, Member(is_blocked=True, is_mentioned=True)),
            "stranger": (stranger.id, Member()),
        },
    )


def _narrowed(conn: Connection, viewer: AccountId | None) -> set[StatusId]:
    statement = sa.select(statuses_table.c.id).where(narrowing.visible_to(viewer))
    return set(conn.execute(statement).scalars())


async def test_sql_says_what_the_rule_says(world: World) -> None:
    """For every reach, visibility and viewer: the SQL condition, the loaded views and ``may_see`` agree."""
    cast = await _cast(world)
    await _be_partners(world)
    posted: dict[StatusId, Audience] = {}
    for audience in AUDIENCES:
        status = await world.post(
            cast.anna,
            "@mentioned @blocker @blocked",
            reach=audience.reach,
            visibility=audience.visibility,
            partners=tuple(audience.partners),
        )
        assert status.audience == audience
        posted[status.id] = audience

    for name, (viewer, kind) in cast.viewers.items():
        allowed = {status_id for status_id, audience in posted.items() if may_see(audience, kind)}
        narrowed = await world.node.read(_narrowed, viewer)
        loaded = {
            view.status.id for view in await world.node.read(views.load_views, world.node.now(), viewer, list(posted))
        }
        assert narrowed == allowed, name
        assert loaded == allowed, name


async def test_pending_follow_opens_nothing(world: World) -> None:
    """S51: who only asked to follow sees no private status."""
    anna, bob = await world.member("anna", locked=True), await world.member("bob")
    status = await world.post(anna, "For followers", visibility=Visibility.PRIVATE)

    await relationships.follow(world.node, bob, anna.id)

    assert await statuses.list_views(world.node, bob.id, [status.id]) == []
    await relationships.authorize_request(world.node, anna, bob.id)
    assert [view.status for view in await statuses.list_views(world.node, bob.id, [status.id])] == [status]


async def _follow_beside(world: World, anna: Account, other: Account) -> None:
    """Follows that show nobody at the other's server anything of Anna's: somebody else's, one asked for, one of Bob."""
    await world.follow(await world.remote("erna", "elsewhere.example"), anna)
    await world.follow(other, await world.member("bob"))
    asking = await world.remote("asking", "there.example")
    asked = Follow(
        id=world.node.ids.next(),
        account_id=asking.id,
        target_id=anna.id,
        uri=f"{asking.uri}#follow",
        state=FollowState.PENDING,
        created_at=world.clock(),
    )
    await world.node.write(relationships_store.insert_follow, asked)


async def test_boost_shows_nothing_its_reader_could_not_see(world: World) -> None:
    """A boost of what the reader may not see is left out, boost and all."""
    anna, bob, carl = [await world.member(name) for name in ("anna", "bob", "carl")]
    inside = await world.post(anna, "Inside", reach=Reach.ORGANISATION)
    hers = await world.post(anna, "Hers")
    of_inside = await interactions.reblog(world.node, bob, inside.id)
    of_hers = await interactions.reblog(world.node, bob, hers.id)
    await relationships.block(world.node, anna, carl.id)

    assert of_inside.audience.reach is Reach.ORGANISATION
    seen_by_all = await statuses.list_views(world.node, None, [of_inside.id, of_hers.id])
    assert [view.status.id for view in seen_by_all] == [of_hers.id]
    assert await statuses.list_views(world.node, carl.id, [of_inside.id, of_hers.id]) == []


@pytest.mark.parametrize("tier", list(Tier))
async def test_peers_fetch_what_lies_inside_their_tier(world: World, tier: Tier) -> None:
    """For every reach, visibility and tier: inside the reach, and a follower's server or the addressee."""
    anna = await world.member("anna")
    named = await world.remote("named", "there.example")
    other = await world.remote("other", "there.example")
    await _be_partners(world)
    await _follow_beside(world, anna, other)
    for audience in AUDIENCES:
        status = await statuses.post_status(world.node, anna, None, _draft("Hello", audience))
        await world.node.write(statuses_store.mention, status.id, [named.id])

        for follows in (False, True):
            if follows:
                await world.follow(other, anna)
            await world.peer("there.example", tier)
            for actor in (named, other):
                passes = audience.visibility in (Visibility.PUBLIC, Visibility.UNLISTED) or actor == named
                passes = passes or (audience.visibility is Visibility.PRIVATE and follows)
                expected = passes and _lies_inside("there.example", tier, audience)
                assert await statuses.may_peer_see(world.node, status, "there.example", actor.uri) is expected, (
                    audience,
                    actor.username,
                    follows,
                )
            await world.peer("there.example", Tier.PARTNER)
        await relationships.receive_unfollow(world.node, other, anna, f"{other.uri}#follow")


@pytest.mark.parametrize("tier", [*Tier, None])
async def test_what_is_listed_to_a_peer_is_what_it_may_see(world: World, tier: Tier | None) -> None:
    """The SQL that fills collections says what the rule says, for everything but direct statuses and reach node."""
    anna, other = await world.member("anna"), await world.remote("other", "there.example")
    named, enemy = [await world.remote(name, "there.example") for name in ("named", "enemy")]
    await relationships.block(world.node, anna, enemy.id)
    await _follow_beside(world, anna, other)
    authors = {"here": anna, "there": other, "elsewhere": await world.remote("emil", "elsewhere.example")}
    posted = [await _insert(world, author, audience, named) for author in authors.values() for audience in AUDIENCES]
    askers = [None] if tier is None else [_asker(tier, None), *(_asker(tier, one) for one in (named, other, enemy))]

    for follows, asker in product((False, True), askers):
        if follows and not await world.node.read(relationships_store.list_followers_at, anna.id, "there.example", 1):
            await world.follow(other, anna)
        allowed = {status.id for status in await world.node.read(showing.list_visible, asker, posted)}
        listed = {status.id for status in posted if _is_listed(status.audience)} & allowed
        found = set(await world.node.read(_listed_to, asker))
        assert found == listed, (asker, follows)


def _asker(tier: Tier, account: Account | None) -> Asker:
    return Asker(account_id=None if account is None else account.id, domain="there.example", tier=tier)


def _is_listed(audience: Audience) -> bool:
    return audience.visibility is not Visibility.DIRECT and audience.reach is not Reach.NODE


def _listed_to(conn: Connection, asker: Asker | None) -> list[StatusId]:
    return list(conn.execute(sa.select(statuses_table.c.id).where(peer_views.visible_to(asker))).scalars())


async def _insert(world: World, author: Account, audience: Audience, named: Account) -> Status:
    """A status that names somebody at the other server; limited ones of peers lie in their own ring."""
    number = StatusId(world.node.ids.next())
    status = Status(
        id=number,
        uri=f"{author.uri}/statuses/{number}",
        url=f"{author.uri}/statuses/{number}",
        account_id=author.id,
        audience=audience,
        reach_domain=None if audience.reach is Reach.PUBLIC else author.peer,
        thread_id=number,
        created_at=world.clock(),
    )

    def unit(conn: Connection) -> None:
        statuses_store.insert(conn, status, is_local=author.is_local)
        # Every second one names nobody.
        if status.audience.reach.width % 2:
            statuses_store.mention(conn, status.id, [named.id])

    await world.node.write(unit)
    return status


async def test_what_a_peer_may_fetch_is_what_it_is_sent(world: World) -> None:
    """Delivery: for every reach and visibility, the inboxes of peers inside the reach, and no other."""
    anna = await world.member("anna")
    tiers = {"sib.example": Tier.SIBLING, "ope.example": Tier.OPEN} | dict.fromkeys(PARTNERS, Tier.PARTNER)
    for domain, tier in tiers.items():
        await world.peer(domain, tier)
        await world.follow(await world.remote("reader", domain), anna)
    blocked = await world.remote("reader", "blo.example")
    await world.follow(blocked, anna)
    await world.peer("blo.example", Tier.BLOCKED)

    for audience in AUDIENCES:
        status = await statuses.post_status(world.node, anna, None, _draft("Hello", audience))
        sent = await fanout.remote_inboxes(world.node, status)
        expected = {
            f"https://{domain}/inbox"
            for domain, tier in tiers.items()
            if _lies_inside(domain, tier, audience) and audience.visibility is not Visibility.DIRECT
        }
        assert set(sent) == expected, audience
        assert await fanout.remote_inboxes_of_edit(world.node, status) == sent


@pytest.mark.parametrize(("mode", "count"), [("closed", 0), ("organisation", 1), ("partners", 2), ("open", 3)])
async def test_nothing_goes_further_than_the_mode(make_world: MakeWorld, mode: str, count: int) -> None:
    """A status of any reach goes only where the node federates at all."""
    world = await make_world(federation_mode=mode, default_reach="node")
    anna = await world.member("anna")
    for domain, tier in (("s.example", Tier.SIBLING), ("p.example", Tier.PARTNER), ("o.example", Tier.OPEN)):
        await world.peer(domain, tier)
        await world.follow(await world.remote("reader", domain), anna)

    status = await world.post(anna, "As far as it goes", reach=Reach.PUBLIC)

    assert len(await fanout.remote_inboxes(world.node, status)) == count


async def test_answers_in_another_nodes_ring_go_to_that_node_only(world: World) -> None:
    """Sales' partners are not ours: a reply or boost there goes to the root's node and to those of its thread it names.

    Whether acme is a partner whom sales means is known at sales: whoever takes no part yet cannot be named.
    """
    anna = await world.member("anna")
    for domain in ("sales.example", "ours.example", "acme.example"):
        await world.peer(domain, Tier.PARTNER)
    seller = await world.remote("seller", "sales.example")
    await world.follow(await world.remote("mate", "ours.example"), anna)
    carl = await world.remote("carl", "acme.example")
    await world.remote("eve", "ours.example")
    await world.follow(anna, seller)
    limited = Audience(reach=Reach.PARTNERS, visibility=Visibility.PUBLIC)
    root = await statuses.receive_status(world.node, note(seller, 1, audience=limited, mentions=(carl,)))
    assert root is not None

    reply = await world.post(anna, "We would", in_reply_to_id=root.id)
    naming = await world.post(anna, "@carl@acme.example would", in_reply_to_id=reply.id)
    boost = await interactions.reblog(world.node, anna, root.id)
    with pytest.raises(Invalid, match=r"@eve@ours\.example is outside the reach"):
        await world.post(anna, "@eve@ours.example would", in_reply_to_id=reply.id)

    only_sales = ("https://sales.example/inbox",)
    assert (reply.audience.reach, reply.reach_domain) == (Reach.PARTNERS, "sales.example")
    assert await fanout.remote_inboxes(world.node, reply) == only_sales
    assert await fanout.remote_inboxes(world.node, boost) == only_sales
    assert await fanout.remote_inboxes(world.node, naming) == ("https://acme.example/inbox", *only_sales)
    may_see_reply = _asks(world, reply)
    assert await may_see_reply("sales.example")
    assert not await may_see_reply("ours.example")


def _asks(world: World, status: Status) -> Callable[[str], Awaitable[bool]]:
    async def ask(domain: str) -> bool:
        return await statuses.may_peer_see(world.node, status, domain, f"https://{domain}/actor")

    return ask


def _draft(text: str, audience: Audience) -> StatusDraft:
    return StatusDraft(
        text=text, reach=audience.reach, visibility=audience.visibility, partners=tuple(audience.partners)
    )
