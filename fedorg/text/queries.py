"""What somebody typed into a search field, as a value: words, phrases in quotes, and Mastodon's operators.

``from:``, ``before:``, ``after:``, ``during:``, ``has:``, ``is:``, ``in:`` and ``language:``, and our own ``reach:``.
``-`` before a part means that it must not hold, ``+`` changes nothing. What is no operator is words. Spec: Mastodon,
user/discover.
"""

import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Final

from fedorg.domain.search import (
    Condition,
    From,
    HasProperty,
    HasTag,
    InLanguage,
    Phrase,
    SearchScope,
    StatusQuery,
    Within,
)
from fedorg.errors import Invalid
from fedorg.text.entities import normalise_hashtag
from fedorg.text.words import words_of

PARTS_MAX: Final = 32
_PART: Final = re.compile(r'([+-]?)(?:([A-Za-z]+):)?(?:"([^"]*)"?|(\S+))')
_QUOTES: Final = str.maketrans("“”„«»", '"""""')
_SCOPES: Final = {scope.value: scope for scope in SearchScope}
_DAY: Final = timedelta(days=1)


def parse_query(typed: str) -> StatusQuery:
    """What is meant; ``Invalid`` for a date that is none and for more parts than anybody needs."""
    wanted: list[Condition] = []
    unwanted: list[Condition] = []
    scope = SearchScope.ALL
    for sign, name, phrase, word in _PART.findall(typed.translate(_QUOTES)):
        value = phrase or word
        if name.lower() == "in":
            scope = _scope(value)
            continue
        found = _condition(name, value)
        if found is not None:
            (unwanted if sign == "-" else wanted).append(found)
        if len(wanted) + len(unwanted) > PARTS_MAX:
            raise Invalid(f"A search may have no more than {PARTS_MAX} parts")
    return StatusQuery(wanted=tuple(wanted), unwanted=tuple(unwanted), scope=scope)


def _condition(name: str, value: str) -> Condition | None:
    operator = _OPERATORS.get(name.lower())
    if operator is not None:
        return operator(value)
    if not name and value.startswith("#") and (tag := normalise_hashtag(value.removeprefix("#"))):
        return HasTag(name=tag)
    words = words_of(f"{name} {value}")
    return Phrase(words=words) if words else None


def _scope(value: str) -> SearchScope:
    return _SCOPES.get(value.lower(), SearchScope.ALL)


def _from(value: str) -> Condition:
    handle = value.removeprefix("@").lower()
    return From(handle=None if handle == "me" else handle)


def _midnight(value: str) -> datetime:
    try:
        return datetime.strptime(value, "%Y-%m-%d").replace(tzinfo=UTC)
    except ValueError:
        raise Invalid(f"Invalid date {value[:32]}") from None


def _next_midnight(value: str) -> datetime:
    try:
        return _midnight(value) + _DAY
    except OverflowError:
        raise Invalid(f"Invalid date {value[:32]}") from None


_OPERATORS: Final[Mapping[str, Callable[[str], Condition]]] = {
    "from": _from,
    "before": lambda value: Within(until=_midnight(value)),
    "after": lambda value: Within(since=_next_midnight(value)),
    "during": lambda value: Within(since=_midnight(value), until=_next_midnight(value)),
    "has": lambda value: HasProperty(name=value.lower()),
    "is": lambda value: HasProperty(name=value.lower()),
    "language": lambda value: InLanguage(code=value.lower()),
    "reach": lambda value: HasProperty(name=f"reach:{value.lower()}"),
}
