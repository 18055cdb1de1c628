"""``fedorg doctor``: what is wrong with a node, and what to do about it."""

import os
import stat
import sys
import tempfile
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from pathlib import Path
from typing import Final

import click

from fedorg import app
from fedorg.cli.base import Context, print_json, require_begun, run
from fedorg.cli.printing import console, in_minutes
from fedorg.config import Settings, SmtpServer
from fedorg.errors import NO_ROOM, Failing, FedorgError, NoRoom, SettingsError
from fedorg.jobs.mail import check_server
from fedorg.node import FetchError, Node
from fedorg.services import health, registration
from fedorg.store import migrate
from fedorg.store.engine import open_database, reason_of
from fedorg.store.units import failing_of, is_unwritable

SKEW_MAX: Final = timedelta(seconds=30)
FREE_BYTES_MIN: Final = 500 * 1024 * 1024
FREE_FILES_MIN: Final = 10_000
WAITING_MAX: Final = timedelta(minutes=10)


class Verdict(StrEnum):
    """How a check ended."""

    OK = "ok"
    WARNING = "warning"
    FAULT = "fault"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What a check found, and what to do if it is not fine."""

    check: str
    verdict: Verdict
    found: str
    advice: str = ""


_ROOM: Final = "Make room, or move FEDORG_DATA_DIR to a larger disk; `df -i` shows whether files are all used up."
_UNOPENED: Final = {
    "sqlite": "End what else has the file open, give the user of fedorg access to it, or correct FEDORG_DATABASE_URL.",
    "postgresql": "Start the database server, or correct FEDORG_DATABASE_URL.",
}
_MARKS: Final = {Verdict.OK: "[green]ok[/]", Verdict.WARNING: "[yellow]warning[/]", Verdict.FAULT: "[red]fault[/]"}


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_obj
def doctor(context: Context, *, as_json: bool) -> None:
    """Check database, migrations, clock, keys, storage, mail, work, public URL and WebFinger; say what to do.

    The node should be running, since its public address is asked from outside in. Exit code 1 when there is a fault.

    \b
    Examples:
      fedorg doctor
      fedorg doctor --json
    """
    settings = context.settings()

    async def examine() -> list[Finding]:
        return [finding async for finding in _examine(settings)]

    findings = run(examine)
    if as_json:
        print_json(findings)
    else:
        for finding in findings:
            console.print(
                f"{_MARKS[finding.verdict]:<20} [bold]{finding.check}[/]: {finding.found}",
                highlight=False,
                soft_wrap=True,
            )
            if finding.advice:
                console.print(f"        → {finding.advice}", highlight=False, soft_wrap=True)
    if any(finding.verdict is Verdict.FAULT for finding in findings):
        raise SystemExit(1)


async def _examine(settings: Settings) -> AsyncIterator[Finding]:
    absence = await _absence(settings)
    if absence is not None:
        yield absence
        return
    yield _storage(settings)
    if settings.smtp is not None:
        yield await _mail(settings, settings.smtp)
    database = await _database(settings)
    yield database
    if database.verdict is Verdict.FAULT:
        return
    migrations = await _migrations(settings)
    yield migrations
    if migrations.verdict is Verdict.FAULT:
        return
    try:
        async with app.open_node(settings) as node:
            async for finding in _examine_node(node):
                yield finding
    except (FedorgError, Failing) as error:
        yield Finding(check="node", verdict=Verdict.FAULT, found=str(error))


async def _examine_node(node: Node) -> AsyncIterator[Finding]:
    yield await _keys(node)
    yield await _work(node)
    if not node.settings.is_secure and not node.settings.insecure_loopback:
        yield _only_here(node.settings)
        return
    reached, clock = await _public_url(node)
    yield reached
    yield clock
    yield await _webfinger(node)


async def _absence(settings: Settings) -> Finding | None:
    """That there is no node; a database that cannot be asked is told of when it is opened."""
    try:
        await require_begun(settings)
    except SettingsError as error:
        return Finding(check="database", verdict=Verdict.FAULT, found=str(error))
    except FedorgError:
        return None
    return None


def _only_here(settings: Settings) -> Finding:
    return Finding(
        check="public url",
        verdict=Verdict.WARNING,
        found=f"{settings.public_url} is this machine only: no other server can reach the node",
        advice="To federate, give it a host name and HTTPS before people come: deploy/README.md shows how.",
    )


def _storage(settings: Settings) -> Finding:
    folder = settings.data_dir
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        access = "Give the user that runs fedorg write access, or set FEDORG_DATA_DIR."
        return Finding(
            check="storage",
            verdict=Verdict.FAULT,
            found=f"{folder} cannot be written: {error.strerror}",
            advice=_ROOM if error.errno in NO_ROOM else access,
        )
    if (locked := _locked_folder(settings.media_dir)) is not None:
        return Finding(
            check="storage",
            verdict=Verdict.FAULT,
            found=f"{locked} cannot be written: pictures and films are kept there",
            advice=f"Give the user that runs fedorg all of {folder}, as after a copy that another user made.",
        )
    free, free_files = _free(folder)
    if free_files < FREE_FILES_MIN:
        return Finding(
            check="storage",
            verdict=Verdict.WARNING,
            found=f"only {free_files} more files can be made in {folder}",
            advice=_ROOM,
        )
    if free < FREE_BYTES_MIN:
        return Finding(
            check="storage",
            verdict=Verdict.WARNING,
            found=f"only {free // 2**20} MiB are free in {folder}",
            advice=_ROOM,
        )
    if folder.stat().st_mode & stat.S_IRWXO:
        return Finding(
            check="storage",
            verdict=Verdict.WARNING,
            found=f"{folder} can be read by others on this machine",
            advice=f"It holds what members do not show to everybody: chmod 700 {folder}",
        )
    return Finding(check="storage", verdict=Verdict.OK, found=f"{folder} is writable, {free // 2**30} GiB free")


async def _mail(settings: Settings, server: SmtpServer) -> Finding:
    problem = await check_server(settings, server)
    where = f"{server.host}:{server.port}"
    if problem is None:
        way = {"tls": "over TLS", "starttls": "with STARTTLS", "none": "without encryption"}[server.security]
        return Finding(check="mail", verdict=Verdict.OK, found=f"{where} takes letters {way}")
    advice = "Correct FEDORG_SMTP_URL; an authority of your own goes into FEDORG_CA_FILE."
    return Finding(check="mail", verdict=Verdict.FAULT, found=f"{where}: {problem}", advice=advice)


def _locked_folder(root: Path) -> Path | None:
    """The first of the folders of media in which this user may make no file."""
    folders = (root, *root.iterdir()) if root.is_dir() and os.access(root, os.R_OK | os.X_OK) else (root,)
    return next((one for one in folders if one.is_dir() and not os.access(one, os.W_OK | os.X_OK)), None)


def _free(folder: Path) -> tuple[int, int]:
    """How many bytes and how many files there is room for; some file systems count no files."""
    state = os.statvfs(folder)
    return state.f_bavail * state.f_frsize, state.f_favail if state.f_files else sys.maxsize


async def _database(settings: Settings) -> Finding:
    kind = settings.database.split(":", 1)[0]
    try:
        database = await open_database(settings.database)
    except FedorgError as error:
        return Finding(
            check="database",
            verdict=Verdict.FAULT,
            found=str(error),
            advice=_advice_on(error) or _UNOPENED[kind],
        )
    try:
        await database.write(health.write_nothing)
    except Failing as error:
        return Finding(
            check="database",
            verdict=Verdict.FAULT,
            found=f"{kind} answers, and nothing can be written: {reason_of(error.__cause__ or error)}",
            advice=_advice_on(error) or "Another program may hold it: try again, and look what has it open.",
        )
    finally:
        await database.close()
    return Finding(check="database", verdict=Verdict.OK, found=f"{kind} answers")


def _advice_on(error: Exception) -> str:
    """What to do when a database is full, or may only be read; nothing for other reasons."""
    problem: BaseException | None = error
    while problem is not None:
        if isinstance(problem, NoRoom) or isinstance(failing_of(problem), NoRoom):
            return _ROOM
        if is_unwritable(problem):
            return "Give the user or the role of fedorg the right to write, of a file to those beside it as well."
        problem = problem.__cause__
    return ""


async def _migrations(settings: Settings) -> Finding:
    state = await migrate.check(settings.database)
    return Finding(
        check="migrations",
        verdict=Verdict.OK if state.is_current else Verdict.FAULT,
        found=state.explain(),
    )


async def _keys(node: Node) -> Finding:
    problems = await health.key_problems(node)
    if problems:
        return Finding(
            check="keys",
            verdict=Verdict.FAULT,
            found="; ".join(problems),
            advice="Restore the database from a backup: peers know this node by its keys.",
        )
    return Finding(check="keys", verdict=Verdict.OK, found="the keys of the node and of its people are whole")


async def _work(node: Node) -> Finding:
    queue = await health.queue_state(node)
    if queue.oldest_waiting_at is not None and node.now() - queue.oldest_waiting_at > WAITING_MAX:
        return Finding(
            check="work",
            verdict=Verdict.WARNING,
            found=f"{queue.waiting} jobs or deliveries wait, since {in_minutes(queue.oldest_waiting_at)} UTC",
            advice="Start `fedorg serve` or `fedorg work`; see `fedorg peer list` for servers that do not answer.",
        )
    found = f"{queue.waiting} jobs and deliveries wait, {queue.dead} have failed for good"
    return Finding(check="work", verdict=Verdict.OK, found=found)


async def _public_url(node: Node) -> tuple[Finding, Finding]:
    address = f"{node.settings.public_url}/health"
    clock = Finding(
        check="clock",
        verdict=Verdict.WARNING,
        found="could not be compared",
        advice="Make the public URL answer first.",
    )
    try:
        answer = await node.client.fetch_json(address, ("application/json",))
    except FetchError as error:
        advice = "Start the node and its reverse proxy, and check that FEDORG_PUBLIC_URL leads to them."
        found = _unanswered(address, error)
        return Finding(check="public url", verdict=Verdict.FAULT, found=found, advice=advice), clock
    reached = Finding(check="public url", verdict=Verdict.OK, found=f"{node.settings.public_url} answers")
    if answer.answered_at is not None:
        skew = abs(node.now() - answer.answered_at)
        clock = Finding(
            check="clock",
            verdict=Verdict.OK if skew <= SKEW_MAX else Verdict.FAULT,
            found=f"differs by {skew.total_seconds():.0f} s from that of the public URL",
            advice="" if skew <= SKEW_MAX else "Switch on time synchronisation (NTP): signatures carry the time.",
        )
    return reached, clock


def _unanswered(address: str, error: FetchError) -> str:
    """What was asked for, and where that led."""
    return str(error) if error.url == address else f"{address}: {error}"


async def _webfinger(node: Node) -> Finding:
    """Ask for the node actor as a stranger would: by handle domain, over the public address."""
    domain, scheme = node.settings.domain, node.settings.public_url.split(":", 1)[0]
    actor = await registration.ensure_node_actor(node)
    address = f"{scheme}://{domain}/.well-known/webfinger?resource=acct:{actor.username}@{domain}"
    public_url = node.settings.public_url
    advice = f"Have {domain} answer /.well-known/webfinger with what {public_url} answers: see deploy/README.md."
    try:
        answer = await node.client.fetch_json(address, ("application/jrd+json", "application/json"))
    except FetchError as error:
        return Finding(check="webfinger", verdict=Verdict.FAULT, found=_unanswered(address, error), advice=advice)
    links = answer.json.get("links") if isinstance(answer.json, dict) else None
    found = [
        link.get("href")
        for link in (links if isinstance(links, list) else [])
        if isinstance(link, dict) and link.get("rel") == "self"
    ]
    if node.uris.node_actor not in found:
        return Finding(
            check="webfinger",
            verdict=Verdict.FAULT,
            found=f"{domain} answers for somebody else: {found}",
            advice=advice,
        )
    return Finding(check="webfinger", verdict=Verdict.OK, found=f"{domain} leads to {node.uris.node_actor}")
