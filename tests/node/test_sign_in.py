"""Signing in with a browser, and what ends it."""

import asyncio
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from datetime import timedelta
from functools import partial
from urllib.parse import urlsplit

import httpx
import pytest
from sqlalchemy import Connection

from fedorg import cli
from fedorg.activitypub.resolve import NodeResolver
from fedorg.domain.accounts import Account, UserRole
from fedorg.errors import NotFound
from fedorg.node import Node
from fedorg.services import registration, users
from fedorg.store import attempts
from fedorg.web.site.done import Done
from tests.node.at_once import meanwhile
from tests.node.serving import PASSWORD, Browser, NodeServer
from tests.node.test_oauth import query, register

Serve = Callable[..., Awaitable[NodeServer]]
_TOKEN = re.compile(r'name="csrf_token" value="([^"]+)"')


async def is_signed_in(browser: Browser) -> bool:
    return "Sign out" in (await browser.open("/")).text


async def test_people_sign_in_by_name_or_address(node_server: NodeServer) -> None:
    """Case and spaces around do not matter."""
    await node_server.person("anna")

    for name in ("anna", "ANNA", "anna@people.example", " Anna@People.example "):
        browser = await node_server.browser()
        answer = await browser.sign_in(name)
        assert answer.status_code == 303, name
        cookie = answer.headers["Set-Cookie"]
        assert "HttpOnly" in cookie
        assert "SameSite=Lax" in cookie
        assert await is_signed_in(browser), name


async def test_wrong_name_and_wrong_password_answer_alike(node_server: NodeServer) -> None:
    """Nobody learns who has an account here."""
    await node_server.person("anna")
    browser = await node_server.browser()

    wrong_password = await browser.sign_in("anna", "wrong password")
    wrong_name = await browser.sign_in("bert", "wrong password")

    assert wrong_password.status_code == wrong_name.status_code == 401
    assert wrong_password.text.replace("anna", "bert") == wrong_name.text
    # The field takes the focus: who cannot see the page hears of nothing else.
    assert 'autofocus aria-describedby="problem"' in wrong_password.text
    assert not await is_signed_in(browser)


async def test_signing_in_leads_nowhere_else(node_server: NodeServer) -> None:
    """S58: whatever stands in next, the way leads to a page of this node; to the one that is meant, where it is one."""
    await node_server.person("anna")

    for target in (
        "https://evil.example/",
        "//evil.example/",
        "/\\evil.example",
        "\\\\evil.example",
        "/\tevil",
        "javascript:alert(1)",
        "evil.example",
        "/%0d%0aSet-Cookie:x=y",
        "/../..//evil.example",
        "/ä",
    ):
        browser = await node_server.browser()
        answer = await browser.sign_in("anna", then=target)
        location = answer.headers["Location"]
        assert urlsplit(location)[:2] == ("", ""), target
        assert location.startswith("/"), target
        assert not location.startswith(("//", "/\\")), target
        assert "x" not in browser.http.cookies, target

    browser = await node_server.browser()
    back = await browser.sign_in("anna", then="/tags/日本?max_id=1")
    assert back.headers["Location"] == "/tags/%E6%97%A5%E6%9C%AC?max_id=1"


async def test_forms_without_their_token_are_refused(node_server: NodeServer) -> None:
    """Neither signing in nor anything later is done for another site."""
    await node_server.person("anna")
    browser = await node_server.browser()
    html, fields = {"Accept": "text/html"}, {"name": "anna", "password": PASSWORD}

    without_cookies = await browser.http.post("/auth/sign_in", data=fields, headers=html)
    await browser.open("/auth/sign_in")

    assert (without_cookies.status_code, "keeps no cookies" in without_cookies.text) == (403, True)
    assert (await browser.http.post("/auth/sign_in", data=fields)).status_code == 403
    assert (await browser.http.post("/auth/sign_in", data=fields | {"csrf_token": "x"})).status_code == 403
    await browser.sign_in("anna")
    assert (await browser.http.post("/auth/sign_out")).status_code == 403
    assert await is_signed_in(browser)


async def test_signing_out_ends_the_session_on_the_server(node_server: NodeServer) -> None:
    """A copied cookie is worth nothing after signing out."""
    await node_server.person("anna")
    browser, thief = await node_server.browser(), await node_server.browser()
    await browser.sign_in("anna")
    thief.http.cookies = browser.http.cookies
    assert await is_signed_in(thief)

    await browser.submit(await browser.open("/"), "/auth/sign_out")

    assert not await is_signed_in(browser)
    assert not await is_signed_in(thief)


