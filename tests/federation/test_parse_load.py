"""Bytes from strangers become a JSON object, or a refusal, in time that grows with their length only (S29)."""

import pytest

from federation.errors import MalformedDocument
from federation.parse import load_json
from federation.parse.load import DOCUMENT_BYTES_MAX


def test_an_object_is_loaded() -> None:
    """Text, escapes and a byte order mark come through."""
    assert load_json(b'\xef\xbb\xbf{"a": ["\\u00e9 \\"{[", 1, null]}') == {"a": ['é "{[', 1, None]}


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b'"text"',
        b"{",
        b'{"a": NaN}',
        b'{"a": 1e999}',
        b'{"a": "\\ud800"}',
        b'{"a": "\xff"}',
        b'{"a": 1} {"b": 2}',
        b'{"a": "unterminated',
        b'{"a": "\\',
        b"{'a': 1}",
        b'{"a":' * 33 + b"1" + b"}" * 33,
        b'{"a":' + b"[" * 100_000,
        b'{"a": [' + b"0," * 30_000 + b"0]}",
        b'{"a": "' + b"x" * DOCUMENT_BYTES_MAX + b'"}',
    ],
    ids=lambda body: repr(body[:24]),
)
def test_anything_else_is_refused(body: bytes) -> None:
    """Other values, broken text, deep nesting, too many members and too many bytes all end the same way."""
    with pytest.raises(MalformedDocument):
        load_json(body)


def test_depth_of_32_is_enough_for_real_documents() -> None:
    """The limit itself is allowed, so that a test of the refusal tests the limit."""
    assert load_json(b'{"a":' * 32 + b"1" + b"}" * 32)


def test_brackets_inside_text_do_not_count() -> None:
    """A status full of brackets is a status."""
    assert load_json(b'{"content": "' + b"[{" * 30_000 + b'"}')


@pytest.mark.timeout(60)  # A quadratic scan of a megabyte takes hours.
@pytest.mark.parametrize("filling", [b'\\"', b'"', b"\\\\", b'["', b"[,", b":"])
def test_a_full_document_is_refused_in_linear_time(filling: bytes) -> None:
    """No body makes the scan quadratic: a megabyte of any of these is refused at once."""
    body = b'{"a":"' + filling * ((DOCUMENT_BYTES_MAX - 10) // len(filling))

    with pytest.raises(MalformedDocument):
        load_json(body)
