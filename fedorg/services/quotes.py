"""Quotes after they began: listed, allowed, refused, verified and taken back, here and by peers.

Two promises are kept on both sides. Whoever asks for consent gets an answer only about what they may see. A stamp
counts for the one quote it was given for, as long as its author lets it stand.
"""

from datetime import timedelta
from typing import Final

from sqlalchemy import Connection

from fedorg.domain.accounts import Account
from fedorg.domain.jobs import AnswerQuoteRequest, VerifyQuote
from fedorg.domain.pages import Listed
from fedorg.domain.policies import Approval, Party, QuotePolicy, may_quote
from fedorg.domain.quotes import Quote, QuoteState
from fedorg.domain.relationships import FollowState
from fedorg.domain.statuses import PageQuery, RemoteStatus, Status, StatusView
from fedorg.errors import Forbidden, NotFound
from fedorg.ids import AccountId, QuoteId, StatusId
from fedorg.node import Node
from fedorg.services import attempts
from fedorg.services.interactions import may_act_on
from fedorg.services.statuses import quoting
from fedorg.services.statuses.editing import change_quote_policy
from fedorg.services.statuses.receiving import bury_unseen, record_in
from fedorg.store import accounts, domain_blocks, jobs, narrowing, quotes, relationships, statuses, views

# How long a stamp is believed, or missed, without looking again.
_LOOKED_UP_EVERY: Final = {QuoteState.ACCEPTED: timedelta(days=7), QuoteState.PENDING: timedelta(hours=1)}

_CLAIMS_HEARD_EVERY: Final = timedelta(minutes=1)
# Who fetches a stamp with a signature is told of its end; so many servers at most.
_HOLDERS_MAX: Final = 1000
# Who asks for what was never written is told no so often within an hour; a quote that nothing is said of is not shown.
_REFUSALS_MAX: Final = 300


async def list_quoting(
    node: Node, viewer: AccountId | None, status_id: StatusId, page: PageQuery
) -> list[Listed[StatusView]]:
    """What quotes a visible status with consent, newest first, as far as ``viewer`` may see it."""

    def unit(conn: Connection) -> list[Listed[StatusView]]:
        now = node.now()
        quoted = views.get_view(conn, now, viewer, status_id).shown.status
        rows = quotes.list_quoting(conn, quoted.id, narrowing.visible_to(viewer), page)
        loaded = {view.status.id: view for view in views.load_views(conn, now, viewer, [row.item for row in rows])}
        return [Listed(row_id=row.row_id, item=loaded[row.item]) for row in rows if row.item in loaded]

    return await node.read(unit)


async def revoke(node: Node, account: Account, status_id: StatusId, quoting_id: StatusId) -> None:
    """Take back that ``quoting_id`` quotes a status of ``account``; once or twice is the same.

    ``NotFound`` when there is no such quote to be seen, ``Forbidden`` when the quoted status is somebody else's.
    """

    def unit(conn: Connection) -> None:
        quoted = views.get_view(conn, node.now(), account.id, status_id).shown.status
        held = quotes.hold_of_status(conn, quoting_id)
        if held is None or held.quoted_status_id != quoted.id:
            raise NotFound
        if quoted.account_id != account.id:
            raise Forbidden("This action is not allowed")
        quoting.revoke(conn, node, held)

    await node.write(unit)


async def change_policy(node: Node, account: Account, status_id: StatusId, policy: QuotePolicy | None) -> None:
    """Choose who may quote a status of ``account``; None leaves it as it is. ``NotFound`` for anybody else's."""

    def unit(conn: Connection) -> None:
        status = statuses.get_own_for_update(conn, account.id, status_id)
        if policy is not None:
            change_quote_policy(conn, node, status, policy)

    await node.write(unit)


async def look_again(node: Node, view: StatusView) -> None:
    """Have the stamp of what is read looked up, if that was not done for long; a quote that waits, after an hour."""
    quote, now = None if view.quote is None else view.quote.quote, node.now()
    if quote is None or quote.approval_uri is None or node.uris.is_ours(quote.approval_uri):
        return
    age = _LOOKED_UP_EVERY.get(quote.state)
    if age is None or now - quote.checked_at < age:
        return

    def unit(conn: Connection) -> None:
        if quotes.touch(conn, quote.id, checked_before=now - age, now=now):
            peer = accounts.get(conn, quote.account_id).peer
            jobs.enqueue(conn, node.ids, now, VerifyQuote(quote_id=quote.id, peer=peer))

    await node.write(unit)


async def look_up_stamp(node: Node, approval_uri: str) -> bool:
    """Have a stamp looked up that somebody else says is gone, once a minute at most; whether a quote here has it."""
    now = node.now()

    def unit(conn: Connection) -> bool:
        quote = quotes.find_accepted_by_approval(conn, approval_uri)
        if quote is None or node.uris.is_ours(approval_uri):
            return False
        if quotes.touch(conn, quote.id, checked_before=now - _CLAIMS_HEARD_EVERY, now=now):
            peer = accounts.get(conn, quote.account_id).peer
            jobs.enqueue(conn, node.ids, now, VerifyQuote(quote_id=quote.id, peer=peer))
        return True

    return await node.write(unit)


