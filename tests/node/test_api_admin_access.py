"""Who may use the admin API: a scope and a role together, for every route of it (S46)."""

from typing import Final

import httpx
import pytest

from fedorg.domain.accounts import UserRole
from fedorg.domain.moderation import ACCESS
from fedorg.services import users
from tests.node.serving import NodeServer
from tests.node.talking import NOBODYS_ID, refusal
from tests.shape.test_client_api import routes

ROUTES: Final = [
    (method, path, access)
    for method, path, access, _ in routes()
    if path.startswith(("/api/v1/admin", "/api/v2/admin"))
]
ALL_ADMIN: Final = "read write admin:read admin:write"


def path_of(path: str) -> str:
    return "/".join(str(NOBODYS_ID) if part.startswith(":") else part for part in path.split("/"))


async def ask(api: httpx.AsyncClient, method: str, path: str) -> httpx.Response:
    return await api.request(method, path_of(path), json={} if method in ("POST", "PUT") else None)


def test_every_route_asks_for_what_the_table_says() -> None:
    """No route of the admin API is guarded by anything but an operation of the table."""
    told = {f"{one.scope}, {one.role}" for one in ACCESS.values()}

    assert ROUTES
    assert [route for route in ROUTES if route[2] not in told] == []
    assert all(one.scope.startswith("admin:") for one in ACCESS.values())


async def test_the_scope_without_the_role_opens_nothing(node_server: NodeServer) -> None:
    """A member with every admin scope, and a moderator at an administrator's route, are refused."""
    member = await node_server.person("anna", scopes=ALL_ADMIN)
    moderator = await node_server.person("mod", scopes=ALL_ADMIN, role=UserRole.MODERATOR)

    for method, path, access in ROUTES:
        assert refusal(await ask(member.api, method, path), 403) == "This action is not allowed"
        if access.endswith(", admin"):
            assert refusal(await ask(moderator.api, method, path), 403) == "This action is not allowed"
        else:
            assert (await ask(moderator.api, method, path)).status_code in (200, 404, 422)


async def test_a_role_counts_from_the_next_request_on(node_server: NodeServer) -> None:
    """A member who was made a moderator acts as one with the token they have, and no more once it is taken back."""
    anna = await node_server.person("anna", scopes=ALL_ADMIN)

    async def answer() -> int:
        return (await anna.api.get("/api/v1/admin/reports")).status_code

    answers = [await answer()]
    for role in (UserRole.MODERATOR, UserRole.MEMBER):
        await users.change_role(node_server.node, anna.user, role)
        answers.append(await answer())
    assert answers == [403, 200, 403]


async def test_the_role_without_the_scope_opens_nothing(node_server: NodeServer) -> None:
    """An administrator's token without the scope is refused everywhere, and so is nobody's."""
    admin = await node_server.person("boss", scopes="read write follow push", role=UserRole.ADMIN)
    reader = await node_server.api(await node_server.token(admin.user, "admin:read"))

    for method, path, access in ROUTES:
        assert "outside the authorized scopes" in refusal(await ask(admin.api, method, path), 403)
        assert refusal(await ask(node_server.anonymous, method, path), 401)
        if access.startswith("admin:write"):
            assert "outside the authorized scopes" in refusal(await ask(reader, method, path), 403)


@pytest.mark.parametrize("role", [UserRole.ADMIN, UserRole.OWNER])
async def test_scope_and_role_together_open_every_route(node_server: NodeServer, role: UserRole) -> None:
    """Administrators and owners with the scopes get an answer of the method itself."""
    boss = await node_server.person("boss", scopes=ALL_ADMIN, role=role)

    for method, path, _ in ROUTES:
        assert (await ask(boss.api, method, path)).status_code in (200, 404, 422), f"{method} {path}"
