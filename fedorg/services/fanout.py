"""Distributing: a status to the home timelines, notifications and streams of this node, and to the inboxes of others.

What comes to a home timeline follows Mastodon: no replies to people one does not follow, no boosts one does not want,
nothing of or about those one blocks or mutes. Which inbox a status goes to is decided here and nowhere else: its peer
must lie inside reach and mode (blueprint §4). Everything may be run twice.
"""

from collections.abc import Collection, Iterable
from typing import Final

from sqlalchemy import Connection

from fedorg.domain.accounts import Account
from fedorg.domain.events import EventKind
from fedorg.domain.jobs import DistributeToTagFollowers
from fedorg.domain.notifications import NotificationType
from fedorg.domain.peers import Standing
from fedorg.domain.quotes import QuoteState
from fedorg.domain.statuses import Status
from fedorg.domain.visibility import FederationMode, Reach, Visibility
from fedorg.ids import AccountId, StatusId
from fedorg.node import Node
from fedorg.services.threads import find_host
from fedorg.store import (
    accounts,
    events,
    home_timelines,
    jobs,
    lists,
    notifications,
    peers,
    quotes,
    recipients,
    statuses,
    tag_follows,
)
from fedorg.store.home_timelines import LocalFollower
from fedorg.store.recipients import Recipient

CHUNK: Final = 500


async def distribute_locally(node: Node, status_id: StatusId, after: AccountId | None) -> AccountId | None:
    """Bring one chunk of local followers a new status or reblog; the cursor of the next chunk, None at the end.

    The first chunk (``after`` None) also tells those mentioned, the author of what is boosted, and the public streams.
    Doing it twice is doing it once.
    """
    return await node.write(distribute_chunk, node, status_id, after)


async def distribute_to_tag_followers(node: Node, status_id: StatusId, after: AccountId) -> AccountId | None:
    """Bring one chunk of those who follow a hashtag of a public status the status; the cursor as above."""
    return await node.write(distribute_to_tag_followers_chunk, node, status_id, after)


async def has_remote_audience(node: Node, status_id: StatusId) -> bool:
    """Whether a status of this node would go to any inbox at all: most need not be written out to learn that."""

    def unit(conn: Connection) -> bool:
        status = statuses.find(conn, status_id)
        if status is None or not accounts.get(conn, status.account_id).is_local:
            return False
        return bool(_entitled(conn, node, status))

    return await node.read(unit)


async def remote_inboxes(node: Node, status: Status) -> tuple[str, ...]:
    """The distinct inboxes a new local status or reblog goes to; remembers them for its edits and its deletion."""
    return await _remembered(node, status, await node.read(_entitled, node, status))


async def remote_inboxes_of_edit(node: Node, status: Status) -> tuple[str, ...]:
    """The inboxes an edit goes to: those the status would go to now, and those that have it and still may."""
    return await _remembered(node, status, await node.read(_entitled_to_edit, node, status))


# Here


def distribute_chunk(conn: Connection, node: Node, status_id: StatusId, after: AccountId | None) -> AccountId | None:
    """As ``distribute_locally``, inside a transaction."""
    if not statuses.hold(conn, status_id) or (status := statuses.find(conn, status_id)) is None:
        return None
    original = None if status.reblog_of_id is None else statuses.find(conn, status.reblog_of_id)
    author = accounts.get(conn, status.account_id)
    if author.suspended_at is not None or (status.reblog_of_id is not None and original is None):
        return None
    if not is_heard(conn, node, author):
        return None
    return _distribute(conn, node, status, original, after)


def distribute_received(conn: Connection, node: Node, status: Status, standing: Standing) -> AccountId | None:
    """The first chunk likewise, in the transaction that records a status of a peer's, and saw what its server is."""
    return _distribute(conn, node, status, None, None) if _is_admitted(node, standing) else None


