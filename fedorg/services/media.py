"""Files that members attach: taken in, made anew, kept for a status to come.

The upload and what is made of it lie in a temporary folder until they are stored. Pictures are made anew at once, on a
thread; films and sounds later, see ``fedorg.services.films``.
"""

import asyncio
from dataclasses import replace
from pathlib import Path
from typing import BinaryIO, Final, Literal

from sqlalchemy import Connection

from fedorg.domain.accounts import Account
from fedorg.domain.statuses import Dimensions, MediaAttachment, MediaChange, MediaType
from fedorg.errors import Invalid, TooLarge
from fedorg.ids import AccountId, MediaId
from fedorg.media import RECEIVED_TYPE, MediaLimits, ProcessedMedia, inspect_and_process
from fedorg.node import Node
from fedorg.services import files, films
from fedorg.services.statuses.deleting import delete_files
from fedorg.store import accounts, media

DESCRIPTION_CHARACTERS_MAX: Final = 1500
_CHUNK_BYTES: Final = 256 * 1024


async def upload(
    node: Node,
    account: Account,
    source: BinaryIO,
    *,
    description: str = "",
    focus: tuple[float, float] | None = None,
) -> MediaAttachment:
    """Keep a file for a status to come; what it is, its bytes tell. ``source`` is read from where it stands.

    A picture is ready when this returns, a film or a sound is not. Raises ``TooLarge`` and ``Invalid`` for what cannot
    be kept. Nobody shows it for a day: upkeep deletes it.
    """
    draft = MediaAttachment(
        id=MediaId(node.ids.next()),
        account_id=account.id,
        status_id=None,
        type=MediaType.UNKNOWN,
        content_type=RECEIVED_TYPE,
        description=_checked(description),
        focus=focus,
        created_at=node.now(),
    )
    settings = node.settings
    with files.scratch(node) as folder:
        received = Path(folder) / "received"
        most = max(settings.media_bytes_max, settings.video_bytes_max)
        size_bytes = await asyncio.to_thread(_copy, source, received, most)
        await node.read(files.require_room, node, account.id, size_bytes)
        container = await asyncio.to_thread(films.film_format, received)
        if container is not None:
            return await films.keep(node, draft, received, size_bytes, container)
        processed = await _take_in(node, received, "original")
    return await _keep_picture(node, draft, processed)


async def _keep_picture(node: Node, draft: MediaAttachment, processed: ProcessedMedia) -> MediaAttachment:
    attachment = replace(
        draft,
        type=MediaType(processed.type),
        content_type=processed.original.content_type,
        file=processed.original.name,
        preview=processed.preview.name,
        blurhash=processed.blurhash,
        original=Dimensions(width=processed.original.width, height=processed.original.height),
        small=Dimensions(width=processed.preview.width, height=processed.preview.height),
        size_bytes=processed.original.size_bytes + processed.preview.size_bytes,
    )

    def unit(conn: Connection) -> None:
        accounts.hold(conn, attachment.account_id)
        files.require_room(conn, node, attachment.account_id, attachment.size_bytes)
        media.insert_many(conn, [attachment])
        files.keep(conn, attachment.stored_names)

    try:
        await node.write(unit)
    except BaseException:
        await delete_files(node, (attachment,))
        raise
    return attachment


async def get_unattached(node: Node, account_id: AccountId, media_id: MediaId) -> MediaAttachment:
    """A file of the account that no status shows yet; ``NotFound`` for any other."""
    return await node.read(media.get_unattached, account_id, media_id)


async def change(
    node: Node,
    account_id: AccountId,
    media_id: MediaId,
    *,
    description: str | None = None,
    focus: tuple[float, float] | None = None,
) -> MediaAttachment:
    """New description or focus for an unattached file; None leaves it."""
    described = None if description is None else _checked(description)
    changed = MediaChange(media_id=media_id, description=described, focus=focus)
    await node.write(media.change, account_id, None, changed)
    return await node.read(media.get_unattached, account_id, media_id)


async def set_thumbnail(node: Node, account_id: AccountId, media_id: MediaId, source: BinaryIO) -> None:
    """Show an unattached file by a picture of its owner's choice; ``TooLarge`` and ``Invalid`` for what is none.

    It takes the place of the preview, and like it does not count for the quota where a film is still to be made.
    """
    await node.read(media.get_unattached, account_id, media_id)
    with files.scratch(node) as folder:
        received = Path(folder) / "received"
        await asyncio.to_thread(_copy, source, received, node.settings.media_bytes_max)
        made = await _take_in(node, received, "preview")
    preview = made.preview
    small = Dimensions(width=preview.width, height=preview.height)

    def unit(conn: Connection) -> str | None:
        before = media.set_preview(conn, account_id, media_id, preview.name, small, made.blurhash)
        files.keep(conn, [preview.name])
        if before is not None:
            files.let_go(conn, node, [before])
        return before

    try:
        before = await node.write(unit)
    except BaseException:
        await files.drop(node, [preview.name])
        raise
    if before is not None:
        await files.drop(node, [before])


async def delete_unattached(node: Node, account_id: AccountId, media_id: MediaId) -> None:
    """Delete a file that no status shows, row and bytes; ``Invalid`` for one that a status shows."""
    attachment = await node.write(films.forget, node, account_id, media_id)
    await delete_files(node, (attachment,))


def _checked(description: str) -> str:
    if len(description) > DESCRIPTION_CHARACTERS_MAX:
        raise Invalid(
            f"Validation failed: Description is too long (maximum is {DESCRIPTION_CHARACTERS_MAX} characters)"
        )
    return description.strip()


async def _take_in(node: Node, received: Path, wanted: Literal["original", "preview"]) -> ProcessedMedia:
    """Make a picture anew beside what was received, and store it, or its preview alone."""
    made = received.parent / "made"
    made.mkdir()
    limits = replace(MediaLimits(), image_bytes_max=node.settings.media_bytes_max)
    processed = await node.decode(inspect_and_process, received, made, "attachment", limits)
    both = {file.name: file for file in (processed.original, processed.preview)}
    await files.store(node, made, list(both.values()) if wanted == "original" else [processed.preview])
    return processed


def _copy(source: BinaryIO, target: Path, bytes_max: int) -> int:
    left = bytes_max
    with target.open("xb") as file:
        while chunk := source.read(_CHUNK_BYTES):
            left -= len(chunk)
            if left < 0:
                raise TooLarge(f"Validation failed: File must be less than {bytes_max} bytes")
            file.write(chunk)
    return bytes_max - left
