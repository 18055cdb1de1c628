"""Receiving statuses of peers: recorded once, if they concern anybody here, and never wider than their thread.

A deleted status stays deleted, a suspended author stays silent (S50), a time in the future becomes now (S14). What a
reply answers may come later: the reply waits, is clamped to its thread when it comes (``store.statuses.adopt``), and
is distributed again, which only adds what the first time could not.
"""

from collections.abc import Callable, Collection
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import Enum, auto
from typing import Final

from sqlalchemy import Connection

from fedorg.domain.accounts import Account
from fedorg.domain.jobs import DistributeEdit, DistributeStatus, ResolveThread
from fedorg.domain.media import Playback
from fedorg.domain.peers import Standing
from fedorg.domain.polls import Poll
from fedorg.domain.statuses import Dimensions, MediaAttachment, MediaType, RemoteMedia, RemoteStatus, Status
from fedorg.domain.visibility import Audience, Reach, Tier, Visibility, within
from fedorg.ids import AccountId, MediaId, StatusId
from fedorg.node import Node
from fedorg.services import cards, fanout, looking
from fedorg.services.statuses import indexing, polling, quoting
from fedorg.services.statuses.deleting import remove
from fedorg.services.statuses.editing import keep_version
from fedorg.services.statuses.reading import is_visible_to_peer
from fedorg.store import accounts, jobs, media, peers, polls, pruning, relationships, statuses, tags
from fedorg.uris import is_one_server

# Fetched statuses older than this are news to nobody (Mastodon's window).
REALTIME: Final = timedelta(hours=6)
MEDIA_MAX: Final = 16
_LANGUAGE_CHARACTERS_MAX: Final = 16
_MEDIA_TYPES: Final = {"image": MediaType.IMAGE, "video": MediaType.VIDEO, "audio": MediaType.AUDIO}
_PLAYED: Final = (MediaType.VIDEO, MediaType.AUDIO)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Arrival:
    """A remote status and where it stands among those known here."""

    remote: RemoteStatus
    audience: Audience
    reach_domain: str | None
    parent: Status | None
    standing: Standing
    """What the author's server is to this node."""
    created_at: datetime

    @property
    def names_local(self) -> bool:
        return any(account.is_local for account in self.remote.mentions)


class Interest(Enum):
    """What a status of a peer's account is to this node, asked before anything is fetched for it."""

    KNOWN = auto()
    POSSIBLE = auto()
    NONE = auto()


async def interest_in(
    node: Node, uri: str, author: Account, *, names_local: bool, answers: str | None, is_for_organisation: bool
) -> Interest:
    """Whether a status is here already, or may concern anybody here."""

    def may_concern(conn: Connection) -> bool:
        is_answer = answers is not None and statuses.find_by_address(conn, answers) is not None
        is_ours = is_for_organisation and _is_of_sibling(conn, author)
        return is_answer or is_ours or relationships.has_local_follower(conn, author.id)

    def unit(conn: Connection) -> Interest:
        if _is_told(conn, uri):
            return Interest.KNOWN
        return Interest.POSSIBLE if names_local or may_concern(conn) else Interest.NONE

    return await node.read(unit)


async def is_told(node: Node, uri: str) -> bool:
    """Whether a status is here, and whoever it concerns knows."""
    return await node.read(_is_told, uri)


async def receive_status(node: Node, remote: RemoteStatus) -> Status | None:
    """Record what a peer delivered, once per uri, and return it as it stands here.

    What was found before, when it was no news any more, is told now. None as for ``record_fetched``, and when it
    concerns nobody here: no local account follows the author or is named, it answers nothing that is known, and is not
    for the whole organisation that a sibling shares.
    """
    return await node.write(_record, node, remote, _concerns_somebody, _always, _ask_for_parent)


async def record_fetched(node: Node, remote: RemoteStatus) -> Status | None:
    """Record what this node fetched by itself (search, threads, boosts).

    None when it was deleted before, its author is suspended, or such a status may not pass between the two servers.
    Told to followers and to those named only while it is news.
    """
    return await node.write(_record, node, remote, _concerns_whoever_asked, _is_recent, _ask_for_parent)


