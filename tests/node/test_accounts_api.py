"""Accounts: registering, changing one's profile, finding others."""

import io
from collections.abc import Awaitable, Callable
from datetime import timedelta

import httpx
import pytest
from PIL import Image
from sqlalchemy import Connection

from fedorg.domain.accounts import UserRole
from fedorg.domain.jobs import DistributeProfile
from fedorg.domain.moderation import AccountAction, WarningAction
from fedorg.services import auditing, departures, instance_texts, registration, users
from fedorg.services.moderation import accounts as moderation
from fedorg.services.registration import SignUp
from fedorg.store import tables
from fedorg.web.site.done import Done
from tests.contract import assert_all_valid, assert_valid
from tests.node.serving import PASSWORD, NodeServer

Serve = Callable[..., Awaitable[NodeServer]]
GOOD = {"username": "carla", "email": "carla@people.example", "password": PASSWORD, "agreement": "true", "locale": "en"}


async def application_api(server: NodeServer, scope: str = "read write") -> httpx.AsyncClient:
    """A client with a token of its own, as before anybody has signed in."""
    app = (
        await server.anonymous.post(
            "/api/v1/apps", data={"client_name": "Client", "redirect_uris": "app://x", "scopes": scope}
        )
    ).json()
    body = {"grant_type": "client_credentials", "scope": scope}
    token = await server.anonymous.post("/oauth/token", data=body, auth=(app["client_id"], app["client_secret"]))
    return await server.api(token.json()["access_token"])


def picture(size: tuple[int, int] = (600, 300)) -> bytes:
    file = io.BytesIO()
    Image.new("RGB", size, "teal").save(file, "PNG")
    return file.getvalue()


async def test_somebody_who_registers_where_it_is_open_acts_at_once(node_server: NodeServer) -> None:
    """The token that comes back is the new person's."""
    api = await application_api(node_server)

    answer = await api.post("/api/v1/accounts", data=GOOD)

    assert_valid(answer.json(), "Token")
    carla = await node_server.api(answer.json()["access_token"])
    entity = (await carla.get("/api/v1/accounts/verify_credentials")).json()
    assert_valid(entity, "CredentialAccount")
    assert entity["acct"] == "carla"


async def test_each_fault_of_a_registration_is_named(node_server: NodeServer) -> None:
    """Mastodon's codes beside the fields; S57: an address that could slip past a rule is no address."""
    api = await application_api(node_server)
    await node_server.person("anna")
    cases: tuple[tuple[dict[str, str], str, str], ...] = (
        ({"username": ""}, "username", "ERR_BLANK"),
        ({"username": "admin"}, "username", "ERR_RESERVED"),
        ({"username": "ANNA"}, "username", "ERR_TAKEN"),
        ({"username": "a" * 31}, "username", "ERR_TOO_LONG"),
        ({"username": "carla."}, "username", "ERR_INVALID"),
        ({"username": "cárla"}, "username", "ERR_INVALID"),
        ({"username": "carla@x"}, "username", "ERR_INVALID"),
        ({"email": ""}, "email", "ERR_BLANK"),
        ({"email": "Anna@people.example"}, "email", "ERR_TAKEN"),
        ({"email": "carla%evil.example@people.example"}, "email", "ERR_INVALID"),
        ({"email": '"carla"@people.example'}, "email", "ERR_INVALID"),
        ({"email": "carla@people.example,x@y.example"}, "email", "ERR_INVALID"),
        ({"email": "carla@localhost"}, "email", "ERR_INVALID"),
        ({"email": "carla@[127.0.0.1]"}, "email", "ERR_INVALID"),
        ({"password": "short"}, "password", "ERR_TOO_SHORT"),
        ({"username": "carlacarla", "password": "CarlaCarla"}, "password", "ERR_INVALID"),
        ({"agreement": "false"}, "agreement", "ERR_ACCEPTED"),
    )

    for changes, name, code in cases:
        answer = await api.post("/api/v1/accounts", data=GOOD | changes)
        assert answer.status_code == 422, changes
        assert_valid(answer.json(), "ValidationError")
        assert answer.json()["details"][name][0]["error"] == code, changes
    assert len(await users.list_users(node_server.node)) == 1


