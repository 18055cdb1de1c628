"""What commands keep from others, and from going wrong in silence."""

import asyncio
import errno
import fcntl
import json
import os
import signal
import tempfile
from pathlib import Path

import pytest

from fedorg import config, metrics
from tests.fediverse.nodes import PASSWORD, RunningNode, wait_for
from tests.node.talking import picture

_ON_SMALL_DISK = (
    "from fedorg.__main__ import main; from fedorg.cli import doctor; doctor.FREE_BYTES_MIN = 1 << 62; main()"
)
# It stops itself just before it reads the first film, when nothing of the database is locked any more.
_STOPPING_AT_A_FILM = """
import os, signal, sys
def look(event, words):
    if event == "open" and str(words[0]).endswith(".mp4"):
        os.kill(os.getpid(), signal.SIGSTOP)
sys.addaudithook(look)
from fedorg.__main__ import main
main()
"""
# Also root may not read and write what the modes of files keep from it then.
_WITHOUT_POWERS = """
import ctypes, os, struct, sys
ctypes.CDLL(None).capset(struct.pack("Ii", 0x20080522, 0), bytes(24))
os.chmod(".", int(sys.argv.pop(1), 8))
from fedorg.__main__ import main
main()
"""
_STOPPED_WHILE_LOADING = """
import os, signal, sys
def look(event, words):
    if event == "import" and words[0] == "fedorg.cli":
        signal.raise_signal(signal.SIGINT)
sys.addaudithook(look)
from fedorg.__main__ import main
main()
"""
_TO_FULL_DEVICE = "import os; os.dup2(os.open('/dev/full', os.O_WRONLY), 1); from fedorg.__main__ import main; main()"


@pytest.mark.parametrize("words", ["user create anna", "peer list", "doctor", "backup x.tar"])
async def test_a_command_in_a_wrong_folder_says_where_it_looked(node: RunningNode, words: str) -> None:
    """And makes no other node there, to which somebody would be added that nobody finds."""
    node.settings = {"FEDORG_DATA_DIR": str(node.folder / "elsewhere")}

    finished = await node.run(*words.split())

    assert finished.code == 1
    assert f"There is no node in {node.folder}/elsewhere/fedorg.db" in finished.output + finished.complaint
    assert list(node.folder.iterdir()) == []


async def test_a_password_is_read_where_nobody_else_sees_it(node: RunningNode) -> None:
    """The words of a command are in the list of processes: whoever gives it there is warned."""
    node.begin()
    process = await node.spawn_command("user", "create", "anna", "--password-stdin", "--json")
    output, complaint = await process.communicate(f"{PASSWORD}\n".encode())
    nothing = await node.spawn_command("user", "create", "bert", "--password-stdin")
    _, refusal = await nothing.communicate(b"")
    seen = await node.run("user", "create", "carl", "--password", PASSWORD)

    assert (process.returncode, complaint) == (0, b"")
    assert b'"sign_in_link": null' in output
    assert (nothing.returncode, refusal) == (1, b"No password came on standard input.\n")
    assert (seen.code, "--password-stdin keeps it from them" in seen.complaint) == (0, True)
    await node.start()
    async with node.member("anna") as anna:
        assert (await anna.http.get("/api/v1/accounts/verify_credentials")).json()["username"] == "anna"


async def test_what_a_node_keeps_is_for_its_owner(node: RunningNode) -> None:
    """Folders, database, keys and media, whatever else is usual on the machine; old folders are named by the doctor."""
    folder = node.folder / "data"
    node.settings = {"FEDORG_DATA_DIR": str(folder)}
    await node.start()
    await node.command("user", "create", "anna")
    shown = await node.command("user", "reset-password", "anna", "--json")
    assert "sign_in_link" in shown
    (node.folder / "party.png").write_bytes(picture())
    await node.command("emoji", "add", "party", str(node.folder / "party.png"))
    kept = [folder, *folder.rglob("*")]
    open_ones = {path.name for path in kept if path.stat().st_mode & 0o077}
    folder.chmod(0o755)
    told = await node.command("doctor")

    assert any(path.suffix == ".png" for path in kept)
    assert open_ones == set()
    assert f"chmod 700 {folder}" in told


async def test_a_disk_that_is_almost_full_is_told_of_first(node: RunningNode) -> None:
    """Whoever else can read the folder: what is full stops the node."""
    node.begin()
    node.folder.chmod(0o755)
    node.settings = {"FEDORG_DATA_DIR": str(node.folder)}
    node.program = ("-c", _ON_SMALL_DISK)

    told = await node.run("doctor")

    assert f"MiB are free in {node.folder}" in told.output


async def test_a_folder_into_which_nobody_may_look_stops_no_command(node: RunningNode) -> None:
    """As that of root, in which an administrator stands who runs a command as the user of the node."""
    node.program = ("-c", _WITHOUT_POWERS, "0")
    try:
        shown = await node.run("settings")
    finally:
        node.folder.chmod(0o700)

    assert (shown.code, shown.complaint) == (0, "")


async def test_what_cannot_be_written_is_named(node: RunningNode) -> None:
    """By the doctor, and in a sentence by who tries: files that another user made, as a restore by root does."""
    node.begin()
    (node.folder / "media").mkdir()
    (node.folder / "media").chmod(0o500)
    (node.folder / "fedorg.db").chmod(0o400)
    node.program = ("-c", _WITHOUT_POWERS, "700")

    refused, told = await node.run_all(("user", "create", "anna"), ("doctor", "--json"))

    assert (refused.code, "Traceback" in refused.complaint) == (1, False)
    found = {one["check"]: one for one in json.loads(told.output) if one["verdict"] == "fault"}
    assert f"{node.folder / 'media'} cannot be written" in found["storage"]["found"]
    assert "readonly database" in found["database"]["found"]
    assert "right to write" in found["database"]["advice"]


