"""Emoji reactions of accounts of peers: kept beside favourites, shown with the status, told to nobody."""

from sqlalchemy import Connection

from fedorg.domain.accounts import Account
from fedorg.domain.reactions import Reaction
from fedorg.node import Node
from fedorg.services.interactions import may_act_on
from fedorg.services.statuses.receiving import bury_unseen
from fedorg.store import reactions, statuses


async def receive_reaction(node: Node, account: Account, status_uri: str, reaction: Reaction, uri: str) -> bool:
    """Record a reaction, once; False when the status is unknown, not for that account, or has too many of them.

    Also when it was taken back before it came.
    """

    def unit(conn: Connection) -> bool:
        status = statuses.find_by_uri(conn, status_uri)
        if status is None or status.reblog_of_id is not None or statuses.is_buried_by(conn, uri, account.uri):
            return False
        return may_act_on(conn, account, status) and reactions.insert(
            conn,
            reaction_id=node.ids.next(),
            account_id=account.id,
            status_id=status.id,
            reaction=reaction,
            uri=uri,
            now=node.now(),
        )

    return await node.write(unit)


async def receive_unreaction(
    node: Node, account: Account, uri: str, *, status_uri: str | None = None, reaction: Reaction | None = None
) -> bool:
    """Take a reaction back, by the identity of its activity, else by status and emoji; whether there was one."""

    def unit(conn: Connection) -> bool:
        if reactions.delete_by_uri(conn, account.id, uri):
            return True
        status = None if status_uri is None else statuses.find_by_uri(conn, status_uri)
        if reaction is None:
            return False
        if status is not None and reactions.delete_by_name(conn, account.id, status.id, reaction.name):
            return True
        # It may still be on its way.
        bury_unseen(conn, node, account, uri)
        return False

    return await node.write(unit)
