"""The three processes of the demo: started, made ready, and ended by their own process ids."""

import asyncio
import json
import os
import socket
import sys
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import httpx

from fedorg import app, config
from fedorg.domain.accounts import UserRole
from fedorg.domain.visibility import Tier
from fedorg.services import peers, registration, users

START_SECONDS: Final = 30.0
STOP_SECONDS: Final = 25.0

_TIERS: Final = {
    # With acme engineering comes to terms in the story.
    "engineering": {"sales": Tier.SIBLING},
    "sales": {"engineering": Tier.SIBLING, "acme": Tier.PARTNER},
    "acme": {"sales": Tier.PARTNER},
}
_MEANINGS: Final = {"engineering": "department", "sales": "department", "acme": "partner"}


class StartFailed(Exception):
    """A node did not come up; the message says which and why."""


@dataclass(slots=True, kw_only=True)
class DemoNode:
    """A running ``fedorg serve`` and where it keeps things."""

    name: str
    meaning: str
    domain: str
    folder: Path
    socket: socket.socket
    environment: Mapping[str, str] = field(repr=False)
    process: asyncio.subprocess.Process | None = None

    @property
    def url(self) -> str:
        """Public address."""
        return f"http://{self.domain}"

    async def start(self) -> None:
        """Start serving, and wait until ``/health`` answers."""
        with (self.folder / "node.log").open("ab") as log:
            self.process = await asyncio.create_subprocess_exec(
                sys.executable,
                "-m",
                "fedorg",
                "serve",
                "--fd",
                str(self.socket.fileno()),
                env=self.environment,
                stdout=log,
                stderr=log,
                pass_fds=(self.socket.fileno(),),
                start_new_session=True,
            )
        async with httpx.AsyncClient(timeout=START_SECONDS) as client:
            deadline = asyncio.get_running_loop().time() + START_SECONDS
            while asyncio.get_running_loop().time() < deadline:
                if self.process.returncode is not None:
                    raise StartFailed(f"{self.name} ended with code {self.process.returncode} while starting")
                try:
                    if (await client.get(f"{self.url}/health")).is_success:
                        return
                except httpx.TransportError:
                    pass
                await asyncio.sleep(0.05)
        raise StartFailed(f"{self.name} did not answer within {START_SECONDS:.0f} s")

    async def stop(self) -> None:
        """Ask it to end, and insist when it does not."""
        self.socket.close()
        if self.process is None or self.process.returncode is not None:
            return
        self.process.terminate()
        try:
            async with asyncio.timeout(STOP_SECONDS):
                await self.process.wait()
        except TimeoutError:
            self.process.kill()
            await self.process.wait()

    async def ended(self) -> None:
        """Return when the process has ended."""
        if self.process is not None:
            await self.process.wait()

    def log_lines(self) -> list[dict[str, object]]:
        """The structured lines this node has logged so far."""
        lines = (self.folder / "node.log").read_text(errors="replace").splitlines()
        return [json.loads(line) for line in lines if line.startswith("{") and line.endswith("}")]


async def start_nodes(
    stack: AsyncExitStack,
    folder: Path,
    first_port: int,
    people: Mapping[str, Sequence[tuple[str, str]]],
    password: str,
) -> dict[str, DemoNode]:
    """Make databases and people, say who is a sibling, start all nodes; they end with ``stack``."""
    nodes: dict[str, DemoNode] = {}
    port = first_port
    for name in people:
        bound, port = _bind(port)
        nodes[name] = _describe(name, folder / name, bound)
        stack.push_async_callback(nodes[name].stop)
        port += 1
    await asyncio.gather(*(_prepare(node, nodes, people[node.name], password) for node in nodes.values()))
    await asyncio.gather(*(node.start() for node in nodes.values()))
    return nodes


def _bind(port: int) -> tuple[socket.socket, int]:
    """A listening socket on the first free port from ``port`` on; any free one for 0."""
    for candidate in range(port, port + 200) if port else (0,):
        bound = socket.socket()
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            bound.bind(("127.0.0.1", candidate))
        except OSError:
            bound.close()
            continue
        bound.listen(128)
        return bound, bound.getsockname()[1]
    raise StartFailed(f"there is no free port between {port} and {port + 199}")


def _describe(name: str, folder: Path, bound: socket.socket) -> DemoNode:
    folder.mkdir(parents=True, exist_ok=True)
    domain = f"localhost:{bound.getsockname()[1]}"
    environment = {name: value for name, value in os.environ.items() if not name.startswith("FEDORG_")}  # noqa: TID251 - a child process inherits the rest
    environment |= {
        "FEDORG_PUBLIC_URL": f"http://{domain}",
        "FEDORG_NAME": name,
        "FEDORG_DESCRIPTION": f"The {name} node of the demo.",
        "FEDORG_DATA_DIR": str(folder),
        "FEDORG_INSECURE_LOOPBACK": "true",
        "FEDORG_FEDERATION_MODE": "partners",
        "FEDORG_DEFAULT_REACH": "organisation",
        "FEDORG_REGISTRATION": "closed",
        "FEDORG_RATE_LIMITS": "0",
        "FEDORG_LOG_FORMAT": "json",
    }
    return DemoNode(
        name=name, meaning=_MEANINGS[name], domain=domain, folder=folder, socket=bound, environment=environment
    )


async def _prepare(
    node: DemoNode, nodes: Mapping[str, DemoNode], people: Sequence[tuple[str, str]], password: str
) -> None:
    """Make database, keys and people, and say what the other two are, before the node starts."""
    settings = config.load(node.environment)
    async with app.open_node(settings) as closed_node:
        known = {user.username for user in await users.list_users(closed_node)}
        for number, (username, display_name) in enumerate(people):
            # The first looks after the node.
            role = UserRole.MEMBER if number else UserRole.OWNER
            if username not in known:
                await registration.create_person(
                    closed_node, username, display_name=display_name, role=role, password=password
                )
        for other, tier in _TIERS[node.name].items():
            await peers.set_tier(closed_node, nodes[other].domain, tier)
