"""The command line from outside: what it says, what it refuses, and how it ends."""

import asyncio
import json
import resource
import signal
import socket
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
import httpx
import pytest
from sqlalchemy import NullPool, create_engine, text

from fedorg.cli import main
from tests.databases import SqliteFiles
from tests.fediverse.commands import Finished
from tests.fediverse.ledger import database_of
from tests.fediverse.nodes import (
    PASSWORD,
    WAIT_SECONDS,
    RunningNode,
    reserved_port,
    sign_in,
    submit,
    wait_for,
)

# What is compiled under a limit would stay behind as half of it.
_FEDORG = "import sys; sys.dont_write_bytecode = True; from fedorg.__main__ import main; main()"


def leaves(command: click.Command, name: str) -> Iterator[tuple[str, click.Command]]:
    """Every command that does something, by the words that call it."""
    if not isinstance(command, click.Group):
        yield name, command
        return
    context = click.Context(command)
    for word in command.list_commands(context):
        inner = command.get_command(context, word)
        assert inner is not None
        yield from leaves(inner, f"{name} {word}")


def refused(finished: Finished) -> str:
    """What a command said that ended with a fault: sentences, never a traceback."""
    assert finished.code == 1, finished
    assert "Traceback" not in finished.complaint
    return finished.complaint


def as_json(finished: Finished) -> Any:  # noqa: ANN401 - JSON
    """The JSON that a command printed."""
    assert finished.code == 0, finished
    return json.loads(finished.output)