async def test_somebody_who_waits_for_approval_can_do_nothing(serve: Serve) -> None:
    """S49: a token of an unapproved user opens nothing and shows nobody; approval opens both."""
    server = await serve(registration="approval")
    api = await application_api(server)
    boss = await server.person("boss", role=UserRole.ADMIN)

    unreasoned = await api.post("/api/v1/accounts", data=GOOD)
    assert unreasoned.json()["details"]["reason"][0]["error"] == "ERR_BLANK"
    answer = await api.post("/api/v1/accounts", data=GOOD | {"reason": "I work here"})
    carla = await server.api(answer.json()["access_token"])
    refused = await carla.get("/api/v1/accounts/verify_credentials")
    assert (refused.status_code, refused.json()["error"]) == (403, "Your login is currently pending approval")
    browser = await server.browser()
    assert (await browser.sign_in("carla")).status_code == 403
    assert (await server.anonymous.get("/@carla")).status_code == 404
    assert (await boss.api.get("/api/v1/accounts/lookup", params={"acct": "carla"})).json()["suspended"] is True

    await browser.sign_in("boss")
    page = await browser.open("/")
    assert "I work here" in page.text
    await browser.submit(page, "/account/waiting/carla", decision="approve")

    assert await browser.said_once("/") == Done.APPROVED
    assert (await carla.get("/api/v1/accounts/verify_credentials")).status_code == 200
    assert (await server.anonymous.get("/api/v1/accounts/lookup?acct=carla")).json()["suspended"] is False


@pytest.mark.parametrize("mode", ["open", "approval"])
async def test_those_who_look_after_the_node_are_told_of_a_sign_up(serve: Serve, mode: str) -> None:
    """Owners and administrators find who registered among their notifications; members, and who was one, do not."""
    server = await serve(registration=mode)
    owner, member = await server.person("boss", role=UserRole.OWNER), await server.person("anna")
    await (await application_api(server)).post("/api/v1/accounts", data=GOOD | {"reason": "I work here"})

    told = (await owner.api.get("/api/v1/notifications", params={"types[]": "admin.sign_up"})).json()
    untold = (await member.api.get("/api/v1/notifications")).json()

    assert [(one["type"], one["account"]["username"]) for one in told] == [("admin.sign_up", "carla")]
    assert untold == []
    await server.person("chief", role=UserRole.OWNER)
    await users.change_role(server.node, owner.user, UserRole.MODERATOR)
    assert (await owner.api.get("/api/v1/notifications")).json() == []
    assert (await owner.api.get("/api/v1/notifications/unread_count")).json() == {"count": 0}


async def test_somebody_turned_away_leaves_nothing(serve: Serve) -> None:
    """Once that is confirmed, the name is free again and the token worth nothing; nobody else is turned away so."""
    server = await serve(registration="approval")
    await server.person("boss", role=UserRole.ADMIN)
    answer = await (await application_api(server)).post("/api/v1/accounts", data=GOOD | {"reason": "Let me in"})
    browser = await server.browser()
    await browser.sign_in("boss")
    page = await browser.open("/")

    unconfirmed = await browser.submit(page, "/account/waiting/carla", decision="reject")
    assert (unconfirmed.status_code, "say first that it is meant" in unconfirmed.text) == (422, True)
    assert "Let me in" in unconfirmed.text
    await browser.submit(page, "/account/waiting/carla", decision="reject", confirmed="1")
    assert await browser.said_once("/") == Done.TURNED_AWAY
    again = await browser.submit(page, "/account/waiting/boss", decision="reject", confirmed="1")

    assert again.status_code == 403
    carla = await server.api(answer.json()["access_token"])
    assert (await carla.get("/api/v1/preferences")).status_code == 401
    assert [user.username for user in await users.list_users(server.node)] == ["boss"]


async def test_closed_and_invited_registration_refuse_by_the_api(serve: Serve) -> None:
    """Without an invitation nobody comes in; in a closed node not even with one."""
    server = await serve(registration="invite")
    boss = await server.person("boss", role=UserRole.OWNER)
    invite = await registration.create_invite(server.node, boss.user)
    api = await application_api(server)

    assert (await api.post("/api/v1/accounts", data=GOOD)).status_code == 403
    wrong = await api.post("/api/v1/accounts", data=GOOD | {"invite_code": "wrong"})
    assert wrong.json()["details"]["invite_code"][0]["error"] == "ERR_INVALID"
    assert (await api.post("/api/v1/accounts", data=GOOD | {"invite_code": invite.code})).status_code == 200


