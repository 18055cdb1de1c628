"""Favourites, bookmarks and boosts: of members, and of accounts of peers. Once or twice is the same."""

from dataclasses import replace
from datetime import datetime

from sqlalchemy import Connection

from fedorg.domain.accounts import Account
from fedorg.domain.jobs import ActivityKind, DistributeStatus, SendActivity
from fedorg.domain.notifications import NotificationType
from fedorg.domain.pages import Listed
from fedorg.domain.policies import Action
from fedorg.domain.statuses import PageQuery, Status
from fedorg.domain.visibility import (
    Audience,
    FederationMode,
    Reach,
    Visibility,
    may_reblog,
    widest_reach,
    within,
)
from fedorg.errors import Forbidden
from fedorg.ids import AccountId, StatusId
from fedorg.node import Node
from fedorg.services.residence import require_not_moved
from fedorg.services.statuses.deleting import remove, withdraw
from fedorg.services.statuses.permissions import require_allowed
from fedorg.services.statuses.posting import announce
from fedorg.services.statuses.reading import is_visible_to_peer
from fedorg.services.statuses.receiving import bury_unseen
from fedorg.store import accounts, interactions, jobs, notifications, pruning, relationships, statuses, views


async def favourite(node: Node, account: Account, status_id: StatusId) -> None:
    """Favourite a visible status; ``NotFound`` when it is not, ``Forbidden`` when its author does not want it."""

    def unit(conn: Connection) -> None:
        status = _get_visible(conn, node.now(), account.id, status_id)
        require_allowed(conn, account, status, Action.FAVOURITE)
        number = node.ids.next()
        uri = node.uris.activity(account.uri, "like", number)
        if _insert_favourite(conn, node, account, status, uri, number):
            author = accounts.get(conn, status.account_id)
            _send(conn, node, ActivityKind.LIKE, account, author, uri, status)

    await node.write(unit)


async def unfavourite(node: Node, account: Account, status_id: StatusId) -> None:
    """Take a favourite back; not to have it is no fault."""

    def unit(conn: Connection) -> None:
        status = _find_original(conn, status_id)
        uri = None if status is None else interactions.delete_favourite(conn, account.id, status.id)
        if status is not None and uri is not None:
            notifications.withdraw(conn, type_=NotificationType.FAVOURITE, by=account.id, origin=status.id)
            author = accounts.get(conn, status.account_id)
            _send(conn, node, ActivityKind.UNDO_LIKE, account, author, uri, status)

    await node.write(unit)


async def bookmark(node: Node, account: Account, status_id: StatusId) -> None:
    """Bookmark a visible status; only the one who does it knows. ``NotFound`` when it is not visible."""

    def unit(conn: Connection) -> None:
        status = _get_visible(conn, node.now(), account.id, status_id)
        interactions.insert_bookmark(
            conn, bookmark_id=node.ids.next(), account_id=account.id, status_id=status.id, now=node.now()
        )

    await node.write(unit)


async def unbookmark(node: Node, account: Account, status_id: StatusId) -> None:
    """Remove a bookmark; not to have it is no fault."""

    def unit(conn: Connection) -> None:
        status = _find_original(conn, status_id)
        if status is not None:
            interactions.delete_bookmark(conn, account.id, status.id)

    await node.write(unit)


async def reblog(node: Node, account: Account, status_id: StatusId, *, visibility: Visibility | None = None) -> Status:
    """Boost a status and return the reblog (the one there is, if it was boosted before).

    ``visibility`` is that of the reblog: what the client asks, else the user's default; None: public. A boost is never
    for addressees only, and one's own private status stays private. It travels as far as what it boosts.
    """
    require_not_moved(account)

    def unit(conn: Connection) -> Status:
        original = _get_visible(conn, node.now(), account.id, status_id)
        if not may_reblog(original.audience, is_author=original.account_id == account.id):
            raise Forbidden("This action is not allowed")
        require_allowed(conn, account, original, Action.REBLOG)
        new = statuses.record(conn, _local_reblog(node, account, original, visibility), node.ids.next, is_local=True)
        if new is None:
            known = statuses.find_reblog(conn, account.id, original.id)
            assert known is not None, "only that boost can be in the way of one with a new identity"
            return known
        statuses.count_status(conn, new, 1)
        announce(conn, node, new)
        return new

    return await node.write(unit)


