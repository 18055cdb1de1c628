"""Somebody elsewhere reports an account of this node."""

from federation.activities import Flag
from fedorg.activitypub.fetching import Budget
from fedorg.activitypub.outcomes import Done, Ignored, Outcome
from fedorg.domain.accounts import Account
from fedorg.node import Node
from fedorg.services import reports
from fedorg.store import peers


async def handle_flag(node: Node, sender: Account, flag: Flag, _budget: Budget) -> Outcome:
    """A report by the sender's server, for moderators; statuses that are not the account's own are dropped."""
    if (await node.read(peers.standing_of, sender.peer, sender.domain)).reject_reports:
        return Ignored("reports of its server are not wanted here")
    objects = [reported.id for reported in flag.objects]
    if await reports.receive_report(node, sender, flag.id, objects, flag.content):
        return Done()
    return Ignored("it reports nobody of this server, or too many reports of its server wait already")
