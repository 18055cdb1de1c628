"""The place where files are kept: whole files, generated names, no way out of the root."""

import errno
import os
import threading
from pathlib import Path

import pytest

from fedorg import media
from fedorg.errors import Conflict, NotFound


def refuse(source: Path, target: Path) -> None:
    """As a file system answers that knows no hard links."""
    raise PermissionError(errno.EPERM, "Operation not permitted", source, None, target)


@pytest.fixture
def upload(tmp_path: Path) -> Path:
    path = tmp_path / "upload"
    path.write_bytes(b"first")
    return path


@pytest.fixture
def storage(tmp_path: Path) -> media.Storage:
    return media.FileStorage(tmp_path / "files")


def test_a_stored_file_is_read_measured_and_deleted(storage: media.Storage, upload: Path) -> None:
    """A file comes back as it was put, and is gone after deletion, which may be repeated."""
    name = media.generate_name("image/png")

    storage.put(upload, name, "image/png")

    assert storage.read(name) == b"first"
    assert storage.size(name) == 5
    with storage.open(name) as file:
        assert file.read(3) == b"fir"
    storage.delete(name)
    storage.delete(name)
    for access in (storage.read, storage.size, storage.open):
        with pytest.raises(NotFound):
            access(name)


def test_files_are_spread_over_directories_and_leave_no_drafts(
    storage: media.Storage, upload: Path, tmp_path: Path
) -> None:
    """No directory grows without bound, and what is under way is not among what is stored."""
    name = media.generate_name("image/webp")

    storage.put(upload, name, "image/webp")

    assert [path.relative_to(tmp_path / "files") for path in (tmp_path / "files").rglob("*.webp")] == [
        Path(name[:2], name[2:4], name)
    ]
    assert not list((tmp_path / "files" / "incoming").iterdir())


@pytest.mark.parametrize("has_links", [True, False])
def test_a_stored_file_is_never_replaced(
    storage: media.Storage, upload: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, has_links: bool
) -> None:
    """A second file under the same name is refused and the first one stays, also where a file has one name only."""
    if not has_links:
        monkeypatch.setattr(os, "link", refuse)
    name = media.generate_name("image/png")
    storage.put(upload, name, "image/png")
    upload.write_bytes(b"second")

    with pytest.raises(Conflict):
        storage.put(upload, name, "image/png")

    assert storage.read(name) == b"first"
    assert not list((tmp_path / "files" / "incoming").iterdir())


def test_of_many_writers_of_one_name_one_wins(storage: media.Storage, tmp_path: Path) -> None:
    """Writers at the same moment cannot mix their bytes: one succeeds, the others are refused."""
    name = media.generate_name("image/png")
    contents = [bytes([number]) * 200_000 for number in range(8)]
    refused = []

    def put(content: bytes) -> None:
        source = tmp_path / f"source-{content[0]}"
        source.write_bytes(content)
        try:
            storage.put(source, name, "image/png")
        except Conflict as problem:
            refused.append(problem)

    writers = [threading.Thread(target=put, args=(content,)) for content in contents]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join(timeout=30)

    assert len(refused) == 7
    assert storage.read(name) in contents


@pytest.mark.parametrize(
    "name",
    [
        "../../../etc/passwd",
        "/etc/passwd",
        "",
        ".",
        "..",
        "0" * 32,
        "0" * 32 + ".html",
        "0" * 32 + ".svg",
        "0" * 31 + "/.png",
        "../" + "0" * 32 + ".png",
        "0" * 32 + ".png\n",
        "0" * 32 + ".png\x00",
        "0" * 32 + ".png/../x",
        "A" * 32 + ".png",
        "\u0660" * 32 + ".png",
    ],
)
def test_s53_no_name_leads_out_of_the_root(storage: media.Storage, upload: Path, name: str, tmp_path: Path) -> None:
    """S53: only generated names exist; every other one is absent, for reading, deleting and writing."""
    (tmp_path / "passwd").write_text("secret")

    for access in (storage.read, storage.size, storage.open):
        with pytest.raises(NotFound):
            access(name)
    storage.delete(name)
    with pytest.raises(ValueError, match="generated name"):
        storage.put(upload, name, "image/png")

    assert (tmp_path / "passwd").read_text() == "secret"
    assert upload.exists()


def test_a_name_and_its_type_must_agree(storage: media.Storage, upload: Path) -> None:
    """A file cannot be stored as one type and served as another."""
    with pytest.raises(ValueError, match="generated name"):
        storage.put(upload, media.generate_name("image/png"), "image/gif")
    with pytest.raises(ValueError, match="not stored"):
        media.generate_name("text/html")


def test_a_link_inside_the_root_is_not_followed(storage: media.Storage, upload: Path, tmp_path: Path) -> None:
    """Somebody who can plant a symbolic link cannot make the node serve what it points to."""
    name = media.generate_name("image/png")
    shard = tmp_path / "files" / name[:2] / name[2:4]
    shard.mkdir(parents=True)
    (shard / name).symlink_to(upload)

    with pytest.raises(NotFound):
        storage.read(name)


def test_generated_names_do_not_repeat() -> None:
    """Names are random enough to be unique and not to be guessed."""
    names = {media.generate_name("image/jpeg") for _ in range(1000)}

    assert len(names) == 1000
    assert all(media.content_type_of(name) == "image/jpeg" for name in names)