async def test_an_invitation_lets_one_person_in(serve: Serve) -> None:
    """An administrator makes a link; the one who opens it fills in a form, and is in; the link is used up."""
    server = await serve(registration="invite")
    await server.person("boss", role=UserRole.ADMIN)
    boss, carla = await server.browser(), await server.browser()
    await boss.sign_in("boss")
    await boss.submit(await boss.open("/"), "/account/invites")
    path = (await boss.open("/")).text.split(f"{server.url}/invite/")[1].split("<")[0]

    form = await carla.open(f"/invite/{path}")
    faulty = await carla.submit(form, f"/invite/{path}", username="!", email="carla@people.example", password=PASSWORD)
    done = await carla.submit(form, f"/invite/{path}", **GOOD)

    assert faulty.status_code == 422
    assert faulty.text.count("must contain only letters") == 1
    assert done.status_code == 303
    assert "Hello, <bdi>carla</bdi>" in (await carla.open("/")).text
    assert (await carla.open(f"/invite/{path}")).status_code == 404
    assert (await carla.open("/auth/sign_up")).status_code == 403


@pytest.mark.parametrize(("mode", "mails"), [("approval", False), ("approval", True), ("open", True)])
async def test_whoever_has_to_wait_is_told_for_what(serve: Serve, mode: str, *, mails: bool) -> None:
    """What follows the form can be loaded again without registering twice; signing in tells where the letter went."""
    mail = {"smtp_url": "smtp+plain://127.0.0.1:9", "mail_from": "fedorg@node.example"} if mails else {}
    carla = await (await serve(registration=mode, **mail)).browser()

    done = await carla.submit(await carla.open("/auth/sign_up"), "/auth/sign_up", **GOOD, reason="Let me in")

    assert (done.status_code, done.headers["location"]) == (303, "/auth/sign_in")
    said = await carla.said_once("/auth/sign_in")
    assert ("a letter is on its way" in said, "administrator" in said) == (mails, mode == "approval")
    waiting = await carla.sign_in("carla", GOOD["password"])
    assert (waiting.status_code, GOOD["email"] in waiting.text) == (403, mails)


async def test_a_closed_node_says_so_to_whoever_wants_to_register(serve: Serve) -> None:
    """With and without an invitation, over the API and in the browser: nobody is told to ask for an invitation."""
    server = await serve(registration="closed")
    boss = await server.person("boss", role=UserRole.ADMIN)
    invite = await registration.create_invite(server.node, boss.user)
    carla = await server.browser()

    answers = [await carla.open(path) for path in ("/auth/sign_up", f"/invite/{invite.code}")]
    answers.append(await (await application_api(server)).post("/api/v1/accounts", data=GOOD))

    for answer in answers:
        assert (answer.status_code, "is closed" in answer.text, "invitation" in answer.text) == (403, True, False)


async def test_an_invitation_is_taken_back(serve: Serve) -> None:
    """The page says until when it holds and, where there are those of others, who made it; members end only theirs."""
    server = await serve(registration="invite")
    await server.person("boss", role=UserRole.ADMIN)
    chief = await server.person("chief", role=UserRole.OWNER)
    await server.person("anna")
    boss, anna = await server.browser(), await server.browser()
    await boss.sign_in("boss")
    await anna.sign_in("anna")
    await boss.submit(await boss.open("/"), "/account/invites")
    assert await boss.said_once("/") == Done.INVITED
    alone = (await boss.open("/")).text
    assert f'Until <time datetime="{server.clock() + timedelta(days=7):%Y-%m-%d}' in alone
    assert "made by" not in alone
    invite = await registration.create_invite(server.node, chief.user)
    page, take_back = await boss.open("/"), f"/account/invites/{invite.id}/take_back"
    assert page.text.index("made by @chief") < page.text.index("made by @boss")

    foreign = await anna.submit(await anna.open("/"), take_back)
    opened = await server.anonymous.get(f"/invite/{invite.code}")
    taken = await boss.submit(page, take_back)

    assert (foreign.status_code, opened.status_code, taken.status_code) == (404, 200, 303)
    assert await boss.said_once("/") == Done.INVITATION_TAKEN_BACK
    assert (await server.anonymous.get(f"/invite/{invite.code}")).status_code == 404
    left = (await boss.open("/")).text
    assert invite.code not in left
    assert f"{server.url}/invite/" in left
    assert (await boss.submit(page, take_back)).status_code == 404
    (line,) = await auditing.list_lines(server.node, action="invite.taken_back")
    assert (line.by, line.target) == ("boss", str(invite.id))


