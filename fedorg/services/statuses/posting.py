"""Posting: defaults, limits and reach of a new status, and the one transaction that makes it.

An author chooses visibility and reach; what is not chosen is the author's default inside the node's. A reply takes the
reach of what it answers and is never wider (blueprint §4); nor is a quote wider than what it quotes. A direct status
has no reach but its addressees: the widest that the node's mode allows, each of them being checked.
"""

import contextlib
import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import Connection

from fedorg.domain.accounts import Account, User
from fedorg.domain.conversations import Message
from fedorg.domain.events import EventKind
from fedorg.domain.jobs import DistributeStatus
from fedorg.domain.media import MediaState
from fedorg.domain.policies import Action, QuotePolicy, effective_quote_policy
from fedorg.domain.polls import PollTerms
from fedorg.domain.statuses import MediaAttachment, MediaType, Status, StatusDraft, StatusView
from fedorg.domain.visibility import (
    Audience,
    FederationMode,
    Reach,
    Visibility,
    narrower_reach,
    narrower_visibility,
    widest_reach,
    within,
)
from fedorg.errors import Forbidden, Invalid, NotFound
from fedorg.ids import AccountId, ConversationId, MediaId, StatusId
from fedorg.node import Node
from fedorg.services import cards
from fedorg.services.residence import require_not_moved
from fedorg.services.statuses import indexing, naming, polling, quoting
from fedorg.services.statuses.composing import MEDIA_MAX, Composed, check_addressees, check_tags, compose
from fedorg.services.statuses.permissions import require_allowed
from fedorg.store import accounts, conversations, events, home_timelines, jobs, media, statuses, tags, views
from fedorg.uris import is_one_server

KEY_KEPT: Final = timedelta(hours=1)
_KEY_CHARACTERS_MAX: Final = 255
_LANGUAGE_CHARACTERS_MAX: Final = 16
PARENT_MISSING: Final = "The post you are trying to reply to does not appear to exist."


class _AlreadyPosted(Exception):
    """Another request with the same idempotency key was first; this one leaves no trace."""


class _Rehearsed(Exception):
    """The draft could be posted; what was done to find out is undone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Posting:
    """Everything that is known before the transaction."""

    node: Node
    author: Account
    user: User | None
    draft: StatusDraft
    composed: Composed
    terms: PollTerms | None
    key: str | None
    now: datetime
    also: Callable[[Connection], None] | None


async def post_status(
    node: Node,
    author: Account,
    user: User | None,
    draft: StatusDraft,
    *,
    also: Callable[[Connection], None] | None = None,
) -> Status:
    """Post for ``author``; ``user`` gives the defaults of the person who writes.

    The same ``idempotency_key`` within an hour gives the status that was posted first. ``also`` runs first in the
    transaction that posts, and undoes it by raising. Raises ``Invalid`` for what the draft says, ``NotFound`` when it
    answers or quotes what the author cannot see, and ``Forbidden`` when the author of that does not want it.
    """
    posting = await _prepare(node, author, user, draft, also)
    if posting.key is not None:
        posted = await node.read(statuses.find_posted, author.id, posting.key, posting.now - KEY_KEPT)
        if posted is not None:
            return posted
    try:
        return await node.write(_record, posting)
    except _AlreadyPosted:
        return await node.read(_get_posted, posting)


async def check_draft(node: Node, author: Account, user: User | None, draft: StatusDraft) -> None:
    """Raise what ``post_status`` would raise; nothing is posted."""
    posting = await _prepare(node, author, user, replace(draft, idempotency_key=None), None)

    def rehearse(conn: Connection) -> None:
        _record(conn, posting)
        raise _Rehearsed

    with contextlib.suppress(_Rehearsed):
        await node.write(rehearse)


async def _prepare(
    node: Node, author: Account, user: User | None, draft: StatusDraft, also: Callable[[Connection], None] | None
) -> _Posting:
    """Everything that is to be asked or read before the transaction."""
    _require_good_standing(author)
    if len(draft.media_ids) > MEDIA_MAX:
        raise Invalid(f"Cannot attach more than {MEDIA_MAX} files")
    now = node.now()
    terms = polling.read_terms(node.settings, draft.poll, now)
    polling.require_no_media(terms, draft.media_ids)
    return _Posting(
        node=node,
        author=author,
        user=user,
        draft=draft,
        composed=await compose(
            node,
            draft.text,
            draft.spoiler_text,
            has_media=bool(draft.media_ids),
            options=() if terms is None else terms.options,
        ),
        terms=terms,
        key=_bounded(draft.idempotency_key),
        now=now,
        also=also,
    )


def list_default_reaches(node: Node) -> list[Reach]:
    """What a user may choose as a default, the narrowest first."""
    return [reach for reach in Reach if reach.width <= Reach(node.settings.default_reach).width]


def default_reach(node: Node, user: User | None) -> Reach:
    """How far a status goes that says nothing about it: the node's default, or the user's where that is narrower."""
    default = Reach(node.settings.default_reach)
    return default if user is None or user.default_reach is None else narrower_reach(default, user.default_reach)


def _record(conn: Connection, posting: _Posting) -> Status:
    if posting.also is not None:
        posting.also(conn)
    parent = _get_parent(conn, posting)
    # To find those whom a text names may take a while.
    posting = replace(posting, author=accounts.get_for_update(conn, posting.author.id))
    _require_good_standing(posting.author)
    # Whoever blocks the author holds them too: they see the quote and end it, or it is refused here.
    quoted = (
        None
        if posting.draft.quoted_status_id is None
        else quoting.get_quoted(conn, posting.now, posting.author, posting.draft.quoted_status_id)
    )
    node, author, draft, composed = posting.node, posting.author, posting.draft, posting.composed
    audience = _audience(conn, posting, parent, quoted)
    _check_audience(conn, posting, audience, parent, quoted)
    check_tags(conn, composed.tags)
    status = _new_status(posting, parent, quoted, audience)
    status = replace(status, context_uri=_context(conn, node, status))
    statuses.insert(conn, status, is_local=True)
    if posting.key is not None and not statuses.claim_key(
        conn, author.id, posting.key, status.id, now=posting.now, since=posting.now - KEY_KEPT
    ):
        raise _AlreadyPosted
    attached = attach_media(conn, author, status, draft.media_ids) if draft.media_ids else ()
    polling.attach(conn, node, status, posting.terms)
    named = {account.id for account in composed.mentions}
    addressed = frozenset(named | quoting.addressed(status, None if quoted is None else quoted.status))
    statuses.mention(conn, status.id, addressed)
    talked = _talk(conn, node, status, addressed)
    if quoted is not None:
        quoting.begin(conn, node, status, quoted)
    tags.link(conn, node.ids, posting.now, status, composed.tags)
    statuses.count_status(conn, status, 1)
    indexing.index_new(conn, status, attached, () if posting.terms is None else posting.terms.options)
    cards.request_new(conn, node, status)
    announce(conn, node, status)
    events.insert_many(conn, posting.now, EventKind.CONVERSATION, talked)
    return status


def _talk(
    conn: Connection, node: Node, status: Status, addressed: frozenset[AccountId]
) -> Sequence[tuple[AccountId, ConversationId]]:
    """Let what is for addressees only go on in the author's own conversation; theirs grow when they are told."""
    if status.audience.visibility is not Visibility.DIRECT:
        return ()
    message = Message(status_id=status.id, thread_id=status.thread_id, author_id=status.account_id, named=addressed)
    return conversations.add(conn, node.ids, [status.account_id], message)