async def test_a_session_ends_after_a_month(node_server: NodeServer) -> None:
    """Cookies are not for ever; whoever sends a form just then is told that nothing was done."""
    await node_server.person("anna")
    browser = await node_server.browser()
    await browser.sign_in("anna")
    page = await browser.open("/people")

    node_server.clock.advance(timedelta(days=31))
    answer = await browser.submit(page, "/people/me", department="Sales")

    assert answer.headers["Location"] == "/auth/sign_in?next=%2F"
    assert await browser.said_once(answer.headers["Location"]) == Done.SIGNED_OUT
    assert not await is_signed_in(browser)


async def test_a_link_signs_in_once_and_only_by_its_button(node_server: NodeServer) -> None:
    """Programs that preview links do not use them up; people use them once."""
    user = await registration.create_person(node_server.node, "anna")
    link = urlsplit(await users.create_sign_in_link(node_server.node, user)).path
    browser = await node_server.browser()

    page = await browser.open(link)
    assert (await browser.open(link)).status_code == 200
    assert not await is_signed_in(browser)
    answer = await browser.submit(page, link)

    assert answer.status_code == 303
    assert await is_signed_in(browser)
    assert (await (await node_server.browser()).open(link)).status_code == 404


async def test_managers_of_passwords_find_the_form(node_server: NodeServer) -> None:
    """By the address that browsers know, https://www.w3.org/TR/change-password-url/."""
    await registration.create_person(node_server.node, "anna")
    browser = await node_server.browser()

    answer = await browser.open("/.well-known/change-password")
    unknown = await browser.open("/.well-known/resource-that-should-not-exist-whose-status-code-should-not-be-200")

    assert (answer.status_code, answer.headers["Location"]) == (303, "/account/password")
    assert unknown.status_code == 404


async def test_programs_lead_to_what_is_looked_after_in_the_browser(node_server: NodeServer) -> None:
    """The account settings of Mastodon's own programs open its address of them, which leads to one's own page."""
    await node_server.person("anna")
    browser = await node_server.browser()
    away = await browser.open("/auth/edit")

    await browser.sign_in("anna", then="/auth/edit")

    assert away.headers["location"] == "/auth/sign_in?next=%2Fauth%2Fedit"
    assert (await browser.open("/auth/edit")).headers["location"] == "/"


async def test_who_came_by_a_link_is_asked_to_choose_a_password(node_server: NodeServer) -> None:
    """Right after the greeting and where a password would be asked for, until there is one."""
    node = node_server.node
    anna = await registration.create_person(node, "anna")
    owner = await registration.create_person(node, "boss", role=UserRole.OWNER)
    links = [urlsplit(await users.create_sign_in_link(node, user)).path for user in (anna, owner)]
    browser, boss = await node_server.browser(), await node_server.browser()
    for one, link in zip((browser, boss), links, strict=True):
        await one.submit(await one.open(link), link)

    front, moving = await browser.open("/"), await browser.open("/account/move")
    page = await browser.open("/account/password")
    answer = await browser.submit(page, "/account/password", new="another password", again="another password")

    asked = front.text.split("<section")[2]
    assert "You have no password yet" in asked
    assert "an administrator helps." in asked
    assert "fedorg user reset-password boss" in (await boss.open("/")).text
    assert 'href="/account/password"' in asked
    assert 'href="/account/password"' in moving.text
    for shown in (moving, page):
        assert "current-password" not in shown.text
    # Managers of passwords overlook a field of the type "hidden".
    assert '<input name="username" value="anna" autocomplete="username" hidden>' in page.text
    assert answer.headers["Location"] == "/"
    assert await browser.said_once("/") == Done.PASSWORD_CHOSEN
    assert "You have no password yet" not in (await browser.open("/")).text
    assert "current-password" in (await browser.open("/account/move")).text
    assert (await (await node_server.browser()).sign_in("anna", "another password")).status_code == 303


