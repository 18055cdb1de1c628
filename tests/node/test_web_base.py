"""What every door of a node keeps: errors, headers, limits, sizes, the true client."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from urllib.parse import urlsplit

import pytest

from fedorg import web
from fedorg.web.limits import Limiter, Rule, subject_of_address
from tests.node.serving import Clock, NodeServer
from tests.node.talking import refusal

Serve = Callable[..., Awaitable[NodeServer]]


async def test_what_is_not_there_is_said_in_the_askers_language(node_server: NodeServer) -> None:
    """Programs get JSON, browsers a page, and missing records other words than missing routes."""
    api = await node_server.anonymous.get("/api/v1/nothing")
    record = await node_server.anonymous.get("/api/v1/accounts/1")
    page = await node_server.anonymous.get("/nothing", headers={"Accept": "text/html"})
    form = await node_server.anonymous.get("/people/me", headers={"Accept": "text/html"})
    used = await node_server.anonymous.get("/invite/used", headers={"Accept": "text/html"})

    assert (api.status_code, api.json()) == (404, {"error": "Not Found"})
    assert (record.status_code, record.json()) == (404, {"error": "Record not found"})
    assert page.status_code == 404
    assert page.headers["Content-Type"].startswith("text/html")
    assert "There is nothing here" in page.text
    assert "It may be for members" in page.text
    assert (form.status_code, "open the page that the form is on" in form.text) == (405, True)
    assert (used.status_code, "Ask for a new one" in used.text, "for members" in used.text) == (404, True, False)
    assert (await node_server.anonymous.get(f"/static/{'ä' * 200}")).status_code == 404
    wrong_method = await node_server.anonymous.delete("/api/v1/apps")
    assert (wrong_method.status_code, "POST" in wrong_method.headers["Allow"]) == (405, True)


async def test_a_route_still_knows_its_address(node_server: NodeServer) -> None:
    """What is compiled late is compiled when it is wanted, with what is known and what is not."""
    routes = web.create_app(node_server.node).url_map.bind("bench.example")

    assert routes.build("statuses.get_context", {"status_id": 7}) == "/api/v1/statuses/7/context"
    assert routes.build("timelines.list_home", {"limit": 5}) == "/api/v1/timelines/home?limit=5"


@pytest.mark.parametrize(
    "body",
    [
        b"{",
        b"[1]",
        b'"x"',
        b"\xff",
        b"[" * 100_000,
        b'{"a":' * 2000,
        b'{"client_name": "a\\u0000b"}',
        b'{"%s": 1}' % (b"k" * 501),
        b'{"a": {"%s": [1]}}' % (b"k" * 500),
    ],
)
async def test_a_body_that_is_no_json_object_is_400(node_server: NodeServer, body: bytes) -> None:
    """Broken, foreign, endless or NUL-bearing JSON is refused in one sentence, and so is a name that goes on and on.

    Each value bears the names around it: one of half a megabyte around 1,500 values would make 750 megabytes.
    """
    answer = await node_server.anonymous.post(
        "/api/v1/apps", content=body, headers={"Content-Type": "application/json"}
    )

    assert answer.status_code == 400
    assert set(answer.json()) == {"error"}


async def test_a_body_that_is_too_large_is_refused_before_it_arrives(node_server: NodeServer) -> None:
    """413 comes while most of an announced or unannounced body has not been sent."""
    host = urlsplit(node_server.url)
    for framing in (b"Content-Length: 99999999", b"Transfer-Encoding: chunked"):
        reader, writer = await asyncio.open_connection("127.0.0.1", host.port)
        head = b"POST /api/v1/apps HTTP/1.1\r\nHost: x\r\nContent-Type: multipart/form-data; boundary=b\r\n"
        writer.write(head + framing + b"\r\n\r\n")
        if b"chunked" in framing:
            part = b'--b\r\nContent-Disposition: form-data; name="a"; filename="f"\r\n\r\n'
            writer.write(b"%x\r\n%s\r\n" % (len(part), part))
            for _ in range(20):
                writer.write(b"%x\r\n%s\r\n" % (65_536, b"x" * 65_536))
        await writer.drain()
        async with asyncio.timeout(10):
            line = await reader.readline()
        writer.close()
        assert b" 413 " in line, framing


async def test_every_answer_carries_the_security_headers(node_server: NodeServer) -> None:
    """Pages, entities and errors alike; nothing personal is kept by caches (S48)."""
    for path in ("/", "/api/v1/instance", "/api/v1/nothing", "/nothing"):
        answer = await node_server.anonymous.get(path, headers={"Accept": "text/html"})
        assert answer.headers["X-Content-Type-Options"] == "nosniff", path
        assert "default-src 'none'" in answer.headers["Content-Security-Policy"], path
        assert "unsafe-inline" not in answer.headers["Content-Security-Policy"], path
        assert answer.headers["Referrer-Policy"] == "same-origin", path
        assert answer.headers["Cache-Control"] == "private, no-store", path


async def test_pages_hold_no_inline_script_or_style(node_server: NodeServer) -> None:
    """S54: the policy forbids them, so none may be there."""
    for path in ("/", "/about", "/auth/sign_in", "/auth/sign_up", "/nothing"):
        text = (await node_server.anonymous.get(path, headers={"Accept": "text/html"})).text
        assert "<script" not in text, path
        assert "<style" not in text, path
        assert " style=" not in text, path


async def test_browsers_of_other_origins_may_use_the_api_and_nothing_else(node_server: NodeServer) -> None:
    """A preflight needs no token; errors are readable too; pages stay closed to others."""
    asked = {
        "Origin": "https://client.example",
        "Access-Control-Request-Method": "PATCH",
        "Access-Control-Request-Headers": "authorization, idempotency-key",
    }
    preflight = await node_server.anonymous.options("/api/v1/accounts/update_credentials", headers=asked)
    refused = await node_server.anonymous.get("/api/v1/preferences", headers={"Origin": "https://client.example"})
    page = await node_server.anonymous.get("/auth/sign_in", headers={"Origin": "https://client.example"})

    assert preflight.status_code == 204
    assert preflight.headers["Access-Control-Allow-Origin"] == "*"
    assert "PATCH" in preflight.headers["Access-Control-Allow-Methods"]
    assert preflight.headers["Access-Control-Allow-Headers"] == "authorization, idempotency-key"
    assert refused.status_code == 401
    assert refused.headers["Access-Control-Allow-Origin"] == "*"
    assert "Link" in refused.headers["Access-Control-Expose-Headers"]
    assert "Access-Control-Allow-Origin" not in page.headers


async def test_limits_are_told_and_kept(serve: Serve) -> None:
    """Each answer says what is left; one too many gets 429, and the next window is fresh."""
    server = await serve(rate_limits=0.01)
    answers = [await server.anonymous.get("/api/v1/instance/rules") for _ in range(4)]

    assert [answer.status_code for answer in answers] == [200, 200, 200, 429]
    assert [answer.headers["X-RateLimit-Remaining"] for answer in answers] == ["2", "1", "0", "0"]
    assert answers[0].headers["X-RateLimit-Limit"] == "3"
    assert answers[3].headers["X-RateLimit-Reset"].endswith("Z")
    assert int(answers[3].headers["Retry-After"]) <= 301
    assert answers[3].json() == {"error": "Too many requests"}


async def test_made_up_tokens_and_headers_are_counted_with_the_address(serve: Serve) -> None:
    """S56: neither a random token nor X-Forwarded-For gives anybody a fresh budget."""
    server = await serve(rate_limits=0.01)
    statuses = [
        (
            await server.anonymous.get(
                "/api/v1/preferences",
                headers={"Authorization": f"Bearer made-up-{number}", "X-Forwarded-For": f"198.51.100.{number}"},
            )
        ).status_code
        for number in range(5)
    ]

    assert statuses == [401, 401, 401, 429, 429]


async def test_members_behind_one_address_have_budgets_of_their_own(serve: Serve) -> None:
    """An office behind one router is many people, and those without a token do not use up theirs."""
    server = await serve(rate_limits=0.01)
    anna, bert = await server.person("anna"), await server.person("bert")
    for _ in range(5):
        await server.anonymous.get("/api/v1/instance/rules")

    of_anna = [(await anna.api.get("/api/v1/preferences")).status_code for _ in range(16)]

    assert of_anna == [200] * 15 + [429]
    assert (await bert.api.get("/api/v1/preferences")).status_code == 200


async def test_requests_are_counted_by_route_not_by_path(node_server: NodeServer) -> None:
    """Labels are a closed set: an id in a path makes no new series."""
    await node_server.anonymous.get("/api/v1/accounts/1")
    await node_server.anonymous.get("/api/v1/accounts/2")

    text = (await node_server.anonymous.get("/metrics")).text

    assert 'route="/api/v1/accounts/<id:account_id>",status="404"} 2.0' in text
    assert "accounts/1" not in text


async def test_the_client_behind_proxies_is_the_first_that_is_not_trusted(serve: Serve) -> None:
    """From the right, trusted hops vouch for the one before; what a client wrote further left is nobody's word."""
    server = await serve(
        trusted_proxies=("127.0.0.0/8", "10.0.0.0/8"), metrics_networks=("203.0.113.7/32", "2001:db8::/32")
    )

    async def may_read(forwarded: str) -> bool:
        answer = await server.anonymous.get("/metrics", headers={"X-Forwarded-For": forwarded})
        return answer.status_code == 200

    assert await may_read("203.0.113.7")
    assert await may_read("198.51.100.1, 203.0.113.7, 10.1.2.3")
    assert await may_read("203.0.113.7:5000")
    assert await may_read("[2001:db8::1]:5000, 10.0.0.1")
    assert not await may_read("203.0.113.7, 198.51.100.1")
    assert not await may_read("203.0.113.7, nonsense, 10.0.0.1")
    assert not await may_read("")


