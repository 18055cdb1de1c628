"""Attacks by waiting: strangers who never answer, and the places they would keep from everybody else."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from itertools import count
from pathlib import Path
from typing import Final

import pytest

from tests.databases import SqliteFiles
from tests.fediverse.nodes import wait_for
from tests.node.attacks.forging import by_rsa, cavage
from tests.node.attacks.ground import NUMBERS, Ground, take_ground
from tests.node.attacks.raw import serving
from tests.node.fake_peer import FakePeer, Message, key
from tests.node.neighbourhood import without_deadlines

pytestmark = pytest.mark.asyncio(loop_scope="module")

HOSTS: Final = count(1)


class Stalled:
    """A server under any number of names that takes connections and says nothing until it is ``over``."""

    def __init__(self) -> None:
        self.port = 0
        self.waiting = 0
        self.met = asyncio.Event()
        self.over = asyncio.Event()

    async def serve(self, _reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
        """One connection."""
        self.waiting += 1
        self.met.set()
        await self.over.wait()

    def message(self, ground: Ground, host: str = "") -> Message:
        """A request with yet another key, on this host of it, else on yet another."""
        number = next(HOSTS)
        actor = f"http://{host or f'h{number}'}.localhost:{self.port}/users/x{number}"
        activity = {"id": f"{actor}/1", "type": "Follow", "actor": actor, "object": ground.alice_uri}
        return cavage(ground.inbox, activity, f"{actor}#main-key", by_rsa(key("mallory")))


@asynccontextmanager
async def stalling() -> AsyncIterator[Stalled]:
    """Such a server."""
    stalled = Stalled()
    async with serving(stalled.serve) as stalled.port:
        try:
            yield stalled
        finally:
            stalled.over.set()


async def test_s24_who_stalls_keeps_no_place_from_deliveries_and_the_door(
    sqlite_files: SqliteFiles, tmp_path: Path, peer: FakePeer
) -> None:
    """S24: under any number of names, strangers who never answer hold up neither deliveries nor those one knows.

    Each request names a key on another host, so that no limit for one host holds them. The node waits for them without
    end, so that whoever has to wait for it never comes.
    """
    async with take_ground(sqlite_files, tmp_path, without_deadlines) as ground, stalling() as stalled:
        await ground.do(peer, "Follow", ground.alice_uri)
        attack = [asyncio.create_task(ground.post(stalled.message(ground))) for _ in range(150)]
        words = f"Still heard {next(NUMBERS)}"
        await stalled.met.wait()
        await ground.alice.api.post("/api/v1/statuses", json={"status": words})
        await peer.wait_for("Create", words)
        like = peer.activity("Follow", peer.actor("mallory"), ground.alice_uri, next(NUMBERS))
        assert (await ground.post(peer.sign(ground.inbox, like, by="mallory"))).status_code == 202
        stalled.over.set()
        answers = await asyncio.gather(*attack)

    assert {answer.status_code for answer in answers} == {401, 429}
    assert all("Retry-After" in answer.headers for answer in answers if answer.status_code == 429)
    assert stalled.waiting < 100


async def test_s24_one_server_that_stalls_keeps_no_stranger_out(
    sqlite_files: SqliteFiles, tmp_path: Path, peer: FakePeer
) -> None:
    """S24: of one server few keys are asked for at a time, so that whom nobody knows yet is let in beside it."""
    async with take_ground(sqlite_files, tmp_path, without_deadlines) as ground, stalling() as stalled:
        attack = [asyncio.create_task(ground.post(stalled.message(ground, "one"))) for _ in range(40)]

        async def refused() -> bool | None:
            return sum(one.done() for one in attack) == 32 or None

        await wait_for(refused, "most of them to be refused")
        peer.add_user("newcomer")
        follow = peer.activity("Follow", peer.actor("newcomer"), ground.alice_uri, next(NUMBERS))
        answer = await ground.post(peer.sign(ground.inbox, follow, by="newcomer"))
        stalled.over.set()
        answers = await asyncio.gather(*attack)

    assert answer.status_code == 202
    assert Counter(one.status_code for one in answers) == {429: 32, 401: 8}
