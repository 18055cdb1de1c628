"""What other servers may fetch: our actors, statuses and collections, each for whoever asks.

Everything below public is shown only to a proven signer whose server lies inside the reach and who passes the
visibility; absent and invisible are the same answer (S47). Nobody is asked to prove anything for an actor: servers
need it to verify our own signatures, and would ask each other for keys without end.
"""

from collections.abc import Sequence
from typing import Final

from federation import render
from federation.activities import Activity, Announce, Create
from federation.collections import Collection, CollectionPage
from federation.errors import FederationError
from federation.objects import Ref
from federation.signatures import Request, read
from fedorg import log
from fedorg.activitypub import documents, local, policy, signed
from fedorg.activitypub.signed import Signer
from fedorg.domain.accounts import Account
from fedorg.domain.statuses import PageQuery, Status, StatusView
from fedorg.domain.visibility import FederationMode, Reach
from fedorg.errors import NotFound
from fedorg.ids import StatusId
from fedorg.node import Node
from fedorg.services import relationships, statuses, timelines
from fedorg.store import keys
from fedorg.store import statuses as stored_statuses

PAGE: Final = 20
ACCOUNTS_PAGE: Final = 80

logger = log.get_logger()


async def signer_of(node: Node, request: Request) -> Signer | None:
    """Who asks, proven; None for somebody who proves nothing. Raises ``Forbidden`` for a server not spoken with."""
    if "signature" not in request.headers.lines:
        return None
    try:
        return await signed.verify(node, request)
    except FederationError as problem:
        logger.info("fetch.unproven", reason=str(problem))
        return None


async def require_not_refused(node: Node, request: Request) -> None:
    """Raise ``Forbidden`` when the request claims to come from a server this node does not speak with."""
    if "signature" not in request.headers.lines:
        return
    try:
        await policy.require_admitted(node, (read(request).key_id,))
    except FederationError as problem:
        logger.info("fetch.unproven", reason=str(problem))


async def get_local(node: Node, username: str) -> Account:
    """The local account of that name, as long as this node federates at all."""
    account = await local.find_account(node, node.uris.actor(username))
    if account is None or policy.mode_of(node) is FederationMode.CLOSED:
        raise NotFound
    return account


async def actor_document(node: Node, uri: str) -> bytes:
    """A local account, or the node's own actor."""
    account = await local.find_account(node, uri)
    if account is None or policy.mode_of(node) is FederationMode.CLOSED:
        raise NotFound
    held = await node.read(keys.list_of_account, account.id)
    return render.to_bytes(documents.actor(account, held, node.uris))


async def note_document(node: Node, username: str, status_id: StatusId, signer: Signer | None) -> bytes:
    """A local status."""
    view = await _get_view(node, username, status_id, signer)
    if view.reblog is not None:
        return render.to_bytes(documents.announce(view, view.reblog.status, node.uris))
    return render.to_bytes(documents.note(view, node.uris))


async def activity_document(node: Node, username: str, status_id: StatusId, signer: Signer | None) -> bytes:
    """The Create or Announce that brought a local status."""
    return render.to_bytes(_activity(node, await _get_view(node, username, status_id, signer)))


async def outbox(node: Node, username: str, *, page: PageQuery | None) -> bytes:
    """What an account posted for everybody; without ``page`` the collection, with it a page of activities."""
    account = await get_local(node, username)
    if page is None:
        return _collection(account.outbox, total=account.statuses_count, first=f"{account.outbox}?page=true")
    views = await timelines.account_statuses(node, None, account.id, page)
    items = tuple(_activity(node, view) for view in views if documents.is_open(view.status))
    following_page = f"{account.outbox}?page=true&max_id={views[-1].status.id}" if len(views) == page.limit else None
    return _page(account.outbox, items, following_page, current=_page_uri(account.outbox, page))


async def followers(node: Node, username: str, *, page: PageQuery | None) -> bytes:
    """Who follows an account; a number only, when it hides its network."""
    account = await get_local(node, username)
    if page is None or account.hide_collections:
        return _network(account, account.followers_uri, account.followers_count)
    found = await relationships.list_followers(node, None, account.id, page)
    refs = [(listed.row_id, listed.item.uri) for listed in found]
    return _accounts_page(account.followers_uri, refs, page)


async def following(node: Node, username: str, *, page: PageQuery | None) -> bytes:
    """Whom an account follows; a number only, when it hides its network."""
    account = await get_local(node, username)
    if page is None or account.hide_collections:
        return _network(account, account.following_uri, account.following_count)
    found = await relationships.list_following(node, None, account.id, page)
    refs = [(listed.row_id, listed.item.uri) for listed in found]
    return _accounts_page(account.following_uri, refs, page)


async def featured(node: Node, username: str) -> bytes:
    """The statuses an account has pinned: none."""
    account = await get_local(node, username)
    return _collection(f"{account.uri}/collections/featured", total=0, first=None)


async def replies(node: Node, username: str, status_id: StatusId, signer: Signer | None) -> bytes:
    """What answers a local status, as far as anybody may know of it."""
    view = await _get_view(node, username, status_id, signer)
    context = await statuses.get_context(node, None, status_id) if documents.is_open(view.status) else None
    answers = () if context is None else context.descendants
    direct = [answer.status.uri for answer in answers if answer.status.in_reply_to_id == status_id]
    collection = Collection(
        type="Collection",
        id=documents.replies_uri(view.status),
        first=CollectionPage(
            type="CollectionPage",
            part_of=documents.replies_uri(view.status),
            items=tuple(Ref(id=uri) for uri in direct),
        ),
    )
    return render.to_bytes(collection)


async def _get_view(node: Node, username: str, status_id: StatusId, signer: Signer | None) -> StatusView:
    account = await get_local(node, username)
    status = await node.read(stored_statuses.find, status_id)
    if status is None or status.account_id != account.id or not await _may_see(node, status, signer):
        raise NotFound
    return await statuses.get_view(node, account.id, status_id)


async def _may_see(node: Node, status: Status, signer: Signer | None) -> bool:
    if status.audience.reach is Reach.NODE:
        return False
    if signer is None:
        return documents.is_open(status)
    return await statuses.may_peer_see(node, status, signer.domain, signer.tier, signer.account.uri)


def _activity(node: Node, view: StatusView) -> Create | Announce:
    if view.reblog is not None:
        return documents.announce(view, view.reblog.status, node.uris)
    return documents.create(view, node.uris)


def _network(account: Account, uri: str, count: int) -> bytes:
    return _collection(uri, total=count, first=None if account.hide_collections else f"{uri}?page=true")


def _accounts_page(uri: str, refs: Sequence[tuple[int, str]], page: PageQuery) -> bytes:
    items = tuple(Ref(id=identity) for _, identity in refs)
    following_page = f"{uri}?page=true&max_id={refs[-1][0]}" if len(refs) == page.limit else None
    return _page(uri, items, following_page, current=_page_uri(uri, page))


def _page_uri(uri: str, page: PageQuery) -> str:
    return f"{uri}?page=true" if page.max_id is None else f"{uri}?page=true&max_id={page.max_id}"


def _collection(uri: str, *, total: int, first: str | None) -> bytes:
    return render.to_bytes(Collection(id=uri, total_items=total, first=first))


def _page(part_of: str, items: Sequence[Activity | Ref], following_page: str | None, *, current: str) -> bytes:
    return render.to_bytes(CollectionPage(id=current, part_of=part_of, items=tuple(items), next=following_page))
