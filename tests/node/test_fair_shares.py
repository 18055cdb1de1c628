"""Fair shares of the queue: whatever somebody keeps it busy with, others' posts, follows and letters go on beside it.

Requests have no deadline here: whatever is done although somebody is silent did not wait for the silence to end.
"""

import asyncio
import json
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

import pytest
from sqlalchemy import Connection

from fedorg.domain.accounts import Account, ActorType
from fedorg.domain.jobs import (
    ActivityKind,
    ApplyStanding,
    ClearHome,
    DistributeStatus,
    FetchCard,
    HandleActivity,
    Job,
    ProcessMedia,
    RemoveAccount,
    ResolveThread,
    SendActivity,
    SendMail,
    VerifyLinks,
)
from fedorg.domain.mail import MailKind
from fedorg.ids import AccountId, CardId, IdSource, MediaId, StatusId, UserId
from fedorg.node import Node
from fedorg.services import statuses
from fedorg.store import accounts, jobs
from fedorg.store.engine import Database
from fedorg.store.jobs import Room
from tests.fediverse.nodes import wait_for
from tests.node.fake_peer import running_peer
from tests.node.neighbourhood import without_deadlines
from tests.node.serving import Member, serve_node
from tests.node.talking import WorkingServer, contents, follow, post, run_jobs, success
from tests.node.test_mail import Postbox, smtp_url
from tests.node.world import note

__all__ = ["smtp_url"]

HANGING: Final = 72
NAMED: Final = 300
# Less than any silence lasts here: a mail server is waited for half a minute, others without end.
MEANWHILE_SECONDS: Final = 25
NOW: Final = datetime(2026, 5, 4, 10, 0, tzinfo=UTC)
LEASE: Final = timedelta(seconds=30)


@pytest.fixture
def postbox() -> Postbox:
    """What comes by mail."""
    return Postbox()


