"""Servers that a member wants to hear nothing from: out of sight, and no follows in either direction."""

from typing import Final

from sqlalchemy import Connection

from fedorg.domain.accounts import Account
from fedorg.domain.pages import Listed
from fedorg.domain.severances import SeveranceCause, SeveranceType
from fedorg.domain.statuses import PageQuery
from fedorg.errors import Invalid
from fedorg.ids import AccountId
from fedorg.node import Node
from fedorg.services import severing
from fedorg.services.peers import canonical_domain
from fedorg.store import accounts, domain_blocks, home_timelines, notifications

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
    cause = SeveranceCause(number=node.ids.next(), type=SeveranceType.USER_DOMAIN_BLOCK, target_name=name)
    while await node.write(_sever_some, node, account, cause):
        pass


async def unblock(node: Node, account_id: AccountId, domain: str) -> None:
    """Let a server in again; follows that ended stay ended."""
    await node.write(domain_blocks.delete, account_id, _domain(node, domain))


def _sever_some(conn: Connection, node: Node, account: Account, cause: SeveranceCause) -> bool:
    """Whether something may be left; when nothing is, the member is told what was lost."""
    tied = domain_blocks.list_tied(conn, account.id, cause.target_name, _CHUNK)
    for other in accounts.list_by_ids(conn, tied).values():
        severing.part(conn, node, cause, account, other)
        home_timelines.remove_author(conn, account.id, other.id)
    if len(tied) == _CHUNK:
        return True
    notifications.delete_from_domain(conn, account.id, cause.target_name)
    severing.tell(conn, node, cause, AccountId(0))
    return False


def _domain(node: Node, domain: str) -> str:
    name = canonical_domain(domain)
    if name is None or name in (node.settings.domain, node.settings.web_domain):
        raise Invalid("Validation failed: Domain is not a valid domain name")
    return name
