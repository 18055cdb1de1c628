"""Names are looked up by the system, and those that nobody answers for keep nobody waiting."""

import asyncio
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from federation.lookups import LOOKUPS_MAX, system_lookup


async def test_the_system_resolver() -> None:
    """Its answers are address texts."""
    assert "127.0.0.1" in await system_lookup("127.0.0.1")


@pytest.fixture
def silent_names(monkeypatch: pytest.MonkeyPatch) -> Iterator[threading.Event]:
    """The system finds no name below ``silent.example``, and says so only when this event comes."""
    over, found = threading.Event(), socket.getaddrinfo

    def resolver(host: str, *args: Any, **kwargs: Any) -> list[Any]:  # noqa: ANN401 - as the system's
        if host.endswith(".silent.example"):
            over.wait(60)
            raise socket.gaierror(socket.EAI_AGAIN, "nobody answers")
        return found(host, *args, **kwargs)

    monkeypatch.setattr(socket, "getaddrinfo", resolver)
    yield over
    over.set()


async def test_names_that_nobody_answers_for_keep_no_other_name_waiting(silent_names: threading.Event) -> None:
    """However many lookups wait for servers of names that are silent, another name is found, and threads are left."""
    silent = [asyncio.create_task(system_lookup(f"h{number}.silent.example")) for number in range(LOOKUPS_MAX // 2)]
    async with asyncio.timeout(30):
        assert "127.0.0.1" in await system_lookup("127.0.0.1")
        assert await asyncio.to_thread(str, 1) == "1"
    silent_names.set()
    outcomes = await asyncio.gather(*silent, return_exceptions=True)
    assert {type(outcome) for outcome in outcomes} == {socket.gaierror}


async def test_only_so_many_names_are_looked_up_at_once(silent_names: threading.Event) -> None:
    """One too many is refused at once, whoever asked for the others, and found when they are done."""
    silent = [asyncio.create_task(system_lookup(f"h{number}.silent.example")) for number in range(LOOKUPS_MAX)]
    await asyncio.sleep(0)
    with pytest.raises(OSError, match="too many names"):
        await system_lookup("127.0.0.1")
    silent_names.set()
    await asyncio.gather(*silent, return_exceptions=True)
    assert "127.0.0.1" in await system_lookup("127.0.0.1")


def test_names_that_nobody_answers_for_keep_no_process_from_ending() -> None:
    """Whoever gave up on a name is not kept until the system does."""
    program = """
import asyncio, socket, time
from federation.lookups import LOOKUPS_MAX, system_lookup
socket.getaddrinfo = lambda *_, **__: time.sleep(3600)
async def main():
    try:
        await asyncio.wait_for(system_lookup("silent.example"), 0.1)
    except TimeoutError:
        print("gave up")
asyncio.run(main())
"""
    ended = subprocess.run((sys.executable, "-c", program), capture_output=True, text=True, timeout=60, check=True)

    assert ended.stdout == "gave up\n"
