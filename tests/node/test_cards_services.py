"""What statuses of peers bring: their words are found, and their links are looked at later, once for all of them."""

from datetime import timedelta

import sqlalchemy as sa

from fedorg.domain.jobs import FetchCard
from fedorg.domain.search import SearchPage
from fedorg.domain.visibility import Audience, Reach, Visibility
from fedorg.services import search, statuses
from fedorg.services.looking import REMOTE_DELAY
from fedorg.store.tables import jobs
from tests.node.world import MakeWorld, World, note, of_kind

LINK = 'see <a href="https://page.example/a?b=1&amp;c=2#d">page.example</a>'


async def test_the_link_of_a_peers_status_is_looked_at_after_a_while_and_once(world: World) -> None:
    """So that a link that travels does not bring every server to the page in the same second."""
    anna, rita = await world.member("anna"), await world.remote("rita", "b.example")
    await world.follow(anna, rita)
    before = world.clock.moment
    for number in range(3):
        await statuses.receive_status(world.node, note(rita, number, LINK))

    is_card = jobs.c.payload.contains("FetchCard")
    due = await world.node.read(lambda conn: conn.execute(sa.select(jobs.c.due_at).where(is_card)).scalars().all())
    assert len(due) == 1
    assert before <= due[0] <= world.clock.moment + REMOTE_DELAY
    world.clock.moment += timedelta(minutes=2)
    assert len(of_kind(await world.jobs(), FetchCard)) == 1


async def test_links_meant_for_few_are_not_looked_at(world: World) -> None:
    """Nor those that name people or hashtags, or stand for a quote."""
    anna, rita = await world.member("anna"), await world.remote("rita", "b.example")
    await world.follow(anna, rita)
    followers = Audience(reach=Reach.PUBLIC, visibility=Visibility.PRIVATE)
    await statuses.receive_status(world.node, note(rita, 1, LINK, audience=followers))
    for number, html in enumerate(
        (
            '<a href="https://b.example/@rita" class="u-url mention">@rita</a>',
            '<a href="https://b.example/tags/x" class="mention hashtag">#x</a>',
            '<span class="quote-inline">RE: <a href="https://b.example/1">b.example/1</a></span>',
            '<a href="https://here.example/@anna/1">here</a>',
            '<a href="gopher://b.example/">gopher</a>',
        ),
        start=2,
    ):
        await statuses.receive_status(world.node, note(rita, number, html))
    world.clock.moment += timedelta(minutes=2)

    assert of_kind(await world.jobs(), FetchCard) == []


async def test_nobody_elsewhere_makes_a_node_read_inner_pages(make_world: MakeWorld) -> None:
    """S20: where inner addresses may be reached, only links of this node's members are looked at."""
    world = await make_world(allowed_networks="10.0.0.0/8")
    anna, rita = await world.member("anna"), await world.remote("rita", "b.example")
    await world.follow(anna, rita)
    await statuses.receive_status(world.node, note(rita, 1, LINK))
    world.clock.moment += timedelta(minutes=2)
    assert of_kind(await world.jobs(), FetchCard) == []

    await world.post(anna, "see https://page.example/a")

    assert len(of_kind(await world.jobs(), FetchCard)) == 1


async def test_what_a_peer_says_is_found_as_it_says_it_now(world: World) -> None:
    """By those who may find it, with its edits, until it is deleted."""
    anna, rita = await world.member("anna"), await world.remote("rita", "b.example", indexable=True)
    await world.follow(anna, rita)
    await statuses.receive_status(world.node, note(rita, 1, "An <b>old</b> zeppelin"))

    async def found(query: str) -> int:
        return len(await search.search_statuses(world.node, anna.id, query, SearchPage(limit=20)))

    assert await found("old zeppelin from:rita@b.example") == 1
    world.clock.moment += timedelta(minutes=1)
    edited = note(rita, 1, "A new zeppelin", edited_at=world.clock.moment)
    await statuses.receive_edit(world.node, edited)
    assert (await found("old"), await found('"new zeppelin"')) == (0, 1)
    await statuses.receive_delete(world.node, rita, edited.uri)

    assert await found("zeppelin") == 0
