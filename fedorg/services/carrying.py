"""What people here hold about an account that moved is carried over to where it lives now, a little at a time.

Followers follow the new account by the usual way, with their ways and lists, and then leave the old one; what it posted
stays where they read it. Who blocked or muted the old account blocks or mutes the new one, unless they follow that one
already; notes are copied. Doing it twice is doing it once.
"""

from typing import Final, assert_never

from msgspec.structs import replace
from sqlalchemy import Connection

from fedorg.domain.accounts import Account
from fedorg.domain.jobs import ActivityKind, CarryOver, CarryPart
from fedorg.domain.notifications import NotificationType
from fedorg.errors import Forbidden, NotFound
from fedorg.ids import AccountId
from fedorg.node import Node
from fedorg.services.relationships.blocking import record_block, record_mute
from fedorg.services.relationships.following import follow_alike, send
from fedorg.services.relationships.listing import NOTE_CHARACTERS_MAX
from fedorg.store import accounts, home_timelines, lists, moving, notifications, relationships
from fedorg.store.home_timelines import LocalFollower

# Each takes some milliseconds, for which nobody else writes.
CHUNK: Final = 20


async def carry_over(node: Node, job: CarryOver) -> CarryOver | None:
    """One chunk of one part; the job of the next chunk, None when everything is carried over."""
    return await node.write(_carry_chunk, node, job)


def _carry_chunk(conn: Connection, node: Node, job: CarryOver) -> CarryOver | None:
    known = accounts.list_by_ids(conn, (job.account_id, job.target_id))
    old, new = known.get(job.account_id), known.get(job.target_id)
    if old is None or new is None or new.suspended_at is not None:
        return None
    match job.part:
        case CarryPart.FOLLOWERS:
            last = _carry_followers(conn, node, old, new, job.after)
        case CarryPart.BLOCKS:
            last = _carry_blocks(conn, node, old, new, job.after)
        case CarryPart.MUTES:
            last = _carry_mutes(conn, node, old, new, job.after)
        case CarryPart.NOTES:
            last = _carry_notes(conn, old, new, job.after)
        case _:
            assert_never(job.part)
    if last is not None:
        return replace(job, after=last)
    parts = list(CarryPart)
    following = parts.index(job.part) + 1
    return replace(job, part=parts[following], after=AccountId(0)) if following < len(parts) else None


def _carry_followers(conn: Connection, node: Node, old: Account, new: Account, after: AccountId) -> AccountId | None:
    followers = home_timelines.list_local_followers(conn, old.id, after, CHUNK)
    for follower in followers:
        _carry_follower(conn, node, follower, old, new)
    return followers[-1].account_id if len(followers) == CHUNK else None


def _carry_follower(conn: Connection, node: Node, follower: LocalFollower, old: Account, new: Account) -> None:
    account = accounts.get(conn, follower.account_id)
    if account.id != new.id:
        try:
            follow = follow_alike(conn, node, account, new, follower)
        except (Forbidden, NotFound):
            # A block or the mode stands between the two: they stay where they are.
            return
        for list_id in moving.lists_holding(conn, account.id, old.id):
            lists.insert_members(conn, node.ids, list_id, [(new.id, follow.id)])
    _leave(conn, node, account, old)


def _leave(conn: Connection, node: Node, follower: Account, old: Account) -> None:
    """Stop following without taking what was posted from the home timeline."""
    ended = relationships.delete_follow(conn, follower.id, old.id)
    if ended is None:
        return
    notifications.withdraw(conn, type_=NotificationType.FOLLOW, by=follower.id, origin=ended.id)
    if not old.is_local:
        send(conn, node, ActivityKind.UNDO_FOLLOW, follower, old, ended.uri)


def _carry_blocks(conn: Connection, node: Node, old: Account, new: Account, after: AccountId) -> AccountId | None:
    blockers = moving.list_blockers(conn, old.id, after, CHUNK)
    for account_id in blockers:
        if _is_indifferent(conn, account_id, new) and record_block(conn, node, accounts.get(conn, account_id), new):
            _explain(conn, account_id, old, new, "blocked")
    return blockers[-1] if len(blockers) == CHUNK else None


def _carry_mutes(conn: Connection, node: Node, old: Account, new: Account, after: AccountId) -> AccountId | None:
    found = moving.list_mutes(conn, old.id, after, CHUNK, node.now())
    for mute in found:
        is_muted = bool(relationships.mutes_of(conn, mute.account_id, [new.id], node.now()))
        if is_muted or not _is_indifferent(conn, mute.account_id, new):
            continue
        record_mute(conn, node, mute.account_id, new.id, notifications=mute.notifications, expires_at=mute.expires_at)
        _explain(conn, mute.account_id, old, new, "muted")
    return found[-1].account_id if len(found) == CHUNK else None


def _carry_notes(conn: Connection, old: Account, new: Account, after: AccountId) -> AccountId | None:
    found = moving.list_notes(conn, old.id, after, CHUNK)
    for account_id, comment in found:
        if account_id == new.id:
            continue
        copied = f"{_origin(old)}:\n{comment}"
        written = relationships.notes_of(conn, account_id, [new.id]).get(new.id, "")
        if copied not in written:
            whole = f"{written}\n\n{copied}".strip()
            relationships.put_note(conn, account_id, new.id, whole[:NOTE_CHARACTERS_MAX])
    return found[-1][0] if len(found) == CHUNK else None


def _is_indifferent(conn: Connection, account_id: AccountId, new: Account) -> bool:
    """Whether an account is another, and does not follow the new one by its own will."""
    return account_id != new.id and relationships.find_follow(conn, account_id, new.id) is None


def _explain(conn: Connection, account_id: AccountId, old: Account, new: Account, what: str) -> None:
    """Say in a note why somebody is blocked or muted, where there is no note."""
    if not relationships.notes_of(conn, account_id, [new.id]):
        relationships.put_note(conn, account_id, new.id, f"{_origin(old)}, which you had {what}.")


def _origin(old: Account) -> str:
    return f"This account moved here from @{old.acct}"
