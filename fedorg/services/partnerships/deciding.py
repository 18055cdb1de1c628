"""What the administrators of this node decide about a partnership."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import Connection

from fedorg.domain.accounts import User
from fedorg.domain.ceilings import default_ceilings
from fedorg.domain.fingerprints import is_same
from fedorg.domain.jobs import SuspendAsPlanned
from fedorg.domain.partnerships import (
    CONTACT_MAX,
    EXPIRES_AFTER,
    NOTE_MAX,
    Event,
    Grant,
    GrantChange,
    Partnership,
    PartnershipState,
    PartnershipView,
    Plan,
    Side,
)
from fedorg.domain.visibility import FederationMode, Reach, Tier, admits
from fedorg.errors import Conflict, Invalid, NotFound
from fedorg.ids import PartnershipId
from fedorg.node import Node
from fedorg.services.partnerships.looking import view
from fedorg.services.partnerships.settling import begin, compare_anew, take_step
from fedorg.store import introductions, jobs, partnerships, peers
from fedorg.text.hosts import canonical_domain

PLANNED_WITHIN: Final = timedelta(days=366)

_TIERS: Final = (Tier.SIBLING, Tier.PARTNER)


@dataclass(frozen=True, slots=True, kw_only=True)
class Invitation:
    """What is offered to another node; ``change`` says what differs from the defaults of the tier."""

    domain: str
    tier: Tier
    change: GrantChange
    note: str = ""


async def invite(node: Node, invitation: Invitation, by: User | None = None) -> PartnershipView:
    """Offer another node a partnership: it is asked who speaks for it, and then told.

    Raises ``Invalid`` for what cannot be offered, ``NotFound`` for a server that is not there or runs something else,
    and ``Conflict`` while there is a partnership with it.
    """
    mode = FederationMode(node.settings.federation_mode)
    if invitation.tier not in _TIERS:
        raise Invalid("A partnership is with a sibling or with a partner")
    if not admits(mode, invitation.tier):
        raise Invalid(f"This node is in mode {mode}, in which it speaks with no {invitation.tier}")
    _require_short(invitation.note)
    grant = _checked(node, invitation.change.of(Grant(ceilings=default_ceilings(invitation.tier))))
    actor = await node.resolver.node_actor(node, _require_domain(node, invitation.domain))
    now = node.now()
    partnership = Partnership(
        id=PartnershipId(node.ids.next()),
        domain=actor.peer or "",
        tier=invitation.tier,
        state=PartnershipState.PROPOSED,
        is_inviter=True,
        ours=grant,
        their_actor=actor.uri,
        note=invitation.note,
        created_at=now,
        updated_at=now,
        expires_at=now + EXPIRES_AFTER,
    )

    def unit(conn: Connection) -> PartnershipView:
        # An offer of theirs that comes at this very moment meets this one.
        peers.lock_rules(conn)
        _require_not_blocked(conn, partnership.domain)
        if not begin(conn, node, partnership, by):
            raise Conflict(f"There is a partnership with {partnership.domain} already, or an offer that waits")
        return view(conn, node, partnership)

    return await node.write(unit)


async def accept(node: Node, domain: str, change: GrantChange, by: User | None = None) -> PartnershipView:
    """Say yes to an offer; what is granted back is what was offered, but for the change."""

    def accepted(partnership: Partnership) -> Partnership:
        offered = Grant() if partnership.theirs is None else partnership.theirs
        return replace(partnership, ours=_checked(node, change.of(Grant(ceilings=offered.ceilings))))

    mode = FederationMode(node.settings.federation_mode)

    def unit(conn: Connection) -> PartnershipView:
        partnership = _get_live(conn, domain)
        if not admits(mode, partnership.tier):
            raise Invalid(f"This node is in mode {mode}, in which it speaks with no {partnership.tier}")
        _require_not_blocked(conn, partnership.domain)
        return view(conn, node, take_step(conn, node, accepted(partnership), Event.ACCEPT, Side.HERE, by=by))

    return await node.write(unit)


async def approve(node: Node, domain: str, fingerprint: str, by: User | None = None) -> PartnershipView:
    """Agree to what both sides want, after its fingerprint was compared with the other side's administrators.

    Where one of the two got other keys since, this says that they were compared anew, and changes nothing else. Raises
    ``Conflict`` when the keys of the two nodes give another fingerprint than the one that was compared.
    """

    def unit(conn: Connection) -> PartnershipView:
        partnership = _get_live(conn, domain)
        _require_not_blocked(conn, partnership.domain)
        seen = view(conn, node, partnership)
        current = seen.fingerprint
        if current is None or not is_same(current, fingerprint):
            raise Conflict(
                f"The fingerprint of the partnership with {partnership.domain} is {current or 'not known yet'};"
                " compare it with the other side's administrators before you approve"
            )
        if seen.has_other_keys and not partnership.state.is_pending:
            return view(conn, node, compare_anew(conn, node, partnership, current, by))
        decided = replace(partnership, fingerprint=current)
        return view(conn, node, take_step(conn, node, decided, Event.APPROVE, Side.HERE, by=by))

    return await node.write(unit)


async def change(node: Node, domain: str, wanted: GrantChange, by: User | None = None) -> PartnershipView:
    """Grant more or less: less takes effect at once, more when the other side grants as much."""

    def unit(conn: Connection) -> PartnershipView:
        partnership = _get_live(conn, domain)
        before = partnership.ours
        changed = replace(partnership, ours=_checked(node, wanted.of(before), before.review_at))
        return view(conn, node, take_step(conn, node, changed, Event.CHANGE, Side.HERE, by=by))

    return await node.write(unit)


async def decline(node: Node, domain: str, reason: str, by: User | None = None) -> PartnershipView:
    """Say no to an offer, also after it was accepted and before it is in force."""
    return await _decide(node, domain, Event.DECLINE, reason, by)


async def withdraw(node: Node, domain: str, reason: str, by: User | None = None) -> PartnershipView:
    """Take back an offer that is not in force."""
    return await _decide(node, domain, Event.WITHDRAW, reason, by)


async def suspend(node: Node, domain: str, reason: str, by: User | None = None) -> PartnershipView:
    """Stop all exchange with a partner for now; nothing is deleted."""
    return await _decide(node, domain, Event.SUSPEND, reason, by)


async def plan_suspension(
    node: Node, domain: str, at: datetime, reason: str, by: User | None = None
) -> PartnershipView:
    """Suspend a partnership at a moment to come, and tell the partner now; a plan before it holds no more.

    Raises ``Invalid`` for a moment that is over or more than a year away.
    """
    _require_short(reason)
    if not node.now() < at <= node.now() + PLANNED_WITHIN:
        raise Invalid("A suspension is planned for a moment to come, within a year")

    def unit(conn: Connection) -> PartnershipView:
        partnership = _get_live(conn, domain).planning(Side.HERE, Plan(at=at, reason=reason))
        planned = take_step(conn, node, partnership, Event.PLAN, Side.HERE, by=by, reason=reason)
        jobs.enqueue(conn, node.ids, node.now(), SuspendAsPlanned(partnership_id=planned.id), due_at=at)
        return view(conn, node, planned)

    return await node.write(unit)


async def suspend_as_planned(node: Node, partnership_id: PartnershipId) -> None:
    """Suspend a partnership if this node has planned that until now, and has not called it off.

    Before its time, as where the clock was set back since this was due, or the plan was moved, it waits again.
    """

    def unit(conn: Connection) -> None:
        peers.lock_rules(conn)
        partnership = partnerships.find(conn, partnership_id)
        plan = None if partnership is None else partnership.planned.get(Side.HERE)
        if partnership is None or plan is None:
            return
        if plan.at > node.now():
            jobs.enqueue(conn, node.ids, node.now(), SuspendAsPlanned(partnership_id=partnership_id), due_at=plan.at)
            return
        due = replace(partnership, reason=plan.reason)
        take_step(conn, node, due, Event.SUSPEND, Side.HERE, reason=plan.reason)

    await node.write(unit)


async def resume(node: Node, domain: str, by: User | None = None) -> PartnershipView:
    """End this node's suspension of a partnership, or call off the one that it has planned.

    It is active then unless the other side suspended it too.
    """

    def unit(conn: Connection) -> PartnershipView:
        partnership = _get_live(conn, domain)
        if Side.HERE in partnership.planned:
            return view(conn, node, take_step(conn, node, partnership, Event.CALL_OFF, Side.HERE, by=by))
        _require_not_blocked(conn, partnership.domain)
        resumed = take_step(conn, node, replace(partnership, reason=""), Event.RESUME, Side.HERE, by=by)
        return view(conn, node, resumed)

    return await node.write(unit)


async def revoke(node: Node, domain: str, reason: str, by: User | None = None) -> PartnershipView:
    """End a partnership: delivery stops at once, follows end, and what was sent to the partner is asked back."""
    return await _decide(node, domain, Event.REVOKE, reason, by)


async def _decide(node: Node, domain: str, event: Event, reason: str, by: User | None) -> PartnershipView:
    _require_short(reason)

    def unit(conn: Connection) -> PartnershipView:
        partnership = replace(_get_live(conn, domain), reason=reason)
        after = take_step(conn, node, partnership, event, Side.HERE, by=by, reason=reason)
        if after.state.is_over:
            # Whoever is not wanted any more is not let in again because a sibling still vouches for them.
            introductions.dismiss_accepted(conn, after.domain)
        return view(conn, node, after)

    return await node.write(unit)


def _get_live(conn: Connection, domain: str) -> Partnership:
    """The partnership with a node that is not over, as it stays until the end of the transaction."""
    peers.lock_rules(conn)
    name = canonical_domain(domain) or domain
    found = partnerships.find_live(conn, name)
    if found is None:
        latest = partnerships.find_latest(conn, name)
        raise NotFound(
            f"There is no partnership with {name}" + ("" if latest is None else f"; the last one was {latest.state}")
        )
    return found


def _require_not_blocked(conn: Connection, domain: str) -> None:
    if peers.tiers(conn, [domain])[domain] is Tier.BLOCKED:
        raise Conflict(f"{domain} is blocked; lift the block first")


def _require_domain(node: Node, domain: str) -> str:
    name = canonical_domain(domain)
    if name is None:
        raise Invalid(f"{domain!r} is not a domain; give a host name such as sales.org.example")
    if name in (node.settings.domain, node.settings.web_domain):
        raise Invalid("A node is no partner of itself")
    return name


def _checked(node: Node, grant: Grant, review_was_at: datetime | None = None) -> Grant:
    """The grant, if this node may give it; a review date that is over is nothing to refuse anything else for."""
    if grant.ceilings.largest_reach is Reach.NODE:
        raise Invalid("Reach node is for this node alone; suspend the partnership to let nothing pass")
    if len(grant.contact) > CONTACT_MAX:
        raise Invalid(f"A contact has at most {CONTACT_MAX} characters")
    _require_short(grant.retention)
    if grant.review_at is not None and grant.review_at != review_was_at and grant.review_at <= node.now():
        raise Invalid("A review date lies in the future")
    return grant


def _require_short(text: str) -> None:
    if len(text) > NOTE_MAX:
        raise Invalid(f"At most {NOTE_MAX} characters, please")
