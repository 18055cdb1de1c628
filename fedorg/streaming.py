"""Who listens to what: streams, listeners with bounded queues, and which event belongs to which stream.

Nothing here reads or writes anything. An event carries ids only; what a listener may see of it is loaded for that
listener alone, with the rules of REST (``services.streams``). A listener that does not keep up is ended, so that no
queue grows without bound. Spec: Mastodon API, methods/streaming; incidents S42, S43, S48.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, TypeAlias

from fedorg.domain.events import Event, EventKind
from fedorg.domain.oauth import Token, covers
from fedorg.errors import TooManyRequests, Unavailable
from fedorg.ids import AccountId, ListId

# Ids only wait, so that this is a few hundred kilobytes; enough for the deletion of somebody who wrote much.
QUEUE_MAX: Final = 4096
STREAMS_MAX: Final = 32
LISTENERS_PER_ACCOUNT_MAX: Final = 32
_RETRY_SECONDS: Final = 60


class StreamName(StrEnum):
    """Mastodon's names of streams, and ours for what goes no further than a reach."""

    USER = "user"
    USER_NOTIFICATION = "user:notification"
    PUBLIC = "public"
    PUBLIC_MEDIA = "public:media"
    PUBLIC_LOCAL = "public:local"
    PUBLIC_LOCAL_MEDIA = "public:local:media"
    PUBLIC_REMOTE = "public:remote"
    PUBLIC_REMOTE_MEDIA = "public:remote:media"
    PUBLIC_NODE = "public:node"
    PUBLIC_ORGANISATION = "public:organisation"
    PUBLIC_PARTNERS = "public:partners"
    HASHTAG = "hashtag"
    HASHTAG_LOCAL = "hashtag:local"
    LIST = "list"
    DIRECT = "direct"