async def record_backfilled(node: Node, remote: RemoteStatus) -> Status | None:
    """As ``record_fetched``, for what was found while completing a thread or a profile: it leads to nothing further."""
    last = replace(remote, steps=quoting.STEPS_MAX)
    return await node.write(_record, node, last, _concerns_whoever_asked, _is_recent, _ask_for_nothing)


async def record_quoted(node: Node, remote: RemoteStatus) -> Status | None:
    """As ``record_fetched``, for what another status quotes: it leads to what it quotes itself, as ``steps`` says."""
    return await node.write(_record, node, remote, _concerns_whoever_asked, _is_recent, _ask_for_nothing)


def record_in(conn: Connection, node: Node, remote: RemoteStatus) -> Status | None:
    """As ``record_fetched``, inside a transaction."""
    return _record(conn, node, remote, _concerns_whoever_asked, _is_recent, _ask_for_parent)


async def join_replies(node: Node, parent: Status, address: str) -> None:
    """Hang below a known status the replies that wait for it, by its identity or by an address that leads to it.

    A reply and what it answers may be recorded at the same moment, neither seeing the other; so whoever looks for what
    a reply answers, and finds it here, joins them.
    """

    def unit(conn: Connection) -> None:
        if statuses.find(conn, parent.id) is not None:
            for name in dict.fromkeys((parent.uri, address)):
                _adopt(conn, node, parent, name)

    await node.write(unit)


async def distribute_joined(node: Node, status_id: StatusId) -> None:
    """Tell of a reply that was delivered late and waited for what it answers, if it hangs in its thread now."""

    def unit(conn: Connection) -> None:
        status = statuses.find(conn, status_id)
        if status is not None and status.in_reply_to_id is not None and not _is_fresh(status, node.now()):
            _queue_distribution(conn, node, status)

    await node.write(unit)


async def receive_edit(node: Node, remote: RemoteStatus) -> Status | None:
    """Bring a known status up to date; None when it is unknown, another author's, or not newer (S5, S6).

    Nor where such a status may not pass any more. An edit that does not say when it was made was made when it came,
    however much later it is handled. Whom a status is for cannot be changed by an edit.
    """
    return await node.write(_record_edit, node, remote)


async def receive_delete(node: Node, author: Account, uri: str) -> bool:
    """Delete ``author``'s status and remember that it is gone; whether it was known here."""

    def unit(conn: Connection) -> bool:
        status = statuses.find_by_uri(conn, uri)
        if status is not None and status.account_id != author.id:
            return False
        if status is None:
            bury_unseen(conn, node, author, uri)
            return False
        return remove(conn, node, status)

    return await node.write(unit)


def bury_unseen(conn: Connection, node: Node, account: Account, uri: str) -> None:
    """What an account takes back before it came shall not come from it; what others make is not its to name (S5)."""
    if is_one_server(uri, account.uri):
        statuses.bury_unseen(conn, uri, account.uri, node.now())


def _record(
    conn: Connection,
    node: Node,
    remote: RemoteStatus,
    is_wanted: Callable[[Connection, _Arrival], bool],
    is_news: Callable[[_Arrival, datetime], bool],
    ask_further: Callable[[Connection, Node, Status, bool], None],
) -> Status | None:
    now = node.now()
    known = statuses.find_by_uri(conn, remote.uri)
    if known is not None:
        if known.account_id != remote.author.id:
            return None
        if statuses.is_untold(conn, known.id):
            _tell_late(conn, node, known, remote, is_wanted, is_news, ask_further)
        return known
    author = accounts.get(conn, remote.author.id)
    if author.is_local or author.suspended_at is not None or statuses.is_buried_by(conn, remote.uri, author.uri):
        return None
    arrival = _place(conn, remote, now)
    if not (_is_granted(arrival.standing, remote.audience) and is_wanted(conn, arrival)):
        return None
    news = is_news(arrival, now)
    status = statuses.record(
        conn,
        _new_status(node, arrival),
        lambda: node.ids.next_for(arrival.created_at),
        is_local=False,
        is_untold=not news,
    )
    if status is None:
        return statuses.find_by_uri(conn, remote.uri)
    pruning.note_arrival(conn, now, status)
    _insert_companions(conn, node, status, remote)
    if remote.media or remote.poll is not None:
        indexing.index(conn, status)
    else:
        indexing.index_new(conn, status, (), ())
    cards.request_new(conn, node, status, delay=looking.soon())
    statuses.count_status(conn, status, 1)
    ask_further(conn, node, status, news)
    _adopt(conn, node, status, status.uri)
    if news:
        _distribute(conn, node, status, arrival)
    return status


