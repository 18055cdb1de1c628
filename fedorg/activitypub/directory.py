"""The people of the organisation between its nodes: a collection of actors at ``/directory``, for siblings alone.

An actor there carries what it carries nowhere else: ``department``, ``jobTitle`` and, as ``tag``, the hashtags on its
profile. Whose node a page is from is believed about its own actors only (FEP-fe34).
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from msgspec.structs import replace as changed

from federation import origin, parse, render
from federation.actors import Actor
from federation.collections import Collection, CollectionPage
from federation.errors import FederationError, FetchError, OriginMismatch
from federation.objects import Hashtag
from fedorg import log
from fedorg.activitypub import actors, discovery, documents, fetching, policy
from fedorg.activitypub.fetching import Budget
from fedorg.activitypub.signed import Signer
from fedorg.domain.jobs import FetchDirectory
from fedorg.domain.people import Person
from fedorg.domain.visibility import Tier
from fedorg.errors import FedorgError, NotFound
from fedorg.ids import AccountId
from fedorg.node import Node
from fedorg.services import featured_tags, people
from fedorg.store import keys

PAGE: Final = 50
PAGES_MAX: Final = 400
# A page, and a question to WebFinger for each of its people that is new.
_FETCHES: Final = PAGE + 2

logger = log.get_logger()


async def document(node: Node, signer: Signer | None, *, after: AccountId | None) -> bytes:
    """The collection, or with ``after`` a page of it; ``NotFound`` for whoever is no sibling, or was not granted it."""
    if signer is None or signer.tier is not Tier.SIBLING or not signer.ceilings.directory:
        raise NotFound
    uri = node.uris.directory
    if after is None:
        total = await people.count_published(node)
        return render.to_bytes(Collection(id=uri, total_items=total, first=_page_uri(node, AccountId(0))))
    found = await people.list_published(node, after, PAGE)
    items = tuple([await _actor(node, person) for person in found])
    following = _page_uri(node, found[-1].account.id) if len(found) == PAGE else None
    return render.to_bytes(CollectionPage(id=_page_uri(node, after), part_of=uri, items=items, next=following))


async def fetch(node: Node, job: FetchDirectory) -> FetchDirectory | None:
    """Read a page of the list of a sibling; the job of the next page, None at the end.

    The first acquaintance is that of its node actor: what is for the whole organisation goes to its shared inbox.
    Whoever is not named any more is forgotten when the whole list was read, and not before.
    """
    url = job.url or f"{node.uris.directory_of(job.domain)}?page=true"
    standing = await policy.standing_of(node, url)
    if standing.tier is not Tier.SIBLING or job.page >= PAGES_MAX:
        return None
    budget = Budget(_FETCHES)
    try:
        if job.page == 0:
            await discovery.meet(node, job.domain)
        if not standing.ceilings.directory:
            return None
        page = await _page(node, url, budget)
    except (FederationError, FedorgError) as problem:
        logger.info("directory.unread", peer=job.domain, reason=str(problem))
        if job.page == 0 and isinstance(problem, FetchError):
            # It may be ill; and of two that agree on this one knows it first, and may ask too early.
            await people.ask_again(node, job)
        return None
    taken = await _take(node, job.domain, [item for item in page.items if isinstance(item, Actor)], budget)
    logger.info("directory.read", peer=job.domain, people=taken)
    if page.next is not None and page.next != url and origin.same_origin(page.next, url):
        return changed(job, url=page.next, page=job.page + 1)
    await people.end_listing(node, job)
    return None


async def _page(node: Node, url: str, budget: Budget) -> CollectionPage:
    final_url, document = await fetching.fetch_json(node, url, budget)
    found = parse.collection(document)
    if not origin.same_origin(final_url, url) or not isinstance(found, CollectionPage):
        raise OriginMismatch(f"{url} is no page of a list of people.")
    return found


async def _take(node: Node, domain: str, listed: Sequence[Actor], budget: Budget) -> int:
    taken = 0
    for actor in listed[:PAGE]:
        if policy.domain(node, actor.id) != domain:
            continue
        try:
            account = await actors.record(node, actor, budget)
        except (FederationError, FedorgError) as problem:
            logger.info("directory.skipped", uri=actor.id, reason=str(problem))
            await people.keep_listed(node, actor.id)
            continue
        await featured_tags.record_tags(node, account, [tag.name for tag in actor.hashtags])
        await people.record_listed(node, account, department=actor.department, job_title=actor.job_title)
        taken += 1
    return taken


async def _actor(node: Node, person: Person) -> Actor:
    held = await node.read(keys.list_of_account, person.account.id)
    tags = tuple(Hashtag(name=name, href=node.uris.tag(name.lower())) for name in person.expertise)
    return replace(
        documents.actor(person.account, held, node.uris),
        department=person.department or None,
        job_title=person.job_title or None,
        hashtags=tags,
    )


def _page_uri(node: Node, after: AccountId) -> str:
    return f"{node.uris.directory}?page=true&min_id={after}" if after else f"{node.uris.directory}?page=true"
