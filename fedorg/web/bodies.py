"""How much of a body is read: each address has its limit, refused by 413 before the rest arrives.

Quart counts what waits in memory; what streams through its multipart parser would never reach that limit when no
length is announced, so that the body counts all that came in.
"""

from typing import Any, Final

from quart import Request
from quart.wrappers.request import Body
from typing_extensions import override
from werkzeug.exceptions import RequestEntityTooLarge

from fedorg.config import Settings

BODY_BYTES_MAX: Final = 1024 * 1024
# Beside the file: other fields of the form, and its boundaries.
_FORM_BYTES: Final = 64 * 1024
_UPLOADS: Final = ("/api/v1/media", "/api/v2/media")
_PROFILE: Final = "/api/v1/accounts/update_credentials"
_SECONDS: Final = 300


class CountedBody(Body):
    """A body that ends with 413 after ``max_content_length`` bytes, read or still waiting."""

    def __init__(self, expected_content_length: int | None, max_content_length: int | None) -> None:
        super().__init__(expected_content_length, max_content_length)
        self._received_bytes = 0

    @override
    def append(self, data: bytes) -> None:
        """Take the next chunk, or refuse it."""
        self._received_bytes += len(data)
        if self._max_content_length is not None and self._received_bytes > self._max_content_length:
            self._must_raise = RequestEntityTooLarge()
            self.set_complete()
            return
        super().append(data)


def request_class(settings: Settings) -> type[Request]:
    """The request of an application with these settings."""

    class LimitedRequest(Request):
        body_class = CountedBody  # type: ignore[mutable-override] # Quart means it to be replaced

        def __init__(self, method: str, scheme: str, path: str, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401 - Quart's own
            kwargs["max_content_length"] = body_bytes_max(settings, path)
            kwargs["body_timeout"] = _SECONDS
            super().__init__(method, scheme, path, *args, **kwargs)

    return LimitedRequest


def body_bytes_max(settings: Settings, path: str) -> int:
    """The largest body that an address takes."""
    if path == _PROFILE:
        return 2 * settings.media_bytes_max + _FORM_BYTES
    if path in _UPLOADS or path.startswith(tuple(f"{upload}/" for upload in _UPLOADS)):
        # A file and its own preview.
        return 2 * settings.media_bytes_max + _FORM_BYTES
    return BODY_BYTES_MAX
