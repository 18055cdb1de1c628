"""The readers of single properties: text, ids, dates, numbers, lists.

ActivityStreams lets a property be one value or a list, an object or its id, a string or a language string; here each of
these becomes one Python type. Absent, null and empty are the same. A value of another JSON type than the property may
have raises ``MalformedActivity`` naming the property; numbers that only describe are dropped instead. Spec:
ActivityStreams 2.0 Core §4; JSON-LD 1.1 §4.2.4 (language strings); RFC 3339 (dates); security rules S7 and S26.
"""

import math
import re
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from typing import Final, TypeVar

from federation.errors import MalformedActivity
from federation.origin import origin_of
from federation.parse import limits
from federation.vocabulary import PUBLIC, PUBLIC_SPELLINGS

Json = Mapping[str, object]
T = TypeVar("T")
Name = TypeVar("Name", bound=str)

_NOT_IN_ID: Final = re.compile(r"[\x00-\x20\x7f-\x9f\"<>\\`\u2028-\u202e\u2066-\u2069\ud800-\udfff]")
_CONTROL: Final = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ufffe\uffff]")
# Embeddings, overrides and isolates can make a name read as another; the marks of Hebrew and Arabic text stay.
_BIDI: Final = re.compile(r"[\u202a-\u202e\u2066-\u2069]")
_SURROGATE: Final = re.compile(r"[\ud800-\udfff]")
# Years and months have no length; nine digits are more than anything lasts.
_DURATION: Final = re.compile(
    r"P(?:([0-9]{1,9})D)?(?:T(?:([0-9]{1,9})H)?(?:([0-9]{1,9})M)?(?:([0-9]{1,9}(?:\.[0-9]{1,9})?)S)?)?"
)


def types_of(document: Json) -> tuple[str, ...]:
    """The types of a document, most have one."""
    value = document.get("type")
    listed = value if isinstance(value, list) else [value]
    return tuple(entry[: limits.TYPE_MAX] for entry in listed[: limits.TYPES_MAX] if isinstance(entry, str))


def type_among(document: Json, known: Iterable[Name]) -> Name | None:
    """The first type of the document that is ``known``."""
    names = {str(name): name for name in known}
    return next((names[name] for name in types_of(document) if name in names), None)


def kind(document: Json) -> str:
    """What to call the document in an error message."""
    return clean_name(next(iter(types_of(document)), "")) or "document"


def first(document: Json, key: str) -> object:
    """The value, or the first of the list; None if there is none."""
    value = document.get(key)
    return next((entry for entry in value if entry is not None), None) if isinstance(value, list) else value


def many(document: Json, key: str) -> list[object]:
    """The values as a list, without nulls."""
    value = document.get(key)
    return [entry for entry in (value if isinstance(value, list) else [value]) if entry is not None]


def embedded(document: Json, key: str) -> list[Json]:
    """The values that are JSON objects."""
    return [entry for entry in many(document, key) if isinstance(entry, dict)]


def readable(read: Callable[[Json], T | None], documents: Iterable[Json], most: int) -> tuple[T, ...]:
    """What ``read`` makes of the documents, at most ``most``; those that are malformed, and None, are left out."""
    found: list[T] = []
    for document in documents:
        if len(found) == most:
            break
        try:
            value = read(document)
        except MalformedActivity:
            continue
        if value is not None:
            found.append(value)
    return tuple(found)


def is_id(value: str) -> bool:
    """Whether the string can be an id: an absolute http(s) URL with a host and without credentials."""
    if len(value) > limits.ID_MAX or _NOT_IN_ID.search(value) is not None or origin_of(value) is None:
        return False
    return value.isascii() or len(value.encode()) <= limits.ID_MAX


def required_id(document: Json, key: str) -> str:
    """The id the property holds or the id of what it embeds; raises ``MalformedActivity`` if there is none."""
    found = optional_id(document, key)
    if found is None:
        raise MalformedActivity(f"The {kind(document)} has no `{key}`.")
    return found


