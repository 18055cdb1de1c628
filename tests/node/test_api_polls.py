"""Polls over the client API: asked, voted in, edited and ended; answers are held against the API's description."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Any

import pytest

from tests.contract import assert_valid
from tests.node.serving import Member, NodeServer
from tests.node.talking import (
    WAIT_SECONDS,
    WorkingServer,
    entities,
    entity,
    follow,
    listening,
    post,
    refusal,
    success,
    upload,
)

HOUR = 3600
TWICE = "Validation failed: You have already voted on this poll"


async def ask(author: Member, *options: str, **fields: Any) -> Any:  # noqa: ANN401 - JSON
    """Post a poll; its status."""
    status_fields = {name: fields.pop(name) for name in ("visibility", "reach") if name in fields}
    poll = {"options": options or ("Tea", "Coffee"), "expires_in": HOUR, **fields}
    return await post(author, "Which one?", poll=poll, **status_fields)


async def vote(voter: Member, poll: Any, *choices: int) -> Any:  # noqa: ANN401 - JSON
    """Vote; the poll."""
    return entity(await voter.api.post(f"/api/v1/polls/{poll['id']}/votes", json={"choices": choices}), "Poll")


async def look(viewer: Member, poll: Any) -> Any:  # noqa: ANN401 - JSON
    """The poll as somebody sees it."""
    return entity(await viewer.api.get(f"/api/v1/polls/{poll['id']}"), "Poll")


def totals(poll: Any) -> list[int | None]:  # noqa: ANN401 - JSON
    """Votes by option."""
    return [option["votes_count"] for option in poll["options"]]


async def notices(member: Member) -> list[Any]:
    """Poll notifications, newest first."""
    return entities(await member.api.get("/api/v1/notifications", params={"types[]": "poll"}), "Notification")


async def wait_until(check: Callable[[], Awaitable[bool]]) -> None:
    """Wait for something that happens by itself."""
    deadline = time.monotonic() + WAIT_SECONDS
    while not await check():
        assert time.monotonic() < deadline
        await asyncio.sleep(0.02)


async def test_a_poll_goes_from_asking_to_voting(working: WorkingServer) -> None:
    """Everybody sees how it stands; voters see what they chose, visitors do not see that there is such a thing."""
    anna, bert, carl = [await working.person(name) for name in ("anna", "bert", "carl")]

    made = await ask(anna, " Tea ", "Coffee", "Water")

    poll = made["poll"]
    assert_valid(poll, "Poll")
    assert [option["title"] for option in poll["options"]] == ["Tea", "Coffee", "Water"]
    assert (poll["multiple"], poll["expired"], poll["votes_count"], poll["voters_count"]) == (False, False, 0, 0)
    assert (poll["voted"], poll["own_votes"]) == (True, [])
    ends_in = datetime.fromisoformat(poll["expires_at"]) - datetime.fromisoformat(made["created_at"])
    assert ends_in == timedelta(seconds=HOUR)

    assert (await look(bert, poll))["voted"] is False
    voted = await vote(bert, poll, 1)
    assert (totals(voted), voted["voted"], voted["own_votes"]) == ([0, 1, 0], True, [1])
    await vote(carl, poll, 1)
    seen = entity(await anna.api.get(f"/api/v1/statuses/{made['id']}"), "Status")["poll"]
    assert (totals(seen), seen["votes_count"], seen["voters_count"]) == ([0, 2, 0], 2, 2)
    visited = entity(await working.server.anonymous.get(f"/api/v1/polls/{poll['id']}"), "Poll")
    assert totals(visited) == [0, 2, 0]
    assert "voted" not in visited
    assert "own_votes" not in visited
    boost = entity(await carl.api.post(f"/api/v1/statuses/{made['id']}/reblog"), "Status")
    assert boost["reblog"]["poll"]["own_votes"] == [1]


async def test_a_form_asks_as_well_as_json(working: WorkingServer) -> None:
    """Brackets in a form mean what nested JSON means, for asking and for voting."""
    anna, bert = await working.person("anna"), await working.person("bert")
    form = {
        "status": "Which?",
        "poll[options][]": ["a", "b"],
        "poll[expires_in]": "600",
        "poll[multiple]": "true",
        "poll[hide_totals]": "0",
    }

    made = entity(await anna.api.post("/api/v1/statuses", data=form), "Status")
    answer = await bert.api.post(f"/api/v1/polls/{made['poll']['id']}/votes", data={"choices[]": ["0", "1"]})

    voted = entity(answer, "Poll")
    assert (voted["multiple"], totals(voted), voted["voters_count"], voted["own_votes"]) == (True, [1, 1], 1, [0, 1])


async def test_what_cannot_be_asked_is_refused_in_mastodons_words(working: WorkingServer) -> None:
    """Too few, too many, too long, twice the same, too soon, too late, with files: nothing is posted."""
    anna = await working.person("anna")
    bad: list[tuple[dict[str, Any], str]] = [
        ({"options": ["a"]}, "Choices must have more than one item"),
        ({"options": ["a", " "]}, "Choices must have more than one item"),
        ({"options": list("abcde")}, "Choices can't contain more than 4 items"),
        ({"options": ["a", "b" * 51]}, "Choices cannot be longer than 50 characters each"),
        ({"options": ["a", "a "]}, "Choices contain duplicate items"),
        ({"expires_in": 299}, "Deadline is too soon"),
        ({"expires_in": -1}, "Deadline is too soon"),
        ({"expires_in": 2_629_747}, "Deadline is too far into the future"),
        ({"expires_in": None}, "Deadline can't be blank"),
        ({"options": [], "expires_in": 0}, "Choices must have more than one item, Deadline is too soon"),
    ]
    for fields, words in bad:
        poll = {"options": ["a", "b"], "expires_in": HOUR, **fields}
        answer = await anna.api.post("/api/v1/statuses", json={"status": "x", "poll": poll})
        assert refusal(answer, 422) == f"Validation failed: {words}"
    media = await upload(anna)
    both = {"status": "x", "media_ids": [media["id"]], "poll": {"options": ["a", "b"], "expires_in": HOUR}}
    assert refusal(await anna.api.post("/api/v1/statuses", json=both), 422) == "Cannot attach more than 4 files"
    alone = await anna.api.post("/api/v1/statuses", json={"poll": {"options": ["a", "b"], "expires_in": HOUR}})
    assert refusal(alone, 422) == "Validation failed: Text can't be blank"

    assert (await anna.api.get(f"/api/v1/accounts/{anna.id}/statuses")).json() == []
    assert (await ask(anna, "\U0001f469\u200d\U0001f469\u200d\U0001f467" * 50, "b"))["poll"] is not None


async def test_what_cannot_be_voted_is_refused_and_counts_nothing(working: WorkingServer) -> None:
    """One's own poll, another option than there is, twice, several of one choice, nothing at all."""
    anna, bert = await working.person("anna"), await working.person("bert")
    single, several = (await ask(anna))["poll"], (await ask(anna, "a", "b", "c", multiple=True))["poll"]

    async def refused(voter: Member, poll: Any, body: dict[str, Any], status: int = 422) -> str:  # noqa: ANN401 - JSON
        return refusal(await voter.api.post(f"/api/v1/polls/{poll['id']}/votes", json=body), status)

    missing = "Validation failed: The chosen vote option does not exist"
    assert await refused(anna, single, {"choices": [0]}) == "Validation failed: You cannot vote in your own polls"
    for wrong in ([2], [-1], ["tea"]):
        assert await refused(bert, single, {"choices": wrong}) == missing
    empty: list[dict[str, Any]] = [{}, {"choices": []}]
    for nothing in empty:
        assert "choices" in await refused(bert, single, nothing, 400)
    assert await refused(bert, single, {"choices": [0, 1]}) == TWICE
    assert await refused(bert, several, {"choices": [1, 1]}) == TWICE
    assert totals(await look(bert, single)) == [0, 0]
    await vote(bert, single, 0)
    assert await refused(bert, single, {"choices": [0]}) == TWICE
    assert await refused(bert, single, {"choices": [1]}) == TWICE

    # Of several options more may be chosen later, each once, and by one voter.
    await vote(bert, several, 0)
    assert await refused(bert, several, {"choices": [0, 2]}) == TWICE
    voted = await vote(bert, several, 2)

    assert (totals(voted), voted["votes_count"], voted["voters_count"], voted["own_votes"]) == ([1, 0, 1], 2, 1, [0, 2])
    assert totals(await look(bert, single)) == [1, 0]


