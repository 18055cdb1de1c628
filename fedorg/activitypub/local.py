"""Accounts of this node, by the identities peers call them by."""

from fedorg.domain.accounts import Account
from fedorg.node import Node
from fedorg.store import accounts


async def find_account(node: Node, uri: str) -> Account | None:
    """The local account with an identity, unless it is suspended."""
    if not node.uris.is_ours(uri):
        return None
    account = await node.read(accounts.find_by_uri, uri)
    return account if account is not None and is_served(node, account) else None


def is_served(node: Node, account: Account) -> bool:
    """Whether an account is one of this node that other servers may see."""
    return node.uris.is_ours(account.uri) and account.is_local and account.suspended_at is None