async def test_a_link_is_void_after_a_day_or_when_another_is_made(node_server: NodeServer) -> None:
    """Old links open nothing."""
    user = await registration.create_person(node_server.node, "anna")
    first = urlsplit(await users.create_sign_in_link(node_server.node, user)).path
    second = urlsplit(await users.create_sign_in_link(node_server.node, user)).path
    browser = await node_server.browser()

    assert (await browser.open(first)).status_code == 404
    page = await browser.open(second)
    node_server.clock.advance(timedelta(days=1))
    assert (await browser.submit(page, second)).status_code == 404


async def test_a_disabled_user_is_out_everywhere_at_once(node_server: NodeServer) -> None:
    """Session and token end; signing in again is refused until the user is enabled."""
    anna = await node_server.person("anna")
    browser = await node_server.browser()
    await browser.sign_in("anna")

    await users.disable(node_server.node, anna.user)

    assert not await is_signed_in(browser)
    assert (await anna.api.get("/api/v1/preferences")).status_code == 401
    assert (await browser.sign_in("anna")).status_code == 403
    await users.enable(node_server.node, anna.user)
    assert (await browser.sign_in("anna")).status_code == 303
    assert (await anna.api.get("/api/v1/preferences")).status_code == 401


async def test_a_new_password_ends_every_session_and_token(node_server: NodeServer) -> None:
    """S44: what the old password opened is shut; the browser that changed it stays signed in."""
    anna = await node_server.person("anna")
    browser, other = await node_server.browser(), await node_server.browser()
    await browser.sign_in("anna")
    await other.sign_in("anna")

    assert 'href="/account/password"' in (await browser.open("/")).text
    page = await browser.open("/account/password")

    words = {"current": PASSWORD, "new": "another password", "again": "another password"}
    answer = await browser.submit(page, "/account/password", **words)

    assert (answer.status_code, answer.headers["Location"]) == (303, "/")
    assert await browser.said_once("/") == Done.PASSWORD_CHANGED
    assert await is_signed_in(browser)
    assert not await is_signed_in(other)
    assert (await anna.api.get("/api/v1/preferences")).status_code == 401
    assert (await other.sign_in("anna", PASSWORD)).status_code == 401
    assert (await other.sign_in("anna", "another password")).status_code == 303


async def test_s44_what_an_old_password_began_comes_to_nothing(node_server: NodeServer) -> None:
    """S44: a password that is reset while it is changed, used to sign in or to let a program in opens nothing more."""
    node, app = node_server.node, await register(node_server)
    words = {"new": "another password", "again": "another password"}

    async def while_reset(name: str, begin: Callable[[Browser], Awaitable[Awaitable[httpx.Response]]]) -> Browser:
        who, browser = await node_server.person(name), await node_server.browser()
        other = await begin(browser)

        def reset(conn: Connection) -> None:
            forget = partial(replace, password_hash=None)
            users._apply_and_revoke(conn, node, who.user.id, "user.password_reset", forget, None)

        answer = await meanwhile(node, reset, other)
        assert answer.status_code in (403, 422), (name, answer.status_code)
        return browser

    async def change(browser: Browser) -> Awaitable[httpx.Response]:
        await browser.sign_in("anna")
        return browser.submit(await browser.open("/"), "/account/password", current=PASSWORD, **words)

    async def sign_in(browser: Browser) -> Awaitable[httpx.Response]:
        page = await browser.open("/auth/sign_in")
        return browser.submit(page, "/auth/sign_in", name="bert", password=PASSWORD)

    async def allow(browser: Browser) -> Awaitable[httpx.Response]:
        await browser.sign_in("carl")
        page = await browser.open("/oauth/authorize", params=query(app))
        return browser.submit(page, "/oauth/authorize", decision="allow")

    for name, begin in (("anna", change), ("bert", sign_in), ("carl", allow)):
        browser = await while_reset(name, begin)
        assert not await is_signed_in(browser), name
        assert (await users.get_by_username(node, name)).password_hash is None


