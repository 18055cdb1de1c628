"""Where files are kept: a small protocol, and the file system behind it.

A file appears whole or not at all, survives a power cut once ``put`` returned, and is never replaced. Only names of
``fedorg.media.names`` are accepted, so no name can lead out of the root. All methods block: call them in a thread.
"""

import errno
import os
import secrets
import shutil
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import BinaryIO, Final, Protocol

from fedorg.errors import Conflict, NotFound
from fedorg.media.names import stored_type_of


class Storage(Protocol):
    """What a place for files can do; object stores fit as well as directories."""

    def put(self, source: Path, name: str, content_type: str) -> None:
        """Keep a copy of ``source``. ``Conflict`` when the name is taken, ``ValueError`` when it was not generated."""
        ...

    def open(self, name: str) -> BinaryIO:
        """The file from its beginning, for the caller to close; ``NotFound``."""
        ...

    def read(self, name: str) -> bytes:
        """The whole file; ``NotFound``."""
        ...

    def size(self, name: str) -> int:
        """Bytes; ``NotFound``."""
        ...

    def delete(self, name: str) -> None:
        """The file is gone afterwards, whether it was there or not."""
        ...

    def sweep(self, before: datetime) -> int:
        """Delete what is left of every ``put`` that was ended in the middle before then; how many these were."""
        ...


class FileStorage:
    """Files below ``root``, in 65,536 directories by the beginning of their name: ``root/0f/a3/0fa3….jpg``."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._incoming = root / "incoming"
        self._incoming.mkdir(parents=True, exist_ok=True)

    def put(self, source: Path, name: str, content_type: str) -> None:
        """See ``Storage.put``. Written beside, forced to disk, then given its name, which fails if it exists."""
        target = self._target(name, content_type)
        draft = self._incoming / secrets.token_hex(16)
        try:
            with source.open("rb") as reader, draft.open("xb") as writer:
                shutil.copyfileobj(reader, writer)
                writer.flush()
                os.fsync(writer.fileno())
            self._make_shard(target.parent)
            _name(draft, target)
            _fsync_directory(target.parent)
        except FileExistsError as problem:
            raise Conflict("A file of this name is already stored") from problem
        finally:
            draft.unlink(missing_ok=True)

    def put_back(self, source: Path, name: str, content_type: str) -> None:
        """One of many files, which nobody knows yet: only ``force`` makes all of them survive a power cut.

        It replaces what such a cut may have left of it.
        """
        target = self._target(name, content_type)
        draft = self._incoming / secrets.token_hex(16)
        try:
            shutil.copyfile(source, draft)
            target.parent.mkdir(parents=True, exist_ok=True)
            draft.replace(target)
        finally:
            draft.unlink(missing_ok=True)

    def force(self) -> None:
        """What was put back is on the disk: at once, since to wait for each of many files takes hours."""
        os.sync()

    def open(self, name: str) -> BinaryIO:
        """See ``Storage.open``. A symbolic link is not followed: nothing here makes one."""
        try:
            return os.fdopen(os.open(self._path(name), os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC), "rb")
        except OSError as problem:
            # A process that has too many files open says nothing about this one.
            if problem.errno in _ABSENT:
                raise NotFound from problem
            raise

    def read(self, name: str) -> bytes:
        """See ``Storage.read``."""
        with self.open(name) as file:
            return file.read()

    def size(self, name: str) -> int:
        """See ``Storage.size``."""
        with self.open(name) as file:
            return os.fstat(file.fileno()).st_size

    def delete(self, name: str) -> None:
        """See ``Storage.delete``. Empty directories stay, so that a ``put`` beside it cannot fail."""
        with suppress(NotFound, FileNotFoundError):
            self._path(name).unlink()

    def sweep(self, before: datetime) -> int:
        """See ``Storage.sweep``."""
        count = 0
        for draft in self._incoming.iterdir():
            # Whoever still runs may be done with it by now.
            with suppress(FileNotFoundError):
                if draft.stat().st_mtime < before.timestamp():
                    draft.unlink()
                    count += 1
        return count

    def _target(self, name: str, content_type: str) -> Path:
        if stored_type_of(name) != content_type:
            raise ValueError(f"{name!r} is not a generated name for {content_type!r}")
        return self._path(name)

    def _path(self, name: str) -> Path:
        if stored_type_of(name) is None:
            raise NotFound
        return self._root / name[:2] / name[2:4] / name

    def _make_shard(self, shard: Path) -> None:
        if shard.is_dir():
            return
        shard.mkdir(parents=True, exist_ok=True)
        _fsync_directory(shard.parent)
        _fsync_directory(self._root)


_ABSENT: Final = frozenset({errno.ENOENT, errno.ENOTDIR, errno.ELOOP})
_DIRECTORY_FLAGS: Final = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC
# As shared folders and memory cards say that a file has one name there.
_UNLINKED: Final = frozenset({errno.EPERM, errno.ENOTSUP, errno.ENOSYS})


def _name(draft: Path, target: Path) -> None:
    """Give a file its name; ``FileExistsError`` if it is taken."""
    try:
        os.link(draft, target)
    except OSError as problem:
        if problem.errno not in _UNLINKED:
            raise
        # Names are drawn from more than there will ever be: nobody takes this one in between.
        if target.exists():
            raise FileExistsError(target) from problem
        draft.rename(target)


def _fsync_directory(directory: Path) -> None:
    descriptor = os.open(directory, _DIRECTORY_FLAGS)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
