"""Editing: what a status says may change, whom it is for may not; every earlier version is kept."""

import contextlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import Connection

from fedorg.domain.accounts import Account
from fedorg.domain.events import EventKind
from fedorg.domain.jobs import DistributeEdit
from fedorg.domain.policies import QuotePolicy, effective_quote_policy
from fedorg.domain.polls import Poll, PollTerms
from fedorg.domain.statuses import MediaAttachment, MediaChange, Status, StatusChange, StatusEdit, Tag
from fedorg.domain.visibility import Audience, FederationMode
from fedorg.errors import Conflict, Forbidden, Invalid, NotFound
from fedorg.ids import EditId, IdSource, StatusId
from fedorg.node import Node
from fedorg.services import cards
from fedorg.services.statuses import indexing, polling, quoting
from fedorg.services.statuses.composing import MEDIA_MAX, Composed, check_addressees, check_tags, compose
from fedorg.services.statuses.posting import attach_media
from fedorg.store import accounts, edits, events, jobs, media, polls, quotes, statuses, tags

_ATTEMPTS_MAX: Final = 3


class _ChangedMeanwhile(Exception):
    """Another edit came first, and this one was made of what the status said before it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Editing:
    """Everything that is known before the transaction; ``before`` is what the rest was made of."""

    node: Node
    author: Account
    before: Status
    change: StatusChange
    composed: Composed
    terms: PollTerms | None


async def edit_status(
    node: Node,
    author: Account,
    status_id: StatusId,
    change: StatusChange,
    *,
    also: Callable[[Connection], None] | None = None,
) -> Status:
    """Change a status of ``author``; the version before is kept. ``NotFound`` for anybody else's.

    An edit that changes nothing is no edit. ``also`` runs first in the transaction that edits. Raises ``Invalid`` for
    what it says, and ``Conflict`` where the status was changed again and again meanwhile.
    """
    if change.media_ids is not None and len(change.media_ids) > MEDIA_MAX:
        raise Invalid(f"Cannot attach more than {MEDIA_MAX} files")

    def unit(conn: Connection, editing: _Editing) -> Status:
        if also is not None:
            also(conn)
        return _record_edit(conn, editing)

    for _ in range(_ATTEMPTS_MAX):
        with contextlib.suppress(_ChangedMeanwhile):
            return await node.write(unit, await _prepare(node, author, status_id, change))
    raise Conflict("This post was changed at the same time. Please try again!")


async def _prepare(node: Node, author: Account, status_id: StatusId, change: StatusChange) -> _Editing:
    terms = polling.read_terms(node.settings, change.poll, node.now())
    before, attached = await node.read(_get_own, author, status_id)
    polling.require_no_media(terms, attached if change.media_ids is None else change.media_ids)
    composed = await compose(
        node,
        before.text if change.text is None else change.text,
        before.spoiler_text if change.spoiler_text is None else change.spoiler_text,
        has_media=bool(attached if change.media_ids is None else change.media_ids),
    )
    return _Editing(node=node, author=author, before=before, change=change, composed=composed, terms=terms)


def _get_own(conn: Connection, author: Account, status_id: StatusId) -> tuple[Status, tuple[MediaAttachment, ...]]:
    status = statuses.find(conn, status_id)
    if status is None or status.account_id != author.id or status.reblog_of_id is not None:
        raise NotFound
    return status, media.list_of_statuses(conn, [status_id]).get(status_id, ())


def keep_version(
    conn: Connection, ids: IdSource, status: Status, attached: tuple[MediaAttachment, ...], poll: Poll | None
) -> None:
    """Keep a status as it stands, before it changes."""
    edit = StatusEdit(
        id=EditId(ids.next()),
        status_id=status.id,
        account_id=status.account_id,
        text=status.text,
        content=status.content,
        spoiler_text=status.spoiler_text,
        sensitive=status.sensitive,
        media=attached,
        poll_options=None if poll is None else poll.options,
        created_at=status.edited_at or status.created_at,
    )
    edits.insert(conn, edit)


def _record_edit(conn: Connection, editing: _Editing) -> Status:
    node, author, change, composed = editing.node, editing.author, editing.change, editing.composed
    before = statuses.get_own_for_update(conn, author.id, editing.before.id)
    # To find those whom a text names may take a while.
    if _is_outdated(editing, before):
        raise _ChangedMeanwhile
    if accounts.get_for_update(conn, author.id).suspended_at is not None:
        raise Forbidden("This account may not post")
    if not _is_same_ring(before.audience, change):
        # Other servers cannot be told that what they have is for fewer, nor may those who wrote below it for more.
        raise Invalid("Validation failed: an edit cannot change how far a post goes; delete it and post it anew")
    attached = media.list_of_statuses(conn, [before.id]).get(before.id, ())
    poll = polls.hold_of_status(conn, before.id)
    check_addressees(
        conn,
        FederationMode(node.settings.federation_mode),
        before.audience,
        _newly_named(conn, before, composed),
        answered=None if before.in_reply_to_id is None else statuses.find(conn, before.in_reply_to_id),
    )
    check_tags(conn, _newly_used(conn, before, composed))
    if change.media_ids is not None:
        attach_media(conn, author, before, change.media_ids)
    for changed in change.media_changes:
        _change_media(conn, author, before, changed)
    if change.quote_policy is not None:
        change_quote_policy(conn, node, before, change.quote_policy)
    after = _changed(before, change, _with_reference(conn, before, composed), node.now())
    now_attached = media.list_of_statuses(conn, [before.id]).get(before.id, ())
    is_same = replace(after, edited_at=before.edited_at) == before and now_attached == attached
    if is_same and not polling.differs(poll, editing.terms):
        return before
    keep_version(conn, node.ids, before, attached, poll)
    statuses.update_content(conn, after)
    polling.change(conn, node, before, poll, editing.terms)
    named = {account.id for account in composed.mentions} | quoting.addressed(before, _quoted(conn, before))
    statuses.mention_anew(conn, before.id, named)
    tags.unlink_all(conn, before.id)
    tags.link(conn, node.ids, node.now(), before, composed.tags)
    indexing.index(conn, after)
    cards.request(conn, node, after)
    edited_at = after.edited_at or node.now()
    jobs.enqueue(conn, node.ids, node.now(), DistributeEdit(status_id=before.id, edited_at=edited_at))
    events.insert(conn, node.now(), EventKind.STATUS_UPDATE, author.id, before.id)
    return after


def _is_outdated(editing: _Editing, current: Status) -> bool:
    """Whether the status says something else by now in a part that the edit leaves as it is."""
    change, before = editing.change, editing.before
    is_other_text = change.text is None and current.text != before.text
    return is_other_text or (change.spoiler_text is None and current.spoiler_text != before.spoiler_text)


def change_quote_policy(conn: Connection, node: Node, status: Status, policy: QuotePolicy) -> None:
    """Let others quote a local status from now on as ``policy`` says; what was allowed stays allowed."""
    effective = effective_quote_policy(policy, status.audience.visibility)
    if effective is not status.quote_policy:
        statuses.set_quote_policy(conn, status.id, effective)
        quoting.queue_refresh(conn, node, status.id, node.now())


def _is_same_ring(audience: Audience, change: StatusChange) -> bool:
    is_same_reach = change.reach in (None, audience.reach)
    return is_same_reach and (change.partners is None or {*change.partners} == audience.partners)


def _with_reference(conn: Connection, before: Status, composed: Composed) -> Composed:
    quoted = _quoted(conn, before)
    if quoted is None:
        return composed
    return replace(composed, content=quoting.with_reference(composed.content, composed.text, quoted))


def _quoted(conn: Connection, status: Status) -> Status | None:
    quote = quotes.find_of_status(conn, status.id)
    return None if quote is None or quote.quoted_status_id is None else statuses.find(conn, quote.quoted_status_id)


def _newly_named(conn: Connection, before: Status, composed: Composed) -> tuple[Account, ...]:
    """Those already named were admitted when they were named; that may have changed and is no reason to refuse."""
    known = statuses.mentioned_ids(conn, before.id)
    return tuple(account for account in composed.mentions if account.id not in known)


def _newly_used(conn: Connection, before: Status, composed: Composed) -> list[Tag]:
    """A hashtag that was allowed when it was used may stay."""
    known = {tag.name for tag in tags.list_of_statuses(conn, [before.id]).get(before.id, ())}
    return [tag for tag in composed.tags if tag.name not in known]


def _change_media(conn: Connection, author: Account, status: Status, changed: MediaChange) -> None:
    try:
        media.change(conn, author.id, status.id, changed)
    except NotFound:
        raise Invalid(f"Validation failed: Media {changed.media_id} is not attached to this post") from None


def _changed(before: Status, change: StatusChange, composed: Composed, now: datetime) -> Status:
    latest = before.edited_at or before.created_at
    sensitive = before.sensitive if change.sensitive is None else change.sensitive
    return replace(
        before,
        text=composed.text,
        content=composed.content,
        spoiler_text=composed.spoiler_text,
        sensitive=sensitive or bool(composed.spoiler_text),
        emojis=composed.emojis,
        language=before.language if change.language is None else change.language,
        # Two edits in one millisecond are two versions.
        edited_at=max(now, latest + timedelta(milliseconds=1)),
    )
