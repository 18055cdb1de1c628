"""What follows from an introduction that was accepted: both sides come to terms as if by hand, step by step.

This node invites the one that was introduced; one that was invited and knows the inviter from a list says yes; and each
approves. The keys come from the other node's own server, as always, and a sibling vouches for its name: nobody compares
a fingerprint. Each step is looked for anew, so that what happens meanwhile on either side leads to the same end.
"""

from datetime import timedelta
from typing import Final

from sqlalchemy import Connection

from fedorg import log
from fedorg.domain.introductions import Introduction, IntroductionState
from fedorg.domain.partnerships import GrantChange, Partnership, PartnershipState, Side
from fedorg.domain.visibility import FederationMode, Tier, admits
from fedorg.errors import Conflict, Forbidden, Invalid, NotFound
from fedorg.node import Node
from fedorg.services import partnerships
from fedorg.services.introductions.listing import ask_siblings, default_policy
from fedorg.services.partnerships import Invitation
from fedorg.store import introductions, peers
from fedorg.store import partnerships as stored

ASKED_AGAIN: Final = timedelta(minutes=1)

logger = log.get_logger()


async def follow_up(node: Node, domain: str) -> None:
    """Do what an accepted introduction of a node asks for next; raises ``Unavailable`` while the node is ill.

    For an offer by a node that nobody introduced yet, siblings are asked whether they do.
    """
    tier, accepted, latest = await node.read(_look, node, domain)
    live = None if latest is None or latest.state.is_over else latest
    if tier is not Tier.OPEN or not admits(FederationMode(node.settings.federation_mode), Tier.SIBLING):
        return
    if not accepted:
        if live is not None and live.tier is Tier.SIBLING and not live.is_inviter:
            await ask_siblings(node, ASKED_AGAIN)
        return
    try:
        await _go_on(node, domain, accepted, latest)
    except (Conflict, Forbidden, Invalid, NotFound) as problem:
        # Something else came first, or the server is not what the list says: the next list is looked at anew.
        logger.info("introduction.not_followed", peer=domain, reason=str(problem))


async def _go_on(node: Node, domain: str, accepted: list[Introduction], latest: Partnership | None) -> None:
    if latest is None or latest.state.is_over:
        note = f"Introduced by {accepted[0].introducer}"
        draft = Invitation(domain=domain, tier=Tier.SIBLING, change=GrantChange(), note=note)
        await partnerships.invite(node, draft)
        await node.write(_mark, domain, accepted)
        return
    if latest.tier is not Tier.SIBLING:
        return
    if latest.state is PartnershipState.OFFERED and not latest.is_inviter:
        latest = (await partnerships.accept(node, domain, GrantChange())).partnership
    if latest.state is PartnershipState.ACCEPTED and Side.HERE not in latest.approved:
        view = await partnerships.get_view(node, domain)
        await node.write(_mark, domain, accepted)
        await partnerships.approve(node, domain, view.fingerprint or "")
        logger.info("introduction.followed", peer=domain, introducer=accepted[0].introducer)


def _look(conn: Connection, node: Node, domain: str) -> tuple[Tier, list[Introduction], Partnership | None]:
    voices = introductions.list_about(conn, domain, default_policy(node))
    accepted = [
        voice.introduction
        for voice in sorted(voices, key=lambda one: -one.introducer.priority)
        if voice.introduction.state is IntroductionState.ACCEPTED and voice.introduction.is_named
    ]
    return peers.tiers(conn, [domain])[domain], accepted, stored.find_latest(conn, domain)


def _mark(conn: Connection, domain: str, accepted: list[Introduction]) -> None:
    """Remember that what is being agreed with a node came by these introductions."""
    live = stored.find_live(conn, domain)
    if live is not None:
        introductions.set_partnership(conn, domain, [one.introducer for one in accepted], live.id)
