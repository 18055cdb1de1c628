"""Avatars and headers: an upload becomes files of this node under generated names."""

import asyncio
import shutil
import tempfile
from pathlib import Path
from typing import BinaryIO, Final, Literal, TypeAlias

from fedorg.errors import TooLarge
from fedorg.media import MediaLimits, Storage, inspect_and_process
from fedorg.node import Node

PictureKind: TypeAlias = Literal["avatar", "header"]

_CHUNK_BYTES: Final = 256 * 1024


async def keep(node: Node, upload: BinaryIO, kind: PictureKind) -> tuple[str, str]:
    """Names of the picture and of its still version, once both are stored; ``TooLarge``, ``UnsupportedMedia``."""
    limits = MediaLimits(image_bytes_max=node.settings.media_bytes_max)
    return await asyncio.to_thread(_process, upload, kind, limits, node.storage)


async def forget(node: Node, names: set[str]) -> None:
    """Delete pictures that no profile shows any more."""
    for name in names:
        await asyncio.to_thread(node.storage.delete, name)


def _process(upload: BinaryIO, kind: PictureKind, limits: MediaLimits, storage: Storage) -> tuple[str, str]:
    with tempfile.TemporaryDirectory(prefix="fedorg-") as folder:
        source = Path(folder) / "upload"
        with source.open("xb") as target:
            shutil.copyfileobj(upload, target, _CHUNK_BYTES)
        if source.stat().st_size > limits.image_bytes_max:
            raise TooLarge(f"A picture may have {limits.image_bytes_max} bytes at most")
        made = inspect_and_process(source, Path(folder), kind, limits)
        # A header stands still: moving ones are a nuisance on every page.
        moving = made.preview if kind == "header" else made.original
        for file in {moving.name: moving, made.preview.name: made.preview}.values():
            storage.put(Path(folder) / file.name, file.name, file.content_type)
        return moving.name, made.preview.name
