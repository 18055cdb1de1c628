"""Quotes in the transactions of statuses: what may be quoted, how a quote begins, is allowed and ends.

A quote is shown only with its quoted author's consent (S52): one's own is given, that of a member here is what the
status says, and that of anybody else is a stamp on their own server. A quote reaches no further than what it quotes;
one of a private status is private. Whom a member quotes may always see it.
"""

from dataclasses import replace
from datetime import datetime
from typing import Final

from sqlalchemy import Connection

from fedorg.domain.accounts import Account
from fedorg.domain.jobs import RefreshStatus, SendQuoteRequest, VerifyQuote, WithdrawQuoteApproval
from fedorg.domain.notifications import NotificationType
from fedorg.domain.policies import Approval
from fedorg.domain.quotes import Quote, QuoteState, RemoteQuote
from fedorg.domain.statuses import RemoteStatus, Status, StatusView
from fedorg.domain.visibility import Reach, Visibility
from fedorg.errors import Forbidden, Invalid, NotFound
from fedorg.ids import AccountId, QuoteId, StatusId
from fedorg.node import Node
from fedorg.store import accounts, jobs, notifications, quotes, recipients, statuses, views
from fedorg.text import escape
from fedorg.uris import is_one_server

QUOTED_MISSING: Final = "The post you are trying to quote does not appear to exist."
# What is quoted is fetched, and what that quotes, and no more.
STEPS_MAX: Final = 2
_OPEN: Final = (Visibility.PUBLIC, Visibility.UNLISTED)
_ENDED: Final = (QuoteState.REJECTED, QuoteState.REVOKED)


# A member quotes


def get_quoted(conn: Connection, now: datetime, author: Account, wanted: StatusId) -> StatusView:
    """What ``author`` wants to quote; ``NotFound`` where they see nothing, ``Forbidden`` where they may not."""
    try:
        view = views.get_view(conn, now, author.id, wanted)
    except NotFound:
        raise NotFound(QUOTED_MISSING) from None
    if view.quote_approval is None:
        raise Invalid("Validation failed: a boost cannot be quoted; quote the post that it boosts")
    if view.quote_approval.current_user is Approval.DENIED:
        raise Forbidden("The author of this post does not let you quote it")
    return view


def check_direct(author: Account, quoted: StatusView, mentions: tuple[Account, ...]) -> None:
    """Raise ``Invalid`` when a direct status quotes somebody it does not mention."""
    if quoted.account.id not in (author.id, *(account.id for account in mentions)):
        raise Invalid("Validation failed: a direct message can only quote those it mentions")


def ring_of(*inherited: Status | None) -> str | None:
    """Whose ring the reach of a new status speaks of, given what it answers and quotes; None: ours.

    Raises ``Invalid`` when those belong to the rings of two nodes, since nobody could be told where it may go.
    """
    limited = {one.reach_domain for one in inherited if one is not None and one.audience.reach is not Reach.PUBLIC}
    foreign = sorted(ring for ring in limited if ring is not None)
    if len(foreign) > 1:
        raise Invalid(f"Validation failed: a post cannot stand in the limited reach of both {' and '.join(foreign)}")
    return foreign[0] if foreign else None


def addressed(status: Status, quoted: Status | None) -> set[AccountId]:
    """Whom a status is for because it quotes them, though its text may not name them."""
    if quoted is None or quoted.account_id == status.account_id or status.audience.visibility in _OPEN:
        return set()
    return {quoted.account_id}


def with_reference(content: str, text: str, quoted: Status) -> str:
    """HTML that leads to what is quoted, for those whose software shows no quotes; as Mastodon writes it."""
    if not {quoted.url, quoted.uri}.isdisjoint(text.split()):
        return content
    address = escape(quoted.url or quoted.uri)
    return f'<p class="quote-inline">RE: <a href="{address}" rel="nofollow noopener">{address}</a></p>{content}'


