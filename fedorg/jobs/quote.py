"""Consent to quotes: asked for, given, refused, taken back, and looked up where it is said."""

from typing import TypeAlias, assert_never

from fedorg.activitypub import outgoing, quoting
from fedorg.domain.jobs import AnswerQuoteRequest, SendQuoteRequest, VerifyQuote, WithdrawQuoteApproval
from fedorg.ids import JobId
from fedorg.node import Node

QuoteJob: TypeAlias = SendQuoteRequest | AnswerQuoteRequest | WithdrawQuoteApproval | VerifyQuote


async def run(node: Node, job: QuoteJob, job_id: JobId) -> None:
    """Do what one of these jobs asks."""
    match job:
        case SendQuoteRequest():
            await outgoing.send_quote_request(node, job)
        case AnswerQuoteRequest():
            await outgoing.send_quote_answer(node, job, job_id)
        case WithdrawQuoteApproval():
            await outgoing.send_withdrawal(node, job)
        case VerifyQuote():
            await quoting.verify(node, job)
        case _:
            assert_never(job)
