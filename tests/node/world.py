"""A node with people here and elsewhere, for tests of services: real database, a clock to turn, no server."""

from collections.abc import AsyncIterator, Awaitable, Callable, Collection
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TypeVar

from federation.addresses import AddressPolicy
from federation.client import Client
from fedorg import config
from fedorg.domain.accounts import Account, ActorType, User, UserRole
from fedorg.domain.jobs import Job
from fedorg.domain.statuses import PageQuery, RemoteStatus, Status, StatusDraft
from fedorg.domain.visibility import Audience, Reach, Tier, Visibility
from fedorg.errors import NotFound
from fedorg.ids import AccountId, IdSource, UserId
from fedorg.media import FileStorage
from fedorg.metrics import new_metrics
from fedorg.node import Node
from fedorg.services import fanout, relationships, statuses
from fedorg.store import accounts, jobs, peers
from fedorg.store.engine import open_database
from fedorg.uris import Uris

T = TypeVar("T")

PAGE = PageQuery(limit=20)
EVERYBODY = Audience(reach=Reach.PUBLIC, visibility=Visibility.PUBLIC)


@dataclass
class Clock:
    """Time stands still until a test turns it, but for a millisecond at each look."""

    moment: datetime = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)

    def __call__(self) -> datetime:
        self.moment += timedelta(milliseconds=1)
        return self.moment


@dataclass
class OtherServers:
    """What other people's servers would answer."""

    accounts: dict[str, Account] = field(default_factory=dict)

    async def account(self, node: Node, name: str) -> Account:  # noqa: ARG002
        if name in self.accounts:
            return self.accounts[name]
        raise NotFound

    async def fresh_account(self, node: Node, name: str) -> Account:
        return await self.account(node, name)

    async def node_actor(self, node: Node, domain: str) -> Account:
        return await self.account(node, domain)

    async def status(self, node: Node, uri: str) -> Status:  # noqa: ARG002
        raise NotFound


@dataclass
class World:
    """One node and how to populate it."""

    node: Node
    clock: Clock
    elsewhere: OtherServers

    async def member(self, username: str, **fields: object) -> Account:
        """An account of this node."""
        return await insert_member(self.node, username, **fields)

    async def remote(self, username: str, domain: str, **fields: object) -> Account:
        """An account of a peer, known here."""
        return await insert_stranger(self.node, username, domain, **fields)

    async def peer(self, domain: str, tier: Tier) -> None:
        """What another server is to this one."""
        await self.node.write(peers.set_tier, self.clock(), domain, tier)

    async def account(self, account: Account) -> Account:
        """The account as it now stands."""
        return await self.node.read(accounts.get, account.id)

    async def post(self, author: Account, text: str, *, user: User | None = None, **fields: object) -> Status:
        """Post and bring it to everybody here."""
        draft = StatusDraft(text=text, **fields)  # type: ignore[arg-type]
        status = await statuses.post_status(self.node, author, user, draft)
        await self.distribute(status)
        return status

    async def distribute(self, status: Status) -> None:
        """What the job of a new status does on this node."""
        after = None
        while (after := await fanout.distribute_locally(self.node, status.id, after)) is not None:
            pass

    async def follow(self, follower: Account, target: Account) -> None:
        """An accepted follow between any two accounts."""
        if follower.is_local:
            await relationships.follow(self.node, follower, target.id)
            if not target.is_local:
                await relationships.receive_accept(self.node, target, follower=follower)
        else:
            await relationships.receive_follow(self.node, follower, target, f"{follower.uri}#follow/{target.username}")

    async def jobs(self) -> list[Job]:
        """Take every job out of the queue, the oldest first."""
        room = jobs.Room(own=1000, beside=1000, others=1000, lane_max=1000)
        taken: list[jobs.ClaimedJob] = []
        while claimed := await self.node.write(jobs.claim, now=self.clock(), lease=timedelta(days=1), room=room):
            for one in claimed:
                await self.node.write(jobs.finish, one)
            taken += claimed
        return [one.job for one in sorted(taken, key=lambda one: one.id) if one.job is not None]


async def insert_member(node: Node, username: str, **fields: object) -> Account:
    """An account of a node, without a login; made now, unless ``fields`` say otherwise."""
    uri = node.uris.actor(username)
    usual = {"actor_type": ActorType.PERSON, "created_at": node.now()}
    account = Account(
        id=AccountId(node.ids.next()),
        username=username,
        domain=None,
        uri=uri,
        url=node.uris.profile(username),
        inbox=f"{uri}/inbox",
        followers_uri=f"{uri}/followers",
        **usual | fields,  # type: ignore[arg-type]
    )
    await node.write(accounts.insert, account)
    return account


async def insert_stranger(node: Node, username: str, domain: str, **fields: object) -> Account:
    """An account of a peer, as its server showed it."""
    uri = f"https://{domain}/users/{username}"
    account = Account(
        id=AccountId(node.ids.next()),
        username=username,
        domain=domain,
        uri=uri,
        url=f"https://{domain}/@{username}",
        actor_type=ActorType.PERSON,
        inbox=f"{uri}/inbox",
        shared_inbox=f"https://{domain}/inbox",
        followers_uri=f"{uri}/followers",
        created_at=node.now(),
        **fields,  # type: ignore[arg-type]
    )
    await node.write(accounts.record_remote, account, ())
    return account


def user_of(account: Account, **fields: object) -> User:
    """A login that acts for an account."""
    return User(
        id=UserId(1),
        account_id=account.id,
        username=account.username,
        email=None,
        password_hash=None,
        role=UserRole.MEMBER,
        created_at=account.created_at,
        **fields,  # type: ignore[arg-type]
    )


def note(author: Account, number: int, text: str = "Hello", **fields: object) -> RemoteStatus:
    """A status as a peer delivers it."""
    uri = f"{author.uri}/statuses/{number}"
    values: dict[str, object] = {
        "uri": uri,
        "url": uri,
        "author": author,
        "audience": EVERYBODY,
        "content": f"<p>{text}</p>",
        "spoiler_text": "",
        "sensitive": False,
        "language": "en",
        "in_reply_to_uri": None,
        "mentions": (),
        "tags": (),
        "emojis": (),
        "media": (),
        "created_at": datetime(2026, 3, 1, 11, 0, tzinfo=UTC),
    }
    return RemoteStatus(**values | fields)  # type: ignore[arg-type]


def of_kind(found: Collection[Job], kind: type[T]) -> list[T]:
    """Jobs of one kind."""
    return [job for job in found if isinstance(job, kind)]


@asynccontextmanager
async def open_world(database_url: str, folder: Path, **settings: object) -> AsyncIterator[World]:
    """A node on a migrated database; open to everybody and public unless told otherwise."""
    values: dict[str, object] = {
        "public_url": "https://here.example",
        "database_url": database_url,
        "data_dir": str(folder),
        "federation_mode": "open",
        "default_reach": "public",
    }
    read = config.from_mapping(values | settings)
    database = await open_database(read.database, synchronous="normal", readers=2, pool_size=4)
    clock, elsewhere = Clock(), OtherServers()
    try:
        async with Client(AddressPolicy(), "fedorg/test", now=clock) as client:
            node = Node(
                settings=read,
                db=database,
                client=client,
                ids=IdSource(clock),
                now=clock,
                uris=Uris.of(read),
                storage=FileStorage(folder / "media"),
                metrics=new_metrics(),
                resolver=elsewhere,
            )
            yield World(node=node, clock=clock, elsewhere=elsewhere)
    finally:
        await database.close()


MakeWorld = Callable[..., Awaitable[World]]