# A peer asks


async def may_ask(node: Node, account: Account, quoted: Status) -> bool:
    """Whether an account of a peer may know of ``quoted`` at all, which must be one of ours."""

    def unit(conn: Connection) -> bool:
        author = accounts.get(conn, quoted.account_id)
        return author.is_local and quoted.reblog_of_id is None and may_act_on(conn, account, quoted)

    return await node.read(unit)


async def receive_request(node: Node, account: Account, request_uri: str, quoted: Status, remote: RemoteStatus) -> bool:
    """Answer an account of a peer that wants to quote ``quoted`` in ``remote``; whether that is allowed.

    Allowed is what the status's policy says, in a status that reaches no further than what it quotes.
    """

    def unit(conn: Connection) -> bool:
        current = statuses.get(conn, quoted.id)
        author = accounts.get(conn, current.account_id)
        held = _held_quote(conn, node, current, remote) if _may_be_quoted(conn, account, current, remote) else None
        if held is None or held.state is QuoteState.REVOKED:
            _refuse(conn, node, account, request_uri, current, remote.uri)
            return False
        stamp = node.uris.quote_authorization(author.uri, held.id)
        if held.state is not QuoteState.ACCEPTED:
            quoting.accept(conn, node, held, current, stamp)
        _answer(conn, node, account, request_uri, current, remote.uri, stamp)
        return True

    return await node.write(unit)


async def refuse_request(node: Node, account: Account, request_uri: str, quoted: Status, quoting_uri: str) -> None:
    """Say no to an account of a peer whose quoting status cannot be had, or does not quote what it asks for."""
    await node.write(_refuse, node, account, request_uri, quoted, quoting_uri)


# A peer answers


async def find_asked(node: Node, account: Account, request_uri: str) -> tuple[Quote, Status] | None:
    """The quote that a member asked ``account`` for, and the status it stands in."""

    def unit(conn: Connection) -> tuple[Quote, Status] | None:
        quote = quotes.find_by_request(conn, request_uri, account.id)
        return None if quote is None else (quote, statuses.get(conn, quote.status_id))

    return await node.read(unit)


async def find(node: Node, quote_id: QuoteId) -> tuple[Quote, Status] | None:
    """A quote and the status it stands in; None when the status is gone."""

    def unit(conn: Connection) -> tuple[Quote, Status] | None:
        quote = quotes.find(conn, quote_id)
        return None if quote is None else (quote, statuses.get(conn, quote.status_id))

    return await node.read(unit)


async def confirm(node: Node, quote: Quote, quoted: Status, approval_uri: str | None) -> bool:
    """Let a quote count whose stamp was verified (None: it quotes its own author); whether it does now.

    A stamp that was taken back in the meantime, and a quote that changed in the meantime, count no more.
    """

    def unit(conn: Connection) -> bool:
        held = quotes.hold(conn, quote.id)
        if held is None or (held.quoted_uri, held.approval_uri) != (quote.quoted_uri, quote.approval_uri):
            return False
        author = accounts.get(conn, quoted.account_id)
        if approval_uri is not None and statuses.is_buried_by(conn, approval_uri, author.uri):
            return False
        if not statuses.hold(conn, quoted.id):
            return False
        if (held.state, held.approval_uri) == (QuoteState.ACCEPTED, approval_uri):
            quotes.touch(conn, held.id, checked_before=node.now(), now=node.now())
            return True
        if approval_uri is not None:
            # A stamp is for one quote: what it was for before counts no longer.
            for other in quotes.hold_by_approval(conn, approval_uri, quoted.account_id):
                if other.id != held.id and other.state is QuoteState.ACCEPTED:
                    quoting.end(conn, node, other, QuoteState.REVOKED)
        quoting.accept(conn, node, held, quoted, approval_uri)
        return True

    return await node.write(unit)


async def link(node: Node, quote: Quote, quoted: Status) -> Quote:
    """Note that what a quote speaks of is here, though its author's consent is not; the quote as it is now."""

    def unit(conn: Connection) -> Quote:
        held = quotes.hold(conn, quote.id)
        if held is None or held.quoted_status_id is not None or held.quoted_uri != quoted.uri:
            return held or quote
        if not statuses.hold(conn, quoted.id):
            return held
        return quoting.link(conn, held, quoted)

    return await node.write(unit)


