"""Refusals over the client API: every route, without a token, with the wrong scope, and for what is not one's own."""

import asyncio
import contextlib
import re
from typing import Any

import httpx
import pytest

from fedorg import web
from fedorg.domain.accounts import UserRole
from fedorg.web.auth import ACCESS
from tests.node.serving import EVERYTHING, Member, NodeServer
from tests.node.talking import WorkingServer, follow, picture, post, refusal, success, upload

_PREFIX = "/api/"
# Routes that are for everybody, or for programs without a user; their own tests say what they answer.
_OPEN = ("public", "application")
# A number is an id, if of nothing; anything else is no address.
_ABSENT = {True: {"Record not found"}, False: {"Not Found", "Record not found"}}
_OWN = {"Date", "Content-Length", "X-RateLimit-Reset"}


def routes(server: NodeServer) -> list[tuple[str, str, str]]:
    """Method, path with ids of nobody, and access of every route of the API."""
    app = web.create_app(server.node)
    found = []
    for rule in app.url_map.iter_rules():
        if not rule.rule.startswith(_PREFIX) or rule.websocket:
            continue
        access = getattr(app.view_functions[rule.endpoint], ACCESS)
        path = re.sub(r"<id:[^>]+>", "999", rule.rule.replace("<path:name>", "user"))
        path = re.sub(r"<[^>]+>", "nobodys", path)
        found += [(method, path, access) for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}]
    assert len(found) > 60
    return sorted(found)


async def test_every_route_for_members_wants_a_token(working: WorkingServer) -> None:
    """Without a token, with a wrong one, and with one that ended: 401 in Mastodon's form, on every route."""
    for headers in ({}, {"Authorization": "Bearer wrong"}, {"Authorization": "Basic d3Jvbmc6d3Jvbmc="}):
        for method, path, access in routes(working.server):
            if not access.startswith(_OPEN):
                answer = await working.server.anonymous.request(method, path, headers=headers)
                assert refusal(answer, 401), (method, path)
                assert answer.headers["WWW-Authenticate"].startswith("Bearer")


async def test_every_route_for_members_wants_its_scope(working: WorkingServer) -> None:
    """A token that covers everything but what a route asks for is refused with 403, and changes nothing."""
    reader, writer = await working.person("reader", scopes="read"), await working.person("writer", scopes="write")
    for method, path, access in routes(working.server):
        if access.startswith(("application", "public")) and not access.startswith("public read"):
            continue
        other = writer if "read" in access or access == "profile" else reader
        answer = await other.api.request(method, path)
        assert refusal(answer, 403) == "This action is outside the authorized scopes", (method, path)


async def test_an_application_alone_is_no_member(working: WorkingServer) -> None:
    """A token without a user is told so with 422 on every route that needs one."""
    http = working.server.anonymous
    made = success(
        await http.post(
            "/api/v1/apps",
            data={"client_name": "App", "redirect_uris": "urn:ietf:wg:oauth:2.0:oob", "scopes": "read write"},
        )
    )
    granted = success(
        await http.post(
            "/oauth/token",
            data={
                "grant_type": "client_credentials",
                "client_id": made["client_id"],
                "client_secret": made["client_secret"],
                "scope": "read write",
            },
        )
    )
    application = await working.server.api(granted["access_token"])
    for method, path, access in routes(working.server):
        if not access.startswith(_OPEN):
            answer = await application.request(method, path)
            assert refusal(answer, 422) == "This method requires an authenticated user", (method, path)


def shown(answer: httpx.Response) -> tuple[int, bytes, dict[str, str]]:
    """Everything that somebody at the other end can tell apart, but for the time."""
    return answer.status_code, answer.content, {k: v for k, v in answer.headers.items() if k.title() not in _OWN}


@pytest.mark.parametrize("visibility", ["private", "direct"])
async def test_invisible_and_absent_are_one_answer(working: WorkingServer, visibility: str) -> None:
    """S47: in routes with the id of a status, what one may not see answers byte for byte like what is not there."""
    anna = await working.person("anna")
    # A moderator, whom more routes are open to, sees no more of what others say.
    bert = await working.person("bert", scopes=f"{EVERYTHING} admin:read admin:write", role=UserRole.MODERATOR)
    hidden = await post(anna, "Secret", visibility=visibility)
    absent = str(int(hidden["id"]) - 1)
    paths = [(method, path) for method, path, _ in routes(working.server) if "/statuses/999" in path]
    assert len(paths) > 12

    for method, path in paths:
        for member in (bert.api, working.server.anonymous):
            answers = [
                await member.request(method, path.replace("999", number), json={"status": "Mine now"})
                if method == "PUT"
                else await member.request(method, path.replace("999", number))
                for number in (hidden["id"], absent)
            ]
            assert shown(answers[0]) == shown(answers[1]), (method, path)
            assert answers[0].status_code in (401, 404), (method, path)
    replies = [
        await bert.api.post("/api/v1/statuses", json={"status": "x", "in_reply_to_id": number})
        for number in (hidden["id"], absent)
    ]
    assert shown(replies[0]) == shown(replies[1])


