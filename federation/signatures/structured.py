"""Structured fields, as much of them as signatures and digests are made of. Spec: RFC 8941.

Dictionaries of items and inner lists with parameters; strings, tokens, integers, byte sequences and booleans.
Decimals do not occur in these fields. Stricter than the RFC in one point: a key named twice is refused, not
overwritten, since two readers of the same bytes must not see two signatures (S10).
"""

import base64
import binascii
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final, NoReturn

from federation.errors import MalformedDocument

FIELD_MAX: Final = 8192

_KEY: Final = re.compile(r"[a-z*][a-z0-9_.*-]*")
_INTEGER: Final = re.compile(r"-?[0-9]{1,15}(?![0-9.])")
_STRING: Final = re.compile(r'"((?:[\x20-\x21\x23-\x5b\x5d-\x7e]|\\["\\])*)"')
_TOKEN: Final = re.compile(r"[A-Za-z*][!#$%&'*+.^_`|~0-9A-Za-z:/-]*")
_BYTES: Final = re.compile(r":([A-Za-z0-9+/=]*):")
_BOOLEAN: Final = re.compile(r"\?[01]")
_ESCAPED: Final = re.compile(r'\\(["\\])')
_BLANKS: Final = re.compile(r"[ \t]*")
_SPACES: Final = re.compile(r" *")


@dataclass(frozen=True, slots=True)
class Token:
    """A bare word, which is not the same as a string."""

    text: str


BareItem = str | int | bytes | bool | Token
Parameters = Mapping[str, BareItem]


@dataclass(frozen=True, slots=True)
class Item:
    """A value with its parameters."""

    value: BareItem
    parameters: Parameters


@dataclass(frozen=True, slots=True)
class InnerList:
    """Items in parentheses, with the parameters of the whole."""

    items: tuple[Item, ...]
    parameters: Parameters


Member = Item | InnerList


def parse_dictionary(text: str) -> Mapping[str, Member]:
    """The members of a dictionary in their order; raises ``MalformedDocument``."""
    if len(text) > FIELD_MAX:
        raise MalformedDocument(f"a structured field has at most {FIELD_MAX} characters")
    return _Reader(text).dictionary()


def serialise_inner_list(inner: InnerList) -> str:
    """The one canonical form of an inner list with its parameters."""
    items = " ".join(serialise_item(item) for item in inner.items)
    return f"({items}){_parameters(inner.parameters)}"


def serialise_item(item: Item) -> str:
    """The one canonical form of an item with its parameters."""
    return f"{_bare(item.value)}{_parameters(item.parameters)}"


def _parameters(parameters: Parameters) -> str:
    return "".join(f";{key}" if value is True else f";{key}={_bare(value)}" for key, value in parameters.items())


def _bare(value: BareItem) -> str:
    if isinstance(value, bool):
        return "?1" if value else "?0"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, bytes):
        return f":{base64.b64encode(value).decode()}:"
    if isinstance(value, Token):
        return value.text
    escaped = value.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


class _Reader:
    """A position in a text; each method consumes what it returns."""

    def __init__(self, text: str) -> None:
        self.text = text.strip(" ")
        self.position = 0

    def dictionary(self) -> Mapping[str, Member]:
        members: dict[str, Member] = {}
        while self.text:
            key = self.take(_KEY).group()
            if key in members:
                self.fail(f"the key {key} stands twice")
            members[key] = self.member() if self.accept("=") else Item(value=True, parameters=self.parameters())
            self.take(_BLANKS)
            if self.position == len(self.text):
                return members
            self.expect(",")
            self.take(_BLANKS)
        return members

    def member(self) -> Member:
        return self.inner_list() if self.accept("(") else self.item()

    def inner_list(self) -> InnerList:
        items: list[Item] = []
        self.take(_SPACES)
        while not self.accept(")"):
            items.append(self.item())
            if self.peek() != ")":
                self.expect(" ")
            self.take(_SPACES)
        return InnerList(tuple(items), self.parameters())

    def item(self) -> Item:
        return Item(self.bare_item(), self.parameters())

    def parameters(self) -> Parameters:
        parameters: dict[str, BareItem] = {}
        while self.accept(";"):
            self.take(_SPACES)
            key = self.take(_KEY).group()
            if key in parameters:
                self.fail(f"the parameter {key} stands twice")
            parameters[key] = self.bare_item() if self.accept("=") else True
        return parameters

    def bare_item(self) -> BareItem:
        for pattern, read in _BARE_ITEMS:
            found = pattern.match(self.text, self.position)
            if found is not None:
                self.position = found.end()
                try:
                    return read(found)
                except binascii.Error:
                    self.fail("a byte sequence is not base64")
        return self.fail("no value that can be read")

    def take(self, pattern: re.Pattern[str]) -> re.Match[str]:
        found = pattern.match(self.text, self.position)
        if found is None:
            self.fail("a key is due")
        self.position = found.end()
        return found

    def peek(self) -> str:
        return self.text[self.position : self.position + 1]

    def accept(self, character: str) -> bool:
        accepted = self.text.startswith(character, self.position)
        self.position += accepted
        return accepted

    def expect(self, character: str) -> None:
        if not self.accept(character):
            self.fail(f"{character!r} is due")

    def fail(self, reason: str) -> NoReturn:
        raise MalformedDocument(f"A structured field cannot be read at character {self.position}: {reason}")


_BARE_ITEMS: Final[tuple[tuple[re.Pattern[str], Callable[[re.Match[str]], BareItem]], ...]] = (
    (_INTEGER, lambda found: int(found.group())),
    (_STRING, lambda found: _ESCAPED.sub(r"\1", found.group(1))),
    (_TOKEN, lambda found: Token(found.group())),
    (_BYTES, lambda found: base64.b64decode(found.group(1), validate=True)),
    (_BOOLEAN, lambda found: found.group() == "?1"),
)