def _distribute(
    conn: Connection, node: Node, status: Status, original: Status | None, after: AccountId | None
) -> AccountId | None:
    followers = home_timelines.list_local_followers(conn, status.account_id, after or AccountId(0), CHUNK)
    named = statuses.mentioned_ids(conn, status.id)
    audience = followers
    if status.audience.visibility is Visibility.DIRECT:
        audience = [follower for follower in followers if follower.account_id in named]
    wanting = _who_wants(conn, node, status, original, audience, named)
    having = _who_has(conn, original, status, wanting)
    wanting = [follower for follower in wanting if follower.account_id not in having]
    new = home_timelines.insert_home(conn, [follower.account_id for follower in wanting], status)
    # On a list of whoever boosted, it is not shown twice only because the home timeline would show it twice.
    new += home_timelines.insert_for_lists(conn, lists.owners_holding(conn, having, status.account_id), status)
    if after is None:
        _notify_concerned(conn, node, status, original, named)
    _notify_watchers(conn, node, status, wanting)
    concerned: list[tuple[AccountId | None, int]] = [(account_id, status.id) for account_id in sorted(new)]
    if after is None and original is None and status.audience.visibility is Visibility.PUBLIC:
        concerned.append((None, status.id))
        if tag_follows.list_followers(conn, status.id, AccountId(0), 1):
            peer = accounts.get(conn, status.account_id).peer
            jobs.enqueue(conn, node.ids, node.now(), DistributeToTagFollowers(status_id=status.id, peer=peer))
    events.insert_many(conn, node.now(), EventKind.UPDATE, concerned)
    return followers[-1].account_id if len(followers) == CHUNK else None


def _is_admitted(node: Node, standing: Standing) -> bool:
    return standing.is_admitted(FederationMode(node.settings.federation_mode))


def distribute_to_tag_followers_chunk(
    conn: Connection, node: Node, status_id: StatusId, after: AccountId
) -> AccountId | None:
    """As ``distribute_to_tag_followers``, inside a transaction."""
    status = statuses.find(conn, status_id)
    author = None if status is None else accounts.get(conn, status.account_id)
    if status is None or author is None or author.suspended_at is not None or not is_heard(conn, node, author):
        return None
    receivers = tag_follows.list_followers(conn, status.id, after, CHUNK)
    home_timelines.hold_receivers(conn, receivers)
    authors = {status.account_id}
    concerned = authors | statuses.mentioned_ids(conn, status.id)
    averse = home_timelines.list_averse(conn, receivers, node.now(), concerned=concerned, authors=authors)
    new = home_timelines.insert_home(conn, [one for one in receivers if one not in averse], status)
    events.insert_many(conn, node.now(), EventKind.UPDATE, [(account_id, status.id) for account_id in sorted(new)])
    return receivers[-1] if len(receivers) == CHUNK else None


def _who_wants(
    conn: Connection,
    node: Node,
    status: Status,
    original: Status | None,
    followers: list[LocalFollower],
    named: frozenset[AccountId],
) -> list[LocalFollower]:
    """Followers who want the status on one of their timelines."""
    # What it answers is not here yet: it comes to timelines when the thread does.
    if not followers or (status.in_reply_to_uri is not None and status.in_reply_to_account_id is None):
        return []
    receivers = [follower.account_id for follower in followers]
    authors = {status.account_id} | ({original.account_id} if original else set())
    concerned = authors | named | (statuses.mentioned_ids(conn, original.id) if original else frozenset())
    unwanted = home_timelines.list_averse(conn, receivers, node.now(), concerned=concerned, authors=authors)
    if original is not None:
        unwanted |= {follower.account_id for follower in followers if not follower.show_reblogs}
    answered = status.in_reply_to_account_id
    if answered is not None and answered != status.account_id:
        unwanted |= {*receivers} - home_timelines.list_following(conn, receivers, answered) - {answered}
    return [
        follower
        for follower in followers
        if follower.account_id not in unwanted
        and (not follower.languages or status.language is None or status.language in follower.languages)
    ]


def _who_has(
    conn: Connection, original: Status | None, status: Status, followers: list[LocalFollower]
) -> frozenset[AccountId]:
    """Followers on whose home timeline stands what a boost shows."""
    if original is None:
        return frozenset()
    return home_timelines.list_having(conn, [follower.account_id for follower in followers], status)


def _notify_concerned(
    conn: Connection, node: Node, status: Status, original: Status | None, named: frozenset[AccountId]
) -> None:
    if original is not None:
        # One boost of one status is told once, however often it is taken back and repeated.
        notifications.notify(
            conn,
            node.ids,
            node.now(),
            [original.account_id],
            type_=NotificationType.REBLOG,
            by=status.account_id,
            origin=original.id,
            status_id=original.id,
        )
    elif named:
        notify_named(conn, node, status, named)


def notify_named(conn: Connection, node: Node, status: Status, named: frozenset[AccountId]) -> None:
    """Those whom a status names are told of it, once."""
    quote = quotes.find_of_status(conn, status.id)
    # Who is told of a quote needs not be told of being named in it.
    told = {quote.quoted_account_id} if quote is not None and quote.state is QuoteState.ACCEPTED else set()
    notifications.notify(
        conn,
        node.ids,
        node.now(),
        named - told,
        type_=NotificationType.MENTION,
        by=status.account_id,
        origin=status.id,
        status_id=status.id,
    )