async def test_a_poll_is_seen_by_those_who_see_its_status(working: WorkingServer) -> None:
    """To everybody else it is an absent poll; so it is for a blocked account, and without a token or its scope."""
    anna, bert, carl = [await working.person(name) for name in ("anna", "bert", "carl")]
    await follow(bert, anna)
    poll = (await ask(anna, visibility="private"))["poll"]
    path, votes = f"/api/v1/polls/{poll['id']}", f"/api/v1/polls/{poll['id']}/votes"

    assert refusal(await carl.api.get(path), 404) == "Record not found"
    assert refusal(await carl.api.post(votes, json={"choices": [0]}), 404) == "Record not found"
    assert refusal(await carl.api.get("/api/v1/polls/999"), 404) == "Record not found"
    assert refusal(await working.server.anonymous.get(path), 404) == "Record not found"
    assert refusal(await working.server.anonymous.post(votes, json={"choices": [0]}), 401)
    reader = await working.server.api(await working.server.token(bert.user, "read"))
    assert entity(await reader.get(path), "Poll")["id"] == poll["id"]
    assert refusal(await reader.post(votes, json={"choices": [0]}), 403)
    await vote(bert, poll, 0)

    success(await anna.api.post(f"/api/v1/accounts/{bert.id}/block"))
    assert refusal(await bert.api.get(path), 404) == "Record not found"
    assert totals(await look(anna, poll)) == [1, 0]