async def test_the_doctor_tells_what_else_is_wrong_with_a_node_that_cannot_be_opened(node: RunningNode) -> None:
    """As JSON too: such as a name that is not its own any more."""
    await node.create("anna")
    node.settings = {"FEDORG_PUBLIC_URL": "http://localhost:1"}

    told = await node.run("doctor", "--json")

    found = {one["check"]: (one["verdict"], one["found"]) for one in json.loads(told.output)}
    assert (told.code, found["database"][0], found["node"][0]) == (1, "ok", "fault")
    assert f"this database is that of {node.url}" in found["node"][1]


async def test_a_killed_supervisor_leaves_no_folder_for_long(node: RunningNode) -> None:
    """The next one takes what it counted in away, and leaves that of one that runs alone."""
    place = node.folder.parent / "temporary"
    place.mkdir()
    node.settings = {"TMPDIR": str(place)}
    node.options = ("--processes", "1", "--workers", "1")

    def folders() -> set[str]:
        return {path.name for path in place.glob("fedorg-metrics-*")}

    await node.start()
    first = folders()
    await node.kill()
    assert folders() == first
    await node.start()
    second = folders()
    other = RunningNode(name="Sales", folder=node.folder.parent / "sales", settings=node.settings, options=node.options)
    try:
        await other.start()
        both = folders()
        await other.stop()
    finally:
        await other.close()
    await node.stop()

    assert [len(one) for one in (first, second, both, folders())] == [1, 1, 2, 0]
    assert not first & second
    assert second < both


def test_processes_count_together_where_nothing_can_be_locked(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Some file systems know no locks: then nobody knows whose folder was left, and none is taken away."""

    def flock(_file: object, _how: int) -> None:
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setattr(fcntl, "flock", flock)

    with metrics.shared() as first, metrics.shared() as second:
        folders = {Path(told[config.METRICS_FOLDER]) for told in (first, second)}
        assert set(tmp_path.iterdir()) == folders
    assert list(tmp_path.iterdir()) == []


async def test_a_second_backup_to_one_target_is_refused(node: RunningNode, tmp_path: Path) -> None:
    """The first is made as if nobody had tried; what a killed one left is in nobody's way."""
    await node.create("anna")
    target = tmp_path / "backup.tar"
    draft = tmp_path / ".backup.tar.partial"
    draft.write_bytes(b"half" * 1_000_000)
    film = node.folder / "media" / "00" / "00" / f"{'0' * 32}.mp4"
    film.parent.mkdir(parents=True)
    film.write_bytes(b"film")
    node.program = ("-c", _STOPPING_AT_A_FILM)
    first = await node.spawn_command("backup", str(target))
    node.program = ("-m", "fedorg")

    async def comes_to_its_film() -> bool | None:
        return has_stopped(first.pid) or None

    await wait_for(comes_to_its_film, "the backup to come to its film")
    second = await node.run("backup", str(target))
    first.send_signal(signal.SIGCONT)
    await first.communicate()

    assert (second.code, first.returncode) == (1, 0)
    assert f"Another backup to {target} is being made; give another name." in second.complaint
    assert not draft.exists()
    empty = RunningNode(name="Engineering", folder=tmp_path / "empty", settings={"FEDORG_PUBLIC_URL": node.url})
    try:
        await empty.command("restore", str(target))
    finally:
        await empty.close()


def has_stopped(process: int) -> bool:
    return os.waitid(os.P_PID, process, os.WSTOPPED | os.WNOHANG | os.WNOWAIT) is not None


async def test_a_backup_is_written_to_nothing_that_others_laid_out(node: RunningNode, tmp_path: Path) -> None:
    """Where others write too, such as /tmp: through a link, or into a file that they can read, it would be theirs."""
    await node.create("anna")
    elsewhere, open_one = tmp_path / "elsewhere", tmp_path / ".open.tar.partial"
    elsewhere.write_text("Something of the administrator's")
    (tmp_path / ".linked.tar.partial").symlink_to(elsewhere)
    open_one.touch()
    open_one.chmod(0o666)

    await node.command("backup", str(tmp_path / "linked.tar"))
    await node.command("backup", str(tmp_path / "open.tar"))

    assert elsewhere.read_text() == "Something of the administrator's"
    for target in (tmp_path / "linked.tar", tmp_path / "open.tar"):
        assert (target.is_symlink(), target.stat().st_mode & 0o777) == (False, 0o600)


async def test_ctrl_c_ends_a_command_that_is_just_loading(node: RunningNode) -> None:
    """As at any other time: without a word about where in the program that was."""
    node.program = ("-c", _STOPPED_WHILE_LOADING)

    finished = await node.run("serve")

    assert (finished.code, finished.complaint) == (1, "Aborted!\n")


async def test_a_full_device_is_told_in_a_sentence(node: RunningNode) -> None:
    """Whichever command writes to it, and whatever it writes."""
    node.begin()
    node.program = ("-c", _TO_FULL_DEVICE)

    commands = (("user", "list"), ("user", "list", "--json"), ("settings",), ("--help",))
    for finished in await asyncio.gather(*(node.run(*words) for words in commands)):
        said = "What this command writes to has no room: No space left on device.\n"
        assert (finished.code, finished.complaint) == (1, said)
