"""What keeps a node from growing for ever: every table that only logs has a time to live, and files nobody attached go.

Small chunks, one transaction each, so that the writer is never held long; what no index finds is looked for by reads.
Several processes at it only share the work.
"""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import Connection

from fedorg import log
from fedorg.jobs.deliver import GIVE_UP, LONGEST_DELAY
from fedorg.node import Node
from fedorg.services import files, introductions, partnerships, people
from fedorg.store import (
    active_days,
    announcements,
    attempts,
    audit,
    cards,
    completions,
    cursors,
    deliveries,
    expiry,
    home_timelines,
    ip_blocks,
    jobs,
    mail_links,
    media,
    notifications,
    pruning,
    removal,
    reports,
    reviews,
    seen,
    severances,
    strangers,
    tags,
    thread_mutes,
    warnings,
)
from fedorg.store import introductions as stored_introductions
from fedorg.store import partnerships as stored_partnerships
from fedorg.store import people as stored_people
from fedorg.store.notifications import requests
from fedorg.store.stale import Stale

CHUNK: Final = 500
# What goes with an account, or a status, stands in many tables, and each of them is looked through for it.
ACCOUNTS_CHUNK: Final = 10
PEOPLE_CHUNK: Final = 5
STATUSES_CHUNK: Final = 40
FILES_CHUNK: Final = 100
REVIVED_AFTER: Final = timedelta(days=1)
MEDIA_AGE: Final = timedelta(hours=24)
STRANGERS_AGE: Final = timedelta(days=30)
_CHUNKS_MAX: Final = 200
# Of large tables, only a part is looked at each time.
_STEPS: Final = 40
_STRANGERS_MAX: Final = 2_000
_STATUSES_MAX: Final = 20_000
_FILES_CHUNKS: Final = 10
# A report that is just being made is seen within this time.
_REPORTING: Final = timedelta(minutes=5)

logger = log.get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """Rows that ``forget`` (conn, before, limit) deletes once they are ``age`` old, ``chunk`` at a time."""

    name: str
    age: timedelta
    forget: Callable[[Connection, datetime, int], int]
    chunk: int = CHUNK


@dataclass(frozen=True, slots=True, kw_only=True)
class Search:
    """The same where looking takes long: ``find`` (conn, before, limit) reads, ``forget`` is given what it found."""

    name: str
    age: timedelta
    find: Callable[[Connection, datetime, int], Sequence[Any]]
    forget: Callable[[Connection, datetime, Sequence[Any]], int]


def _search(name: str, age: timedelta, stale: Stale) -> Search:
    return Search(name=name, age=age, find=stale.find, forget=stale.delete)