def optional_id(document: Json, key: str) -> str | None:
    """Like ``required_id``, None if there is no value; an embedded object without id has none."""
    return _id_of(first(document, key), document, key)


def usable_id(document: Json, key: str) -> str | None:
    """The id if it is one that can be fetched; None for anything else, such as a ``tag:`` URI in ``context``."""
    value = first(document, key)
    value = value.get("id") if isinstance(value, dict) else value
    return value if isinstance(value, str) and is_id(value) else None


def ids(document: Json, key: str, most: int) -> tuple[str, ...]:
    """All ids the property holds, each once; raises ``MalformedActivity`` above ``most``."""
    values = many(document, key)
    if len(values) > most:
        raise MalformedActivity(f"The {kind(document)} has more than {most} values in `{key}`.")
    found = (_id_of(value, document, key) for value in values)
    return tuple(dict.fromkeys(value for value in found if value is not None))


def addressees(document: Json, key: str) -> tuple[str, ...]:
    """Whom ``to``, ``cc`` and their kin name, public in its one spelling.

    Too many raise, for a cut would change who is addressed. What is no http(s) id names nobody and is left out.
    """
    values = many(document, key)
    if len(values) > limits.ADDRESSEES_MAX:
        raise MalformedActivity(f"The {kind(document)} has more than {limits.ADDRESSEES_MAX} values in `{key}`.")
    named: list[str] = []
    for value in values:
        name = value.get("id") if isinstance(value, dict) else value
        if not isinstance(name, str | None):
            raise MalformedActivity(f"The {kind(document)} has something other than ids in `{key}`.")
        if name in PUBLIC_SPELLINGS:
            named.append(PUBLIC)
        elif name is not None and is_id(name):
            named.append(name)
    return tuple(dict.fromkeys(named))


def optional_url(document: Json, key: str) -> str | None:
    """The page the property points to: a Link to HTML before other strings and Links; None if none is http(s)."""
    values = many(document, key)
    pages = [value for value in values if isinstance(value, dict) and value.get("mediaType") == "text/html"]
    for value in (*pages, *values):
        href = value.get("href", value.get("url")) if isinstance(value, dict) else value
        if isinstance(href, str) and is_id(href):
            return href
    return None


def opaque(document: Json, key: str) -> str | None:
    """A name that is compared and never fetched, such as a conversation's ``tag:`` URI."""
    value = first(document, key)
    value = value.get("id") if isinstance(value, dict) else value
    if not isinstance(value, str) or len(value) > limits.ID_MAX:
        return None
    return clean_name(value) or None


def name(document: Json, key: str, most: int = limits.NAME_MAX) -> str | None:
    """A single line of plain text, cut at ``most`` characters."""
    value = _string(document, key)
    return None if value is None else clean_name(value)[:most].strip() or None


def prose(document: Json, key: str, most: int) -> str | None:
    """Plain text of any number of lines, cut at ``most`` characters."""
    value = _string(document, key)
    return None if value is None else clean_text(value)[:most].strip() or None


def html(document: Json, key: str) -> str | None:
    """Markup, not sanitised; too much raises, because half of it would be other markup."""
    value = _string(document, key)
    return None if value is None else checked_html(value, document, key) or None


def told_name(document: Json, key: str) -> str | None:
    """As ``name``, else the first of the same in a map of languages: ``nameMap`` for ``name``."""
    return name(document, key) or name(_first_of_map(document, key), key)


def told_prose(document: Json, key: str, most: int) -> str | None:
    """As ``prose``, else the first of the same in a map of languages."""
    return prose(document, key, most) or prose(_first_of_map(document, key), key, most)


def told_html(document: Json, key: str) -> str | None:
    """As ``html``, else the first of the same in a map of languages."""
    return html(document, key) or html(_first_of_map(document, key), key)


