"""Pages for people, however much there is to show: they stay short, and keep nobody else waiting."""

import asyncio
import re
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, Final, TypeVar

import msgspec
import pytest

from fedorg import web
from fedorg.domain.accounts import UserRole
from fedorg.domain.severances import Severance, SeveranceCause, SeveranceType
from fedorg.ids import AccountId, SeveranceId
from fedorg.services import registration
from fedorg.web import base
from fedorg.web.site import home, sessions
from tests.node.serving import NodeServer
from tests.node.world import World

T = TypeVar("T")
Serve = Callable[..., Awaitable[NodeServer]]

_WAITING: Final = re.compile(r'action="/account/waiting/([a-z]+)"')
_REVOKE: Final = re.compile(r'action="(/account/applications/\d+/revoke)"')


async def test_programs_are_listed_as_far_as_anybody_reads(
    node_server: NodeServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Some clients are a new program whenever they are signed in; the latest come first, the others after these."""
    monkeypatch.setattr(home, "LISTED_MAX", 2)
    anna = await node_server.person("anna")
    others = [await node_server.api(await node_server.token(anna.user)) for _ in range(2)]
    programs = [(await one.get("/api/v1/apps/verify_credentials")).json()["id"] for one in (anna.api, *others)]
    browser = await node_server.browser()
    await browser.sign_in("anna")

    page = await browser.open("/")
    first = _REVOKE.findall(page.text)
    await browser.submit(page, first[0])
    rest = await browser.open("/")

    assert first == [f"/account/applications/{number}/revoke" for number in (programs[2], programs[1])]
    assert "You let in more before these" in page.text
    assert _REVOKE.findall(rest.text) == [f"/account/applications/{number}/revoke" for number in programs[1::-1]]
    assert "You let in more before these" not in rest.text


async def test_who_waits_for_approval_is_listed_as_far_as_anybody_reads(
    serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Thousands who registered overnight made a front page of megabytes; they come as others are answered."""
    monkeypatch.setattr(home, "LISTED_MAX", 2)
    server = await serve(registration="approval")
    await server.person("boss", role=UserRole.ADMIN)
    for name in ("anna", "bert", "carl"):
        draft = registration.SignUp(
            username=name, email=f"{name}@people.example", password="correct horse", agreement=True, reason="Please"
        )
        await registration.sign_up(server.node, draft)
    browser = await server.browser()
    await browser.sign_in("boss")

    page = await browser.open("/")
    await browser.submit(page, "/account/waiting/anna", decision="approve")
    rest = await browser.open("/")

    assert (sorted({*_WAITING.findall(page.text)}), "More wait" in page.text) == (["anna", "bert"], True)
    assert (sorted({*_WAITING.findall(rest.text)}), "More wait" in rest.text) == (["bert", "carl"], False)


async def test_others_have_their_turn_while_a_long_page_is_written(world: World) -> None:
    """The page of 1,000 partnerships kept everybody waiting for a third of a second."""
    app = web.create_app(world.node)
    lost = Severance(
        id=SeveranceId(1),
        cause=SeveranceCause(number=1, type=SeveranceType.DOMAIN_BLOCK, target_name="gone.example"),
        account_id=AccountId(1),
        followers_count=1,
        following_count=1,
        purged=True,
        created_at=world.node.now(),
    )
    async with app.test_request_context("/"):
        html, turns = await _counting_turns(
            sessions.rendered("severances.html", severances=[lost] * 1000, **sessions.common(world.node))
        )

    assert html.count("<strong>gone.example</strong>") == 1000
    assert turns > 10


async def test_others_have_their_turn_while_a_long_list_is_written() -> None:
    """It is made and written a piece at a time, and what comes of that is the same."""
    short, long = [{"id": "1"}], [{"id": str(number)} for number in range(1000)]

    answer, turns = await _counting_turns(base.written(one for one in long))

    assert msgspec.json.decode(answer) == long
    assert turns > 10
    assert [bytes(await base.written(entities)) for entities in (short, [])] == [b'[{"id":"1"}]', b"[]"]


async def _counting_turns(doing: Coroutine[Any, Any, T]) -> tuple[T, int]:
    """What comes of something, and how often others had their turn meanwhile."""
    turns = 0

    async def count() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    counting = asyncio.create_task(count())
    done = await doing
    counting.cancel()
    return done, turns