def children_times() -> float:
    """Seconds of a processor that all commands took which have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def test_every_command_shows_an_example() -> None:
    """The help of every command ends in a line that can be typed."""
    lines = {name: command.get_help(click.Context(command, info_name=name)) for name, command in leaves(main, "fedorg")}

    assert len(lines) > 10
    assert [name for name, shown in lines.items() if name not in shown.partition("Example")[2]] == []


async def test_help_names_every_command(node: RunningNode) -> None:
    """``fedorg --help`` lists the commands, and a wrong word ends with exit code 2."""
    shown, wrong = await asyncio.gather(node.run("--help"), node.run("sevre"))

    assert shown.code == 0
    assert all(word in shown.output for word in main.list_commands(click.Context(main)))
    assert wrong.code == 2


async def test_every_bad_setting_is_named_at_once(node: RunningNode) -> None:
    """A bad setting ends the command with a sentence that names it, and all of them come together."""
    wrong = {
        "port": "many",
        "federation_mode": "nobody",
        "prot": "8000",
        "name": "M\udcfcnchen",
        "rate_limits": "nan",
        "remote_status_days": "999999",
        "media_quota_bytes": "1" * 30,
        "contact_email": "the help desk",
        "languages": "en,german",
    }
    node.settings = {f"FEDORG_{name.upper()}": value for name, value in wrong.items()}

    complaint = refused(await node.run("serve"))

    assert {line.split(":")[0] for line in complaint.splitlines()} >= set(wrong)
    assert not (node.folder / "fedorg.db").exists()


async def test_what_no_database_could_hold_is_refused(node: RunningNode) -> None:
    """Numbers that are too long, and words in an encoding of old."""
    node.begin()
    number, words = await node.run_all(("report", "show", "9" * 30), ("rule", "add", "Seid nett \udcfc"))

    assert (number.code, "is not in the range" in number.complaint) == (2, True)
    assert "not written in UTF-8" in refused(words)


async def test_a_file_of_settings_may_begin_with_a_mark(node: RunningNode) -> None:
    """As editors write it that say in this way that it is UTF-8."""
    (node.folder / "fedorg.toml").write_text('description = "Bridges"\r\n', encoding="utf-8-sig")

    assert "Bridges" in await node.command("settings")


async def test_a_data_folder_that_is_none_is_named(node: RunningNode, tmp_path: Path) -> None:
    """Not by what the system calls the fault."""
    (tmp_path / "letter.txt").write_text("Dear Sir or Madam")
    node.settings = {"FEDORG_DATA_DIR": str(tmp_path / "letter.txt")}

    assert f"{tmp_path / 'letter.txt'} is not a folder" in refused(await node.run("serve"))


@pytest.mark.parametrize("number", [0, 1, 2])
async def test_a_closed_stream_stops_no_command(node: RunningNode, number: int) -> None:
    """Nothing else is opened under its number, not even the database; a backup that nobody can get is none."""
    await node.create("anna")
    closed = (
        f"import os, sys; os.close({number}); os.execv(sys.executable, [sys.executable, '-m', 'fedorg', *sys.argv[1:]])"
    )
    node.program = ("-c", closed)

    shown = await node.run("user", "list")

    assert (shown.code, "anna" in shown.output) == (0, number != 1)
    if number == 1:
        assert "The backup cannot be made" in refused(await node.run("backup", "-"))


async def test_a_terminal_without_a_letter_shows_what_it_can(node: RunningNode) -> None:
    """Settings and names are printed on one that knows Latin alone."""
    node.settings = {"PYTHONIOENCODING": "ascii"}
    await node.prepare(("rule", "add", "Be kind 🙂"))

    shown = await node.command("rule", "list")

    assert "Be kind \\U0001f642" in shown
    assert await node.command("settings")


async def test_a_folder_of_media_that_is_none_is_named(node: RunningNode) -> None:
    """As it is where another user made it, whom fedorg cannot replace."""
    node.begin()
    (node.folder / "media").write_text("Dear Sir or Madam")

    assert f"data_dir: cannot use {node.folder / 'media'}" in refused(await node.run("user", "list"))


async def test_tables_show_what_was_written_as_it_is(node: RunningNode) -> None:
    """Brackets are no markup, whoever wrote them; what would move the cursor of a terminal is not sent to it."""
    await node.prepare(("rule", "add", "Be [/b] [bold]kind :smile: \x1b[2J"))

    assert "Be [/b] [bold]kind :smile: \ufffd[2J" in await node.command("rule", "list")
    assert "Be [/b] [bold]kind" in await node.command("audit", "list")


async def test_tables_keep_what_rows_are_known_by_in_one_piece(node: RunningNode) -> None:
    """And all of it for programs, however narrow the terminal would be."""
    handle = "anna_with_a_name_as_long_as_names_may"[:30]
    email = f"{'a' * 60}@{'b' * 60}.example"
    node.settings = {"COLUMNS": "40"}
    await node.prepare(("user", "create", handle, "--email", email), ("user", "list"))

    shown = await node.run("user", "list")

    assert handle in shown.output
    assert email in shown.output


async def test_tables_of_thousands_cost_little_more_than_the_same_as_json(node: RunningNode) -> None:
    """Nobody waits for minutes for a list of servers, or of people, and each row stays one line."""
    node.begin()
    met = [{"domain": f"h{number:04}.example", "software": "a\nb"} for number in range(5000)]
    statement = text("INSERT INTO peers (domain, tier, software, first_seen_at) VALUES (:domain, 'open', :software, 0)")
    engine = create_engine(database_of(node), poolclass=NullPool)
    with engine.begin() as conn:
        conn.execute(statement, met)

    begun = children_times()
    await (await node.spawn_command("peer", "list", "--json")).communicate()
    between = children_times()
    shown = (await (await node.spawn_command("peer", "list")).communicate())[0].decode()
    ended = children_times()

    assert len(shown.splitlines()) == 1 + len(met)
    assert shown.splitlines()[-1].split()[:5] == ["h4999.example", "open", "-", "a", "b"]
    assert ended - between < 2 * (between - begun)


async def test_authorities_that_cannot_be_read_are_named_at_the_start(node: RunningNode) -> None:
    """A file of authorities that holds none is no surprise of the first delivery."""
    node.settings = {"FEDORG_CA_FILE": str(Path(__file__))}

    complaint = refused(await node.run("serve"))

    assert f"ca_file: {__file__} does not hold certificates" in complaint


async def test_authorities_that_the_environment_names_must_be_there(node: RunningNode, tmp_path: Path) -> None:
    """A wrong name of their file is told with all other faults, before anything is trusted in its place."""
    node.settings = {"SSL_CERT_FILE": str(tmp_path / "absent.pem"), "FEDORG_PORT": "many"}

    complaint = refused(await node.run("serve"))

    assert f"SSL_CERT_FILE: there is no file {tmp_path / 'absent.pem'}" in complaint
    assert "port:" in complaint


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("public_url", "http://[::1"),
        ("public_url", "https://localhost:many"),
        ("public_url", "https://social org.example"),
        ("public_url", "https://münchen.example"),
        ("handle_domain", "org example"),
        ("database_url", "sqlite:///"),
        ("database_url", "sqlite:///:memory:"),
        ("database_url", "postgresql://fedorg:secret@[::1/fedorg"),
        ("database_url", "postgresql://fedorg:secret@127.0.0.1:many/fedorg"),
        ("database_url", "postgresql://fedorg:open@sesame@127.0.0.1:1/fedorg"),
        ("data_dir", ""),
        ("host", ""),
        ("name", " "),
    ],
)
async def test_what_cannot_be_an_address_or_name_is_said_at_the_start(node: RunningNode, name: str, value: str) -> None:
    """Before a database is made that bears it for ever; and no part of a password is taken for a host and shown."""
    node.settings = {f"FEDORG_{name.upper()}": value}

    complaint = refused(await node.run("user", "list"))

    assert f"{name}: " in complaint
    assert "sesame" not in complaint
    assert not (node.folder / "fedorg.db").exists()


async def test_a_certificate_without_its_key_is_named_at_the_start(node: RunningNode, tmp_path: Path) -> None:
    """And so is what is none; with several processes each of them would have ended, and been started again for ever."""
    (tmp_path / "chain.pem").write_text("Dear Sir or Madam")
    node.settings = {
        "FEDORG_TLS_CERTIFICATE": str(tmp_path / "chain.pem"),
        "FEDORG_TLS_KEY": str(tmp_path / "chain.pem"),
    }

    assert "tls_certificate, tls_key: must be a certificate" in refused(await node.run("serve", "--processes", "2"))


async def test_secrets_are_not_shown(node: RunningNode) -> None:
    """Neither the list of settings nor a refusal holds the password of the database."""
    node.settings = {"FEDORG_DATABASE_URL": "postgresql://fedorg:opensesame@127.0.0.1:1/fedorg"}
    shown, refusal = await node.run_all(("settings", "--json"), ("user", "list"))

    values = {row["name"]: row["value"] for row in as_json(shown)}
    assert values["FEDORG_DATABASE_URL"] == "(hidden)"
    assert "127.0.0.1" in refused(refusal)
    assert "opensesame" not in shown.output + refusal.complaint


async def test_an_administrator_keeps_the_list_of_people(node: RunningNode) -> None:
    """People are created, listed, disabled, let in again and promoted, and scripts read the same facts as JSON."""
    node.begin()
    made, again, disabled, listed, enabled, unknown, promoted, table = await node.run_all(
        ("user", "create", "anna", "--email", "anna@org.example", "--role", "admin", "--json"),
        ("user", "create", "Anna"),
        ("user", "disable", "anna", "--json"),
        ("user", "list", "--json"),
        ("user", "disable", "anna", "--undo", "--json"),
        ("user", "disable", "nobody"),
        ("user", "role", "anna", "owner"),
        ("user", "list"),
    )

    anna = as_json(made)
    assert (anna["username"], anna["role"], anna["state"]) == ("anna", "admin", "active")
    assert anna["sign_in_link"].startswith(f"{node.url}/auth/sign_in/link/")
    assert "taken" in refused(again)
    assert as_json(disabled)["state"] == "disabled"
    assert [(one["username"], one["state"]) for one in as_json(listed)] == [("anna", "disabled")]
    assert as_json(enabled)["state"] == "active"
    assert refused(unknown)
    assert (promoted.code, promoted.output) == (0, "anna is an owner now.\n")
    assert all(word in table.output for word in ("anna", "owner", "active", "anna@org.example"))


async def test_a_number_that_means_nothing_is_said_back(node: RunningNode) -> None:
    """With the command that lists the numbers there are."""
    node.begin()
    words = [("report", "show"), ("ip-block", "remove"), ("announcement", "show"), ("announcement", "delete")]
    for (kind, verb), said in zip(words, await node.run_all(*((*each, "12345") for each in words)), strict=True):
        assert "12345; `fedorg " + kind + " list" in refused(said), verb


async def test_nobody_is_asked_about_what_is_not_there(node: RunningNode) -> None:
    """A command that cannot do anything says so at once, and asks whether it shall only where it could."""
    node.begin()
    words = [("user", "delete", "nobody"), ("peer", "revoke", "nobody.example")]
    await node.command("user", "create", "anna")
    nobody, none, somebody = await node.run_all(*words, ("user", "delete", "anna"))

    assert refused(nobody) == "There is no account nobody\n"
    assert refused(none) == "There is no partnership with nobody.example\n"
    assert (nobody.output, none.output) == ("", "")
    assert "for good?" in somebody.output


async def test_an_administrator_ends_what_a_person_had_open(node: RunningNode) -> None:
    """Disabling somebody or resetting a password ends tokens at once; the link that is printed works once."""
    await node.create("anna", "ben")
    await node.start()
    async with node.member("anna") as anna, node.member("ben") as ben:
        disabled, reset = await node.run_all(
            ("user", "disable", "ben", "--json"), ("user", "reset-password", "anna", "--json")
        )

        assert as_json(disabled)["state"] == "disabled"
        assert (await ben.http.get("/api/v1/accounts/verify_credentials")).status_code == 401
        assert (await anna.http.get("/api/v1/accounts/verify_credentials")).status_code == 401
    async with node.http() as http:
        with pytest.raises(AssertionError, match="Sign in"):
            await sign_in(http, "anna", PASSWORD)
    await _use_once(node, as_json(reset)["sign_in_link"])


async def test_the_first_start_prints_a_link_that_works_once(node: RunningNode) -> None:
    """A node that nobody was created on makes an owner at its first start, and says how to sign in."""
    began = time.monotonic()
    await node.start()
    print(f"the first start took {time.monotonic() - began:.1f} s")  # noqa: T201 - to be looked at, not asserted
    log = (node.folder / "node.log").read_text()
    (link,) = [line.strip() for line in log.splitlines() if f"{node.url}/auth/sign_in/link/" in line]

    await _use_once(node, link)

    (owner,) = as_json(await node.run("user", "list", "--json"))
    assert (owner["username"], owner["role"]) == ("owner", "owner")
    await node.stop()
    await node.start()
    assert (node.folder / "node.log").read_text().count(f"{node.url}/auth/sign_in/link/") == 1


async def test_the_actor_of_a_node_has_the_name_of_the_node(node: RunningNode) -> None:
    """A new name is told to others from the next start on; a command with other settings changes nothing."""
    names = []
    for name in ("Engineering", "Engineering & Research"):
        node.name = name
        await node.start()
        node.name = "Commands"
        await node.command("doctor")
        async with node.http() as http:
            shown = await http.get("/actor", headers={"Accept": "application/activity+json"})
        names.append(shown.json()["name"])
        await node.stop()

    assert names == ["Engineering", "Engineering & Research"]


async def test_an_administrator_says_what_a_server_is(node: RunningNode) -> None:
    """A server gets a tier before it was ever met; list and show read it back; a wrong tier is a wrong call."""
    node.begin()
    before, made, blocked, shown, after, wrong, unknown, limited, uninvited, nameless, unoffered = await node.run_all(
        ("peer", "list", "--json"),
        ("peer", "tier", "sales.org.example", "sibling", "--json"),
        ("peer", "tier", "spam.example", "blocked"),
        ("peer", "show", "sales.org.example", "--json"),
        ("peer", "list", "--json"),
        ("peer", "tier", "spam.example", "friend"),
        ("peer", "show", "unknown.example"),
        ("peer", "ceilings", "sales.org.example", "--no-media", "--json"),
        ("peer", "invite", "localhost:1", "--tier", "partner"),
        ("peer", "invite", "acme.example"),
        ("peer", "accept", "acme.example"),
    )

    assert as_json(before) == []
    assert as_json(made)["tier"] == "sibling"
    assert "blocked" in blocked.output
    assert as_json(shown) == as_json(made)
    tiers = {peer["domain"]: peer["tier"] for peer in as_json(after)}
    assert tiers == {"sales.org.example": "sibling", "spam.example": "blocked"}
    assert [bool(peer["blocked_since"]) for peer in as_json(after)] == [False, True]
    assert wrong.code == 2
    assert refused(unknown)
    assert as_json(limited)["ceilings"]["media"] is False
    assert "localhost:1" in refused(uninvited)
    assert nameless.code == 2
    assert "no partnership" in refused(unoffered)


async def test_migrating_is_checked_done_and_not_repeated(node: RunningNode) -> None:
    """``migrate --check`` says whether something is to be done without doing it; migrating twice changes nothing."""
    first, second, third, fourth, after = await node.run_all(
        ("migrate", "--check"),
        ("migrate", "--check", "--json"),
        ("migrate", "--json"),
        ("migrate", "--json"),
        ("migrate", "--check", "--json"),
    )

    assert (first.code, "fedorg migrate" in first.output) == (1, True)
    pending = json.loads(second.output)["pending"]
    assert pending
    # Had a check made the database, nothing would have been left to apply.
    assert (as_json(third)["applied"], as_json(fourth)["applied"]) == (pending, [])
    assert (as_json(after)["current"], as_json(after)["pending"]) == (True, [])


@pytest.mark.parametrize(
    ("damage", "named"),
    [
        ("DROP TABLE audit_log", "half-migrated"),
        ("UPDATE alembic_version SET version_num = '9999'", "newer version"),
    ],
)
async def test_a_database_that_does_not_fit_is_not_served(
    node: RunningNode, sqlite_files: SqliteFiles, damage: str, named: str
) -> None:
    """``serve`` refuses a half-migrated database, and one that a newer version has used, with a sentence."""
    sqlite_files.create_migrated(node.folder / "fedorg.db")
    engine = create_engine(database_of(node), poolclass=NullPool)
    with engine.begin() as conn:
        conn.execute(text(damage))

    assert named in refused(await node.run("serve"))


async def test_the_doctor_tells_a_healthy_node_from_a_stopped_one(node: RunningNode) -> None:
    """Every check is fine while the node runs; when it does not answer, that is the fault, and exit code 1."""
    await node.start()
    healthy = await node.run("doctor", "--json")
    await node.stop()
    # Nobody answers there any more, not even the queue of the socket.
    node.listener.close()
    stopped = await node.run("doctor", "--json")

    findings = {finding["check"]: finding for finding in json.loads(healthy.output)}
    assert (healthy.code, {one["verdict"] for one in findings.values()}) == (0, {"ok"})
    assert {"database", "migrations", "storage", "clock", "keys", "public url", "webfinger"} <= set(findings)
    faults = {one["check"]: one for one in json.loads(stopped.output) if one["verdict"] == "fault"}
    assert stopped.code == 1
    assert set(faults) == {"public url", "webfinger"}
    assert all(one["advice"] and one["found"].count("://") == 1 for one in faults.values())


async def test_a_port_that_is_taken_is_named(node: RunningNode) -> None:
    """Where somebody else listens, ``serve`` ends with a sentence."""
    complaint = refused(await node.run("serve", "--port", str(node.port)))

    assert str(node.port) in complaint


async def _use_once(node: RunningNode, link: str) -> None:
    """Press the button behind a sign-in link; the second time the link is gone."""
    async with node.http() as browser, node.http() as other:
        signed_in = await submit(browser, await browser.get(link))
        assert signed_in.status_code == httpx.codes.OK
        assert (await browser.get("/auth/sign_in")).is_success
        page = await other.get(link)
        assert page.status_code == httpx.codes.NOT_FOUND
        assert not [cookie for cookie in other.cookies.jar if "session" in cookie.name]


async def test_the_doctor_finds_no_fault_in_a_node_for_trying_out(tmp_path: Path) -> None:
    """A node on this machine alone is healthy; that nobody else can reach it is a warning that says what to do."""
    node = RunningNode(name="Trial", folder=tmp_path / "node", settings={"FEDORG_INSECURE_LOOPBACK": "false"})
    try:
        node.begin()
        finished = await node.run("doctor", "--json")
    finally:
        await node.close()

    (warning,) = (finding for finding in as_json(finished) if finding["verdict"] != "ok")
    assert (warning["check"], warning["verdict"]) == ("public url", "warning")
    assert "HTTPS" in warning["advice"]


async def test_a_taken_port_is_a_sentence_and_nothing_is_promised(node: RunningNode) -> None:
    """``serve`` on a port that somebody has says so, and neither greets an owner nor names an address."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        finished = await node.run("serve", "--port", str(port))

    assert f"Cannot listen on 127.0.0.1:{port}" in refused(finished)
    assert finished.output == ""


