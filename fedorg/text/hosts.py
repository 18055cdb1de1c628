"""The host a link leads to and the hosts its text speaks of, in one comparable form (S13).

Stricter than browsers: an address that two programs may read differently has no host here, so it is not a link.
"""

import re
import unicodedata
from typing import Final
from urllib.parse import urlsplit

URL_CHARACTERS_MAX: Final = 2048

# Characters that change the order or the presence of others on the screen without being seen themselves.
BIDI_CONTROLS: Final = "\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069"
UNSEEN: Final = BIDI_CONTROLS + "\u00ad\u180e\u200b\u2060-\u2064\ufeff"

_WEB_SCHEMES: Final = frozenset({"http", "https"})
# Browsers read a backslash as a slash and drop tabs and newlines; either would move the border of the host.
_AMBIGUOUS: Final = re.compile(r"[\x00-\x20\x7f-\xa0\\<>\"\u2028\u2029\u3000\ud800-\udfff" + UNSEEN + "]")
_SCHEME: Final = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*(?=:)")
_LABEL_MAX: Final = 63
_HOST_MAX: Final = 253
# Letters may be written with marks of their own, but not at any length.
_WRITTEN_MAX: Final = 4 * _HOST_MAX


def scheme_of(url: str) -> str | None:
    """The scheme in lower case; None for a relative address."""
    match = _SCHEME.match(url)
    return match[0].lower() if match else None


def web_host_of(url: str) -> str | None:
    """The canonical host of an http or https address; None when it is not one that every program reads alike.

    Addresses that carry a user name or password have none: their only use in a text is to deceive.
    """
    if len(url) > URL_CHARACTERS_MAX or _AMBIGUOUS.search(url):
        return None
    try:
        parts = urlsplit(url)
        if parts.scheme not in _WEB_SCHEMES or "@" in parts.netloc or not parts.hostname:
            return None
        _ = parts.port  # raises when it is not a number of 16 bits
    except ValueError:
        return None
    return canonical_host(parts.hostname)


def canonical_domain(domain: str) -> str | None:
    """The one spelling of a server's name, as its addresses are compared (S7); None for what is no name of one."""
    host, colon, port = domain.strip().partition(":")
    # A host in brackets is an address, which has a colon itself.
    name = None if host.startswith("[") else canonical_host(host)
    if name is None or (colon and not (port.isascii() and port.isdigit())):
        return None
    return f"{name}{colon}{port}"


def canonical_host(host: str) -> str | None:
    """Lower case, ASCII (Punycode), no trailing dot, for comparison; None when it cannot be a host."""
    if len(host) > _WRITTEN_MAX:
        return None
    if host.startswith("[") or ":" in host:
        return host.lower()
    labels = unicodedata.normalize("NFKC", host).lower().rstrip(".").split(".")
    ascii_labels = [label if label.isascii() else f"xn--{_punycode(label)}" for label in labels]
    joined = ".".join(ascii_labels)
    is_host = all(map(_is_label, labels)) and all(len(label) <= _LABEL_MAX for label in ascii_labels)
    return joined if is_host and len(joined) <= _HOST_MAX else None


def is_same_site(shown: str, actual: str) -> bool:
    """Whether two canonical hosts differ by a leading ``www.`` at most."""
    return shown.removeprefix("www.") == actual.removeprefix("www.")


def _is_label(label: str) -> bool:
    """Letters, marks and digits of any script, hyphen, underscore: nothing that looks like a slash or a space."""
    return 0 < len(label) <= _LABEL_MAX and all(
        character.isalnum() or character in "-_" or unicodedata.category(character).startswith("M")
        for character in label
    )


def _punycode(label: str) -> str:
    # A label too long is refused by its length; the cut only bounds the work.
    return label[: _LABEL_MAX + 1].encode("punycode", errors="replace").decode("ascii")
