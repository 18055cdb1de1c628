"""OAuth from outside: the walk of a client through the pages, and every way to get a token that is not one's own."""

import base64
import hashlib
import re
from dataclasses import dataclass
from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import httpx
from sqlalchemy import Connection

from fedorg.domain.oauth import OUT_OF_BAND, Token
from fedorg.ids import TokenId
from fedorg.services import departures, users
from fedorg.services.credentials import secret_hash
from fedorg.store import accounts, oauth
from tests.contract import assert_valid
from tests.node.at_once import meanwhile
from tests.node.serving import Browser, NodeServer

CALLBACK = "https://client.example/callback"
VERIFIER = "v" * 43
CHALLENGE = base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).rstrip(b"=").decode()


@dataclass(frozen=True)
class App:
    """A registered client program."""

    client_id: str
    client_secret: str
    redirect_uri: str


async def register(server: NodeServer, redirect_uri: str = CALLBACK, scopes: str = "read write") -> App:
    answer = await server.anonymous.post(
        "/api/v1/apps", data={"client_name": "Client", "redirect_uris": redirect_uri, "scopes": scopes}
    )
    assert answer.status_code == 200, answer.text
    assert_valid(answer.json(), "CredentialApplication")
    return App(answer.json()["client_id"], answer.json()["client_secret"], redirect_uri)


def query(app: App, **changes: str) -> dict[str, str]:
    asked = {
        "client_id": app.client_id,
        "redirect_uri": app.redirect_uri,
        "response_type": "code",
        "scope": "read",
        "state": "s&=<t>",
    }
    return asked | changes


async def consent(browser: Browser, asked: dict[str, str], decision: str = "allow") -> httpx.Response:
    page = await browser.open("/oauth/authorize", params=asked)
    assert page.status_code == 200, page.text
    return await browser.submit(page, "/oauth/authorize", decision=decision)


def returned(answer: httpx.Response) -> dict[str, str]:
    assert answer.status_code == 303, answer.text
    return {name: values[0] for name, values in parse_qs(urlsplit(answer.headers["Location"]).query).items()}


async def exchange(server: NodeServer, app: App, code: str, /, **changes: str) -> httpx.Response:
    body = {
        "grant_type": "authorization_code",
        "client_id": app.client_id,
        "client_secret": app.client_secret,
        "redirect_uri": app.redirect_uri,
        "code": code,
    }
    return await server.anonymous.post("/oauth/token", data=body | changes)


async def signed_in(server: NodeServer, name: str = "anna") -> Browser:
    await server.person(name)
    browser = await server.browser()
    assert (await browser.sign_in(name)).status_code == 303
    return browser


async def test_a_client_gets_a_token_through_sign_in_and_consent(node_server: NodeServer) -> None:
    """The whole walk: sent to sign in, back to consent, back to the client with code and state, then a token."""
    await node_server.person("anna")
    app = await register(node_server)
    browser = await node_server.browser()

    sent = await browser.open("/oauth/authorize", params=query(app))
    assert sent.status_code == 303
    there = urlsplit(sent.headers["Location"])
    assert there.path == "/auth/sign_in"
    back = await browser.sign_in("anna@people.example", then=parse_qs(there.query)["next"][0])
    page = await browser.open(back.headers["Location"])
    answer = await browser.submit(page, "/oauth/authorize", decision="allow")
    given = returned(answer)
    token = await exchange(node_server, app, given["code"])

    assert answer.headers["Location"].startswith(f"{CALLBACK}?")
    assert given["state"] == "s&=<t>"
    # Browsers hold it against every redirect behind the form, and a client may lead on to wherever it runs.
    assert "form-action" not in page.headers["Content-Security-Policy"]
    assert_valid(token.json(), "Token")
    api = await node_server.api(token.json()["access_token"])
    assert (await api.get("/api/v1/accounts/verify_credentials")).json()["username"] == "anna"
    assert (await api.get("/api/v1/apps/verify_credentials")).json()["name"] == "Client"
    assert (await api.get("/oauth/userinfo")).json()["preferred_username"] == "anna"