async def test_processes_for_which_there_are_no_numbers_are_refused(node: RunningNode) -> None:
    """At once: each of them would have ended, and been started again for ever."""
    node.settings = {"FEDORG_PROCESS_NUMBER": "60"}

    complaint = refused(await node.run("serve", "--processes", "3", "--workers", "1"))

    assert "process_number: 4 processes after number 60 go beyond 63" in complaint


async def test_a_socket_that_is_none_is_refused(node: RunningNode) -> None:
    """Neither one that is not open, nor what is open and no socket."""
    for number in ("-1", "0", "999", "9" * 30):
        assert f"--fd: {number} is not the number of a socket" in refused(await node.run("serve", "--fd", number))


async def test_two_processes_never_share_a_number(node: RunningNode) -> None:
    """Ids are made of it: another server or worker on the same data is refused, with what to do about it."""
    node.settings = {"FEDORG_SHUTDOWN_SECONDS": "1"}
    await node.start()
    with reserved_port() as port:
        server, worker = await asyncio.gather(node.run("serve", "--port", str(port)), node.run("work"))
    for finished in (server, worker):
        assert "number 0 already" in refused(finished)
        assert finished.output == ""
    await node.kill()
    await node.start()
    assert not node.log_lines("process.number_taken")


async def test_a_backup_that_cannot_be_written_is_refused_in_a_sentence(node: RunningNode, tmp_path: Path) -> None:
    """Whether the disk is full, nobody reads on, or the file has no name; nothing of it stays."""
    await node.create("anna")
    target = tmp_path / "backup.tar"
    node.program = ("-c", f"import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (65536, -1)); {_FEDORG}")
    full = refused(await node.run("backup", str(target)))
    node.program = ("-c", f"import os; os.dup2(os.open('/dev/full', os.O_WRONLY), 1); {_FEDORG}")
    unheard = refused(await node.run("backup", "-"))
    node.program = ("-m", "fedorg")
    nameless = refused(await node.run("backup", ""))

    assert f"The backup cannot be made: {target}: File too large." in full
    assert "The backup cannot be made: standard output: No space left on device." in unheard
    assert "give another name" in nameless
    assert {one.name for one in tmp_path.iterdir()} == {"node"}  # noqa: ASYNC240 - a test's own folder