_BY_HASHTAG: Final = frozenset({StreamName.HASHTAG, StreamName.HASHTAG_LOCAL})
_OF_ANNOUNCEMENTS: Final = frozenset(
    {EventKind.ANNOUNCEMENT, EventKind.ANNOUNCEMENT_REACTION, EventKind.ANNOUNCEMENT_DELETE}
)
_OF_STATUSES: Final = frozenset({EventKind.UPDATE, EventKind.STATUS_UPDATE})
_OF_NOTIFICATIONS: Final = frozenset({EventKind.NOTIFICATION, EventKind.NOTIFICATIONS_MERGED})
# What streams of one account carry; notifications only for a token that may read them.
_CARRIED: Final[Mapping[StreamName, frozenset[EventKind]]] = {
    StreamName.USER: _OF_STATUSES | _OF_NOTIFICATIONS | {EventKind.FILTERS_CHANGED},
    StreamName.USER_NOTIFICATION: _OF_NOTIFICATIONS,
    StreamName.LIST: _OF_STATUSES,
    StreamName.DIRECT: frozenset({EventKind.CONVERSATION}),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Stream:
    """What can be listened to: ``tag`` (normalised) belongs to streams of hashtags, ``list_id`` to those of lists."""

    name: StreamName
    tag: str | None = None
    list_id: ListId | None = None

    @property
    def label(self) -> list[str]:
        """How messages on a WebSocket name it."""
        subject = self.tag if self.list_id is None else str(self.list_id)
        return [self.name] if subject is None else [self.name, subject]

    @property
    def scope(self) -> str:
        """What a token must cover to listen."""
        return "read:notifications" if self.name is StreamName.USER_NOTIFICATION else "read:statuses"

    @property
    def is_by_hashtag(self) -> bool:
        """Whether it shows statuses with a hashtag."""
        return self.name in _BY_HASHTAG


class Ending(StrEnum):
    """Why a listener hears no more."""

    LEFT = "left"
    REVOKED = "revoked"
    SLOW = "slow"
    STOPPED = "stopped"
    FAILED = "failed"


class StreamEnded(Exception):
    """The listener was ended."""


@dataclass(frozen=True, slots=True, kw_only=True)
class News:
    """An event on one of the streams that a listener listens to."""

    event: Event
    stream: Stream


Item: TypeAlias = News | str
"""What waits for a listener: news, or a text that goes out as it is."""


class Listener:
    """One open connection and what waits for it. Lives on the event loop."""

    def __init__(self, account_id: AccountId, token: Token) -> None:
        self.account_id = account_id
        self.token_id = token.id
        self.ending: Ending | None = None
        self._hears_notifications = covers(token.scopes, "read:notifications")
        # In order of subscription, each once.
        self._streams: dict[Stream, None] = {}
        self._items: deque[Item] = deque()
        self._woken = asyncio.Event()
        self._on_end: list[Callable[[], object]] = []

    @property
    def streams(self) -> Collection[Stream]:
        """What it listens to."""
        return self._streams.keys()

    def subscribe(self, stream: Stream) -> None:
        """Listen to one more stream; ``TooManyRequests`` beyond ``STREAMS_MAX``."""
        if stream not in self._streams and len(self._streams) >= STREAMS_MAX:
            raise TooManyRequests("Too many streams on one connection", _RETRY_SECONDS)
        self._streams[stream] = None

    def unsubscribe(self, stream: Stream) -> None:
        """Listen to it no more."""
        self._streams.pop(stream, None)

    def put(self, item: Item) -> None:
        """Let something wait for the listener, or end it when too much waits already."""
        if self.ending is not None:
            return
        if len(self._items) >= QUEUE_MAX:
            self.end(Ending.SLOW)
            return
        self._items.append(item)
        self._woken.set()

    def end(self, ending: Ending) -> None:
        """Say no more to it, not even what waits."""
        if self.ending is not None:
            return
        self.ending = ending
        self._items.clear()
        self._woken.set()
        for tell in self._on_end:
            tell()

    def on_end(self, tell: Callable[[], object]) -> None:
        """Have ``tell`` called when the listener is ended, at once if it is already."""
        if self.ending is None:
            self._on_end.append(tell)
        else:
            tell()

    async def next(self, timeout_seconds: float) -> Item | None:
        """What comes next; None when nothing came in time. Raises ``StreamEnded``."""
        while not self._items:
            if self.ending is not None:
                raise StreamEnded
            self._woken.clear()
            try:
                async with asyncio.timeout(timeout_seconds):
                    await self._woken.wait()
            except TimeoutError:
                return None
        return self._items.popleft()

    def streams_of(self, event: Event, tags: Collection[str]) -> Iterator[Stream]:
        """On which of its streams it hears of an event; ``tags`` are the hashtags of the status it speaks of."""
        for stream in self._streams:
            if event.kind is EventKind.DELETE:
                is_heard = stream.name is not StreamName.USER_NOTIFICATION
            elif event.kind in _OF_ANNOUNCEMENTS:
                is_heard = stream.name is StreamName.USER
            elif stream.name in _CARRIED:
                is_heard = (
                    event.account_id == self.account_id
                    and event.kind in _CARRIED[stream.name]
                    and (event.kind not in _OF_NOTIFICATIONS or self._hears_notifications)
                )
            else:
                is_heard = (
                    event.account_id is None
                    and event.kind in _OF_STATUSES
                    and (not stream.is_by_hashtag or stream.tag in tags)
                )
            if is_heard:
                yield stream


class Hub:
    """All listeners of one process, ``most`` at a time; ``tell`` hears how many there are when that changes."""

    def __init__(self, most: int, tell: Callable[[int], object]) -> None:
        self._most = most
        self._tell = tell
        self._count = 0
        self._by_account: dict[AccountId, set[Listener]] = {}

    @property
    def is_empty(self) -> bool:
        """Whether nobody listens."""
        return not self._by_account

    @property
    def hears_hashtags(self) -> bool:
        """Whether anybody listens to a hashtag."""
        return any(stream.is_by_hashtag for listener in self._listeners() for stream in listener.streams)

    def add(self, listener: Listener) -> None:
        """Let it hear what is published from now on.

        ``TooManyRequests`` when its account has too many, ``Unavailable`` when there are as many as may be.
        """
        own = self._by_account.get(listener.account_id, set())
        if len(own) >= LISTENERS_PER_ACCOUNT_MAX:
            raise TooManyRequests("Too many open streams", _RETRY_SECONDS)
        if self._count >= self._most:
            raise Unavailable("This server has as many open streams as it can")
        own.add(listener)
        self._by_account[listener.account_id] = own
        self._count_on(1)

    def remove(self, listener: Listener, ending: Ending = Ending.LEFT) -> None:
        """End it and forget it."""
        listener.end(ending)
        own = self._by_account.get(listener.account_id, set())
        if listener not in own:
            return
        own.discard(listener)
        if not own:
            self._by_account.pop(listener.account_id, None)
        self._count_on(-1)

    def publish(self, event: Event, tags: Collection[str] = ()) -> None:
        """Put the event before everybody whose streams it belongs to; a revocation ends its listeners (S42)."""
        concerned = self._listeners() if event.account_id is None else self._by_account.get(event.account_id, ())
        for listener in list(concerned):
            if event.kind is EventKind.REVOKED:
                if listener.token_id == event.subject_id:
                    self.remove(listener, Ending.REVOKED)
                continue
            for stream in listener.streams_of(event, tags):
                listener.put(News(event=event, stream=stream))
            if listener.ending is not None:
                self.remove(listener)

    def end_all(self, ending: Ending) -> None:
        """End and forget every listener."""
        for listener in list(self._listeners()):
            self.remove(listener, ending)

    def _count_on(self, more: int) -> None:
        self._count += more
        self._tell(self._count)

    def _listeners(self) -> Iterator[Listener]:
        for own in self._by_account.values():
            yield from own
