"""Which hosts and addresses may be contacted, and what the name of a server is.

One function, ``canonical_host``, makes the form of a host that is stored, compared and shown: lower-case ASCII (IDNA
2008 after UTS 46 mapping), no trailing dot, no invisible or bidirectional character; what cannot be brought into that
form is refused, never repaired. ``check_url`` is the only door from text to a URL that may be requested: https, no
credentials, no fragment, the default port, and a percent-encoding that no later layer changes. IP literals are checked
here because they never reach a resolver; what names resolve to is checked by the transport with the same
``AddressPolicy``.

Addresses are allowed by test, never by a list of known bad ranges, and ``ipaddress`` alone is not enough: its
``is_global`` is True for multicast, NAT64, 6to4 and IPv4-compatible forms. Rule: v4 is global and not multicast; v6 is
inside 2000::/3, global, and neither 6to4 (2002::/16) nor in the IETF protocol block 2001::/23; mapped v4 is unwrapped
first.

Under ``allow_http_loopback`` (demonstrations and tests on one machine) loopback is permitted, http to loopback hosts
too, and a port is part of a domain. Spec: RFC 3986, RFC 5891, UTS 46, RFC 6761 §6.3 (localhost).
"""

import ipaddress
import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

import httpx
import idna

from federation.errors import AddressRefused

IPAddress = ipaddress.IPv4Address | ipaddress.IPv6Address
IPNetwork = ipaddress.IPv4Network | ipaddress.IPv6Network

URL_MAX: Final = 2048
HOST_MAX: Final = 253

_DEFAULT_PORTS: Final = {"https": 443, "http": 80}
_PORT_MAX: Final = 65_535
_GLOBAL_UNICAST: Final = ipaddress.IPv6Network("2000::/3")
_NOT_PEERS: Final = (ipaddress.IPv6Network("2002::/16"), ipaddress.IPv6Network("2001::/23"))

_URL: Final = re.compile(
    r"(?P<scheme>[A-Za-z][A-Za-z0-9+.-]*)://(?P<authority>[^/?#]*)(?P<rest>[^#]*)(?:#.*)?", re.DOTALL
)
_AUTHORITY: Final = re.compile(r"(?P<host>\[[0-9A-Fa-f:.]+\]|[^:\[\]@]+)(?::(?P<port>[0-9]{1,5}))?")
_UNSAFE: Final = re.compile(r"[\x00-\x20\x7f\\]|%(?![0-9A-Fa-f]{2})")
# What every reading of a URL leaves as it is: no segment is a dot or two, nothing wants to be escaped.
_PLAIN_PATH: Final = re.compile(r"(?:/(?!\.\.?(?:[/?]|$))[A-Za-z0-9_~@%.-]*)+(?:\?[A-Za-z0-9_~@%.=&-]+)?")
_PLAIN_HOST: Final = re.compile(
    r"(?:(?!..--)[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)*(?!..--)[a-z](?:[a-z0-9-]{0,61}[a-z0-9])?"
)
_NUMERIC_LABEL: Final = re.compile(r"[0-9]+|0[xX][0-9A-Fa-f]*")
_INVISIBLE: Final = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zs", "Zl", "Zp"})


@dataclass(frozen=True, slots=True, kw_only=True)
class AddressPolicy:
    """Where outbound requests may go beside public addresses; the default is nowhere else.

    ``loopback_has_tls`` says that hosts on loopback are likely to speak TLS: it is tried first.
    """

    allowed_networks: tuple[IPNetwork, ...] = ()
    allow_http_loopback: bool = False
    loopback_has_tls: bool = False

    def permits(self, address: IPAddress) -> bool:
        """Whether a connection to this address may be opened."""
        unwrapped = unwrap(address)
        if is_public(unwrapped) or (self.allow_http_loopback and unwrapped.is_loopback):
            return True
        return any(unwrapped in network for network in self.allowed_networks)


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckedUrl:
    """A URL that may be requested; ``url`` is what is signed and, byte for byte, what is sent."""

    scheme: str
    host: str
    port: int
    path: str  # path and query, percent-encoded

    @property
    def authority(self) -> str:
        """The host, with the port where it is not the scheme's own: the ``Host`` header."""
        return self.host if self.port == _DEFAULT_PORTS[self.scheme] else f"{self.host}:{self.port}"

    @property
    def url(self) -> str:
        """The whole of it, without a fragment."""
        return f"{self.scheme}://{self.authority}{self.path}"


@lru_cache(maxsize=2048)
def check_url(url: str, policy: AddressPolicy) -> CheckedUrl:
    """The one reading of a URL, for whoever signs, sends or compares; ``AddressRefused`` if it may not be requested."""
    scheme, authority, rest = _split(url)
    host, port = _split_authority(url, authority)
    host = canonical_host(host)
    _require_permitted_literal(url, host, policy)
    if scheme == "http" and not (policy.allow_http_loopback and is_loopback_host(host)):
        raise AddressRefused(url, "only https is spoken")
    default = _DEFAULT_PORTS[scheme]
    if port not in {None, default} and not policy.allow_http_loopback:
        raise AddressRefused(url, "only the default port is used")
    checked = CheckedUrl(scheme=scheme, host=host, port=port or default, path=rest)
    if _PLAIN_PATH.fullmatch(rest):
        return checked
    path = httpx.URL(f"{scheme}://{checked.authority}{rest}").raw_path.decode("ascii")
    return CheckedUrl(scheme=scheme, host=host, port=checked.port, path=path.removesuffix("?"))