@pytest.mark.parametrize("way_out", ["demoted", "disabled", "suspended", "deleted"])
async def test_an_invitation_ends_with_the_office_of_who_made_it(serve: Serve, way_out: str) -> None:
    """Nobody comes back through a door that they opened while they looked after the node."""
    server = await serve(registration="invite")
    boss = await server.person("boss", role=UserRole.ADMIN)
    await server.person("chief", role=UserRole.OWNER)
    chief = await server.browser()
    await chief.sign_in("chief")
    invite = await registration.create_invite(server.node, boss.user)
    page = f"/invite/{invite.code}"
    stranger = await server.browser()
    form = await stranger.open(page)
    assert form.status_code == 200

    match way_out:
        case "demoted":
            await users.change_role(server.node, boss.user, UserRole.MODERATOR)
        case "disabled":
            await users.disable(server.node, boss.user)
        case "suspended":
            suspension = AccountAction(action=WarningAction.SUSPEND)
            await moderation.act(server.node, None, boss.user.account_id, suspension)
        case _:
            await departures.delete_member(server.node, "boss")

    assert (await stranger.submit(form, page, **GOOD)).status_code == 404
    assert (await stranger.open(page)).status_code == 404
    assert invite.code not in (await chief.open("/")).text
    api = await application_api(server)
    refused = await api.post("/api/v1/accounts", data=GOOD | {"invite_code": invite.code})
    assert refused.json()["details"]["invite_code"][0]["error"] == "ERR_INVALID"


async def test_whoever_registers_reads_the_rules(serve: Serve) -> None:
    """On the form itself; who tries too often is told when to come back."""
    server = await serve(rate_limits=0.08)
    await instance_texts.add_rule(server.node, "Be kind.", "Also to <robots>.")
    carla = await server.browser()

    form = await carla.open("/auth/sign_up")
    wrong = [await carla.submit(form, "/auth/sign_up", username="!") for _ in range(3)]

    assert "Be kind." in form.text
    assert "&lt;robots&gt;" in form.text
    assert [answer.status_code for answer in wrong] == [422, 422, 429]
    assert "Try again in " in wrong[-1].text


async def test_registration_needs_a_client(node_server: NodeServer) -> None:
    """Only a registered program with the scope registers people."""
    assert (await node_server.anonymous.post("/api/v1/accounts", data=GOOD)).status_code == 401
    reader = await application_api(node_server, "read")
    assert (await reader.post("/api/v1/accounts", data=GOOD)).status_code == 403


async def test_two_who_want_one_name_do_not_both_get_it(node_server: NodeServer) -> None:
    """A name taken between question and answer is an answer of 422, not a fault."""
    draft = SignUp(username="carla", email=None, password=PASSWORD, agreement=True)
    api = await application_api(node_server)

    answers = [await api.post("/api/v1/accounts", data=GOOD | {"email": f"c{n}@people.example"}) for n in range(2)]

    assert [answer.status_code for answer in answers] == [200, 422]
    assert draft.username == "carla"


async def test_a_profile_is_changed_in_every_encoding(node_server: NodeServer) -> None:
    """Multipart with files, forms with brackets and JSON mean the same; the change is told to other servers."""
    anna = await node_server.person("anna")

    by_parts = await anna.api.patch(
        "/api/v1/accounts/update_credentials",
        data={
            "display_name": "Anna  Lindqvist",
            "note": "Hello <b>you</b> #tag https://example.org",
            "fields_attributes[0][name]": "Web",
            "fields_attributes[0][value]": "https://anna.example",
            "fields_attributes[1][name]": "",
            "fields_attributes[1][value]": "",
            "locked": "true",
            "source[privacy]": "private",
        },
        files={"avatar": ("a.png", picture(), "image/png"), "header": ("h.png", picture(), "image/png")},
    )

    entity = by_parts.json()
    assert_valid(entity, "CredentialAccount")
    assert entity["display_name"] == "Anna Lindqvist"
    assert "&lt;b&gt;" in entity["note"]
    assert entity["source"]["note"] == "Hello <b>you</b> #tag https://example.org"
    assert [field["name"] for field in entity["fields"]] == ["Web"]
    assert 'rel="me' in entity["fields"][0]["value"]
    assert entity["source"]["fields"][0]["value"] == "https://anna.example"
    assert (entity["locked"], entity["source"]["privacy"]) == (True, "private")
    for name in ("avatar", "header"):
        shown = await node_server.anonymous.get(entity[name])
        assert (shown.status_code, shown.headers["Content-Type"]) == (200, "image/png")
    assert await queued_profiles(node_server) == 1

    body = {"bot": True, "fields_attributes": [{"name": "A", "value": "1"}], "source": {"sensitive": True}}
    by_json = (await anna.api.patch("/api/v1/accounts/update_credentials", json=body)).json()
    assert (by_json["bot"], by_json["source"]["sensitive"], by_json["locked"]) == (True, True, True)
    assert [field["value"] for field in by_json["fields"]] == ["1"]
    keyed = {"fields_attributes": {"0": {"name": "B", "value": "2"}}}
    by_keys = (await anna.api.patch("/api/v1/accounts/update_credentials", json=keyed)).json()
    assert [field["name"] for field in by_keys["fields"]] == ["B"]
    preferences = (await anna.api.get("/api/v1/preferences")).json()
    assert_valid(preferences, "Preferences")
    assert preferences["posting:default:visibility"] == "private"