async def test_hidden_totals_are_shown_at_the_end(working: WorkingServer) -> None:
    """Until then only how many voted is told, to the author as well."""
    anna, bert = await working.person("anna"), await working.person("bert")
    poll = (await ask(anna, hide_totals=True))["poll"]

    voted = await vote(bert, poll, 1)

    assert (totals(voted), voted["votes_count"], voted["own_votes"]) == ([None, None], 1, [1])
    assert totals(await look(anna, poll)) == [None, None]
    working.server.clock.advance(timedelta(seconds=HOUR + 1))
    ended = await look(anna, poll)
    assert (totals(ended), ended["expired"]) == ([0, 1], True)


async def test_the_end_is_told_to_the_author_and_to_voters(working: WorkingServer) -> None:
    """Once each, not before, and to nobody else, such as voters in another; after it no vote counts."""
    anna, bert, carl = [await working.person(name) for name in ("anna", "bert", "carl")]
    made, other = await ask(anna), await ask(anna, expires_in=3 * HOUR)
    poll = made["poll"]
    await vote(bert, poll, 1)
    await vote(carl, other["poll"], 0)
    await working.settle()
    assert await notices(bert) == []

    working.server.clock.advance(timedelta(seconds=HOUR + 1))

    async def is_told() -> bool:
        return len(await notices(anna)) == len(await notices(bert)) == 1

    await wait_until(is_told)
    for member in (anna, bert):
        (notice,) = await notices(member)
        assert (notice["account"]["id"], notice["status"]["id"]) == (anna.id, made["id"])
        assert totals(notice["status"]["poll"]) == [0, 1]
    late = await carl.api.post(f"/api/v1/polls/{poll['id']}/votes", json={"choices": [0]})
    assert refusal(late, 422) == "Validation failed: The poll has already ended"
    await working.settle()
    assert [len(await notices(member)) for member in (anna, bert, carl)] == [1, 1, 0]


