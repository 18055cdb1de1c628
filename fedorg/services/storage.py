"""What a node keeps and how much room it takes, for those who look after it."""

import asyncio
from dataclasses import dataclass
from pathlib import Path

from fedorg.node import Node
from fedorg.store import dimensions, storage
from fedorg.store.storage import Part


@dataclass(frozen=True, slots=True, kw_only=True)
class Room:
    """The database and its parts, and the files: how many, and bytes."""

    database_bytes: int
    parts: tuple[Part, ...]
    files: int
    files_bytes: int


async def measure(node: Node) -> Room:
    """Look at every table and every file."""
    parts = await node.read(storage.parts)
    files, files_bytes = await asyncio.to_thread(_files, node.settings.media_dir)
    return Room(
        database_bytes=await node.read(dimensions.database_bytes),
        parts=tuple(parts),
        files=files,
        files_bytes=files_bytes,
    )


def _files(root: Path) -> tuple[int, int]:
    sizes = [path.stat().st_size for path in root.rglob("*") if path.is_file()]
    return len(sizes), sum(sizes)