async def test_a_backup_says_where_it_is_in_one_line(node: RunningNode, tmp_path: Path) -> None:
    """However long and odd its name; a job that runs at night leaves no empty lines in its mail."""
    await node.create("anna")
    target = tmp_path / f"[bold]{'x' * 100}.tar"

    finished = await node.run("backup", str(target))

    assert finished.complaint.endswith(f" are in {target}.\n")
    assert finished.complaint.count("\n") == 1


async def test_ctrl_c_ends_a_backup_at_once(node: RunningNode, tmp_path: Path) -> None:
    """Nothing of it stays, not even a whole one that was finished behind the back of who gave it up."""
    await node.create("anna")
    film = node.folder / "media" / "00" / "00" / f"{'0' * 32}.mp4"
    film.parent.mkdir(parents=True)
    with film.open("wb") as file:
        file.truncate(2 << 30)
    folder = tmp_path / "backups"
    folder.mkdir()
    process = await node.spawn_command("backup", str(folder / "backup.tar"))

    async def has_begun() -> bool | None:
        return any(one.stat().st_size > 1 << 20 for one in folder.iterdir()) or None

    await wait_for(has_begun, "the backup to begin", every=0.01)
    process.send_signal(signal.SIGINT)
    _, complaint = await process.communicate()

    assert (process.returncode, b"Stopped: no backup was made." in complaint) == (1, True)
    assert list(folder.iterdir()) == []


