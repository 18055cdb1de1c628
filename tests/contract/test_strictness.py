"""The contract itself: complete, and strict enough to find what it is there for."""

import copy
from collections.abc import Callable
from typing import Any, Final

import pytest

from tests.contract import document
from tests.contract.walk import Outcome, Report, State, rows

_ACCOUNT: Final[dict[str, Any]] = {
    "id": "1",
    "username": "anna",
    "acct": "anna",
    "url": "https://here.example/@anna",
    "uri": "https://here.example/users/anna",
    "display_name": "",
    "note": "",
    "avatar": "https://here.example/avatar.png",
    "avatar_static": "https://here.example/avatar.png",
    "header": "https://here.example/header.png",
    "header_static": "https://here.example/header.png",
    "locked": False,
    "fields": [{"name": "Web", "value": "x", "verified_at": None}],
    "emojis": [],
    "bot": False,
    "group": False,
    "discoverable": None,
    "indexable": False,
    "hide_collections": None,
    "created_at": "2026-03-01T00:00:00.000Z",
    "last_status_at": "2026-03-01",
    "statuses_count": 1,
    "followers_count": 0,
    "following_count": 0,
}

Spoil = Callable[[dict[str, Any]], object]

_SPOILT: Final[dict[str, Spoil]] = {
    "a member is missing": lambda account: account.pop("username"),
    "a member that may be null is missing": lambda account: account.pop("discoverable"),
    "a member within a member is missing": lambda account: account["fields"][0].pop("verified_at"),
    "a number is a text": lambda account: account.update(statuses_count="1"),
    "an id is a number": lambda account: account.update(id=1),
    "an id is a word": lambda account: account.update(id="anna"),
    "null where nothing is allowed to be": lambda account: account.update(display_name=None),
    "a time without milliseconds": lambda account: account.update(created_at="2026-03-01T00:00:00Z"),
    "a time with an offset": lambda account: account.update(created_at="2026-03-01T00:00:00.000+00:00"),
    "a time where a date is due": lambda account: account.update(last_status_at="2026-03-01T00:00:00.000Z"),
    "a path where an address is due": lambda account: account.update(avatar="/avatar.png"),
}


def test_every_operation_of_the_contract_has_a_check() -> None:
    """The sections hold each operation once, where the description has it, and no other."""
    document.require()

    assert len(rows()) == 210


def test_what_is_right_and_what_is_more_is_valid() -> None:
    """A whole entity is valid, and so is one with members of our own."""
    document.require()

    assert document.entity_faults(_ACCOUNT, "Account") == []
    assert document.entity_faults({**_ACCOUNT, "reach": "node"}, "Account") == []


@pytest.mark.parametrize("fault", _SPOILT)
def test_each_fault_is_found(fault: str) -> None:
    """One thing wrong is one thing found."""
    document.require()
    spoilt = copy.deepcopy(_ACCOUNT)
    _SPOILT[fault](spoilt)

    assert len(document.entity_faults(spoilt, "Account")) == 1


def test_an_enumeration_is_closed() -> None:
    """A value that the description does not list is found."""
    document.require()

    made = {"id": "1", "title": "x", "exclusive": False, "replies_policy": "some"}
    assert len(document.answer_faults("POST /api/v1/lists", 200, made)) == 1


def test_a_wrapped_answer_is_no_list() -> None:
    """The corrections reach answers that the description leaves out."""
    document.require()

    assert document.answer_faults("GET /api/v1/accounts/{account_id}/collections", 200, [])
    assert document.answer_faults("GET /health", 200, {"status": "DOWN"})
    assert document.answer_faults("GET /api/v1/filters", 200, {})


def test_the_report_counts_what_is_there_and_what_is_right() -> None:
    """Missing, waiting and invalid operations are told under their section; only valid ones count as valid."""
    states = (State.VALID, State.VALID, State.INVALID, State.WAITING, State.MISSING)
    report = Report(
        operations=[
            Outcome(name=f"GET /{number}", section="things", state=state, faults=("why",) if number > 1 else ())
            for number, state in enumerate(states)
        ]
    )

    assert report.lines()[0] == "things  4/5 implemented, 2/5 valid"
    assert "  GET /4: missing" in report.lines()
    assert report.last_line() == "operations 4/5 implemented, 2/5 valid"
    assert [outcome.name for outcome in report.invalid] == ["GET /2"]
