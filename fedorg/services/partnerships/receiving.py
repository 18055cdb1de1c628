"""What the other side says about a partnership. None is a yes; a string says why it has no effect here.

``sender`` is the actor that speaks for the other node, which the caller has made sure of.
"""

from dataclasses import replace
from datetime import timedelta
from typing import Final

from sqlalchemy import Connection

from fedorg.domain.accounts import Account
from fedorg.domain.offers import crowded_out
from fedorg.domain.partnerships import (
    CONTACT_MAX,
    EXPIRES_AFTER,
    NOTE_MAX,
    Event,
    Grant,
    Partnership,
    PartnershipState,
    Plan,
    Side,
    TheirSide,
)
from fedorg.domain.visibility import Tier
from fedorg.errors import Conflict
from fedorg.ids import PartnershipId
from fedorg.node import Node
from fedorg.services.partnerships.settling import begin, take_step
from fedorg.store import introductions, partnerships, peers

PENDING_MAX: Final = 100
"""How many offers of strangers wait for an answer at a time; beyond that ``domain.offers`` says which give way."""
PER_DAY_MAX: Final = 5
"""How often one server begins anew in a day."""

_CROWDED: Final = "too many offers wait for an answer here"
_DAY: Final = timedelta(days=1)
_UNANSWERED: Final = (PartnershipState.PROPOSED, PartnershipState.OFFERED)


async def receive_offer(node: Node, sender: Account, theirs: TheirSide) -> str | None:
    """Another node proposes a partnership: its administrators decide.

    Where both proposed at the same time, the offer of the node whose actor comes first in the alphabet stands.
    """
    now, domain = node.now(), sender.peer or ""
    made = Partnership(
        id=PartnershipId(node.ids.next()),
        domain=domain,
        tier=theirs.tier,
        state=PartnershipState.OFFERED,
        is_inviter=False,
        ours=Grant(),
        theirs=_cut(theirs.grant),
        their_actor=sender.uri,
        their_uri=theirs.uri,
        note=theirs.note[:NOTE_MAX],
        created_at=now,
        updated_at=now,
        expires_at=now + EXPIRES_AFTER,
    )

    def unit(conn: Connection) -> str | None:
        peers.lock_rules(conn)
        if partnerships.count_offers_of(conn, domain, now - _DAY) >= PER_DAY_MAX:
            return "its server offered too often today"
        live = partnerships.find_live(conn, domain)
        if live is not None and (problem := _make_room(conn, node, live, theirs)) is not None:
            return problem
        if not _is_let_wait(conn, node, made):
            return _CROWDED
        begin(conn, node, made, None)
        return None

    return await node.write(unit)


async def receive_accept(node: Node, sender: Account, partnership_id: PartnershipId, theirs: TheirSide) -> str | None:
    """The node that was invited wants what was offered."""

    def unit(conn: Connection) -> str | None:
        peers.lock_rules(conn)
        partnership = partnerships.find(conn, partnership_id)
        if partnership is None or partnership.their_actor != sender.uri or theirs.tier is not partnership.tier:
            return "it accepts nothing that was offered from here"
        return _try(conn, node, _with_theirs(partnership, theirs), Event.ACCEPT)

    return await node.write(unit)


async def receive_decline(node: Node, sender: Account, partnership_id: PartnershipId, reason: str) -> str | None:
    """The node that was invited does not want what was offered."""

    def unit(conn: Connection) -> str | None:
        peers.lock_rules(conn)
        partnership = partnerships.find(conn, partnership_id)
        if partnership is None or partnership.their_actor != sender.uri:
            return "it declines nothing that was offered from here"
        return _try(conn, node, replace(partnership, reason=reason[:NOTE_MAX]), Event.DECLINE, reason[:NOTE_MAX])

    return await node.write(unit)


async def receive_update(node: Node, sender: Account, theirs: TheirSide) -> str | None:
    """The other side approves, grants more or less, suspends, or ends its suspension."""

    def unit(conn: Connection) -> str | None:
        peers.lock_rules(conn)
        partnership = _find(conn, sender, theirs.uri)
        if partnership is None or theirs.tier is not partnership.tier:
            return "no such partnership is known here"
        was_suspended, told = Side.THERE in partnership.suspended, _plan(theirs)
        planned = partnership.planned.get(Side.THERE)
        events = [
            event
            for event, has_happened in (
                (Event.APPROVE, theirs.is_approved and Side.THERE not in partnership.approved),
                (Event.CHANGE, _cut(theirs.grant) != partnership.theirs),
                (Event.SUSPEND, theirs.is_suspended and not was_suspended),
                (Event.PLAN, told is not None and told != planned),
                (Event.CALL_OFF, told is None and planned is not None and not theirs.is_suspended),
                (Event.RESUME, was_suspended and not theirs.is_suspended),
            )
            if has_happened
        ]
        try:
            for event in events:
                reason = theirs.note[:NOTE_MAX] if event in (Event.SUSPEND, Event.PLAN) else ""
                partnership = take_step(conn, node, _told(partnership, theirs, event), event, Side.THERE, reason=reason)
        except Conflict as problem:
            return str(problem)
        return None

    return await node.write(unit)