async def test_ctrl_c_ends_a_restore_at_once(node: RunningNode, tmp_path: Path) -> None:
    """Also while it waits for the rest of a pipe; it can be done again."""
    await node.create("anna")
    await node.command("backup", str(tmp_path / "backup.tar"))
    body = (tmp_path / "backup.tar").read_bytes()
    node.folder = tmp_path / "place"
    node.folder.mkdir()
    process = await node.spawn_command("restore", "-")
    assert process.stdin is not None
    process.stdin.write(body[: len(body) // 2])

    async def has_begun() -> bool | None:
        return (node.folder / "fedorg.db-journal").exists() or None

    await wait_for(has_begun, "rows to be put back")
    process.send_signal(signal.SIGINT)
    async with asyncio.timeout(WAIT_SECONDS):
        _, complaint = await process.communicate()
    assert (process.returncode, b"All is put back or nothing" in complaint) == (1, True)
    await node.command("restore", str(tmp_path / "backup.tar"))


async def test_a_database_for_which_there_is_no_room_is_named(node: RunningNode, tmp_path: Path) -> None:
    """By a first start, a migration and a restore, which write it; with room it is put back."""
    await node.create("anna")
    await node.command("backup", str(tmp_path / "backup.tar"))
    node.folder = tmp_path / "place"
    node.folder.mkdir()
    limit = f"import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (900_000, -1)); {_FEDORG}"
    node.program = ("-c", limit)
    for words in (("work",), ("migrate",), ("restore", str(tmp_path / "backup.tar"))):
        complaint = refused(await node.run(*words))
        assert f"cannot use the database {database_of(node)}: disk I/O error" in complaint

    node.program = ("-m", "fedorg")
    await node.command("restore", str(tmp_path / "backup.tar"))
