"""Statuses over the client API, from posting to deletion; answers are held against the API's description."""

import threading
from collections.abc import Mapping
from datetime import timedelta

import pytest

from fedorg.domain.statuses import ContextView
from fedorg.serializers.statuses import context_entity
from fedorg.services.statuses import reading
from fedorg.uris import Uris
from fedorg.web.mastodon import statuses as views
from tests.contract import assert_valid
from tests.node.meeting import Meeting
from tests.node.serving import Member
from tests.node.talking import WorkingServer, contents, entities, entity, follow, post, refusal, success, upload


async def test_a_status_goes_from_posting_to_deletion(working: WorkingServer) -> None:
    """Posting, reading, editing and deleting answer with whole entities; what is deleted is gone for everybody."""
    anna, bert = await working.person("anna"), await working.person("bert")
    media = await upload(anna, description="A red field", focus="0.5,-0.25")
    made = await post(
        anna, "Hello #World", spoiler_text="A greeting", sensitive=True, language="en", media_ids=[media["id"]]
    )
    assert made["application"]["name"] == "Test client"
    assert [one["description"] for one in made["media_attachments"]] == ["A red field"]
    assert made["tags"][0]["name"].lower() == "world"
    path = f"/api/v1/statuses/{made['id']}"

    assert entity(await bert.api.get(path), "Status")["spoiler_text"] == "A greeting"
    assert entity(await anna.api.get(f"{path}/source"), "StatusSource")["text"] == "Hello #World"
    edited = entity(await anna.api.put(path, json={"status": "Hello again"}), "Status")
    assert edited["edited_at"] is not None
    versions = entities(await bert.api.get(f"{path}/history"), "StatusEdit")
    assert contents(versions)[-1] == "Hello again"
    assert len(versions) == 2
    deleted = (await anna.api.delete(path)).json()
    assert_valid(deleted, "DeletedStatus")
    assert deleted["text"] == "Hello again"

    for member in (anna, bert):
        assert refusal(await member.api.get(path), 404) == "Record not found"
        assert refusal(await member.api.get(f"{path}/history"), 404) == "Record not found"


async def test_a_thread_is_read_from_any_of_its_statuses(working: WorkingServer) -> None:
    """The context names what a status answers, and what answers it."""
    anna, bert = await working.person("anna"), await working.person("bert")
    root = await post(anna, "Question")
    answer = await post(bert, "Answer", in_reply_to_id=root["id"])
    thanks = await post(anna, "Thanks", in_reply_to_id=answer["id"])

    context = entity(await bert.api.get(f"/api/v1/statuses/{answer['id']}/context"), "Context")

    assert [status["id"] for status in context["ancestors"]] == [root["id"]]
    assert [status["id"] for status in context["descendants"]] == [thanks["id"]]
    assert entity(await anna.api.get(f"/api/v1/statuses/{root['id']}"), "Status")["replies_count"] == 1


