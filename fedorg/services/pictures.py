"""Avatars and headers: an upload becomes files of this node under generated names."""

import shutil
from pathlib import Path
from typing import BinaryIO, Final, Literal, TypeAlias

from fedorg.errors import TooLarge
from fedorg.media import MediaLimits, ProcessedMedia, inspect_and_process
from fedorg.node import Node
from fedorg.services import files

PictureKind: TypeAlias = Literal["avatar", "header"]

_CHUNK_BYTES: Final = 256 * 1024


async def keep(node: Node, upload: BinaryIO, kind: PictureKind) -> tuple[str, str]:
    """Names of the picture and of its still version, once both are stored; ``TooLarge``, ``UnsupportedMedia``.

    They are loose (``services.files``) until the profile that shows them is written.
    """
    limits = MediaLimits(image_bytes_max=node.settings.media_bytes_max)
    with files.scratch(node) as folder:
        made = await node.decode(_process, upload, Path(folder), kind, limits)
        # A header stands still: moving ones are a nuisance on every page.
        moving = made.preview if kind == "header" else made.original
        both = {moving.name: moving, made.preview.name: made.preview}
        await files.store(node, Path(folder), list(both.values()))
    return moving.name, made.preview.name


async def forget(node: Node, names: set[str]) -> None:
    """Delete pictures that no profile shows any more."""
    await files.drop(node, names)


def _process(upload: BinaryIO, folder: Path, kind: PictureKind, limits: MediaLimits) -> ProcessedMedia:
    source = folder / "upload"
    with source.open("xb") as target:
        shutil.copyfileobj(upload, target, _CHUNK_BYTES)
    if source.stat().st_size > limits.image_bytes_max:
        raise TooLarge(f"A picture may have {limits.image_bytes_max} bytes at most")
    return inspect_and_process(source, folder, kind, limits)
