"""Conversations and muted threads over the client API: who is in them, what they show, and to whom."""

import asyncio
from typing import Any

from tests.node.counting import about_things, counted_queries
from tests.node.meeting import Meeting
from tests.node.peering import PUBLIC
from tests.node.serving import Member
from tests.node.talking import WorkingServer, entities, entity, links, listening, post, refusal, success

CONVERSATIONS = "/api/v1/conversations"


async def conversations(member: Member, **params: object) -> list[Any]:
    return entities(await member.api.get(CONVERSATIONS, params=params), "Conversation")  # type: ignore[arg-type]


async def direct(author: Member, text: str, **fields: Any) -> Any:  # noqa: ANN401 - JSON
    return await post(author, text, visibility="direct", **fields)


def said(found: list[Any]) -> list[tuple[list[str], str, bool]]:
    """Who is in each, what was said last, and whether that is unread."""
    return [
        (
            sorted(one["acct"] for one in conversation["accounts"]),
            conversation["last_status"]["content"].rpartition("</span> ")[2].removesuffix("</p>"),
            conversation["unread"],
        )
        for conversation in found
    ]


async def test_a_conversation_is_one_thread_among_the_same_people(working: WorkingServer) -> None:
    """Everybody in it has it in their own list with the others; it is unread until one reads or answers."""
    anna, bert, carl = [await working.person(name) for name in ("anna", "bert", "carl")]
    first = await direct(anna, "@bert hello")
    await working.settle()
    assert said(await conversations(anna)) == [(["bert"], "hello", False)]
    (told,) = await conversations(bert)
    assert said([told]) == [(["anna"], "hello", True)]

    second = await direct(bert, "@anna hi", in_reply_to_id=first["id"])
    await working.settle()
    assert said(await conversations(anna)) == [(["bert"], "hi", True)]
    assert said(await conversations(bert)) == [(["anna"], "hi", False)]
    assert (await conversations(bert))[0]["id"] == told["id"]
    await direct(anna, "@bert @carl you too", in_reply_to_id=second["id"])
    await direct(anna, "@bert another")
    await post(anna, "@bert for all to see")
    await working.settle()

    assert said(await conversations(carl)) == [(["anna", "bert"], "you too", True)]
    assert [one[0] for one in said(await conversations(bert))] == [["anna"], ["anna", "carl"], ["anna"]]
    assert said(await conversations(bert))[2] == (["anna"], "hi", False)


async def test_what_one_writes_to_oneself_is_a_conversation_too(working: WorkingServer) -> None:
    """Without anybody else in it, it shows oneself."""
    anna = await working.person("anna")
    await direct(anna, "Do not forget the milk")

    (found,) = await conversations(anna)

    assert ([one["acct"] for one in found["accounts"]], found["unread"]) == (["anna"], False)


async def test_conversations_are_read_and_forgotten_by_their_owner(working: WorkingServer) -> None:
    """S45: marks and lists are each one's own; a forgotten conversation comes back with the next message."""
    anna, bert = await working.person("anna"), await working.person("bert")
    first = await direct(anna, "@bert hello")
    await working.settle()
    ((of_anna,), (of_bert,)) = await conversations(anna), await conversations(bert)
    for other in (of_anna["id"], "999"):
        assert refusal(await bert.api.post(f"{CONVERSATIONS}/{other}/read"), 404) == "Record not found"
        assert refusal(await bert.api.delete(f"{CONVERSATIONS}/{other}"), 404) == "Record not found"

    read = entity(await bert.api.post(f"{CONVERSATIONS}/{of_bert['id']}/read"), "Conversation")
    assert read == of_bert | {"unread": False}
    assert await conversations(bert) == [read]
    assert success(await bert.api.delete(f"{CONVERSATIONS}/{of_bert['id']}")) == {}
    assert await conversations(bert) == []
    assert len(await conversations(anna)) == 1
    assert success(await bert.api.get(f"/api/v1/statuses/{first['id']}"))["id"] == first["id"]
    await direct(anna, "@bert still there?", in_reply_to_id=first["id"])
    await working.settle()
    assert said(await conversations(bert)) == [(["anna"], "still there?", True)]


async def test_conversations_are_paged_by_their_last_status(working: WorkingServer) -> None:
    """The liveliest comes first; the cursors of a page are statuses; a page costs the same whatever is in it."""
    anna, bert = await working.person("anna"), await working.person("bert")
    made = [await direct(anna, f"@bert thread {number}") for number in range(4)]
    made.append(await direct(anna, "@bert once more", in_reply_to_id=made[0]["id"]))
    await working.settle()

    page = await bert.api.get(CONVERSATIONS, params={"limit": "3"})

    assert [one[1] for one in said(page.json())] == ["once more", "thread 3", "thread 2"]
    assert f"max_id={made[2]['id']}" in links(page)["next"]
    rest = await bert.api.get(links(page)["next"])
    assert [one[1] for one in said(rest.json())] == ["thread 1"]
    back = await bert.api.get(links(rest)["prev"])
    assert [one[1] for one in said(back.json())] == ["once more", "thread 3", "thread 2"]
    await working.rest()

    async def cost(limit: int) -> int:
        with counted_queries() as queries:
            await conversations(bert, limit=limit)
        return sum("conversations" in one or "statuses" in one for one in about_things(queries))

    # What the worker was reading when it was stopped is read to its end, and may be counted once.
    one, all_of_them = [min([await cost(limit) for _ in range(3)]) for limit in (1, 4)]
    assert one == all_of_them