async def test_nobody_changes_what_is_somebody_elses(working: WorkingServer) -> None:
    """S45: a status, a file and a notification of another person can be read at most; they stay as they were."""
    anna, bert = await working.person("anna"), await working.person("bert")
    await follow(bert, anna)
    made, media = await post(anna, "By Anna"), await upload(anna)
    await bert.api.post(f"/api/v1/statuses/{made['id']}/favourite")
    (told, *_rest) = success(await anna.api.get("/api/v1/notifications"))
    attempts = [
        ("PUT", f"statuses/{made['id']}", {"status": "By Bert"}),
        ("DELETE", f"statuses/{made['id']}", {}),
        ("GET", f"statuses/{made['id']}/source", {}),
        ("GET", f"media/{media['id']}", {}),
        ("PUT", f"media/{media['id']}", {"description": "By Bert"}),
        ("DELETE", f"media/{media['id']}", {}),
        ("GET", f"notifications/{told['id']}", {}),
        ("POST", f"notifications/{told['id']}/dismiss", {}),
    ]

    for method, path, values in attempts:
        answer = await bert.api.request(method, f"/api/v1/{path}", data=values)
        assert refusal(answer, 404) == "Record not found", (method, path)

    assert await look(anna, f"statuses/{made['id']}") == {**made, "favourites_count": 1}
    assert await look(anna, f"media/{media['id']}") == media
    assert await look(anna, f"notifications/{told['id']}") == told


async def look(member: Member, path: str) -> Any:  # noqa: ANN401 - JSON
    return success(await member.api.get(f"/api/v1/{path}"))


async def test_ids_that_are_none_are_not_found(working: WorkingServer) -> None:
    """Words, signs, and numbers that fit no column are 404 in every route with an id, never a fault."""
    anna = await working.person("anna", scopes=f"{EVERYTHING} admin:read admin:write", role=UserRole.OWNER)
    for method, path, _ in routes(working.server):
        if "/999" in path:
            for bad in ("x", "-1", "99999999999999999999", "9223372036854775808", "1.5", "%00", "%EF%BC%91"):
                values = {"choices[]": "0", "status_id": "1"} if method == "POST" else None
                answer = await anna.api.request(method, path.replace("999", bad), data=values)
                assert refusal(answer, 404) in _ABSENT[bad.isdecimal()], (method, path, bad)


async def test_a_refusal_reaches_somebody_who_still_sends(node_server: NodeServer) -> None:
    """An upload without a token is answered once it is here, and its connection serves the next request."""
    host, _, port = node_server.url.removeprefix("http://").partition(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    body = b"x" * 60_000
    head = f"POST /api/v2/media HTTP/1.1\r\nHost: {host}:{port}\r\nContent-Length: {len(body)}\r\n\r\n"

    async def answer() -> bytes:
        status = await reader.readline()
        fields = await reader.readuntil(b"\r\n\r\n")
        length = re.search(rb"(?i)content-length: (\d+)", fields)
        assert length, fields
        await reader.readexactly(int(length[1]))
        return status

    async with asyncio.timeout(30):
        writer.write(head.encode())
        await writer.drain()
        # Other requests are answered meanwhile: whatever the server wanted to say at once, it has said.
        assert (await node_server.anonymous.get("/api/v2/instance")).is_success
        writer.write(body)
        assert (await answer()).startswith(b"HTTP/1.1 401 ")
        writer.write(f"GET /api/v2/instance HTTP/1.1\r\nHost: {host}:{port}\r\n\r\n".encode())
        assert (await answer()).startswith(b"HTTP/1.1 200 ")
    writer.close()


async def test_bodies_beyond_their_limit_are_not_read(serve: Any) -> None:  # noqa: ANN401 - a fixture's function
    """413, in Mastodon's form, for a form and for a file, announced or not; the next request works."""
    server: NodeServer = await serve(media_bytes_max=100_000)
    anna = await server.person("anna")

    async def unannounced() -> Any:  # noqa: ANN401 - what httpx takes
        for _ in range(40):
            yield b"status=" + b"x" * 65536

    form = {"Content-Type": "application/x-www-form-urlencoded"}
    big = "x" * (2 * 1024 * 1024)
    assert refusal(await anna.api.post("/api/v1/statuses", data={"status": big}), 413)
    # A server may hang up on somebody who goes on sending.
    with contextlib.suppress(httpx.NetworkError):
        assert refusal(await anna.api.post("/api/v1/statuses", content=unannounced(), headers=form), 413)
    files = {"file": ("a.png", picture() + b"\0" * 120_000)}
    assert refusal(await anna.api.post("/api/v2/media", files=files), 413)
    assert refusal(await anna.api.post("/api/v2/media", files={"file": ("a.png", b"\0" * 1_000_000)}), 413)
    assert success(await anna.api.get("/api/v1/timelines/home")) == []


async def test_too_many_requests_say_how_long_to_wait(serve: Any) -> None:  # noqa: ANN401 - a fixture's function
    """429 with Retry-After once the limit is used up; other people's limits are their own."""
    server: NodeServer = await serve(rate_limits=0.01)
    anna, bert = await server.person("anna"), await server.person("bert")
    answers = [await anna.api.get("/api/v1/timelines/home") for _ in range(16)]

    assert [answer.status_code for answer in answers] == [200] * 15 + [429]
    assert refusal(answers[-1], 429)
    assert 0 < int(answers[-1].headers["Retry-After"]) <= 300
    assert answers[-1].headers["X-RateLimit-Remaining"] == "0"
    assert (await bert.api.get("/api/v1/timelines/home")).status_code == 200
