"""Every address a node mints: identities (``uri``, never shown) and pages (``url``, for people).

An identity holds an id and never a name that may change, except that of an account, whose username is for ever.
Nothing here ends in ``/followers`` but followers collections: other servers guess by that ending (blueprint §4).
"""

from dataclasses import dataclass
from typing import Final
from urllib.parse import quote, unquote, urlsplit

from fedorg.config import Settings
from fedorg.ids import CollectionId, PartnershipId, QuoteId, StatusId

_ID_DIGITS: Final = 19


@dataclass(frozen=True, slots=True)
class Uris:
    """Mints addresses under ``base`` (the public URL); ``domain`` is the one in handles."""

    base: str
    domain: str

    @classmethod
    def of(cls, settings: Settings) -> "Uris":
        """The addresses of the node with these settings."""
        return cls(settings.public_url, settings.domain)

    @property
    def node_actor(self) -> str:
        """The ``Application`` that speaks for the node itself."""
        return f"{self.base}/actor"

    @property
    def shared_inbox(self) -> str:
        """Where peers deliver once for all accounts here."""
        return f"{self.base}/inbox"

    @property
    def directory(self) -> str:
        """The collection of those members whom other nodes of the organisation are told of."""
        return f"{self.base}/directory"

    def directory_of(self, domain: str) -> str:
        """The same of another node of the organisation."""
        return f"{self.site(domain)}/directory"

    @property
    def organisation(self) -> str:
        """The collection of the nodes of the organisation that this one vouches for."""
        return f"{self.base}/organisation"

    def organisation_of(self, domain: str) -> str:
        """The same of another node of the organisation."""
        return f"{self.site(domain)}/organisation"

    def actor(self, username: str) -> str:
        """Identity of a local account."""
        # A name that somebody asks for may be anything, and is written into headers.
        return f"{self.base}/users/{quote(username, safe='')}"

    def profile(self, username: str) -> str:
        """Page of a local account."""
        return f"{self.base}/@{quote(username, safe='')}"

    def key(self, actor_uri: str, name: str) -> str:
        """Identity of a key of an actor; ``name`` is ``main-key`` (RSA) or ``ed25519-key``, later ones numbered."""
        return f"{actor_uri}#{name}"

    def featured(self, actor_uri: str) -> str:
        """The collection of what a local account has pinned."""
        return f"{actor_uri}/collections/featured"

    def featured_tags(self, actor_uri: str) -> str:
        """The collection of the hashtags a local account shows on its profile."""
        return f"{actor_uri}/collections/tags"

    def featured_collection(self, actor_uri: str, collection_id: CollectionId) -> str:
        """Identity of a collection of accounts that a local account recommends."""
        return f"{actor_uri}/collections/{collection_id}"

    def status(self, username: str, status_id: StatusId) -> str:
        """Identity of a local status."""
        return f"{self.actor(username)}/statuses/{status_id}"

    def status_page(self, username: str, status_id: StatusId) -> str:
        """Page of a local status."""
        return f"{self.profile(username)}/{status_id}"

    def status_embed(self, username: str, status_id: StatusId) -> str:
        """Page of a local status for the frames of other sites."""
        return f"{self.status_page(username, status_id)}/embed"

    def oembed(self, status_url: str) -> str:
        """Where other sites learn how to show a local status."""
        return f"{self.base}/api/oembed?url={quote(status_url, safe='')}"

    def context(self, status_uri: str) -> str:
        """The collection of the thread that a local status began."""
        return f"{status_uri}/context"

    def activity_of(self, status_uri: str) -> str:
        """Identity of the Create (or, for a reblog, the Announce) that brought a status."""
        return f"{status_uri}/activity"

    def change(self, uri: str, number: int) -> str:
        """Identity of an Update of a status or an account; it carries a proof, and so has no fragment (FEP-8b32)."""
        return f"{uri}/updates/{number}"

    def activity(self, actor_uri: str, kind: str, number: int) -> str:
        """Identity of any other activity of an actor, such as ``…#follow/123``."""
        return f"{actor_uri}#{kind}/{number}"

    def quote_authorization(self, actor_uri: str, quote_id: QuoteId) -> str:
        """The stamp by which a local account lets somebody quote it; gone when it is taken back."""
        return f"{actor_uri}/quote_authorizations/{quote_id}"

    def quote_request(self, status_uri: str) -> str:
        """Identity of the activity that asks for the right to quote in a status."""
        return f"{status_uri}#quote_request"

    def announcement(self, number: int) -> str:
        """Identity of what this node announces; the page where members acknowledge it."""
        return f"{self.base}/announcements/{number}"

    def announcement_number(self, uri: str) -> int | None:
        """The number of an announcement of this node; None for any other address."""
        number = uri.removeprefix(f"{self.base}/announcements/")
        return int(number) if number != uri and number.isascii() and number.isdigit() and len(number) < 20 else None  # noqa: PLR2004 - more than an id has

    def inbox_of(self, domain: str) -> str:
        """Where another node of ours takes what is for all of its accounts."""
        return f"{self.site(domain)}/inbox"

    def audience(self, reach: str) -> str:
        """The audience collection named in ``cc`` of a status with a reach between node and public."""
        return f"{self.base}/audiences/{reach}"

    def partnership(self, partnership_id: PartnershipId) -> str:
        """Identity of what this node grants another one."""
        return f"{self.base}/partnerships/{partnership_id}"

    def partnership_id_of(self, uri: str) -> PartnershipId | None:
        """The partnership with an identity, or with that of its offer; None for any other address."""
        prefix = f"{self.base}/partnerships/"
        number = uri.removeprefix(prefix).partition("#")[0]
        is_one = uri.startswith(prefix) and number.isascii() and number.isdigit() and len(number) < _ID_DIGITS
        return PartnershipId(int(number)) if is_one else None

    def site(self, domain: str) -> str:
        """The address of a server of ours, or of one like it."""
        return f"{urlsplit(self.base).scheme}://{domain}"

    def audience_of(self, domain: str, reach: str) -> str:
        """The audience collection of another node of ours."""
        return f"{self.site(domain)}/audiences/{reach}"

    def tag(self, name: str) -> str:
        """Page of a hashtag."""
        return f"{self.base}/tags/{quote(name)}"

    def tagged(self, profile: str, name: str) -> str:
        """What the account with a page posted under a hashtag."""
        return f"{profile}/tagged/{quote(name)}"

    def media(self, name: str) -> str:
        """Where a stored file is served."""
        return f"{self.base}/media/{name}"

    def static(self, name: str) -> str:
        """Where a file of the package is served."""
        return f"{self.base}/static/{name}"

    def followers_part(self, actor_uri: str) -> str:
        """Where a peer asks who of its people follow a local account."""
        return f"{actor_uri}/followers_synchronization"

    def mail_link(self, kind: str, token: str) -> str:
        """Page that a letter leads to."""
        return f"{self.base}/auth/mail/{kind}/{token}"

    def partnership_page(self, domain: str) -> str:
        """Page on which administrators see how it stands with another node."""
        return f"{self.base}/admin/partnerships/{domain}"

    def username_of(self, uri: str) -> str | None:
        """The username of an actor identity of this node; None for any other address."""
        prefix = f"{self.base}/users/"
        rest = uri.removeprefix(prefix)
        return rest if uri.startswith(prefix) and rest and "/" not in rest and "#" not in rest else None

    def username_of_page(self, address: str) -> str | None:
        """The name on whose page of this node an address leads; None for any other address."""
        prefix = f"{self.base}/@"
        rest = unquote(address.removeprefix(prefix).rstrip("/"))
        return rest if address.startswith(prefix) and rest and "/" not in rest else None

    def username_in(self, handle: str) -> str | None:
        """The name in a handle of this node, however it is written (``acct:anna@org.example``); None in another's."""
        name, _, domain = handle.strip().removeprefix("acct:").removeprefix("@").partition("@")
        return name if domain.lower() in (self.domain, urlsplit(self.base).netloc) else None

    def is_ours(self, uri: str) -> bool:
        """Whether this node minted the address."""
        return uri == self.base or uri.startswith(f"{self.base}/")


def is_one_server(one: str, other: str) -> bool:
    """Whether two identities have the same scheme and authority, to the letter.

    Identities are in canonical form when they are stored, so this never says yes where ``federation.origin`` says no.
    """
    try:
        scheme, authority = urlsplit(one)[:2]
        return bool(scheme and authority) and urlsplit(other)[:2] == (scheme, authority)
    except ValueError:
        return False