RULES: Final[Sequence[Rule | Search]] = (
    Rule(name="events", age=timedelta(hours=1), forget=expiry.delete_events),
    Rule(name="seen_activities", age=timedelta(days=30), forget=seen.delete_before),
    Rule(name="idempotency_keys", age=timedelta(days=1), forget=expiry.delete_idempotency_keys),
    Rule(name="attempts", age=timedelta(0), forget=attempts.delete_ended),
    Rule(name="sessions", age=timedelta(0), forget=expiry.delete_sessions),
    Rule(name="sign_in_links", age=timedelta(days=1), forget=expiry.delete_sign_in_links),
    Rule(name="mail_links", age=timedelta(0), forget=mail_links.delete_expired),
    Rule(name="ip_blocks", age=timedelta(0), forget=ip_blocks.delete_expired),
    # Nobody holds a name for longer by an address that may not be theirs.
    Rule(name="unconfirmed", age=timedelta(days=7), forget=removal.remove_unconfirmed, chunk=PEOPLE_CHUNK),
    # Nor without an answer of those who look after the node.
    Rule(name="unanswered", age=timedelta(days=180), forget=removal.remove_unanswered, chunk=PEOPLE_CHUNK),
    # A code stays a day longer than it holds: exchanging it again has to revoke what it gave.
    Rule(name="authorization_codes", age=timedelta(days=1), forget=expiry.delete_codes),
    _search("application_tokens", timedelta(days=30), expiry.APPLICATION_TOKENS),
    _search("applications", timedelta(days=7), expiry.APPLICATIONS),
    Rule(name="dead_deliveries", age=timedelta(days=30), forget=deliveries.delete_dead),
    _search("activities", timedelta(days=7), deliveries.DONE_ACTIVITIES),
    # After this an inbox that answered 410 is tried once more.
    Rule(name="gone_inboxes", age=timedelta(days=30), forget=deliveries.delete_gone_inboxes),
    Rule(name="dead_jobs", age=timedelta(days=30), forget=jobs.delete_dead),
    Rule(name="active_days", age=timedelta(days=400), forget=active_days.delete_before),
    Rule(name="home_timelines", age=timedelta(days=400), forget=home_timelines.forget_before),
    # The last delivery of a farewell is given up after a week.
    _search("keys_of_departed", timedelta(days=14), removal.KEYS_OF_DEPARTED),
    Rule(name="notifications", age=timedelta(days=400), forget=notifications.delete_before),
    Rule(name="severances", age=timedelta(days=400), forget=severances.delete_before),
    Rule(name="thread_mutes", age=timedelta(days=400), forget=thread_mutes.delete_ended),
    _search("notification_requests", timedelta(days=30), requests.EMPTY),
    Rule(name="resolved_reports", age=timedelta(days=400), forget=reports.delete_resolved),
    _search("unanswered_reports", timedelta(days=400), reports.UNANSWERED),
    Search(name="preview_cards", age=timedelta(days=14), find=cards.find_unused, forget=cards.delete_unused),
    Search(name="tags", age=timedelta(days=14), find=tags.find_unused, forget=tags.delete_unused),
    Rule(name="link_publishers", age=timedelta(days=30), forget=reviews.delete_publishers),
    Rule(name="account_warnings", age=timedelta(days=1100), forget=warnings.delete_before),
    Rule(name="introductions", age=timedelta(days=400), forget=stored_introductions.delete_retracted),
    Rule(name="partnerships", age=timedelta(days=400), forget=stored_partnerships.delete_ended),
    _search("colleagues", timedelta(days=30), stored_people.UNLISTED),
    Rule(name="announcements_of_others", age=timedelta(days=400), forget=announcements.delete_of_peers),
    Rule(name="audit_log", age=timedelta(days=1100), forget=audit.delete_before),
    Rule(name="completions", age=timedelta(days=2), forget=completions.delete_before),
    _search("peers_of_strangers", timedelta(days=90), strangers.PEERS),
    Rule(name="tombstones", age=timedelta(days=365), forget=expiry.delete_tombstones),
)


async def keep_up(node: Node) -> None:
    """Apply every rule until nothing is left for it."""
    await people.ask_siblings(node)
    await introductions.part_with_departed(node)
    await introductions.ask_siblings(node)
    await _give_up_overdue(node)
    await _revive_owed(node)
    await partnerships.expire_overdue(node)
    await partnerships.give_notice(node)
    await _forget_strangers(node)
    for rule in RULES:
        await _forget(node, rule)
    await _prune_statuses(node)
    await _forget_abandoned_media(node)
    await _sweep_files(node)


async def _forget(node: Node, rule: Rule | Search) -> None:
    rows = 0
    for _ in range(_CHUNKS_MAX):
        count, is_more = await _forget_some(node, rule)
        rows += count
        if not is_more:
            break
        await asyncio.sleep(0)
    if rows:
        logger.info("upkeep.forgotten", what=rule.name, rows=rows)


async def _forget_some(node: Node, rule: Rule | Search) -> tuple[int, bool]:
    """Apply a rule once: how many rows went, and whether there may be more."""
    before = node.now() - rule.age
    if isinstance(rule, Rule):
        count = await node.write(rule.forget, before, rule.chunk)
        return count, count >= rule.chunk
    found = await node.read(rule.find, before, CHUNK)
    count = await node.write(rule.forget, before, found) if found else 0
    return count, len(found) == CHUNK and count > 0