async def test_what_administrators_can_do_is_asked_for_as_such(node_server: NodeServer) -> None:
    """In words, whichever part of it; a member who lets such a program in gives it nothing of that."""
    browser = await signed_in(node_server)
    app = await register(node_server, scopes="admin:write admin:read:ip_blocks read:lists")

    page = await browser.open(
        "/oauth/authorize", params=query(app, scope="admin:write admin:read:ip_blocks read:lists")
    )

    asked = re.findall(r"<li>(.*?)</li>", page.text)
    assert asked == [
        "Do what administrators can do, if you are one",
        "See ip blocks as administrators do, if you are one",
        "See your lists",
    ]


async def test_a_program_without_an_address_shows_the_code(node_server: NodeServer) -> None:
    """Out of band: the whole code stands on a page as text, and is good for a token."""
    browser = await signed_in(node_server)
    app = await register(node_server, OUT_OF_BAND)

    answer = await consent(browser, query(app))
    page = await browser.open(answer.headers["Location"])

    shown = re.search(r'<code id="code" class="copy">([^<]+)</code>', page.text)
    assert shown
    assert (await exchange(node_server, app, shown[1])).status_code == 200


async def test_custom_schemes_are_redirect_addresses(node_server: NodeServer) -> None:
    """A program on a phone is called back by its own scheme."""
    browser = await signed_in(node_server)
    app = await register(node_server, "com.example.client://callback?from=fedorg")

    answer = await consent(browser, query(app))

    assert answer.headers["Location"].startswith("com.example.client://callback?from=fedorg&code=")


async def test_denying_tells_the_client(node_server: NodeServer) -> None:
    """No is an answer that comes back with the state."""
    browser = await signed_in(node_server)
    app = await register(node_server)

    given = returned(await consent(browser, query(app), decision="deny"))

    assert (given["error"], given["state"]) == ("access_denied", "s&=<t>")


async def test_force_login_asks_somebody_signed_in_once(node_server: NodeServer) -> None:
    """With force_login the sign-in page comes even with a session, and the way back leads on to consent."""
    browser = await signed_in(node_server)
    app = await register(node_server)

    sent = await browser.open("/oauth/authorize", params=query(app, force_login="true"))
    back = parse_qs(urlsplit(sent.headers["Location"]).query)["next"][0]

    assert sent.status_code == 303
    assert (await browser.open(back)).status_code == 200


async def test_a_wrong_client_or_address_redirects_nobody(node_server: NodeServer) -> None:
    """S58: the person is told on a page; nothing is sent to an address that is not the client's to the letter."""
    browser = await signed_in(node_server)
    app = await register(node_server)

    for changes in (
        {"client_id": "nobody"},
        {"redirect_uri": "https://client.example/callback/"},
        {"redirect_uri": "https://client.example/callback?more"},
        {"redirect_uri": "https://evil.example/callback"},
        {"redirect_uri": OUT_OF_BAND},
        {"redirect_uri": ""},
    ):
        answer = await browser.open("/oauth/authorize", params=query(app, **changes))
        assert answer.status_code in (400, 401), changes
        assert "Location" not in answer.headers, changes
        assert f"<title>{answer.status_code}: This program " in answer.text, changes


async def test_other_faults_go_back_to_the_client(node_server: NodeServer) -> None:
    """RFC 6749 §4.1.2.1; plain PKCE is refused."""
    browser = await signed_in(node_server)
    app = await register(node_server)

    for changes, error in (
        ({"response_type": "token"}, "unsupported_response_type"),
        ({"scope": "read push"}, "invalid_scope"),
        ({"scope": "everything"}, "invalid_scope"),
        ({"code_challenge": CHALLENGE, "code_challenge_method": "plain"}, "invalid_code_challenge_method"),
        ({"code_challenge": CHALLENGE}, "invalid_code_challenge_method"),
        ({"code_challenge": "short", "code_challenge_method": "S256"}, "invalid_request"),
        ({"code_challenge_method": "S256"}, "invalid_request"),
    ):
        given = returned(await browser.open("/oauth/authorize", params=query(app, **changes)))
        assert (given["error"], given["state"]) == (error, "s&=<t>"), changes


async def test_a_code_is_good_once_and_a_second_use_ends_the_token(node_server: NodeServer) -> None:
    """RFC 6749 §4.1.2: whoever steals a code makes the stolen token void."""
    browser = await signed_in(node_server)
    app = await register(node_server)
    code = returned(await consent(browser, query(app)))["code"]

    first = await exchange(node_server, app, code)
    api = await node_server.api(first.json()["access_token"])
    assert (await api.get("/api/v1/accounts/verify_credentials")).status_code == 200
    second = await exchange(node_server, app, code)

    assert (second.status_code, second.json()["error"]) == (400, "invalid_grant")
    assert (await api.get("/api/v1/accounts/verify_credentials")).status_code == 401


