"""Processes of a node that hang: others do their work, the supervisor replaces them, and nothing is lost or doubled."""

import asyncio
import fcntl
import os
import signal
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from fedorg import supervisor
from fedorg.jobs.clock import STILL_SECONDS
from fedorg.supervisor import Program
from tests.fediverse import chaos, ledger
from tests.fediverse.chaos import ENTRY, Record, numbers_in, read_all
from tests.fediverse.nodes import WAIT_SECONDS, Member, RunningNode, children_of, settle, wait_for
from tests.fediverse.test_faults_database import two_people
from tests.fediverse.test_faults_peers import ILL, Peers, never, running_peers
from tests.fediverse.test_kill import let_work_end, meet, signed_in
from tests.fediverse.test_processes import nodes

__all__ = ["nodes"]


@pytest.mark.timeout(600)
async def test_processes_that_hang_are_replaced(nodes: tuple[RunningNode, RunningNode]) -> None:
    """While members write, a web process and a worker are stopped: what they held is done by others, once."""
    many, one = nodes
    await asyncio.gather(many.start(), one.start())
    await asyncio.gather(many.create("alice", "bob"), one.create("carl", "dora", "eve"))
    record = Record()
    async with signed_in(many, one) as cast:
        await meet(cast)
        stopped = asyncio.Event()
        async with asyncio.TaskGroup() as load:
            load.create_task(chaos.write_until(stopped, cast, record))
            await _more_are_acknowledged(record)
            hanging = [processes(many, "--no-worker")[0], processes(many, "work")[0]]
            for pid in hanging:
                os.kill(pid, signal.SIGSTOP)
            await _are_replaced(many, hanging)
            await _more_are_acknowledged(record)
            stopped.set()
        await settle(many, one, seconds=120)
        await let_work_end(many, one, 120)
        me = await cast.alice.get("/api/v1/accounts/verify_credentials")
        entries = numbers_in(await read_all(cast.alice, f"/api/v1/accounts/{me['id']}/statuses"), ENTRY)
        assert set(record.acknowledged) <= set(entries) <= set(record.acknowledged) | record.given_up
        for reader in (cast.bob, cast.dora):
            assert numbers_in(await read_all(reader, "/api/v1/timelines/home"), ENTRY) == entries
    await asyncio.gather(many.stop(), one.stop())
    assert (ledger.faults(many), ledger.faults(one)) == ({}, {})


@pytest.mark.timeout(600)
async def test_a_process_that_hangs_with_the_lock_is_replaced(tmp_path: Path) -> None:
    """While one process of SQLite's hangs in the middle of a write, people read, who writes is told, and it passes."""
    node = RunningNode(name="aster", folder=tmp_path, options=("--processes", "2", "--workers", "1"))
    try:
        await node.start()
        await node.create("alice")
        async with node.member("alice") as alice:
            posting = asyncio.create_task(_post_for_ever(alice))
            (worker,) = processes(node, "work")
            await wait_for(lambda: _is_stopped_in_a_write(node, worker), "a write of the worker", every=0.005)
            posting.cancel()
            assert (await alice.http.get("/api/v1/timelines/home")).status_code == 200
            refused = await alice.http.post("/api/v1/statuses", data={"status": "Can anybody hear me?"})
            assert (refused.status_code, refused.headers["Retry-After"]) == (503, "5")

            await _are_replaced(node, [worker])
            await wait_for(lambda: _post(alice, "Here I am again"), "a post to be taken")
            await settle(node)
    finally:
        await node.close()


async def test_a_process_that_hangs_before_it_began_is_replaced(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """One that never shows a sign of life is ended too, and so is the one after it."""
    monkeypatch.setattr(supervisor, "STARTING_SECONDS", 0)
    ended: list[int] = []
    stop = asyncio.Event()

    def count(pid: int) -> None:
        ended.append(pid)
        if len(ended) == 2:
            stop.set()

    # It waits for whoever has its number to end, and nobody will.
    with (tmp_path / "process-0.lock").open("ab") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        program = Program(name="worker 1", words=("work",), environment={"FEDORG_DATA_DIR": str(tmp_path)})
        async with asyncio.timeout(WAIT_SECONDS):
            await supervisor.supervise([program], stop, inherited=(), grace_seconds=3, on_end=count)
    # Where it goes depends on what ran in this process before.
    told = "".join(capsys.readouterr())
    assert len(set(ended)) == told.count("process.hung") == 2
    for pid in ended:
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)


@pytest.mark.timeout(300)
async def test_a_node_that_stood_still_holds_nothing_against_its_peers(tmp_path: Path) -> None:
    """What was under way to a peer meanwhile is sent again at once, and not after the minute that its failure costs."""
    node = RunningNode(name="aster", folder=tmp_path / "aster")
    async with running_peers() as peers, two_people(node) as (alice, _):
        name = next(name for name, mood in ILL.items() if mood is never)
        await peers.follow(name, alice)
        await wait_for(lambda: _are_kept_waiting(peers, 1), "the answer to the follow to be under way")
        # On a connection of its own: where one that was used before is cut off, it is sent again without a word.
        await alice.post("/api/v1/statuses", {"status": "Can you hear me?"})
        await wait_for(lambda: _are_kept_waiting(peers, 2), "the status to be under way")
        node.freeze()
        await asyncio.sleep(STILL_SECONDS + 2)
        peers.recover()
        node.thaw()

        async def look() -> bool | None:
            told = [line["type"] for line in node.log_lines("delivery.retry")]
            return (bool(peers.taken[name]) and "Create" in told) or None

        await wait_for(look, "the status to come again")
        retries = node.log_lines("delivery.retry")
        assert {line["seconds"] for line in retries} == {0}
        assert all("stood still" in line["reason"] for line in retries)


async def _are_kept_waiting(peers: Peers, count: int) -> bool | None:
    return len(peers._kept_waiting) == count or None


def processes(node: RunningNode, word: str) -> list[int]:
    """The processes of a node that were started with a word."""
    assert node.process is not None
    return children_of(node.process.pid, word)


async def _are_replaced(node: RunningNode, hanging: list[int]) -> None:
    async def look() -> bool | None:
        now = [*processes(node, "--no-worker"), *processes(node, "work")]
        return not set(hanging) & set(now) or None

    await wait_for(look, "those that hang to be ended")
    assert len(node.log_lines("process.hung")) == len(hanging)


async def _more_are_acknowledged(record: Record) -> None:
    count = len(record.acknowledged) + 20

    async def look() -> bool | None:
        return len(record.acknowledged) >= count or None

    await wait_for(look, f"{count} acknowledged entries", 120)


async def _is_stopped_in_a_write(node: RunningNode, pid: int) -> bool | None:
    """Stop a process; whether it holds the lock of the database now. Where it does not, it goes on."""
    os.kill(pid, signal.SIGSTOP)
    # Of the others each lets go within moments.
    if await asyncio.to_thread(_is_locked, node.folder / "fedorg.db"):
        return True
    os.kill(pid, signal.SIGCONT)
    return None


def _is_locked(path: Path) -> bool:
    with closing(sqlite3.connect(path, timeout=2, isolation_level=None)) as conn:
        try:
            conn.execute("BEGIN IMMEDIATE")
        except sqlite3.OperationalError:
            return True
        conn.execute("ROLLBACK")
        return False


async def _post_for_ever(member: Member) -> None:
    number = 0
    while True:
        number += 1
        await _post(member, f"Entry {number}")


async def _post(member: Member, words: str) -> bool | None:
    return (await member.http.post("/api/v1/statuses", data={"status": words})).is_success or None
