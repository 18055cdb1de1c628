"""One step of a partnership and all that follows from it, in one transaction: rows, peer, log, and what is told.

What is in force is written beside the peer, so that every door sees it at once. A block stays over everything.
"""

from dataclasses import replace
from typing import Final

from sqlalchemy import Connection

from fedorg.domain.accounts import User
from fedorg.domain.ceilings import NOTHING
from fedorg.domain.jobs import (
    AgreementKind,
    ApplyStanding,
    AskToPurge,
    FetchDirectory,
    FetchOrganisation,
    FollowIntroduction,
    PartWithPeer,
    SendAgreement,
    TellOrganisation,
)
from fedorg.domain.moderation import user_id_of
from fedorg.domain.partnerships import Event, Partnership, PartnershipState, Side, step
from fedorg.domain.visibility import Tier
from fedorg.errors import Conflict
from fedorg.ids import PartnershipId
from fedorg.node import Node
from fedorg.services.partnerships.letters import write_of_plan, write_to_administrators
from fedorg.store import audit, deliveries, jobs, partnerships, peer_rules, peers

_TOLD: Final = {
    Event.ACCEPT: AgreementKind.ACCEPT,
    Event.DECLINE: AgreementKind.DECLINE,
    Event.WITHDRAW: AgreementKind.END,
    Event.APPROVE: AgreementKind.UPDATE,
    Event.CHANGE: AgreementKind.UPDATE,
    Event.SUSPEND: AgreementKind.UPDATE,
    Event.PLAN: AgreementKind.UPDATE,
    Event.CALL_OFF: AgreementKind.UPDATE,
    Event.RESUME: AgreementKind.UPDATE,
    Event.REVOKE: AgreementKind.END,
}
"""What the other side is told of what happens here."""
_STOPS: Final = frozenset({Event.DECLINE, Event.SUSPEND, Event.REVOKE})
"""What those who look after this node are written to about when the other side does it."""

_FORETOLD: Final = frozenset({Event.PLAN, Event.CALL_OFF})


def begin(conn: Connection, node: Node, partnership: Partnership, by: User | None) -> bool:
    """Write a new partnership down; False while another one with the peer is not over."""
    peers.upsert_seen(conn, node.now(), partnership.domain)
    if not partnerships.insert(conn, partnership):
        return False
    side = Side.HERE if partnership.is_inviter else Side.THERE
    _log(conn, node, partnership, "invited", side, by, partnership.note)
    if partnership.is_inviter:
        tell(conn, node, partnership, AgreementKind.OFFER)
    else:
        _follow(conn, node, partnership)
    return True


def take_step(
    conn: Connection,
    node: Node,
    partnership: Partnership,
    event: Event,
    side: Side,
    *,
    by: User | None = None,
    reason: str = "",
) -> Partnership:
    """The partnership after something happened, written down with what follows from it; ``Conflict`` if it may not.

    The caller has called ``peers.lock_rules`` before it read the partnership: what both sides do at one moment is done
    one after the other.
    """
    before = partnerships.find(conn, partnership.id)
    assert before is not None, "a partnership that was read in this transaction"
    after = step(partnership, event, side, node.now())
    partnerships.update(conn, after)
    _log(conn, node, after, event.value, side, by, reason)
    _enforce(conn, node, before, after)
    if event is Event.EXPIRE and before.state is PartnershipState.ACCEPTED:
        # The other side may have approved it in its last moment.
        tell(conn, node, after, AgreementKind.END, "it has expired")
    if side is Side.HERE and event in _TOLD:
        tell(conn, node, after, _TOLD[event], reason)
    if side is Side.THERE and event is Event.ACCEPT:
        _follow(conn, node, after)
    if side is Side.THERE and event in _STOPS and (before.is_inviter or not before.state.is_pending):
        # Who only offers something, and takes that back, has nobody written to.
        write_to_administrators(conn, node)
    if side is Side.THERE and event in _FORETOLD:
        write_of_plan(conn, node, after)
    return after


def compare_anew(
    conn: Connection, node: Node, partnership: Partnership, fingerprint: str, by: User | None
) -> Partnership:
    """Write down what the keys of both give since one of them has others; what is agreed stays as it is."""
    after = replace(partnership, fingerprint=fingerprint, updated_at=node.now())
    partnerships.update(conn, after)
    _log(conn, node, after, "compared", Side.HERE, by, "")
    return after


def tell(conn: Connection, node: Node, partnership: Partnership, kind: AgreementKind, reason: str = "") -> None:
    """Queue what the other side is to know."""
    job = SendAgreement(partnership_id=partnership.id, kind=kind, reason=reason, domain=partnership.domain)
    jobs.enqueue(conn, node.ids, node.now(), job)