async def receive_end(node: Node, sender: Account, their_uri: str, reason: str) -> str | None:
    """The other side takes its offer back, or ends what was agreed."""

    def unit(conn: Connection) -> str | None:
        peers.lock_rules(conn)
        partnership = _find(conn, sender, their_uri)
        if partnership is None:
            return "no such partnership is known here"
        if not partnership.state.is_pending:
            event = Event.REVOKE
        else:
            event = Event.DECLINE if partnership.is_inviter else Event.WITHDRAW
        return _try(conn, node, replace(partnership, reason=reason[:NOTE_MAX]), event, reason[:NOTE_MAX])

    return await node.write(unit)


def _make_room(conn: Connection, node: Node, live: Partnership, theirs: TheirSide) -> str | None:
    """End what stands in the way of an offer, if it may; else why not."""
    if live.their_uri == theirs.uri:
        return "it was offered before"
    if live.is_inviter and live.state in _UNANSWERED:
        if node.uris.node_actor < live.their_actor:
            return "an offer of this server waits there"
        take_step(conn, node, replace(live, reason="both sides made an offer"), Event.WITHDRAW, Side.HERE)
    elif live.state.is_pending:
        event = Event.DECLINE if live.is_inviter else Event.WITHDRAW
        take_step(conn, node, replace(live, reason="there is a new offer"), event, Side.THERE)
    else:
        take_step(conn, node, replace(live, reason="there is a new offer"), Event.REVOKE, Side.THERE)
    return None


def _is_let_wait(conn: Connection, node: Node, made: Partnership) -> bool:
    """Whether one more offer may wait; another one may have to give way to it.

    Whom siblings introduce, and who was named a sibling or partner by hand, is no stranger and always may.
    """
    waiting = partnerships.list_offered(conn)
    if len(waiting) < PENDING_MAX:
        return True
    domains = {made.domain, *(one.domain for one in waiting)}
    known = introductions.list_named_of(conn, domains)
    known |= {domain for domain, tier in peers.tiers(conn, domains).items() if tier in (Tier.SIBLING, Tier.PARTNER)}
    strangers = [one for one in waiting if one.domain not in known]
    if made.domain in known or len(strangers) < PENDING_MAX:
        return True
    loser = crowded_out([*strangers, made])
    if loser is made:
        return False
    take_step(conn, node, replace(loser, reason=_CROWDED), Event.DECLINE, Side.HERE, reason=_CROWDED)
    return True


def _try(conn: Connection, node: Node, partnership: Partnership, event: Event, reason: str = "") -> str | None:
    try:
        take_step(conn, node, partnership, event, Side.THERE, reason=reason)
    except Conflict as problem:
        return str(problem)
    return None


def _find(conn: Connection, sender: Account, their_uri: str) -> Partnership | None:
    partnership = partnerships.find_live(conn, sender.peer or "")
    is_it = partnership is not None and (partnership.their_actor, partnership.their_uri) == (sender.uri, their_uri)
    return partnership if is_it else None


def _told(partnership: Partnership, theirs: TheirSide, event: Event) -> Partnership:
    """The partnership with what the other side says in one event."""
    match event:
        case Event.CHANGE:
            return _with_theirs(partnership, theirs)
        case Event.SUSPEND:
            return replace(partnership, reason=theirs.note[:NOTE_MAX])
        case Event.PLAN:
            return partnership.planning(Side.THERE, _plan(theirs))
        case Event.RESUME:
            return replace(partnership, reason="")
        case _:
            return partnership


def _with_theirs(partnership: Partnership, theirs: TheirSide) -> Partnership:
    return replace(partnership, theirs=_cut(theirs.grant), their_uri=theirs.uri)


def _plan(theirs: TheirSide) -> Plan | None:
    """When they will suspend it, as it is kept here; whoever has done so plans it no more."""
    at = theirs.suspends_at
    if at is None or theirs.is_suspended:
        return None
    return Plan(at=at.replace(microsecond=at.microsecond // 1000 * 1000), reason=theirs.note[:NOTE_MAX])


def _cut(grant: Grant) -> Grant:
    return Grant(
        ceilings=grant.ceilings,
        contact=grant.contact[:CONTACT_MAX],
        retention=grant.retention[:NOTE_MAX],
        review_at=grant.review_at,
    )
