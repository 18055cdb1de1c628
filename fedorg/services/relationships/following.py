"""Following by members. A follow of a remote or locked account counts only once that account accepted it (S51)."""

from collections.abc import Callable
from dataclasses import replace
from typing import Final

import msgspec.structs
from sqlalchemy import Connection

from fedorg.domain.accounts import Account
from fedorg.domain.jobs import AcceptRequests, ActivityKind, SendActivity
from fedorg.domain.notifications import NotificationType
from fedorg.domain.relationships import Follow, FollowState, Relationship
from fedorg.domain.statuses import PageQuery
from fedorg.errors import Forbidden, NotFound
from fedorg.ids import AccountId
from fedorg.node import Node
from fedorg.services import links
from fedorg.services.completion import expect_profile
from fedorg.services.fanout import is_heard
from fedorg.services.relationships.clearing import clear_home
from fedorg.services.relationships.listing import load_one
from fedorg.services.residence import require_not_moved
from fedorg.store import accounts, domain_blocks, home_timelines, jobs, notifications, relationships
from fedorg.store.home_timelines import LocalFollower

LANGUAGES_MAX: Final = 50
_REQUESTS: Final = 20
_ANSWERS: Final = frozenset({ActivityKind.ACCEPT_FOLLOW, ActivityKind.REJECT_FOLLOW})


async def follow(
    node: Node,
    account: Account,
    target_id: AccountId,
    *,
    reblogs: bool | None = None,
    notify: bool | None = None,
    languages: tuple[str, ...] | None = None,
) -> Relationship:
    """Follow, or change how one follows (None leaves a part as it is; new follows show reblogs and do not notify).

    Raises ``NotFound`` for oneself and for whom there is not, ``Forbidden`` where a block or the mode stands between.
    """

    def wanted(known: Follow) -> Follow:
        return replace(
            known,
            show_reblogs=known.show_reblogs if reblogs is None else reblogs,
            notify=known.notify if notify is None else notify,
            languages=known.languages if languages is None else languages[:LANGUAGES_MAX],
        )

    return await node.write(_follow, node, account, target_id, wanted)


async def unfollow(node: Node, account: Account, target_id: AccountId) -> Relationship:
    """Stop following, or take a request back; what that account posted leaves the home timeline."""

    def unit(conn: Connection) -> Relationship:
        target = accounts.get(conn, target_id)
        sever(conn, node, account, target, ActivityKind.UNDO_FOLLOW)
        return load_one(conn, account.id, target.id, node.now())

    return await node.write(unit)


async def remove_from_followers(node: Node, account: Account, follower_id: AccountId) -> Relationship:
    """Make somebody stop following ``account``."""

    def unit(conn: Connection) -> Relationship:
        follower = accounts.get(conn, follower_id)
        sever(conn, node, follower, account, ActivityKind.REJECT_FOLLOW)
        return load_one(conn, account.id, follower.id, node.now())

    return await node.write(unit)


async def authorize_request(node: Node, account: Account, follower_id: AccountId) -> Relationship:
    """Accept a follow request; ``NotFound`` when there is none, ``Forbidden`` for who moved away."""

    def unit(conn: Connection) -> Relationship:
        relationships.hold_both(conn, account.id, follower_id)
        require_not_moved(accounts.get(conn, account.id))
        request = _get_request(conn, account, follower_id)
        follower = accounts.get(conn, follower_id)
        _accept(conn, node, request, follower, account)
        return load_one(conn, account.id, follower.id, node.now())

    return await node.write(unit)


async def accept_requests(node: Node, job: AcceptRequests) -> AcceptRequests | None:
    """Let in some of those who wait, while the account stays open; the job while somebody is left."""
    page = PageQuery(limit=_REQUESTS, min_id=job.after)
    waiting = await node.read(relationships.list_requests, job.account_id, page)
    for one in waiting:
        await node.write(_let_in, node, job.account_id, one.item.id)
    return msgspec.structs.replace(job, after=waiting[0].row_id) if len(waiting) == _REQUESTS else None


async def reject_request(node: Node, account: Account, follower_id: AccountId) -> Relationship:
    """Refuse a follow request; ``NotFound`` when there is none."""

    def unit(conn: Connection) -> Relationship:
        _get_request(conn, account, follower_id)
        follower = accounts.get(conn, follower_id)
        sever(conn, node, follower, account, ActivityKind.REJECT_FOLLOW)
        return load_one(conn, account.id, follower.id, node.now())

    return await node.write(unit)


def follow_alike(conn: Connection, node: Node, account: Account, target: Account, like: LocalFollower) -> Follow:
    """Follow ``target`` as ``account`` follows another, unless it does so already; the follow or request.

    Raises as ``follow`` does.
    """

    def wanted(new: Follow) -> Follow:
        return replace(new, show_reblogs=like.show_reblogs, notify=like.notify, languages=like.languages)

    known = relationships.find_follow(conn, account.id, target.id)
    if known is None:
        _follow(conn, node, account, target.id, wanted)
        known = relationships.find_follow(conn, account.id, target.id)
        assert known is not None, "what was followed is followed"
    return known


def complete(conn: Connection, node: Node, pending: Follow, follower: Account, target: Account) -> bool:
    """Make a pending follow count, with all that follows from it; False when it counts already."""
    relationships.hold_both(conn, follower.id, target.id)
    if not relationships.accept_follow(conn, pending):
        return False
    settle(conn, node, replace(pending, state=FollowState.ACCEPTED), follower, target)
    return True


