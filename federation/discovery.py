"""Who is ``@alice@example.org``? WebFinger, host-meta and handles, asked and answered.

A domain speaks for its handles, the domain of an actor's id for the actor; so a handle belongs to an actor only when
each leads to the other. ``find_actor`` follows a subject on another domain (handle domain ≠ web domain) once, and
that domain must then say the same. Spec: RFC 7033 (WebFinger), RFC 7565 (acct), RFC 6415 (host-meta), ActivityPub
and WebFinger (W3C CG report).
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final
from urllib.parse import quote
from xml.etree import ElementTree as ET
from xml.sax.saxutils import quoteattr

from federation.addresses import AddressPolicy, check_url, domain_of, is_loopback_host
from federation.bounded_json import list_at, require_object, text_at
from federation.client import Client, is_activity_type
from federation.errors import AddressRefused, MalformedDocument, OriginMismatch, PeerAnswered, PeerUnreachable
from federation.vocabulary import ACTIVITY_JSON

JRD_TYPE: Final = "application/jrd+json"
XRD_TYPE: Final = "application/xrd+xml"
PROFILE_PAGE_REL: Final = "http://webfinger.net/rel/profile-page"
SUBSCRIBE_REL: Final = "http://ostatus.org/schema/1.0/subscribe"
USERNAME_MAX: Final = 64

# The last three are what servers of files say of one without an ending.
_JRD_TYPES: Final = (JRD_TYPE, "application/json", "application/octet-stream", "text/plain", "")
_XRD_TYPES: Final = (XRD_TYPE, "application/xml", "text/xml")
_HOST_META_BYTES: Final = 65_536
_USERNAME: Final = re.compile(r"[A-Za-z0-9_](?:[A-Za-z0-9_.-]*[A-Za-z0-9_])?")
_XRD: Final = "{http://docs.oasis-open.org/ns/xri/xrd-1.0}"
_NOT_FOUND: Final = 404


@dataclass(frozen=True, slots=True, kw_only=True)
class Handle:
    """The name by which people know an account; the domain is canonical."""

    username: str
    domain: str

    @property
    def text(self) -> str:
        """As people write it, without the first ``@``."""
        return f"{self.username}@{self.domain}"

    @property
    def acct(self) -> str:
        """As a URI (RFC 7565)."""
        return f"acct:{self.text}"

    def is_same_as(self, other: "Handle") -> bool:
        """Whether both name one account; upper and lower case do not matter."""
        return self.text.lower() == other.text.lower()


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """One link of a JRD; ``template`` instead of ``href`` for forms."""

    rel: str
    type: str | None = None
    href: str | None = None
    template: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Jrd:
    """A JSON resource descriptor (RFC 7033 §4.4)."""

    subject: str | None
    aliases: tuple[str, ...] = ()
    links: tuple[Link, ...] = ()

    @property
    def actor_url(self) -> str | None:
        """Where the ActivityPub actor is, if there is one."""
        return next(
            (link.href for link in self.links if link.rel == "self" and is_activity_type(link.type or "")), None
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundActor:
    """A handle in its canonical form, and the id of the actor that its domain names."""

    handle: Handle
    actor_url: str


def parse_handle(text: str, policy: AddressPolicy) -> Handle:
    """``@alice@example.org``, ``alice@example.org`` or ``acct:alice@example.org``; raises ``MalformedDocument``."""
    username, separator, domain = text.strip().removeprefix("acct:").removeprefix("@").partition("@")
    if not separator or len(username) > USERNAME_MAX or not _USERNAME.fullmatch(username):
        raise MalformedDocument("This is not a handle like @alice@example.org")
    try:
        checked = check_url(f"https://{domain}", policy)
    except AddressRefused as problem:
        raise MalformedDocument("This is not a handle of a server that can be reached") from problem
    if checked.path != "/":
        raise MalformedDocument("This is not a handle like @alice@example.org")
    return Handle(username=username, domain=checked.authority)


def parse_resource(resource: str, policy: AddressPolicy) -> Handle | str:
    """What a WebFinger query is about: a handle, or the URL of an actor or profile."""
    if resource.startswith(("https://", "http://")):
        return check_url(resource, policy).url
    return parse_handle(resource, policy)


def actor_jrd(handle: Handle, *, actor_url: str, profile_url: str, subscribe_template: str | None) -> Jrd:
    """The answer about an account: its actor, its page, and the form to follow it from elsewhere (``{uri}``)."""
    links = [
        Link(rel=PROFILE_PAGE_REL, type="text/html", href=profile_url),
        Link(rel="self", type=ACTIVITY_JSON, href=actor_url),
    ]
    if subscribe_template is not None:
        links.append(Link(rel=SUBSCRIBE_REL, template=subscribe_template))
    return Jrd(subject=handle.acct, aliases=tuple(dict.fromkeys((profile_url, actor_url))), links=tuple(links))


def render_jrd(jrd: Jrd) -> Mapping[str, object]:
    """The JSON of a JRD, to be served as ``JRD_TYPE``."""
    return {
        "subject": jrd.subject,
        "aliases": list(jrd.aliases),
        "links": [
            {
                key: value
                for key, value in (
                    ("rel", link.rel),
                    ("type", link.type),
                    ("href", link.href),
                    ("template", link.template),
                )
                if value is not None
            }
            for link in jrd.links
        ],
    }


def parse_jrd(document: object) -> Jrd:
    """A peer's JRD; links without a relation and everything too long are dropped."""
    jrd = require_object(document, "The JRD")
    links = []
    for entry in list_at(jrd, "links"):
        link = entry if isinstance(entry, dict) else {}
        rel = text_at(link, "rel")
        if rel is not None:
            kind, href, template = (text_at(link, key) for key in ("type", "href", "template"))
            links.append(Link(rel=rel, type=kind, href=href, template=template))
    aliases = tuple(alias for alias in list_at(jrd, "aliases") if isinstance(alias, str))
    return Jrd(subject=text_at(jrd, "subject"), aliases=aliases, links=tuple(links))


