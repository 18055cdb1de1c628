"""Reading statuses: for members and visitors (``may_see`` in ``store.views``), and for the actors of peers."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Final

from sqlalchemy import Connection

from fedorg.domain.askers import Asker
from fedorg.domain.refreshes import Refresh
from fedorg.domain.statuses import ContextPage, ContextView, Status, StatusEdit, StatusView
from fedorg.errors import NotFound
from fedorg.ids import AccountId, EditId, StatusId
from fedorg.node import Node
from fedorg.services import completion
from fedorg.services.statuses.showing import list_visible
from fedorg.store import accounts, edits, media, peers, statuses, threads, views

THREAD_MAX: Final = 4096
THREAD_CHARACTERS_MAX: Final = 8_000_000
# What visitors are given, and what a page shows.
ANCESTORS_OF_PAGE_MAX: Final = 40
DESCENDANTS_OF_PAGE_MAX: Final = 60

_PIECE: Final = 250


async def get_view(node: Node, viewer: AccountId | None, status_id: StatusId) -> StatusView:
    """The status for ``viewer``; ``NotFound`` when it is absent or invisible."""
    return await node.read(views.get_view, node.now(), viewer, status_id)


async def list_views(node: Node, viewer: AccountId | None, ids: Sequence[StatusId]) -> list[StatusView]:
    """Those of ``ids`` that ``viewer`` may see, in the order given, in a fixed number of queries."""
    return await node.read(views.load_views, node.now(), viewer, ids)


async def get_context(node: Node, viewer: AccountId | None, status_id: StatusId) -> ContextView:
    """The thread around a status, as far as ``viewer`` may see it; visitors get a part of long ones."""
    return (await node.read(_get_context, node.now(), viewer, status_id))[1]


async def get_context_page(
    node: Node, viewer: AccountId | None, status_id: StatusId, after: StatusId | None
) -> ContextPage:
    """As much of the thread around a status as one reads at once; the answers begin behind one of them, ``after``."""
    return await node.read(_get_context_page, node.now(), viewer, status_id, after)


async def look_into_thread(node: Node, member: AccountId, status_id: StatusId) -> tuple[ContextView, Refresh | None]:
    """The same for a member, at whose look what is missing is asked for; what is being fetched of the thread."""

    def unit(conn: Connection) -> tuple[ContextView, completion.SeenThread]:
        status, context = _get_context(conn, node.now(), member, status_id)
        return context, completion.look_at_thread(conn, node, status)

    context, seen = await node.read(unit)
    return context, await completion.see_thread(node, seen)


async def list_edits(node: Node, viewer: AccountId | None, status_id: StatusId) -> list[StatusEdit]:
    """The versions of a status that are kept, the first one first, the present one last."""
    return await node.read(_list_edits, node.now(), viewer, status_id)


async def get_source(node: Node, author: AccountId, status_id: StatusId) -> Status:
    """A status with the text its author typed; ``NotFound`` for anybody else's."""
    return await node.read(_get_source, author, status_id)


async def find_by_uri(node: Node, uri: str) -> Status | None:
    """The status with this identity, whoever may see it: for the machinery, not for people."""
    return await node.read(statuses.find_by_uri, uri)


async def may_peer_see(node: Node, status: Status, peer_domain: str, actor_uri: str) -> bool:
    """Whether the actor of a peer, whose signature was verified, may fetch ``status``."""
    return await node.read(is_visible_to_peer, status, peer_domain, actor_uri)


def is_visible_to_peer(conn: Connection, status: Status, peer_domain: str, actor_uri: str) -> bool:
    """As ``may_peer_see``."""
    actor = accounts.find_by_uri(conn, actor_uri)
    standing = peers.standings(conn, [peer_domain])[peer_domain]
    asker = Asker(
        account_id=None if actor is None else actor.id,
        domain=peer_domain,
        tier=standing.tier,
        ceilings=standing.ceilings,
    )
    return bool(list_visible(conn, asker, [status]))


def _get_context(
    conn: Connection, now: datetime, viewer: AccountId | None, status_id: StatusId
) -> tuple[Status, ContextView]:
    status = statuses.get(conn, status_id)
    ancestors, descendants = _around(conn, viewer, status)
    if viewer is None:
        ancestors = ancestors[-ANCESTORS_OF_PAGE_MAX:]
        descendants = descendants[:DESCENDANTS_OF_PAGE_MAX]
    return status, _load_context(conn, now, viewer, status_id, ancestors, descendants)


