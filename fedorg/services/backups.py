"""A node in one file: database, keys and media, written while the node runs, and put back on an empty machine.

The file is a tar archive: ``manifest.json``, each table as ``tables/NNN-name.jsonl.gz`` (its shape, then a row a line;
a large one in several), ``media/NAME`` with its digest, and ``end.json``, without which the archive is not whole. Rows
are those of one moment; files are copied after it, so that none is missing that the rows name, unless it was deleted
meanwhile. Both directions read and write from the beginning to the end, so that either side may be a pipe, and hold no
more of it in memory than a piece of a table. Everything here blocks.
"""

import fcntl
import gzip
import hashlib
import io
import os
import shutil
import tarfile
import tempfile
import zlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import datetime
from pathlib import Path
from typing import IO, Any, BinaryIO, Final, TypeAlias, TypeVar

import msgspec

import fedorg
from fedorg.config import Settings
from fedorg.errors import Conflict, Invalid, NotFound, Unavailable
from fedorg.media import FileStorage
from fedorg.media.names import stored_type_of
from fedorg.services import registration
from fedorg.store import dump
from fedorg.store.dump import DumpRefused, Loading, Snapshot, TableShape

FORMAT: Final = 1
MANIFEST: Final = "manifest.json"
END: Final = "end.json"
_TABLES: Final = "tables/"
_MEDIA: Final = "media/"
_DIGEST: Final = "FEDORG.sha256"
_JSON_MAX: Final = 16 * 1024 * 1024
_LINE_MAX: Final = 256 * 1024 * 1024
_PIECE_BYTES: Final = 16 * 1024 * 1024
_CHUNK_BYTES: Final = 1024 * 1024

T = TypeVar("T")

Lines: TypeAlias = IO[bytes] | gzip.GzipFile
"""Where lines are read from."""
Progress: TypeAlias = Callable[[str, int, int], None]
"""Called with what is being copied, how many of it are done, and of how many."""

_encode: Final = msgspec.json.Encoder().encode


class Manifest(msgspec.Struct, frozen=True, kw_only=True):
    """What a backup says of itself at its beginning; ``tables`` maps each to its number of rows."""

    format: int
    version: str
    revision: str
    public_url: str
    domain: str
    created_at: datetime
    tables: dict[str, int]
    media: int


class End(msgspec.Struct, frozen=True, kw_only=True):
    """What it says at its end: how much there was in it."""

    rows: int
    files: int


class Summary(msgspec.Struct, frozen=True, kw_only=True):
    """What was written or put back. ``missing``: files that were deleted while the backup was made."""

    manifest: Manifest
    rows: int
    files: int
    missing: int = 0


def write(settings: Settings, target: Path | None, now: datetime, progress: Progress) -> Summary:
    """Back the node up into a file that appears whole or not at all, for its owner's eyes; None is standard output.

    Raises ``Conflict`` when the file exists, ``Invalid`` when the database is not of this version, ``SettingsError``
    when it is that of another node, ``Unavailable`` when there is no room for the file or something cannot be read.
    """
    try:
        return _write(settings, target, now, progress)
    except OSError as problem:
        where = problem.filename or target or "standard output"
        raise Unavailable(f"The backup cannot be made: {where}: {problem.strerror or problem}.") from problem


def open_source(source: Path | None) -> BinaryIO:
    """A backup from its beginning; None is standard input."""
    if source is None:
        return os.fdopen(os.dup(0), "rb")
    try:
        return source.open("rb")
    except OSError as problem:
        raise NotFound(f"{source} cannot be read: {problem.strerror}") from problem


class _Rows:
    """How many rows of how many have gone by, which is told every so often."""

    def __init__(self, manifest: Manifest, progress: Progress) -> None:
        self.done, self.total = 0, sum(manifest.tables.values())
        self._progress = progress

    def counted(self, rows: Iterable[T]) -> Iterator[T]:
        """The rows, one by one."""
        for row in rows:
            self.done += 1
            if self.done % dump.ROWS_AT_A_TIME == 0:
                self.tell()
            yield row

    def tell(self) -> None:
        """Tell it now."""
        self._progress("rows", self.done, self.total)