async def test_forwarded_headers_of_strangers_are_not_believed(serve: Serve) -> None:
    """Without a trusted proxy, X-Forwarded-For changes nothing."""
    server = await serve(metrics_networks=("203.0.113.7/32",))

    answer = await server.anonymous.get("/metrics", headers={"X-Forwarded-For": "203.0.113.7"})

    assert answer.status_code == 404


@pytest.mark.parametrize("trusted", [(), ("127.0.0.1",)], ids=["not trusted", "trusted"])
async def test_a_proxy_that_vouches_for_nobody_shows_nobody_the_metrics(serve: Serve, trusted: tuple[str, ...]) -> None:
    """A visitor has the address of the proxy, which may be this machine; who asks from there itself is answered."""
    server = await serve(trusted_proxies=trusted)
    by_proxy = [{"X-Forwarded-Proto": "https"}, {"Forwarded": "for=203.0.113.7"}]
    by_proxy += [] if trusted else [{"X-Forwarded-For": "203.0.113.7"}, {"X-Forwarded-For": "127.0.0.1"}]

    answers = [await server.anonymous.get("/metrics", headers=headers) for headers in by_proxy]

    assert {answer.status_code for answer in answers} == {404}
    assert (await server.anonymous.get("/metrics")).status_code == 200


def test_counters_are_bounded_and_windows_end() -> None:
    """A flood of addresses cannot fill the memory; with factor 0 nothing is counted."""
    clock = Clock()
    limiter = Limiter(clock, 1.0)
    rule = Rule(name="few", most=2, seconds=60)
    for number in range(60_000):
        limiter.spend(rule, str(number))

    assert len(limiter._counts) <= 50_000
    assert Limiter(clock, 0).spend(rule, "x") is None