@pytest.mark.parametrize("kind", ["form", "JSON", "page"])
async def test_s44_what_began_before_somebody_was_shut_out_comes_to_nothing(node_server: NodeServer, kind: str) -> None:
    """S44: a request whose body takes its time is looked at again; nobody acts by one that was begun before."""
    anna, browser = await node_server.person("anna"), await node_server.browser()
    await browser.sign_in("anna")
    token = _TOKEN.findall((await browser.open("/account/move")).text)[0]
    begun, shut_out = asyncio.Event(), asyncio.Event()
    client, path, kind_of_body, body = {
        "form": (anna.api, "/api/v1/statuses", "application/x-www-form-urlencoded", b"status=Still+here"),
        "JSON": (anna.api, "/api/v1/statuses", "application/json", b'{"status": "Still here"}'),
        "page": (
            browser.http,
            "/auth/sign_out",
            "application/x-www-form-urlencoded",
            f"csrf_token={token}".encode(),
        ),
    }[kind]

    async def trickle() -> AsyncIterator[bytes]:
        yield body[:5]
        await asyncio.sleep(1)
        begun.set()
        await shut_out.wait()
        yield body[5:]

    headers = {"Content-Type": kind_of_body, "Content-Length": str(len(body))}
    asking = asyncio.create_task(client.post(path, content=trickle(), headers=headers))
    await begun.wait()
    await users.disable(node_server.node, anna.user)
    shut_out.set()
    answer = await asking

    if kind == "page":
        assert (answer.status_code, answer.headers["Location"]) == (303, "/auth/sign_in?next=%2F")
    else:
        assert answer.status_code == 401
        public = await node_server.anonymous.get("/api/v1/timelines/public")
        assert public.json() == []