async def queued_profiles(server: NodeServer) -> int:
    def unit(conn: Connection) -> int:
        rows = conn.execute(tables.jobs.select()).all()
        return sum(DistributeProfile.__name__ in row.payload for row in rows)

    return await server.node.read(unit)


async def test_fields_of_a_profile_stand_as_they_were_sent(node_server: NodeServer) -> None:
    """The index of a field only tells fields apart; no fields at all is a wish, too."""
    anna = await node_server.person("anna")
    path = "/api/v1/accounts/update_credentials"
    rows = {"420": "1st", "69": "2nd", "-99999999999999999999999999999999": "3rd"}

    by_json = await anna.api.patch(
        path, json={"fields_attributes": {index: {"name": name, "value": "x"} for index, name in rows.items()}}
    )
    assert [field["name"] for field in by_json.json()["fields"]] == ["1st", "2nd", "3rd"]
    by_form = await anna.api.patch(
        path,
        data={f"fields_attributes[{index}][{key}]": name for index, name in rows.items() for key in ("name", "value")},
    )
    assert [field["value"] for field in by_form.json()["fields"]] == ["1st", "2nd", "3rd"]
    assert (await anna.api.patch(path, json={"fields_attributes": []})).json()["fields"] == []


async def test_a_profile_is_read_and_changed_as_it_was_typed(node_server: NodeServer) -> None:
    """What was typed comes back, no picture is null, what is shown of it is seen by others, and its sites are told."""
    anna, bert = await node_server.person("anna"), await node_server.person("bert")
    path = "/api/v1/profile"
    empty = (await anna.api.get(path)).json()
    assert_valid(empty, "Profile")
    assert (empty["avatar"], empty["header"], empty["featured_tags"]) == (None, None, [])
    await anna.api.post("/api/v1/featured_tags", data={"name": "gardens"})

    changed = await anna.api.patch(
        path,
        json={
            "note": "Likes <b>bold</b>",
            "fields_attributes": [{"name": "Web", "value": "https://anna.example"}],
            "show_media": False,
            "show_featured": False,
            "attribution_domains": ["https://News.example/anna", "blog.example", "news.example"],
        },
    )

    profile = changed.json()
    assert_valid(profile, "Profile")
    assert profile["note"] == "Likes <b>bold</b>"
    assert profile["fields"] == [{"name": "Web", "value": "https://anna.example", "verified_at": None}]
    assert profile["attribution_domains"] == ["news.example", "blog.example"]
    assert [tag["name"] for tag in profile["featured_tags"]] == ["gardens"]
    assert (await anna.api.get(path)).json() == profile
    own = (await anna.api.get("/api/v1/accounts/verify_credentials")).json()
    assert own["source"]["attribution_domains"] == ["news.example", "blog.example"]
    seen = (await bert.api.get(f"/api/v1/accounts/{anna.id}")).json()
    assert (seen["show_media"], seen["show_media_replies"], seen["show_featured"]) == (False, True, False)
    actor = await node_server.anonymous.get("/users/anna", headers={"Accept": "application/activity+json"})
    assert actor.json()["attributionDomains"] == ["news.example", "blog.example"]
    for domains in (["not a domain"], [f"site{number}.example" for number in range(11)]):
        assert (await anna.api.patch(path, json={"attribution_domains": domains})).status_code == 422
    assert (await anna.api.patch(path, json={"attribution_domains": []})).json()["attribution_domains"] == []


