"""A node and a server built on Fedify, which is strict about signatures, do everything that people do to each other.

Each scene is played twice: with a Fedify that knows RFC 9421 alone, in both directions, and with one that knows
draft-cavage-12 alone. ``make interop`` prints what was understood as a table.
"""

from collections.abc import AsyncIterator
from typing import Final

import httpx
import pytest
import pytest_asyncio

from fedorg.activitypub.dispatch import HANDLERS
from fedorg.activitypub.handlers.unused import UNUSED
from fedorg.activitypub.outgoing import SENT as SENT_WHEN
from tests.fediverse.fedify import Forgery, HttpScheme
from tests.fediverse.interop import partnerships, people, polls, quotes, statuses, table
from tests.fediverse.interop.world import NUMBERS, RECEIVED, ROWS_OF, SCHEMES, SENT, Scene, World, open_world, unique
from tests.fediverse.nodes import settle

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.timeout(240)]

PLAYS: Final = (people, statuses, polls, quotes, partnerships)
FORGERIES: Final[tuple[Forgery, ...]] = (
    "unsigned",
    "wrong_key",
    "stale",
    "body",
    "digest",
    "signature",
    "other_target",
)


@pytest_asyncio.fixture(scope="module", loop_scope="module", params=SCHEMES, ids=SCHEMES.values())
async def world(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[World]:
    """Both servers up, everybody signed in, Alice and Fern following each other."""
    async with open_world(tmp_path_factory.mktemp("fedify"), request.param) as here:
        yield here


@pytest.mark.parametrize("scene", ROWS_OF, ids=lambda scene: scene.__name__)
async def test_with_fedify(world: World, scene: Scene, request: pytest.FixtureRequest) -> None:
    """What the scene promises, under one signature scheme."""
    world.seen.clear()
    try:
        await scene(world)
    finally:
        table.seen(request, world.seen)


@pytest.mark.parametrize("scheme", SCHEMES, ids=SCHEMES.values())
async def test_a_spoilt_signature_is_refused_and_leaves_no_trace(world: World, scheme: HttpScheme) -> None:
    """The genuine request is taken; spoilt in any one way it is answered with 401, and nobody reads what it said."""
    inbox = f"{world.node.url}/inbox"
    before = (await world.alice.home()).count("<p>forged</p>")
    assert (await world.fern.forge("genuine", inbox, scheme=scheme)).status == httpx.codes.ACCEPTED

    answers = {kind: (await world.fern.forge(kind, inbox, scheme=scheme)).status for kind in FORGERIES}

    assert answers == dict.fromkeys(FORGERIES, httpx.codes.UNAUTHORIZED)
    await settle(world.node)
    assert (await world.alice.home()).count("<p>forged</p>") == before + 1


async def test_nobody_speaks_for_somebody_else(world: World) -> None:
    """A signed activity in another's name is refused; one about what is another's changes nothing."""
    status = await world.post(unique("Mine"))
    inbox = f"{world.node.url}/inbox"
    like = {
        "@context": "https://www.w3.org/ns/activitystreams",
        "id": f"{world.fern.origin}/likes/{next(NUMBERS)}",
        "type": "Like",
        "actor": world.uri(world.bert),
        "object": status["uri"],
    }
    deletion = {**like, "id": f"{like['id']}/delete", "type": "Delete", "actor": world.fern_uri}

    refused = await world.fern.forge("genuine", inbox, document=like)
    answered = await world.fern.forge("genuine", inbox, document=deletion)

    await settle(world.node)
    assert refused.status in (httpx.codes.UNAUTHORIZED, httpx.codes.FORBIDDEN)
    assert answered.status in (httpx.codes.ACCEPTED, httpx.codes.FORBIDDEN)
    kept = await world.alice.get(f"/api/v1/statuses/{status['id']}")
    assert (kept["content"], kept["favourites_count"]) == (status["content"], 0)


async def test_every_activity_is_in_the_play() -> None:
    """Whatever a node sends or acts on is shown with Fedify, in that direction."""
    shown = {(row.what.partition(" ")[0], row.direction) for rows in ROWS_OF.values() for row in rows}
    received = {kind.__name__ for kind in HANDLERS if kind not in UNUSED}

    assert {*SENT_WHEN} - {what for what, direction in shown if direction == SENT} == set()
    assert received - {what for what, direction in shown if direction == RECEIVED} == set()