class Restore:
    """A backup that is being put back: look at its ``manifest`` first, prepare the database, then ``run``."""

    def __init__(self, stream: BinaryIO, settings: Settings) -> None:
        self._settings = settings
        try:
            self._archive = tarfile.open(fileobj=stream, mode="r|")  # noqa: SIM115 - closed with its stream
            member = _next(self._archive)
            if member is None or member.name != MANIFEST:
                raise Invalid("This is no backup of fedorg: it does not begin with a manifest.")
            self.manifest = _read_json(self._archive, member, Manifest)
        except tarfile.TarError as problem:
            raise Invalid("This is no backup of fedorg: it cannot be read as a tar archive.") from problem
        self._require_ours()

    def _require_ours(self) -> None:
        manifest = self.manifest
        if manifest.format != FORMAT:
            raise Invalid(f"The backup has format {manifest.format}, and this version reads {FORMAT}.")
        here = (self._settings.public_url, self._settings.domain)
        if here != (manifest.public_url, manifest.domain):
            raise Invalid(
                f"The backup is that of {manifest.public_url} (@…@{manifest.domain}), and the settings say "
                f"{self._settings.public_url} (@…@{self._settings.domain}). The name of a node is in every identity "
                "that other servers know, and can never change: set FEDORG_PUBLIC_URL and FEDORG_HANDLE_DOMAIN as they "
                "were."
            )

    def run(self, progress: Progress) -> Summary:
        """Fill the database, which is empty and at the manifest's revision, and store the files; all or nothing.

        Files come first into their places and rows are seen last: what is interrupted can be done again. Raises
        ``Invalid`` for a backup that is damaged, ``Unavailable`` when there is no room for it.
        """
        files, rows = 0, _Rows(self.manifest, progress)
        end: End | None = None
        try:
            storage = FileStorage(self._settings.media_dir)
            with dump.loading(self._settings.database, self.manifest.revision) as loading:
                while (member := _next(self._archive)) is not None:
                    if member.name.startswith(_TABLES):
                        self._load(loading, member, rows)
                    elif member.name.startswith(_MEDIA):
                        self._store(storage, member)
                        files += 1
                        progress("files", files, self.manifest.media)
                    elif member.name == END:
                        end = _read_json(self._archive, member, End)
                if end is None or (end.rows, end.files) != (rows.done, files) or rows.done != rows.total:
                    raise Invalid("The backup is not whole: its end is missing. Nothing was put back.")
                storage.force()
        except (tarfile.TarError, EOFError, zlib.error, gzip.BadGzipFile) as problem:
            raise Invalid("The backup is damaged. Nothing was put back.") from problem
        except OSError as problem:
            where = problem.filename or "the backup"
            raise Unavailable(f"Nothing was put back: {where}: {problem.strerror or problem}.") from problem
        return Summary(manifest=self.manifest, rows=rows.done, files=files)

    def _load(self, loading: Loading, member: tarfile.TarInfo, rows: "_Rows") -> None:
        with gzip.open(_file(self._archive, member)) as lines:
            shape = _decode(_line(lines), TableShape)
            if shape.name not in self.manifest.tables:
                raise DumpRefused(f"The backup holds a table {shape.name} that its manifest does not name.")
            loading.load(shape, rows.counted(_rows(lines)))
            rows.tell()

    def _store(self, storage: FileStorage, member: tarfile.TarInfo) -> None:
        name = member.name.removeprefix(_MEDIA)
        content_type = stored_type_of(name)
        if content_type is None or not member.isreg():
            raise Invalid(f"The backup holds a file {member.name!r} that no node has stored.")
        self._settings.scratch_dir.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=self._settings.scratch_dir) as draft:
            shutil.copyfileobj(_file(self._archive, member), draft)
            draft.flush()
            draft.seek(0)
            # Backups of before have none.
            digest = member.pax_headers.get(_DIGEST)
            if digest is not None and digest != _digest_of(draft):
                raise Invalid(f"The backup is damaged: {member.name} is not what it was. Nothing was put back.")
            storage.put_back(Path(draft.name), name, content_type)


