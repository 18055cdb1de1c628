"""What software a server runs and how large it is: NodeInfo 2.0 and 2.1, asked and answered.

Nothing here is proof of anything: peers write what they like. Spec: nodeinfo.diaspora.software, FEP-f1d5.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal, TypeVar

from federation.bounded_json import list_at, number_at, object_at, require_object, text_at
from federation.client import Client
from federation.discovery import base_urls
from federation.errors import MalformedDocument, PeerUnreachable

Version = Literal["2.0", "2.1"]

VERSIONS: Final[tuple[Version, ...]] = ("2.0", "2.1")

_SCHEMA: Final = "http://nodeinfo.diaspora.software/ns/schema/"
_JSON_TYPES: Final = ("application/json",)
_NAME_MAX: Final = 100
_Said = TypeVar("_Said", str, int)


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeInfo:
    """The statement of one server; None where it does not say."""

    software_name: str
    software_version: str
    protocols: tuple[str, ...] = ("activitypub",)
    open_registrations: bool = False
    users_total: int | None = None
    users_active_month: int | None = None
    users_active_halfyear: int | None = None
    local_posts: int | None = None
    node_name: str | None = None
    node_description: str | None = None
    repository: str | None = None  # of the software, 2.1 only
    homepage: str | None = None  # of the software, 2.1 only


def content_type(version: Version) -> str:
    """The media type to serve a document with."""
    return f'application/json; profile="{_SCHEMA}{version}#"'


def render_links(base_url: str, *others: Mapping[str, str]) -> Mapping[str, object]:
    """``/.well-known/nodeinfo``, for documents at ``{base_url}/nodeinfo/2.0`` and ``2.1``; ``others`` follow them."""
    own = [{"rel": f"{_SCHEMA}{version}", "href": f"{base_url}/nodeinfo/{version}"} for version in VERSIONS]
    return {"links": [*own, *others]}


def render_nodeinfo(info: NodeInfo, version: Version) -> Mapping[str, object]:
    """The document of one version; what the node does not say is left out."""
    software = {"name": info.software_name, "version": info.software_version}
    if version == "2.1":
        software |= _said(repository=info.repository, homepage=info.homepage)
    users = _said(
        total=info.users_total, activeMonth=info.users_active_month, activeHalfyear=info.users_active_halfyear
    )
    return {
        "version": version,
        "software": software,
        "protocols": list(info.protocols),
        "services": {"inbound": [], "outbound": []},
        "openRegistrations": info.open_registrations,
        "usage": {"users": users, **_said(localPosts=info.local_posts)},
        "metadata": _said(nodeName=info.node_name, nodeDescription=info.node_description),
    }


def parse_links(document: object) -> str:
    """The address of the newest document we read; raises ``MalformedDocument`` if there is none."""
    found: dict[str, str] = {}
    for entry in list_at(require_object(document, "The list of NodeInfo documents"), "links"):
        link = entry if isinstance(entry, dict) else {}
        rel, href = text_at(link, "rel"), text_at(link, "href")
        if rel is not None and href is not None:
            found[rel.removeprefix(_SCHEMA)] = href
    for version in reversed(VERSIONS):
        if version in found:
            return found[version]
    raise MalformedDocument("The server has no NodeInfo document of version 2.0 or 2.1")


def parse_nodeinfo(document: object) -> NodeInfo:
    """A peer's document; wrong or overlong members count as not said, only the software is required."""
    info = require_object(document, "The NodeInfo document")
    software, usage, metadata = object_at(info, "software"), object_at(info, "usage"), object_at(info, "metadata")
    users = object_at(usage, "users")
    name, version = text_at(software, "name", _NAME_MAX), text_at(software, "version", _NAME_MAX)
    if name is None or version is None:
        raise MalformedDocument("The NodeInfo document does not name the software")
    return NodeInfo(
        software_name=name.lower(),
        software_version=version,
        protocols=tuple(name for name in list_at(info, "protocols") if isinstance(name, str)),
        open_registrations=info.get("openRegistrations") is True,
        users_total=number_at(users, "total"),
        users_active_month=number_at(users, "activeMonth"),
        users_active_halfyear=number_at(users, "activeHalfyear"),
        local_posts=number_at(usage, "localPosts"),
        node_name=text_at(metadata, "nodeName"),
        node_description=text_at(metadata, "nodeDescription"),
        repository=text_at(software, "repository"),
        homepage=text_at(software, "homepage"),
    )


async def fetch_nodeinfo(client: Client, domain: str) -> NodeInfo:
    """What a domain says about itself; raises ``FetchError`` and ``MalformedDocument``."""
    *first, last = base_urls(domain, client.policy)
    for base in first:
        try:
            return await _fetch_at(client, base)
        except PeerUnreachable:
            continue
    return await _fetch_at(client, last)


async def _fetch_at(client: Client, base: str) -> NodeInfo:
    links = await client.fetch_json(f"{base}/.well-known/nodeinfo", _JSON_TYPES)
    document = await client.fetch_json(parse_links(links.json), _JSON_TYPES)
    return parse_nodeinfo(document.json)


def _said(**members: _Said | None) -> dict[str, _Said]:
    return {key: value for key, value in members.items() if value is not None}