async def test_an_edit_of_the_options_makes_every_vote_void(working: WorkingServer) -> None:
    """So does another number of choices; both are versions of the status that show their options."""
    anna, bert = await working.person("anna"), await working.person("bert")
    made = await ask(anna)
    path, poll = f"/api/v1/statuses/{made['id']}", made["poll"]
    await vote(bert, poll, 0)

    changed = {"options": ["Tea", "Cocoa"], "expires_in": HOUR}
    edited = entity(await anna.api.put(path, json={"status": "Which one?", "poll": changed}), "Status")

    assert edited["edited_at"] is not None
    assert (edited["poll"]["id"], totals(edited["poll"]), edited["poll"]["voters_count"]) == (poll["id"], [0, 0], 0)
    seen = await look(bert, poll)
    assert (seen["voted"], seen["own_votes"]) == (False, [])
    assert totals(await vote(bert, poll, 1)) == [0, 1]
    entity(await anna.api.put(path, json={"status": "Which one?", "poll": changed | {"multiple": True}}), "Status")
    assert totals(await look(bert, poll)) == [0, 0]
    versions = entities(await bert.api.get(f"{path}/history"), "StatusEdit")
    named = [[option["title"] for option in version["poll"]["options"]] for version in versions]
    assert named == [["Tea", "Coffee"], ["Tea", "Cocoa"], ["Tea", "Cocoa"]]


async def test_an_edit_that_keeps_the_options_keeps_the_votes_and_moves_the_end(working: WorkingServer) -> None:
    """The end is told when it comes, not when it was to come; a poll that was over goes on, and ends again."""
    anna, bert = await working.person("anna"), await working.person("bert")
    made = await ask(anna)
    path, poll = f"/api/v1/statuses/{made['id']}", made["poll"]
    await vote(bert, poll, 0)
    same = {"options": ["Tea", "Coffee"], "expires_in": 3 * HOUR}

    edited = entity(await anna.api.put(path, json={"status": "Which one?", "poll": same}), "Status")

    assert totals(edited["poll"]) == [1, 0]
    working.server.clock.advance(timedelta(seconds=HOUR + 60))
    await working.settle()
    assert await notices(bert) == []
    assert not (await look(bert, poll))["expired"]

    async def is_told() -> bool:
        return bool(await notices(bert)) and bool(await notices(anna))

    working.server.clock.advance(timedelta(seconds=2 * HOUR))
    await wait_until(is_told)
    (first,) = await notices(bert)
    entity(await anna.api.put(path, json={"status": "Once more?", "poll": same}), "Status")
    assert await notices(bert) == []
    assert totals(await look(bert, poll)) == [1, 0]
    working.server.clock.advance(timedelta(seconds=3 * HOUR + 1))
    await wait_until(is_told)
    assert [notice["id"] for notice in await notices(bert)] > [first["id"]]


async def test_an_edit_adds_and_removes_a_poll(working: WorkingServer) -> None:
    """As in Mastodon an edit that names no poll takes it away; files and a poll exclude each other there too."""
    anna, bert = await working.person("anna"), await working.person("bert")
    made = await post(anna, "Which one?")
    path, terms = f"/api/v1/statuses/{made['id']}", {"options": ["a", "b"], "expires_in": HOUR}

    added = entity(await anna.api.put(path, json={"status": "Which one?", "poll": terms}), "Status")
    await vote(bert, added["poll"], 0)
    removed = entity(await anna.api.put(path, json={"status": "Which one?"}), "Status")

    assert removed["poll"] is None
    assert refusal(await bert.api.get(f"/api/v1/polls/{added['poll']['id']}"), 404)
    versions = entities(await bert.api.get(f"{path}/history"), "StatusEdit")
    assert [version["poll"] is not None for version in versions] == [False, True, False]
    again = entity(await anna.api.put(path, json={"status": "Which one?", "poll": terms}), "Status")
    assert totals(again["poll"]) == [0, 0]
    media = await upload(anna)
    both = {"status": "x", "media_ids": [media["id"]], "poll": terms}
    assert refusal(await anna.api.put(path, json=both), 422) == "Cannot attach more than 4 files"
    short = {"status": "x", "poll": terms | {"expires_in": 1}}
    assert refusal(await anna.api.put(path, json=short), 422) == "Validation failed: Deadline is too soon"


