"""Lists of servers, brought into force line by line, each in a transaction of its own: done twice, it is done once.

What was decided here and is stricter stays, and so does whom this node speaks with by name, unless the caller wants
them overwritten; each line that changes nothing says why.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Final

import msgspec
from sqlalchemy import Connection

from fedorg.domain.accounts import User
from fedorg.domain.ceilings import UNLIMITED, Ceilings, narrower
from fedorg.domain.domain_blocks import DomainBlock
from fedorg.domain.moderation import user_id_of
from fedorg.domain.partnerships import GrantChange
from fedorg.domain.peer_lists import Ending, Fault, LineResult, ListedAllow, ListedBlock, ListedServer
from fedorg.domain.peers import lineage
from fedorg.domain.visibility import FederationMode, Tier, admits
from fedorg.errors import FedorgError
from fedorg.node import Node
from fedorg.services import peers
from fedorg.services.moderation import domain_blocks
from fedorg.services.moderation.domain_blocks import DomainBlockDraft
from fedorg.store import audit, partnerships, peer_rules
from fedorg.store import peers as stored

_NAMED: Final = (Tier.SIBLING, Tier.PARTNER)


@dataclass(frozen=True, slots=True)
class _Plan:
    """What is to be done about a line: to the block that is there, ``before``, or to the tier."""

    ending: Ending
    reason: str = ""
    before: DomainBlock | None = None
    sets_tier: bool = False


async def import_list(
    node: Node,
    listed: Sequence[ListedServer | Fault],
    *,
    is_dry: bool,
    overwrites: bool,
    tell: Callable[[LineResult], None] = lambda _: None,
    by: User | None = None,
) -> list[LineResult]:
    """What becomes of each line; with ``is_dry`` what would, and nothing does. ``tell`` hears of each as it is done."""
    results = []
    for line in listed:
        results.append(await _take(node, line, by, is_dry=is_dry, overwrites=overwrites))
        tell(results[-1])
    if not is_dry:
        counts = {ending.value: str(sum(one.ending is ending for one in results)) for ending in Ending}
        await node.write(
            lambda conn: audit.record(
                conn,
                node.ids,
                node.now(),
                action="peer.list_imported",
                target=node.settings.domain,
                user_id=user_id_of(by),
                details=counts,
            )
        )
    return results


async def _take(
    node: Node, line: ListedServer | Fault, by: User | None, *, is_dry: bool, overwrites: bool
) -> LineResult:
    if isinstance(line, Fault):
        return LineResult(place=line.place, domain=line.domain, ending=Ending.FAULTY, reason=line.reason)
    plan = await node.read(_plan, node, line, overwrites)
    if not is_dry and plan.ending in (Ending.ADDED, Ending.CHANGED):
        try:
            await _apply(node, line, plan, by)
        except FedorgError as problem:
            plan = _Plan(Ending.SKIPPED, str(problem))
    return LineResult(place=line.place, domain=line.domain, ending=plan.ending, reason=plan.reason)


def _plan(conn: Connection, node: Node, line: ListedServer, overwrites: bool) -> _Plan:  # noqa: FBT001 - a unit of work
    own = (node.settings.domain, node.settings.web_domain)
    if line.domain in own or (isinstance(line, ListedBlock) and any(line.domain in lineage(name) for name in own)):
        return _Plan(Ending.SKIPPED, "it is this node, or above it")
    if isinstance(line, ListedBlock):
        return _plan_block(conn, line, overwrites=overwrites)
    return _plan_allow(conn, node, line, overwrites=overwrites)


def _plan_block(conn: Connection, line: ListedBlock, *, overwrites: bool) -> _Plan:
    before = peer_rules.find_closest_block(conn, line.domain)
    if before is not None and before.domain != line.domain:
        if not _block(line, before).is_stricter_than(before) or before.is_stricter_than(_block(line, before)):
            return _Plan(Ending.SKIPPED, f"the block of {before.domain} covers it")
        before = None
    if before is not None:
        wanted = _block(line, before)
        if wanted == before:
            return _Plan(Ending.UNCHANGED)
        if not wanted.is_stricter_than(before) and not overwrites:
            return _Plan(Ending.SKIPPED, "the block that is there is stricter in something")
    named = {stored.tiers(conn, [line.domain])[line.domain], *stored.tiers_below(conn, line.domain)}
    kept = next((tier for tier in _NAMED if tier in named), None)
    if kept is not None and not overwrites:
        return _Plan(Ending.SKIPPED, f"it is a {kept} of this node, or above one")
    return _Plan(Ending.ADDED if before is None else Ending.CHANGED, before=before)


def _plan_allow(conn: Connection, node: Node, line: ListedAllow, *, overwrites: bool) -> _Plan:
    tier = stored.tiers(conn, [line.domain])[line.domain]
    known = stored.find(conn, line.domain)
    limits = UNLIMITED if known is None else known.ceilings
    wanted = limits if line.ceilings is None else line.ceilings
    if (tier, limits) == (line.tier, wanted):
        return _Plan(Ending.UNCHANGED)
    refusal = _why_never(conn, node, line, tier) or (None if overwrites else _why_not(line, tier, wanted, limits))
    if refusal is not None:
        return _Plan(Ending.SKIPPED, refusal)
    ending = Ending.CHANGED if tier is not Tier.OPEN or limits != UNLIMITED else Ending.ADDED
    return _Plan(ending, sets_tier=known is None or tier is not line.tier)


def _why_never(conn: Connection, node: Node, line: ListedAllow, tier: Tier) -> str | None:
    """Why a server cannot be what a line says, whatever is overwritten."""
    mode = FederationMode(node.settings.federation_mode)
    if line.tier is not Tier.OPEN and not admits(mode, line.tier):
        return f"this node is in mode {mode}, in which it speaks with no {line.tier}"
    if partnerships.find_live(conn, line.domain) is not None:
        return "a partnership says what it is, or an offer waits"
    if tier is Tier.BLOCKED and peer_rules.find_block(conn, line.domain) is None:
        return "a server above it is blocked"
    return None


def _why_not(line: ListedAllow, tier: Tier, wanted: Ceilings, limits: Ceilings) -> str | None:
    """Why a server is not made what a line says, unless that is to overwrite what was decided here."""
    if tier is Tier.BLOCKED:
        return "it is blocked"
    if tier in _NAMED and tier is not line.tier:
        return f"it is a {tier} of this node"
    return "less may pass than the list says" if narrower(wanted, limits) != wanted else None


async def _apply(node: Node, line: ListedServer, plan: _Plan, by: User | None) -> None:
    if isinstance(line, ListedAllow):
        if plan.sets_tier:
            await peers.set_tier(node, line.domain, line.tier, by)
        if line.ceilings is not None:
            limits = msgspec.structs.asdict(line.ceilings)
            await peers.change_ceilings(node, line.domain, GrantChange(**limits), by)
        return
    draft = DomainBlockDraft(
        severity=line.severity,
        reject_media=line.reject_media,
        reject_reports=line.reject_reports,
        obfuscate=line.obfuscate,
        public_comment=line.public_comment,
        private_comment=line.private_comment,
    )
    if plan.before is None:
        await domain_blocks.create(node, by, line.domain, draft)
    else:
        await domain_blocks.change(node, by, plan.before.id, draft)


def _block(line: ListedBlock, before: DomainBlock) -> DomainBlock:
    """The block as a line wants it; a comment that the list does not say stays."""
    return replace(
        before,
        severity=line.severity,
        reject_media=line.reject_media,
        reject_reports=line.reject_reports,
        obfuscate=line.obfuscate,
        public_comment=line.public_comment or before.public_comment,
        private_comment=line.private_comment or before.private_comment,
    )
