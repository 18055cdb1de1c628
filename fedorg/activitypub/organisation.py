"""Which nodes belong to the organisation: a collection of node actors at ``/organisation``, for siblings alone.

The list is one document with a proof by the node's actor (FEP-8b32), so that what was said by whom can be shown later,
and so that nothing is missing from what was read. That it changed is said by an ``Update`` that names it and nobody in
it: whoever hears that reads the list.
"""

from typing import Final

from federation import origin
from federation.activities import Update
from federation.collections import Collection
from federation.errors import AddressRefused, FederationError, FetchError, OriginMismatch
from federation.objects import Ref
from fedorg import log
from fedorg.activitypub import counterparts, discovery, fetching, policy, proofs
from fedorg.activitypub.fetching import Budget
from fedorg.activitypub.outcomes import Done, Ignored, Outcome
from fedorg.activitypub.recording import record
from fedorg.activitypub.signed import Signer
from fedorg.domain.accounts import Account
from fedorg.domain.introductions import NAMED_MAX, Policy
from fedorg.domain.jobs import FetchOrganisation, TellOrganisation
from fedorg.domain.visibility import Reach, Tier
from fedorg.errors import FedorgError, NotFound
from fedorg.ids import JobId
from fedorg.node import Node
from fedorg.services import introductions, peers
from fedorg.services.registration import ensure_node_actor

_FETCHES: Final = 4

logger = log.get_logger()


async def document(node: Node, signer: Signer | None) -> bytes:
    """The list; ``NotFound`` for whoever is no sibling."""
    if signer is None or signer.tier is not Tier.SIBLING:
        raise NotFound
    actor = await ensure_node_actor(node)
    named = (actor.uri, *await introductions.list_vouched(node))
    found = Collection(
        type="Collection",
        id=node.uris.organisation,
        attributed_to=actor.uri,
        items=tuple(Ref(id=uri) for uri in named),
        total_items=len(named),
    )
    return await proofs.sealed(node, actor.id, found)


async def fetch(node: Node, job: FetchOrganisation) -> None:
    """Read the list of a sibling, or ask again later when it was not given."""
    if await introductions.find_policy(node, job.domain) in (None, Policy.IGNORE):
        return
    try:
        named = await _read(node, job.domain)
    except (FederationError, FedorgError) as problem:
        logger.info("organisation.unread", peer=job.domain, reason=str(problem))
        if isinstance(problem, FetchError):
            # It may be ill; and of two that become siblings one knows it first, and may ask too early.
            await introductions.ask_again(node, job)
        return
    new = await introductions.take_list(node, job.domain, named)
    logger.info("organisation.read", peer=job.domain, nodes=len(named), new=new)


async def tell(node: Node, job: TellOrganisation, job_id: JobId) -> None:
    """Tell siblings that the list is not what it was; nothing when whom it names is the same."""
    if job.partnership_id is not None and await introductions.came_by_list(node, job.partnership_id):
        return
    uri = node.uris.organisation
    if await policy.tier_of(node, node.uris.site(job.domain)) is Tier.SIBLING:
        # Whoever was only said to be a sibling is named once its actor is known.
        await discovery.meet_once(node, job.domain)
    actor = await ensure_node_actor(node)
    activity = Update(id=node.uris.change(uri, job_id), actor=actor.uri, object=Ref(id=uri))
    # Whoever is new reads the list anyway, and may not know yet that it is a sibling.
    new = node.uris.inbox_of(job.domain)
    inboxes = [inbox for inbox in await peers.list_sibling_inboxes(node) if inbox != new]
    if inboxes:
        await record(node, actor, activity, inboxes, object_uri=uri, reach=Reach.ORGANISATION)


async def receive(node: Node, sender: Account, update: Update) -> Outcome | None:
    """A sibling says that its list changed; None for an update of something else."""
    domain = policy.domain(node, sender.uri)
    if update.object.id != node.uris.organisation_of(domain):
        return None
    policy_here = await introductions.find_policy(node, domain)
    if policy_here is None or not await counterparts.speaks(node, sender):
        return Ignored("only nodes of the same organisation introduce others")
    if policy_here is Policy.IGNORE:
        return Ignored("nobody whom it introduces is wanted here")
    await introductions.ask(node, domain)
    return Done()


async def _read(node: Node, domain: str) -> frozenset[str]:
    """The domains that a sibling names, its own left out."""
    await discovery.meet_once(node, domain)
    url = node.uris.organisation_of(domain)
    final_url, document = await fetching.fetch_json(node, url, Budget(_FETCHES))
    proven, maker = await proofs.prove(node, document)
    found = proven.value
    is_its_own = origin.same_origin(final_url, url) and origin.same_origin(maker.uri, url)
    if not is_its_own or not isinstance(found, Collection) or found.id != url:
        raise OriginMismatch(f"{url} is no list of nodes.")
    if not await counterparts.speaks(node, maker):
        raise OriginMismatch(f"{url} is not by the actor that speaks for {domain}.")
    if found.first is not None or found.total_items != len(found.items) or len(found.items) > NAMED_MAX:
        raise OriginMismatch(f"{url} does not name all nodes, or too many.")
    return frozenset(_domains(node, found)) - {domain, node.settings.domain, node.settings.web_domain}


def _domains(node: Node, found: Collection) -> list[str]:
    named: list[str] = []
    for item in found.items:
        if not isinstance(item, Ref):
            continue
        try:
            named.append(policy.domain(node, item.id))
        except AddressRefused as problem:
            logger.info("organisation.skipped", uri=item.id, reason=str(problem))
    return named