def domain_of(url: str, policy: AddressPolicy) -> str:
    """The domain of the server a URL belongs to; with the port only under ``allow_http_loopback``."""
    scheme, authority, _ = _split(url)
    try:
        return _domain(scheme, authority, policy)
    except AddressRefused as problem:
        raise AddressRefused(url, problem.reason) from problem


@lru_cache(maxsize=4096)
def _domain(scheme: str, authority: str, policy: AddressPolicy) -> str:
    return check_url(f"{scheme}://{authority}/", policy).authority


def is_loopback_host(host: str) -> bool:
    """Whether a canonical host can only mean this machine: ``localhost``, a name below it, or a loopback address."""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    address = literal(host)
    return address is not None and address.is_loopback


def is_public(address: IPAddress) -> bool:
    """Whether the address is an ordinary public one (S21); the module header states the rule."""
    address = unwrap(address)
    if isinstance(address, ipaddress.IPv4Address):
        return address.is_global and not address.is_multicast
    return address in _GLOBAL_UNICAST and address.is_global and not any(address in network for network in _NOT_PEERS)


def unwrap(address: IPAddress) -> IPAddress:
    """The IPv4 address inside an IPv4-mapped IPv6 address, otherwise the address itself."""
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped is not None:
        return address.ipv4_mapped
    return address


@lru_cache(maxsize=4096)
def literal(host: str) -> IPAddress | None:
    """The address that a canonical host spells out, None for a name."""
    try:
        return ipaddress.ip_address(host.removeprefix("[").removesuffix("]"))
    except ValueError:
        return None


@lru_cache(maxsize=4096)
def canonical_host(host: str) -> str:
    """The one form of a host name or IP literal (IPv6 in brackets); idempotent; raises ``AddressRefused``."""
    if not host or len(host) > HOST_MAX:
        raise AddressRefused(host[:HOST_MAX], "a host has 1 to 253 characters")
    if host.isascii() and _PLAIN_HOST.fullmatch(lower := host.lower()):
        return lower
    if host.startswith("["):
        return _canonical_ipv6(host)
    if any(_vanishes(character) for character in host):
        raise AddressRefused(ascii(host), "a host has no invisible characters")
    mapped = idna.uts46_remap(host, std3_rules=False, transitional=False) if not host.isascii() else host.lower()
    labels = mapped.split(".")
    if _NUMERIC_LABEL.fullmatch(labels[-1]):
        return _canonical_ipv4(mapped)
    if "" in labels:
        raise AddressRefused(ascii(host), "a host has no empty label and no trailing dot")
    try:
        return idna.encode(mapped).decode("ascii")
    except (idna.IDNAError, UnicodeError) as problem:
        raise AddressRefused(ascii(host), "not an internationalised domain name") from problem


@lru_cache(maxsize=1024)
def _split(url: str) -> tuple[str, str, str]:
    if len(url) > URL_MAX:
        raise AddressRefused(url[:80], f"longer than {URL_MAX} characters")
    if _UNSAFE.search(url):
        raise AddressRefused(ascii(url), "a space, control character, backslash or broken percent-encoding")
    parts = _URL.fullmatch(url)
    if parts is None or (scheme := parts["scheme"].lower()) not in _DEFAULT_PORTS:
        raise AddressRefused(ascii(url), "not an https URL")
    rest = parts["rest"]
    return scheme, parts["authority"], rest if rest.startswith("/") else f"/{rest}"


def _split_authority(url: str, authority: str) -> tuple[str, int | None]:
    if "@" in authority:
        raise AddressRefused(url.replace(authority, "…", 1), "credentials in a URL")
    parts = _AUTHORITY.fullmatch(authority)
    if parts is None:
        raise AddressRefused(ascii(url), "no host that can be read")
    if parts["port"] is None:
        return parts["host"], None
    port = int(parts["port"])
    if not 0 < port <= _PORT_MAX:
        raise AddressRefused(ascii(url), "no such port")
    return parts["host"], port


def _require_permitted_literal(url: str, host: str, policy: AddressPolicy) -> None:
    address = literal(host)
    if address is not None and not policy.permits(address):
        raise AddressRefused(url, "not a public address")


def _canonical_ipv6(host: str) -> str:
    try:
        address = ipaddress.IPv6Address(host[1:].removesuffix("]") if host.endswith("]") else host)
    except ValueError as problem:
        raise AddressRefused(ascii(host), "not an IPv6 address") from problem
    if address.scope_id is not None:
        raise AddressRefused(ascii(host), "an address with a zone")
    unwrapped = unwrap(address)
    return f"[{address.compressed}]" if unwrapped is address else str(unwrapped)


def _canonical_ipv4(host: str) -> str:
    # Resolvers read 0x7f.1, 017700000001 and 2130706433 as 127.0.0.1; only the four decimal numbers are a host here.
    try:
        return str(ipaddress.IPv4Address(host))
    except ValueError as problem:
        raise AddressRefused(host, "an IPv4 address in an odd form") from problem


def _vanishes(character: str) -> bool:
    if character.isascii():
        return character <= " " or character == "\x7f"
    if unicodedata.category(character) in _INVISIBLE:
        return True
    try:
        return not idna.uts46_remap(character, std3_rules=False, transitional=False)
    except idna.IDNAError:
        return True