def announce(conn: Connection, node: Node, status: Status) -> None:
    """Put a new local status (or boost) on its author's home timeline and streams, and queue it for everybody else.

    What one boosts where it stands already, it shows no second time, as with the boosts of others.
    """
    now = node.now()
    jobs.enqueue(conn, node.ids, now, DistributeStatus(status_id=status.id))
    if status.reblog_of_id is None or not home_timelines.list_having(conn, [status.account_id], status):
        home_timelines.insert_home(conn, [status.account_id], status)
        events.insert(conn, now, EventKind.UPDATE, status.account_id, status.id)


# Mastodon's clients show a film or a sound by itself.
_ALONE: Final = frozenset({MediaType.VIDEO, MediaType.AUDIO})


def attach_media(
    conn: Connection, author: Account, status: Status, media_ids: tuple[MediaId, ...]
) -> tuple[MediaAttachment, ...]:
    """Give a status its files; ``Invalid`` names those that are not there, not the author's or another status's.

    Files that are not ready, and a film or a sound beside anything else, are refused too.
    """
    refused = media.attach(conn, author.id, status.id, tuple(dict.fromkeys(media_ids)))
    if refused:
        names = ", ".join(str(one) for one in refused)
        raise Invalid(f"Validation failed: Media {names} not found or already attached to another post")
    attached = media.list_of_statuses(conn, [status.id]).get(status.id, ())
    if any(one.state is not MediaState.READY for one in attached):
        raise Invalid("Cannot attach files that have not finished processing. Try again in a moment!")
    if len(attached) > 1 and any(one.type in _ALONE for one in attached):
        raise Invalid("Cannot attach a video to a post that already contains images")
    return attached


def _require_good_standing(author: Account) -> None:
    if author.suspended_at is not None:
        raise Forbidden("This account may not post")
    require_not_moved(author)


def _get_parent(conn: Connection, posting: _Posting) -> Status | None:
    wanted = posting.draft.in_reply_to_id
    if wanted is None:
        return None
    try:
        parent = views.get_view(conn, posting.now, posting.author.id, wanted).shown.status
    except NotFound:
        raise NotFound(PARENT_MISSING) from None
    if not statuses.hold(conn, parent.id):
        raise NotFound(PARENT_MISSING)
    require_allowed(conn, posting.author, parent, Action.REPLY)
    return parent


