"""How much one completion may cost: so many fetches, so many new statuses, so many seconds, whatever peers answer.

A server that does not answer twice is not asked again in the same run, and one that this node does not speak with is
asked for nothing and costs nothing. What is found is taken from where it lives, never from who listed it (S1, S6).
"""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Awaitable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Final, TypeVar

from federation.errors import FederationError, FetchError
from federation.objects import Note
from fedorg import log
from fedorg.activitypub import fetching, notes, policy
from fedorg.activitypub.fetching import Budget, BudgetSpent
from fedorg.domain.statuses import Status
from fedorg.errors import FedorgError
from fedorg.node import Node
from fedorg.services import statuses
from fedorg.store import statuses as stored_statuses

SECONDS_MAX: Final = 60.0
FAILURES_MAX: Final = 2

T = TypeVar("T")

logger = log.get_logger()


class Enough(Exception):
    """As many new statuses as one run may bring were found."""


@dataclass(slots=True, kw_only=True)
class Effort:
    """What one run may still do; ``statuses_left`` counts what is new here."""

    node: Node
    budget: Budget
    statuses_left: int
    found: int = 0
    failures: Counter[str] = field(default_factory=Counter)
    asked: set[str] = field(default_factory=set)

    async def attempt(self, uri: str, wanted: Awaitable[T]) -> T | None:
        """What is wanted from the server of ``uri``; None when it cannot be had, which never ends the run."""
        try:
            return await wanted
        except BudgetSpent:
            raise
        except (FederationError, FedorgError) as problem:
            if isinstance(problem, FetchError) and fetching.is_temporary(problem):
                self.failures[policy.domain(self.node, uri)] += 1
            logger.info("completion.skipped", uri=uri, reason=str(problem))
            return None

    async def may_ask(self, uri: str) -> bool:
        """Whether an address is worth a fetch: not asked before, of a server that answers and is spoken with."""
        if uri in self.asked or self.node.uris.is_ours(uri):
            return False
        self.asked.add(uri)
        try:
            await policy.require_admitted(self.node, (uri,))
        except (FederationError, FedorgError):
            return False
        return self.failures[policy.domain(self.node, uri)] < FAILURES_MAX

    async def fetch_note(self, uri: str) -> Note | None:
        """The note at an address, unless it was deleted here or cannot be had."""
        if not await self.may_ask(uri) or await self.node.read(stored_statuses.is_buried, uri):
            return None
        return await self.attempt(uri, fetching.fetch_note(self.node, uri, self.budget))

    async def record(self, note: Note) -> Status | None:
        """Keep a note that was fetched; raises ``Enough`` instead of keeping one too many."""
        if self.statuses_left <= 0:
            raise Enough
        recorded = await self.attempt(note.id, self._record(note))
        if recorded is not None:
            self.statuses_left -= 1
            self.found += 1
        return recorded

    async def _record(self, note: Note) -> Status | None:
        return await statuses.record_backfilled(self.node, await notes.to_remote_status(self.node, note, self.budget))


@asynccontextmanager
async def bounded(what: str, effort: Effort) -> AsyncIterator[None]:
    """Let a run end quietly when it has cost enough; what it found is kept, and the next run goes on from there."""
    ended = "done"
    try:
        async with asyncio.timeout(SECONDS_MAX):
            yield
    except BudgetSpent:
        ended = "budget spent"
    except Enough:
        ended = "enough found"
    except TimeoutError:
        ended = "time over"
    logger.info("completion.ended", what=what, found=effort.found, fetches_left=effort.budget.left, reason=ended)
