"""Files with lists of servers, read line by line: what cannot be read is a ``Fault`` with its place, the rest counts.

CSV is that of Mastodon: columns by the names in the first line, with or without ``#``. Without such a line the first
column is the domain. JSON is what ``export_json`` writes. Nothing is guessed: a list of bare domains is blocks or
allows because whoever reads it says so.
"""

import csv
import io
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, Final

import msgspec

from fedorg.domain.ceilings import Ceilings
from fedorg.domain.domain_blocks import Severity
from fedorg.domain.peer_lists import Fault, ListedAllow, ListedBlock, ListedServer, ListKind, kind_of
from fedorg.domain.visibility import Tier
from fedorg.errors import Invalid
from fedorg.services.moderation.domain_blocks import COMMENT_MAX
from fedorg.text.hosts import canonical_domain

BYTES_MAX: Final = 20 * 1024 * 1024
JSON_VERSION: Final = 1
BLOCK_COLUMNS: Final = ("domain", "severity", "reject_media", "reject_reports", "public_comment", "obfuscate")

_FLAGS: Final = {"true": True, "false": False, "": False, "1": True, "0": False, "yes": True, "no": False}
_TIERS: Final = (Tier.SIBLING, Tier.PARTNER, Tier.OPEN)

Fields = Mapping[str, Any]


class KindNotSaid(Invalid):
    """A list may be of blocks or of allows, and nobody has said which."""

    def __init__(self) -> None:
        super().__init__("The file does not say whether it lists blocks or allows; say its kind")


def read_list(content: bytes, kind: ListKind | None = None) -> list[ListedServer | Fault]:
    """The lines of a file in their order; ``kind`` says what a list is that does not say so itself.

    Raises ``Invalid`` for a file that is no such list as a whole.
    """
    if len(content) > BYTES_MAX:
        raise Invalid(f"The file has more than {BYTES_MAX} bytes")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as problem:
        line = content[: problem.start].count(b"\n") + 1
        raise Invalid(f"The file is not in UTF-8: line {line}") from problem
    if "\0" in text:
        raise Invalid(f"The file holds a zero byte: line {text[: text.index(chr(0))].count(chr(10)) + 1}")
    found = _read_json(text, kind) if text.lstrip().startswith(("{", "[")) else _read_csv(text, kind)
    return list(_without_repetitions(found))


def _read_csv(text: str, kind: ListKind | None) -> Iterator[ListedServer | Fault]:
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    columns: list[str] = []
    place = 1
    try:
        for row in reader:
            here, place = f"line {place}", reader.line_num + 1
            cells = [cell.strip() for cell in row]
            if not any(cells):
                continue
            if not columns:
                columns = [cell.removeprefix("#").strip().lower() for cell in cells]
                has_names = "domain" in columns
                columns = columns if has_names else ["domain"]
                kind = _kind_of_csv(columns, kind)
                if has_names:
                    continue
            if len(cells) > len(columns) and columns != ["domain"]:
                yield Fault(place=here, reason=f"it has {len(cells)} columns, not {len(columns)}", domain=cells[0])
                continue
            yield _read(here, dict(zip(columns, cells, strict=False)), kind or ListKind.BLOCKS)
    except csv.Error as problem:
        raise Invalid(f"The file is no CSV from line {place} on: {problem}") from problem


def _kind_of_csv(columns: list[str], kind: ListKind | None) -> ListKind:
    if "severity" in columns:
        if kind is ListKind.ALLOWS:
            raise Invalid("The file lists blocks: it has a column for their severity")
        return ListKind.BLOCKS
    if kind is None:
        raise KindNotSaid
    return kind