def begin(conn: Connection, node: Node, status: Status, quoted: StatusView) -> None:
    """Record what a new local status quotes: allowed at once by members, asked for elsewhere."""
    number, now = QuoteId(node.ids.next()), node.now()
    is_own = quoted.account.id == status.account_id
    is_here = quoted.account.is_local
    quote = Quote(
        id=number,
        status_id=status.id,
        account_id=status.account_id,
        quoted_uri=quoted.status.uri,
        quoted_status_id=quoted.status.id,
        quoted_account_id=quoted.account.id,
        state=QuoteState.ACCEPTED if is_here else QuoteState.PENDING,
        request_uri=None if is_here else node.uris.quote_request(status.uri),
        approval_uri=node.uris.quote_authorization(quoted.account.uri, number) if is_here and not is_own else None,
        created_at=now,
        checked_at=now,
    )
    quotes.insert(conn, quote)
    if is_here:
        notify(conn, node, quote)
    else:
        jobs.enqueue(conn, node.ids, now, SendQuoteRequest(status_id=status.id))


# A peer quotes


def record(conn: Connection, node: Node, status: Status, remote: RemoteStatus) -> None:
    """Record what a remote status says it quotes; it waits for consent, unless it quotes its own author."""
    told, now = remote.quote, node.now()
    if told is None:
        return
    quoted = find_target(conn, told.uri)
    may_look = remote.steps < STEPS_MAX
    quoted_account = None if quoted is None else accounts.get(conn, quoted.account_id)
    is_own = quoted_account is not None and quoted_account.id == status.account_id
    # What a peer says of our own consent means nothing.
    is_ours = quoted_account is not None and quoted_account.is_local
    quote = Quote(
        id=QuoteId(node.ids.next()),
        status_id=status.id,
        account_id=status.account_id,
        quoted_uri=told.uri,
        quoted_status_id=None if quoted is None else quoted.id,
        quoted_account_id=None if quoted is None else quoted.account_id,
        state=QuoteState.ACCEPTED if is_own else QuoteState.PENDING,
        approval_uri=None if is_own or is_ours else told.approval_uri,
        is_legacy=told.is_legacy,
        created_at=now,
        # Nobody looked at what this node came upon: it is looked up when it is read.
        checked_at=now if may_look else min(status.created_at, now),
    )
    quotes.insert(conn, quote)
    if quoted is not None:
        statuses.narrow(conn, status.id, quoted)
    if not is_own and not is_ours and _is_worth_looking(status, told) and may_look:
        job = VerifyQuote(quote_id=quote.id, peer=remote.author.peer, steps=remote.steps)
        jobs.enqueue(conn, node.ids, now, job)


def refresh(conn: Connection, node: Node, status: Status, remote: RemoteStatus) -> bool:
    """Take over what a peer now says of a known status beside its text; whether anything is new."""
    is_new_policy = remote.interaction_policy != status.interaction_policy
    if is_new_policy:
        statuses.set_interaction_policy(conn, status.id, remote.interaction_policy)
    return _refresh_quote(conn, node, status, remote) or is_new_policy


def find_target(conn: Connection, uri: str) -> Status | None:
    """The status with an identity, if it can be quoted at all: a boost cannot (S52)."""
    found = statuses.find_by_uri(conn, uri)
    return None if found is None or found.reblog_of_id is not None else found


def _refresh_quote(conn: Connection, node: Node, status: Status, remote: RemoteStatus) -> bool:
    known, told = quotes.hold_of_status(conn, status.id), remote.quote
    if known is not None and told is None and known.state in _ENDED:
        # As it should: the note names no longer what it may not quote.
        return False
    if known is not None and (told is None or told.uri != known.quoted_uri):
        quotes.delete(conn, known)
        forget_notification(conn, known)
        queue_refresh(conn, node, status.id, node.now())
        known = None
    elif known is not None and told is not None:
        return _renew_stamp(conn, node, known, told)
    elif told is None:
        return False
    record(conn, node, status, remote)
    return True


