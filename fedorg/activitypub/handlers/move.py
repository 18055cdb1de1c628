"""Somebody elsewhere moves to another account."""

from federation.activities import Move
from fedorg.activitypub import actors, local
from fedorg.activitypub.fetching import Budget
from fedorg.activitypub.outcomes import Done, Ignored, Outcome
from fedorg.domain.accounts import Account
from fedorg.errors import NotFound
from fedorg.node import Node
from fedorg.services import moving


async def handle_move(node: Node, sender: Account, move: Move, budget: Budget) -> Outcome:
    """Its followers here follow the new account, which must name the old one as an alias; once a week at most."""
    if move.target == sender.uri:
        return Ignored("it moves nowhere")
    if not await moving.is_awaited(node, sender):
        # A stranger's move makes this server fetch and keep nothing.
        return Ignored("it concerns nobody here, or it moved a short while ago")
    target = await _fresh(node, move.target, budget)
    if sender.uri not in target.also_known_as:
        return Ignored("the new account does not name the old one as an alias")
    if not await moving.receive_move(node, sender, target):
        return Ignored("it moved a short while ago")
    return Done()


async def _fresh(node: Node, uri: str, budget: Budget) -> Account:
    """The new account as its own server shows it at this moment."""
    if node.uris.is_ours(uri):
        account = await local.find_account(node, uri)
        if account is None:
            raise NotFound
        return account
    return actors.require_not_suspended(await actors.refresh_exactly(node, uri, budget))