async def test_pictures_are_taken_away_for_good(node_server: NodeServer) -> None:
    """S62: the old address of a removed or replaced picture answers 404."""
    anna = await node_server.person("anna")
    path = "/api/v1/accounts/update_credentials"
    old = (await anna.api.patch(path, files={"avatar": ("a.png", picture(), "image/png")})).json()["avatar"]
    new = (await anna.api.patch(path, files={"avatar": ("a.png", picture((50, 50)), "image/png")})).json()["avatar"]

    gone = await anna.api.delete("/api/v1/profile/avatar")

    assert old != new
    assert gone.json()["avatar"].endswith("/static/avatar.png")
    assert (await anna.api.delete("/api/v1/profile/header")).status_code == 200
    for address in (old, new):
        assert (await node_server.anonymous.get(address)).status_code == 404


async def test_a_profile_that_is_too_long_or_no_picture_changes_nothing(node_server: NodeServer) -> None:
    """S26: every part has its limit, and a refused change leaves all as it was."""
    anna = await node_server.person("anna")
    fields = {f"fields_attributes[{n}][name]": "x" for n in range(7)}

    for body in (
        {"display_name": "x" * 61},
        {"note": "x" * 501},
        {"fields_attributes[0][name]": "n", "fields_attributes[0][value]": "x" * 256},
        fields,
        {"source[privacy]": "everybody"},
        {"source[privacy]": "direct"},
    ):
        answer = await anna.api.patch("/api/v1/accounts/update_credentials", data=body)
        assert answer.status_code == 422, body
        assert answer.json()["error"].startswith("Validation failed"), body
    not_a_picture = await anna.api.patch(
        "/api/v1/accounts/update_credentials", files={"avatar": ("a.png", b"<svg/>", "image/png")}
    )
    assert not_a_picture.status_code == 422
    assert (await anna.api.patch("/api/v1/accounts/update_credentials", data={"avatar": "x"})).status_code == 400
    assert await queued_profiles(node_server) == 0


async def test_a_default_reach_goes_no_further_than_the_node(serve: Serve) -> None:
    """A member narrows the default, and cannot widen it beyond the mode."""
    server = await serve(federation_mode="organisation", default_reach="organisation")
    anna = await server.person("anna")
    path = "/api/v1/accounts/update_credentials"

    assert (await anna.api.patch(path, data={"source[reach]": "node"})).json()["source"]["reach"] == "node"
    assert (await anna.api.patch(path, data={"source[reach]": "partners"})).status_code == 422


async def test_accounts_are_found_by_id_handle_and_list(node_server: NodeServer) -> None:
    """With or without a token, with or without the node's own domain; an unknown one is 404."""
    anna, bert = await node_server.person("anna"), await node_server.person("bert")
    domain = node_server.node.settings.domain

    by_id = await node_server.anonymous.get(f"/api/v1/accounts/{anna.id}")
    by_handle = await bert.api.get("/api/v1/accounts/lookup", params={"acct": f"@Anna@{domain}"})
    both = await node_server.anonymous.get("/api/v1/accounts", params={"id[]": [bert.id, anna.id, "1", "x"]})

    assert_valid(by_id.json(), "Account")
    assert by_handle.json()["id"] == anna.id
    assert_all_valid(both.json(), "Account")
    assert [entity["id"] for entity in both.json()] == [bert.id, anna.id]
    for path in ("/api/v1/accounts/1", "/api/v1/accounts/lookup?acct=nobody", "/api/v1/accounts/lookup"):
        answer = await node_server.anonymous.get(path)
        assert (answer.status_code, answer.json()) == (404, {"error": "Record not found"}), path


async def test_following_a_locked_account_counts_as_a_request(node_server: NodeServer) -> None:
    """The owner sees how many wait."""
    anna, bert = await node_server.person("anna"), await node_server.person("bert")
    await anna.api.patch("/api/v1/accounts/update_credentials", data={"locked": "true"})

    await bert.api.post(f"/api/v1/accounts/{anna.id}/follow")

    entity = (await anna.api.get("/api/v1/accounts/verify_credentials")).json()
    assert entity["source"]["follow_requests_count"] == 1
