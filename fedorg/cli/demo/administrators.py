"""Those who look after a demo node: they agree with other nodes, beside the running server, as commands do."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from fedorg import app, config
from fedorg.cli.demo.nodes import DemoNode
from fedorg.domain.partnerships import GrantChange, PartnershipState, Side
from fedorg.domain.visibility import Tier
from fedorg.node import Node
from fedorg.services import partnerships
from fedorg.services.partnerships import Invitation

# A number of ids that no server of the demo has.
_PROCESS: dict[str, str] = {"FEDORG_PROCESS_NUMBER": "62"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Administrators:
    """The people in charge of one node."""

    node: DemoNode
    opened: Node = field(repr=False)
    username: str = "admins"

    @property
    def handle(self) -> str:
        """What they are called in messages."""
        return f"the administrators of {self.node.name}"

    @classmethod
    @asynccontextmanager
    async def of(cls, node: DemoNode) -> "AsyncIterator[Administrators]":
        """With the node's database open beside its server."""
        async with app.open_node(config.load({**node.environment, **_PROCESS})) as opened:
            yield cls(node=node, opened=opened)

    async def invite(self, other: "Administrators") -> None:
        """Offer another node a partnership."""
        change = GrantChange(contact=f"security@{self.node.name}.example")
        await partnerships.invite(
            self.opened, Invitation(domain=other.node.domain, tier=Tier.PARTNER, change=change, note="For the bridge")
        )

    async def accept(self, other: "Administrators") -> None:
        """Say yes to its offer."""
        await partnerships.accept(self.opened, other.node.domain, GrantChange())

    async def approve(self, other: "Administrators") -> None:
        """Approve what both want, by the fingerprint that the other side reads out."""
        read_out = await partnerships.get_view(other.opened, self.node.domain)
        await partnerships.approve(self.opened, other.node.domain, read_out.fingerprint or "")

    async def revoke(self, other: "Administrators") -> None:
        """End the partnership."""
        await partnerships.revoke(self.opened, other.node.domain, "The bridge is built")

    async def sees(self, other: "Administrators", state: PartnershipState) -> str | None:
        """How the partnership stands here, once it stands so."""
        view = await partnerships.find_latest(self.opened, other.node.domain)
        if view is None or view.partnership.state is not state:
            return None
        told = f"the partnership is {state}"
        return f"{told}, fingerprint {view.fingerprint}" if state is PartnershipState.ACCEPTED else told

    async def sees_approval(self, other: "Administrators") -> str | None:
        """That the other side has approved and this one has not, once it is so."""
        view = await partnerships.find_latest(self.opened, other.node.domain)
        if view is None or view.partnership.approved != {Side.THERE}:
            return None
        return f"{other.node.name} has approved, and this side is asked to"