async def unreblog(node: Node, account: Account, status_id: StatusId) -> Status:
    """Take a boost back and return the boosted status; ``status_id`` is that of either. No boost is no fault."""

    def unit(conn: Connection) -> Status:
        original = _find_original(conn, status_id)
        boost = None if original is None else statuses.find_reblog(conn, account.id, original.id)
        if original is None or boost is None or not withdraw(conn, node, boost, original.uri):
            return _get_visible(conn, node.now(), account.id, status_id)
        notifications.withdraw(conn, type_=NotificationType.REBLOG, by=account.id, origin=original.id)
        return statuses.get(conn, original.id)

    return await node.write(unit)


async def list_favourited_by(
    node: Node, viewer: AccountId | None, status_id: StatusId, page: PageQuery
) -> list[Listed[Account]]:
    """Who favourited a visible status, newest first."""

    def unit(conn: Connection) -> list[Listed[Account]]:
        return interactions.list_favourited_by(conn, _get_visible(conn, node.now(), viewer, status_id).id, page)

    return await node.read(unit)


async def list_reblogged_by(
    node: Node, viewer: AccountId | None, status_id: StatusId, page: PageQuery
) -> list[Listed[Account]]:
    """Who boosted a visible status, newest first."""

    def unit(conn: Connection) -> list[Listed[Account]]:
        return interactions.list_reblogged_by(conn, _get_visible(conn, node.now(), viewer, status_id).id, page)

    return await node.read(unit)


# From peers


async def receive_favourite(node: Node, account: Account, status_uri: str, uri: str) -> bool:
    """Record a Like of a peer's account; False when the status is unknown or that account may not see it."""

    def unit(conn: Connection) -> bool:
        status = statuses.find_by_uri(conn, status_uri)
        is_favourable = (
            status is not None and status.reblog_of_id is None and not statuses.is_buried_by(conn, uri, account.uri)
        )
        if status is None or not is_favourable or not may_act_on(conn, account, status):
            return False
        _insert_favourite(conn, node, account, status, uri, node.ids.next())
        return True

    return await node.write(unit)


async def receive_unfavourite(node: Node, account: Account, status_uri: str, uri: str) -> bool:
    """Take it back, which came as ``uri``; whether there was one."""

    def unit(conn: Connection) -> bool:
        status = statuses.find_by_uri(conn, status_uri)
        if status is None or interactions.delete_favourite(conn, account.id, status.id) is None:
            # The Like may still be on its way.
            bury_unseen(conn, node, account, uri)
            return False
        notifications.withdraw(conn, type_=NotificationType.FAVOURITE, by=account.id, origin=status.id)
        return True

    return await node.write(unit)


async def receive_unfavourite_of(node: Node, account: Account, uri: str) -> bool:
    """Take back the favourite that the Like ``uri`` brought; whether there was one."""

    def unit(conn: Connection) -> bool:
        status_id = interactions.find_favourited(conn, account.id, uri)
        if status_id is None:
            return False
        interactions.delete_favourite(conn, account.id, status_id)
        notifications.withdraw(conn, type_=NotificationType.FAVOURITE, by=account.id, origin=status_id)
        return True

    return await node.write(unit)


async def receive_reblog(
    node: Node, account: Account, uri: str, status: Status, audience: Audience, created_at: datetime
) -> Status | None:
    """Record a boost by a peer's account, once, and return it.

    None when it was taken back before, concerns nobody here (no local follower, not a local author's status), the
    account may not boost that status, or either is suspended (S50).
    """

    def unit(conn: Connection) -> Status | None:
        original = statuses.find(conn, status.id)
        if original is None or original.reblog_of_id is not None or statuses.is_buried_by(conn, uri, account.uri):
            return None
        author = accounts.get(conn, original.account_id)
        if not (author.is_local or relationships.has_local_follower(conn, account.id)):
            return None
        is_allowed = may_reblog(original.audience, is_author=original.account_id == account.id)
        if not is_allowed or author.suspended_at is not None or not may_act_on(conn, account, original):
            return None
        moment = min(created_at, node.now())
        boost = _reblog_of(original, account, audience, moment, StatusId(node.ids.next_for(moment)))
        boost = replace(boost, uri=uri, url=uri)
        new = statuses.record(conn, boost, lambda: node.ids.next_for(moment), is_local=False)
        if new is None:
            return statuses.find_reblog(conn, account.id, original.id)
        pruning.note_arrival(conn, node.now(), new)
        statuses.count_status(conn, new, 1)
        jobs.enqueue(conn, node.ids, node.now(), DistributeStatus(status_id=new.id, peer=account.peer))
        return new

    return await node.write(unit)


