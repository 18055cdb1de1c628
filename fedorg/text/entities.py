"""Mentions, hashtags and links in a plain text, found in one pass from left to right.

The rules are those Mastodon's own clients apply while a person types, so that a preview and the status agree:
a mention is ``@user`` or ``@user@domain``; a hashtag is made of letters of any script, marks, digits and
underscores, may hold a middle dot or a zero width non-joiner inside, and is not all digits; a link is an
``http`` or ``https`` address. Where two overlap, the one that begins first is meant.

Linear by construction (S25): a scan never goes back before the place it began, and what it may read ahead is capped.
"""

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Final

from linkify_it import LinkifyIt

from fedorg.text.hosts import BIDI_CONTROLS, URL_CHARACTERS_MAX, canonical_host, web_host_of

HASHTAG_CHARACTERS_MAX: Final = 255
USERNAME_CHARACTERS_MAX: Final = 255
DOMAIN_CHARACTERS_MAX: Final = 253


@dataclass(frozen=True, slots=True, kw_only=True)
class TextRules:
    """What a node decides about texts. ``allow_ports`` is for loopback only (blueprint §7)."""

    allow_ports: bool = False
    url_characters: int = 23


DEFAULT_RULES: Final = TextRules()


@dataclass(frozen=True, slots=True, kw_only=True)
class Mention:
    """``text[start:end]`` names an account; ``domain`` is None for one without a domain, else in lower case."""

    start: int
    end: int
    username: str
    domain: str | None

    @property
    def handle(self) -> str:
        """``user`` or ``user@domain`` in lower case: equal for equal mentions."""
        local = self.username.lower()
        return local if self.domain is None else f"{local}@{self.domain}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Hashtag:
    """``text[start:end]`` is a hashtag; ``written`` and ``name`` come without the sign, ``name`` normalised."""

    start: int
    end: int
    written: str
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """``text[start:end]`` is the address ``url``."""

    start: int
    end: int
    url: str


Entity = Mention | Hashtag | Link


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """All entities of one text, in the order of the text, without overlaps."""

    entities: tuple[Entity, ...]

    @property
    def mentions(self) -> tuple[Mention, ...]:
        """The mentions alone; one account may occur more than once."""
        return tuple(entity for entity in self.entities if isinstance(entity, Mention))

    @property
    def hashtags(self) -> tuple[Hashtag, ...]:
        """The hashtags alone; one name may occur more than once."""
        return tuple(entity for entity in self.entities if isinstance(entity, Hashtag))

    @property
    def links(self) -> tuple[Link, ...]:
        """The links alone."""
        return tuple(entity for entity in self.entities if isinstance(entity, Link))


def find(plain: str, rules: TextRules = DEFAULT_RULES) -> Found:
    """Everything in a plain text that a reader may follow."""
    return Found(entities=tuple(_scan(plain, rules)))


def normalise_hashtag(written: str) -> str:
    """The name under which all ways to write one hashtag meet: NFKC, case folded, without the sign."""
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", written).casefold())
    kept = (character for character in folded if _is_word(character) or character in _SEPARATORS)
    # One letter may become eighteen.
    return "".join(islice(kept, HASHTAG_CHARACTERS_MAX))


_SEPARATORS: Final = "_\u00b7\u30fb\u200c"
_BEGINNING: Final = re.compile(r"[@#\uff03]|https?://", re.IGNORECASE)
_USERNAME: Final = re.compile(r"[A-Za-z0-9_]+(?:[.-]+[A-Za-z0-9_]+)*")
_PORT: Final = re.compile(r":([0-9]{1,5})(?![0-9])")
_PORT_MAX: Final = 65535
_URL_CHUNK: Final = re.compile(
    r"[^\s\x00-\x20\x7f-\xa0<>\"\\\u200b\u2060\ufeff\ud800-\udfff"
    + BIDI_CONTROLS
    + r"]{1,"
    + str(URL_CHARACTERS_MAX)
    + "}"
)
_LINKIFY: Final = LinkifyIt(options={"fuzzy_link": False, "fuzzy_email": False, "fuzzy_ip": False})


def _scan(plain: str, rules: TextRules) -> Iterator[Entity]:
    position = 0
    while beginning := _BEGINNING.search(plain, position):
        entity = _entity_at(plain, beginning.start(), rules)
        if entity is None:
            position = beginning.end()
        else:
            yield entity
            position = entity.end


def _entity_at(plain: str, start: int, rules: TextRules) -> Entity | None:
    before = plain[start - 1] if start else " "
    match plain[start]:
        case "@":
            return None if before in "=/" or _is_word(before) else _mention_at(plain, start, rules)
        case "#" | "\uff03":
            return None if before in "=/)" or _is_word(before) else _hashtag_at(plain, start)
        case _:
            return None if before in "@#$" or (before.isascii() and before.isalnum()) else _link_at(plain, start)


def _mention_at(plain: str, start: int, rules: TextRules) -> Mention | None:
    local = _USERNAME.match(plain, start + 1)
    if local is None or len(local[0]) > USERNAME_CHARACTERS_MAX:
        return None
    end = local.end()
    if plain[end : end + 1] == "@":
        domain_end = _domain_end(plain, end + 1, rules)
        domain = plain[end + 1 : domain_end]
        if domain and canonical_host(domain.partition(":")[0]):
            return Mention(start=start, end=domain_end, username=local[0], domain=_lower(domain))
    return Mention(start=start, end=end, username=local[0], domain=None)


def _domain_end(plain: str, start: int, rules: TextRules) -> int:
    end = start
    last = min(len(plain), start + DOMAIN_CHARACTERS_MAX + 1)
    while end < last and (plain[end] in ".-" or _is_word(plain[end])):
        end += 1
    while end > start and plain[end - 1] in ".-":
        end -= 1
    if rules.allow_ports and end > start:
        port = _PORT.match(plain, end)
        if port and 0 < int(port[1]) <= _PORT_MAX:
            return port.end()
    return end


def _hashtag_at(plain: str, start: int) -> Hashtag | None:
    first = start + 1
    end = first
    last = min(len(plain), first + HASHTAG_CHARACTERS_MAX + 1)
    while end < last and (_is_word(plain[end]) or plain[end] in _SEPARATORS):
        end += 1
    while end > first and not _is_word(plain[end - 1]):
        end -= 1
    written = plain[first:end]
    if not written or len(written) > HASHTAG_CHARACTERS_MAX or not _is_word(written[0]):
        return None
    has_letter = any(_is_letter(character) for character in written)
    if not has_letter and not any(separator in written[1:-1] for separator in _SEPARATORS):
        return None
    return Hashtag(start=start, end=end, written=written, name=normalise_hashtag(written))


def _link_at(plain: str, start: int) -> Link | None:
    chunk = _URL_CHUNK.match(plain, start)
    if chunk is None:
        return None
    scheme, _, _ = chunk[0].partition("//")
    length = _LINKIFY.test_schema_at(chunk[0], scheme.lower(), len(scheme))
    url = chunk[0][: len(scheme) + length]
    if not length or len(url) >= URL_CHARACTERS_MAX or web_host_of(url) is None:
        return None
    return Link(start=start, end=start + len(url), url=url)


def _is_word(character: str) -> bool:
    return character.isalnum() or character == "_" or unicodedata.category(character).startswith("M")


def _is_letter(character: str) -> bool:
    return character.isalpha() or unicodedata.category(character).startswith("M")


def _lower(domain: str) -> str:
    return unicodedata.normalize("NFKC", domain).lower()
