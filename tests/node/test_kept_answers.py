"""Answers given again: only to the same asker, while nothing was committed by anybody, and never past a refusal."""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

import pytest
from hypercorn.typing import ASGIReceiveCallable, ASGISendCallable, Scope

from fedorg.domain.ip_blocks import IpBlockSeverity
from fedorg.services import oauth
from fedorg.services.moderation import ip_blocks
from fedorg.services.moderation.ip_blocks import IpBlockDraft
from fedorg.store.engine import open_database
from fedorg.web.answers import FRESH_FOR, KeptAnswers
from fedorg.web.limits import Limiter
from tests.node.counting import counted_queries
from tests.node.serving import NodeServer

HOME = "/api/v1/timelines/home"
PUBLIC = "/api/v1/timelines/public"


async def test_nothing_is_kept_across_viewers_or_past_a_change(node_server: NodeServer) -> None:
    """Two viewers each see their own; a post, another process's commit and a revocation are in the next answer."""
    anna, ben = await node_server.person("anna"), await node_server.person("ben")
    await anna.api.post("/api/v1/statuses", data={"status": "For me", "visibility": "private"})
    # That a token is in use is written down when it is first used.
    await ben.api.get("/api/v1/preferences")
    before = [await one.api.get(PUBLIC) for one in (anna, ben)] + [await one.api.get(HOME) for one in (anna, ben)]

    with counted_queries() as queries:
        again = [await one.api.get(PUBLIC) for one in (anna, ben)] + [await one.api.get(HOME) for one in (anna, ben)]
    posted = await anna.api.post("/api/v1/statuses", data={"status": "Hello"})
    after = [(await client.get(PUBLIC)).json() for client in (anna.api, ben.api, node_server.anonymous)]
    # As another process of this node would.
    other = await open_database(node_server.node.settings.database)
    await other.write(lambda conn: conn.exec_driver_sql("UPDATE statuses SET content = 'Changed elsewhere'"))
    await other.close()
    elsewhere = (await ben.api.get(PUBLIC)).json()
    await node_server.node.write(oauth.revoke_all, node_server.node, ben.user.id)

    assert [one.content for one in again] == [one.content for one in before]
    assert [len(one.json()) for one in again] == [0, 0, 1, 0]
    if node_server.node.db.dialect == "sqlite":
        # PostgreSQL counts the transactions of all its databases.
        assert not queries
    assert [[status["id"] for status in page] for page in after] == [[posted.json()["id"]]] * 3
    assert elsewhere[0]["content"] == "Changed elsewhere"
    assert (await ben.api.get(PUBLIC)).status_code == 401
    assert (await ben.api.get(HOME)).status_code == 401


@pytest.mark.parametrize("name", ["Cookie", "X-Forwarded-User"])
async def test_a_header_that_is_not_known_to_be_harmless_gets_an_answer_of_its_own(
    node_server: NodeServer, name: str
) -> None:
    """Nothing that was kept is given to it, nor is its own answer kept."""
    anna = await node_server.person("anna")
    for headers in ({}, {name: "x"}):
        await anna.api.get(HOME, headers=headers)

    for _ in range(2):
        with counted_queries() as queries:
            await anna.api.get(HOME, headers={name: "x"})
        assert any("home_timeline" in statement for statement in queries)


async def test_two_tokens_at_once_leave_nothing_to_either(node_server: NodeServer) -> None:
    """Whichever of them counts, the next who brings one alone sees their own."""
    anna, ben = await node_server.person("anna"), await node_server.person("ben")
    await anna.api.post("/api/v1/statuses", data={"status": "For me", "visibility": "private"})
    await ben.api.get("/api/v1/preferences")
    tokens = [anna.token, ben.token]

    for both in (tokens, tokens[::-1]):
        headers = [("Authorization", f"Bearer {token}") for token in both]
        await node_server.anonymous.get(HOME, headers=headers)

        assert [len((await one.api.get(HOME)).json()) for one in (anna, ben)] == [1, 0]


async def test_kept_answers_are_counted_and_refused_like_others(
    serve: Callable[..., Awaitable[NodeServer]],
) -> None:
    """Each costs one of the asker's limit, which ends them; networks that are kept out get nothing."""
    server = await serve(rate_limits=0.01)
    anna = await server.person("anna")

    answers = [await anna.api.get(HOME) for _ in range(16)]
    left = [answer.headers["X-RateLimit-Remaining"] for answer in answers]
    server.clock.advance(timedelta(minutes=5))
    fresh = await anna.api.get(HOME)
    await ip_blocks.create(
        server.node, None, IpBlockDraft(ip="127.0.0.1", severity=IpBlockSeverity.NO_ACCESS.value, comment="")
    )

    assert left == [*(str(number) for number in range(14, -1, -1)), "0"]
    assert [answer.status_code for answer in answers] == [200] * 15 + [429]
    assert fresh.headers["X-RateLimit-Remaining"] == "14"
    assert (await anna.api.get(HOME)).status_code == 403


async def test_what_depends_on_time_is_made_anew(node_server: NodeServer) -> None:
    """A kept answer is given for a few seconds only, whatever changed or did not."""
    anna = await node_server.person("anna")
    await anna.api.get(HOME)
    node_server.clock.advance(FRESH_FOR + timedelta(seconds=1))

    with counted_queries() as queries:
        await anna.api.get(HOME)

    assert any("home_timeline" in statement for statement in queries)


@pytest.mark.parametrize(("questions", "accept"), [(6000, b"*/*"), (150, b"*/*," * 15_000)])
async def test_many_small_answers_are_not_kept_without_end(
    node_server: NodeServer, questions: int, accept: bytes
) -> None:
    """Whoever asks thousands of different questions, or long ones, fills no memory: the oldest answers go."""
    made: list[bytes] = []

    async def application(scope: Scope, _receive: ASGIReceiveCallable, send: ASGISendCallable) -> None:
        made.append(scope["query_string"])  # type: ignore[typeddict-item] # all are requests
        await send({"type": "http.response.start", "status": 200, "headers": [], "trailers": False})
        await send({"type": "http.response.body", "body": b"[]", "more_body": False})

    kept = KeptAnswers(application, node_server.node, Limiter(node_server.node.now, 0))

    async def ask(number: int) -> None:
        async def receive() -> Any:  # noqa: ANN401 - ASGI
            raise AssertionError("a GET has no body")

        async def send(_event: object) -> None: ...

        scope: dict[str, Any] = {"type": "http", "method": "GET", "path": PUBLIC, "query_string": b"%d" % number}
        scope["headers"] = [(b"accept", accept + b"%d" % number)]
        await kept(scope, receive, send)  # type: ignore[arg-type] # as much of a scope as it reads

    await ask(0)
    for number in range(1, questions):
        await ask(number)
    before = made.count(b"0")
    await ask(0)

    assert (before, made.count(b"0")) == (1, 2)