def settle(conn: Connection, node: Node, new: Follow, follower: Account, target: Account) -> None:
    """What a new follow means here: a notification, and the latest of the target on the follower's home timeline."""
    is_accepted = new.state is FollowState.ACCEPTED
    if is_accepted and follower.is_local:
        home_timelines.merge_author(conn, follower.id, target.id, node.now())
        if not target.is_local:
            links.request(conn, node, target)
    if target.is_local:
        notifications.notify(
            conn,
            node.ids,
            node.now(),
            [target.id],
            type_=NotificationType.FOLLOW if is_accepted else NotificationType.FOLLOW_REQUEST,
            by=follower.id,
            origin=new.id,
        )


def sever(conn: Connection, node: Node, follower: Account, target: Account, kind: ActivityKind) -> bool:
    """End a follow or a request, if there is one, and tell the other's server by ``kind``; whether there was one.

    ``kind`` UNDO_FOLLOW: the follower ends it; REJECT_FOLLOW: the target does.
    """
    ended = end(conn, node, follower, target)
    if ended is None:
        return False
    sender, receiver = (follower, target) if kind is ActivityKind.UNDO_FOLLOW else (target, follower)
    if sender.is_local and not receiver.is_local:
        send(conn, node, kind, sender, receiver, ended.uri)
    return True


def end(conn: Connection, node: Node, follower: Account, target: Account) -> Follow | None:
    """End a follow or a request here and tell nobody; what it was, if there was one."""
    relationships.hold_both(conn, follower.id, target.id)
    ended = relationships.delete_follow(conn, follower.id, target.id)
    if ended is None:
        return None
    if follower.is_local:
        clear_home(conn, node, follower.id, target.id)
    for type_ in (NotificationType.FOLLOW, NotificationType.FOLLOW_REQUEST):
        notifications.withdraw(conn, type_=type_, by=follower.id, origin=ended.id)
    return ended


def send(conn: Connection, node: Node, kind: ActivityKind, sender: Account, receiver: Account, uri: str) -> None:
    """Queue one activity from a local account to a remote one."""
    peer = receiver.peer if kind in _ANSWERS else None
    job = SendActivity(kind=kind, account_id=sender.id, target_id=receiver.id, uri=uri, peer=peer)
    jobs.enqueue(conn, node.ids, node.now(), job)


def _follow(
    conn: Connection, node: Node, account: Account, target_id: AccountId, wanted: Callable[[Follow], Follow]
) -> Relationship:
    relationships.hold_both(conn, account.id, target_id)
    target = accounts.get(conn, target_id)
    if target.id == account.id or target.suspended_at is not None:
        raise NotFound
    known = relationships.find_follow(conn, account.id, target.id)
    if known is None:
        _check_allowed(conn, node, account, target)
        new = wanted(_new_follow(node, account, target))
        if relationships.insert_follow(conn, new):
            _begin(conn, node, new, account, target)
        else:
            known = relationships.find_follow(conn, account.id, target.id)
    if known is not None:
        relationships.change_follow(conn, wanted(known))
    return load_one(conn, account.id, target.id, node.now())


def _check_allowed(conn: Connection, node: Node, account: Account, target: Account) -> None:
    if relationships.is_blocked_between(conn, account.id, target.id):
        raise Forbidden("This action is not allowed")
    if domain_blocks.has_shut_out(conn, account.id, target.id):
        raise Forbidden(f"You block the server of @{target.acct}")
    require_not_moved(account)
    if target.moved_to is not None:
        raise Forbidden(f"@{target.acct} has moved to @{target.moved_to.acct}")
    if not is_heard(conn, node, target):
        raise Forbidden(f"This server does not federate with {target.peer}")


def _new_follow(node: Node, account: Account, target: Account) -> Follow:
    number = node.ids.next()
    is_pending = target.locked or account.silenced_at is not None or not target.is_local
    return Follow(
        id=number,
        account_id=account.id,
        target_id=target.id,
        uri=node.uris.activity(account.uri, "follow", number),
        state=FollowState.PENDING if is_pending else FollowState.ACCEPTED,
        created_at=node.now(),
    )


def _begin(conn: Connection, node: Node, new: Follow, account: Account, target: Account) -> None:
    settle(conn, node, new, account, target)
    if not target.is_local:
        send(conn, node, ActivityKind.FOLLOW, account, target, new.uri)
        expect_profile(conn, node, target)


def _let_in(conn: Connection, node: Node, account_id: AccountId, follower_id: AccountId) -> None:
    """Accept a request that would be none by now; that of somebody who is limited or kept out here stays one."""
    relationships.hold_both(conn, account_id, follower_id)
    request = relationships.find_follow(conn, follower_id, account_id)
    known = accounts.list_by_ids(conn, (account_id, follower_id))
    account, follower = known.get(account_id), known.get(follower_id)
    if account is None or follower is None or request is None:
        return
    is_open = not account.locked and account.suspended_at is None and account.moved_to_uri is None
    is_welcome = follower.silenced_at is None and follower.suspended_at is None and is_heard(conn, node, follower)
    if is_open and is_welcome and request.state is FollowState.PENDING:
        _accept(conn, node, request, follower, account)


def _accept(conn: Connection, node: Node, request: Follow, follower: Account, account: Account) -> None:
    notifications.withdraw(conn, type_=NotificationType.FOLLOW_REQUEST, by=follower.id, origin=request.id)
    if complete(conn, node, request, follower, account) and not follower.is_local:
        send(conn, node, ActivityKind.ACCEPT_FOLLOW, account, follower, request.uri)


def _get_request(conn: Connection, account: Account, follower_id: AccountId) -> Follow:
    request = relationships.find_follow(conn, follower_id, account.id)
    if request is None or request.state is not FollowState.PENDING:
        raise NotFound
    return request
