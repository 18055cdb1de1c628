"""Which actor speaks for a whole server? Asked and answered in the two ways that are in use.

WebFinger for the URL of the server itself (FEP-d556), as Mastodon, WordPress, Mitra and Streams answer; else the link
to an ``Application`` in the list of NodeInfo documents (FEP-2677). The answer is an id only: the caller fetches the
actor, which must be at that very id, and a server that names an actor elsewhere must be confirmed by that other server.
"""

from typing import Final

from federation.addresses import domain_of
from federation.bounded_json import list_at, require_object, text_at
from federation.client import Client, is_activity_type
from federation.discovery import JRD_TYPE, Jrd, Link, base_urls, parse_jrd
from federation.errors import FetchError, MalformedDocument, OriginMismatch, PeerUnreachable
from federation.vocabulary import ACTIVITY_JSON

SERVICE_REL: Final = "https://www.w3.org/ns/activitystreams#Service"
APPLICATION_REL: Final = "https://www.w3.org/ns/activitystreams#Application"

_JSON_TYPES: Final = (JRD_TYPE, "application/json")


def node_jrd(base_url: str, actor_url: str) -> Jrd:
    """The answer about the server itself: its actor under both relations, for those that know only ``self``."""
    links = tuple(Link(rel=rel, type=ACTIVITY_JSON, href=actor_url) for rel in (SERVICE_REL, "self"))
    return Jrd(subject=f"{base_url}/", aliases=(actor_url,), links=links)


def application_link(actor_url: str) -> dict[str, str]:
    """The entry for ``links`` of ``/.well-known/nodeinfo``."""
    return {"rel": APPLICATION_REL, "href": actor_url}


def actor_of_jrd(jrd: Jrd) -> str | None:
    """The actor that a server's answer about itself names: by the relation of FEP-d556, else as ``self``."""
    for rel in (SERVICE_REL, "self"):
        for link in jrd.links:
            if link.rel == rel and link.href is not None and is_activity_type(link.type or ""):
                return link.href
    return None


def actor_of_links(document: object) -> str | None:
    """The actor that a list of NodeInfo documents names; raises ``MalformedDocument`` for no list."""
    for entry in list_at(require_object(document, "The list of NodeInfo documents"), "links"):
        link = entry if isinstance(entry, dict) else {}
        if text_at(link, "rel") == APPLICATION_REL:
            return text_at(link, "href")
    return None


async def find_node_actor(client: Client, domain: str) -> str:
    """The id of the actor that speaks for the domain.

    Raises ``FetchError``, ``MalformedDocument`` when it names none, ``OriginMismatch`` when the server it names does
    not agree.
    """
    actor_url = await _ask(client, domain)
    home = domain_of(actor_url, client.policy)
    if home != domain and await _ask(client, home) != actor_url:
        raise OriginMismatch(f"{domain} says that {actor_url} speaks for it, which {home} does not confirm")
    return actor_url


async def _ask(client: Client, domain: str) -> str:
    *first, last = base_urls(domain, client.policy)
    for base in first:
        try:
            return await _ask_at(client, base)
        except PeerUnreachable:
            continue
    return await _ask_at(client, last)


async def _ask_at(client: Client, base: str) -> str:
    """WebFinger may know nothing of servers, or answer nonsense; only a server that cannot be reached ends here."""
    try:
        jrd = parse_jrd((await client.fetch_json(f"{base}/.well-known/webfinger?resource={base}/", _JSON_TYPES)).json)
        actor_url = actor_of_jrd(jrd)
    except PeerUnreachable:
        raise
    except (FetchError, MalformedDocument):
        actor_url = None
    if actor_url is None:
        links = await client.fetch_json(f"{base}/.well-known/nodeinfo", _JSON_TYPES)
        actor_url = actor_of_links(links.json)
    if actor_url is None:
        raise MalformedDocument(f"{base} does not say which actor speaks for it")
    return actor_url
