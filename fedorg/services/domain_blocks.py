"""Servers that a member wants to hear nothing from: out of sight, and no follows in either direction."""

from typing import Final

from sqlalchemy import Connection

from fedorg.domain.accounts import Account
from fedorg.domain.jobs import ActivityKind
from fedorg.domain.pages import Listed
from fedorg.domain.statuses import PageQuery
from fedorg.errors import Invalid
from fedorg.ids import AccountId
from fedorg.node import Node
from fedorg.services.peers import canonical_domain
from fedorg.services.relationships.following import sever
from fedorg.store import accounts, domain_blocks, notifications, timelines

BLOCKS_MAX: Final = 1000
_CHUNK: Final = 100


async def list_blocks(node: Node, account_id: AccountId, page: PageQuery) -> list[Listed[str]]:
    """The servers a member shuts out, the latest first."""
    return await node.read(domain_blocks.list_of_account, account_id, page)


async def block(node: Node, account: Account, domain: str) -> None:
    """Shut a server out; follows from and to its people end, chunk by chunk."""
    name = _domain(node, domain)

    def shut(conn: Connection) -> None:
        if domain_blocks.count(conn, account.id) >= BLOCKS_MAX:
            raise Invalid(f"Validation failed: You cannot block more than {BLOCKS_MAX} domains")
        domain_blocks.insert(conn, node.ids, node.now(), account.id, name)

    await node.write(shut)
    while await node.write(_sever_some, node, account, name):
        pass


async def unblock(node: Node, account_id: AccountId, domain: str) -> None:
    """Let a server in again; follows that ended stay ended."""
    await node.write(domain_blocks.delete, account_id, _domain(node, domain))


def _sever_some(conn: Connection, node: Node, account: Account, domain: str) -> int:
    tied = domain_blocks.list_tied(conn, account.id, domain, _CHUNK)
    for other in accounts.list_by_ids(conn, tied).values():
        sever(conn, node, account, other, ActivityKind.UNDO_FOLLOW)
        sever(conn, node, other, account, ActivityKind.REJECT_FOLLOW)
        timelines.remove_author(conn, account.id, other.id)
        notifications.delete_from(conn, account.id, other.id)
    return len(tied)


def _domain(node: Node, domain: str) -> str:
    name = canonical_domain(domain)
    if name is None or name in (node.settings.domain, node.settings.web_domain):
        raise Invalid("Validation failed: Domain is not a valid domain name")
    return name
