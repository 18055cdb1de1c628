"""Ending what ties members to a server that is shut out, and telling each of them what they lost by it.

The follows with a whole server end in a job, a little at a time; those of a member who shuts a server out only for
themselves likewise (``services.domain_blocks``). What is lost is noted where it ends, and told once, when all has
ended.

To look for follows takes long where there are many, and must not keep the writer: some are found at once, and ended in
small parts.
"""

from collections.abc import Callable, Sequence
from typing import Final, TypeAlias, TypeVar

from msgspec.structs import replace
from sqlalchemy import Connection

from fedorg.domain.accounts import Account
from fedorg.domain.jobs import ActivityKind, PartWithPeer, SeverAccount, SeverPeer
from fedorg.domain.notifications import NotificationType
from fedorg.domain.relationships import FollowState
from fedorg.domain.severances import Severance, SeveranceCause, SeveranceType, SeveredFollow
from fedorg.domain.visibility import Tier
from fedorg.errors import NotFound
from fedorg.ids import AccountId, SeveranceId
from fedorg.node import Node
from fedorg.services.relationships.following import end, sever
from fedorg.store import accounts, notifications, partnerships, peers, relationships, severances

CHUNK: Final = 100
FOUND_MAX: Final = 200
ENDED_TOGETHER: Final = 10
SHOWN_MAX: Final = 100

J = TypeVar("J", SeverPeer, SeverAccount, PartWithPeer)
Tie: TypeAlias = tuple[AccountId, AccountId]
"""A member and somebody else between whom a follow stands."""

Ties: TypeAlias = Callable[[Connection], list[Tie]]
"""Some of those that are to end, up to ``FOUND_MAX``."""

Due: TypeAlias = Callable[[Connection], bool]
"""Whether they are still to end."""

Parting: TypeAlias = Callable[[Connection, Node, SeveranceCause, Account, Account], None]
"""How the follows between a member and somebody else end."""


async def sever_peer(node: Node, job: SeverPeer) -> SeverPeer | None:
    """End some of the follows with a server and those below it, then tell some of those who lost any; what is left.

    When the block is lifted meanwhile no more of them end.
    """
    cause = SeveranceCause(number=job.cause, type=SeveranceType.DOMAIN_BLOCK, target_name=job.domain)

    def is_blocked(conn: Connection) -> bool:
        return peers.tiers(conn, [job.domain])[job.domain] is Tier.BLOCKED

    return await _advance(node, job, cause, _ties_with(job.domain), is_blocked)


async def part_with_peer(node: Node, job: PartWithPeer) -> PartWithPeer | None:
    """Likewise with a former partner; none ends any more once there is a new partnership with it."""
    cause = SeveranceCause(number=job.cause, type=SeveranceType.DOMAIN_BLOCK, target_name=job.domain)

    def is_over(conn: Connection) -> bool:
        live = partnerships.find_live(conn, job.domain)
        return live is None or live.state.is_pending

    return await _advance(node, job, cause, _ties_with(job.domain), is_over, part_both)


async def sever_account(node: Node, job: SeverAccount) -> SeverAccount | None:
    """Likewise with one account, unless it may speak again; nothing is left to do when it is gone."""
    account = await node.read(accounts.find, job.account_id)
    if account is None:
        return None
    cause = SeveranceCause(number=job.cause, type=SeveranceType.ACCOUNT_SUSPENSION, target_name=account.acct)

    def ties(conn: Connection) -> list[Tie]:
        return relationships.list_ties_with_account(conn, job.account_id, FOUND_MAX)

    def is_barred(conn: Connection) -> bool:
        found = accounts.find(conn, job.account_id)
        return found is not None and found.is_barred

    return await _advance(node, job, cause, ties, is_barred)


async def list_severances(node: Node, account_id: AccountId) -> list[Severance]:
    """What a member lost, the latest first."""
    return await node.read(severances.list_own, account_id, SHOWN_MAX)