async def test_a_deleted_message_gives_way_to_the_one_before(working: WorkingServer) -> None:
    """A conversation shows what is left of it; when nothing is, it is gone."""
    anna, bert = await working.person("anna"), await working.person("bert")
    first = await direct(anna, "@bert first")
    second = await direct(anna, "@bert second", in_reply_to_id=first["id"])
    await working.settle()

    async with listening(bert.api, "direct") as heard:
        await anna.api.delete(f"/api/v1/statuses/{second['id']}")
        kinds = [await heard.next(), await heard.next()]
    assert said(await conversations(bert)) == [(["anna"], "first", True)]
    assert {kind for kind, _ in kinds} == {"delete", "conversation"}
    await anna.api.delete(f"/api/v1/statuses/{first['id']}")
    assert await conversations(bert) == []
    assert await conversations(anna) == []


async def test_who_blocks_somebody_has_no_conversation_with_them(working: WorkingServer) -> None:
    """S59: neither sees what the other wrote for them any more, in no list; others in it keep it."""
    anna, bert, carl = [await working.person(name) for name in ("anna", "bert", "carl")]
    await direct(anna, "@bert @carl hello")
    await working.settle()
    await bert.api.post(f"/api/v1/accounts/{anna.id}/block")

    assert await conversations(bert) == []
    assert said(await conversations(carl)) == [(["anna", "bert"], "hello", True)]
    assert success(await bert.api.get("/api/v1/timelines/direct")) == []
    await bert.api.post(f"/api/v1/accounts/{carl.id}/unblock")
    await direct(bert, "@carl psst")
    await working.settle()
    await bert.api.post(f"/api/v1/accounts/{carl.id}/block")
    # The one who is blocked keeps the conversation, but sees nothing of it.
    assert said(await conversations(carl)) == [(["anna", "bert"], "hello", True)]


async def test_the_timeline_of_messages_holds_what_is_for_addressees_only(working: WorkingServer) -> None:
    """Written and received, newest first, in pages; nothing public, nothing of third parties."""
    anna, bert, carl = [await working.person(name) for name in ("anna", "bert", "carl")]
    made = []
    for number in range(2):
        made.append(await direct(anna, f"@bert {number}"))
        made.append(await direct(bert, f"@anna {number}"))
    await direct(carl, "@bert not for anna")
    await post(anna, "@bert public")
    await working.settle()
    ids = [one["id"] for one in reversed(made)]

    async def seen(**params: Any) -> list[str]:  # noqa: ANN401 - a query
        return [one["id"] for one in entities(await anna.api.get("/api/v1/timelines/direct", params=params), "Status")]

    assert await seen() == ids
    assert await seen(limit=2) == ids[:2]
    assert await seen(limit=2, max_id=ids[1]) == ids[2:]
    assert await seen(limit=1, min_id=ids[3]) == [ids[2]]
    await anna.api.post(f"/api/v1/accounts/{bert.id}/mute")
    assert await seen() == [ids[1], ids[3]]


async def test_streams_tell_how_conversations_go_on(working: WorkingServer) -> None:
    """Each one hears of their own, with their own mark: when something is said, and when it was read elsewhere."""
    anna, bert, carl = [await working.person(name) for name in ("anna", "bert", "carl")]

    async with (
        listening(anna.api, "direct") as annas,
        listening(bert.api, "direct") as berts,
        listening(carl.api, "direct") as carls,
    ):
        await direct(anna, "@bert hello")
        kind, conversation = await annas.next()
        assert (kind, conversation["unread"]) == ("conversation", False)
        kind, conversation = await berts.next()
        assert (kind, conversation["unread"]) == ("conversation", True)
        assert "hello" in conversation["last_status"]["content"]
        await bert.api.post(f"{CONVERSATIONS}/{conversation['id']}/read")
        kind, again = await berts.next()
        assert (kind, again) == ("conversation", conversation | {"unread": False})
        await direct(carl, "to myself")
        kind, own = await carls.next()
        assert "to myself" in own["last_status"]["content"]