def _write(settings: Settings, target: Path | None, now: datetime, progress: Progress) -> Summary:
    with ExitStack() as stack:
        stream = stack.enter_context(_target(target))
        archive = stack.enter_context(tarfile.open(fileobj=stream, mode="w|", format=tarfile.PAX_FORMAT))
        snapshot = stack.enter_context(dump.snapshot(settings.database))
        snapshot.read(registration.require_name, settings)
        files = sorted(_stored(settings.media_dir))
        manifest = Manifest(
            format=FORMAT,
            version=fedorg.__version__,
            revision=snapshot.revision,
            public_url=settings.public_url,
            domain=settings.domain,
            created_at=now,
            tables=snapshot.count(),
            media=len(files),
        )
        _add(archive, MANIFEST, _encode(manifest), now)
        rows = _write_tables(archive, snapshot, manifest, now, progress)
        copied = _write_files(archive, FileStorage(settings.media_dir), files, now, progress)
        _add(archive, END, _encode(End(rows=rows, files=copied)), now)
    return Summary(manifest=manifest, rows=rows, files=copied, missing=len(files) - copied)


def _write_tables(
    archive: tarfile.TarFile, snapshot: Snapshot, manifest: Manifest, now: datetime, progress: Progress
) -> int:
    rows = _Rows(manifest, progress)
    pieces = ((shape.name, piece) for shape in snapshot.shapes() for piece in _pieces(snapshot, shape, rows))
    for number, (name, piece) in enumerate(pieces):
        _add(archive, f"{_TABLES}{number:03d}-{name}.jsonl.gz", piece, now)
    rows.tell()
    return rows.done


def _pieces(snapshot: Snapshot, shape: TableShape, rows: _Rows) -> Iterator[bytes]:
    """The lines of a table: the length of a member stands before it, so that each is made in memory."""
    remaining = rows.counted(snapshot.rows(shape))
    is_whole = False
    while not is_whole:
        piece, size = io.BytesIO(), 0
        with gzip.GzipFile(fileobj=piece, mode="wb", compresslevel=5, mtime=0) as lines:
            lines.write(_encode(shape) + b"\n")
            for row in remaining:
                # Before they are packed: how much of them waits for that is a matter of the Python.
                size += lines.write(_encode(row) + b"\n")
                if size >= _PIECE_BYTES:
                    break
            else:
                is_whole = True
        yield piece.getvalue()


def _write_files(
    archive: tarfile.TarFile, storage: FileStorage, names: list[str], now: datetime, progress: Progress
) -> int:
    copied = 0
    for name in names:
        try:
            with storage.open(name) as file:
                member = _member(f"{_MEDIA}{name}", os.fstat(file.fileno()).st_size, now)
                member.pax_headers = {_DIGEST: _digest_of(file)}
                file.seek(0)
                archive.addfile(member, file)
                _forget_members(archive)
        except NotFound:
            continue
        copied += 1
        progress("files", copied, len(names))
    return copied


def _stored(root: Path) -> Iterator[str]:
    """The names of all files of a node; none while it has no folder for them."""
    for path in root.glob("[0-9a-f][0-9a-f]/[0-9a-f][0-9a-f]/*"):
        if stored_type_of(path.name) is not None:
            yield path.name


