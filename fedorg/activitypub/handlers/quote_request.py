"""Somebody elsewhere wants to quote a status of somebody here."""

from federation.activities import QuoteRequest
from federation.errors import FetchError
from federation.objects import Note
from fedorg.activitypub import fetching, notes
from fedorg.activitypub.fetching import Budget
from fedorg.activitypub.outcomes import Done, Ignored, Outcome
from fedorg.domain.accounts import Account
from fedorg.node import Node
from fedorg.services import quotes, statuses


async def handle_quote_request(node: Node, sender: Account, asked: QuoteRequest, budget: Budget) -> Outcome:
    """Answered at once as the policy of the status says; nothing is said of what its actor may not see (S47)."""
    quoted = await statuses.find_by_uri(node, asked.object.id)
    if quoted is None or not await quotes.may_ask(node, sender, quoted):
        return Ignored("what it asks for is nothing that its actor can see here")
    note = await _quoting(node, asked, budget)
    if note is None or note.attributed_to != sender.uri or note.quote is None or note.quote.id != quoted.uri:
        await quotes.refuse_request(node, sender, asked.id, quoted, asked.instrument.id)
        return Done()
    remote = await notes.to_remote_status(node, note, budget)
    await quotes.receive_request(node, sender, asked.id, quoted, remote)
    return Done()


async def _quoting(node: Node, asked: QuoteRequest, budget: Budget) -> Note | None:
    """The status that is to quote: embedded by its own server, else fetched; None when it cannot be had."""
    if isinstance(asked.instrument, Note):
        return asked.instrument
    try:
        return await fetching.fetch_note(node, asked.instrument.id, budget)
    except FetchError as problem:
        if fetching.is_temporary(problem):
            raise
        return None
