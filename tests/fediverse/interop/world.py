"""A node and a server built on Fedify, and the people who do things to each other across them.

A scene is an async function that takes a ``World``; ``shows`` says which rows of the table of interoperability it
proves. ``make interop`` prints the table (``tests.fediverse.interop.table``).
"""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any, Final, NamedTuple, TypeAlias

from tests.fediverse.fedify import FedifyOptions, FedifyPeer, HttpScheme, PeerEvent
from tests.fediverse.nodes import Member, RunningNode, wait_for

CAVAGE: Final = "draft-cavage-http-signatures-12"
SCHEMES: Final[dict[HttpScheme, str]] = {"rfc9421": "rfc9421", CAVAGE: "cavage"}
PUBLIC: Final = "https://www.w3.org/ns/activitystreams#Public"
NUMBERS: Final = count(1)

SENT: Final = "sent"
RECEIVED: Final = "received"


class Row(NamedTuple):
    """A line of the table: what is said, and whether we send or receive it."""

    what: str
    direction: str


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """Alice and Fern follow each other across two kinds of software; Bert is Alice's neighbour and follows nobody.

    Fern's server signs with one scheme and understands no other. ``seen`` collects how Fedify verified what it got.
    """

    node: RunningNode
    alice: Member
    bert: Member
    fern: FedifyPeer
    scheme: HttpScheme
    seen: set[str] = field(default_factory=set)

    @property
    def fern_uri(self) -> str:
        return self.fern.actors["fern"]

    def uri(self, member: Member) -> str:
        return f"{self.node.url}/users/{member.username}"

    async def post(self, words: str, **more: Any) -> dict[str, Any]:  # noqa: ANN401 - fields of a form
        """A status of Alice's."""
        status: dict[str, Any] = await self.alice.post("/api/v1/statuses", {"status": words, **more})
        return status

    async def wait_until(self, path: str, is_so: Callable[[Any], bool]) -> Any:  # noqa: ANN401 - JSON
        """What Alice gets at a path, once it is so."""

        async def look() -> Any:  # noqa: ANN401 - JSON
            found = await self.alice.get(path)
            return found if is_so(found) else None

        return await wait_for(look, path)

    async def find_fern(self, member: Member, name: str = "fern") -> str:
        """The id of Fern's account, or of one of her neighbours, for somebody here."""
        (found,) = (await search(member, self.fern.handle(name)))["accounts"]
        return str(found["id"])

    async def handled(self, kind: str, where: Callable[[PeerEvent], bool]) -> PeerEvent:
        """What Fern did about an activity of ours; Fedify must have verified our proof, else our HTTP signature."""
        event = await self.fern.wait_for("handled", kind, where=where)
        self.seen.add(event.verified_by or "nothing")
        if event.verified_by == "proof":
            assert kind in {"Create", "Update", "Delete", "Announce", "Undo", "Add", "Remove", "Move"}
            return event
        assert (event.verified_by, event.http_scheme) == ("http", self.scheme)
        assert event.key_id is not None
        assert event.key_id.startswith(f"{self.node.url}/")
        return event

    async def created(self, words: str) -> PeerEvent:
        """The Create that brought Fern a status with these words."""
        return await self.handled(
            "Create", lambda event: event.note is not None and words in (event.note.content or "")
        )

    async def told(self, kind: str, words: str = "") -> dict[str, Any]:
        """The notification of a kind that Alice got about a status with these words."""

        def about(found: list[dict[str, Any]]) -> list[dict[str, Any]]:
            return [one for one in found if not words or words in one["status"]["content"]]

        path = f"/api/v1/notifications?types[]={kind}"
        return about(await self.wait_until(path, lambda found: bool(about(found))))[0]

    async def relation(self, member: Member, *, name: str = "fern", **expected: bool) -> None:
        """Wait until somebody and Fern (or one of her neighbours) are so."""
        other = await self.find_fern(member, name)

        async def look() -> bool | None:
            (found,) = await member.get(f"/api/v1/accounts/relationships?id[]={other}")
            return expected.items() <= found.items() or None

        await wait_for(look, f"{expected} of {member.handle}")


Scene: TypeAlias = Callable[[World], Awaitable[None]]
ROWS_OF: Final[dict[Scene, tuple[Row, ...]]] = {}
"""Each scene with the rows it proves, in the order in which they play."""


def shows(*rows: tuple[str, str]) -> Callable[[Scene], Scene]:
    """Add a scene to the play; without rows it proves something that no single activity shows."""

    def add(scene: Scene) -> Scene:
        ROWS_OF[scene] = tuple(Row(*row) for row in rows)
        return scene

    return add


@asynccontextmanager
async def open_world(folder: Path, scheme: HttpScheme) -> AsyncIterator[World]:
    """Both servers up, everybody signed in, Alice and Fern following each other."""
    node = RunningNode(name="Engineering", folder=folder / "node")
    options = FedifyOptions(
        first_knock=scheme, understands=(scheme,), actors=("fern", "fir", "ash", "elm"), speaker="hub"
    )
    async with FedifyPeer.running(folder / "fern.log", options) as fern:
        try:
            await node.create("alice", "bert", "carl", "dora")
            await node.start()
            async with node.member("alice") as alice, node.member("bert") as bert:
                here = World(node=node, alice=alice, bert=bert, fern=fern, scheme=scheme)
                await _follow_each_other(here)
                yield here
        finally:
            await node.close()


async def _follow_each_other(world: World) -> None:
    await world.alice.post(f"/api/v1/accounts/{await world.find_fern(world.alice)}/follow")
    await world.fern.follow(world.alice.handle)
    await world.fern.wait_for("handled", "Accept", where=lambda event: event.actor == world.uri(world.alice))
    await world.relation(world.alice, following=True, followed_by=True)


async def search(member: Member, words: str) -> Any:  # noqa: ANN401 - JSON
    """What somebody finds, on other servers too."""
    return await member.get("/api/v2/search", {"q": words, "resolve": "true"})


def unique(words: str) -> str:
    """Words that stand in no other status of this run."""
    return f"{words} no {next(NUMBERS)}."
