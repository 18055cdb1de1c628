"""Networks that are kept out or have to wait, over the admin API and at every door."""

import asyncio
import json
import os
import sys
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any, Final

import httpx
import pytest
import websockets

from fedorg.domain.accounts import UserRole
from fedorg.jobs import upkeep
from fedorg.services import auditing
from tests.fediverse.nodes import wait_for
from tests.node.serving import PASSWORD, Member, NodeServer
from tests.node.talking import NOBODYS_ID, entities, entity, refusal, success
from tests.node.test_api_admin_accounts import staff

BLOCKS: Final = "/api/v1/admin/ip_blocks"


async def made(by: Member, ip: str, severity: str, **fields: object) -> Any:  # noqa: ANN401 - JSON
    return entity(await by.api.post(BLOCKS, json={"ip": ip, "severity": severity, **fields}), "AdminIpBlock")


def coming_from(address: str) -> dict[str, str]:
    return {"X-Forwarded-For": address}


@pytest.fixture
async def behind_proxy(serve: Callable[..., Awaitable[NodeServer]]) -> NodeServer:
    """A node that believes what this machine says of whom it asks for."""
    return await serve(trusted_proxies=("127.0.0.1", "::1"))


async def test_a_blocked_network_reaches_nothing(behind_proxy: NodeServer) -> None:
    """API, pages, inboxes and streams are closed to it, in every spelling of its addresses; health is not."""
    node, boss = behind_proxy, await staff(behind_proxy, "boss", UserRole.ADMIN)
    block = await made(boss, "192.0.2.77/24", "no_access", comment=" Robots ")
    assert (block["ip"], block["comment"], block["expires_at"]) == ("192.0.2.0/24", "Robots", None)

    for address in ("192.0.2.5", "::ffff:192.0.2.5"):
        for method, path in (("GET", "/api/v2/instance"), ("GET", "/about"), ("POST", "/inbox"), ("GET", "/nothing")):
            answer = await node.anonymous.request(method, path, headers=coming_from(address))
            assert answer.status_code == 403, (method, path)
        assert (await node.anonymous.get("/health", headers=coming_from(address))).status_code == 200
        stream = f"{node.url.replace('http', 'ws', 1)}/api/v1/streaming?access_token={boss.token}"
        with pytest.raises(websockets.InvalidStatus, match="403"):
            await websockets.connect(stream, additional_headers=coming_from(address))
    assert success(await node.anonymous.get("/api/v2/instance", headers=coming_from("192.0.3.5")))

    changed = await boss.api.put(f"{BLOCKS}/{block['id']}", json={"severity": "sign_up_block", "expires_in": 60})
    assert entity(changed, "AdminIpBlock")["comment"] == "Robots"
    assert success(await node.anonymous.get("/api/v2/instance", headers=coming_from("192.0.2.5")))
    assert entities(await boss.api.get(BLOCKS), "AdminIpBlock") == [changed.json()]
    assert success(await boss.api.get(f"{BLOCKS}/{block['id']}")) == changed.json()
    assert success(await boss.api.delete(f"{BLOCKS}/{block['id']}")) == {}
    assert refusal(await boss.api.get(f"{BLOCKS}/{block['id']}"), 404)
    lines = await auditing.list_lines(node.node, by="boss", action="ip_block.")
    assert [line.action for line in lines] == ["ip_block.removed", "ip_block.changed", "ip_block.added"]


