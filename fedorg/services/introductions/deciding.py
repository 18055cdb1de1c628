"""What administrators decide about those whom siblings introduce."""

from collections.abc import Callable
from dataclasses import replace
from typing import Final

from sqlalchemy import Connection

from fedorg.domain.accounts import User
from fedorg.domain.introductions import PRIORITY_MAX, Introducer, Introduction, IntroductionState, Policy, Voice
from fedorg.domain.moderation import user_id_of
from fedorg.domain.partnerships import PartnershipState
from fedorg.domain.visibility import Tier
from fedorg.errors import Conflict, Invalid, NotFound
from fedorg.node import Node
from fedorg.services.introductions.following import follow_up
from fedorg.services.introductions.listing import ask, default_policy, suspend
from fedorg.store import audit, introductions, partnerships, peers
from fedorg.text.hosts import canonical_domain

LISTED_MAX: Final = 1000

_Decision = Callable[[Connection, Node, Introduction], Introduction | None]


async def list_introductions(node: Node, *, is_open: bool) -> list[Introduction]:
    """What siblings say, by the nodes they name; with ``is_open`` only what waits for an administrator."""

    def unit(conn: Connection) -> list[Introduction]:
        voices = introductions.list_all(conn, default_policy(node), LISTED_MAX, is_open=is_open)
        return [voice.introduction for voice in voices]

    return await node.read(unit)


async def list_introducers(node: Node) -> list[Introducer]:
    """The siblings, and what is made of those whom they introduce."""

    def unit(conn: Connection) -> list[Introducer]:
        known = introductions.get_introducers(conn, peers.list_siblings(conn), default_policy(node))
        return list(known.values())

    return await node.read(unit)


async def change_policy(
    node: Node, domain: str, policy: Policy, priority: int | None = None, by: User | None = None
) -> Introducer:
    """Say what is made of those whom a server introduces while it is a sibling; it may become one later."""
    name = canonical_domain(domain)
    if name is None or name in (node.settings.domain, node.settings.web_domain):
        raise Invalid(f"{domain!r} is not the domain of another node")
    if priority is not None and not 0 <= priority <= PRIORITY_MAX:
        raise Invalid(f"A priority is a number from 0 to {PRIORITY_MAX}")

    def unit(conn: Connection) -> tuple[Introducer, bool]:
        known = introductions.get_introducer(conn, name, default_policy(node))
        wanted = known.priority if priority is None else priority
        introductions.set_policy(conn, name, policy, wanted)
        details = {"policy": policy.value, "priority": str(wanted)}
        _record(conn, node, by, "policy", name, details)
        changed = introductions.get_introducer(conn, name, default_policy(node))
        return changed, peers.tiers(conn, [name])[name] is Tier.SIBLING

    changed, is_sibling = await node.write(unit)
    if is_sibling and policy is not Policy.IGNORE:
        await ask(node, name)
    return changed


async def approve(node: Node, domain: str, by: User | None = None) -> list[Introduction]:
    """Let an introduced node be a sibling, or suspend one that nobody names any more: what is asked about it.

    A node that was dismissed may be let in after all. Raises ``NotFound`` for one that no sibling introduces, and
    ``Conflict`` for one that is blocked.
    """

    def decide(conn: Connection, node: Node, one: Introduction) -> Introduction | None:
        match one.state:
            case IntroductionState.DRAFT | IntroductionState.DISMISSED if one.is_named:
                if peers.tiers(conn, [one.domain])[one.domain] is Tier.BLOCKED:
                    raise Conflict(f"{one.domain} is blocked; lift the block first")
                return replace(one, state=IntroductionState.ACCEPTED)
            case IntroductionState.RETRACTED:
                live = partnerships.find_live(conn, one.domain)
                if live is not None and live.id == one.partnership_id and live.state is PartnershipState.ACTIVE:
                    suspend(conn, node, live)
                return replace(one, state=IntroductionState.SUSPENDED)
            case _:
                return None

    await _require_there(node, domain)
    decided = await _decide(node, domain, "approved", decide, by)
    if any(one.state is IntroductionState.ACCEPTED for one in decided):
        await follow_up(node, decided[0].domain)
    return decided


async def dismiss(node: Node, domain: str, by: User | None = None) -> list[Introduction]:
    """Leave things as they are: do not ask again about a node, or keep one that a list names no more."""

    def decide(_conn: Connection, _node: Node, one: Introduction) -> Introduction | None:
        match one.state:
            case IntroductionState.DRAFT:
                return replace(one, state=IntroductionState.DISMISSED)
            case IntroductionState.RETRACTED:
                return replace(one, state=IntroductionState.KNOWN, partnership_id=None)
            case _:
                return None

    return await _decide(node, domain, "dismissed", decide, by)


async def _require_there(node: Node, domain: str) -> None:
    """Raise ``NotFound`` or ``Unavailable`` where nobody could be invited, before anything is decided."""
    name = canonical_domain(domain) or domain

    def unit(conn: Connection) -> bool:
        voices = introductions.list_about(conn, name, default_policy(node))
        is_named = any(one.is_named for one in _of(voices))
        is_blocked = peers.tiers(conn, [name])[name] is Tier.BLOCKED
        return is_named and not is_blocked and partnerships.find_live(conn, name) is None

    if await node.read(unit):
        await node.resolver.node_actor(node, name)


async def _decide(node: Node, domain: str, what: str, decide: _Decision, by: User | None) -> list[Introduction]:
    def unit(conn: Connection) -> list[Introduction]:
        peers.lock_rules(conn)
        voices = introductions.list_about(conn, canonical_domain(domain) or domain, default_policy(node))
        decided = [after for one in _of(voices) if (after := decide(conn, node, one)) is not None]
        if not decided:
            raise NotFound(f"No sibling introduces {domain} in a way that leaves something to decide")
        for one in decided:
            introductions.put(conn, one)
            _record(conn, node, by, what, one.domain, {"introducer": one.introducer, "state": one.state.value})
        return decided

    return await node.write(unit)


def _of(voices: list[Voice]) -> list[Introduction]:
    return [voice.introduction for voice in voices]


def _record(conn: Connection, node: Node, by: User | None, what: str, target: str, details: dict[str, str]) -> None:
    audit.record(
        conn,
        node.ids,
        node.now(),
        action=f"introduction.{what}",
        target=target,
        user_id=user_id_of(by),
        account_id=None if by is None else by.account_id,
        details=details,
    )