async def test_a_muted_thread_makes_no_notifications(working: WorkingServer) -> None:
    """Whatever happens in it from then on: answers, favourites, boosts, edits; until it is unmuted."""
    anna, bert = await working.person("anna"), await working.person("bert")
    made = await post(anna, "A long thread")
    answer = await post(bert, "@anna indeed", in_reply_to_id=made["id"])
    await working.settle()
    muted = entity(await anna.api.post(f"/api/v1/statuses/{answer['id']}/mute"), "Status")
    assert muted["muted"] is True
    assert success(await anna.api.get(f"/api/v1/statuses/{made['id']}"))["muted"] is True
    assert success(await bert.api.get(f"/api/v1/statuses/{made['id']}"))["muted"] is False
    await anna.api.post("/api/v1/notifications/clear")

    more = await post(bert, "@anna really", in_reply_to_id=answer["id"])
    await bert.api.post(f"/api/v1/statuses/{made['id']}/favourite")
    await bert.api.post(f"/api/v1/statuses/{made['id']}/reblog")
    await post(bert, "@anna elsewhere")
    await working.settle()
    told = success(await anna.api.get("/api/v1/notifications"))
    assert ["elsewhere" in one["status"]["content"] for one in told] == [True]

    unmuted = entity(await anna.api.post(f"/api/v1/statuses/{made['id']}/unmute"), "Status")
    assert unmuted["muted"] is False
    await post(bert, "@anna once more", in_reply_to_id=more["id"])
    await working.settle()
    assert len(success(await anna.api.get("/api/v1/notifications"))) == 2
    hidden = await direct(bert, "for nobody else")
    for action in ("mute", "unmute"):
        assert refusal(await anna.api.post(f"/api/v1/statuses/{hidden['id']}/{action}"), 404) == "Record not found"


async def test_a_message_of_a_muted_thread_is_no_news(working: WorkingServer) -> None:
    """A conversation whose thread is muted does not become unread again, as in Mastodon."""
    anna, bert = await working.person("anna"), await working.person("bert")
    first = await direct(anna, "@bert hello")
    await working.settle()
    (conversation,) = await conversations(bert)
    await bert.api.post(f"{CONVERSATIONS}/{conversation['id']}/read")
    await bert.api.post(f"/api/v1/statuses/{first['id']}/mute")

    await direct(anna, "@bert more", in_reply_to_id=first["id"])
    await working.settle()

    assert said(await conversations(bert)) == [(["anna"], "hello", False)]


def message(meeting: Meeting, number: int, text: str, to: Member, **more: object) -> dict[str, Any]:
    """A Note by rita of the peer, for one addressee only."""
    author, addressee = meeting.peer.actor("rita"), meeting.actor(to)
    return {
        "id": f"{author}/statuses/{number}",
        "type": "Note",
        "attributedTo": author,
        "content": f"<p>{text}</p>",
        "to": [addressee],
        "cc": [],
        "tag": [{"type": "Mention", "href": addressee}],
        **more,
    }


async def say(meeting: Meeting, note: dict[str, Any]) -> None:
    meeting.peer.documents[note["id"].removeprefix(meeting.peer.url)] = note
    await meeting.say("Create", "rita", note, to=note["to"], cc=[])


async def test_messages_of_other_servers_join_conversations(meeting: Meeting) -> None:
    """Of what comes from elsewhere only addressees here have a conversation; answers go on in it."""
    anna, bert = await meeting.working.person("anna"), await meeting.working.person("bert")
    meeting.add("rita")
    note = message(meeting, 1, "hello from afar", anna)
    await say(meeting, note)

    (found,) = await conversations(anna)
    assert [one["acct"] for one in found["accounts"]] == [f"rita@{meeting.peer.domain}"]
    assert found["unread"] is True
    assert await conversations(bert) == []
    await direct(anna, f"@rita@{meeting.peer.domain} hi", in_reply_to_id=found["last_status"]["id"])
    (answered,) = await conversations(anna)
    assert (answered["id"], answered["unread"]) == (found["id"], False)

    await meeting.say("Delete", "rita", note["id"], to=[PUBLIC])
    (left,) = await conversations(anna)
    assert "hi" in left["last_status"]["content"]


async def test_an_answer_that_comes_before_its_message_joins_it(meeting: Meeting) -> None:
    """Messages that arrive in the wrong order end in one conversation, as does a mute of the thread."""
    anna = await meeting.working.person("anna")
    meeting.add("rita")
    first = message(meeting, 1, "first", anna)
    second = message(meeting, 2, "second", anna, inReplyTo=first["id"])
    await say(meeting, second)
    (alone,) = await conversations(anna)
    assert success(await anna.api.post(f"/api/v1/statuses/{alone['last_status']['id']}/mute"))["muted"] is True

    await say(meeting, first)

    (joined,) = await conversations(anna)
    assert "second" in joined["last_status"]["content"]
    timeline = success(await anna.api.get("/api/v1/timelines/direct"))
    assert [one["muted"] for one in timeline] == [True, True]


async def test_several_messages_at_once_are_one_conversation(working: WorkingServer) -> None:
    """Sent side by side into one thread, none is lost and no list is doubled."""
    anna, bert = await working.person("anna"), await working.person("bert")
    root = await direct(anna, "@bert root")
    await working.settle()
    (conversation,) = await conversations(bert)

    await asyncio.gather(
        *(direct(anna, f"@bert {number}", in_reply_to_id=root["id"]) for number in range(4)),
        *(direct(bert, f"@anna {number}", in_reply_to_id=root["id"]) for number in range(4)),
    )
    await working.settle()

    (found,) = await conversations(bert)
    newest = success(await bert.api.get("/api/v1/timelines/direct", params={"limit": "1"}))[0]
    assert (found["id"], found["last_status"]["id"]) == (conversation["id"], newest["id"])
