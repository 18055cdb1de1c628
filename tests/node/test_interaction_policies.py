"""What authors let others do with a status, told and honoured in both directions (policies as GoToSocial has them)."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from fedorg.domain.visibility import Tier
from fedorg.services import peers
from tests.node.quoting_peers import PUBLIC, Quoting, note, running_quoting
from tests.node.talking import WorkingServer, post, refusal

ACTIONS = ("reply", "favourite", "reblog")


@pytest.fixture
async def quoting(working: WorkingServer) -> AsyncIterator[Quoting]:
    """The node and both peers."""
    async with running_quoting(working) as running:
        yield running


async def attempt(quoting: Quoting, action: str, status: Any) -> int:  # noqa: ANN401 - JSON
    """What the API says when Alice tries to do something with a status."""
    if action == "reply":
        sent = {"status": "But no", "in_reply_to_id": status["id"]}
        answer = await quoting.alice.api.post("/api/v1/statuses", json=sent)
    else:
        answer = await quoting.alice.api.post(f"/api/v1/statuses/{status['id']}/{action}")
    if answer.status_code == 403:
        assert refusal(answer, 403).startswith("The author of this post does not let you ")
    return answer.status_code


def restricted(quoting: Quoting, to: object, **fields: Any) -> dict[str, Any]:  # noqa: ANN401 - JSON
    """A note of Gina's that lets only some answer, favourite and boost."""
    policy = {name: {"automaticApproval": to} for name in ("canReply", "canLike", "canAnnounce")}
    return note(quoting.ginas, "gina", interactionPolicy=policy, **fields)


async def test_what_a_remote_author_does_not_want_is_refused(quoting: Quoting) -> None:
    """Nobody but the author, or only followers: a member hears why, and nothing is sent."""
    closed = await quoting.find(restricted(quoting, [quoting.gina])["id"])
    old = note(quoting.ginas, "gina", interactionPolicy={"canReply": {"always": [quoting.gina]}})
    of_old = await quoting.find(old["id"])
    for_followers = await quoting.find(restricted(quoting, [f"{quoting.gina}/followers"])["id"])

    assert [await attempt(quoting, action, closed) for action in ACTIONS] == [403] * 3
    assert [await attempt(quoting, action, of_old) for action in ACTIONS] == [403, 200, 200]
    assert [await attempt(quoting, action, for_followers) for action in ACTIONS] == [403] * 3
    await quoting.working.settle()
    assert closed["uri"] not in str(quoting.ginas.received)

    await quoting.befriend(quoting.alice, quoting.gina, quoting.ginas, "gina")
    assert [await attempt(quoting, action, for_followers) for action in ACTIONS] == [200] * 3


async def test_whom_a_remote_author_follows_is_not_whom_others_follow(quoting: Quoting) -> None:
    """A policy for those the author follows, or is followed by, lets in nobody whom only others know, or she others."""
    quoting.ginas.documents["/users/gina"]["following"] = f"{quoting.gina}/following"
    followed = await quoting.find(restricted(quoting, [f"{quoting.gina}/following"])["id"])
    followers = await quoting.find(restricted(quoting, [f"{quoting.gina}/followers"])["id"])
    await quoting.follow(quoting.ginas, "gina", quoting.bert)
    await quoting.follow(quoting.freds, "fred", quoting.alice)
    await quoting.befriend(quoting.bert, quoting.gina, quoting.ginas, "gina")

    for status in (followed, followers):
        assert [await attempt(quoting, action, status) for action in ACTIONS] == [403] * 3

    await quoting.follow(quoting.ginas, "gina", quoting.alice)
    assert [await attempt(quoting, action, followed) for action in ACTIONS] == [200] * 3
    assert [await attempt(quoting, action, followers) for action in ACTIONS] == [403] * 3


