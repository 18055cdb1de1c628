"""Structured fields are read strictly and written in one form."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from federation.errors import MalformedDocument
from federation.signatures.structured import (
    FIELD_MAX,
    InnerList,
    Item,
    Token,
    parse_dictionary,
    serialise_inner_list,
    serialise_item,
)


def test_every_kind_of_value() -> None:
    """Strings, tokens, integers, bytes, booleans and inner lists, each with parameters, are told apart."""
    members = parse_dictionary(
        r' a="x\"\\y", b=tok/en;q=1, c=-42, d=:aGk=:, e=?0, f;p, g=( "x";k "y" );z=?1,' + "\th=()"
    )

    assert members == {
        "a": Item('x"\\y', {}),
        "b": Item(Token("tok/en"), {"q": 1}),
        "c": Item(-42, {}),
        "d": Item(b"hi", {}),
        "e": Item(value=False, parameters={}),
        "f": Item(value=True, parameters={"p": True}),
        "g": InnerList((Item("x", {"k": True}), Item("y", {})), {"z": True}),
        "h": InnerList((), {}),
    }
    assert parse_dictionary("") == {}


@pytest.mark.parametrize(
    "text",
    [
        "a=1, a=2",  # twice
        "a=1;b;b",
        "a=1,",
        "a=1 b=2",
        "A=1",
        "a=",
        "a=1.5",
        "a=1234567890123456",
        'a="x',
        'a="x\\y"',
        'a="ü"',
        "a=:aGk:",  # padding is missing
        "a=:a b:",
        "a=(",
        'a=("x"',
        'a=("x""y")',
        "a=?2",
        "a=1;",
        "=1",
        ",",
        "a" * (FIELD_MAX + 1),
    ],
)
def test_what_is_refused(text: str) -> None:
    """Bad syntax, decimals, and keys or parameters that stand twice."""
    with pytest.raises(MalformedDocument):
        parse_dictionary(text)


VALUES = (
    st.integers(-(10**15) + 1, 10**15 - 1)
    | st.text(st.characters(min_codepoint=0x20, max_codepoint=0x7E), max_size=20)
    | st.binary(max_size=20)
    | st.booleans()
    | st.from_regex(r"[A-Za-z*][a-z0-9/:]{0,8}", fullmatch=True).map(Token)
)
PARAMETERS = st.dictionaries(st.from_regex(r"[a-z*][a-z0-9_.*-]{0,8}", fullmatch=True), VALUES, max_size=3)
ITEMS = st.builds(Item, VALUES, PARAMETERS)
INNER_LISTS = st.builds(InnerList, st.lists(ITEMS, max_size=4).map(tuple), PARAMETERS)


@given(ITEMS | INNER_LISTS)
def test_what_is_written_is_read_again(member: Item | InnerList) -> None:
    """Writing and reading are inverse."""
    text = serialise_item(member) if isinstance(member, Item) else serialise_inner_list(member)

    assert parse_dictionary(f"key={text}") == {"key": member}


@given(st.text(max_size=60))
def test_no_text_breaks_the_reader(text: str) -> None:
    """Any text is read or refused; nothing else is raised."""
    try:
        parse_dictionary(text)
    except MalformedDocument:
        return