def _tell_late(
    conn: Connection,
    node: Node,
    known: Status,
    remote: RemoteStatus,
    is_wanted: Callable[[Connection, _Arrival], bool],
    is_news: Callable[[_Arrival, datetime], bool],
    ask_further: Callable[[Connection, Node, Status, bool], None],
) -> None:
    """Tell of a status that was found before it came, if it is news by the way in which it comes."""
    now = node.now()
    arrival = _place(conn, remote, now)
    is_silent = accounts.get(conn, known.account_id).suspended_at is not None
    is_granted = _is_granted(arrival.standing, remote.audience)
    if is_silent or not (is_granted and is_news(arrival, now) and is_wanted(conn, arrival)):
        return
    if statuses.note_told(conn, known.id):
        ask_further(conn, node, known, True)  # noqa: FBT003 - a callback
        _distribute(conn, node, known, arrival)


def _is_told(conn: Connection, uri: str) -> bool:
    known = statuses.find_by_uri(conn, uri)
    return known is not None and not statuses.is_untold(conn, known.id)


def _distribute(conn: Connection, node: Node, status: Status, arrival: _Arrival) -> None:
    """Tell people here in the transaction that records it; a job does so for more than one chunk of them."""
    after = fanout.distribute_received(conn, node, status, arrival.standing)
    if after is not None:
        _queue_distribution(conn, node, status, after)


def _queue_distribution(conn: Connection, node: Node, status: Status, after: AccountId | None = None) -> None:
    peer = accounts.get(conn, status.account_id).peer
    jobs.enqueue(conn, node.ids, node.now(), DistributeStatus(status_id=status.id, after=after, peer=peer))


def _place(conn: Connection, remote: RemoteStatus, now: datetime) -> _Arrival:
    # WordPress names what it answers by its page.
    parent = None if remote.in_reply_to_uri is None else statuses.find_by_address(conn, remote.in_reply_to_uri)
    if parent is not None:
        remote = replace(remote, in_reply_to_uri=parent.uri)
    if parent is not None and not _may_answer(conn, remote.author, parent):
        # It stands by itself: whoever cannot see a status can neither count in it nor join its thread.
        remote, parent = replace(remote, in_reply_to_uri=None), None
    if parent is not None and not statuses.hold(conn, parent.id):
        parent = None
    peer = remote.author.peer or ""
    audience, reach_domain = remote.audience, None
    if audience.reach is not Reach.PUBLIC:
        reach_domain = remote.author.peer
    if parent is not None and parent.audience.reach is not Reach.PUBLIC:
        audience = within(audience, parent.audience)
        reach_domain = parent.reach_domain
    return _Arrival(
        remote=remote,
        audience=audience,
        reach_domain=reach_domain,
        parent=parent,
        standing=peers.standings(conn, [peer])[peer],
        created_at=min(remote.created_at, now),
    )


def _may_answer(conn: Connection, author: Account, parent: Status) -> bool:
    """Whether an account of a peer may see what it answers; only the parent's own node can tell."""
    if not accounts.get(conn, parent.account_id).is_local:
        return True
    return is_visible_to_peer(conn, parent, author.peer or "", author.uri)


def _concerns_somebody(conn: Connection, arrival: _Arrival) -> bool:
    if arrival.names_local:
        return True
    match arrival.audience.visibility:
        case Visibility.DIRECT:
            return False
        case Visibility.PRIVATE:
            return relationships.has_local_follower(conn, arrival.remote.author.id)
        case Visibility.PUBLIC | Visibility.UNLISTED:
            is_known = arrival.parent is not None or relationships.has_local_follower(conn, arrival.remote.author.id)
            return is_known or _is_for_organisation(arrival)


