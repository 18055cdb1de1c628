"""New keys for an account of this node, or for the node itself: the old ones end at once, for whoever may have them.

A key id is never used twice. Peers that meet a new one ask for the actor; those that know the account are told as
well, so that they forget the old keys. What is signed at this moment with an old key is refused at worst, and sent
again.
"""

from dataclasses import replace

from sqlalchemy import Connection

from fedorg.domain.accounts import Account
from fedorg.domain.jobs import AnnounceKeys
from fedorg.errors import Invalid
from fedorg.node import Node
from fedorg.services import keypairs
from fedorg.store import accounts, audit, jobs, keys


async def rotate_keys(node: Node, account: Account) -> list[str]:
    """Replace both keys of a local account, and queue telling others; the ids of the new ones."""
    if not account.is_local:
        raise Invalid("Only accounts of this node have keys here")
    pairs = await keypairs.new_key_pairs(node)

    def unit(conn: Connection) -> list[str]:
        now = node.now()
        current = accounts.get_for_update(conn, account.id)
        number = node.ids.next()
        made = [pair.numbered(current.id, current.uri, node.uris, now, number) for pair in pairs]
        keys.replace_all(conn, current.id, made)
        accounts.update(conn, replace(current, updated_at=now))
        audit.record(conn, node.ids, now, action="account.keys_rotated", target=current.acct, account_id=current.id)
        jobs.enqueue(conn, node.ids, now, AnnounceKeys(account_id=current.id))
        return [key.uri for key in made]

    return await node.write(unit)
