"""Streams of one process: one task reads new event rows, and for each account is loaded what it may see of them.

The task runs while anybody listens. When it cannot read it ends all listeners, because a revocation it does not hear of
would leave a stream open (S42); clients come back by themselves.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Collection, Hashable, Mapping
from dataclasses import dataclass
from typing import Final, TypeAlias

from sqlalchemy import Connection

from fedorg import log
from fedorg.domain.announcements import AnnouncementView, ReactionNews
from fedorg.domain.conversations import ConversationView
from fedorg.domain.events import Event, EventKind
from fedorg.domain.notifications import NotificationView
from fedorg.domain.oauth import Token
from fedorg.domain.statuses import PageQuery, StatusView
from fedorg.domain.visibility import Reach
from fedorg.errors import Failing, NotFound, Unauthorized, Unavailable
from fedorg.ids import AccountId, ConversationId, EventId, ListId, NotificationId, StatusId
from fedorg.node import Node
from fedorg.services import announcements, conversations, notifications, oauth, statuses, timelines
from fedorg.store import events, tags
from fedorg.store.engine import DatabaseClosed
from fedorg.streaming import Ending, Hub, Listener, News, StreamName

logger = log.get_logger()

_CHUNK: Final = 200
# However many listen to one thing, requests do not stand in line behind all of them.
_LOADING_MAX: Final = 2
_LOADED_MAX: Final = 64
# News may be lost only by a fault of the database; then a stream is this late.
_LOOK_AGAIN_SECONDS: Final = 15.0


@dataclass(frozen=True, slots=True, kw_only=True)
class _Narrowing:
    local_only: bool = False
    remote_only: bool = False
    media_only: bool = False
    reach: Reach | None = None


_NARROWED: Final[Mapping[StreamName, _Narrowing]] = {
    StreamName.PUBLIC: _Narrowing(),
    StreamName.PUBLIC_MEDIA: _Narrowing(media_only=True),
    StreamName.PUBLIC_LOCAL: _Narrowing(local_only=True),
    StreamName.PUBLIC_LOCAL_MEDIA: _Narrowing(local_only=True, media_only=True),
    StreamName.PUBLIC_REMOTE: _Narrowing(remote_only=True),
    StreamName.PUBLIC_REMOTE_MEDIA: _Narrowing(remote_only=True, media_only=True),
    StreamName.PUBLIC_NODE: _Narrowing(reach=Reach.NODE),
    StreamName.PUBLIC_ORGANISATION: _Narrowing(reach=Reach.ORGANISATION),
    StreamName.PUBLIC_PARTNERS: _Narrowing(reach=Reach.PARTNERS),
    StreamName.HASHTAG: _Narrowing(),
    StreamName.HASHTAG_LOCAL: _Narrowing(local_only=True),
}


Loaded: TypeAlias = StatusView | NotificationView | ConversationView | AnnouncementView | ReactionNews
"""What news are about."""


class Streams:
    """The open streams of a node in this process. Lives on one event loop."""

    def __init__(self, node: Node) -> None:
        self._node = node
        self._hub = Hub(node.settings.streams_max, node.metrics.streams.set)
        self._reader: asyncio.Task[None] | None = None
        self._starting = asyncio.Lock()
        self._loading = asyncio.Semaphore(_LOADING_MAX)
        self._loaded: OrderedDict[tuple[Hashable, Hashable], Loaded | None] = OrderedDict()
        self._is_stopped = False

    async def open(self, account_id: AccountId, token: Token, bearer: str) -> Listener:
        """A listener for the account that ``bearer`` acts for; it hears what happens from now on.

        Raises ``TooManyRequests``, ``Unavailable`` at shutdown and when too many listen, and ``Unauthorized`` when the
        token ended meanwhile.
        """
        listener = Listener(account_id, token)
        self._hub.add(listener)
        try:
            await self._follow_events()
            # A revocation between the caller's check and now was read before the listener was there to be ended.
            if await oauth.authenticate(self._node, bearer) is None:
                raise Unauthorized("The access token is invalid")  # noqa: TRY301 - the listener goes, whatever it was
        except BaseException:
            self.close(listener)
            raise
        return listener

    def close(self, listener: Listener) -> None:
        """The listener has left."""
        self._hub.remove(listener)

    def stop(self) -> None:
        """End all streams at once and let nobody in any more."""
        self._is_stopped = True
        self._hub.end_all(Ending.STOPPED)
        if self._reader is not None:
            self._reader.cancel()
            self._reader = None

    async def load(self, listener: Listener, news: News) -> Loaded | None:
        """What the news is about as the listener's account sees it now; None when it sees nothing of it.

        What public and hashtag streams show is what the timeline of the same name shows, asked for this one status. It
        is loaded once for all of an account that hear of it while nothing is written: one account may listen to a
        thousand hashtags of one status.
        """
        stream = news.stream
        subject = listener.account_id, news.event.id, stream.name, stream.list_id
        async with self._loading:
            version = await self._node.db.version()
            if version is None or (subject, version) not in self._loaded:
                try:
                    loaded = await self._load(listener.account_id, news)
                except NotFound:
                    loaded = None
                self._loaded[subject, version] = loaded
                if len(self._loaded) > _LOADED_MAX:
                    self._loaded.popitem(last=False)
                return loaded
            return self._loaded[subject, version]

    async def _load(self, viewer: AccountId, news: News) -> Loaded | None:
        subject_id = news.event.subject_id
        match news.event.kind:
            case EventKind.NOTIFICATION:
                return await notifications.get(self._node, viewer, NotificationId(subject_id))
            case EventKind.CONVERSATION:
                return await conversations.find(self._node, viewer, ConversationId(subject_id))
            case EventKind.ANNOUNCEMENT:
                return await announcements.get_for(self._node, viewer, subject_id)
            case EventKind.ANNOUNCEMENT_REACTION:
                return await announcements.find_reaction(self._node, subject_id)
            case _:
                found = await self._load_statuses(viewer, news, StatusId(subject_id))
                return found[0] if found else None

    async def _load_statuses(self, viewer: AccountId, news: News, status_id: StatusId) -> list[StatusView]:
        stream = news.stream
        only = PageQuery(limit=1, max_id=status_id + 1, since_id=status_id - 1)
        if stream.name is StreamName.USER and news.event.kind is EventKind.UPDATE:
            return await timelines.home(self._node, viewer, only)
        if stream.name in (StreamName.USER, StreamName.USER_NOTIFICATION):
            return await statuses.list_views(self._node, viewer, [status_id])
        if stream.list_id is not None:
            return await self._load_listed(viewer, stream.list_id, only)
        narrowed = _NARROWED[stream.name]
        if stream.tag is None:
            return await timelines.public(
                self._node,
                viewer,
                only,
                local_only=narrowed.local_only,
                remote_only=narrowed.remote_only,
                media_only=narrowed.media_only,
                reach=narrowed.reach,
            )
        return await timelines.tag(self._node, viewer, stream.tag, only, local_only=narrowed.local_only)

    async def _load_listed(self, viewer: AccountId, list_id: ListId, only: PageQuery) -> list[StatusView]:
        try:
            return await timelines.list_timeline(self._node, viewer, list_id, only)
        except NotFound:
            # The list was removed while somebody listens.
            return []

    async def _follow_events(self) -> None:
        async with self._starting:
            if self._is_stopped:
                raise Unavailable("This server is stopping")
            if self._reader is None:
                after = await self._node.read(events.last_id)
                self._reader = asyncio.create_task(self._read(after), name="streams")

    async def _read(self, after: EventId) -> None:
        news = self._node.db.changes.subscribe()
        try:
            while not self._hub.is_empty:
                found = await self._node.read(events.list_after, after, _CHUNK)
                named = await self._tags_of(found)
                for event in found:
                    self._hub.publish(event, named.get(event.subject_id, ()))
                    after = event.id
                if not found:
                    await news.wait(_LOOK_AGAIN_SECONDS)
        except DatabaseClosed:
            self._hub.end_all(Ending.STOPPED)
        except Failing as problem:
            logger.warning("streams.failed", reason=str(problem))
            self._hub.end_all(Ending.FAILED)
        except Exception:
            # Whatever it was, no stream may stay open unheard.
            logger.exception("streams.failed")
            self._hub.end_all(Ending.FAILED)
        self._reader = None

    async def _tags_of(self, found: Collection[Event]) -> Mapping[int, Collection[str]]:
        public = [StatusId(event.subject_id) for event in found if event.account_id is None]
        if not public or not self._hub.hears_hashtags:
            return {}

        def unit(conn: Connection) -> dict[int, Collection[str]]:
            return {
                status_id: [tag.name for tag in used] for status_id, used in tags.list_of_statuses(conn, public).items()
            }

        return await self._node.read(unit)
