"""``/media/<name>``: stored files, served so that a browser shows them and runs nothing (S3).

A name is 128 random bits and its file never changes: whoever was given the name may fetch it, and keep it for a year.
Ranges (RFC 9110 §14) let players seek.
"""

import asyncio
from collections.abc import AsyncIterator
from typing import Final

from quart import Blueprint, Response, request

from fedorg.errors import NotFound
from fedorg.media import Storage, content_type_of, serving_headers
from fedorg.web.auth import marked
from fedorg.web.base import this_node

blueprint = Blueprint("files", __name__)

_CHUNK_BYTES: Final = 64 * 1024
_CACHE: Final = "public, max-age=31536000, immutable"


async def get_file(name: str) -> Response:
    """A stored file, whole or the one range that is asked for."""
    content_type = content_type_of(name)
    if content_type is None:
        raise NotFound
    headers = serving_headers(content_type) | {
        "Cache-Control": _CACHE,
        "Accept-Ranges": "bytes",
        "Access-Control-Allow-Origin": "*",
        "ETag": f'"{name}"',
    }
    storage = this_node().storage
    length = await asyncio.to_thread(storage.size, name)
    if request.if_none_match.contains(name):
        return Response("", 304, headers=headers)
    first, end, status = 0, length, 200
    if request.range is not None and request.range.units == "bytes" and len(request.range.ranges) == 1:
        wanted = request.range.range_for_length(length)
        if wanted is None:
            return Response("", 416, headers={"Content-Range": f"bytes */{length}"})
        (first, end), status = wanted, 206
        headers["Content-Range"] = f"bytes {first}-{end - 1}/{length}"
    headers["Content-Length"] = str(end - first)
    response = Response(_read(storage, name, first, end), status, headers=headers)
    # A slow reader takes the time it takes.
    response.timeout = None
    return response


async def _read(storage: Storage, name: str, first: int, end: int) -> AsyncIterator[bytes]:
    with await asyncio.to_thread(storage.open, name) as file:
        file.seek(first)
        position = first
        while position < end:
            chunk = await asyncio.to_thread(file.read, min(_CHUNK_BYTES, end - position))
            if not chunk:
                return
            position += len(chunk)
            yield chunk


blueprint.get("/media/<name>")(marked(get_file, "public"))
