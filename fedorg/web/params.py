"""Parameters of a request, whatever their encoding: query, form, multipart and JSON read as one flat list.

Rails' brackets are the common tongue of Mastodon's clients: ``media_ids[]=1``, ``source[privacy]=public`` and
``fields_attributes[0][name]=…`` mean the same as the nested JSON. What the body says beats the query.
"""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from operator import itemgetter
from time import monotonic
from typing import Final, TypeVar
from urllib.parse import parse_qsl

from quart import Request
from quart.datastructures import FileStorage

from fedorg.domain.pages import Window
from fedorg.domain.statuses import PageQuery
from fedorg.errors import BadRequest, Invalid
from fedorg.ids import ID_MAX
from fedorg.web.bodies import NO_TEXT, check_count, this_request

_ANNOUNCING: Final = ("1.0", "1.1")
_SLOW_SECONDS: Final = 0.5

W = TypeVar("W", bound=StrEnum)

_FALSE: Final = frozenset({"", "0", "f", "false", "off", "no"})
_DEPTH_MAX: Final = 8
# What is inside something in JSON bears its name before its own.
_NAME_MAX: Final = 500
_OFFSET_MAX: Final = 10_000
_DIGITS_MAX: Final = 19
_MOMENT_MAX: Final = 64
_INDEX_DIGITS_MAX: Final = 40
# JSON can spell halves of surrogate pairs, which no encoding and no database takes.
_UNSTORABLE: Final = re.compile("[\0\ud800-\udfff]")
_NUMBER: Final = re.compile(r"[+-]?\d{1,19}")


@dataclass(frozen=True, slots=True)
class Params:
    """What a request asks with. ``values`` keeps every value of a name in order; None stands for JSON's null.

    ``pairs`` holds query and form as they were sent: in ``a[][x]=1&a[][y]=2&a[][x]=3`` the order tells rows apart.
    """

    values: Mapping[str, tuple[str | None, ...]]
    uploads: Mapping[str, tuple[FileStorage, ...]]
    pairs: tuple[tuple[str, str], ...] = ()

    def has(self, name: str) -> bool:
        """Whether the parameter was sent at all, even empty or null."""
        return name in self.values or f"{name}[]" in self.values

    def text(self, name: str) -> str | None:
        """The last value of a name."""
        values = self.values.get(name)
        return values[-1] if values else None

    def required(self, name: str) -> str:
        """The last value of a name, which must be there and not empty."""
        value = self.text(name)
        if not value:
            raise Invalid(f"Validation failed: {name} can't be blank")
        return value

    def texts(self, name: str) -> tuple[str, ...]:
        """Every value of ``name[]``, or of ``name`` when it was sent without brackets."""
        values = self.values.get(f"{name}[]", ()) or self.values.get(name, ())
        return tuple(value for value in values if value is not None)

    def listed(self, name: str) -> tuple[str, ...] | None:
        """The same without what is empty, so that a list can be emptied; None when it was not sent, or sent as null."""
        is_null = f"{name}[]" not in self.values and self.values.get(name) == (None,)
        if is_null or not self.has(name):
            return None
        return tuple(value for value in self.texts(name) if value.strip())

    def integer(self, name: str) -> int | None:
        """A whole number; None when it was not sent or is empty."""
        value = self.text(name)
        if value is None or not value.strip():
            return None
        if not _NUMBER.fullmatch(value.strip()) or abs(int(value)) > ID_MAX:
            raise Invalid(f"Validation failed: {name} is not a number")
        return int(value)

    def moment(self, name: str) -> datetime | None:
        """A time in ISO 8601, in UTC unless it says otherwise; None when it was not sent or is empty."""
        value = (self.text(name) or "").strip()
        if not value:
            return None
        try:
            found = datetime.fromisoformat(value[:_MOMENT_MAX])
            return (found if found.tzinfo else found.replace(tzinfo=UTC)).astimezone(UTC).replace(microsecond=0)
        except (ValueError, OverflowError):
            raise Invalid(f"Validation failed: {name} is not a time in ISO 8601") from None

    def flag(self, name: str) -> bool | None:
        """Yes or no as Rails reads it; None when it was not sent."""
        value = self.text(name)
        return None if value is None else flag_in(value)

    def ids(self, name: str) -> tuple[int, ...]:
        """Ids sent as ``name[]`` or ``name``; what is no id of ours is left out, since it names nothing here."""
        return tuple(number for value in self.texts(name) if (number := id_in(value)) is not None)

    def choice(self, name: str, words: type[W]) -> W | None:
        """One word of a list; None when it was not sent or is empty."""
        value = self.text(name)
        if not value:
            return None
        try:
            return words(value)
        except ValueError:
            said = name.removesuffix("]").rpartition("[")[2].replace("_", " ").capitalize()
            raise Invalid(f"Validation failed: {said} is not included in the list") from None

    def page(self, default_limit: int, max_limit: int) -> PageQuery:
        """The window that ``limit``, ``max_id``, ``since_id`` and ``min_id`` ask for."""
        limit = self.integer("limit")
        return PageQuery(
            limit=default_limit if limit is None else max(1, min(limit, max_limit)),
            max_id=self.integer("max_id"),
            since_id=self.integer("since_id"),
            min_id=self.integer("min_id"),
        )

    def window(self, default_limit: int, max_limit: int) -> Window:
        """The part of a list that ``limit`` and ``offset`` ask for."""
        offset = self.integer("offset") or 0
        return Window(limit=self.page(default_limit, max_limit).limit, offset=max(0, min(offset, _OFFSET_MAX)))

    def rows(self, name: str) -> tuple[dict[str, str], ...]:
        """``name[0][key]=…`` or ``name[][key]=…`` as one mapping for each row, in the order they were sent.

        An index only tells rows apart. Without indexes a new row begins where a key comes again, as in Rails.
        """
        pattern = re.compile(rf"{re.escape(name)}\[(-?[0-9]{{0,{_INDEX_DIGITS_MAX}}})\]\[([a-z_]+)\]")
        rows: dict[str | int, dict[str, str]] = {}
        latest = 0
        for full, value in self.pairs or _in_turn(self.values):
            match = pattern.fullmatch(full)
            if match is None:
                continue
            if not match[1] and match[2] in rows.get(latest, {}):
                latest += 1
            rows.setdefault(match[1] or latest, {})[match[2]] = value
        return tuple(rows.values())

    def files(self, name: str) -> tuple[FileStorage, ...]:
        """The files uploaded under a name."""
        return self.uploads.get(name, ())


