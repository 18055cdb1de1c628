"""Attacks on logins: pages, forms, codes, tokens, cookies and links of a running node, by people and by programs."""

import re
from collections.abc import Awaitable, Callable
from html import unescape
from typing import Final
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from fedorg import web
from fedorg.services import accounts, departures, users
from fedorg.services.credentials import secret_hash
from fedorg.services.moderation import accounts as moderation
from fedorg.web.auth import ACCESS
from tests.node.attacks.ground import NUMBERS, Ground
from tests.node.serving import PASSWORD, Browser, Member
from tests.node.talking import listening, refusal, success, upload
from tests.node.test_api_streaming import REVOCATION_SECONDS
from tests.node.test_oauth import CALLBACK, CHALLENGE, VERIFIER, consent, exchange, query, register, returned

pytestmark = pytest.mark.asyncio(loop_scope="module")

_VALUE: Final = re.compile(r'name="csrf_token" value="([^"]+)"')


async def member(ground: Ground) -> Member:
    """Somebody new."""
    return await ground.server.person(f"member{next(NUMBERS)}")


async def signed_in(ground: Ground, who: Member) -> Browser:
    browser = await ground.server.browser()
    assert (await browser.sign_in(who.user.username)).status_code == 303
    return browser


async def by_password(ground: Ground, who: Member) -> None:
    """The page on which a password is changed."""
    browser = await signed_in(ground, who)
    page = await browser.open("/")
    words = {"current": PASSWORD, "new": "another password", "again": "another password"}
    assert (await browser.submit(page, "/account/password", **words)).status_code == 303


async def by_ending_the_program(ground: Ground, who: Member) -> None:
    """The list of programs on the front page."""
    browser = await signed_in(ground, who)
    number = success(await who.api.get("/api/v1/apps/verify_credentials"))["id"]
    await browser.submit(await browser.open("/"), f"/account/applications/{number}/revoke")


async def by_disabling(ground: Ground, who: Member) -> None:
    """An administrator."""
    await users.disable(ground.server.node, who.user)


async def by_reset(ground: Ground, who: Member) -> None:
    """An administrator, on the command line."""
    await users.reset_password(ground.server.node, who.user)


async def by_suspending(ground: Ground, who: Member) -> None:
    """A moderator."""
    node = ground.server.node
    account = await accounts.get_account(node, who.user.account_id)
    await node.write(moderation.suspend, node, account, ground.alice.user)


async def by_leaving(ground: Ground, who: Member) -> None:
    """The end of the account."""
    await departures.delete_member(ground.server.node, who.user.username)


End = Callable[[Ground, Member], Awaitable[None]]
ENDS: Final[tuple[End, ...]] = (by_password, by_ending_the_program, by_disabling, by_suspending, by_reset, by_leaving)


@pytest.mark.parametrize("end", ENDS)
async def test_s42_whatever_ends_a_login_ends_its_streams(ground: Ground, end: End) -> None:
    """S42: password, program, administrator or farewell: open streams end within a second, and the token is void."""
    who = await member(ground)
    async with listening(who.api, "user") as heard, listening(who.api, "public") as also:
        await end(ground, who)
        await heard.end(REVOCATION_SECONDS)
        await also.end(REVOCATION_SECONDS)

    assert (await who.api.get("/api/v1/accounts/verify_credentials")).status_code == 401
    assert refusal(await who.api.get("/api/v1/streaming/user"), 401)


async def test_s42_a_stolen_code_ends_the_stream_of_the_token_it_gave(ground: Ground) -> None:
    """S42: a code that comes a second time ends what the first one opened, streams included."""
    who = await member(ground)
    app = await register(ground.server)
    code = returned(await consent(await signed_in(ground, who), query(app)))["code"]
    api = await ground.server.api((await exchange(ground.server, app, code)).json()["access_token"])
    async with listening(api, "user") as heard:
        await exchange(ground.server, app, code)
        await heard.end(REVOCATION_SECONDS)


