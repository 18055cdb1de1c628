"""What can go wrong inside a node, in the words the person at the other end reads.

The tree (``fedorg.web.base.STATUS_OF`` maps each to an HTTP status, the one place that does)::

    FedorgError
    ├── BadRequest        400  the request cannot be understood
    ├── Unauthorized      401  no token, or one that is not valid
    ├── Forbidden         403  known, but not allowed
    ├── NotFound          404  absent or invisible: the two are the same answer (S47)
    ├── Gone              410  was here once
    ├── Conflict          409  another change was there first
    ├── TooLarge          413  more bytes than the limit
    ├── Invalid           422  understood, and refused for what it says
    ├── TooManyRequests   429  carries the seconds to wait
    ├── Unavailable       503  try again later
    └── SettingsError      -   a sentence for each bad setting; ends the command

and what is no refusal, so that nothing that handles refusals takes it for one: a job that meets it is tried again::

    Failing
    ├── DatabaseFailing   503  locked, restarted, not reachable, not readable
    └── NoRoom            507  the disk is full
"""

import errno
from typing import Final

NO_ROOM: Final = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
"""Numbers of the system: a quota, and a limit on what a process may write, are as full as a disk."""

RETRY_SECONDS: Final = 5
"""After how long it is worth to ask again what cannot be answered now."""


class FedorgError(Exception):
    """Base of all errors a node raises on purpose; ``str(error)`` is safe to show to the caller."""


class BadRequest(FedorgError):
    """The request cannot be understood."""


class Unauthorized(FedorgError):
    """No valid token came with the request."""


class Forbidden(FedorgError):
    """The caller is known and may not do this."""


class NotFound(FedorgError):
    """Absent, or not visible to the caller."""

    def __init__(self, message: str = "Record not found") -> None:
        super().__init__(message)


class NotFederated(NotFound):
    """On a server with which this node does not federate; it says so, which is for those alone who may know it."""


class Gone(FedorgError):
    """Deleted for good."""


class Conflict(FedorgError):
    """Somebody else changed this first."""


class TooLarge(FedorgError):
    """More bytes than the limit allows."""


class Invalid(FedorgError):
    """Understood and refused.

    ``details`` maps a field to its faults, for the forms that show them beside the field: the shape of
    Mastodon's registration errors, ``{"username": [("ERR_TAKEN", "has already been taken")]}``.
    """

    def __init__(self, message: str, details: dict[str, list[tuple[str, str]]] | None = None) -> None:
        super().__init__(message)
        self.details = details or {}


class TooManyRequests(FedorgError):
    """A limit is used up; ``retry_after_seconds`` says for how long."""

    def __init__(self, message: str, retry_after_seconds: int) -> None:
        super().__init__(message)
        self.retry_after_seconds = retry_after_seconds


class Unavailable(FedorgError):
    """Cannot answer now; the same request may succeed later."""


class SettingsError(FedorgError):
    """One or more settings are wrong; ``problems`` holds a sentence for each."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


class Failing(Exception):
    """What the node stands on does not work now, whoever asks for whatever; ``str`` of it is safe to show."""


class DatabaseFailing(Failing):
    """The database is locked, restarted or not reachable."""

    def __init__(self) -> None:
        super().__init__("The database of this server cannot be used right now. Please try again in a moment!")


class NoRoom(Failing):
    """The disk, or what this node may use of it, is full."""

    def __init__(self) -> None:
        super().__init__("This server has no room left on its disk. What you sent was not kept.")