async def test_what_a_remote_author_allows_or_wants_to_be_asked_is_done(quoting: Quoting) -> None:
    """No policy, everybody, this very member, others nobody here knows, and consent by hand: all are tried."""
    open_ = await quoting.find(note(quoting.ginas, "gina")["id"])
    alice = f"{quoting.url}/users/alice"
    statuses = [await quoting.find(restricted(quoting, to)["id"]) for to in ([PUBLIC], [alice], [quoting.fred])]
    manual = {"canReply": {"manualApproval": [PUBLIC]}, "canLike": {"manualApproval": [PUBLIC]}}
    asking = await quoting.find(note(quoting.ginas, "gina", interactionPolicy=manual)["id"])

    for status in (open_, *statuses, asking):
        assert [await attempt(quoting, action, status) for action in ACTIONS] == [200] * 3


async def test_who_is_mentioned_may_always_reply(quoting: Quoting) -> None:
    """As GoToSocial has it: to be named is to be asked. It gives no right to anything else."""
    mention = {"type": "Mention", "href": f"{quoting.url}/users/alice", "name": "@alice"}
    status = await quoting.find(restricted(quoting, [quoting.gina], tag=[mention])["id"])

    assert [await attempt(quoting, action, status) for action in ACTIONS] == [200, 403, 403]


async def test_a_policy_that_changes_is_taken_over(quoting: Quoting) -> None:
    """An Update that brings nothing else is enough."""
    made = restricted(quoting, [quoting.gina])
    status = await quoting.find(made["id"])
    assert await attempt(quoting, "favourite", status) == 403

    await quoting.send(quoting.ginas, "gina", "Update", {**made, "interactionPolicy": None})

    assert await attempt(quoting, "favourite", status) == 200


async def test_a_local_status_states_no_more_than_its_audience(quoting: Quoting) -> None:
    """Everybody, followers and mentioned, or those mentioned: after whom it is for; quotes as its author chose."""
    alice, followers = f"{quoting.url}/users/alice", f"{quoting.url}/users/alice/followers"
    ring = f"{quoting.url}/audiences/organisation"
    await quoting.follow(quoting.freds, "fred", quoting.alice)
    await peers.set_tier(quoting.working.server.node, quoting.freds.domain, Tier.SIBLING)
    rows: list[tuple[dict[str, str], str, list[str], list[str], list[str]]] = [
        ({}, "Open 1", [PUBLIC], [PUBLIC], [PUBLIC]),
        ({"visibility": "unlisted", "quote_approval_policy": "followers"}, "Open 2", [followers], [PUBLIC], [PUBLIC]),
        ({"quote_approval_policy": "nobody"}, "Open 3", [alice], [PUBLIC], [PUBLIC]),
        ({"visibility": "private", "quote_approval_policy": "public"}, "Private", [alice], [followers], [alice]),
        ({"reach": "organisation"}, "Among us", [ring], [followers, ring], [ring]),
        (
            {"reach": "organisation", "quote_approval_policy": "followers"},
            "Us",
            [followers],
            [followers, ring],
            [ring],
        ),
    ]

    for fields, words, quote, reply, announce in rows:
        status = await post(quoting.alice, words, **fields)
        policy = (await quoting.freds.wait_for("Create", status["uri"]))["object"]["interactionPolicy"]
        told = {name: rule["automaticApproval"] for name, rule in policy.items()}
        expected = {"canQuote": quote, "canReply": reply, "canLike": reply, "canAnnounce": announce}
        assert told == expected, words
        assert all(rule["manualApproval"] == [] for rule in policy.values())


async def test_a_new_policy_is_told_to_those_who_have_the_status(quoting: Quoting) -> None:
    """Changing who may quote sends an Update, which is no edit."""
    await quoting.follow(quoting.freds, "fred", quoting.alice)
    status = await post(quoting.alice, "Open")
    await quoting.freds.wait_for("Create", status["uri"])

    await quoting.alice.api.put(
        f"/api/v1/statuses/{status['id']}/interaction_policy", json={"quote_approval_policy": "nobody"}
    )

    updated = (await quoting.freds.wait_for("Update", status["uri"]))["object"]
    assert updated["interactionPolicy"]["canQuote"]["automaticApproval"] == [f"{quoting.url}/users/alice"]
    assert "updated" not in updated