@pytest.mark.parametrize("end", [by_password, by_disabling, by_suspending, by_reset, by_leaving])
async def test_s44_whatever_changes_a_credential_ends_everything_it_opened(ground: Ground, end: End) -> None:
    """S44: tokens of every program and for every account, browsers, links and codes that wait."""
    who = await member(ground)
    app = await register(ground.server)
    browser = await signed_in(ground, who)
    code = returned(await consent(browser, query(app)))["code"]
    link = urlsplit(await users.create_sign_in_link(ground.server.node, who.user)).path
    await users.share_account(ground.server.node, who.user, ground.alice.user.account_id)
    page = await browser.open("/oauth/authorize", params=query(app))
    shared = await browser.submit(page, "/oauth/authorize", decision="allow", account_id=ground.alice.id)
    token = (await exchange(ground.server, app, returned(shared)["code"])).json()["access_token"]
    other = await ground.server.api(token)
    assert success(await other.get("/api/v1/accounts/verify_credentials"))["username"] == "alice"

    await end(ground, who)

    for client in (who.api, other):
        assert (await client.get("/api/v1/accounts/verify_credentials")).status_code == 401
    assert "Sign out" not in (await browser.open("/")).text
    assert (await exchange(ground.server, app, code)).json()["error"] == "invalid_grant"
    assert (await (await ground.server.browser()).open(link)).status_code == 404
    if end is not by_password:
        assert (await (await ground.server.browser()).sign_in(who.user.username)).status_code in (401, 403)


def session_routes(ground: Ground) -> list[str]:
    """Every page that takes a form."""
    app = web.create_app(ground.server.node)
    found = [
        re.sub(r"<[^>]+>", "1", rule.rule)
        for rule in app.url_map.iter_rules()
        if "POST" in (rule.methods or set())
        and not rule.rule.startswith(("/api/", "/oauth/token", "/oauth/revoke", "/oauth/userinfo"))
        and getattr(app.view_functions[rule.endpoint], ACCESS, None) is not None
    ]
    assert len(found) > 8
    return found


async def test_s58_no_form_is_taken_from_elsewhere(ground: Ground) -> None:
    """S58: each form wants the token of the session it was made for: none, another's and an empty one fail."""
    who, other = await member(ground), await member(ground)
    browser, foreign = await signed_in(ground, who), await signed_in(ground, other)
    stolen = _VALUE.search((await foreign.open("/")).text)
    assert stolen
    for path in session_routes(ground):
        for token in (None, "", "x", unescape(stolen[1])):
            body = {} if token is None else {"csrf_token": token}
            headers = {"Origin": "https://evil.example", "Accept": "text/html"}
            answer = await browser.http.post(path, data=body, headers=headers)
            assert answer.status_code in (403, 404), (path, answer.status_code)
    assert "Sign out" in (await browser.open("/")).text
    assert success(await who.api.get("/api/v1/accounts/verify_credentials"))


async def test_s58_consent_is_for_what_was_shown(ground: Ground) -> None:
    """S58: a form changed on its way gives no wider scope, no other address, and acts for nobody else's account."""
    who, victim = await member(ground), await member(ground)
    app = await register(ground.server, scopes="read")
    browser = await signed_in(ground, who)
    page = await browser.open("/oauth/authorize", params=query(app))
    for changes in (
        {"redirect_uri": "https://evil.example/"},
        {"redirect_uri": f"{CALLBACK}.evil.example"},
        {"redirect_uri": CALLBACK.replace("https", "http")},
        {"redirect_uri": f"{CALLBACK}#x"},
        {"redirect_uri": CALLBACK.upper()},
        {"client_id": "nobody"},
        {"scope": "read write"},
        {"scope": "admin:write"},
        {"account_id": victim.id},
        {"account_id": "0"},
        {"account_id": "x"},
        {"response_type": "token"},
    ):
        answer = await browser.submit(page, "/oauth/authorize", decision="allow", **changes)
        where = urlsplit(answer.headers.get("Location", ""))
        assert "code" not in parse_qs(where.query), changes
        assert where.netloc in ("", "client.example"), changes


@pytest.mark.parametrize(
    "state", ["\r\nSet-Cookie: a=b", "&code=stolen", "#x", "<script>", "\u202e", "%0d%0a", "x" * 4000]
)
async def test_s58_what_is_handed_back_stays_a_value(ground: Ground, state: str) -> None:
    """S58: a state comes back as it was, in the query and nowhere else."""
    app = await register(ground.server)
    answer = await consent(await signed_in(ground, await member(ground)), query(app, state=state))

    assert set(answer.headers) & {"set-cookie"} == set()
    given = parse_qs(urlsplit(answer.headers["Location"]).query, keep_blank_values=True)
    assert given["state"] == [state]
    assert len(given["code"]) == 1


