"""The many shapes of notes that the Fediverse Pasture generates are understood, but for those that lack what makes one.

The shapes come from the PyPI package ``fediverse-pasture-inputs`` (MIT); without it there is nothing to test here.
"""

import json
from typing import Any, Final

import pytest

from federation import parse, render
from federation.errors import MalformedActivity
from federation.vocabulary import PUBLIC

pasture: Any = pytest.importorskip("fediverse_pasture_inputs")

BASE: Final = {
    "type": "Note",
    "id": "https://a.example/1",
    "attributedTo": "https://a.example/users/alice",
    "to": [PUBLIC],
    "published": "2026-05-01T12:00:00Z",
}
REFUSED: Final = {
    ("necessary_properties", 1): "`id`",
    ("necessary_properties", 3): "`attributedTo`",
    ("necessary_properties", 4): "`type`",
    ("object_types", 9): "`relationship`",
    ("object_types", 13): "`type`",
}
SHAPES: Final = [
    (name, index, {**BASE, **example})
    for name, shapes in sorted(pasture.available.items())
    for index, example in enumerate(shapes.examples)
]


@pytest.mark.parametrize(("name", "index", "shape"), SHAPES, ids=[f"{name}-{index}" for name, index, _ in SHAPES])
def test_shape_is_understood_or_refused_for_a_reason(name: str, index: int, shape: dict[str, object]) -> None:
    """What is understood survives being written; what is refused names the property that is missing."""
    document = json.loads(json.dumps(shape, default=str))
    reason = REFUSED.get((name, index))

    if reason is not None:
        with pytest.raises(MalformedActivity, match=reason):
            parse.resource(document)
        return
    value = parse.resource(document)

    assert parse.resource(parse.load_json(render.to_bytes(value))) == value