async def list_lost(
    node: Node, account_id: AccountId, severance_id: SeveranceId, *, are_followers: bool
) -> list[SeveredFollow]:
    """Whom a member lost; ``NotFound`` for what is somebody else's, or where names were never kept."""

    def unit(conn: Connection) -> list[SeveredFollow]:
        own = severances.get_own(conn, account_id, severance_id)
        if own.purged:
            raise NotFound
        return severances.list_follows(conn, own.id, are_followers=are_followers)

    return await node.read(unit)


def part(conn: Connection, node: Node, cause: SeveranceCause, account: Account, other: Account) -> None:
    """End the follows between a member and somebody, in both directions, and note whom the member lost."""
    _note_lost(conn, node, cause, account, other)
    sever(conn, node, account, other, ActivityKind.UNDO_FOLLOW)
    sever(conn, node, other, account, ActivityKind.REJECT_FOLLOW)


def part_both(conn: Connection, node: Node, cause: SeveranceCause, account: Account, other: Account) -> None:
    """The same where the other's server does so by itself, and its people read what they lost as well."""
    _note_lost(conn, node, cause, account, other)
    end(conn, node, account, other)
    end(conn, node, other, account)


def _note_lost(conn: Connection, node: Node, cause: SeveranceCause, account: Account, other: Account) -> None:
    """Note whom a member is about to lose; requests that were not answered count for nothing, as in Mastodon."""
    pair = {one.account_id: one for one in relationships.follows_between(conn, account.id, [other.id])}
    handle = f"{other.username}@{other.domain or node.settings.domain}"
    lost = []
    if (follow := pair.get(account.id)) is not None and follow.state is FollowState.ACCEPTED:
        lost.append(
            SeveredFollow(
                handle=handle,
                is_follower=False,
                show_reblogs=follow.show_reblogs,
                notify=follow.notify,
                languages=follow.languages,
            )
        )
    if other.id in pair and pair[other.id].state is FollowState.ACCEPTED:
        lost.append(SeveredFollow(handle=handle, is_follower=True))
    if lost:
        severances.add(conn, node.ids, node.now(), cause, account.id, lost)


def tell(conn: Connection, node: Node, cause: SeveranceCause, after: AccountId) -> AccountId | None:
    """Tell some of those who lost something by a cause, by account from ``after`` on; the next cursor, if any."""
    found = severances.list_of_cause(conn, cause.number, after, CHUNK)
    for one in found:
        notifications.notify_oneself(
            conn,
            node.ids,
            node.now(),
            one.account_id,
            type_=NotificationType.SEVERED_RELATIONSHIPS,
            origin=one.id,
        )
    return found[-1].account_id if len(found) == CHUNK else None


def _ties_with(domain: str) -> Ties:
    return lambda conn: relationships.list_ties_with_peer(conn, domain, FOUND_MAX)


async def _advance(
    node: Node, job: J, cause: SeveranceCause, ties: Ties, is_due: Due, parting: Parting = part
) -> J | None:
    """Do one step of a job; what is left of it."""
    if job.told_until is None:
        found = await node.read(ties) if await node.read(is_due) else []
        for start in range(0, len(found), ENDED_TOGETHER):
            await node.write(_sever_some, node, cause, found[start : start + ENDED_TOGETHER], is_due, parting)
        return job if len(found) == FOUND_MAX else replace(job, told_until=AccountId(0))
    told_until = await node.write(tell, node, cause, job.told_until)
    return None if told_until is None else replace(job, told_until=told_until)


def _sever_some(
    conn: Connection, node: Node, cause: SeveranceCause, pairs: Sequence[Tie], is_due: Due, parting: Parting
) -> None:
    """End what stands between these, as far as it still does."""
    if not is_due(conn):
        return
    people = accounts.list_by_ids(conn, {one for pair in pairs for one in pair})
    for local, remote in pairs:
        if local in people and remote in people:
            parting(conn, node, cause, people[local], people[remote])