async def test_a_code_is_good_for_ten_minutes(node_server: NodeServer) -> None:
    """A code that lies about is worth nothing."""
    browser = await signed_in(node_server)
    app = await register(node_server)
    code = returned(await consent(browser, query(app)))["code"]

    node_server.clock.advance(timedelta(minutes=10))

    assert (await exchange(node_server, app, code)).json()["error"] == "invalid_grant"


async def test_a_code_needs_its_client_its_secret_and_its_address(node_server: NodeServer) -> None:
    """Every part of the exchange is checked, the errors are OAuth's, and the code stays good for its client."""
    browser = await signed_in(node_server)
    app = await register(node_server)
    code = returned(await consent(browser, query(app)))["code"]

    for changes, status, error in (
        ({"client_secret": "wrong"}, 401, "invalid_client"),
        ({"client_secret": ""}, 401, "invalid_client"),
        ({"client_id": "nobody"}, 401, "invalid_client"),
        ({"redirect_uri": "https://client.example/"}, 400, "invalid_grant"),
        ({"code": "wrong"}, 400, "invalid_grant"),
        ({"code": ""}, 400, "invalid_request"),
        ({"code_verifier": VERIFIER}, 400, "invalid_grant"),
        ({"grant_type": "password"}, 400, "unsupported_grant_type"),
        ({"grant_type": ""}, 400, "invalid_request"),
    ):
        answer = await exchange(node_server, app, code, **changes)
        assert (answer.status_code, answer.json()["error"]) == (status, error), changes
        assert answer.json()["error_description"], changes
    assert (await exchange(node_server, app, code)).status_code == 200


async def test_another_client_cannot_use_a_code(node_server: NodeServer) -> None:
    """A code is bound to the client it was given to, and stays good for that one."""
    browser = await signed_in(node_server)
    app, other = await register(node_server), await register(node_server)
    code = returned(await consent(browser, query(app)))["code"]

    assert (await exchange(node_server, other, code)).json()["error"] == "invalid_grant"
    assert (await exchange(node_server, app, code)).status_code == 200


async def test_each_code_is_exchanged_by_itself(node_server: NodeServer) -> None:
    """What becomes of one code, used or used again, is nothing to another of the same user and program."""
    browser = await signed_in(node_server)
    app = await register(node_server)
    first, second = [returned(await consent(browser, query(app)))["code"] for _ in range(2)]

    answers = [await exchange(node_server, app, code) for code in (first, second, first)]

    assert [answer.status_code for answer in answers] == [200, 200, 400]
    apis = [await node_server.api(answer.json()["access_token"]) for answer in answers[:2]]
    assert [(await api.get("/api/v1/preferences")).status_code for api in apis] == [401, 200]


async def test_pkce_needs_the_verifier(node_server: NodeServer) -> None:
    """RFC 7636: a code with a challenge is exchanged by whoever made the challenge."""
    browser = await signed_in(node_server)
    app = await register(node_server)
    asked = query(app, code_challenge=CHALLENGE, code_challenge_method="S256")
    code = returned(await consent(browser, asked))["code"]

    wrong: list[dict[str, str]] = [{"code_verifier": text} for text in ("", "w" * 43, CHALLENGE, "v" * 42)]
    for sent in ({}, *wrong):
        answer = await exchange(node_server, app, code, **sent)
        assert (answer.status_code, answer.json()["error"]) == (400, "invalid_grant"), sent
    assert (await exchange(node_server, app, code, code_verifier=VERIFIER)).status_code == 200


async def test_client_credentials_by_basic_stand_for_no_user(node_server: NodeServer) -> None:
    """A token for the program itself reads no account, and says so with 422."""
    app = await register(node_server)
    answer = await node_server.anonymous.post(
        "/oauth/token",
        json={"grant_type": "client_credentials", "scope": "read"},
        auth=(app.client_id, app.client_secret),
    )
    api = await node_server.api(answer.json()["access_token"])

    assert answer.status_code == 200
    assert (await api.get("/api/v1/apps/verify_credentials")).status_code == 200
    refused = await api.get("/api/v1/accounts/verify_credentials")
    assert (refused.status_code, refused.json()["error"]) == (422, "This method requires an authenticated user")