async def receive_unreblog(node: Node, account: Account, uri: str) -> bool:
    """Take back the boost that ``uri`` (the Announce, or the boosted status) names; whether there was one."""

    def unit(conn: Connection) -> bool:
        named = statuses.find_by_uri(conn, uri)
        if named is None:
            # The Announce may still be on its way.
            bury_unseen(conn, node, account, uri)
            return False
        boost = named if named.reblog_of_id is not None else statuses.find_reblog(conn, account.id, named.id)
        if boost is None or boost.account_id != account.id or boost.reblog_of_id is None:
            return False
        return _remove_boost(conn, node, boost, boost.reblog_of_id)

    return await node.write(unit)


def may_act_on(conn: Connection, account: Account, status: Status) -> bool:
    """Whether an account of a peer may see ``status`` and is not silenced altogether."""
    current = accounts.get(conn, account.id)
    if current.suspended_at is not None or current.peer is None:
        return False
    return is_visible_to_peer(conn, status, current.peer, current.uri)


def _get_visible(conn: Connection, now: datetime, viewer: AccountId | None, status_id: StatusId) -> Status:
    """The status, or what it boosts; ``NotFound`` when ``viewer`` may not see it."""
    return views.get_view(conn, now, viewer, status_id).shown.status


def _find_original(conn: Connection, status_id: StatusId) -> Status | None:
    """The status, or what it boosts; whoever may see it."""
    status = statuses.find(conn, status_id)
    if status is None or status.reblog_of_id is None:
        return status
    return statuses.find(conn, status.reblog_of_id)


def _insert_favourite(conn: Connection, node: Node, account: Account, status: Status, uri: str, number: int) -> bool:
    is_new = interactions.insert_favourite(
        conn, favourite_id=number, account_id=account.id, status_id=status.id, uri=uri, now=node.now()
    )
    if is_new:
        notifications.notify(
            conn,
            node.ids,
            node.now(),
            [status.account_id],
            type_=NotificationType.FAVOURITE,
            by=account.id,
            origin=status.id,
            status_id=status.id,
        )
    return is_new


def _send(
    conn: Connection, node: Node, kind: ActivityKind, account: Account, author: Account, uri: str, status: Status
) -> None:
    """Tell the author of a status, if another server is the author's home."""
    if not author.is_local:
        job = SendActivity(kind=kind, account_id=account.id, target_id=author.id, uri=uri, object_uri=status.uri)
        jobs.enqueue(conn, node.ids, node.now(), job)


def _local_reblog(node: Node, account: Account, original: Status, visibility: Visibility | None) -> Status:
    wanted = visibility or Visibility.PUBLIC
    if wanted is Visibility.DIRECT or original.audience.visibility is Visibility.PRIVATE:
        wanted = Visibility.PRIVATE
    widest = widest_reach(FederationMode(node.settings.federation_mode))
    number = StatusId(node.ids.next())
    boost = _reblog_of(original, account, Audience(reach=widest, visibility=wanted), node.now(), number)
    uri, url = node.uris.status(account.username, number), node.uris.status_page(account.username, number)
    return replace(boost, uri=uri, url=url)


def _reblog_of(original: Status, account: Account, audience: Audience, moment: datetime, number: StatusId) -> Status:
    """A boost without identity; it reaches no further than what it boosts."""
    clamped = within(audience, original.audience)
    ring = account.peer if original.audience.reach is Reach.PUBLIC else original.reach_domain
    return Status(
        id=number,
        uri="",
        url="",
        account_id=account.id,
        audience=clamped,
        reach_domain=None if clamped.reach is Reach.PUBLIC else ring,
        thread_id=number,
        reblog_of_id=original.id,
        created_at=moment,
    )


def _remove_boost(conn: Connection, node: Node, boost: Status, original_id: StatusId) -> bool:
    notifications.withdraw(conn, type_=NotificationType.REBLOG, by=boost.account_id, origin=original_id)
    return remove(conn, node, boost)