def _notify_watchers(conn: Connection, node: Node, status: Status, wanting: list[LocalFollower]) -> None:
    """Followers that asked to be told of every status; boosts and replies to others are none."""
    is_answer = status.in_reply_to_uri is not None and status.in_reply_to_account_id != status.account_id
    if status.reblog_of_id is not None or is_answer:
        return
    notifications.notify(
        conn,
        node.ids,
        node.now(),
        [follower.account_id for follower in wanting if follower.notify],
        type_=NotificationType.STATUS,
        by=status.account_id,
        origin=status.id,
        status_id=status.id,
    )


def is_heard(conn: Connection, node: Node, author: Account) -> bool:
    """Whether the node still speaks with the author's server: what came in before is not brought to people after."""
    if author.peer is None:
        return True
    return _is_admitted(node, peers.standings(conn, [author.peer])[author.peer])


# Elsewhere


async def _remembered(node: Node, status: Status, inboxes: Iterable[str]) -> tuple[str, ...]:
    """The inboxes, once it is written down that they are about to be sent the status; none when it is gone."""
    found = tuple(sorted(inboxes))
    for start in range(0, len(found), CHUNK):
        if not await node.write(_remember, status, found[start : start + CHUNK]):
            return ()
    return found


def _remember(conn: Connection, status: Status, inboxes: Collection[str]) -> bool:
    if not statuses.hold(conn, status.id):
        return False
    recipients.remember(conn, status.id, inboxes)
    if status.reblog_of_id is not None and statuses.hold(conn, status.reblog_of_id):
        # Who is told of a boost fetches what it shows, and keeps that when the boost is taken back.
        recipients.remember(conn, status.reblog_of_id, inboxes)
    return True


def _entitled_to_edit(conn: Connection, node: Node, status: Status) -> set[str]:
    inboxes = _entitled(conn, node, status)
    if status.audience.visibility in (Visibility.PUBLIC, Visibility.UNLISTED):
        addressed = {one.domain for one in recipients.list_mentioned(conn, status.id)}
        holding = [*recipients.list_holders(conn, status.id), *recipients.list_engaged(conn, status.id)]
        holding += recipients.list_voters(conn, status.id)
        inboxes |= _inside(node, status, holding, addressed)
    return inboxes


def _entitled(conn: Connection, node: Node, status: Status) -> set[str]:
    if status.audience.reach is Reach.NODE:
        return set()
    mentioned = recipients.list_mentioned(conn, status.id)
    candidates = list(mentioned)
    if status.audience.visibility is not Visibility.DIRECT:
        candidates += recipients.list_followers(conn, status.account_id)
    if status.audience.visibility in (Visibility.PUBLIC, Visibility.UNLISTED):
        candidates += recipients.list_accounts(conn, _thread_accounts(conn, status))
        # As at Mastodon, an answer is for those as well who follow whoever began the thread.
        host = find_host(conn, status)
        candidates += [] if host is None else recipients.list_followers(conn, host.id)
    if is_for_every_sibling(status):
        candidates += recipients.list_siblings(conn)
    return _inside(node, status, candidates, {one.domain for one in mentioned})


def is_for_every_sibling(status: Status) -> bool:
    """Whether it belongs on the organisation's timeline at every node of ours, followed there or not."""
    is_first_or_own = status.in_reply_to_uri is None or status.in_reply_to_account_id == status.account_id
    return (
        status.audience.reach is Reach.ORGANISATION
        and status.audience.visibility is Visibility.PUBLIC
        and status.reach_domain is None
        and status.reblog_of_id is None
        and is_first_or_own
    )


def _thread_accounts(conn: Connection, status: Status) -> list[AccountId]:
    """Whoever wrote what is answered or boosted, and whoever began the thread."""
    found = recipients.list_root_author(conn, status)
    if status.in_reply_to_account_id is not None:
        found.append(status.in_reply_to_account_id)
    if status.reblog_of_id is not None and (original := statuses.find(conn, status.reblog_of_id)) is not None:
        found.append(original.account_id)
    return found


def _inside(node: Node, status: Status, candidates: Iterable[Recipient], addressed: set[str]) -> set[str]:
    """The inboxes whose peer lies inside the reach; of another node's ring, that node and addressees only."""
    mode = FederationMode(node.settings.federation_mode)
    audience, ring = status.audience, status.reach_domain
    return {
        one.inbox
        for one in candidates
        if one.standing.is_admitted(mode)
        and one.standing.is_inside(audience, one.domain)
        and (audience.visibility is not Visibility.DIRECT or one.standing.ceilings.direct_messages)
        and (ring is None or audience.reach is Reach.PUBLIC or one.domain == ring or one.domain in addressed)
    }