def _get_context_page(
    conn: Connection, now: datetime, viewer: AccountId | None, status_id: StatusId, after: StatusId | None
) -> ContextPage:
    ancestors, descendants = _around(conn, viewer, statuses.get(conn, status_id))
    start = descendants.index(after) + 1 if after in descendants else 0
    shown = descendants[start : start + DESCENDANTS_OF_PAGE_MAX]
    return ContextPage(
        context=_load_context(conn, now, viewer, status_id, ancestors[-ANCESTORS_OF_PAGE_MAX:], shown),
        above=max(0, len(ancestors) - ANCESTORS_OF_PAGE_MAX),
        below=len(descendants) - start - len(shown),
        last=shown[-1] if shown else None,
    )


def _around(conn: Connection, viewer: AccountId | None, status: Status) -> tuple[list[StatusId], list[StatusId]]:
    """What is above and below a status in its thread, of so much as is ever shown."""
    thread = threads.list_shown(conn, viewer, status, THREAD_MAX)
    if len(thread) == THREAD_MAX and status.id > thread[-1][0]:
        # It comes late in a longer one.
        thread += threads.list_above(conn, viewer, status, THREAD_MAX)
        thread += threads.list_shown(conn, viewer, status, THREAD_MAX, after=status.id)
    ancestors, descendants = _ancestors(status, dict(thread)), _descendants(status, thread)
    ancestors = ancestors[-max(THREAD_MAX // 2, THREAD_MAX - len(descendants)) :]
    return ancestors, descendants[: THREAD_MAX - len(ancestors)]


def _load_context(
    conn: Connection,
    now: datetime,
    viewer: AccountId | None,
    status_id: StatusId,
    ancestors: Sequence[StatusId],
    descendants: Sequence[StatusId],
) -> ContextView:
    loaded = {view.status.id: view for view in _load_thread(conn, now, viewer, [status_id, *ancestors, *descendants])}
    if status_id not in loaded:
        raise NotFound
    return ContextView(
        ancestors=tuple(loaded[one] for one in ancestors if one in loaded),
        descendants=tuple(loaded[one] for one in descendants if one in loaded),
    )


def _load_thread(
    conn: Connection, now: datetime, viewer: AccountId | None, wanted: Sequence[StatusId]
) -> Iterator[StatusView]:
    """Piece by piece, until there is more to read than anybody does: each answer from elsewhere may be long."""
    characters = 0
    for piece in (wanted[start : start + _PIECE] for start in range(0, len(wanted), _PIECE)):
        for view in views.load_views(conn, now, viewer, piece):
            yield view
            characters += len(view.status.content)
            if characters > THREAD_CHARACTERS_MAX:
                return


def _ancestors(status: Status, parents: dict[StatusId, StatusId | None]) -> list[StatusId]:
    """From the root down; it ends where one is missing or invisible."""
    found: dict[StatusId, None] = {}
    current = status.in_reply_to_id
    while current is not None and current in parents and current not in found:
        found[current] = None
        current = parents[current]
    return [*reversed(found)]


def _descendants(status: Status, thread: Sequence[tuple[StatusId, StatusId | None]]) -> list[StatusId]:
    """In reading order: each answer is followed by what answers it."""
    answers: defaultdict[StatusId, list[StatusId]] = defaultdict(list)
    for status_id, parent_id in thread:
        if parent_id is not None:
            answers[parent_id].append(status_id)
    found: dict[StatusId, None] = {}
    waiting = answers[status.id][::-1]
    while waiting:
        current = waiting.pop()
        if current not in found and current != status.id:
            found[current] = None
            waiting += answers[current][::-1]
    return list(found)


def _list_edits(conn: Connection, now: datetime, viewer: AccountId | None, status_id: StatusId) -> list[StatusEdit]:
    view = views.get_view(conn, now, viewer, status_id)
    status = view.status
    present = StatusEdit(
        id=EditId(0),
        status_id=status.id,
        account_id=status.account_id,
        text=status.text,
        content=status.content,
        spoiler_text=status.spoiler_text,
        sensitive=status.sensitive,
        media=media.list_of_statuses(conn, [status.id]).get(status.id, ()),
        poll_options=None if view.poll is None else view.poll.poll.options,
        created_at=status.edited_at or status.created_at,
    )
    return [*edits.list_of_status(conn, status.id), present]


def _get_source(conn: Connection, author: AccountId, status_id: StatusId) -> Status:
    status = statuses.get(conn, status_id)
    if status.account_id != author or status.reblog_of_id is not None:
        raise NotFound
    return status