async def test_s44_nobody_posts_who_was_shut_out_while_others_were_asked(
    node_server: NodeServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A text names somebody whose server is slow: meanwhile its author is signed out everywhere."""
    anna, node = await node_server.person("anna"), node_server.node
    made = (await anna.api.post("/api/v1/statuses", data={"status": "Before"})).json()

    async def slow(_resolver: NodeResolver, _node: Node, name: str) -> Account:
        await users.disable(node, anna.user)
        raise NotFound(name)

    monkeypatch.setattr(NodeResolver, "account", slow)
    named = {"status": "Still here, @zoe@slow.example"}
    posted = await anna.api.post("/api/v1/statuses", data=named)
    await users.enable(node, anna.user)
    again = await node_server.api(await node_server.token(anna.user))
    edited = await again.put(f"/api/v1/statuses/{made['id']}", data=named)

    assert (posted.status_code, edited.status_code) == (401, 401)
    public = (await node_server.anonymous.get("/api/v1/timelines/public")).json()
    assert [one["content"] for one in public] == ["<p>Before</p>"]


async def test_a_refused_password_changes_nothing(node_server: NodeServer) -> None:
    """Its own page says why before it asks again, leads back, and the old password stays."""
    await node_server.person("anna")
    browser = await node_server.browser()
    await browser.sign_in("anna")

    for current, new, again in (
        ("wrong", "another password", "another password"),
        (PASSWORD, "short", "short"),
        (PASSWORD, "another password", "different password"),
    ):
        page = await browser.open("/account/password")
        answer = await browser.submit(page, "/account/password", current=current, new=new, again=again)
        assert (page.status_code, answer.status_code) == (200, 422), (current, new)
        assert answer.text.index('role="alert"') < answer.text.index("<form")
        assert answer.text.count("<section") == 1
        assert '<a href="/">Back</a>' in answer.text
    assert (await (await node_server.browser()).open("/account/password")).status_code == 303
    assert (await (await node_server.browser()).sign_in("anna")).status_code == 303


async def test_a_password_reset_by_an_administrator_ends_everything(node_server: NodeServer) -> None:
    """S44 for the command line: no session, no token, no password is left."""
    anna = await node_server.person("anna")
    browser = await node_server.browser()
    await browser.sign_in("anna")

    await users.reset_password(node_server.node, anna.user)

    assert not await is_signed_in(browser)
    assert (await anna.api.get("/api/v1/preferences")).status_code == 401
    assert (await browser.sign_in("anna")).status_code == 401


async def test_a_member_ends_what_a_program_may_do(node_server: NodeServer) -> None:
    """The front page lists programs and ends them."""
    anna = await node_server.person("anna")
    browser = await node_server.browser()
    await browser.sign_in("anna")
    page = await browser.open("/")
    assert "Test client" in page.text
    application = (await anna.api.get("/api/v1/apps/verify_credentials")).json()["id"]

    await browser.submit(page, f"/account/applications/{application}/revoke")

    assert await browser.said_once("/") == Done.PROGRAM_ENDED
    assert (await anna.api.get("/api/v1/preferences")).status_code == 401
    assert "Test client" not in (await browser.open("/")).text


async def test_sign_in_is_limited_by_address_whatever_the_header_says(serve: Serve) -> None:
    """S56: a client that makes up X-Forwarded-For is counted where it really is."""
    server = await serve(rate_limits=0.2)
    browser = await server.browser()
    page = await browser.open("/auth/sign_in")
    statuses = []
    for number in range(7):
        browser.http.headers["X-Forwarded-For"] = f"198.51.100.{number}"
        answer = await browser.submit(page, "/auth/sign_in", name=f"name{number}", password="wrong password")
        statuses.append(answer.status_code)

    assert statuses == [401] * 5 + [429] * 2
    refused = await browser.submit(page, "/auth/sign_in", name="anna", password=PASSWORD)
    assert int(refused.headers["Retry-After"]) > 0


async def test_sign_in_is_limited_by_name_from_many_addresses(serve: Serve) -> None:
    """S56: guessing one person's password from everywhere is no faster; a trusted proxy's word is taken."""
    server = await serve(rate_limits=0.2, trusted_proxies=("127.0.0.0/8", "::1/128"))
    browser = await server.browser()
    page = await browser.open("/auth/sign_in")
    statuses = []
    for number in range(7):
        browser.http.headers["X-Forwarded-For"] = f"203.0.113.9, 198.51.100.{number}"
        answer = await browser.submit(page, "/auth/sign_in", name="Anna ", password="wrong password")
        statuses.append(answer.status_code)

    assert statuses == [401] * 5 + [429] * 2


async def test_members_cannot_invite(node_server: NodeServer) -> None:
    """Invitations are for those who look after the node."""
    await node_server.person("anna")
    browser = await node_server.browser()
    await browser.sign_in("anna")

    assert (await browser.submit(await browser.open("/"), "/account/invites")).status_code == 403


async def test_administrators_are_led_to_what_they_look_after(node_server: NodeServer) -> None:
    """By links to pages that they may open and by commands that there are; members see nothing of it."""
    await node_server.person("boss", role=UserRole.ADMIN)
    await node_server.person("anna")
    boss, anna = await node_server.browser(), await node_server.browser()
    await boss.sign_in("boss")
    await anna.sign_in("anna")

    card = (await boss.open("/")).text.split('id="node"')[1].split("</section>")[0]

    paths, commands = re.findall(r'href="([^"]+)"', card), re.findall(r"<code>fedorg ([a-z-]+)</code>", card)
    assert paths == ["/admin/partnerships", "/admin/peers", "/about/federation"]
    assert [(await boss.open(path)).status_code for path in paths] == [200, 200, 200]
    assert set(commands) - {"--help"} <= set(cli.main.commands) | set(cli._MODULES)
    assert "--help" in commands
    assert 'id="node"' not in (await anna.open("/")).text


async def test_a_secure_node_gives_cookies_that_only_it_gets_back(serve: Serve) -> None:
    """Behind https the cookie is Secure, and its prefix keeps other hosts from setting it."""
    server = await serve(public_url="https://social.example.org")
    await server.person("boss", role=UserRole.ADMIN)

    page = await (await server.browser()).open("/auth/sign_in")

    assert page.headers["Set-Cookie"].startswith("__Host-fedorg_form_")
    assert "Secure" in page.headers["Set-Cookie"]
    assert "max-age" in page.headers["Strict-Transport-Security"]


async def test_all_processes_of_a_node_count_guesses_together(serve: Serve) -> None:
    """S56: to guess at one process and then at another is no faster, nor after a restart."""
    first = await serve(rate_limits=0.2)
    second = await serve(rate_limits=0.2, public_url=first.url, process_number=1)
    answers = [
        await (await server.browser()).sign_in("anna", "wrong password")
        for server in (first, second, second, first, second, first, second)
    ]

    assert [answer.status_code for answer in answers] == [401] * 5 + [429] * 2
    assert int(answers[-1].headers["Retry-After"]) > 0

    for server in (first, second):
        server.clock.advance(timedelta(hours=2))
    assert (await (await second.browser()).sign_in("anna", "wrong password")).status_code == 401
    # What one window counted, by address and by name, is forgotten; then that of the other.
    assert await first.node.write(attempts.delete_ended, first.node.now(), 100) == 2
    first.clock.advance(timedelta(hours=2))
    assert await first.node.write(attempts.delete_ended, first.node.now(), 100) == 2