def _read_json(text: str, kind: ListKind | None) -> Iterator[ListedServer | Fault]:
    try:
        document = msgspec.json.decode(text)
    except (msgspec.DecodeError, RecursionError) as problem:
        raise Invalid(f"The file is no JSON: {problem}") from problem
    if not isinstance(document, dict) or document.get("version") != JSON_VERSION:
        raise Invalid(f"The file is no list of servers of version {JSON_VERSION}")
    for one in ListKind:
        listed = document.get(one.value, [])
        if not isinstance(listed, list):
            raise Invalid(f"{one.value} is not a list")
        for number, entry in enumerate(listed if kind in (None, one) else [], start=1):
            place = f"{one.value} {number}"
            if isinstance(entry, dict):
                yield _read(place, entry, one)
            else:
                yield Fault(place=place, reason="it is not an object")


def _read(place: str, fields: Fields, kind: ListKind) -> ListedServer | Fault:
    name = fields.get("domain")
    told = name if isinstance(name, str) else ""
    try:
        domain = _domain(told)
        return _block(place, domain, fields) if kind is ListKind.BLOCKS else _allow(place, domain, fields)
    except Invalid as problem:
        return Fault(place=place, reason=str(problem), domain=told)


def _domain(told: str) -> str:
    if "*" in told:
        raise Invalid("part of its name is hidden behind stars")
    domain = canonical_domain(told)
    if domain is None:
        raise Invalid(f"{told!r} is not a domain" if told else "it names no domain")
    return domain


def _block(place: str, domain: str, fields: Fields) -> ListedBlock:
    return ListedBlock(
        place=place,
        domain=domain,
        severity=_word(fields, "severity", Severity) or Severity.SUSPEND,
        reject_media=_flag(fields, "reject_media"),
        reject_reports=_flag(fields, "reject_reports"),
        obfuscate=_flag(fields, "obfuscate"),
        public_comment=_comment(fields, "public_comment"),
        private_comment=_comment(fields, "private_comment"),
    )


def _allow(place: str, domain: str, fields: Fields) -> ListedAllow:
    tier = _word(fields, "tier", Tier) or Tier.PARTNER
    if tier not in _TIERS:
        raise Invalid(f"nobody is allowed as {tier}")
    ceilings = fields.get("ceilings")
    if isinstance(ceilings, dict) and (unknown := ceilings.keys() - set(Ceilings.__struct_fields__)):
        raise Invalid(f"ceilings: {', '.join(sorted(unknown))} is not known here")
    try:
        limits = None if ceilings in (None, "") else msgspec.convert(ceilings, Ceilings)
    except msgspec.ValidationError as problem:
        raise Invalid(f"ceilings: {problem}") from problem
    return ListedAllow(place=place, domain=domain, tier=tier, ceilings=limits)


def _word(fields: Fields, name: str, words: Callable[[str], Any]) -> Any:  # noqa: ANN401 - what ``words`` makes
    told = fields.get(name)
    if told in (None, ""):
        return None
    try:
        return words(told.lower() if isinstance(told, str) else told)
    except ValueError as problem:
        raise Invalid(f"{name} cannot be {told!r}") from problem


def _flag(fields: Fields, name: str) -> bool:
    told = fields.get(name, False)
    if isinstance(told, bool):
        return told
    found = _FLAGS.get(told.lower()) if isinstance(told, str) else None
    if found is None:
        raise Invalid(f"{name} is true or false, not {told!r}")
    return found


def _comment(fields: Fields, name: str) -> str | None:
    told = fields.get(name)
    if told is not None and not isinstance(told, str):
        raise Invalid(f"{name} is not a text")
    if told is not None and len(told) > COMMENT_MAX:
        raise Invalid(f"{name} is too long (maximum is {COMMENT_MAX} characters)")
    return told or None


def _without_repetitions(found: Iterable[ListedServer | Fault]) -> Iterator[ListedServer | Fault]:
    """A server stands once in a list: of two lines that say different things neither is more right."""
    first: dict[tuple[ListKind, str], str] = {}
    for one in found:
        if isinstance(one, Fault):
            yield one
            continue
        before = first.setdefault((kind_of(one), one.domain), one.place)
        is_first = before == one.place
        yield one if is_first else Fault(place=one.place, reason=f"{before} names it too", domain=one.domain)
