"""What a service manager hears of nodes that it started: ready once they answer, alive as long as they do something."""

import asyncio
import os
import socket
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from tests.fediverse.nodes import WAIT_SECONDS, RunningNode

BEFORE_A_HANG: Final = 1.5
_CREDENTIALS: Final = struct.Struct("3i")


class Manager:
    """Where a service manager listens: who said what, in order."""

    def __init__(self, address: str) -> None:
        self.address = address
        self._line = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._line.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 1)
        self._line.bind(f"\0{address[1:]}" if address.startswith("@") else address)

    async def next(self, seconds: float = WAIT_SECONDS) -> tuple[int, str]:
        """Who says something, by the number of its process, and what; raises ``TimeoutError``."""
        return await asyncio.to_thread(self._next, seconds)

    def forget(self) -> None:
        """Hear nothing of what was said before."""
        self._line.settimeout(0)
        try:
            while True:
                self._line.recv(1024)
        except BlockingIOError:
            return

    def close(self) -> None:
        """Listen no more."""
        self._line.close()

    def _next(self, seconds: float) -> tuple[int, str]:
        self._line.settimeout(seconds)
        words, [(_, _, credentials)], *_ = self._line.recvmsg(1024, socket.CMSG_SPACE(_CREDENTIALS.size))
        return _CREDENTIALS.unpack(credentials)[0], words.decode()


@pytest.fixture(params=["in a folder", "in none"])
def manager(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Manager]:
    """Sockets of both kinds that systemd has."""
    found = Manager(str(tmp_path / "notify") if request.param == "in a folder" else f"@fedorg-{os.getpid()}")
    yield found
    found.close()


@pytest.mark.parametrize("options", [(), ("--processes", "2", "--workers", "1")])
async def test_a_node_shows_signs_of_life_until_it_hangs(
    manager: Manager, options: tuple[str, ...], tmp_path: Path
) -> None:
    """It is ready when somebody is answered; one that is stopped is silent, and one that goes on is heard again."""
    node = RunningNode(
        name="aster",
        folder=tmp_path / "aster",
        options=options,
        settings={"NOTIFY_SOCKET": manager.address, "WATCHDOG_USEC": str(int(BEFORE_A_HANG * 1e6))},
    )
    try:
        process = await node.spawn()
        assert await manager.next() == (process.pid, "READY=1")
        async with node.http() as http:
            assert (await http.get("/health", timeout=WAIT_SECONDS)).is_success
        for _ in range(5):
            assert await manager.next(BEFORE_A_HANG * 4) == (process.pid, "WATCHDOG=1")
        node.freeze()
        manager.forget()
        with pytest.raises(TimeoutError):
            await manager.next(BEFORE_A_HANG)
        node.thaw()
        assert await manager.next() == (process.pid, "WATCHDOG=1")
        await node.stop()
    finally:
        await node.close()
    assert process.returncode == 0


@pytest.mark.parametrize("watchdog", [{}, {"WATCHDOG_USEC": "1000000", "WATCHDOG_PID": "1"}], ids=["none", "another's"])
async def test_a_node_that_nobody_watches_shows_no_signs_of_life(watchdog: dict[str, str], tmp_path: Path) -> None:
    """It is told when it is ready, and no more."""
    manager = Manager(str(tmp_path / "notify"))
    node = RunningNode(name="aster", folder=tmp_path, settings={"NOTIFY_SOCKET": manager.address, **watchdog})
    try:
        await node.start()
        assert (await manager.next())[1] == "READY=1"
        with pytest.raises(TimeoutError):
            await manager.next(BEFORE_A_HANG)
    finally:
        await node.close()
        manager.close()


async def test_a_node_runs_where_its_service_manager_is_gone(tmp_path: Path) -> None:
    """The log says so once."""
    settings = {"NOTIFY_SOCKET": str(tmp_path / "nowhere"), "WATCHDOG_USEC": "1000000"}
    node = RunningNode(name="aster", folder=tmp_path, settings=settings)
    try:
        await node.start()
        (line,) = node.log_lines("service_manager.unreachable")
        assert line["reason"] == "No such file or directory"
        await node.stop()
    finally:
        await node.close()
