"""Do this node and a peer agree on who follows whom? Compared with each status that is for followers (FEP-8fcf).

Out: a digest of the followers at the receiver's server, and the list of them for that server alone. In: a header counts
when the signature covers it and it is about the sender's own followers; a job compares, and asks for the list only when
the two differ, once in some minutes for one account. What the list leaves out ends here; what it has too much is undone
there. More followers on one server than a list may have are not compared at all.
"""

from collections.abc import Sequence
from datetime import timedelta
from typing import Final

from federation import origin, parse, render, signatures, synchronisation
from federation.collections import Collection, CollectionPage
from federation.errors import FederationError, MalformedDocument, OriginMismatch
from federation.objects import Ref
from federation.signatures import Request
from federation.synchronisation import Synchronisation
from fedorg import log
from fedorg.activitypub import actors, fetching, policy, serving
from fedorg.activitypub.fetching import Budget
from fedorg.activitypub.signed import Signer
from fedorg.domain.accounts import Account
from fedorg.domain.jobs import SynchroniseFollowers
from fedorg.errors import Forbidden, NotFound, Unauthorized
from fedorg.ids import AccountId
from fedorg.node import Node
from fedorg.services import relationships
from fedorg.services.accounts import get_account

FOLLOWERS_MAX: Final = 5_000
ASK_AGAIN_AFTER: Final = timedelta(minutes=5)
ASKED_MAX: Final = 10_000
_PAGES_MAX: Final = 20

logger = log.get_logger()


async def header_of(node: Node, account_id: AccountId, domain: str) -> dict[str, str]:
    """What a delivery to a server says of the account's followers there."""
    account = await get_account(node, account_id)
    followers = await relationships.list_followers_at(node, account_id, domain, FOLLOWERS_MAX + 1)
    if len(followers) > FOLLOWERS_MAX or not account.followers_uri:
        return {}
    value = Synchronisation(
        collection_id=account.followers_uri,
        url=node.uris.followers_part(account.uri),
        digest=synchronisation.digest(followers),
    )
    return {synchronisation.HEADER: synchronisation.render(value)}


async def followers_part(node: Node, username: str, signer: Signer | None) -> bytes:
    """The followers of a local account at the server that asks; ``Unauthorized`` for whoever proves nothing."""
    account = await serving.get_local(node, username)
    if signer is None:
        raise Unauthorized("Only the server of these followers is told who they are")
    followers = await relationships.list_followers_at(node, account.id, signer.domain, FOLLOWERS_MAX + 1)
    if len(followers) > FOLLOWERS_MAX:
        raise NotFound
    items = tuple(Ref(id=uri) for uri in followers)
    uri = node.uris.followers_part(account.uri)
    return render.to_bytes(Collection(id=uri, total_items=len(items), items=items))


def job_of(request: Request, sender: Account) -> SynchroniseFollowers | None:
    """What a delivery asks to be compared; None when it asks nothing, or what does not count."""
    if synchronisation.HEADER.lower() not in request.headers.lines:
        return None
    try:
        if synchronisation.HEADER.lower() not in signatures.read(request).covered:
            raise OriginMismatch("The signature does not cover the header.")
        value = synchronisation.parse(request.headers.single(synchronisation.HEADER.lower()))
        synchronisation.check(value, sender.uri, sender.followers_uri or None)
    except FederationError as problem:
        logger.info("synchronisation.ignored", reason=str(problem))
        return None
    return SynchroniseFollowers(actor=sender.uri, url=value.url, digest=value.digest)


async def synchronise(node: Node, job: SynchroniseFollowers) -> None:
    """Compare, and settle what differs."""
    account = await actors.find_known(node, job.actor)
    if account is None or account.suspended_at is not None:
        return
    known = await relationships.list_local_followers(node, account.id, FOLLOWERS_MAX + 1)
    if len(known) > FOLLOWERS_MAX or synchronisation.digest(known) == job.digest or not _may_ask(node, account):
        return
    try:
        await policy.require_admitted(node, (job.actor, job.url))
        listed = await _listed(node, job.url)
    except (FederationError, Forbidden) as problem:
        logger.info("synchronisation.failed", actor=job.actor, reason=str(problem))
        return
    changes = await relationships.reconcile(node, account, set(known), listed)
    logger.info("synchronisation.done", actor=job.actor, ended=changes.ended, undone=changes.undone)


async def _listed(node: Node, url: str) -> set[str]:
    """Everybody in a collection, its pages followed; raises ``MalformedDocument`` unless it is whole."""
    budget = Budget(_PAGES_MAX)
    found: list[str] = []
    following: str | None = url
    total: int | None = None
    while following is not None:
        final_url, document = await fetching.fetch_json(node, following, budget)
        if not origin.same_origin(final_url, url):
            raise OriginMismatch(f"{url} leads to another server.")
        value = parse.collection(document)
        total = value.total_items if total is None else total
        found += _ids(value)
        following = _next(value)
        if isinstance(value, Collection) and isinstance(value.first, CollectionPage):
            found += _ids(value.first)
        if len(found) >= FOLLOWERS_MAX:
            raise MalformedDocument(f"{url} has too many items to be compared.")
    if total is not None and len(set(found)) < total:
        raise MalformedDocument(f"{url} is not whole.")
    return set(found)


def _ids(value: Collection | CollectionPage) -> Sequence[str]:
    return [item.id for item in value.items if isinstance(item, Ref)]


def _next(value: Collection | CollectionPage) -> str | None:
    if isinstance(value, CollectionPage):
        return value.next
    return value.first.next if isinstance(value.first, CollectionPage) else value.first


def _may_ask(node: Node, account: Account) -> bool:
    """Whether it is time to ask for somebody's followers; the question is noted."""
    asked_at = node.asked_followers.get(account.uri)
    if asked_at is not None and abs(node.now() - asked_at) < ASK_AGAIN_AFTER:
        return False
    node.asked_followers.pop(account.uri, None)
    node.asked_followers[account.uri] = node.now()
    while len(node.asked_followers) > ASKED_MAX:
        node.asked_followers.pop(next(iter(node.asked_followers)))
    return True
