"""What keeps a node from growing for ever: every table that only logs has a time to live, and files nobody attached go.

Small chunks, one transaction each, so that the writer is never held long. Several processes at it only share the work.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

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

CHUNK: Final = 500
MEDIA_AGE: Final = timedelta(hours=24)
_CHUNKS_MAX: Final = 200
_PRUNED_CHUNKS: Final = 40

logger = log.get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """Rows that ``forget`` (conn, before, limit) deletes once they are ``age`` old."""

    name: str
    age: timedelta
    forget: Callable[[Connection, datetime, int], int]


RULES: Final = (
    Rule(name="events", age=timedelta(hours=1), forget=expiry.delete_events),
    Rule(name="seen_activities", age=timedelta(days=30), forget=seen.delete_before),
    Rule(name="idempotency_keys", age=timedelta(days=1), forget=expiry.delete_idempotency_keys),
    Rule(name="attempts", age=timedelta(0), forget=attempts.delete_ended),
    Rule(name="sessions", age=timedelta(0), forget=expiry.delete_sessions),
    Rule(name="sign_in_links", age=timedelta(days=1), forget=expiry.delete_sign_in_links),
    Rule(name="mail_links", age=timedelta(0), forget=mail_links.delete_expired),
    Rule(name="ip_blocks", age=timedelta(0), forget=ip_blocks.delete_expired),
    # Nobody holds a name for longer by an address that may not be theirs.
    Rule(name="unconfirmed", age=timedelta(days=7), forget=removal.remove_unconfirmed),
    # A code stays a day longer than it holds: exchanging it again has to revoke what it gave.
    Rule(name="authorization_codes", age=timedelta(days=1), forget=expiry.delete_codes),
    Rule(name="application_tokens", age=timedelta(days=30), forget=expiry.delete_application_tokens),
    Rule(name="applications", age=timedelta(days=7), forget=expiry.delete_applications),
    Rule(name="dead_deliveries", age=timedelta(days=30), forget=deliveries.delete_dead),
    Rule(name="activities", age=timedelta(days=7), forget=deliveries.delete_done_activities),
    # After this an inbox that answered 410 is tried once more.
    Rule(name="gone_inboxes", age=timedelta(days=30), forget=deliveries.delete_gone_inboxes),
    Rule(name="dead_jobs", age=timedelta(days=30), forget=jobs.delete_dead),
    Rule(name="active_days", age=timedelta(days=400), forget=active_days.delete_before),
    Rule(name="home_timelines", age=timedelta(days=400), forget=home_timelines.forget_before),
    # The last delivery of a farewell is given up after a week.
    Rule(name="keys_of_departed", age=timedelta(days=14), forget=removal.delete_keys_of_departed),
    Rule(name="notifications", age=timedelta(days=400), forget=notifications.delete_before),
    Rule(name="severances", age=timedelta(days=400), forget=severances.delete_before),
    Rule(name="thread_mutes", age=timedelta(days=400), forget=thread_mutes.delete_ended),
    Rule(name="notification_requests", age=timedelta(days=30), forget=requests.delete_empty),
    Rule(name="resolved_reports", age=timedelta(days=400), forget=reports.delete_resolved),
    Rule(name="preview_cards", age=timedelta(days=14), forget=cards.delete_unused),
    Rule(name="tags", age=timedelta(days=14), forget=tags.delete_unused),
    Rule(name="link_publishers", age=timedelta(days=30), forget=reviews.delete_publishers),
    Rule(name="account_warnings", age=timedelta(days=1100), forget=warnings.delete_before),
    Rule(name="introductions", age=timedelta(days=400), forget=stored_introductions.delete_retracted),
    Rule(name="partnerships", age=timedelta(days=400), forget=stored_partnerships.delete_ended),
    Rule(name="colleagues", age=timedelta(days=30), forget=stored_people.forget_unlisted),
    Rule(name="announcements_of_others", age=timedelta(days=400), forget=announcements.delete_of_peers),
    Rule(name="audit_log", age=timedelta(days=1100), forget=audit.delete_before),
    Rule(name="completions", age=timedelta(days=2), forget=completions.delete_before),
    Rule(name="strangers", age=timedelta(days=30), forget=strangers.delete_accounts),
    Rule(name="peers_of_strangers", age=timedelta(days=90), forget=strangers.delete_peers),
    Rule(name="tombstones", age=timedelta(days=365), forget=expiry.delete_tombstones),
)


async def keep_up(node: Node) -> None:
    """Apply every rule until nothing is left for it."""
    await people.ask_siblings(node)
    await introductions.part_with_departed(node)
    await introductions.ask_siblings(node)
    await _give_up_overdue(node)
    await partnerships.expire_overdue(node)
    await partnerships.give_notice(node)
    for rule in RULES:
        rows = 0
        for _ in range(_CHUNKS_MAX):
            count = await node.write(rule.forget, node.now() - rule.age, CHUNK)
            rows += count
            if count < CHUNK:
                break
            await asyncio.sleep(0)
        if rows:
            logger.info("upkeep.forgotten", what=rule.name, rows=rows)
    await _prune_statuses(node)
    await _forget_abandoned_media(node)
    await _sweep_files(node)


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


async def _prune_statuses(node: Node) -> None:
    """Old statuses of others: a part of them each time, from where the last time ended."""
    days = node.settings.remote_status_days
    if days == 0:
        return
    rows = 0
    for _ in range(_PRUNED_CHUNKS):
        step = await node.write(pruning.prune, node.now() - timedelta(days=days), CHUNK)
        rows += step.forgotten
        if step.looked_at < CHUNK:
            break
        await asyncio.sleep(0)
    if rows:
        logger.info("upkeep.pruned", statuses=rows)


async def _forget_abandoned_media(node: Node) -> None:
    """Files uploaded and never attached; the rows go first, so that no row ever names a file that is gone."""

    def unit(conn: Connection) -> set[str]:
        abandoned = media.take_abandoned(conn, node.now() - MEDIA_AGE, CHUNK)
        names = {name for attachment in abandoned for name in attachment.stored_names}
        files.let_go(conn, node, names)
        return names

    names = await node.write(unit)
    await files.drop(node, names)
    if names:
        logger.info("upkeep.forgotten", what="media", rows=len(names))


async def _sweep_files(node: Node) -> None:
    """What processes left behind that were killed while they made or stored files."""
    count = await files.sweep(node)
    if count:
        logger.info("upkeep.swept", files=count)