async def test_s58_only_s256_proves_a_challenge(ground: Ground) -> None:
    """S58: PKCE by plain text is refused at the door, and the challenge itself is no verifier."""
    app = await register(ground.server)
    browser = await signed_in(ground, await member(ground))
    for method in ("plain", "s256", "S256 ", "", "none"):
        asked = query(app, code_challenge=CHALLENGE, code_challenge_method=method)
        given = returned(await browser.open("/oauth/authorize", params=asked))
        assert "code" not in given, method
    asked = query(app, code_challenge=CHALLENGE, code_challenge_method="S256")
    code = returned(await consent(browser, asked))["code"]
    for verifier in (CHALLENGE, "", VERIFIER[:-1]):
        answer = await exchange(ground.server, app, code, code_verifier=verifier)
        assert answer.json()["error"] == "invalid_grant"


async def test_s42_a_token_works_in_its_header_alone(ground: Ground) -> None:
    """S42: a token in an address or a form, where logs and histories keep it, is none; nor is a cookie or a secret."""
    who = await member(ground)
    browser = await signed_in(ground, who)
    path = "/api/v1/accounts/verify_credentials"
    for answer in (
        await ground.server.anonymous.get(path, params={"access_token": who.token}),
        await ground.server.anonymous.get(path, params={"bearer_token": who.token}),
        await ground.server.anonymous.get(path, headers={"Authorization": f"Basic {who.token}"}),
        await ground.server.anonymous.get(path, headers={"Authorization": f"Bearer {who.token}x"}),
        await ground.server.anonymous.get(path, headers={"Authorization": f"Bearer {secret_hash(who.token)}"}),
        await ground.server.anonymous.get(path, headers={"Authorization": "Bearer"}),
        await ground.server.anonymous.post("/api/v1/statuses", data={"status": "x", "access_token": who.token}),
        await browser.http.get(path),
        await browser.http.post("/api/v1/statuses", data={"status": "x"}),
    ):
        assert refusal(answer, 401)


async def test_s48_pages_of_a_session_are_kept_by_nobody(ground: Ground) -> None:
    """S48: what a cookie, a token or a code opens says so to every cache between, and no other page frames it."""
    who = await member(ground)
    browser = await signed_in(ground, who)
    app = await register(ground.server)
    pages: list[httpx.Response] = [
        await browser.open("/"),
        await browser.open("/account/move"),
        await browser.open("/oauth/authorize", params=query(app)),
        await browser.open("/auth/sign_in"),
        await browser.open(f"/oauth/authorize/native?code={'x' * 43}"),
        await who.api.get("/api/v1/timelines/home"),
        await who.api.get("/api/v1/accounts/verify_credentials"),
    ]
    for page in pages:
        assert page.status_code == 200, page.url
        assert "no-store" in page.headers["Cache-Control"], page.url
        assert page.headers["X-Frame-Options"] == "DENY"
        assert "frame-ancestors 'none'" in page.headers["Content-Security-Policy"]
        assert "unsafe" not in page.headers["Content-Security-Policy"]
        assert page.headers["X-Content-Type-Options"] == "nosniff"
    assert pages[4].headers["Referrer-Policy"] == "no-referrer"


async def test_s44_a_session_is_made_by_signing_in_and_by_nothing_else(ground: Ground) -> None:
    """S44: a cookie that somebody else chose, or that was signed out, or a form's, is no session."""
    who = await member(ground)
    browser = await signed_in(ground, who)
    (name,) = [name for name in browser.http.cookies if "session" in name]
    before = browser.http.cookies[name]
    thief = await ground.server.browser()
    thief.http.cookies.set(name, "chosen-by-somebody-else")
    await thief.sign_in(who.user.username)
    chosen = await ground.server.browser()
    chosen.http.cookies.set(name, "chosen-by-somebody-else")
    await browser.sign_in(who.user.username)
    old = await ground.server.browser()
    old.http.cookies.set(name, before)

    for other in (chosen, old):
        assert "Sign out" not in (await other.open("/")).text


async def test_s62_what_is_deleted_cannot_be_fetched(ground: Ground) -> None:
    """S62: a deleted status takes its files with it when that is asked, and an upload can be taken back."""
    who = await member(ground)
    kept, dropped = await upload(who), await upload(who)
    made = success(await who.api.post("/api/v1/statuses", json={"status": "x", "media_ids": [kept["id"]]}))
    addresses = [file[kind].removeprefix(ground.url) for file in (kept, dropped) for kind in ("url", "preview_url")]
    for address in addresses:
        assert (await ground.server.anonymous.get(address)).status_code == 200

    success(await who.api.delete(f"/api/v1/statuses/{made['id']}", params={"delete_media": "true"}))
    success(await who.api.delete(f"/api/v1/media/{dropped['id']}"))

    for address in addresses:
        assert (await ground.server.anonymous.get(address)).status_code == 404
