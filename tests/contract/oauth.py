"""Client programs and their tokens. Spec: Mastodon API, methods/oauth, methods/apps and methods/emails; RFC 8414."""

import base64
import hashlib
import re
from typing import Final
from urllib.parse import parse_qs, urlsplit

import httpx

from tests.contract.checks import Access, Operation, Section, shows
from tests.contract.people import EVERYTHING, authorise, exchange, register
from tests.contract.scene import Scene
from tests.fediverse.nodes import OUT_OF_BAND, PASSWORD, fill_in, submit

oauth: Final = Section("oauth")
apps: Final = Section("apps")
emails: Final = Section("emails")
well_known: Final = Section("well-known")

_WHO_AM_I: Final = "/api/v1/accounts/verify_credentials"


@apps("POST /api/v1/apps", access=Access.PUBLIC)
async def create_app(op: Operation, scene: Scene) -> None:
    """A program registers, with one address for its answers or several."""
    fields = {"client_name": "One", "redirect_uris": "https://client.example/back", "website": "https://client.example"}
    made = await op.call(scene.nobody, data={**fields, "scopes": "read write:statuses"})
    shows(made, name="One", website="https://client.example", redirect_uris=["https://client.example/back"])
    assert set(made["scopes"]) == {"read", "write:statuses"}, made
    several = [OUT_OF_BAND, "client:/back"]
    made = await op.call(scene.nobody, json={"client_name": "Two", "redirect_uris": several})
    shows(made, redirect_uris=several, scopes=["read"], website=None, client_secret_expires_at=0)
    await op.refuse(422, scene.nobody, "Validation failed", json={"redirect_uris": OUT_OF_BAND})
    await op.refuse(422, scene.nobody, json={"client_name": "x", "redirect_uris": "not an address"})
    await op.refuse(422, scene.nobody, json={"client_name": "x", "redirect_uris": OUT_OF_BAND, "scopes": "everything"})


@apps("GET /api/v1/apps/verify_credentials", access=Access.ANY_TOKEN)
async def verify_app(op: Operation, scene: Scene) -> None:
    """The program a token was given to, without its secret."""
    found = await op.call(await scene.program())
    shows(found, name="Contract", id=scene.application["id"])
    assert "client_secret" not in found
    shows(await op.call(scene.alice), name="Contract")
    fields = {"client_name": "Sited", "redirect_uris": OUT_OF_BAND, "website": "https://client.example"}
    sited = (await scene.nobody.post("/api/v1/apps", data=fields)).json()
    code = await authorise(scene.bob.browser, "bob", sited, "read")
    client = await scene.client(scene.node, await exchange(scene.nobody, sited, code))
    shows(await op.call(client), name="Sited", website="https://client.example", scopes=["read"])


@oauth("GET /oauth/authorize", access=Access.PUBLIC)
async def authorise_page(op: Operation, scene: Scene) -> None:
    """A person is asked on a page, signs in, consents; the program gets a code at its address, with its state."""
    person = await scene.person()
    back = "https://client.example/back"
    made = await scene.nobody.post("/api/v1/apps", data={"client_name": "Web", "redirect_uris": back, "scopes": "read"})
    wanted = {"response_type": "code", "client_id": made.json()["client_id"], "redirect_uri": back, "scope": "read"}
    page = await op.send(person.browser, params={**wanted, "state": "my state"})
    assert page.status_code == 200, page.text[:200]
    assert page.headers["Content-Type"].startswith("text/html"), page.headers
    answer = await _decide(person.browser, page, "allow")
    query = parse_qs(urlsplit(answer).query)
    assert answer.startswith(back), answer
    assert query["state"] == ["my state"], query
    assert query["code"], query
    page = await op.send(person.browser, params={**wanted, "state": "again"})
    query = parse_qs(urlsplit(await _decide(person.browser, page, "deny")).query)
    assert query["error"] == ["access_denied"], query
    for wrong in ({"client_id": "nobody"}, {"redirect_uri": "https://elsewhere.example/"}):
        refused = await op.send(person.browser, params={**wanted, **wrong})
        assert refused.status_code in {400, 401}, f"{wrong} is answered by {refused.status_code}"


async def _decide(browser: httpx.AsyncClient, page: httpx.Response, decision: str) -> str:
    """Where the browser is sent after the decision; it does not go there."""
    target, filled = fill_in(page, decision=decision)
    answer = await browser.post(target, data=filled)
    return str(answer.headers.get("Location", f"{answer.status_code}: nowhere"))


