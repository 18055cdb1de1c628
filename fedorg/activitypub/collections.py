"""The collections of our accounts and statuses, for whoever asks: each sees what it may see, and no number says more.

Statuses are told by their ids: whoever wants one asks for it by itself, and is asked in turn who it is.
"""

from collections.abc import Sequence
from typing import Final

from federation import render
from federation.activities import Activity
from federation.collections import Collection, CollectionPage
from federation.objects import Hashtag, Ref
from federation.vocabulary import CollectionType
from fedorg.activitypub import documents, serving
from fedorg.activitypub.signed import Signer
from fedorg.domain.accounts import Account
from fedorg.domain.askers import Asker
from fedorg.domain.statuses import PageQuery
from fedorg.domain.visibility import Visibility
from fedorg.errors import NotFound
from fedorg.ids import AccountId, StatusId
from fedorg.node import Node
from fedorg.services import collections, featured_tags, relationships, statuses
from fedorg.services.collections import Part

PAGE: Final = 20
ACCOUNTS_PAGE: Final = 80
POSTS_PAGE: Final = 60


async def outbox(node: Node, username: str, signer: Signer | None, *, page: PageQuery | None) -> bytes:
    """What an account posted; without ``page`` the collection, with it a page of activities, newest first."""
    account = await serving.get_local(node, username)
    asker = _asker(signer)
    if page is None:
        counted = await collections.count_posted(node, asker, account.id)
        # Of so many the number tells nothing about what the asker may not see.
        total = account.statuses_count if counted is None else counted
        return _collection(account.outbox, total=total, first=f"{account.outbox}?page=true")
    part = await collections.list_posted(node, asker, account.id, page)
    views = await statuses.list_views(node, account.id, [status.id for status in part.statuses])
    following_page = None if part.after is None else f"{account.outbox}?page=true&max_id={part.after}"
    items = tuple(serving.granted(serving.activity_of(node, view), signer) for view in views)
    return _page(account.outbox, items, following_page, current=_page_uri(account.outbox, page))


async def followers(node: Node, username: str, signer: Signer | None, *, page: PageQuery | None) -> bytes:
    """Who follows an account; a number only, when it hides its network."""
    account = await serving.get_local(node, username)
    if page is None or account.hide_collections:
        return _network(account, account.followers_uri, account.followers_count)
    found = await relationships.list_followers(node, _account_id(signer), account.id, page)
    refs = [(listed.row_id, listed.item.uri) for listed in found]
    return _accounts_page(account.followers_uri, refs, page)


async def following(node: Node, username: str, signer: Signer | None, *, page: PageQuery | None) -> bytes:
    """Whom an account follows; a number only, when it hides its network."""
    account = await serving.get_local(node, username)
    if page is None or account.hide_collections:
        return _network(account, account.following_uri, account.following_count)
    found = await relationships.list_following(node, _account_id(signer), account.id, page)
    refs = [(listed.row_id, listed.item.uri) for listed in found]
    return _accounts_page(account.following_uri, refs, page)


async def featured(node: Node, username: str, signer: Signer | None) -> bytes:
    """What an account has pinned, the latest pin first."""
    account = await serving.get_local(node, username)
    pinned = await collections.list_pinned(node, _asker(signer), account.id)
    items = tuple(Ref(id=status.uri) for status in pinned)
    return render.to_bytes(Collection(id=node.uris.featured(account.uri), total_items=len(items), items=items))


async def tags(node: Node, username: str) -> bytes:
    """The hashtags an account shows on its profile."""
    account = await serving.get_local(node, username)
    items = tuple(
        Hashtag(name=tag.display_name, href=node.uris.tagged(account.url, tag.name))
        for tag in await featured_tags.list_names(node, account.id)
    )
    uri = node.uris.featured_tags(account.uri)
    return render.to_bytes(Collection(type="Collection", id=uri, total_items=len(items), items=items))


async def replies(
    node: Node, username: str, status_id: StatusId, signer: Signer | None, *, after: StatusId | None
) -> bytes:
    """What answers a local status, oldest first; without ``after`` the collection with its first page in it."""
    status = await serving.get_status(node, username, status_id, signer)
    part = await collections.list_replies(node, _asker(signer), status.id, after or StatusId(0), POSTS_PAGE)
    return _posts("Collection", documents.replies_uri(status), part, after)


async def context(
    node: Node, username: str, status_id: StatusId, signer: Signer | None, *, after: StatusId | None
) -> bytes:
    """The thread that a local status began, oldest first; there is none for what is in no collection (S59)."""
    status = await serving.get_status(node, username, status_id, signer)
    if status.thread_id != status.id or status.audience.visibility is Visibility.DIRECT:
        raise NotFound
    part = await collections.list_thread(node, _asker(signer), status.id, after or StatusId(0), POSTS_PAGE)
    author = node.uris.actor(username)
    return _posts("OrderedCollection", node.uris.context(status.uri), part, after, attributed_to=author)


async def likes(node: Node, username: str, status_id: StatusId, signer: Signer | None) -> bytes:
    """How many favourited a local status; who did was told to its author alone, and is to nobody else."""
    status = await serving.get_status(node, username, status_id, signer)
    uri = documents.likes_uri(status)
    return render.to_bytes(Collection(type="Collection", id=uri, total_items=status.favourites_count))


async def shares(
    node: Node, username: str, status_id: StatusId, signer: Signer | None, *, after: StatusId | None
) -> bytes:
    """The ``Announce`` of each boost of a local status, oldest first; without ``after`` as for ``replies``."""
    status = await serving.get_status(node, username, status_id, signer)
    part = await collections.list_boosts(node, _asker(signer), status.id, after or StatusId(0), POSTS_PAGE)
    named = (boost.uri for boost in part.statuses)
    items = tuple(node.uris.activity_of(uri) if node.uris.is_ours(uri) else uri for uri in named)
    return _listed("Collection", documents.shares_uri(status), items, part, after)


def _asker(signer: Signer | None) -> Asker | None:
    if signer is None:
        return None
    return Asker(account_id=signer.account.id, domain=signer.domain, tier=signer.tier, ceilings=signer.ceilings)


def _account_id(signer: Signer | None) -> AccountId | None:
    return None if signer is None else signer.account.id


def _posts(
    kind: CollectionType, uri: str, part: Part, after: StatusId | None, *, attributed_to: str | None = None
) -> bytes:
    """A collection of statuses with its first page in it, or a later page of it."""
    return _listed(kind, uri, tuple(status.uri for status in part.statuses), part, after, attributed_to=attributed_to)


def _listed(
    kind: CollectionType,
    uri: str,
    items: tuple[str, ...],
    part: Part,
    after: StatusId | None,
    *,
    attributed_to: str | None = None,
) -> bytes:
    page = CollectionPage(
        type="OrderedCollectionPage" if kind == "OrderedCollection" else "CollectionPage",
        id=f"{uri}?page=true" if after is None else f"{uri}?page=true&min_id={after}",
        part_of=uri,
        items=tuple(Ref(id=item) for item in items),
        next=None if part.after is None else f"{uri}?page=true&min_id={part.after}",
    )
    if after is not None:
        return render.to_bytes(page)
    whole = Collection(type=kind, id=uri, attributed_to=attributed_to, total_items=part.total, first=page)
    return render.to_bytes(whole)


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