async def test_client_credentials_go_no_further_than_the_registration(node_server: NodeServer) -> None:
    """A program gets no scope it did not register."""
    app = await register(node_server, scopes="read")
    answer = await node_server.anonymous.post(
        "/oauth/token",
        data={"grant_type": "client_credentials", "scope": "write"},
        auth=(app.client_id, app.client_secret),
    )

    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_scope")


async def test_a_revoked_token_opens_nothing(node_server: NodeServer) -> None:
    """Only its own client ends a token; afterwards it is like one that never was."""
    browser = await signed_in(node_server)
    app, other = await register(node_server), await register(node_server)
    code = returned(await consent(browser, query(app)))["code"]
    token = (await exchange(node_server, app, code)).json()["access_token"]
    api = await node_server.api(token)

    async def revoke(by: App) -> httpx.Response:
        body = {"client_id": by.client_id, "client_secret": by.client_secret, "token": token}
        return await node_server.anonymous.post("/oauth/revoke", data=body)

    stranger = await revoke(other)
    assert (stranger.status_code, stranger.json()["error"]) == (403, "unauthorized_client")
    assert (await api.get("/api/v1/preferences")).status_code == 200
    assert (await revoke(app)).status_code == 200
    assert (await api.get("/api/v1/preferences")).status_code == 401
    assert (await revoke(app)).status_code == 200


async def test_addresses_that_a_browser_would_run_are_not_registered(node_server: NodeServer) -> None:
    """A redirect address is absolute and hands the code to a program, not to the browser."""
    for redirect_uri in (
        "",
        "callback",
        "/callback",
        "javascript:alert(1)",
        "JavaScript:alert(1)",
        "data:text/html,x",
        "https://",
        "https://a@b/",
        "https://a/#b",
    ):
        answer = await node_server.anonymous.post(
            "/api/v1/apps", data={"client_name": "Client", "redirect_uris": redirect_uri}
        )
        assert answer.status_code == 422, redirect_uri
        assert answer.json()["error"].startswith("Validation failed: Redirect URI"), redirect_uri


async def test_redirect_addresses_come_by_lines_or_as_a_list(node_server: NodeServer) -> None:
    """Old clients send lines, new ones a list."""
    body = {"client_name": "Client", "redirect_uris": [CALLBACK, OUT_OF_BAND]}
    by_list = await node_server.anonymous.post("/api/v1/apps", json=body)
    by_lines = await node_server.anonymous.post(
        "/api/v1/apps", data={"client_name": "Client", "redirect_uris": f"{CALLBACK}\n{OUT_OF_BAND}"}
    )

    assert by_list.json()["redirect_uris"] == by_lines.json()["redirect_uris"] == [CALLBACK, OUT_OF_BAND]


async def test_the_name_of_a_program_turns_no_words_around_it(node_server: NodeServer) -> None:
    """Whoever is asked to let it in reads the question from the left; of what is not shown no name is made."""
    body = {
        "client_name": " \u202eTea\u2066\n time ",
        "redirect_uris": CALLBACK,
        "website": "https://\u202etea.example",
    }
    named = (await node_server.anonymous.post("/api/v1/apps", json=body)).json()
    unnamed = await node_server.anonymous.post("/api/v1/apps", json=body | {"client_name": "\u202e"})

    assert (named["name"], named["website"]) == ("Tea time", "https://tea.example")
    assert "Name can't be blank" in unnamed.json()["error"]


async def test_unknown_scopes_are_not_registered(node_server: NodeServer) -> None:
    """A program asks for scopes that exist."""
    body = {"client_name": "Client", "redirect_uris": CALLBACK, "scopes": "read world"}

    assert (await node_server.anonymous.post("/api/v1/apps", data=body)).status_code == 422


async def test_consent_without_its_form_token_grants_nothing(node_server: NodeServer) -> None:
    """Another site cannot consent in somebody's name."""
    browser = await signed_in(node_server)
    app = await register(node_server)

    for fields in ({}, {"csrf_token": "guessed"}):
        answer = await browser.http.post("/oauth/authorize", data={**query(app), "decision": "allow", **fields})
        assert answer.status_code == 403
        assert "Location" not in answer.headers


