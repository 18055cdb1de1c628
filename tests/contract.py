"""Entities held against the published description of Mastodon's API, with the corrections its notes list.

The description lies beside the repository (``../shared/reference``), since it is somebody else's work. Without it these
checks are skipped and say so; with ``CI`` set they fail instead.
"""

import copy
import json
import os
from functools import cache
from pathlib import Path
from typing import Any, Final

import jsonschema
import pytest

_FILE: Final = Path(__file__).parents[2] / "shared" / "reference" / "mastodon-openapi-4.7.json"


def assert_valid(entity: object, schema: str) -> None:
    """``entity`` is what the description calls ``schema``; the message names each fault and its place."""
    faults = [f"{error.json_path}: {error.message}" for error in _validator(schema).iter_errors(entity)]
    assert not faults, f"not a valid {schema}:\n" + "\n".join(faults)


def assert_all_valid(entities: list[object], schema: str) -> None:
    """Each of ``entities`` is what the description calls ``schema``, and there is at least one."""
    assert entities, f"no {schema} to check"
    for entity in entities:
        assert_valid(entity, schema)


@cache
def _validator(schema: str) -> jsonschema.Draft202012Validator:
    document = _document()
    assert schema in document["components"]["schemas"], f"there is no entity {schema}"
    return jsonschema.Draft202012Validator(
        {"$ref": f"#/components/schemas/{schema}", "components": document["components"]},
        format_checker=jsonschema.Draft202012Validator.FORMAT_CHECKER,
    )


@cache
def _document() -> dict[str, Any]:
    if not _FILE.exists():
        words = f"the description of Mastodon's API is not at {_FILE}"
        if os.environ.get("CI"):
            pytest.fail(words)
        pytest.skip(words)
    document: dict[str, Any] = json.loads(_FILE.read_text(encoding="utf-8"))
    schemas = document["components"]["schemas"]
    for correct in _CORRECTIONS:
        correct(schemas)
    return document


def _allow_no_contact_email(schemas: dict[str, Any]) -> None:
    # contact_email: Mastodon sends "" when none is configured.
    del schemas["V1Instance"]["properties"]["email"]["format"]
    del schemas["Instance"]["properties"]["contact"]["properties"]["email"]["format"]


def _allow_no_extended_description(schemas: dict[str, Any]) -> None:
    # extended_description: updated_at is null while none was set.
    schemas["ExtendedDescription"]["properties"]["updated_at"]["type"] = ["string", "null"]


def _allow_no_language(schemas: dict[str, Any]) -> None:
    # source_language: "" for an account without a default language.
    language = schemas["CredentialAccount"]["properties"]["source"]["properties"]["language"]
    language.pop("format", None)


def _let_deleted_statuses_have_text_alone(schemas: dict[str, Any]) -> None:
    # delete_status: content is absent and text present.
    deleted = copy.deepcopy(schemas["Status"])
    deleted["required"] = [name for name in deleted.get("required", []) if name != "content"]
    schemas["DeletedStatus"] = deleted


def _allow_cards_without_urls(schemas: dict[str, Any]) -> None:
    # card_urls: "" for absent author_url, provider_url and embed_url.
    for name in ("author_url", "provider_url", "embed_url"):
        schemas["PreviewCard"]["properties"][name].pop("format", None)


_CORRECTIONS: Final = (
    _allow_no_contact_email,
    _allow_no_extended_description,
    _allow_no_language,
    _let_deleted_statuses_have_text_alone,
    _allow_cards_without_urls,
)