def language_map(document: Json, key: str) -> dict[str, str]:
    """Language tag to markup, without the entries that are not strings."""
    value = first(document, key)
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise MalformedActivity(f"The {kind(document)} has a `{key}` that is not a map of languages.")
    entries = [(tag, text) for tag, text in value.items() if isinstance(text, str) and _is_language(tag)]
    return {
        tag: markup for tag, text in entries[: limits.LANGUAGES_MAX] if (markup := checked_html(text, document, key))
    }


def checked_html(value: str, document: Json, key: str) -> str:
    """The markup without characters that no text has; raises ``MalformedActivity`` above the limit."""
    if len(value) > limits.HTML_MAX:
        raise MalformedActivity(f"The {kind(document)} has a `{key}` of more than {limits.HTML_MAX} characters.")
    return clean_text(value)


def clean_text(value: str) -> str:
    """Text without control characters (tab and line feed stay) and lone surrogates."""
    return _CONTROL.sub("", _SURROGATE.sub("\ufffd", value))


def clean_name(value: str) -> str:
    """A single line without controls of text direction."""
    return " ".join(_BIDI.sub("", clean_text(value)).split())


def flag(document: Json, key: str) -> bool | None:
    """True, False, or None if nothing was said."""
    value = first(document, key)
    if value is None or isinstance(value, bool):
        return value
    raise MalformedActivity(f"The {kind(document)} has a `{key}` that is neither true nor false.")


def count(document: Json, key: str) -> int | None:
    """A natural number, as large as a database takes; None for anything else."""
    value = first(document, key)
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value) or value < 0:
        return None
    return min(int(value), limits.NUMBER_MAX) if value == int(value) else None


def duration(document: Json, key: str) -> float | None:
    """Seconds, to the millisecond, of a length such as ``PT1M30.5S``; None for anything else."""
    value = first(document, key)
    told = _DURATION.fullmatch(value.strip()) if isinstance(value, str) else None
    if told is None or not any(told.groups()):
        return None
    days, hours, minutes, seconds = (float(part or 0) for part in told.groups())
    return round(days * 86_400 + hours * 3600 + minutes * 60 + seconds, 3)


def moment(document: Json, key: str) -> datetime | None:
    """A date as aware UTC; without a zone it is UTC, without a time it is midnight."""
    value = first(document, key)
    if value is None:
        return None
    if not isinstance(value, str):
        raise MalformedActivity(f"The {kind(document)} has a `{key}` that is not a date.")
    try:
        read = datetime.fromisoformat(value.strip().upper())
        return read.replace(tzinfo=UTC) if read.tzinfo is None else read.astimezone(UTC)
    except (ValueError, OverflowError) as problem:
        raise MalformedActivity(f"The {kind(document)} has a `{key}` that is not a date.") from problem


def _first_of_map(document: Json, key: str) -> Json:
    """The property as the first entry of its map of languages that says something; empty if there is none."""
    texts = language_map(document, f"{key}Map").values()
    return next(({key: text} for text in texts if clean_name(text)), {})


def _string(document: Json, key: str) -> str | None:
    value = first(document, key)
    if isinstance(value, dict):
        value = value.get("@value")
    if value is None or isinstance(value, str):
        return value
    raise MalformedActivity(f"The {kind(document)} has a `{key}` that is not text.")


def _id_of(value: object, document: Json, key: str) -> str | None:
    if isinstance(value, dict):
        value = value.get("id")
    if value is None or value == "":
        return None
    if not isinstance(value, str):
        raise MalformedActivity(f"The {kind(document)} has a `{key}` that is not an id.")
    if not is_id(value):
        raise MalformedActivity(f"The {kind(document)} has a `{key}` that is not an http(s) URL.")
    return value


def _is_language(tag: object) -> bool:
    return isinstance(tag, str) and len(tag) <= limits.LANGUAGE_MAX and tag.isascii() and tag.replace("-", "").isalnum()
