"""The published description of Mastodon's API, with the corrections its notes list, and what is held against it.

The description lies beside the repository (``../shared/reference``) or where ``MASTODON_OPENAPI`` says, since it is
somebody else's work. Without it tests are skipped and say so; with ``CI`` set they fail instead.
"""

import json
import os
import re
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

import jsonschema
import pytest

from tests.contract.corrections import correct

NAME: Final = "mastodon-openapi-4.7.json"
VARIABLE: Final = "MASTODON_OPENAPI"
METHODS: Final = ("get", "post", "put", "patch", "delete")


def find() -> Path | None:
    """Where the description lies; None when it is not here."""
    named = os.environ.get(VARIABLE)
    path = Path(named) if named else Path(__file__).parents[3] / "shared" / "reference" / NAME
    return path if path.exists() else None


def require() -> Path:
    """Where it lies; the test is skipped when it is not here, and fails with ``CI``."""
    path = find()
    if path is None:
        if os.environ.get("CI"):
            pytest.fail(absence())
        pytest.skip(absence())
    return path


def absence() -> str:
    """What to say when it is not here."""
    return f"the description of Mastodon's API, {NAME}, is not in ../shared/reference; {VARIABLE} may name it"


def assert_valid(entity: object, schema: str) -> None:
    """``entity`` is what the description calls ``schema``; the message names each fault and its place."""
    found = list(_faults(entity, _validator(schema)))
    assert not found, f"not a valid {schema}:\n" + "\n".join(found)


def assert_all_valid(entities: list[object], schema: str) -> None:
    """Each of ``entities`` is what the description calls ``schema``, and there is at least one."""
    assert entities, f"no {schema} to check"
    for entity in entities:
        assert_valid(entity, schema)


def operations() -> dict[str, str]:
    """The section of each operation, by ``METHOD /path``, in the order of the description."""
    return {
        f"{method.upper()} {path}": operation["tags"][0]
        for path, methods in _document()["paths"].items()
        for method, operation in methods.items()
        if method in METHODS
    }


def answer_faults(operation: str, status: int, answer: object) -> list[str]:
    """What is wrong with the JSON that an operation answered with ``status``; empty when nothing is."""
    return list(_faults(answer, _answer_validator(operation, status)))


def entity_faults(entity: object, schema: str) -> list[str]:
    """What is wrong with an entity; empty when nothing is."""
    return list(_faults(entity, _validator(schema)))


def _faults(entity: object, validator: jsonschema.Draft202012Validator) -> Iterator[str]:
    for error in validator.iter_errors(entity):
        # What lies within alternatives says more than that none of them fits.
        closest = jsonschema.exceptions.best_match([error]) if error.context else error
        yield f"{closest.json_path}: {closest.message[:300]}"


@cache
def _validator(schema: str) -> jsonschema.Draft202012Validator:
    assert schema in _document()["components"]["schemas"], f"there is no entity {schema}"
    return _validator_of({"$ref": f"#/components/schemas/{schema}"})


@cache
def _answer_validator(operation: str, status: int) -> jsonschema.Draft202012Validator:
    method, path = operation.split()
    responses = _document()["paths"][path][method.lower()]["responses"]
    # 202 and 206 carry what 200 does.
    response = responses.get(str(status), {}) if "content" in responses.get(str(status), {}) else responses["200"]
    content: Mapping[str, Any] = response.get("content", {})
    return _validator_of(content.get("application/json", {}).get("schema", {"type": "object"}))


def _validator_of(schema: dict[str, Any]) -> jsonschema.Draft202012Validator:
    return jsonschema.Draft202012Validator({**schema, "components": _document()["components"]}, format_checker=_FORMATS)


@cache
def _document() -> dict[str, Any]:
    document: dict[str, Any] = json.loads(require().read_text(encoding="utf-8"))
    correct(document)
    return document


_FORMATS: Final = jsonschema.FormatChecker(formats=())
_DATE_TIME: Final = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")
_DATE: Final = re.compile(r"\d{4}-\d\d-\d\d")
_LANGUAGE: Final = re.compile(r"[a-z]{2,3}(-[A-Za-z]{2,4})?")
_EMAIL: Final = re.compile(r"[^@\s]+@[^@\s]+")


@_FORMATS.checks("date-time")
def _is_time(value: object) -> bool:
    """In UTC, with milliseconds and ``Z``, as Mastodon writes it."""
    return not isinstance(value, str) or _DATE_TIME.fullmatch(value) is not None


@_FORMATS.checks("date")
def _is_date(value: object) -> bool:
    return not isinstance(value, str) or _DATE.fullmatch(value) is not None


@_FORMATS.checks("uri")
def _is_address(value: object) -> bool:
    return not isinstance(value, str) or (bool(urlsplit(value).scheme) and " " not in value)


@_FORMATS.checks("iso-639-1")
def _is_language(value: object) -> bool:
    return not isinstance(value, str) or _LANGUAGE.fullmatch(value) is not None


@_FORMATS.checks("email")
def _is_email(value: object) -> bool:
    return not isinstance(value, str) or _EMAIL.fullmatch(value) is not None
