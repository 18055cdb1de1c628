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
REQUIRED: Final = ("id", "type", "attributedTo")
SHAPES: Final = {
    f"{name}-{index}": {**BASE, **example}
    for name, shapes in sorted(pasture.available.items())
    for index, example in enumerate(shapes.examples)
}


def missing_from(shape: dict[str, object]) -> str | None:
    """The property without which it is nothing, if it lacks one. Releases of the package number their shapes anew."""
    if shape["type"] == "Relationship":
        return "relationship"
    return next((name for name in REQUIRED if shape[name] is None), None)


@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)
def test_shape_is_understood_or_refused_for_a_reason(shape: dict[str, object]) -> None:
    """What is understood survives being written; what is refused names the property that is missing."""
    document = json.loads(json.dumps(shape, default=str))
    missing = missing_from(shape)

    if missing is not None:
        with pytest.raises(MalformedActivity, match=f"`{missing}`"):
            parse.resource(document)
        return
    value = parse.resource(document)

    assert parse.resource(parse.load_json(render.to_bytes(value))) == value