@pytest.mark.parametrize(
    ("address", "subject"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("unknown", "unknown"),
    ],
)
def test_one_household_is_one_counter(address: str, subject: str) -> None:
    """An IPv6 customer holds a /64 and may not multiply by it."""
    assert subject_of_address(address) == subject


async def test_parameters_mean_the_same_in_every_encoding(node_server: NodeServer) -> None:
    """Query, form and JSON reach a view alike; the body beats the query."""
    anna = await node_server.person("anna")
    path = "/api/v1/accounts/update_credentials"

    by_query = await anna.api.patch(path, params={"display_name": "Query"})
    by_both = await anna.api.patch(path, params={"display_name": "Query"}, data={"display_name": "Form"})
    body = json.dumps({"display_name": 7})
    by_json = await anna.api.patch(path, content=body, headers={"Content-Type": "application/json; charset=utf-8"})

    names = [answer.json()["display_name"] for answer in (by_query, by_both, by_json)]
    assert names == ["Query", "Form", "7"]


async def test_a_request_holds_no_more_values_than_anybody_needs(node_server: NodeServer) -> None:
    """Nobody makes a query of thousands of ids, however they are sent; the own limit of a list is told as such."""
    anna = await node_server.person("anna")
    made = (await anna.api.post("/api/v1/lists", json={"title": "Many"})).json()
    members = f"/api/v1/lists/{made['id']}/accounts"
    form = {"Content-Type": "application/x-www-form-urlencoded"}

    answers = [
        await anna.api.request("DELETE", members, content="account_ids=1&" * 70_000, headers=form),
        await anna.api.request("DELETE", members, json={"account_ids": [*range(2001)]}),
        await anna.api.request("DELETE", members, json={"account_ids": [*range(1500)]}, params={"a": ["1"] * 501}),
        await anna.api.get("/api/v1/accounts?" + "id=1&" * 2001),
    ]

    said = {refusal(answer, 422) for answer in answers}
    assert said == {"Validation failed: a request may hold no more than 2000 values"}
    assert (await anna.api.request("DELETE", members, json={"account_ids": [*range(2000)]})).is_success
    wanted = {"name": "Many", "account_ids": [str(number) for number in range(26)]}
    assert "at most 25" in (await anna.api.post("/api/v1/collections", json=wanted)).text