def flag_in(text: str) -> bool:
    """Yes or no as Rails reads it."""
    return text.strip().lower() not in _FALSE


def id_in(text: str) -> int | None:
    """The id that a text is; None when it is none that a column could hold."""
    if not text.isascii() or not text.isdigit() or len(text) > _DIGITS_MAX:
        return None
    return number if (number := int(text)) <= ID_MAX else None


async def read_params() -> Params:
    """The parameters of the request that is answered now."""
    request = this_request()
    values: dict[str, list[str | None]] = {}
    for name, value in request.args.items(multi=True):
        values.setdefault(name, []).append(value)
    has_body = _may_have_body(request)
    if not has_body:
        sent: list[tuple[str, str | None]] = []
    elif request.mimetype == "application/json":
        sent = await _read_json(request)
    else:
        sent = [*(await request.form).items(multi=True)]
    fresh: dict[str, list[str | None]] = {}
    for name, one in sent:
        fresh.setdefault(name, []).append(one)
    merged = {**values, **fresh}
    check_count(sum(map(len, merged.values())))
    if any(_UNSTORABLE.search(text or "") for name, texts in merged.items() for text in (name, *texts)):
        raise BadRequest(NO_TEXT)
    uploads = await _uploads(request) if has_body else {}
    pairs = await _pairs(request, has_body=has_body)
    return Params({name: tuple(texts) for name, texts in merged.items()}, uploads, pairs)


async def was_slow() -> bool:
    """Whether the body took its time to come in; all of it is here afterwards."""
    request = this_request()
    if not _may_have_body(request):
        return False
    began = monotonic()
    if request.mimetype == "application/json":
        await request.get_data()
    else:
        await request.form
    return monotonic() - began > _SLOW_SECONDS


def _may_have_body(request: Request) -> bool:
    """Whether something may follow the head of the request; since HTTP/2 nothing need announce it."""
    is_announced = "Content-Length" in request.headers or "Transfer-Encoding" in request.headers
    return is_announced or request.http_version not in _ANNOUNCING


async def _uploads(request: Request) -> dict[str, tuple[FileStorage, ...]]:
    files = await request.files
    return {name: tuple(files.getlist(name)) for name in files}


async def _pairs(request: Request, *, has_body: bool) -> tuple[tuple[str, str], ...]:
    """Query and form in the order they were sent; empty where that cannot be told, or an index tells rows apart."""
    encoded = [request.query_string]
    if not has_body:
        # Only brackets make rows.
        encoded = [part for part in encoded if b"[" in part or b"%5b" in part.lower()]
    elif request.mimetype == "application/x-www-form-urlencoded":
        body = await request.get_data()
        encoded.append(body if isinstance(body, bytes) else body.encode())
    elif request.mimetype in ("application/json", "multipart/form-data"):
        return ()
    return tuple(
        pair
        for part in encoded
        for pair in parse_qsl(part.decode("utf-8", "replace"), keep_blank_values=True, errors="replace")
    )


def _in_turn(values: Mapping[str, tuple[str | None, ...]]) -> Iterator[tuple[str, str]]:
    """The first value of each name, then the second of each, and so on: rows whose order of keys is lost."""
    placed = [(place, name, text) for name, texts in values.items() for place, text in enumerate(texts)]
    for _, name, text in sorted(placed, key=itemgetter(0)):
        yield name, text or ""


async def _read_json(request: Request) -> list[tuple[str, str | None]]:
    raw = await request.get_data()
    if not raw.strip():
        return []
    try:
        document = json.loads(raw)
    except (ValueError, RecursionError):
        raise BadRequest("The body is not valid JSON") from None
    if not isinstance(document, dict):
        raise BadRequest("The body must be a JSON object")
    flat: list[tuple[str, str | None]] = []
    for pair in _flatten(document, "", 0):
        flat.append(pair)
        check_count(len(flat))
    return flat


def _flatten(value: object, name: str, depth: int) -> Iterator[tuple[str, str | None]]:
    if depth > _DEPTH_MAX:
        raise BadRequest("The body is nested too deeply")
    if len(name) > _NAME_MAX:
        raise BadRequest("A name in the body is too long")
    match value:
        case dict():
            for key, inner in value.items():
                yield from _flatten(inner, f"{name}[{key}]" if name else str(key), depth + 1)
        case []:
            # It was sent, and names nothing: "no media" is another wish than to leave the media as they are.
            yield f"{name}[]", None
        case list():
            for position, inner in enumerate(value):
                bracket = f"[{position}]" if isinstance(inner, dict) else "[]"
                yield from _flatten(inner, f"{name}{bracket}", depth + 1)
        case None:
            yield name, None
        case bool():
            yield name, "true" if value else "false"
        case _:
            yield name, str(value)