async def test_a_code_is_for_an_account_of_the_user(node_server: NodeServer) -> None:
    """Nobody consents for somebody else's account; a shared one may be chosen while it is shared."""
    browser = await signed_in(node_server)
    other = await node_server.person("office")
    app = await register(node_server)
    page = await browser.open("/oauth/authorize", params=query(app))

    refused = await browser.submit(page, "/oauth/authorize", decision="allow", account_id=other.id)
    assert refused.status_code == 404

    anna = await users.get_by_username(node_server.node, "anna")
    await users.share_account(node_server.node, anna, other.user.account_id)
    page = await browser.open("/oauth/authorize", params=query(app))
    assert "@office" in page.text
    given = returned(await browser.submit(page, "/oauth/authorize", decision="allow", account_id=other.id))
    api = await node_server.api((await exchange(node_server, app, given["code"])).json()["access_token"])
    assert (await api.get("/api/v1/accounts/verify_credentials")).json()["username"] == "office"

    page = await browser.open("/oauth/authorize", params=query(app))
    given = returned(await browser.submit(page, "/oauth/authorize", decision="allow", account_id=other.id))
    await users.unshare_account(node_server.node, anna, other.user.account_id)
    assert (await api.get("/api/v1/accounts/verify_credentials")).status_code == 401
    assert (await exchange(node_server, app, given["code"])).status_code == 400
    refused = await browser.submit(page, "/oauth/authorize", decision="allow", account_id=other.id)
    assert refused.status_code == 404
    assert (await other.api.get("/api/v1/accounts/verify_credentials")).status_code == 200


async def test_scopes_are_kept(node_server: NodeServer) -> None:
    """A token does what its scopes say and nothing else; parents take in their children."""
    narrow = await node_server.person("narrow", scopes="read:statuses")
    wide = await node_server.person("wide", scopes="read")

    refused = await narrow.api.get("/api/v1/preferences")

    assert (refused.status_code, refused.json()["error"]) == (403, "This action is outside the authorized scopes")
    assert (await wide.api.get("/api/v1/preferences")).status_code == 200
    assert (await wide.api.patch("/api/v1/accounts/update_credentials", data={"locked": "1"})).status_code == 403


async def test_without_a_valid_token_the_answer_is_401(node_server: NodeServer) -> None:
    """Anything but a token this node gave is refused in Mastodon's words."""
    for header in ("Bearer", "Bearer nonsense", "Basic nonsense", "nonsense"):
        answer = await node_server.anonymous.get("/api/v1/preferences", headers={"Authorization": header})
        assert (answer.status_code, answer.json()) == (401, {"error": "The access token is invalid"}), header
        assert "Bearer" in answer.headers["WWW-Authenticate"]


async def test_a_program_whose_access_is_taken_away_exchanges_no_code(node_server: NodeServer) -> None:
    """Neither one that waits, nor does the one that it is just exchanging open anything."""
    node, browser, app = node_server.node, await signed_in(node_server), await register(node_server)
    waiting, code = [returned(await consent(browser, query(app)))["code"] for _ in range(2)]
    known = await node.read(oauth.find_application, app.client_id)
    assert known is not None

    def exchanging(conn: Connection) -> None:
        found = oauth.find_code(conn, secret_hash(code))
        assert found is not None
        token = Token(
            id=TokenId(node.ids.next()),
            application_id=found.application_id,
            user_id=found.user_id,
            account_id=found.account_id,
            scopes=found.scopes,
            created_at=node.now(),
        )
        oauth.insert_token(conn, token, secret_hash("of the client"))
        oauth.mark_code_used(conn, secret_hash(code), token.id)

    revoking = browser.submit(await browser.open("/"), f"/account/applications/{known[0].id}/revoke")
    assert (await meanwhile(node, exchanging, revoking)).status_code == 303

    assert (await exchange(node_server, app, waiting)).status_code == 400
    answer = await (await node_server.api("of the client")).get("/api/v1/accounts/verify_credentials")
    assert answer.status_code == 401


async def test_a_token_that_ends_as_it_is_used_is_refused(node_server: NodeServer) -> None:
    """Whoever is deleted at the moment of a request is told so, on the first of a day as well."""
    node, anna = node_server.node, await node_server.person("anna")

    def leave(conn: Connection) -> None:
        departures.leave(conn, node, accounts.get_for_update(conn, anna.user.account_id), None)

    answer = await meanwhile(node, leave, anna.api.get("/api/v1/accounts/verify_credentials"))

    assert answer.status_code == 401