async def test_a_deleted_status_hands_its_poll_to_a_redraft(working: WorkingServer) -> None:
    """The answer holds what was asked; the poll itself is gone."""
    anna, bert = await working.person("anna"), await working.person("bert")
    made = await ask(anna, "a", "b", multiple=True)
    await vote(bert, made["poll"], 0)

    deleted = success(await anna.api.delete(f"/api/v1/statuses/{made['id']}"))

    assert_valid(deleted, "DeletedStatus")
    assert ([option["title"] for option in deleted["poll"]["options"]], deleted["poll"]["multiple"]) == (
        ["a", "b"],
        True,
    )
    assert refusal(await bert.api.get(f"/api/v1/polls/{made['poll']['id']}"), 404)
    working.server.clock.advance(timedelta(seconds=HOUR + 1))
    await working.settle()
    assert await notices(bert) == []


async def test_streams_tell_how_a_poll_stands(working: WorkingServer) -> None:
    """A vote is heard as ``status.update`` by those who have the status, each with what they chose."""
    anna, bert, carl = [await working.person(name) for name in ("anna", "bert", "carl")]
    await follow(bert, anna)
    made = await ask(anna)
    await working.settle()

    async with listening(anna.api, "user") as hers, listening(bert.api, "user") as his:
        await vote(carl, made["poll"], 1)
        for events in (hers, his):
            kind, status = await events.next()
            assert (kind, status["id"], totals(status["poll"])) == ("status.update", made["id"], [0, 1])
        await vote(bert, made["poll"], 0)
        kind, status = await his.next()
        assert (kind, totals(status["poll"]), status["poll"]["own_votes"]) == ("status.update", [1, 1], [0])
        kind, status = await hers.next()
        assert (kind, totals(status["poll"]), status["poll"]["own_votes"]) == ("status.update", [1, 1], [])


async def test_votes_at_the_same_moment_are_each_counted_once(working: WorkingServer) -> None:
    """Many voters at once, and one voter many times at once: the tallies are the votes."""
    anna = await working.person("anna")
    voters = [await working.person(f"voter{number}") for number in range(6)]
    poll = (await ask(anna))["poll"]

    answers = await asyncio.gather(
        *(
            voter.api.post(f"/api/v1/polls/{poll['id']}/votes", json={"choices": [number % 2]})
            for number, voter in enumerate(voters)
            for _ in range(3)
        )
    )

    assert sorted(answer.status_code for answer in answers) == [200] * 6 + [422] * 12
    seen = await look(anna, poll)
    assert (totals(seen), seen["votes_count"], seen["voters_count"]) == ([3, 3], 6, 6)


@pytest.mark.parametrize("version", ["v1", "v2"])
async def test_limits_are_told_and_can_be_set(serve: Callable[..., Awaitable[NodeServer]], version: str) -> None:
    """Clients read the limits of polls from the instance; settings move them."""
    server = await serve(poll_options_max=6, poll_option_characters_max=80, poll_seconds_min=60, poll_seconds_max=7200)
    anna = await server.person("anna")

    told = success(await server.anonymous.get(f"/api/{version}/instance"))["configuration"]["polls"]

    assert told == {
        "max_options": 6,
        "max_characters_per_option": 80,
        "min_expiration": 60,
        "max_expiration": 7200,
    }
    made = await ask(anna, *"abcde", "f" * 80, expires_in=60)
    assert len(made["poll"]["options"]) == 6