def require_no_contradiction(conn: Connection, node: Node, domain: str, tier: Tier) -> None:
    """Make room for a tier that an administrator sets by hand; a block suspends what was agreed.

    Raises ``Conflict`` for another tier than the one that was agreed.
    """
    live = partnerships.find_live(conn, domain)
    if live is None or live.state.is_pending:
        return
    if tier is Tier.BLOCKED:
        if Side.HERE not in live.suspended:
            take_step(conn, node, replace(live, reason="blocked"), Event.SUSPEND, Side.HERE, reason="blocked")
    elif live.state is PartnershipState.ACTIVE or tier is not Tier.OPEN:
        raise Conflict(f"There is a partnership with {domain}, which says what it is; suspend or revoke that")


async def mark_sent(node: Node, partnership_id: PartnershipId) -> None:
    """The offer is on its way."""

    def unit(conn: Connection) -> None:
        peers.lock_rules(conn)
        partnership = partnerships.find(conn, partnership_id)
        if partnership is not None and partnership.state is PartnershipState.PROPOSED:
            take_step(conn, node, partnership, Event.SEND, Side.HERE)

    await node.write(unit)


def _enforce(conn: Connection, node: Node, before: Partnership, after: Partnership) -> None:
    """Let every door see what is in force now."""
    if after.state.is_pending or (before.state.is_pending and after.state.is_over):
        return
    domain = after.domain
    is_active = after.state is PartnershipState.ACTIVE
    if peers.upsert_seen(conn, node.now(), domain).tier is not Tier.BLOCKED:
        tier = after.tier if is_active else Tier.OPEN
        peers.set_tier(conn, node.now(), domain, tier)
        peer_rules.set_allow(conn, node.ids, node.now(), domain, tier)
    if after.tier is Tier.SIBLING and is_active is not (before.state is PartnershipState.ACTIVE):
        jobs.enqueue(conn, node.ids, node.now(), TellOrganisation(domain=domain, partnership_id=after.id))
        if is_active:
            meet_sibling(conn, node, domain)
    elif is_active and after.effective.directory and not before.effective.directory and after.tier is Tier.SIBLING:
        ask_for_people(conn, node, domain)
    if after.state.is_over:
        peers.restore_ceilings(conn, domain)
        _part_for_good(conn, node, after)
    else:
        peers.set_ceilings(conn, domain, after.effective if is_active else NOTHING)
    # Files of accounts that are known here are shown, or not, as is agreed now.
    jobs.enqueue(conn, node.ids, node.now(), ApplyStanding(domain=domain))


def meet_sibling(conn: Connection, node: Node, domain: str) -> None:
    """Ask a new sibling for its people, and for those whom it vouches for."""
    ask_for_people(conn, node, domain)
    jobs.enqueue(conn, node.ids, node.now(), FetchOrganisation(domain=domain))


def ask_for_people(conn: Connection, node: Node, domain: str) -> None:
    """Ask a sibling for its people, now and not when the day is over."""
    jobs.enqueue(conn, node.ids, node.now(), FetchDirectory(domain=domain, begun_at=node.now()))


def _follow(conn: Connection, node: Node, partnership: Partnership) -> None:
    """A sibling-to-be that somebody introduced is answered without an administrator."""
    if partnership.tier is Tier.SIBLING:
        jobs.enqueue(conn, node.ids, node.now(), FollowIntroduction(domain=partnership.domain))


def _part_for_good(conn: Connection, node: Node, partnership: Partnership) -> None:
    """Nothing that waits leaves any more but what ends something, no follow stands, and the peer is asked to delete."""
    deliveries.drop_content(conn, partnership.domain)
    parting = PartWithPeer(domain=partnership.domain, cause=node.ids.next())
    for job in (parting, AskToPurge(partnership_id=partnership.id)):
        jobs.enqueue(conn, node.ids, node.now(), job)


def _log(
    conn: Connection, node: Node, partnership: Partnership, name: str, side: Side, by: User | None, reason: str
) -> None:
    told = {
        "side": side.value,
        "state": partnership.state.value,
        "tier": partnership.tier.value,
        "largest_reach": partnership.effective.largest_reach.value,
        "reason": reason,
        "at": _planned_for(partnership, name, side),
    }
    audit.record(
        conn,
        node.ids,
        node.now(),
        action=f"partnership.{name}",
        target=partnership.domain,
        user_id=user_id_of(by),
        account_id=None if by is None else by.account_id,
        details={key: value for key, value in told.items() if value},
    )


def _planned_for(partnership: Partnership, name: str, side: Side) -> str:
    plan = partnership.planned.get(side) if name == Event.PLAN else None
    return "" if plan is None else plan.at.isoformat()