async def _give_up_overdue(node: Node) -> None:
    """Deliveries that stand behind others of an ill peer end with their week too, not with their number of tries."""
    rows = 0
    for _ in range(_CHUNKS_MAX):
        count = await node.write(
            deliveries.bury_overdue, node.now(), CHUNK, patience=GIVE_UP, longest_wait=LONGEST_DELAY
        )
        rows += count
        if count < CHUNK:
            break
        await asyncio.sleep(0)
    if rows:
        logger.info("delivery.overdue", rows=rows)


async def _revive_owed(node: Node) -> None:
    rows = await node.write(jobs.revive_owed, node.now() - REVIVED_AFTER, node.now())
    if rows:
        logger.warning("job.revived", jobs=rows)


async def _forget_strangers(node: Node) -> None:
    """Accounts of others that came to nothing: a part of them each time, from where the last time ended."""
    before = node.now() - STRANGERS_AGE
    rows = 0
    for _ in range(_STEPS):
        step = await node.read(strangers.look, before, CHUNK)
        for start in range(0, len(step.strangers), ACCOUNTS_CHUNK):
            some = step.strangers[start : start + ACCOUNTS_CHUNK]
            rows += await node.write(strangers.delete_accounts, before, some)
        await node.write(cursors.go_to, strangers.CURSOR, step.then)
        if step.looked_at < CHUNK or rows >= _STRANGERS_MAX:
            break
        await asyncio.sleep(0)
    if rows:
        logger.info("upkeep.forgotten", what="strangers", rows=rows)


async def _prune_statuses(node: Node) -> None:
    """Old statuses of others: a part of them each time, from where the last time ended."""
    days = node.settings.remote_status_days
    if days == 0:
        return
    before = node.now() - timedelta(days=days)
    reported_from = node.now() - _REPORTING
    reported = await node.read(pruning.reported_threads)
    rows = 0
    for _ in range(_STEPS):
        step = await node.read(pruning.look, before, CHUNK, reported)
        rows += await _forget_threads(node, before, reported_from, step.threads, _STATUSES_MAX - rows)
        if rows >= _STATUSES_MAX:
            # Whatever is left of these threads comes next time.
            break
        await node.write(cursors.go_to, pruning.CURSOR, step.then)
        if step.looked_at < CHUNK:
            break
        await asyncio.sleep(0)
    if rows:
        logger.info("upkeep.pruned", statuses=rows)


async def _forget_threads(
    node: Node, before: datetime, reported_from: datetime, threads: Sequence[int], most: int
) -> int:
    rows, after = 0, 0
    while threads and rows < most:
        ids = await node.read(pruning.list_statuses, threads, after, STATUSES_CHUNK)
        if not ids:
            break
        is_more = True
        while is_more:
            count, is_more = await node.write(pruning.forget, before, ids, STATUSES_CHUNK, reported_from=reported_from)
            rows += count
        after = ids[-1]
    return rows


async def _forget_abandoned_media(node: Node) -> None:
    """Files uploaded and never attached; the rows go first, so that no row ever names a file that is gone."""

    def unit(conn: Connection) -> set[str]:
        abandoned = media.take_abandoned(conn, node.now() - MEDIA_AGE, FILES_CHUNK)
        names = {name for attachment in abandoned for name in attachment.stored_names}
        files.let_go(conn, node, names)
        return names

    rows = 0
    for _ in range(_FILES_CHUNKS):
        names = await node.write(unit)
        await files.drop(node, names)
        rows += len(names)
        if not names:
            break
    if rows:
        logger.info("upkeep.forgotten", what="media", rows=rows)


async def _sweep_files(node: Node) -> None:
    """What processes left behind that were killed while they made or stored files."""
    count = await files.sweep(node)
    if count:
        logger.info("upkeep.swept", files=count)
