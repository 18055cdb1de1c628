"""Whether a quote was allowed, found out where that is said: the stamp on the quoted author's own server (FEP-044f).

A stamp counts when its server, which must be the quoted author's, serves it under its id, and it names exactly this
quoting status, this quoted status and this author (S52). What an embedded copy, or the quoting server, says of it is
nothing.
"""

from dataclasses import replace
from http import HTTPStatus
from typing import Final

from federation import origin
from federation.activities import Accept, QuoteRequest
from federation.errors import FederationError, FetchError, OriginMismatch, PeerAnswered
from fedorg import log
from fedorg.activitypub import fetching, notes
from fedorg.activitypub.fetching import Budget
from fedorg.activitypub.outcomes import Done, Ignored, Outcome
from fedorg.domain.accounts import Account
from fedorg.domain.jobs import VerifyQuote
from fedorg.domain.quotes import Quote, QuoteState
from fedorg.domain.statuses import Status
from fedorg.errors import FedorgError, NotFound, Unavailable
from fedorg.node import Node
from fedorg.services import quotes, statuses
from fedorg.store import accounts

_GONE: Final = (HTTPStatus.NOT_FOUND, HTTPStatus.GONE)

logger = log.get_logger()


async def verify(node: Node, job: VerifyQuote) -> None:
    """Look what a remote status quotes, and whether its author allowed it; raises only what may pass."""
    found = await quotes.find(node, job.quote_id)
    if found is None or (found[0].state is QuoteState.ACCEPTED and found[0].quoted_status_id is None):
        return
    quote, quoting = found
    try:
        await _verify(node, quote, quoting, job.steps)
    except FetchError as problem:
        if fetching.is_temporary(problem):
            raise
        await _give_up(node, quote, problem)
    except Unavailable:
        raise
    except (FederationError, FedorgError) as problem:
        await _give_up(node, quote, problem)


async def accept(node: Node, sender: Account, answer: Accept, budget: Budget) -> Outcome | None:
    """A yes to a quote that was asked for from here; None when it answers nothing of that kind."""
    found = await quotes.find_asked(node, sender, answer.object.id)
    if found is None:
        return None
    quote, quoting = found
    asked = answer.object
    if isinstance(asked, QuoteRequest) and (asked.object.id, asked.instrument.id) != (quote.quoted_uri, quoting.uri):
        return Ignored("it allows another quote than was asked for")
    quoted = await statuses.find_by_uri(node, quote.quoted_uri)
    if not isinstance(answer.result, str) or quoted is None:
        return Ignored("it names no stamp, or what was to be quoted is gone")
    await _require_stamp(node, answer.result, quoting, quoted, sender, budget)
    is_confirmed = await quotes.confirm(node, quote, quoted, answer.result)
    return Done() if is_confirmed else Ignored("the quote was changed or its stamp taken back")


async def _verify(node: Node, quote: Quote, quoting: Status, steps: int) -> None:
    if quote.approval_uri is not None and not origin.same_origin(quote.approval_uri, quote.quoted_uri):
        raise OriginMismatch(f"The stamp {quote.approval_uri} is not of the server of {quote.quoted_uri}.")
    budget = Budget()
    quoted = await _get_quoted(node, quote.quoted_uri, steps, budget)
    author = await node.read(accounts.get, quoted.account_id)
    quote = await quotes.link(node, quote, quoted)
    if author.id == quote.account_id:
        await quotes.confirm(node, quote, quoted, None)
    elif not author.is_local and quote.approval_uri is not None:
        await _require_stamp(node, quote.approval_uri, quoting, quoted, author, budget)
        await quotes.confirm(node, quote, quoted, quote.approval_uri)


async def _get_quoted(node: Node, uri: str, steps: int, budget: Budget) -> Status:
    known = await statuses.find_by_uri(node, uri)
    if known is None:
        remote = await notes.to_remote_status(node, await fetching.fetch_note(node, uri, budget), budget)
        known = await statuses.record_quoted(node, replace(remote, steps=steps + 1))
    if known is None or known.reblog_of_id is not None or known.uri != uri:
        raise NotFound(f"{uri} is nothing that can be quoted")
    return known


async def _require_stamp(
    node: Node, uri: str, quoting: Status, quoted: Status, author: Account, budget: Budget
) -> None:
    stamp = await fetching.fetch_quote_authorization(node, uri, budget)
    named = (stamp.interacting_object, stamp.interaction_target, stamp.attributed_to)
    if named != (quoting.uri, quoted.uri, author.uri) or quoted.account_id != author.id:
        raise OriginMismatch(f"The stamp {uri} was given for something else.")


async def _give_up(node: Node, quote: Quote, problem: Exception) -> None:
    logger.info("quote.unverified", quoted=quote.quoted_uri, reason=str(problem))
    if isinstance(problem, PeerAnswered) and problem.status in _GONE:
        await quotes.lose(node, quote)