@contextmanager
def _target(target: Path | None) -> Iterator[BinaryIO]:
    if target is None:
        with os.fdopen(os.dup(1), "wb") as stream:
            yield stream
        return
    _require_free(target)
    draft = target.with_name(f".{target.name}.partial")
    _clear(draft, target)
    try:
        # Never what is there: others may write where backups go, and it would be theirs.
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        raise Conflict(_BUSY.format(target)) from None
    with os.fdopen(descriptor, "wb") as stream:
        if not _holds(stream) or not _is_at(draft, stream):
            raise Conflict(_BUSY.format(target))
        try:
            # Whoever held the draft before may just have finished.
            _require_free(target)
            yield stream
            stream.flush()
            os.fsync(stream.fileno())
            draft.rename(target)
        except BaseException:
            draft.unlink(missing_ok=True)
            raise


_BUSY: Final = "Another backup to {} is being made; give another name."


def _require_free(target: Path) -> None:
    if target.exists():
        raise Conflict(f"{target} exists already; give another name.")


def _clear(draft: Path, target: Path) -> None:
    """Take away what a backup that was killed left of it; ``Conflict`` when one is writing it."""
    try:
        descriptor = os.open(draft, os.O_RDWR | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError:
        # Nothing, a link, or what somebody else left: no backup of ours.
        draft.unlink(missing_ok=True)
        return
    with os.fdopen(descriptor, "rb", buffering=0) as left:
        # Held until it is gone, so that whoever has just made it and does not hold it yet finds that out.
        if not _holds(left):
            raise Conflict(_BUSY.format(target))
        draft.unlink(missing_ok=True)


def _holds(stream: IO[bytes]) -> bool:
    """Whether nobody else holds a file, which is held from now on until it is closed."""
    try:
        fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:
        # The file system knows no locks.
        return True
    return True


def _is_at(path: Path, stream: IO[bytes]) -> bool:
    try:
        return os.path.samestat(path.lstat(), os.fstat(stream.fileno()))
    except FileNotFoundError:
        return False


def _member(name: str, size: int, now: datetime) -> tarfile.TarInfo:
    member = tarfile.TarInfo(name)
    member.size, member.mode, member.mtime = size, 0o600, int(now.timestamp())
    return member


def _add(archive: tarfile.TarFile, name: str, body: bytes, now: datetime) -> None:
    archive.addfile(_member(name, len(body), now), io.BytesIO(body))
    _forget_members(archive)


def _next(archive: tarfile.TarFile) -> tarfile.TarInfo | None:
    _forget_members(archive)
    return archive.next()


def _forget_members(archive: tarfile.TarFile) -> None:
    """``tarfile`` keeps in memory what has gone by, some kilobytes for each file."""
    archive.members.clear()  # type: ignore[attr-defined]  # not in its stubs


def _digest_of(file: IO[bytes]) -> str:
    digest = hashlib.sha256()
    while chunk := file.read(_CHUNK_BYTES):
        digest.update(chunk)
    return digest.hexdigest()


def _file(archive: tarfile.TarFile, member: tarfile.TarInfo) -> IO[bytes]:
    file = archive.extractfile(member)
    if file is None:
        raise Invalid(f"The backup holds something at {member.name!r} that is no file.")
    return file


def _read_json(archive: tarfile.TarFile, member: tarfile.TarInfo, kind: type[Any]) -> Any:  # noqa: ANN401 - of ``kind``
    return _decode(_file(archive, member).read(_JSON_MAX), kind)


def _rows(lines: Lines) -> Iterator[list[Any]]:
    while line := _line(lines):
        yield _decode(line, list[Any])


def _line(lines: Lines) -> bytes:
    return lines.readline(_LINE_MAX)


def _decode(body: bytes, kind: Any) -> Any:  # noqa: ANN401 - of ``kind``
    try:
        return msgspec.json.decode(body, type=kind)
    except (msgspec.MsgspecError, UnicodeDecodeError) as problem:
        raise Invalid(f"The backup holds something that cannot be read: {problem}.") from problem