def _is_granted(standing: Standing, told: Audience) -> bool:
    """Whether such a status may pass between its author's server and this one, by whatever way; it is their word."""
    if told.visibility is Visibility.DIRECT:
        return standing.ceilings.direct_messages
    return told.reach.width <= standing.ceilings.largest_reach.width


def _is_for_organisation(arrival: _Arrival) -> bool:
    """Whether it belongs on the organisation's timeline, whoever follows its author."""
    audience = arrival.audience
    is_shown = audience.reach is Reach.ORGANISATION and audience.visibility is Visibility.PUBLIC
    return is_shown and arrival.standing.tier is Tier.SIBLING


def _is_of_sibling(conn: Connection, author: Account) -> bool:
    return author.peer is not None and peers.tiers(conn, [author.peer])[author.peer] is Tier.SIBLING


def _concerns_whoever_asked(_conn: Connection, _arrival: _Arrival) -> bool:
    return True


def _always(_arrival: _Arrival, _now: datetime) -> bool:
    return True


def _is_recent(arrival: _Arrival, now: datetime) -> bool:
    return _is_fresh(arrival, now)


def _is_fresh(what: _Arrival | Status, now: datetime) -> bool:
    return what.created_at > now - REALTIME


def _new_status(node: Node, arrival: _Arrival) -> Status:
    remote, parent = arrival.remote, arrival.parent
    status_id = StatusId(node.ids.next_for(arrival.created_at))
    return Status(
        id=status_id,
        uri=remote.uri,
        url=remote.url or remote.uri,
        account_id=remote.author.id,
        audience=arrival.audience,
        reach_domain=arrival.reach_domain,
        content=remote.content,
        spoiler_text=remote.spoiler_text,
        sensitive=remote.sensitive or bool(remote.spoiler_text),
        language=_language(remote),
        in_reply_to_id=None if parent is None else parent.id,
        in_reply_to_account_id=None if parent is None else parent.account_id,
        in_reply_to_uri=remote.in_reply_to_uri,
        thread_id=status_id if parent is None else parent.thread_id,
        context_uri=remote.context_uri,
        context_history_uri=remote.context_history_uri,
        replies_uri=remote.replies_uri,
        emojis=remote.emojis,
        interaction_policy=remote.interaction_policy,
        created_at=arrival.created_at,
        edited_at=None if remote.edited_at is None else min(remote.edited_at, node.now()),
    )


def _insert_companions(conn: Connection, node: Node, status: Status, remote: RemoteStatus) -> None:
    statuses.mention(conn, status.id, [account.id for account in remote.mentions])
    tags.link(conn, node.ids, node.now(), status, remote.tags)
    media.insert_many(conn, _attachments(node, status, remote.media))
    polling.record(conn, node, status, remote.poll)
    quoting.record(conn, node, status, remote)


def _ask_for_parent(conn: Connection, node: Node, status: Status, is_news: bool) -> None:  # noqa: FBT001 - a callback
    """Ask for what it answers, if that is not here."""
    if status.in_reply_to_uri is not None and status.in_reply_to_id is None:
        peer = accounts.get(conn, status.account_id).peer
        jobs.enqueue(conn, node.ids, node.now(), ResolveThread(status_id=status.id, peer=peer, is_news=is_news))


def _ask_for_nothing(_conn: Connection, _node: Node, _status: Status, _is_news: bool) -> None:  # noqa: FBT001 - likewise
    pass


def _adopt(conn: Connection, node: Node, parent: Status, name: str) -> None:
    """Take in what waited for it by a name, and tell of what is recent; ``distribute_joined`` tells of late news."""
    for child in statuses.adopt(conn, parent, name):
        if _is_fresh(child, node.now()):
            _queue_distribution(conn, node, child)


