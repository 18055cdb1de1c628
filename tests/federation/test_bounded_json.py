"""JSON from strangers is bounded before it is built (S29), and single members are taken within bounds (S26)."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from federation.bounded_json import (
    DEPTH_MAX,
    ITEMS_MAX,
    MEMBERS_MAX,
    list_at,
    load_json,
    number_at,
    object_at,
    require_object,
    text_at,
)
from federation.errors import MalformedDocument

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)


@given(VALUES)
def test_ordinary_json_is_read(value: object) -> None:
    """What fits the bounds is read as it is, whatever its strings look like."""
    assert load_json(json.dumps(value).encode()) == value


@given(st.binary(max_size=100))
def test_no_bytes_break_the_reader(body: bytes) -> None:
    """Any bytes are read or refused; nothing else is raised."""
    try:
        load_json(body)
    except MalformedDocument:
        return


@pytest.mark.parametrize(
    "body", [b"", b"{", b"nul", b"[1,]", b'{"a":1}x', b"NaN", b"[Infinity]", b'"\xff"', b'"a', "{}".encode("utf-16")]
)
def test_what_is_not_json(body: bytes) -> None:
    """Broken, doubled, foreign encodings and JavaScript's extras are refused."""
    with pytest.raises(MalformedDocument):
        load_json(body)


def nested(depth: int) -> bytes:
    return b'{"a":[' * (depth // 2) + b"]}" * (depth // 2)


def test_s29_depth() -> None:
    """32 levels are read, 33 are not, and no recursion limit is reached on the way."""
    assert load_json(nested(DEPTH_MAX))
    for body in (nested(DEPTH_MAX + 2), b"[" * 100_000, b"[" * 19_000, b'"' + b"[" * 19_000 + b'"' + b"[" * 40):
        with pytest.raises(MalformedDocument):
            load_json(body)


def test_s29_members() -> None:
    """The number of members is bounded, brackets in strings are not members."""
    assert load_json(b"[" + b"1," * (MEMBERS_MAX - 10) + b"1]")
    assert load_json(json.dumps(['[{,\\"' * MEMBERS_MAX]).encode())
    with pytest.raises(MalformedDocument, match="parts"):
        load_json(b"[" + b"1," * MEMBERS_MAX + b"1]")


def test_s29_strings_that_are_no_members() -> None:
    """Half a million empty strings in a row are no JSON, and it is seen without skipping each; as many names are."""
    full = {f"{number}": "" for number in range(MEMBERS_MAX - 10)}
    assert load_json(json.dumps(full).encode()) == full
    assert load_json(json.dumps(['\\"' * MEMBERS_MAX * 5]).encode())
    with pytest.raises(MalformedDocument, match="parts"):
        load_json(b"{" + b'"' * 900_000)


def test_members_are_taken_within_bounds() -> None:
    """Another type, or too long, counts as absent; lists are cut."""
    parent = require_object({"t": "text", "n": 3, "b": True, "neg": -1, "o": {"x": 1}, "l": [0] * 500}, "It")

    assert [text_at(parent, key, 4) for key in ("t", "n", "none")] == ["text", None, None]
    assert text_at(parent, "t", 3) is None
    assert [number_at(parent, key) for key in ("n", "b", "neg", "t")] == [3, None, None, None]
    assert object_at(parent, "o") == {"x": 1}
    assert object_at(parent, "t") == {}
    assert len(list_at(parent, "l")) == ITEMS_MAX
    assert list_at(parent, "o") == ()
    with pytest.raises(MalformedDocument, match="It is not an object"):
        require_object([], "It")