async def test_whoever_registers_from_there_is_refused_or_waits(behind_proxy: NodeServer) -> None:
    """One network may not register, another waits for approval though the node is open; expired blocks do nothing."""
    boss = await staff(behind_proxy, "boss", UserRole.ADMIN)
    await made(boss, "192.0.2.0/24", "sign_up_block")
    await made(boss, "192.0.2.128/25", "sign_up_requires_approval", expires_in=3600)
    await made(boss, "2001:db8::/32", "sign_up_requires_approval", expires_in=3600)
    application = success(
        await behind_proxy.anonymous.post(
            "/api/v1/apps",
            data={"client_name": "Door", "redirect_uris": "urn:ietf:wg:oauth:2.0:oob", "scopes": "read write"},
        )
    )
    token = success(
        await behind_proxy.anonymous.post(
            "/oauth/token",
            data={
                "grant_type": "client_credentials",
                "client_id": application["client_id"],
                "client_secret": application["client_secret"],
                "scope": "read write",
            },
        )
    )["access_token"]

    async def register(name: str, address: str) -> httpx.Response:
        form = {"username": name, "email": f"{name}@people.example", "password": PASSWORD, "agreement": "true"}
        headers = {"Authorization": f"Bearer {token}", **coming_from(address)}
        return await behind_proxy.anonymous.post("/api/v1/accounts", data=form, headers=headers)

    async def can_post(answer: httpx.Response) -> int:
        headers = {"Authorization": f"Bearer {success(answer)['access_token']}"}
        said = await behind_proxy.anonymous.post("/api/v1/statuses", data={"status": "Hello"}, headers=headers)
        return said.status_code

    for address in ("192.0.2.5", "192.0.2.200"):
        assert refusal(await register("bad", address), 403) == "Nobody may register from your network"
    assert await can_post(await register("waiting", "2001:db8::7")) == 403
    assert await can_post(await register("free", "198.51.100.7")) == 200

    behind_proxy.clock.advance(timedelta(hours=2))
    assert await can_post(await register("late", "2001:db8::8")) == 200
    await upkeep.keep_up(behind_proxy.node)
    assert [one["ip"] for one in success(await boss.api.get(BLOCKS))] == ["192.0.2.0/24"]


async def test_what_is_no_block_is_refused(node_server: NodeServer) -> None:
    """No network, no severity, one that is blocked already, and the network that the administrator is in."""
    boss = await staff(node_server, "boss", UserRole.ADMIN)
    block = await made(boss, "192.0.2.1", "no_access")
    assert block["ip"] == "192.0.2.1/32"
    other = await made(boss, "192.0.2.2", "no_access")

    good = {"ip": "192.0.2.9", "severity": "no_access"}
    for fields in (
        {"ip": ""},
        {"ip": "somewhere"},
        {"ip": "192.0.2.1/33"},
        {"severity": ""},
        {"severity": "harsh"},
        {"ip": "192.0.2.1"},
        {"ip": "::ffff:192.0.2.1"},
        {"comment": "x" * 1001},
        {"expires_in": "-5"},
        {"expires_in": "soon"},
        {"ip": "127.0.0.0/8"},
        {"ip": "0.0.0.0/0"},
    ):
        assert refusal(await boss.api.post(BLOCKS, json=good | fields), 422), fields
    for fields in ({"ip": "192.0.2.1"}, {"ip": "127.0.0.1"}, {"severity": "harsh"}):
        assert refusal(await boss.api.put(f"{BLOCKS}/{other['id']}", json=fields), 422), fields
    for method in ("GET", "PUT", "DELETE"):
        assert refusal(await boss.api.request(method, f"{BLOCKS}/{NOBODYS_ID}"), 404)
    assert success(await boss.api.get(BLOCKS, params={"limit": 1})) == [other]
    endless = await made(boss, "192.0.2.3", "no_access", expires_in=10**15)
    assert endless["expires_at"] > other["created_at"]


async def test_a_block_of_another_process_is_felt(behind_proxy: NodeServer) -> None:
    """What the command line or another process blocks holds here too, and by itself."""

    async def ask() -> httpx.Response:
        return await behind_proxy.anonymous.get("/api/v2/instance", headers=coming_from("192.0.2.5"))

    assert success(await ask())
    settings = behind_proxy.node.settings
    environment = {
        **os.environ,
        "FEDORG_PUBLIC_URL": settings.public_url,
        "FEDORG_DATA_DIR": str(settings.data_dir),
        "FEDORG_DATABASE_URL": str(settings.database_url),
        "FEDORG_INSECURE_LOOPBACK": "true",
    }

    async def command(*words: str) -> str:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "fedorg", "ip-block", *words, env=environment, stdout=asyncio.subprocess.PIPE
        )
        printed, _ = await process.communicate()
        assert process.returncode == 0, words
        return printed.decode()

    await command("add", "192.0.2.5", "--hours", "2", "--comment", "Robots")
    (told,) = json.loads(await command("list", "--json"))
    assert (told["network"], told["severity"], told["comment"]) == ("192.0.2.5/32", "no_access", "Robots")

    async def refused() -> httpx.Response | None:
        answer = await ask()
        return answer if answer.status_code == httpx.codes.FORBIDDEN else None

    async def let_in() -> bool | None:
        return (await ask()).is_success or None

    refused_at_last = await wait_for(refused, "the block to be felt")
    assert refusal(refused_at_last, 403) == "Your network may not use this server"
    assert "blocked no more" in await command("remove", told["id"])
    assert await wait_for(let_in, "the network to be let in again")
    assert "No network is blocked" in await command("list")