def _record_edit(conn: Connection, node: Node, remote: RemoteStatus) -> Status | None:
    before = statuses.find_by_uri_for_update(conn, remote.uri)
    if before is None or before.account_id != remote.author.id or before.reblog_of_id is not None:
        return None
    peer = remote.author.peer or ""
    told = replace(remote.audience, visibility=before.audience.visibility)
    if not _is_granted(peers.standings(conn, [peer])[peer], told):
        return None
    now = node.now()
    latest = before.edited_at or before.created_at
    edited_at = min(remote.edited_at or remote.told_at or now, now)
    # Of two that came in one millisecond and do not say when they were made, the second counts.
    is_newer = edited_at > latest or (edited_at == latest and remote.edited_at is None)
    attached = media.list_of_statuses(conn, [before.id]).get(before.id, ())
    after = _edited(before, remote, edited_at)
    poll = polls.hold_of_status(conn, before.id)
    is_reshaped = remote.edited_at is not None and polling.is_reshaped(poll, remote.poll)
    is_refreshed = edited_at >= latest and quoting.refresh(conn, node, before, remote)
    if not is_newer or not (is_reshaped or _differs(before, after, attached, remote.media)):
        return _record_tallies(conn, node, before, poll, remote) or (before if is_refreshed else None)
    keep_version(conn, node.ids, before, attached, poll)
    statuses.update_content(conn, after)
    polling.receive(conn, node, before, poll, remote.poll)
    named = {account.id for account in remote.mentions}
    statuses.mention_anew(conn, before.id, named)
    tags.unlink_all(conn, before.id)
    tags.link(conn, node.ids, now, before, remote.tags)
    media.delete_of_status(conn, before.id)
    media.insert_many(conn, _attachments(node, before, remote.media))
    indexing.index(conn, after)
    cards.request(conn, node, after, delay=looking.soon())
    jobs.enqueue(conn, node.ids, now, DistributeEdit(status_id=before.id, edited_at=edited_at, peer=peer))
    return after


def _record_tallies(
    conn: Connection, node: Node, status: Status, poll: Poll | None, remote: RemoteStatus
) -> Status | None:
    """How the poll stands in the version that is known; None when that is another one, or has no poll."""
    is_older = remote.edited_at is not None and remote.edited_at < (status.edited_at or status.created_at)
    if is_older or poll is None or remote.poll is None or polling.is_reshaped(poll, remote.poll):
        return None
    polling.receive_tallies(conn, node, status, poll, remote.poll)
    return status


def _edited(before: Status, remote: RemoteStatus, edited_at: datetime) -> Status:
    return replace(
        before,
        url=remote.url or remote.uri,
        content=remote.content,
        spoiler_text=remote.spoiler_text,
        sensitive=remote.sensitive or bool(remote.spoiler_text),
        language=_language(remote),
        emojis=remote.emojis,
        edited_at=edited_at,
    )


def _differs(
    before: Status, after: Status, attached: Collection[MediaAttachment], declared: Collection[RemoteMedia]
) -> bool:
    then = [(one.remote_url, one.remote_preview_url, one.description, one.focus) for one in attached]
    now = [(one.url, one.preview_url, one.description, one.focus) for one in list(declared)[:MEDIA_MAX]]
    return then != now or replace(after, edited_at=before.edited_at) != before


def _language(remote: RemoteStatus) -> str | None:
    return None if remote.language is None else remote.language[:_LANGUAGE_CHARACTERS_MAX]


def _media_type(declared: RemoteMedia) -> MediaType:
    return _MEDIA_TYPES.get(declared.content_type.partition("/")[0].lower(), MediaType.UNKNOWN)


def _attachments(node: Node, status: Status, declared: Collection[RemoteMedia]) -> list[MediaAttachment]:
    return [
        MediaAttachment(
            id=MediaId(node.ids.next()),
            account_id=status.account_id,
            status_id=status.id,
            type=_media_type(one),
            content_type=one.content_type,
            remote_url=one.url,
            remote_preview_url=one.preview_url,
            description=one.description,
            blurhash=one.blurhash,
            focus=one.focus,
            original=None
            if one.width is None or one.height is None
            else Dimensions(width=one.width, height=one.height),
            playback=None
            if one.duration is None or _media_type(one) not in _PLAYED
            else Playback(seconds=one.duration),
            created_at=node.now(),
        )
        for one in list(declared)[:MEDIA_MAX]
    ]
