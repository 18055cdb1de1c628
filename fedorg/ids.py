"""Typed, time-sortable 64-bit ids.

An id is milliseconds since 1970 shifted left by 16, plus a process number (6 bits) and a counter (10 bits):
Mastodon's shape, so that clients can turn dates into ids and back. Two processes with different numbers never
mint the same id; one process mints 1,024 a millisecond and borrows from the next one when it needs more.
"""

import secrets
import threading
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Final, NewType

AccountId = NewType("AccountId", int)
UserId = NewType("UserId", int)
StatusId = NewType("StatusId", int)
EditId = NewType("EditId", int)
MediaId = NewType("MediaId", int)
PollId = NewType("PollId", int)
VoteId = NewType("VoteId", int)
NotificationId = NewType("NotificationId", int)
ApplicationId = NewType("ApplicationId", int)
TokenId = NewType("TokenId", int)
JobId = NewType("JobId", int)
EventId = NewType("EventId", int)
InviteId = NewType("InviteId", int)
ListId = NewType("ListId", int)
ScheduledStatusId = NewType("ScheduledStatusId", int)
ReportId = NewType("ReportId", int)
ConversationId = NewType("ConversationId", int)
SeveranceId = NewType("SeveranceId", int)
PushSubscriptionId = NewType("PushSubscriptionId", int)
NotificationRequestId = NewType("NotificationRequestId", int)
QuoteId = NewType("QuoteId", int)
CardId = NewType("CardId", int)
CollectionId = NewType("CollectionId", int)
CollectionItemId = NewType("CollectionItemId", int)
WarningId = NewType("WarningId", int)
PartnershipId = NewType("PartnershipId", int)

PROCESSES_MAX: Final = 64
ID_MAX: Final = 2**63 - 1

EARLIEST: Final = datetime(1970, 1, 2, tzinfo=UTC)
"""Of an earlier moment there is no id that is a positive number."""

_PROCESS_BITS: Final = 6
_COUNTER_BITS: Final = 10
_LOW_BITS: Final = _PROCESS_BITS + _COUNTER_BITS


def at(moment: datetime) -> int:
    """The smallest id of the millisecond that ``moment`` (aware) lies in; of one beyond all ids, the greatest."""
    return min(int(moment.timestamp() * 1000) << _LOW_BITS, ID_MAX)


def moment_of(number: int) -> datetime:
    """The millisecond in which an id was minted, as aware UTC."""
    return datetime.fromtimestamp((number >> _LOW_BITS) / 1000, tz=UTC)


class IdSource:
    """Mints ids that grow within a process; safe to call from several threads.

    ``process`` is the number of this process on this database, 0 to 63. ``after`` is an id that all shall be greater
    than: where the clock was set back, they go on from there until it has come as far.
    """

    def __init__(self, now: Callable[[], datetime], process: int = 0, *, after: int = 0) -> None:
        if not 0 <= process < PROCESSES_MAX:
            raise ValueError(f"the process number must lie between 0 and {PROCESSES_MAX - 1}")
        self._now = now
        self._process = process << _COUNTER_BITS
        self._lock = threading.Lock()
        self._last_millisecond = after >> _LOW_BITS
        self._counter = (1 << _COUNTER_BITS) - 1

    def next(self) -> int:
        """A new id, greater than every one this source gave before."""
        millisecond = int(self._now().timestamp() * 1000)
        with self._lock:
            if millisecond > self._last_millisecond:
                self._last_millisecond, self._counter = millisecond, 0
            else:
                self._counter += 1
                if self._counter >> _COUNTER_BITS:
                    self._last_millisecond, self._counter = self._last_millisecond + 1, 0
            return (self._last_millisecond << _LOW_BITS) | self._process | self._counter

    def next_for(self, moment: datetime) -> int:
        """An id that sorts at ``moment``, for what was made elsewhere; unique by chance alone.

        The caller inserts it under a unique key and asks again when it is taken. Chance and not the counter, because
        peers date in whole seconds and a quiet node counts from 0 in every millisecond. What claims to be older than
        ``EARLIEST`` sorts there.
        """
        return at(max(moment, EARLIEST)) | secrets.randbits(_LOW_BITS)