async def test_a_form_is_counted_before_it_is_read(node_server: NodeServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """S29: a megabyte of names without values, half a million of them, costs no more than to count them."""
    read: list[str] = []

    def parse(text: str, **_: object) -> list[tuple[str, str]]:
        read.append(text)
        return []

    monkeypatch.setattr("quart.formparser.parse_qsl", parse)
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    for path in ("/api/v1/apps", "/auth/sign_in"):
        answer = await node_server.anonymous.post(path, content="a&" * 500_000, headers=form)

        assert answer.status_code == 422, answer.text
    assert read == []


@pytest.mark.parametrize("part", ["form-data", "form-data; filename=a.png", 'form-data; name=""'])
async def test_a_part_of_a_form_has_a_name(node_server: NodeServer, part: str) -> None:
    """S27: one that has none is refused, and no fault of the server's."""
    content = f"--edge\r\nContent-Disposition: {part}\r\n\r\nx\r\n--edge--\r\n"
    for path in ("/api/v1/apps", "/auth/sign_in"):
        kind = {"Content-Type": "multipart/form-data; boundary=edge"}
        answer = await node_server.anonymous.post(path, content=content, headers=kind)

        assert (answer.status_code, "has no name" in answer.text) == (400, True), answer.text


async def test_only_files_may_be_large(node_server: NodeServer) -> None:
    """S29: where a film may come, a form without files and JSON end at a megabyte, as everywhere; files are few."""
    anna = await node_server.person("anna")
    many = [("file", ("a.png", b"x", "image/png"))] * 20

    answers = [
        await anna.api.request(method, path, content=b" " * 1_048_577, headers={"Content-Type": kind})
        for method, path in (("POST", "/api/v2/media"), ("PATCH", "/api/v1/accounts/update_credentials"))
        for kind in ("application/x-www-form-urlencoded", "application/json", "text/plain")
    ]

    assert [answer.status_code for answer in answers] == [413] * 6
    assert (await anna.api.post("/api/v2/media", files=many)).status_code == 413
    fields = {f"field{number}": "x" * 60_000 for number in range(20)}
    assert (await anna.api.post("/api/v2/media", files=many[:1], data=fields)).status_code == 413
