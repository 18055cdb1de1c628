"""Attacks from inside: a second member on every route that takes an id, every kind of login on every route.

The tables are made from the application's own routes, so that a route that is added is attacked from its first day.
"""

import json
import re
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

import httpx
import pytest
import pytest_asyncio
from sqlalchemy import Connection

from fedorg import web
from fedorg.domain.accounts import UserRole
from fedorg.domain.visibility import Tier
from fedorg.services import peers, users
from fedorg.store import accounts
from fedorg.web.auth import ACCESS
from tests.databases import SqliteFiles
from tests.node.attacks.ground import Ground, take_ground
from tests.node.fake_peer import FakePeer
from tests.node.serving import PASSWORD, Member, NodeServer
from tests.node.talking import post, refusal, success, upload
from tests.node.test_api_refusals import shown

pytestmark = pytest.mark.asyncio(loop_scope="module")

# Ids of what belongs to one member and is shown to nobody else, by their names in routes.
OWNED: Final = frozenset(
    {"status_id", "media_id", "list_id", "filter_id", "keyword_id", "entry_id", "scheduled_id", "notification_id"}
    | {"row_id", "poll_id", "quoting_status_id", "group_key", "conversation_id", "request_id"}
)
# Of what belongs to one member and may be shown to all; only its owner changes it.
SHOWN: Final = frozenset({"collection_id", "item_id"})
# Ids and names of what everybody may name; what one does with it is one's own.
NAMED: Final = frozenset({"account_id", "announcement_id", "name", "hashtag", "day", "refresh_id", "year"})
# Ids and names that staff alone may name.
STAFFS: Final = frozenset({"report_id", "block_id", "allow_id", "domain", "trend_id", "tag_id", "kind"})
ABSENT: Final = "109000000000000001"
_PART: Final = re.compile(r"<(?:[a-z]+:)?([a-z_]+)>")
_BODY: Final = {
    "status": "Mine now", "title": "Mine now", "description": "Mine now", "phrase": "mine", "keyword": "mine",
    "context": ["home"], "account_ids": [ABSENT], "status_id": ABSENT, "choices": [0], "scheduled_at": "2099-01-01",
    "quote_approval_policy": "public",
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """A route of the API; ``path`` has the names of its parts in braces."""

    method: str
    path: str
    parts: tuple[str, ...]
    access: str

    @property
    def scope(self) -> str:
        """The scope it asks for; "" for none."""
        scope = self.access.partition(",")[0].removeprefix("public").removeprefix("application").strip()
        return "" if scope == "login" else scope

    @property
    def role(self) -> str:
        """The least role of whoever calls it; "" for every member."""
        return self.access.partition(",")[2].strip()

    def url(self, ids: dict[str, str]) -> str:
        """Its address with these ids, and nobody's for every other part."""
        return self.path.format(**{part: ids.get(part, ABSENT) for part in self.parts})


def routes(server: NodeServer) -> list[Route]:
    """All of the API but for open streams."""
    app = web.create_app(server.node)
    found = [
        Route(
            method=method,
            path=_PART.sub(lambda part: f"{{{part[1]}}}", rule.rule),
            parts=tuple(_PART.findall(rule.rule)),
            access=getattr(app.view_functions[rule.endpoint], ACCESS),
        )
        for rule in app.url_map.iter_rules()
        if rule.rule.startswith("/api/") and not rule.websocket and "streaming" not in rule.rule
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
    ]
    assert len(found) > 100
    return sorted(found, key=lambda route: (route.path, route.method))


async def call(client: httpx.AsyncClient, route: Route, ids: dict[str, str]) -> httpx.Response:
    """The route with these ids and a body that would mean something."""
    content = None if route.method == "GET" else json.dumps(_BODY)
    return await client.request(
        route.method, route.url(ids), content=content, headers={"Content-Type": "application/json"}
    )


async def belongings(ground: Ground, owner: Member, other: Member) -> dict[str, str]:
    """One of everything that a member can have for themselves."""
    api = owner.api
    friend = await ground.server.person("friend")
    await friend.api.patch("/api/v1/accounts/update_credentials", data={"discoverable": "true"})
    await post(owner, "@friend between us", visibility="direct")
    named = {"name": "Mine", "account_ids": [friend.id], "discoverable": True}
    shared = success(await api.post("/api/v1/collections", json=named))["collection"]
    options = {"poll": {"options": ["a", "b"], "expires_in": 3600}}
    hidden = await post(owner, f"@{owner.user.username} for nobody else", visibility="direct", **options)
    public = await post(owner, "For everybody")
    made = success(await api.post("/api/v2/filters", json={"title": "Mine", "context": ["home"]}))
    keyword = success(await api.post(f"/api/v2/filters/{made['id']}/keywords", json={"keyword": "word"}))
    entry = success(await api.post(f"/api/v2/filters/{made['id']}/statuses", json={"status_id": public["id"]}))
    later = (datetime.now(UTC) + timedelta(days=2)).isoformat()
    scheduled = success(await api.post("/api/v1/statuses", json={"status": "Later", "scheduled_at": later}))
    await other.api.post(f"/api/v1/statuses/{public['id']}/favourite")
    await ground.working.settle()
    (told,) = success(await api.get("/api/v1/notifications"))
    (group,) = success(await api.get("/api/v2/notifications"))["notification_groups"]
    success(await api.patch("/api/v2/notifications/policy", json={"for_not_following": "filter"}))
    await post(friend, f"@{owner.user.username} may I?")
    await ground.working.settle()
    (asked,) = success(await api.get("/api/v1/notifications/requests"))
    return {
        "request_id": asked["id"],
        "conversation_id": success(await api.get("/api/v1/conversations"))[0]["id"],
        "collection_id": shared["id"],
        "item_id": shared["items"][0]["id"],
        "status_id": hidden["id"],
        "quoting_status_id": hidden["id"],
        "poll_id": hidden["poll"]["id"],
        "media_id": (await upload(owner))["id"],
        "list_id": success(await api.post("/api/v1/lists", json={"title": "Mine"}))["id"],
        "filter_id": made["id"],
        "keyword_id": keyword["id"],
        "entry_id": entry["id"],
        "scheduled_id": scheduled["id"],
        "notification_id": told["id"],
        "group_key": group["group_key"],
        "row_id": success(await api.post("/api/v1/featured_tags", json={"name": "mine"}))["id"],
    }


async def snapshot(owner: Member, ids: dict[str, str], readable: list[Route]) -> list[Any]:
    """Everything of it that its owner can read."""
    return [(await call(owner.api, route, ids)).json() for route in readable]


async def test_s45_a_second_member_on_every_route_with_an_id(ground: Ground) -> None:
    """S45, S47: with the ids of another's things every method answers as for what is not there, and changes nothing."""
    anna, bert = await ground.server.person("anna"), await ground.server.person("bert")
    ids = await belongings(ground, anna, bert)
    all_routes = routes(ground.server)
    unknown = {part for route in all_routes for part in route.parts} - OWNED - SHOWN - NAMED - STAFFS
    assert unknown == set(), "say of new ids whether they are one member's own"
    attacked = [
        route
        for route in all_routes
        if OWNED & set(route.parts) or (SHOWN & set(route.parts) and route.method != "GET")
    ]
    readable = [
        route
        for route in all_routes
        if route.method == "GET" and (OWNED | SHOWN) & set(route.parts) and "translate" not in route.path
    ]
    before = await snapshot(anna, ids, readable)

    for route in attacked:
        for client in (bert.api, ground.server.anonymous):
            theirs, nobodys = await call(client, route, ids), await call(client, route, {})
            if not SHOWN & set(route.parts):
                assert shown(theirs) == shown(nobodys), (route, theirs.text, nobodys.text)
            assert theirs.status_code in (200, 401, 403, 404, 422), route
            if theirs.status_code == 200:
                assert not [one for one in ids.values() if one in theirs.text], (route, theirs.text)

    assert len(attacked) > 40
    assert await snapshot(anna, ids, readable) == before


async def test_s46_every_route_asks_for_its_scope_and_for_no_more(ground: Ground) -> None:
    """S46: on every route, a token with its very scope is let in, and a token with all others is not."""
    carla = await ground.server.person("carla")
    clients: dict[str, httpx.AsyncClient] = {}
    scoped = [route for route in routes(ground.server) if route.scope]
    for route in scoped:
        if route.scope not in clients:
            clients[route.scope] = await ground.server.api(await ground.server.token(carla.user, route.scope))
        answer = await call(clients[route.scope], route, {})
        assert answer.status_code not in (401, 500), (route, answer.text)
        assert bool(route.role) is ("This action is not allowed" in answer.text), (route, answer.text)
        assert "outside the authorized scopes" not in answer.text, route
    scopes = sorted(clients)
    for number, route in enumerate(scoped):
        # Some of the others, different ones for each route.
        for scope in (scopes * 2)[number % len(scopes) :][:4]:
            client = clients[scope]
            if route.scope == scope or route.scope.startswith(f"{scope}:"):
                continue
            if route.scope == "profile" and scope in ("read", "read:accounts"):
                # As at Mastodon, the wider scope shows one's own profile too.
                continue
            answer = await call(client, route, {})
            assert refusal(answer, 403) == "This action is outside the authorized scopes", (scope, route)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def approving(sqlite_files: SqliteFiles, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Ground]:
    """A node that lets people wait for approval."""
    folder = tmp_path_factory.mktemp("approving")
    async with take_ground(sqlite_files, folder, registration="approval") as taken:
        yield taken


async def application(server: NodeServer) -> httpx.AsyncClient:
    """A program that acts for itself."""
    asked = {"client_name": "App", "redirect_uris": "urn:ietf:wg:oauth:2.0:oob", "scopes": "read write follow push"}
    made = success(await server.anonymous.post("/api/v1/apps", data=asked))
    granted = {"grant_type": "client_credentials", "scope": "read write follow push"}
    granted |= {name: made[name] for name in ("client_id", "client_secret")}
    return await server.api(success(await server.anonymous.post("/oauth/token", data=granted))["access_token"])


async def test_s49_who_waits_for_approval_is_nobody_yet(approving: Ground) -> None:
    """S49: a token for somebody not approved opens no route, not even what visitors may see; nor does a browser."""
    asked = {"username": "newcomer", "email": "new@people.example", "password": PASSWORD, "agreement": "true"}
    app = await application(approving.server)
    token = success(await app.post("/api/v1/accounts", data=asked | {"reason": "Please"}))["access_token"]
    waiting = await approving.server.api(token)

    for route in routes(approving.server):
        if route.access not in ("public", "application", "application write:accounts"):
            answer = await call(waiting, route, {})
            assert refusal(answer, 403) == "Your login is currently pending approval", route
    browser = await approving.server.browser()
    assert (await browser.sign_in("newcomer")).status_code == 403
    for path in ("/@newcomer", "/users/newcomer", "/.well-known/webfinger?resource=acct:newcomer@localhost"):
        answer = await approving.server.anonymous.get(path, headers={"Accept": "application/activity+json"})
        assert answer.status_code in (400, 404), path
    found = success(await approving.alice.api.get("/api/v2/search", params={"q": "newcomer"}))
    assert found["accounts"] == []


async def test_s46_what_only_staff_may_do(approving: Ground) -> None:
    """S46: inviting, approving and turning away are refused to members, with a good form and without."""
    boss = await approving.server.person("boss", role=UserRole.ADMIN)
    asked = {"username": "hopeful", "email": "hope@people.example", "password": PASSWORD, "agreement": "true"}
    app = await application(approving.server)
    success(await app.post("/api/v1/accounts", data=asked | {"reason": "Please"}))
    browser = await approving.server.browser()
    await browser.sign_in("alice")
    page = await browser.open("/")

    for path, fields in (
        ("/account/invites", {}),
        ("/account/waiting/hopeful", {"decision": "approve"}),
        ("/account/waiting/hopeful", {"decision": "reject"}),
        ("/account/waiting/boss", {"decision": "reject"}),
    ):
        assert (await browser.submit(page, path, **fields)).status_code == 403, path
        assert (await browser.http.post(path, data=fields)).status_code == 403, path

    hopeful = await users.get_by_username(approving.server.node, "hopeful")
    assert hopeful.approved_at is None
    assert (await boss.api.get("/api/v1/accounts/verify_credentials")).status_code == 200


@pytest.mark.parametrize("how", ["disabled", "suspended"])
async def test_s49_who_is_kept_out_is_out_on_every_route(ground: Ground, how: str) -> None:
    """S49: tokens and browsers of somebody kept out open nothing that needs a login, whatever the route."""
    member = await ground.server.person(f"gone{how}")
    browser = await ground.server.browser()
    await browser.sign_in(member.user.username)
    if how == "disabled":
        await users.disable(ground.server.node, member.user)
    else:
        await ground.server.node.write(_suspend, member)

    for route in routes(ground.server):
        if route.access not in ("public", "application", "application write:accounts"):
            answer = await call(member.api, route, {})
            assert answer.status_code in (401, 403), (route, answer.text)
    assert "Sign out" not in (await browser.open("/")).text
    again = await browser.sign_in(member.user.username)
    assert (again.status_code, how in again.text) == (403, True)
    link = urlsplit(await users.create_sign_in_link(ground.server.node, member.user)).path
    assert (await browser.submit(await browser.open(link), link)).status_code == 403
    assert "Sign out" not in (await browser.open("/")).text


def _suspend(conn: Connection, member: Member) -> None:
    known = accounts.get(conn, member.user.account_id)
    accounts.set_standing(conn, known.id, suspended_at=datetime.now(UTC))


async def test_s48_who_knows_whom_is_told_to_no_visitor_of_a_narrow_node(
    sqlite_files: SqliteFiles, tmp_path: Path, peer: FakePeer
) -> None:
    """S48: where a node does not federate with everybody, only members and its peers see who follows whom."""
    narrow = {"federation_mode": "partners", "default_reach": "partners"}
    async with take_ground(sqlite_files, tmp_path, **narrow) as ground:
        bert = await ground.server.person("bert")
        await bert.api.post(f"/api/v1/accounts/{ground.alice.id}/follow")
        await peers.set_tier(ground.server.node, peer.domain, Tier.PARTNER)
        listed = f"{ground.alice_uri}/followers?page=true"
        for path in (f"/api/v1/accounts/{ground.alice.id}/followers", f"/api/v1/accounts/{bert.id}/following"):
            assert len(success(await ground.alice.api.get(path))) == 1
            assert success(await ground.server.anonymous.get(path)) == []
        unsigned = await ground.server.anonymous.get(listed, headers={"Accept": "application/activity+json"})
        signed = await ground.server.anonymous.get(listed, headers=peer.sign_get(listed, by="mallory"))
        refused = await ground.server.anonymous.get("/api/v1/directory")

        assert "bert" not in unsigned.text
        assert f"{ground.url}/users/bert" in signed.json()["orderedItems"]
        assert refused.status_code == 401


ADMIN_SCOPES: Final = "read write admin:read admin:write"


async def test_s46_roles_are_no_scopes_and_end_below_ones_own(ground: Ground) -> None:
    """S46: a token with every scope gives no role; a role acts on nobody of its own rank or above."""
    people = {
        role: await ground.server.person(f"a{role.value}", role=role, scopes=ADMIN_SCOPES)
        for role in (UserRole.MEMBER, UserRole.MODERATOR, UserRole.ADMIN, UserRole.OWNER)
    }
    for route in routes(ground.server):
        allowed = {"": 0, "moderator": 1, "admin": 2, "owner": 3}[route.role]
        for rank, person in enumerate(people.values()):
            if route.role and rank < allowed:
                assert refusal(await call(person.api, route, {}), 403) == "This action is not allowed", (rank, route)
    for low, actor in enumerate(list(people.values())[:3]):
        for target in list(people.values())[max(low, 1) :]:
            path = f"/api/v1/admin/accounts/{target.id}"
            for action in ("none", "sensitive", "disable", "silence", "suspend"):
                answer = await actor.api.post(f"{path}/action", json={"type": action})
                assert answer.status_code == 403, (actor.user.role, target.user.role, action, answer.text)
            for verb in ("approve", "reject", "enable", "unsilence", "unsuspend", "unsensitive"):
                answer = await actor.api.post(f"{path}/{verb}")
                assert answer.status_code in (403, 404, 422), (actor.user.role, target.user.role, verb, answer.text)
            assert (await actor.api.delete(path)).status_code == 403
    for person in people.values():
        assert (await person.api.get("/api/v1/accounts/verify_credentials")).status_code == 200