def _check_audience(
    conn: Connection, posting: _Posting, audience: Audience, parent: Status | None, quoted: StatusView | None
) -> None:
    """Whom the status names, and whom it has to ask, must lie inside its reach."""
    mentions = posting.composed.mentions
    if quoted is not None and audience.visibility is Visibility.DIRECT:
        quoting.check_direct(posting.author, quoted, mentions)
    asked = () if quoted is None else (quoted.account,)
    answered = parent or (None if quoted is None else quoted.status)
    mode = FederationMode(posting.node.settings.federation_mode)
    check_addressees(conn, mode, audience, (*mentions, *asked), answered=answered)


def _audience(conn: Connection, posting: _Posting, parent: Status | None, quoted: StatusView | None) -> Audience:
    node, user, draft = posting.node, posting.user, posting.draft
    visibility = draft.visibility or (Visibility.PUBLIC if user is None else user.default_visibility)
    if visibility is Visibility.PUBLIC and posting.author.silenced_at is not None:
        visibility = Visibility.UNLISTED
    widest = widest_reach(FederationMode(node.settings.federation_mode))
    is_given = parent is not None or visibility is Visibility.DIRECT
    if draft.reach is not None or draft.partners:
        reach = draft.reach or Reach.PARTNERS
    else:
        reach = widest if is_given else default_reach(node, user)
    outer = [one for one in (parent, None if quoted is None else quoted.status) if one is not None]
    if quoted is not None and quoted.status.audience.visibility is Visibility.PRIVATE:
        visibility = narrower_visibility(visibility, Visibility.PRIVATE)
    named = naming.choose(
        conn, node, draft, reach, outer, default=frozenset() if user is None or is_given else user.default_partners
    )
    audience = Audience(reach=reach, visibility=visibility, partners=named)
    for one in outer:
        audience = within(audience, one.audience)
    return within(audience, Audience(reach=widest, visibility=visibility))


def _new_status(posting: _Posting, parent: Status | None, quoted: StatusView | None, audience: Audience) -> Status:
    node, author, user, draft, composed = posting.node, posting.author, posting.user, posting.draft, posting.composed
    status_id = StatusId(node.ids.next())
    sensitive = draft.sensitive if draft.sensitive is not None else (user is not None and user.default_sensitive)
    language = draft.language or (None if user is None else user.default_language or user.locale)
    quote_policy = draft.quote_policy or (QuotePolicy.PUBLIC if user is None else user.default_quote_policy)
    content = composed.content
    if quoted is not None:
        content = quoting.with_reference(content, composed.text, quoted.status)
    return Status(
        id=status_id,
        uri=node.uris.status(author.username, status_id),
        url=node.uris.status_page(author.username, status_id),
        account_id=author.id,
        audience=audience,
        # Whose ring it is: that of the thread, or of what is quoted, when those have one.
        reach_domain=quoting.ring_of(parent, None if quoted is None else quoted.status),
        text=composed.text,
        content=content,
        spoiler_text=composed.spoiler_text,
        sensitive=sensitive or bool(composed.spoiler_text),
        language=None if language is None else language[:_LANGUAGE_CHARACTERS_MAX],
        in_reply_to_id=None if parent is None else parent.id,
        in_reply_to_account_id=None if parent is None else parent.account_id,
        in_reply_to_uri=None if parent is None else parent.uri,
        thread_id=status_id if parent is None else parent.thread_id,
        application_id=draft.application_id,
        emojis=composed.emojis,
        quote_policy=effective_quote_policy(quote_policy, audience.visibility),
        created_at=posting.now,
    )


def _context(conn: Connection, node: Node, status: Status) -> str | None:
    """The collection of the thread, which belongs to the server where it began (FEP-7888).

    None where that server names none, and for a direct status, which is in no collection (S59).
    """
    root = status if status.thread_id == status.id else statuses.find(conn, status.thread_id)
    if root is None or Visibility.DIRECT in (status.audience.visibility, root.audience.visibility):
        return None
    if node.uris.is_ours(root.uri):
        return node.uris.context(root.uri)
    is_first = root.in_reply_to_uri is None
    named = root.context_uri if is_first else None
    return named if named is not None and is_one_server(named, root.uri) else None


def _get_posted(conn: Connection, posting: _Posting) -> Status:
    posted = statuses.find_posted(conn, posting.author.id, posting.key or "", posting.now - KEY_KEPT)
    if posted is None:
        raise NotFound
    return posted


def _bounded(key: str | None) -> str | None:
    if not key:
        return None
    return key if len(key) <= _KEY_CHARACTERS_MAX else hashlib.sha256(key.encode()).hexdigest()
