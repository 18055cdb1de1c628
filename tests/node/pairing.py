"""Two nodes in mode partners that come to terms, each a server of its own with a database of its own."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from fedorg.domain.ceilings import Ceilings
from fedorg.domain.partnerships import GrantChange, Partnership, PartnershipState
from fedorg.domain.visibility import Tier
from fedorg.services import partnerships
from fedorg.services.partnerships import Invitation
from fedorg.store import peers as stored_peers
from tests.databases import SqliteFiles
from tests.node.serving import NodeServer, serve_node
from tests.node.talking import WorkingServer, run_jobs

PARTNERS: Final = {"federation_mode": "partners", "default_reach": "partners"}
NO_CHANGE: Final = GrantChange()


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """Two nodes in mode partners that have never met."""

    here: WorkingServer
    there: WorkingServer

    async def settle(self) -> None:
        """Wait until nothing is on its way."""
        for _ in range(2):
            for one in (self.here, self.there):
                await one.settle()
                await one.deliver_all()
        await self.here.settle()

    async def invite(self, *, tier: Tier = Tier.PARTNER, **change: Any) -> None:  # noqa: ANN401 - what GrantChange takes
        """``here`` invites ``there``, which gets to know it."""
        draft = Invitation(domain=domain(self.there), tier=tier, change=GrantChange(**change), note="For the bridge")
        await partnerships.invite(self.here.server.node, draft)
        await self.settle()

    async def agree(self, *, tier: Tier = Tier.PARTNER, **change: Any) -> None:  # noqa: ANN401 - what GrantChange takes
        """All the way to a partnership that is in force."""
        await self.invite(tier=tier, **change)
        await partnerships.accept(self.there.server.node, domain(self.here), NO_CHANGE)
        await self.settle()
        for one, other in ((self.here, self.there), (self.there, self.here)):
            view = await partnerships.get_view(one.server.node, domain(other))
            await partnerships.approve(one.server.node, domain(other), view.fingerprint or "")
            await self.settle()

    async def seen(self) -> tuple[Partnership, Partnership]:
        """How it stands here and there."""
        here = await partnerships.get_view(self.here.server.node, domain(self.there))
        there = await partnerships.get_view(self.there.server.node, domain(self.here))
        return here.partnership, there.partnership

    async def states(self) -> set[PartnershipState]:
        """Likewise, one word where both agree."""
        return {one.state for one in await self.seen()}


def domain(working: WorkingServer) -> str:
    """The name of a node among peers."""
    return working.server.url.removeprefix("http://")


async def in_force(one: WorkingServer, other: WorkingServer) -> tuple[Tier, Ceilings]:
    """What every door of ``one`` sees of ``other``."""
    standing = (await one.server.node.read(stored_peers.standings, [domain(other)]))[domain(other)]
    return standing.tier, standing.ceilings


@asynccontextmanager
async def run_pair(
    here: NodeServer, sqlite_files: SqliteFiles, folder: Path, **settings: object
) -> AsyncIterator[Pair]:
    """``here``, and a second node beside it; the jobs of both run."""
    async with AsyncExitStack() as stack:
        working = await stack.enter_async_context(run_jobs(here))
        url = sqlite_files.create_migrated(folder / "there.db")
        served = await stack.enter_async_context(serve_node(url, folder / "there", **(PARTNERS | settings)))
        yield Pair(here=working, there=await stack.enter_async_context(run_jobs(served)))