async def receive_rejection(node: Node, account: Account, request_uri: str) -> bool:
    """``account`` refuses a quote that a member asked for, or takes consent back; whether one was asked for."""

    def unit(conn: Connection) -> bool:
        held = quotes.hold_by_request(conn, request_uri, account.id)
        if held is None:
            return False
        was_accepted = held.state in (QuoteState.ACCEPTED, QuoteState.REVOKED)
        quoting.end(conn, node, held, QuoteState.REVOKED if was_accepted else QuoteState.REJECTED)
        return True

    return await node.write(unit)


async def receive_revocation(node: Node, account: Account, approval_uri: str) -> bool:
    """``account`` takes a stamp back; whether a quote here had it. It will not count again, also if it comes late."""

    def unit(conn: Connection) -> bool:
        named = quotes.hold_by_approval(conn, approval_uri, account.id)
        if not named:
            return False
        bury_unseen(conn, node, account, approval_uri)
        # Others may name the stamp of a quote that is not theirs: they must not stand in its way.
        for held in named:
            quoting.end(conn, node, held, QuoteState.REVOKED)
        return True

    return await node.write(unit)


async def lose(node: Node, quote: Quote) -> None:
    """The stamp of a quote that counted is no longer where it was."""

    def unit(conn: Connection) -> None:
        held = quotes.hold(conn, quote.id)
        if held is not None and held.state is QuoteState.ACCEPTED and held.approval_uri == quote.approval_uri:
            quoting.end(conn, node, held, QuoteState.REVOKED)

    await node.write(unit)


async def find_stamped(node: Node, author: Account, quote_id: QuoteId) -> tuple[Quote, Status, str] | None:
    """An accepted quote that a local author gave a stamp for, with the quoted status and the quoting one's identity."""

    def unit(conn: Connection) -> tuple[Quote, Status, str] | None:
        quote = quotes.find(conn, quote_id)
        if quote is None or quote.state is not QuoteState.ACCEPTED or quote.quoted_account_id != author.id:
            return None
        quoted = None if quote.quoted_status_id is None else statuses.find(conn, quote.quoted_status_id)
        if quoted is None or quote.approval_uri is None:
            return None
        return quote, quoted, statuses.get(conn, quote.status_id).uri

    return await node.read(unit)


async def remember_holder(node: Node, quote_id: QuoteId, holder: Account) -> None:
    """The server of ``holder`` fetched a stamp: it hears of its end."""
    inbox = holder.delivery_inbox

    def unit(conn: Connection) -> None:
        if quotes.find(conn, quote_id) is not None and len(quotes.list_inboxes(conn, quote_id)) < _HOLDERS_MAX:
            quotes.remember_inbox(conn, quote_id, inbox)

    if inbox:
        await node.write(unit)


def _may_be_quoted(conn: Connection, account: Account, quoted: Status, remote: RemoteStatus) -> bool:
    if remote.audience.reach.width > quoted.audience.reach.width or not may_act_on(conn, account, quoted):
        return False
    if domain_blocks.has_shut_out(conn, quoted.account_id, account.id):
        return False
    follows = relationships.follows_between(conn, account.id, [quoted.account_id])
    accepted = {follow.account_id for follow in follows if follow.state is FollowState.ACCEPTED}
    party = Party(uri=account.uri, follows_author=account.id in accepted, is_followed=quoted.account_id in accepted)
    return may_quote(quoted.audience, quoted.quote_rule, party) is Approval.AUTOMATIC


def _held_quote(conn: Connection, node: Node, quoted: Status, remote: RemoteStatus) -> Quote | None:
    """The quote in the asker's status, recorded first if need be; None when that status was deleted before."""
    status = record_in(conn, node, remote)
    if status is None:
        return None
    quoting.refresh(conn, node, status, remote)
    held = quotes.hold_of_status(conn, status.id)
    return held if held is not None and held.quoted_status_id == quoted.id else None


def _refuse(conn: Connection, node: Node, account: Account, request_uri: str, quoted: Status, quoting_uri: str) -> None:
    status = statuses.find_by_uri(conn, quoting_uri)
    held = None if status is None or status.account_id != account.id else quotes.hold_of_status(conn, status.id)
    if held is not None and held.quoted_status_id == quoted.id and held.state is QuoteState.PENDING:
        quoting.end(conn, node, held, QuoteState.REJECTED)
    window = timedelta(hours=1)
    if attempts.is_within(conn, node, "refused_quotes", account.peer or "", most=_REFUSALS_MAX, window=window):
        _answer(conn, node, account, request_uri, quoted, quoting_uri, None)


def _answer(
    conn: Connection,
    node: Node,
    account: Account,
    request_uri: str,
    quoted: Status,
    quoting_uri: str,
    approval_uri: str | None,
) -> None:
    job = AnswerQuoteRequest(
        account_id=quoted.account_id,
        target_id=account.id,
        request_uri=request_uri,
        quoted_uri=quoted.uri,
        quoting_uri=quoting_uri,
        approval_uri=approval_uri,
    )
    jobs.enqueue(conn, node.ids, node.now(), job)