@oauth("POST /oauth/token", access=Access.PUBLIC)
async def token(op: Operation, scene: Scene) -> None:
    """A token for a code, once, with PKCE if the program asked for it; one for a program alone."""
    program = await register(scene.nobody)
    person = scene.alice
    credentials = {"client_id": program["client_id"], "client_secret": program["client_secret"]}
    wanted = {"grant_type": "authorization_code", "redirect_uri": OUT_OF_BAND, **credentials}
    code = await authorise(person.browser, person.username, program)
    got = await op.call(scene.nobody, data={**wanted, "code": code})
    shows(got, token_type="Bearer", scope=EVERYTHING)
    client = await scene.client(scene.node, got["access_token"])
    shows((await client.get(_WHO_AM_I)).json(), id=person.id)
    refusal = await op.refuse(400, scene.nobody, "invalid_grant", data={**wanted, "code": code})
    assert refusal["error_description"], refusal

    verifier = "v" * 64
    challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
    proof = {"code_challenge": challenge, "code_challenge_method": "S256"}
    code = await authorise(person.browser, person.username, program, "read", **proof)
    shows(await op.call(scene.nobody, json={**wanted, "code": code, "code_verifier": verifier}), scope="read")
    code = await authorise(person.browser, person.username, program, "read", **proof)
    await op.refuse(400, scene.nobody, "invalid_grant", data={**wanted, "code": code, "code_verifier": "w" * 64})

    alone = {"grant_type": "client_credentials", "scope": "read", **credentials}
    shows(await op.call(scene.nobody, data=alone), scope="read")
    await op.refuse(401, scene.nobody, "invalid_client", data={**alone, "client_secret": "wrong"})
    await op.refuse(400, scene.nobody, "unsupported_grant_type", data={**alone, "grant_type": "password"})
    await op.refuse(400, scene.nobody, "invalid_scope", data={**alone, "scope": "admin:write"})


@oauth("POST /oauth/revoke", access=Access.PUBLIC)
async def revoke(op: Operation, scene: Scene) -> None:
    """A token ends at once; only its own program ends it, and an unknown one is no fault."""
    program, other = await register(scene.nobody), await register(scene.nobody)
    fields = {"client_id": program["client_id"], "client_secret": program["client_secret"]}
    code = await authorise(scene.alice.browser, "alice", program)
    given = await exchange(scene.nobody, program, code)
    client = await scene.client(scene.node, given)
    strange = {"client_id": other["client_id"], "client_secret": other["client_secret"], "token": given}
    await op.refuse(403, scene.nobody, "unauthorized_client", data=strange)
    assert (await client.get(_WHO_AM_I)).status_code == 200
    assert await op.call(scene.nobody, data={**fields, "token": given}) == {}
    assert (await client.get(_WHO_AM_I)).status_code == 401
    assert await op.call(scene.nobody, data={**fields, "token": "never given"}) == {}


@oauth("GET /oauth/userinfo", "profile")
async def userinfo(op: Operation, scene: Scene) -> None:
    """Who the token acts for, in the words of OpenID Connect."""
    mine = await scene.alice.get(_WHO_AM_I)
    found = await op.call(scene.alice)
    shows(found, iss=f"{scene.node.url}/", preferred_username="alice", profile=mine["url"], picture=mine["avatar"])


@well_known("GET /.well-known/oauth-authorization-server", access=Access.PUBLIC)
async def discovery(op: Operation, scene: Scene) -> None:
    """What the node's authorisation can, at addresses that exist."""
    found = await op.call(scene.nobody)
    assert found["issuer"].rstrip("/") == scene.node.url, found["issuer"]
    assert "S256" in found["code_challenge_methods_supported"], found
    assert {"read", "write", "follow", "push", "profile"} <= set(found["scopes_supported"]), found["scopes_supported"]
    for name in ("token_endpoint", "revocation_endpoint", "app_registration_endpoint"):
        answer = await scene.nobody.post(found[name])
        assert answer.status_code not in {404, 405}, f"{name} leads to {answer.status_code}"
    answer = await scene.nobody.get(found["authorization_endpoint"])
    assert answer.status_code != 404, found["authorization_endpoint"]


@emails("POST /api/v1/emails/confirmations", access=Access.ANY_TOKEN)
async def confirm_email(op: Operation, scene: Scene) -> None:
    """The letter is sent again to somebody who did not confirm yet, to another address on demand; others need none."""
    await op.refuse(403, scene.alice, "This method is only available while the e-mail is awaiting confirmation")
    first, second = "unconfirmed@people.example", "other@people.example"
    fields = {
        "username": "unconfirmed",
        "email": first,
        "password": PASSWORD,
        "agreement": True,
        "locale": "en",
    }
    made = await (await scene.program()).post("/api/v1/accounts", json=fields)
    assert made.is_success, made.text
    person = await scene.client(scene.node, made.json()["access_token"])
    refused = await person.get(_WHO_AM_I)
    assert refused.status_code == 403, refused.text
    shows(refused.json(), error="Your login is missing a confirmed e-mail address")
    await _letter(scene, first, 1)
    assert await op.call(person) == {}
    await _letter(scene, first, 2)
    assert await op.call(person, json={"email": second}) == {}
    link = await _letter(scene, second, 1)
    page = await scene.nobody.get(link, follow_redirects=True)
    if 'method="post"' in page.text:
        page = await submit(scene.nobody, page)
    assert page.is_success, page.text[:300]
    shows((await person.get(_WHO_AM_I)).json(), username="unconfirmed")
    await op.refuse(403, person, "This method is only available while the e-mail is awaiting confirmation")


async def _letter(scene: Scene, address: str, count: int) -> str:
    """The address in the last letter to somebody, once there are ``count`` of them."""

    async def look() -> str | None:
        texts = scene.letters.texts.get(address, [])
        return texts[-1] if len(texts) >= count else None

    text = await scene.until(look, f"letter {count} to {address}")
    link = re.search(rf"{re.escape(scene.node.url)}/\S+", text)
    assert link, text
    return link[0]