async def test_a_status_late_in_a_long_thread_is_seen_with_what_is_around_it(
    working: WorkingServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Beyond the first thousands of a thread nothing was above or below anything; what is nearest comes, of both."""
    monkeypatch.setattr(reading, "THREAD_MAX", 4)
    anna, bert = await working.person("anna"), await working.person("bert")
    chain = [await post(anna, "0")]
    for number in range(1, 10):
        answered = chain[-1]["id"]
        chain.append(await post((anna, bert)[number == 6], str(number), in_reply_to_id=answered))
    await post(anna, "beside", in_reply_to_id=chain[0]["id"])

    async def around(reader: Member, number: int) -> tuple[str, str]:
        path = f"/api/v1/statuses/{chain[number]['id']}/context"
        context = entity(await reader.api.get(path), "Context")
        above, below = contents(context["ancestors"]), contents(context["descendants"])
        return " ".join(above), " ".join(below)

    assert await around(bert, 1) == ("0", "2 3")
    assert await around(bert, 7) == ("5 6", "8 9")
    assert await around(bert, 9) == ("5 6 7 8", "")
    carl = await working.person("carl")
    success(await carl.api.post(f"/api/v1/accounts/{bert.id}/block"))
    assert await around(carl, 8) == ("7", "9")


async def test_others_have_their_turn_while_a_long_thread_is_written(
    working: WorkingServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Four thousand entities take a tenth of a second and more, which is not taken from the event loop."""
    anna = await working.person("anna")
    root = await post(anna, "Question")
    for number in range(3):
        await post(anna, f"Answer {number}", in_reply_to_id=root["id"])
    written_by: list[bool] = []

    def write(context: ContextView, uris: Uris) -> object:
        written_by.append(threading.current_thread() is threading.main_thread())
        return context_entity(context, uris)

    monkeypatch.setattr(views, "context_entity", write)
    path = f"/api/v1/statuses/{root['id']}/context"
    short = entity(await anna.api.get(path), "Context")
    monkeypatch.setattr(views, "_MANY", 2)
    # Another address, so that it is not given again.
    long = entity(await anna.api.get(path, params={"a": "b"}), "Context")

    assert short == long
    assert written_by == [True, False]


async def test_what_one_does_with_a_status_is_shown_and_taken_back(working: WorkingServer) -> None:
    """Favourite, bookmark and reblog each change their own mark and count, once, and back."""
    anna, bert = await working.person("anna"), await working.person("bert")
    made = await post(anna, "Worth a star")
    path = f"/api/v1/statuses/{made['id']}"

    for _ in range(2):
        assert entity(await bert.api.post(f"{path}/favourite"), "Status")["favourites_count"] == 1
        assert entity(await bert.api.post(f"{path}/bookmark"), "Status")["bookmarked"]
        boost = entity(await bert.api.post(f"{path}/reblog"), "Status")
        assert boost["reblog"]["id"] == made["id"]
        assert boost["reblog"]["reblogs_count"] == 1
    seen = entity(await bert.api.get(path), "Status")
    assert (seen["favourited"], seen["reblogged"], seen["bookmarked"]) == (True, True, True)
    seen = entity(await anna.api.get(path), "Status")
    assert (seen["favourited"], seen["reblogged"], seen["bookmarked"]) == (False, False, False)
    for kind in ("favourited_by", "reblogged_by"):
        assert [one["id"] for one in entities(await anna.api.get(f"{path}/{kind}"), "Account")] == [bert.id]

    assert entity(await bert.api.post(f"{path}/unfavourite"), "Status")["favourites_count"] == 0
    assert not entity(await bert.api.post(f"{path}/unbookmark"), "Status")["bookmarked"]
    assert entity(await bert.api.post(f"{path}/unreblog"), "Status")["reblogs_count"] == 0
    boost = entity(await bert.api.post(f"{path}/reblog"), "Status")
    assert refusal(await anna.api.delete(f"/api/v1/statuses/{boost['id']}"), 404)
    assert success(await bert.api.delete(f"/api/v1/statuses/{boost['id']}"))["id"] == boost["id"]
    seen = entity(await bert.api.get(path), "Status")
    assert (seen["reblogged"], seen["reblogs_count"]) == (False, 0)
    assert entities(await anna.api.get(f"{path}/favourited_by"), "Account") == []


async def test_the_same_idempotency_key_posts_once(working: WorkingServer) -> None:
    """A client that repeats a request it is unsure of gets the status it made."""
    anna = await working.person("anna")

    answers = [
        await anna.api.post("/api/v1/statuses", data={"status": "Once"}, headers={"Idempotency-Key": "key-1"})
        for _ in range(2)
    ]

    assert answers[0].json()["id"] == answers[1].json()["id"]
    assert len((await anna.api.get(f"/api/v1/accounts/{anna.id}/statuses")).json()) == 1


async def test_reach_is_chosen_in_every_way_clients_know(working: WorkingServer) -> None:
    """``reach``, and the older ``visibility=local`` and ``local_only``, decide how far a status travels."""
    anna = await working.person("anna")

    assert (await post(anna, "a"))["reach"] == "public"
    assert (await post(anna, "b", reach="partners"))["reach"] == "partners"
    local = await post(anna, "c", visibility="local")
    assert (local["reach"], local["visibility"]) == ("node", "public")
    assert (await post(anna, "d", local_only=True))["reach"] == "node"


async def test_what_cannot_be_posted_is_refused_with_a_sentence(working: WorkingServer) -> None:
    """Empty, too long, unknown words, features that are not offered, missing parents: 422, or 404 for the parent."""
    anna = await working.person("anna")
    bad: list[tuple[dict[str, object], int]] = [
        ({"status": ""}, 422),
        ({"status": "x" * 2001}, 422),
        ({"status": "x", "visibility": "secret"}, 422),
        ({"status": "x", "reach": "galaxy"}, 422),
        ({"status": "x", "quoted_status_id": "1"}, 404),
        ({"status": "x", "quote_approval_policy": "friends"}, 422),
        ({"status": "x", "media_ids": ["999"]}, 422),
        ({"status": "x", "in_reply_to_id": "999"}, 404),
        ({"status": "x", "in_reply_to_id": "nonsense"}, 422),
    ]
    for fields, status in bad:
        assert refusal(await anna.api.post("/api/v1/statuses", json=fields), status)
    assert refusal(await anna.api.post("/api/v1/statuses", content=b"{", headers=_JSON), 400)
    assert refusal(await anna.api.post("/api/v1/statuses", content=b"[1]", headers=_JSON), 400)

    assert (await anna.api.get(f"/api/v1/accounts/{anna.id}/statuses")).json() == []


async def test_a_private_status_is_for_followers_and_cannot_be_boosted(working: WorkingServer) -> None:
    """Who does not follow gets the answer of an absent status, whatever they try."""
    anna, bert, carl = [await working.person(name) for name in ("anna", "bert", "carl")]
    await follow(bert, anna)
    made = await post(anna, "Among us", visibility="private")
    path = f"/api/v1/statuses/{made['id']}"

    assert entity(await bert.api.get(path), "Status")["content"] == "<p>Among us</p>"
    assert refusal(await bert.api.post(f"{path}/reblog"), 403)
    for action in ("favourite", "bookmark", "reblog"):
        assert refusal(await carl.api.post(f"{path}/{action}"), 404) == "Record not found"


async def test_several_statuses_are_read_by_id_as_far_as_they_are_visible(working: WorkingServer) -> None:
    """What is invisible or absent is left out."""
    anna, bert = await working.person("anna"), await working.person("bert")
    seen = await post(anna, "For all")
    hidden = await post(anna, "For nobody else", visibility="direct")

    found = entities(
        await bert.api.get("/api/v1/statuses", params={"id[]": [seen["id"], hidden["id"], "999", "x"]}), "Status"
    )

    assert [status["id"] for status in found] == [seen["id"]]


async def test_files_are_changed_while_a_status_is_edited(working: WorkingServer) -> None:
    """``media_attributes`` describe files of the status anew, and other people's files are refused."""
    anna, bert = await working.person("anna"), await working.person("bert")
    own, foreign = await upload(anna, description="Before"), await upload(bert)
    made = await post(anna, "Look", media_ids=[own["id"]])
    path = f"/api/v1/statuses/{made['id']}"

    change = {
        "status": "Look",
        "media_ids": [own["id"]],
        "media_attributes": [{"id": own["id"], "description": "After", "focus": "0.1,0.2"}],
    }
    edited = entity(await anna.api.put(path, json=change), "Status")
    assert edited["media_attachments"][0]["description"] == "After"
    assert edited["media_attachments"][0]["meta"]["focus"] == {"x": 0.1, "y": 0.2}

    refused = await anna.api.put(path, json={"status": "Look", "media_ids": [foreign["id"]]})
    assert refusal(refused, 422)


async def test_whom_an_edit_takes_out_of_the_text_is_named_no_more(working: WorkingServer) -> None:
    """They still see what was for them, and are named again when an edit says so; other members are as before."""
    anna, bert, carl = [await working.person(name) for name in ("anna", "bert", "carl")]
    made = await post(anna, "Hello @bert and @carl", visibility="private")
    path = f"/api/v1/statuses/{made['id']}"

    async def named_by(text: str) -> list[list[str]]:
        await anna.api.put(path, json={"status": text})
        seen = [entity(await member.api.get(path), "Status") for member in (anna, bert, carl)]
        return [[mention["acct"] for mention in one["mentions"]] for one in seen]

    assert await named_by("Hello @carl") == [["carl"]] * 3
    assert await named_by("Hello") == [[]] * 3
    assert await named_by("Hello @bert") == [["bert"]] * 3


@pytest.mark.parametrize("visibility", ["private", "direct"])
async def test_other_servers_hear_who_is_named_no_more(meeting: Meeting, visibility: str) -> None:
    """The edit reaches whom it took out, without their name; a message stays for all whom it was for."""
    anna = await meeting.working.person("anna")
    fred = meeting.add("fred")
    name = f"@fred@{meeting.peer.domain}"
    made = await post(anna, f"Hello {name}", visibility=visibility)
    brought = (await meeting.peer.wait_for("Create", made["uri"]))["object"]
    assert [tag["href"] for tag in brought["tag"]] == [fred]

    await anna.api.put(f"/api/v1/statuses/{made['id']}", json={"status": "Hello"})

    told = (await meeting.peer.wait_for("Update", made["uri"]))["object"]
    assert "tag" not in told
    assert (fred in [*told.get("to", []), *told.get("cc", [])]) == (visibility == "direct")


async def test_whom_the_edit_of_a_peer_takes_out_is_named_no_more(meeting: Meeting) -> None:
    """Whoever was named can read the status as before, as one of others."""
    anna = await meeting.working.person("anna")
    fred, us = meeting.add("fred"), meeting.actor(anna)
    note = {"id": f"{fred}/1", "type": "Note", "attributedTo": fred, "content": "Hi", "to": [f"{fred}/followers"]}
    await meeting.say("Create", "fred", note | {"cc": [us], "tag": [{"type": "Mention", "href": us, "name": "@anna"}]})
    (told,) = entities(await anna.api.get("/api/v1/notifications"), "Notification")
    assert [mention["acct"] for mention in told["status"]["mentions"]] == ["anna"]

    meeting.server.clock.advance(timedelta(minutes=1))
    edited = {"content": "Hi all", "updated": meeting.server.clock().isoformat()}
    await meeting.say("Update", "fred", note | edited)

    shown = entity(await anna.api.get(f"/api/v1/statuses/{told['status']['id']}"), "Status")
    assert (contents([shown]), shown["mentions"]) == (["Hi all"], [])


async def test_a_deletion_lets_go_of_the_files_of_that_status_alone(working: WorkingServer) -> None:
    """They can be attached again, as a redraft does; those of other statuses stay with them."""
    anna, bert = await working.person("anna"), await working.person("bert")
    gone, *kept = [await post(one, "Look", media_ids=[(await upload(one))["id"]]) for one in (anna, anna, bert)]
    files = [file["id"] for file in gone["media_attachments"]]

    success(await anna.api.delete(f"/api/v1/statuses/{gone['id']}"))
    await working.settle()

    for status in kept:
        seen = entity(await anna.api.get(f"/api/v1/statuses/{status['id']}"), "Status")
        assert seen["media_attachments"] == status["media_attachments"]
    again = await post(anna, "Look again", media_ids=files)
    assert [file["id"] for file in again["media_attachments"]] == files


@pytest.mark.parametrize("nothing", [{}, {"media_ids": [], "spoiler_text": "", "sensitive": False}])
async def test_an_edit_without_files_and_warning_takes_them_away(
    working: WorkingServer, nothing: Mapping[str, object]
) -> None:
    """As in Mastodon, whose programs for Android leave out what is empty; of nothing at all no edit is made."""
    anna = await working.person("anna")
    media = await upload(anna)
    made = await post(anna, "Look", media_ids=[media["id"]], spoiler_text="Bright")
    path = f"/api/v1/statuses/{made['id']}"

    assert refusal(await anna.api.put(path, json={"status": "", **nothing}), 422)
    edited = entity(await anna.api.put(path, json={"status": "Bare", **nothing}), "Status")

    assert (edited["media_attachments"], edited["spoiler_text"], edited["sensitive"]) == ([], "", False)


_JSON = {"Content-Type": "application/json"}
