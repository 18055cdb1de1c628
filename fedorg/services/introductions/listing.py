"""The lists of siblings: which are asked for and when, and what follows from one that was read to its end."""

from collections.abc import Collection, Iterable
from dataclasses import replace
from datetime import timedelta
from typing import Final

from sqlalchemy import Connection

from fedorg.domain.introductions import (
    NAMED_MAX,
    PATIENCE,
    Introducer,
    Introduction,
    IntroductionState,
    Policy,
    Standing,
    Voice,
    first_state,
    is_vouched_for,
    next_state,
)
from fedorg.domain.jobs import FetchOrganisation, FollowIntroduction
from fedorg.domain.partnerships import Event, Partnership, PartnershipState, Side
from fedorg.domain.visibility import Tier
from fedorg.ids import PartnershipId
from fedorg.node import Node
from fedorg.services.partnerships.letters import write_to_administrators
from fedorg.services.partnerships.settling import take_step
from fedorg.store import audit, introductions, jobs, partnerships, peers

ASKED_EVERY: Final = timedelta(days=1)
NO_LONGER_NAMED: Final = "no sibling vouches for it any more"

_UNDECIDED: Final = (IntroductionState.DRAFT, IntroductionState.ACCEPTED)
_ENDED: Final = (PartnershipState.REVOKED, PartnershipState.DECLINED, PartnershipState.WITHDRAWN)


def default_policy(node: Node) -> Policy:
    """What is made of those whom siblings introduce for which nothing else was chosen."""
    return Policy(node.settings.introductions)


async def find_policy(node: Node, domain: str) -> Policy | None:
    """What is made of those whom a server introduces; None for one that is no sibling."""

    def unit(conn: Connection) -> Policy | None:
        if peers.tiers(conn, [domain])[domain] is not Tier.SIBLING:
            return None
        return introductions.get_introducer(conn, domain, default_policy(node)).policy

    return await node.read(unit)


async def list_vouched(node: Node) -> list[str]:
    """The actors of the siblings this node introduces to others: those with which it came to terms itself."""
    return await node.read(introductions.list_vouched, NAMED_MAX - 1)


async def came_by_list(node: Node, partnership_id: PartnershipId) -> bool:
    """Whether a partnership was made because somebody introduced the other side."""
    return await node.read(introductions.came_by_list, partnership_id)


async def ask(node: Node, domain: str) -> None:
    """Ask a sibling for its list, soon; once, however often it says that there is something new."""
    await node.write(_ask, node, [domain])


async def ask_again(node: Node, job: FetchOrganisation) -> None:
    """Ask a sibling once more that did not give its list, a little later each time; after some times, tomorrow."""
    if job.refusals < len(PATIENCE):
        again = FetchOrganisation(domain=job.domain, refusals=job.refusals + 1)
        due_at = node.now() + PATIENCE[job.refusals]
        await node.write(lambda conn: jobs.enqueue(conn, node.ids, node.now(), again, due_at=due_at))


async def ask_siblings(node: Node, every: timedelta = ASKED_EVERY) -> int:
    """Ask those siblings for their lists that were not asked for a while; how many are."""

    def unit(conn: Connection) -> int:
        known = introductions.get_introducers(conn, peers.list_siblings(conn), default_policy(node)).values()
        due = [
            one.domain
            for one in known
            if one.policy is not Policy.IGNORE and (one.asked_at is None or one.asked_at <= node.now() - every)
        ]
        _ask(conn, node, due)
        return len(due)

    return await node.write(unit)


async def take_list(node: Node, domain: str, named: Collection[str]) -> int:
    """A sibling names all these nodes and no others; how many introductions are new.

    What follows is done in jobs, in this transaction only what nobody has to be asked for. Administrators are written
    to when there is something for them to decide, or something was suspended.
    """

    def unit(conn: Connection) -> int:
        peers.lock_rules(conn)
        tiers = peers.tiers(conn, {domain, *named})
        introducer = introductions.get_introducer(conn, domain, default_policy(node))
        if tiers[domain] is not Tier.SIBLING or introducer.policy is Policy.IGNORE:
            return 0
        before = introductions.list_of(conn, domain)
        introductions.note_seen(conn, domain, named, node.now())
        asks = False
        for name in sorted(named):
            after = _take(conn, node, introducer, name, tiers[name], before.get(name))
            is_new = name not in before or before[name].state is not after.state
            asks |= is_new and after.state is IntroductionState.DRAFT
        for name in sorted(before.keys() - set(named)):
            if before[name].is_named:
                _retract(conn, node, before[name])
                asks |= _let_go(conn, node, name)
        if asks:
            write_to_administrators(conn, node)
        return len(set(named) - before.keys())

    return await node.write(unit)


async def part_with_departed(node: Node) -> int:
    """Whoever is no sibling any more names nobody; how many introductions that ends.

    What they alone vouched for is suspended, or administrators are asked, as if they had said so.
    """

    def unit(conn: Connection) -> int:
        peers.lock_rules(conn)
        gone = introductions.list_departed(conn)
        asks = False
        for one in gone:
            _retract(conn, node, one)
            introducer = introductions.get_introducer(conn, one.introducer, default_policy(node))
            asks |= _let_go(conn, node, one.domain, Voice(introducer=introducer, introduction=one))
        if asks:
            write_to_administrators(conn, node)
        return len(gone)

    return await node.write(unit)