@dataclass(slots=True)
class Silence:
    """Takes connections under any name and says nothing until it is ``over``; before it ``is_on`` it ends them."""

    port: int = 0
    is_on: bool = True
    met: int = 0
    """How many connections were made."""
    over: asyncio.Event = field(default_factory=asyncio.Event)

    def url(self, name: str = "silent") -> str:
        """One of its names."""
        return f"http://{name}.localhost:{self.port}"

    async def serve(self, _reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection."""
        self.met += 1
        if self.is_on:
            await self.over.wait()
        writer.close()


@pytest.fixture
async def silence() -> AsyncIterator[Silence]:
    """A silent server."""
    made = Silence()
    async with await asyncio.start_server(made.serve, "127.0.0.1", 0) as server:
        made.port = server.sockets[0].getsockname()[1]
        try:
            yield made
        finally:
            made.over.set()


@asynccontextmanager
async def patient(engine_url: str, folder: Path, **settings: object) -> AsyncIterator[WorkingServer]:
    """A node without deadlines that runs its jobs."""
    told = {"shutdown_seconds": 1, **settings}
    async with serve_node(engine_url, folder, without_deadlines, **told) as server, run_jobs(server) as working:
        yield working


def mallory(node: Node, uri: str) -> Account:
    """Somebody elsewhere who is known here."""
    return Account(
        id=AccountId(node.ids.next()),
        username="mallory",
        domain=urlsplit(uri).netloc,
        uri=uri,
        url=uri,
        actor_type=ActorType.PERSON,
        inbox=f"{uri}/inbox",
        created_at=node.now(),
    )


async def all_is_well(working: WorkingServer, author: Member, reader: Member) -> None:
    """A post comes to a timeline here, and somebody elsewhere who follows is told that they do."""
    await post(author, "Fire drill at noon")

    async def read() -> bool | None:
        found = contents(success(await reader.api.get("/api/v1/timelines/home")))
        return True if "Fire drill at noon" in found else None

    await wait_for(read, "the status on the timeline", MEANWHILE_SECONDS)
    async with running_peer() as peer:
        peer.add_user("fred")
        target = f"{working.server.url}/users/{author.user.username}"
        asked = peer.activity("Follow", peer.actor("fred"), target, 1)
        message = peer.sign(f"{target}/inbox", asked, by="fred", at=working.server.clock())
        answer = await working.server.anonymous.post(
            f"/users/{author.user.username}/inbox", content=message.body, headers=dict(message.headers)
        )
        assert answer.status_code == 202, answer.text
        await peer.wait_for("Accept", seconds=MEANWHILE_SECONDS)


async def test_much_work_stands_beside_what_people_wait_for(database: Database) -> None:
    """Behind any number of films, letters, chores, and what one server caused, a post is claimed; of each a few are."""
    ids, now = IdSource(lambda: NOW), NOW
    busy = "busy.example"

    def much(number: int) -> list[Job]:
        account, status = AccountId(number), StatusId(number)
        accept = ActivityKind.ACCEPT_FOLLOW
        return [
            ProcessMedia(media_id=MediaId(number)),
            SendMail(user_id=UserId(number), kind=MailKind.RESET),
            VerifyLinks(account_id=account),
            ApplyStanding(domain=f"d{number}.example"),
            ClearHome(account_id=account, author_id=account),
            RemoveAccount(account_id=account, peer=busy),
            DistributeStatus(status_id=status, peer=busy),
            SendActivity(kind=accept, account_id=account, target_id=account, uri=f"https://{busy}/{number}", peer=busy),
            ResolveThread(status_id=status, peer=busy),
            FetchCard(card_id=CardId(number), peer=busy),
        ]

    def fill(conn: Connection) -> None:
        for number in range(50):
            jobs.enqueue_many(conn, ids, now, much(number))
        jobs.enqueue(conn, ids, now, DistributeStatus(status_id=StatusId(999)))

    await database.write(fill)
    room = Room(own=10, beside=2, others=256, lane_max=4)
    claimed = await database.write(jobs.claim, now=now, lease=LEASE, room=room)

    assert [one.job for one in claimed if one.lane is None] == [DistributeStatus(status_id=StatusId(999))]
    assert Counter(one.lane for one in claimed if one.lane is not None) == {
        "(films)": 2,
        "(letters)": 2,
        "(links)": 2,
        "(standings)": 1,
        "(chores)": 2,
        f"{busy} (departed)": 4,
        f"{busy} (news)": 4,
        f"{busy} (answers)": 4,
        f"{busy} (threads)": 4,
        f"{busy} (pages)": 4,
    }


async def test_many_lanes_leave_something_to_others(database: Database) -> None:
    """Each lane has a part of what is left, so that dozens of servers that hold all they get do not hold everything."""
    ids = IdSource(lambda: NOW)

    def fill(conn: Connection) -> None:
        for host in range(40):
            for number in range(30):
                body = HandleActivity(
                    body="{}", actor=f"https://h{host}.example/x", scheme="rfc9421", subject=str(number)
                )
                jobs.enqueue(conn, ids, NOW, body)

    await database.write(fill)
    room = Room(own=10, beside=2, others=256, lane_max=16)
    claimed = await database.write(jobs.claim, now=NOW, lease=LEASE, room=room)
    held = Counter(one.lane for one in claimed if one.lane is not None)

    assert len(held) == 40
    assert held.total() < 256


async def test_slow_lanes_share_what_is_left_for_them(database: Database) -> None:
    """Of lanes that kept somebody waiting lately no more is claimed than all of them may hold, the rest for others."""
    ids = IdSource(lambda: NOW)
    slow = frozenset(f"h{number}.example" for number in range(40))

    def fill(conn: Connection) -> None:
        for host in [*slow, "well.example"]:
            for number in range(30):
                body = HandleActivity(body="{}", actor=f"https://{host}/x", scheme="rfc9421", subject=str(number))
                jobs.enqueue(conn, ids, NOW, body)

    await database.write(fill)

    async def claimed(*, slow_free: int) -> Counter[str]:
        room = Room(own=10, beside=2, others=256, lane_max=16, slow=slow, slow_free=slow_free)
        found = await database.write(jobs.claim, now=NOW, lease=LEASE, room=room)
        return Counter(one.lane for one in found if one.lane is not None)

    first, second = await claimed(slow_free=20), await claimed(slow_free=0)
    assert first["well.example"] == 16
    assert first.total() == 36
    assert max(first[lane] for lane in slow) == 1
    assert second == {"well.example": 14}


async def test_letters_that_nobody_takes_keep_nothing_waiting(
    engine_url: str, tmp_path: Path, silence: Silence
) -> None:
    """While the mail server is silent and a hundred letters wait for it, all else goes on."""
    told = {"smtp_url": f"smtp+plain://127.0.0.1:{silence.port}", "mail_from": "fedorg@node.example"}
    async with patient(engine_url, tmp_path, **told) as working:
        alice, bob = await working.person("alice"), await working.person("bob")
        await follow(bob, alice)
        letter = SendMail(user_id=UserId(alice.user.id), kind=MailKind.RESET)
        node = working.server.node
        await node.write(jobs.enqueue_many, node.ids, node.now(), [letter] * 100)

        await all_is_well(working, alice, bob)


async def test_pages_that_hang_keep_nothing_waiting(engine_url: str, tmp_path: Path, silence: Silence) -> None:
    """Members whose profiles link to pages that never come take nobody's place."""
    async with patient(engine_url, tmp_path) as working:
        alice, bob = await working.person("alice"), await working.person("bob")
        await follow(bob, alice)
        for number in range(6):
            member = await working.person(f"member{number}")
            rows = [{"name": "Page", "value": f"{silence.url(f'page{number}')}/{one}"} for one in range(4)]
            success(await member.api.patch("/api/v1/accounts/update_credentials", json={"fields_attributes": rows}))

        await all_is_well(working, alice, bob)


async def test_scheduled_posts_that_name_somebody_silent_keep_nothing_waiting(
    engine_url: str, tmp_path: Path, silence: Silence
) -> None:
    """However many statuses are due that name somebody on a server that never answers."""
    async with patient(engine_url, tmp_path) as working:
        alice, bob = await working.person("alice"), await working.person("bob")
        await follow(bob, alice)
        moment = (working.server.clock() + timedelta(minutes=10)).isoformat()
        silence.is_on = False
        for number in range(4):
            member = await working.person(f"member{number}")
            for one in range(20):
                text = f"Hello @x{one}@h{number}.localhost:{silence.port}"
                success(await member.api.post("/api/v1/statuses", json={"status": text, "scheduled_at": moment}))
        silence.is_on = True
        working.server.clock.advance(timedelta(minutes=11))

        await all_is_well(working, alice, bob)


async def test_many_silent_servers_leave_places_for_those_that_answer(
    engine_url: str, tmp_path: Path, silence: Silence, postbox: Postbox, smtp_url: str
) -> None:
    """Of what six dozen servers sent that never show what they speak of, each holds a share, and others go on."""
    told = {"smtp_url": smtp_url, "mail_from": "fedorg@node.example"}
    async with patient(engine_url, tmp_path, **told) as working:
        alice, bob = await working.person("alice"), await working.person("bob")
        await follow(bob, alice)
        node = working.server.node

        def flood(conn: Connection) -> None:
            for number in range(HANGING):
                actor = f"{silence.url(f'h{number}')}/users/mallory"
                accounts.record_remote(conn, mallory(node, actor), ())
                for one in range(40):
                    note = f"{silence.url(f'h{number}')}/notes/{one}"
                    body = {"id": f"{note}/create", "type": "Create", "actor": actor, "object": note}
                    job = HandleActivity(body=json.dumps(body), actor=actor, scheme="rfc9421", subject=note)
                    jobs.enqueue(conn, node.ids, node.now(), job)

        await node.write(flood)

        await all_is_well(working, alice, bob)
        letter = SendMail(user_id=UserId(alice.user.id), kind=MailKind.RESET)
        await node.write(jobs.enqueue, node.ids, node.now(), letter)

        async def come() -> bool | None:
            return bool(postbox.letters) or None

        await wait_for(come, "the letter", MEANWHILE_SECONDS)


async def test_one_server_that_names_many_silent_ones_keeps_nothing_waiting(
    engine_url: str, tmp_path: Path, silence: Silence
) -> None:
    """What one server says may lead to as many others as it likes: all of that is its own share."""
    async with patient(engine_url, tmp_path) as working:
        alice, bob = await working.person("alice"), await working.person("bob")
        await follow(bob, alice)
        node = working.server.node
        author = mallory(node, "https://there.example/users/mallory")
        await node.write(accounts.record_remote, author, ())
        named = await node.read(accounts.get, alice.user.account_id)
        for number in range(NAMED):
            answered = f"{silence.url(f'h{number}')}/notes/1"
            await statuses.receive_status(node, note(author, number, in_reply_to_uri=answered, mentions=(named,)))

        await all_is_well(working, alice, bob)