def _renew_stamp(conn: Connection, node: Node, known: Quote, told: RemoteQuote) -> bool:
    quoted_account = None if known.quoted_account_id is None else accounts.get(conn, known.quoted_account_id)
    is_ours = quoted_account is not None and quoted_account.is_local
    if told.approval_uri in (None, known.approval_uri) or is_ours or known.quoted_account_id == known.account_id:
        return False
    quotes.change(conn, known, replace(known, state=QuoteState.PENDING, approval_uri=told.approval_uri))
    peer = accounts.get(conn, known.account_id).peer
    jobs.enqueue(conn, node.ids, node.now(), VerifyQuote(quote_id=known.id, peer=peer))
    return True


def _is_worth_looking(status: Status, told: RemoteQuote) -> bool:
    """Only a stamp, or a quote of oneself, can ever make the quote count."""
    return told.approval_uri is not None or is_one_server(told.uri, status.uri)


# Either


def accept(conn: Connection, node: Node, held: Quote, quoted: Status, approval_uri: str | None) -> Quote:
    """Let a quote count from now on, and tell everybody who has the status; ``held`` against other writers."""
    accepted = replace(
        held,
        state=QuoteState.ACCEPTED,
        approval_uri=approval_uri,
        quoted_status_id=quoted.id,
        quoted_account_id=quoted.account_id,
        checked_at=node.now(),
    )
    quotes.change(conn, held, accepted)
    statuses.narrow(conn, held.status_id, quoted)
    notify(conn, node, accepted)
    queue_refresh(conn, node, held.status_id, node.now())
    return accepted


def link(conn: Connection, held: Quote, quoted: Status) -> Quote:
    """Note that what a quote speaks of came here; it must not widen what it may not show yet either."""
    linked = replace(held, quoted_status_id=quoted.id, quoted_account_id=quoted.account_id)
    quotes.change(conn, held, linked)
    statuses.narrow(conn, held.status_id, quoted)
    return linked


def end(conn: Connection, node: Node, held: Quote, state: QuoteState) -> None:
    """Let a quote count no longer, as ``state`` says, and tell everybody who has the status."""
    if held.state is state:
        return
    quotes.change(conn, held, replace(held, state=state))
    forget_notification(conn, held)
    queue_refresh(conn, node, held.status_id, node.now())


def revoke(conn: Connection, node: Node, held: Quote) -> None:
    """Take the consent of a local author back, and tell whoever has the stamp."""
    if held.state is QuoteState.REVOKED:
        return
    end(conn, node, held, QuoteState.REVOKED)
    if held.approval_uri is None or held.quoted_account_id is None:
        return
    quoting = [one.inbox for one in recipients.list_accounts(conn, [held.account_id])]
    inboxes = {*quoting, *recipients.list_sent(conn, held.status_id), *quotes.list_inboxes(conn, held.id)}
    if inboxes:
        job = WithdrawQuoteApproval(
            account_id=held.quoted_account_id, approval_uri=held.approval_uri, inboxes=tuple(sorted(inboxes))
        )
        jobs.enqueue(conn, node.ids, node.now(), job)


def part(conn: Connection, node: Node, account: Account, blocked: Account) -> None:
    """``account`` blocks ``blocked``, who quotes them no longer."""
    for held in quotes.hold_between(conn, account.id, blocked.id):
        if account.is_local:
            revoke(conn, node, held)
        else:
            end(conn, node, held, QuoteState.REVOKED)


def notify(conn: Connection, node: Node, quote: Quote) -> None:
    """Tell the quoted author, if that is somebody here."""
    if quote.quoted_account_id is not None:
        notifications.notify(
            conn,
            node.ids,
            node.now(),
            [quote.quoted_account_id],
            type_=NotificationType.QUOTE,
            by=quote.account_id,
            origin=quote.status_id,
            status_id=quote.status_id,
        )


def forget_notification(conn: Connection, quote: Quote) -> None:
    """The quoted author is not told of a quote that ended."""
    notifications.withdraw(conn, type_=NotificationType.QUOTE, by=quote.account_id, origin=quote.status_id)


def queue_refresh(conn: Connection, node: Node, status_id: StatusId, now: datetime) -> None:
    """Tell whoever has a status how it stands now."""
    jobs.enqueue(conn, node.ids, now, RefreshStatus(status_id=status_id, at=now))