def standing_of(conn: Connection, domain: str, tier: Tier) -> Standing:
    """What a node is to this one, whatever lists say of it."""
    latest = partnerships.find_latest(conn, domain)
    return Standing(
        tier=tier,
        is_agreed=latest is not None and not latest.state.is_over and not latest.state.is_pending,
        was_ended=latest is not None and latest.state in _ENDED,
    )


def record(conn: Connection, node: Node, what: str, one: Introduction) -> None:
    """Write down what the node itself did about an introduction."""
    details = {"introducer": one.introducer}
    audit.record(conn, node.ids, node.now(), action=f"introduction.{what}", target=one.domain, details=details)


def _ask(conn: Connection, node: Node, domains: Iterable[str]) -> None:
    for domain in domains:
        job = FetchOrganisation(domain=domain)
        if not jobs.is_awaited(conn, job):
            introductions.note_asked(conn, domain, node.now())
            jobs.enqueue(conn, node.ids, node.now(), job)


def _take(
    conn: Connection, node: Node, introducer: Introducer, domain: str, tier: Tier, before: Introduction | None
) -> Introduction:
    now = node.now()
    new = Introduction(
        introducer=introducer.domain,
        domain=domain,
        state=IntroductionState.DRAFT,
        first_seen_at=now,
        last_seen_at=now,
    )
    known = replace(before or new, last_seen_at=now, retracted_at=None)
    if tier is Tier.SIBLING and known.state is IntroductionState.ACCEPTED:
        return known
    standing = standing_of(conn, domain, tier)
    if known.state is IntroductionState.DRAFT:
        voices = introductions.list_about(conn, domain, default_policy(node))
        others = [one for one in voices if one.introducer.domain != introducer.domain]
        after = replace(known, state=first_state(introducer, standing, others))
    else:
        after = replace(known, state=next_state(known.state, standing))
    if before is None or before.state is not after.state:
        introductions.put(conn, after)
        record(conn, node, "received" if before is None else "taken_up", after)
    if known.state is IntroductionState.SUSPENDED:
        _resume(conn, node, domain)
    if after.state is IntroductionState.ACCEPTED:
        jobs.enqueue(conn, node.ids, node.now(), FollowIntroduction(domain=domain))
    return after


def _retract(conn: Connection, node: Node, one: Introduction) -> None:
    """Note that somebody is named no more, or forget them when nothing was decided: lists cannot fill the node."""
    if one.state in _UNDECIDED and one.partnership_id is None:
        introductions.delete(conn, one)
    else:
        introductions.put(conn, replace(one, retracted_at=node.now()))


def _let_go(conn: Connection, node: Node, domain: str, departed: Voice | None = None) -> bool:
    """See whether a node that is named no more is still vouched for; whether administrators want to know.

    ``departed`` is what somebody said of it who is no sibling any more.
    """
    live = partnerships.find_live(conn, domain)
    if live is None or live.state is not PartnershipState.ACTIVE:
        return False
    voices = introductions.list_about(conn, domain, default_policy(node))
    retracted = [] if departed is None else [_without_name(departed, node)]
    made = [
        voice
        for voice in (*voices, *retracted)
        if voice.introduction.partnership_id == live.id and voice.introduction.state is IntroductionState.ACCEPTED
    ]
    if not made or is_vouched_for(made, voices):
        return False
    is_decided = any(voice.introducer.policy is Policy.ACCEPT for voice in made)
    state = IntroductionState.SUSPENDED if is_decided else IntroductionState.RETRACTED
    if is_decided:
        suspend(conn, node, live)
    for voice in made:
        after = replace(voice.introduction, state=state)
        introductions.put(conn, after)
        record(conn, node, "retracted", after)
    return True


def _without_name(voice: Voice, node: Node) -> Voice:
    return replace(voice, introduction=replace(voice.introduction, retracted_at=node.now()))


def suspend(conn: Connection, node: Node, live: Partnership) -> None:
    """Suspend a partnership for which nobody vouches any more."""
    take_step(conn, node, replace(live, reason=NO_LONGER_NAMED), Event.SUSPEND, Side.HERE, reason=NO_LONGER_NAMED)


def _resume(conn: Connection, node: Node, domain: str) -> None:
    """End the suspension that followed from a list, if it is still that one."""
    live = partnerships.find_live(conn, domain)
    if live is not None and live.reason == NO_LONGER_NAMED and Side.HERE in live.suspended:
        take_step(conn, node, replace(live, reason=""), Event.RESUME, Side.HERE)
        others = [voice.introduction for voice in introductions.list_about(conn, domain, default_policy(node))]
        for one in others:
            if one.state is IntroductionState.SUSPENDED:
                introductions.put(conn, replace(one, state=IntroductionState.ACCEPTED))
