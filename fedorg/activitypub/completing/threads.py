"""A thread, completed: upwards to where it began, then downwards by what the servers in it list.

In the order of FEP-f228: what happened in the thread, else the posts of the thread, as the server where it began lists
them, else the answers to each of its statuses. Whoever lists something proves nothing: a status is taken from where
it lives, and only if it answers one that is in this thread already.
"""

from collections import defaultdict, deque
from collections.abc import AsyncIterator, Iterable
from typing import Final

from federation.collections import Item
from federation.errors import FederationError
from federation.objects import Note
from fedorg.activitypub import resolve
from fedorg.activitypub.completing import listing
from fedorg.activitypub.completing.effort import Effort, bounded
from fedorg.activitypub.fetching import Budget, BudgetSpent
from fedorg.domain.jobs import CompleteThread
from fedorg.domain.statuses import Status
from fedorg.errors import FedorgError
from fedorg.ids import StatusId
from fedorg.node import Node
from fedorg.store import completions
from fedorg.store import statuses as stored_statuses
from fedorg.store import threads as stored_threads

FETCHES_MAX: Final = 80
STATUSES_MAX: Final = 40
LISTS_MAX: Final = 20


async def complete(node: Node, job: CompleteThread) -> None:
    """Fetch what is missing, as far as the budget goes; it never fails: it is tried anew when somebody looks."""
    effort = Effort(node=node, budget=Budget(FETCHES_MAX), statuses_left=STATUSES_MAX)
    async with bounded("thread", effort):
        await _walk(effort, job.status_id)
    if job.refresh_id:
        await node.write(completions.finish, node.now(), job.refresh_id, effort.found)


async def _walk(effort: Effort, status_id: StatusId) -> None:
    node = effort.node
    status = await node.read(stored_statuses.find, status_id)
    if status is None:
        return
    await _ascend(effort, status)
    status = await node.read(stored_statuses.find, status_id)
    root = None if status is None else await node.read(stored_statuses.find, status.thread_id)
    if status is not None and root is not None:
        await _Descent(effort, root).run(status)


async def _ascend(effort: Effort, status: Status) -> None:
    try:
        await resolve.ascend(effort.node, status, effort.budget, resolve.THREAD_DEPTH_MAX)
    except BudgetSpent:
        raise
    except (FederationError, FedorgError):
        # What is above cannot be had; what is below may be.
        return


class _Descent:
    """One way down a thread; ``waiting`` keeps what was fetched before what it answers."""

    def __init__(self, effort: Effort, root: Status) -> None:
        self._effort = effort
        self._node = effort.node
        self._root = root
        self._waiting: defaultdict[str, list[Note]] = defaultdict(list)
        self._lists: deque[str] = deque()

    async def run(self, seen: Status) -> None:
        """Complete the thread, what hangs below the status that was looked at first of all."""
        named = seen if self._root.in_reply_to_uri is not None else self._root
        for uri in (named.context_history_uri, named.context_uri):
            if uri is not None and await self._take_whole(uri, named):
                return
        await self._take_answers(seen)

    async def _take_whole(self, uri: str, named: Status) -> bool:
        """Take what a collection of the whole thread lists; False when it is none, and other lists are to be asked."""
        listed: set[str] = set()
        async for items in self._pages(uri):
            listed |= await self._take(items)
        return named.uri in listed

    async def _take_answers(self, seen: Status) -> None:
        known = await self._node.read(stored_threads.list_answers, self._root.id, LISTS_MAX)
        first = [] if seen.replies_uri is None else [seen.replies_uri]
        self._lists.extend(dict.fromkeys([*first, *(one.replies_uri for one in known)]))
        asked = 0
        while self._lists and asked < LISTS_MAX:
            asked += 1
            async for items in self._pages(self._lists.popleft()):
                await self._take(items)

    async def _pages(self, uri: str) -> AsyncIterator[tuple[Item, ...]]:
        if not await self._effort.may_ask(uri):
            return
        collection = await self._effort.attempt(uri, listing.fetch(self._node, uri, self._effort.budget))
        if collection is None:
            return
        walk = listing.pages(self._node, collection, uri, self._effort.budget)
        while (items := await self._effort.attempt(uri, anext(walk, None))) is not None:
            yield items

    async def _take(self, items: Iterable[Item]) -> set[str]:
        """Take each of the items that is new and belongs here; the ids that were listed."""
        listed = {uri: None for item in items if (uri := listing.post_of(item)) is not None}
        for uri in listed:
            if await self._node.read(stored_statuses.find_by_uri, uri) is None:
                note = await self._effort.fetch_note(uri)
                if note is not None:
                    await self._place(note)
        return set(listed)

    async def _place(self, note: Note) -> None:
        """Hang a note below what it answers, and below it what waited for it."""
        ready = [note]
        while ready:
            current = ready.pop()
            if current.in_reply_to is None:
                continue
            parent = await self._node.read(stored_statuses.find_by_address, current.in_reply_to)
            if parent is None:
                self._waiting[current.in_reply_to].append(current)
            elif parent.thread_id == self._root.id:
                status = await self._effort.record(current)
                if status is not None:
                    ready += [*self._waiting.pop(status.uri, []), *self._waiting.pop(status.url, [])]
                    self._lists.extend(() if status.replies_uri is None else (status.replies_uri,))