def render_host_meta_xrd(template: str) -> str:
    """The host-meta document that leads from the handle domain to WebFinger on the web domain (``{uri}``)."""
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        '<XRD xmlns="http://docs.oasis-open.org/ns/xri/xrd-1.0">\n'
        f'  <Link rel="lrdd" type={quoteattr(JRD_TYPE)} template={quoteattr(template)}/>\n'
        "</XRD>\n"
    )


def render_host_meta_json(template: str) -> Mapping[str, object]:
    """The same as JSON (RFC 6415 §3)."""
    return {"links": [{"rel": "lrdd", "type": JRD_TYPE, "template": template}]}


def parse_host_meta_xrd(body: bytes) -> str:
    """The WebFinger template of a host-meta document; raises ``MalformedDocument`` if it has none."""
    try:
        # Parsed from text, so that no encoding the document declares can hide a declaration from the test.
        text = body.decode()
        if "<!" in text.replace("<!--", ""):
            raise MalformedDocument("A host-meta document has no declarations")
        root = ET.fromstring(text)  # noqa: S314 - no DTD, no entities, bounded size
    except (ET.ParseError, UnicodeDecodeError) as problem:
        raise MalformedDocument("The host-meta document is not XML") from problem
    for link in root.iter(f"{_XRD}Link"):
        template = link.get("template", "")
        if link.get("rel") == "lrdd" and "{uri}" in template:
            return template
    raise MalformedDocument("The host-meta document does not name a WebFinger address")


async def find_actor(client: Client, handle: Handle) -> FoundActor:
    """The actor behind a handle, as its own domain says.

    Raises ``FetchError``, ``MalformedDocument``, ``OriginMismatch``.
    """
    subject, actor_url = await _ask(client, handle)
    if subject.is_same_as(handle):
        return FoundActor(handle=subject, actor_url=actor_url)
    confirmed, confirmed_url = await _ask(client, subject)
    if not confirmed.is_same_as(subject) or confirmed_url != actor_url:
        raise OriginMismatch(f"{handle.text} says that it is {subject.text}, which does not agree")
    return FoundActor(handle=confirmed, actor_url=actor_url)


async def confirm_handle(
    client: Client, actor_url: str, username: str, *, heard: tuple[Handle, FoundActor] | None = None
) -> Handle:
    """The handle of an actor, if its server and the handle's domain both name this actor under this username.

    ``heard`` is a question that was asked just now and what came of it: it is not asked again.
    """
    asked = Handle(username=username, domain=domain_of(actor_url, client.policy))
    found = heard[1] if heard is not None and heard[0].is_same_as(asked) else await find_actor(client, asked)
    if found.actor_url != actor_url or found.handle.username.lower() != username.lower():
        raise OriginMismatch(f"{found.handle.text} does not lead back to {actor_url}")
    return found.handle


async def _ask(client: Client, handle: Handle) -> tuple[Handle, str]:
    jrd = await _webfinger(client, handle)
    if jrd.actor_url is None:
        raise MalformedDocument(f"{handle.text} has no ActivityPub actor")
    return handle if jrd.subject is None else parse_handle(jrd.subject, client.policy), jrd.actor_url


async def _webfinger(client: Client, handle: Handle) -> Jrd:
    *first, last = base_urls(handle.domain, client.policy)
    for base in first:
        try:
            return await _webfinger_at(client, base, handle.acct)
        except PeerUnreachable:
            continue
    return await _webfinger_at(client, last, handle.acct)


async def _webfinger_at(client: Client, base: str, resource: str) -> Jrd:
    escaped = quote(resource, safe="")
    try:
        document = await client.fetch_json(f"{base}/.well-known/webfinger?resource={escaped}", _JRD_TYPES)
    except PeerAnswered as answer:
        if answer.status != _NOT_FOUND:
            raise
        host_meta = await client.fetch_bytes(f"{base}/.well-known/host-meta", _HOST_META_BYTES, _XRD_TYPES)
        template = parse_host_meta_xrd(host_meta.body)
        document = await client.fetch_json(template.replace("{uri}", escaped), _JRD_TYPES)
    return parse_jrd(document.json)


def base_urls(domain: str, policy: AddressPolicy) -> tuple[str, ...]:
    """Where to ask a domain, in order: https, and loopback hosts under ``allow_http_loopback`` without TLS as well.

    Which of the two comes first depends on ``loopback_has_tls``.
    """
    host = check_url(f"https://{domain}", policy).host
    if policy.allow_http_loopback and is_loopback_host(host):
        bases = f"https://{domain}", f"http://{domain}"
        return bases if policy.loopback_has_tls else bases[::-1]
    return (f"https://{domain}",)
