"""How much of a body is read: each address has its limit, refused by 413 before the rest arrives.

Quart counts what waits in memory; what streams through its multipart parser would never reach that limit when no
length is announced, so that the body counts all that came in. Files are large, and come in multipart alone: whatever is
read as a whole ends at ``BODY_BYTES_MAX`` everywhere.
"""

import asyncio
import contextlib
import tempfile
from typing import IO, Any, ClassVar, Final, cast

from quart import Request, request
from quart.formparser import FormDataParser
from quart.wrappers.request import Body
from typing_extensions import override
from werkzeug.datastructures import FileStorage, Headers, MultiDict
from werkzeug.exceptions import HTTPException, RequestEntityTooLarge

from fedorg.config import Settings
from fedorg.errors import BadRequest, Invalid

BODY_BYTES_MAX: Final = 1024 * 1024
VALUES_MAX: Final = 2000
_MULTIPART: Final = "multipart/form-data"
# Two pictures, or a film and its preview, and room for what is overlooked.
_UPLOADS_MAX: Final = 8
# Beside the file: other fields of the form, and its boundaries.
_FORM_BYTES: Final = 64 * 1024
_UPLOADS: Final = ("/api/v1/media", "/api/v2/media")
_PROFILE: Final = "/api/v1/accounts/update_credentials"
# As for whoever says nothing at all; files come over slow lines.
SECONDS: Final = 75
_FILE_SECONDS: Final = 300
_SKIPPED_BYTES_MAX: Final = 1024 * 1024
_SKIPPED_SECONDS: Final = 5.0
NO_TEXT: Final = "A parameter holds a NUL character or half of another"
_IN_MEMORY_BYTES: Final = 512 * 1024


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


class CountedForms(FormDataParser):
    """Quart's reader of forms, which counts the fields before it reads them: a megabyte may hold half a million."""

    @override
    async def parse(
        self, body: Body, mimetype: str, content_length: int | None, options: dict[str, str] | None = None
    ) -> tuple[MultiDict[str, str], MultiDict[str, FileStorage]]:
        """The fields and files; ``Invalid`` when there are too many, ``BadRequest`` where a part has no name."""
        if mimetype != _MULTIPART:
            # Parts are counted by the reader of parts.
            check_count((await body).count(b"&"))
        form, files = await super().parse(body, mimetype, content_length, options)
        if mimetype == _MULTIPART and not all((*form, *files)):
            raise BadRequest("A part of the form has no name")
        return form, files


class LimitedRequest(Request):
    """A request with a bounded body, which closes what was uploaded with it. ``settings`` are those of the node."""

    body_class = CountedBody  # type: ignore[mutable-override] # Quart means it to be replaced
    form_data_parser_class = CountedForms  # type: ignore[mutable-override] # likewise
    settings: ClassVar[Settings]

    def __init__(
        self,
        method: str,
        scheme: str,
        path: str,
        query_string: bytes,
        headers: Headers,
        *args: Any,  # noqa: ANN401 - Quart's own
        **kwargs: Any,  # noqa: ANN401 - likewise
    ) -> None:
        most = body_bytes_max(self.settings, path, headers.get("Content-Type", ""))
        kwargs["max_content_length"] = most
        kwargs["body_timeout"] = SECONDS if most == BODY_BYTES_MAX else _FILE_SECONDS
        super().__init__(method, scheme, path, query_string, headers, *args, **kwargs)
        self._uploads: list[IO[bytes]] = []

    @override
    def make_form_data_parser(self) -> FormDataParser:
        """Quart's, but for where files go."""
        parser = super().make_form_data_parser()
        parser.stream_factory = self._open_upload
        return parser

    @property
    @override
    async def form(self) -> MultiDict[str, str]:
        """The form, unless it holds what no engine keeps, or its fields take what only files may."""
        form = await super().form
        if sum(len(name) + len(text) for name, text in form.items(multi=True)) > BODY_BYTES_MAX:
            raise RequestEntityTooLarge
        if any("\0" in text for pair in form.items(multi=True) for text in pair):
            raise BadRequest(NO_TEXT)
        return form

    async def skip_rest(self) -> None:
        """Let the rest of a small body come in unread before a refusal is sent.

        To answer somebody who still sends means to hang up on them, and the answer is lost on the way.
        """
        if (self.content_length or 0) > _SKIPPED_BYTES_MAX:
            return
        left = _SKIPPED_BYTES_MAX
        with contextlib.suppress(HTTPException, TimeoutError):
            async with asyncio.timeout(_SKIPPED_SECONDS):
                async for chunk in self.body:
                    left -= len(chunk)
                    if left < 0:
                        return

    def close_uploads(self) -> None:
        """Give back the files that came whole or in part; called when the request ends, however it ends."""
        for upload in self._uploads:
            upload.close()

    def _open_upload(self, *_hints: object) -> IO[bytes]:
        if len(self._uploads) >= _UPLOADS_MAX:
            raise RequestEntityTooLarge
        upload = cast("IO[bytes]", tempfile.SpooledTemporaryFile(_IN_MEMORY_BYTES, "rb+"))  # noqa: SIM115 - see close_uploads
        self._uploads.append(upload)
        return upload


def this_request() -> Request:
    """The request that is answered now: ``quart.request`` looks for it at each word that is said to it."""
    found: Request = request._get_current_object()  # type: ignore[attr-defined]  # noqa: SLF001 - as werkzeug documents it
    return found


def request_class(settings: Settings) -> type[LimitedRequest]:
    """The request of an application with these settings."""
    return type("NodeRequest", (LimitedRequest,), {"settings": settings})


def check_count(values: int) -> None:
    """Refuse a request that asks for more than anybody needs, before it becomes a query."""
    if values > VALUES_MAX:
        raise Invalid(f"Validation failed: a request may hold no more than {VALUES_MAX} values")


def body_bytes_max(settings: Settings, path: str, content_type: str) -> int:
    """The largest body of a kind that an address takes."""
    if not content_type.lower().startswith(_MULTIPART):
        return BODY_BYTES_MAX
    if path == _PROFILE:
        # An avatar and a header.
        return 2 * settings.media_bytes_max + _FORM_BYTES
    # A file and its own preview.
    if path in _UPLOADS or path.startswith(tuple(f"{upload}/" for upload in _UPLOADS)):
        return settings.media_bytes_max + max(settings.media_bytes_max, settings.video_bytes_max) + _FORM_BYTES
    return BODY_BYTES_MAX
