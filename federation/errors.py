"""What can go wrong between two servers, in words the administrator of either end can act on.

The tree, with the HTTP status a server answers when the request it is serving caused the error (``status_hint``)::

    FederationError            500  base; never raised itself
    ├── MalformedDocument      400  the bytes are not JSON of the expected shape
    │   └── MalformedActivity  400  JSON, but no activity, actor or object this library reads
    ├── OriginMismatch         403  a server spoke about something that belongs to another (FEP-fe34)
    ├── SignatureRefused       401  no signature, or one that proves nothing; carries the reason
    ├── KeyUnavailable         401  the key that a signature names cannot be had (503 when that may pass)
    └── FetchError             502  another server did not give what was asked for
        ├── AddressRefused          the URL or what its host resolves to may not be contacted
        ├── PeerUnreachable         no complete answer; says whether the request can have arrived
        ├── PeerAnswered            an answer with a status other than 2xx
        ├── TooLarge                more bytes than the limit
        ├── WrongContentType        an answer of another media type, or compressed
        └── TooManyRedirects        more hops than allowed, or in a circle
"""

from typing import ClassVar


class FederationError(Exception):
    """Base of everything this library raises on purpose; ``str(error)`` holds no secret."""

    status_hint: int = 500


class MalformedDocument(FederationError):
    """The bytes are not JSON, exceed the bounds on depth or keys, or have another shape than the format demands."""

    status_hint = 400


class MalformedActivity(MalformedDocument):
    """JSON, but not an activity, actor or object that this library can read."""


class OriginMismatch(FederationError):
    """A server spoke about an id that belongs to another server."""

    status_hint = 403


class SignatureRefused(FederationError):
    """The request carries no signature, or one that proves nothing."""

    status_hint = 401

    def __init__(self, reason: str) -> None:
        super().__init__(f"The signature was refused: {reason}")
        self.reason = reason


class KeyUnavailable(FederationError):
    """A key cannot be fetched, read or accepted; ``is_temporary`` says that a later try may succeed."""

    def __init__(self, reason: str, *, is_temporary: bool = False) -> None:
        super().__init__(f"The key cannot be used: {reason}")
        self.reason = reason
        self.is_temporary = is_temporary
        self.status_hint = 503 if is_temporary else 401


class FetchError(FederationError):
    """Another server did not give what was asked for. ``url`` is the address that failed, after redirects."""

    status_hint = 502
    what: ClassVar[str] = "could not be fetched"

    def __init__(self, url: str, reason: str = "") -> None:
        super().__init__(f"{url} {self.what}{': ' if reason else ''}{reason}")
        self.url = url
        self.reason = reason


class AddressRefused(FetchError):
    """The URL, or an address its host resolves to, may not be contacted; nothing was sent."""

    what = "may not be contacted"


class PeerUnreachable(FetchError):
    """No complete answer came. ``never_sent`` is True only when no byte of the request can have reached the peer."""

    what = "could not be reached"

    def __init__(self, url: str, reason: str = "", *, never_sent: bool) -> None:
        super().__init__(url, reason)
        self.never_sent = never_sent


class PeerAnswered(FetchError):
    """The answer has a status other than 2xx. ``retry_after`` is what the peer asked for, in seconds."""

    what = "was answered"

    def __init__(self, url: str, status: int, *, retry_after: float | None = None) -> None:
        super().__init__(url, str(status))
        self.status = status
        self.retry_after = retry_after


class TooLarge(FetchError):
    """The answer has more bytes than the limit."""

    what = "is too large"


class WrongContentType(FetchError):
    """The answer has a media type or an encoding that was not asked for."""

    what = "has the wrong content type"


class TooManyRedirects(FetchError):
    """More redirects than allowed, or one that leads back."""

    what = "redirects too often"
