"""Films, moving pictures and sounds: kept as they came, answered at once, made anew by a job.

The upload and the job are written in one transaction, so that a process that ends loses neither; what a job makes
appears in one step, and only if the file still waits for it.
"""

import asyncio
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Final

from sqlalchemy import Connection

from fedorg import log
from fedorg.domain.jobs import ProcessMedia
from fedorg.domain.media import MediaState
from fedorg.domain.statuses import Dimensions, MediaAttachment, MediaType
from fedorg.errors import FedorgError, Invalid, TooLarge, Unavailable
from fedorg.ids import AccountId, MediaId
from fedorg.media import (
    RECEIVED_TYPE,
    Film,
    FilmKind,
    FilmLimits,
    MediaFile,
    Storage,
    format_of,
    generate_received_name,
    inspect_film,
    is_moving_gif,
    make_film,
)
from fedorg.node import Node
from fedorg.services import files
from fedorg.services.statuses.deleting import delete_files
from fedorg.store import accounts, jobs, media

WAIT_SECONDS: Final = 45.0
FAILED: Final = "The file could not be processed: it is damaged, too long or too large"
_LIMITS: Final = FilmLimits()
# To look into a film takes a second; its sender waits, and others who send films behind them.
_INSPECTION_LIMITS: Final = replace(
    _LIMITS, memory_bytes_max=768 * 1024 * 1024, processor_seconds_max=10, wall_seconds_max=20.0
)
_TURN_SECONDS: Final = 60.0

logger = log.get_logger()


def film_format(received: Path) -> str | None:
    """Which reader a film, a moving GIF or a sound is given to; None for a picture and for whatever else it may be."""
    container = format_of(received)
    return None if container == "gif" and not is_moving_gif(received) else container


async def keep(node: Node, draft: MediaAttachment, received: Path, size_bytes: int, container: str) -> MediaAttachment:
    """Keep a film that lies in a file, to be made anew; raises ``TooLarge`` and ``Invalid`` for what cannot be.

    ``Unavailable`` when too many others are looked into before it.
    """
    most = node.settings.media_bytes_max if container == "gif" else node.settings.video_bytes_max
    if size_bytes > most:
        raise TooLarge(f"Validation failed: File must be less than {most} bytes")
    kind = await _inspect(node, received, container)
    name = generate_received_name()
    kept = replace(
        draft,
        type=MediaType(kind),
        content_type=RECEIVED_TYPE,
        received=name,
        state=MediaState.PROCESSING,
        size_bytes=size_bytes,
    )

    def unit(conn: Connection) -> None:
        accounts.hold(conn, kept.account_id)
        files.require_room(conn, node, kept.account_id, size_bytes)
        media.insert_many(conn, [kept])
        files.keep(conn, [name])
        jobs.enqueue(conn, node.ids, node.now(), ProcessMedia(media_id=kept.id))

    await files.store_as(node, {name: (received, RECEIVED_TYPE)})
    try:
        await node.write(unit)
    except BaseException:
        await delete_files(node, (kept,))
        raise
    return kept


async def _inspect(node: Node, received: Path, container: str) -> FilmKind:
    """What kind of film it is, looked into when it is its turn: however many come, few processes run."""
    try:
        async with asyncio.timeout(_TURN_SECONDS):
            await node.inspections.acquire()
    except TimeoutError:
        raise Unavailable("Too many files were sent at once. Try again in a moment!") from None
    try:
        return await inspect_film(received, container, _INSPECTION_LIMITS)
    finally:
        node.inspections.release()


async def wait_until_made(node: Node, account_id: AccountId, media_id: MediaId) -> MediaAttachment:
    """The file once it is made, or as it stands after a while; ``Invalid`` when nothing can be made of it."""
    news = node.db.changes.subscribe()
    loop = asyncio.get_running_loop()
    until = loop.time() + WAIT_SECONDS
    while True:
        found = await node.read(media.get_unattached, account_id, media_id)
        if found.state is MediaState.FAILED:
            await delete_files(node, (await node.write(forget, node, account_id, media_id),))
            raise Invalid(FAILED)
        if found.state is MediaState.READY or loop.time() > until:
            return found
        await news.wait(1.0)


def forget(conn: Connection, node: Node, account_id: AccountId, media_id: MediaId) -> MediaAttachment:
    """Remove an unattached file; what is stored for it is loose then, for the caller to delete."""
    gone = media.delete_unattached(conn, account_id, media_id)
    files.let_go(conn, node, gone.stored_names)
    return gone


async def process(node: Node, media_id: MediaId) -> None:
    """Make what is shown of a file that waits; what cannot be made is marked so, for its owner to learn."""
    waiting = await node.read(media.find_waiting, media_id)
    if waiting is None or waiting.received is None:
        return
    try:
        made = await _make(node, waiting, waiting.received)
    except Unavailable:
        raise
    except FedorgError as problem:
        logger.info("media.refused", kind=waiting.type.value, reason=str(problem))
        made = replace(waiting, state=MediaState.FAILED, received=None, size_bytes=0)
    await _finish(node, waiting, made)


async def _finish(node: Node, waiting: MediaAttachment, made: MediaAttachment) -> None:
    names = {*made.stored_names, *waiting.stored_names}

    def unit(conn: Connection) -> set[str]:
        current = media.lock_waiting(conn, made.id)
        # A file that was deleted meanwhile took its upload along; then everything made of it goes too.
        kept: tuple[str, ...] = ()
        if current is not None:
            finished = made
            if current.preview is not None:
                # Its owner chose another picture for it meanwhile.
                finished = replace(made, preview=current.preview, small=current.small, blurhash=current.blurhash)
            media.finish(conn, finished)
            kept = finished.stored_names
        unused = names - {*kept}
        files.keep(conn, kept)
        files.let_go(conn, node, unused)
        return unused

    try:
        unused = await node.write(unit)
    except BaseException:
        await files.drop(node, {*made.stored_names} - {*waiting.stored_names})
        raise
    await files.drop(node, unused)


async def _make(node: Node, waiting: MediaAttachment, received: str) -> MediaAttachment:
    with files.scratch(node) as folder:
        source, target = Path(folder) / "received", Path(folder) / "made"
        target.mkdir()
        await asyncio.to_thread(_fetch, node.storage, received, source)
        container = await asyncio.to_thread(film_format, source)
        if container is None:
            raise Invalid(FAILED)
        film = await make_film(source, container, target, _LIMITS)
        await files.store(node, target, _files(film))
    return replace(
        waiting,
        type=MediaType(film.kind),
        content_type=film.original.content_type,
        file=film.original.name,
        preview=None if film.preview is None else film.preview.name,
        blurhash=film.blurhash,
        original=_size(film.original),
        small=_size(film.preview),
        size_bytes=sum(file.size_bytes for file in _files(film)),
        state=MediaState.READY,
        received=None,
        playback=film.playback,
    )


def _files(film: Film) -> list[MediaFile]:
    return [film.original] if film.preview is None else [film.original, film.preview]


def _size(file: MediaFile | None) -> Dimensions | None:
    return Dimensions(width=file.width, height=file.height) if file is not None and file.width else None


def _fetch(storage: Storage, name: str, target: Path) -> None:
    with storage.open(name) as reader, target.open("xb") as writer:
        shutil.copyfileobj(reader, writer)
