"""Files that members attach: taken in, made anew, kept for a status to come.

The upload and what is made of it lie in a temporary folder until they are stored; decoding happens on a thread.
"""

import asyncio
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import BinaryIO, Final

from fedorg.domain.accounts import Account
from fedorg.domain.statuses import Dimensions, MediaAttachment, MediaChange, MediaType
from fedorg.errors import Invalid, TooLarge
from fedorg.ids import AccountId, MediaId
from fedorg.media import MediaFile, MediaLimits, ProcessedMedia, Storage, inspect_and_process
from fedorg.node import Node
from fedorg.services.statuses.deleting import delete_files
from fedorg.store import media

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

    Raises ``TooLarge`` and ``Invalid`` for what cannot be kept. Nobody shows it for a day: upkeep deletes it.
    """
    described = _checked(description)
    processed = await asyncio.to_thread(_take_in, node.storage, source, node.settings.media_bytes_max)
    attachment = MediaAttachment(
        id=MediaId(node.ids.next()),
        account_id=account.id,
        status_id=None,
        type=MediaType(processed.type),
        content_type=processed.original.content_type,
        file=processed.original.name,
        preview=processed.preview.name,
        description=described,
        blurhash=processed.blurhash,
        focus=focus,
        original=Dimensions(width=processed.original.width, height=processed.original.height),
        small=Dimensions(width=processed.preview.width, height=processed.preview.height),
        size_bytes=processed.original.size_bytes + processed.preview.size_bytes,
        created_at=node.now(),
    )
    try:
        await node.write(media.insert_many, [attachment])
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


async def delete_unattached(node: Node, account_id: AccountId, media_id: MediaId) -> None:
    """Delete a file that no status shows, row and bytes; ``Invalid`` for one that a status shows."""
    attachment = await node.write(media.delete_unattached, account_id, media_id)
    await delete_files(node, (attachment,))


def _checked(description: str) -> str:
    if len(description) > DESCRIPTION_CHARACTERS_MAX:
        raise Invalid(
            f"Validation failed: Description is too long (maximum is {DESCRIPTION_CHARACTERS_MAX} characters)"
        )
    return description.strip()


def _take_in(storage: Storage, source: BinaryIO, bytes_max: int) -> ProcessedMedia:
    with tempfile.TemporaryDirectory(prefix="fedorg-upload-") as folder:
        received = Path(folder) / "received"
        _copy(source, received, bytes_max)
        made = Path(folder) / "made"
        made.mkdir()
        limits = replace(MediaLimits(), image_bytes_max=bytes_max)
        processed = inspect_and_process(received, made, "attachment", limits)
        _store(storage, made, processed)
    return processed


def _copy(source: BinaryIO, target: Path, bytes_max: int) -> None:
    left = bytes_max
    with target.open("xb") as file:
        while chunk := source.read(_CHUNK_BYTES):
            left -= len(chunk)
            if left < 0:
                raise TooLarge(f"Validation failed: File must be less than {bytes_max} bytes")
            file.write(chunk)


def _store(storage: Storage, folder: Path, processed: ProcessedMedia) -> None:
    files: dict[str, MediaFile] = {file.name: file for file in (processed.original, processed.preview)}
    stored: list[str] = []
    try:
        for name, file in files.items():
            storage.put(folder / name, name, file.content_type)
            stored.append(name)
    except BaseException:
        for name in stored:
            storage.delete(name)
        raise
