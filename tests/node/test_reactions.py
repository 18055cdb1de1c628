"""Emoji reactions from other servers: which count, how they are shown, how they are taken back, and how many fit."""

from typing import Any

import pytest

from fedorg.domain.reactions import Reaction, read_custom, read_emoji
from fedorg.store import reactions
from tests.node.meeting import Meeting
from tests.node.serving import Member
from tests.node.talking import entities, entity, post


async def seen(member: Member, status: Any) -> Any:  # noqa: ANN401 - JSON
    return entity(await member.api.get(f"/api/v1/statuses/{status['id']}"), "Status")


def pictured(meeting: Meeting, shortcode: str) -> list[dict[str, Any]]:
    """The tag that pictures a custom emoji of the peer."""
    url = f"{meeting.peer.url}/emoji/{shortcode}.png"
    return [{"type": "Emoji", "name": f":{shortcode}:", "icon": {"type": "Image", "url": url}}]


def given(status: Any) -> dict[str, int]:  # noqa: ANN401 - JSON
    return {one["name"]: one["count"] for one in status["reactions"]}


async def test_reactions_are_counted_apart_from_favourites(meeting: Meeting) -> None:
    """Each account counts once for an emoji; favourites and notifications stay as they were."""
    anna = await meeting.working.person("anna")
    made = await post(anna, "Hello")
    for name in ("fred", "flo"):
        meeting.add(name)
    for name, emoji in (("fred", "🎉"), ("flo", "🎉"), ("fred", "🎉"), ("fred", "👍🏽")):
        await meeting.say("EmojiReact", name, made["uri"], content=emoji)

    status = await seen(anna, made)

    assert given(status) == {"🎉": 2, "👍🏽": 1}
    assert status["favourites_count"] == 0
    assert [(one["me"], one["url"], one["static_url"]) for one in status["reactions"]] == [(False, None, None)] * 2
    assert entities(await anna.api.get("/api/v1/notifications"), "Notification") == []


async def test_a_custom_emoji_is_pictured_where_it_lives(meeting: Meeting) -> None:
    """It is named with its server, and shown from there; without a picture it is nothing."""
    anna = await meeting.working.person("anna")
    made = await post(anna, "Hello")
    meeting.add("fred")

    await meeting.say("EmojiReact", "fred", made["uri"], content=":blob:", tag=pictured(meeting, "blob"))
    await meeting.say("EmojiReact", "fred", made["uri"], content=":bare:")

    (one,) = (await seen(anna, made))["reactions"]
    assert (one["name"], one["count"]) == (f"blob@{meeting.peer.domain}", 1)
    assert one["url"] == one["static_url"] == f"{meeting.peer.url}/emoji/blob.png"
    assert meeting.ignored("EmojiReact") == 1


@pytest.mark.parametrize("word", ["content", "_misskey_reaction"])
async def test_a_like_with_an_emoji_is_both(meeting: Meeting, word: str) -> None:
    """It stays a favourite, with its notification; its emoji is shown; and both go with its Undo."""
    anna = await meeting.working.person("anna")
    made = await post(anna, "Hello")
    meeting.add("fred")
    like = await meeting.say("Like", "fred", made["uri"], **{word: "❤"})

    status = await seen(anna, made)
    (told,) = entities(await anna.api.get("/api/v1/notifications"), "Notification")
    assert (status["favourites_count"], given(status), told["type"]) == (1, {"❤️": 1}, "favourite")

    await meeting.say("Undo", "fred", like)
    status = await seen(anna, made)
    assert (status["favourites_count"], status["reactions"]) == (0, [])


async def test_a_like_without_an_emoji_is_a_favourite_alone(meeting: Meeting) -> None:
    """Words are no emoji, and do not make the favourite worth less."""
    anna = await meeting.working.person("anna")
    made = await post(anna, "Hello")
    meeting.add("fred")

    await meeting.say("Like", "fred", made["uri"], content="nice!")

    status = await seen(anna, made)
    assert (status["favourites_count"], status["reactions"]) == (1, [])


async def test_a_reaction_is_taken_back_by_who_gave_it(meeting: Meeting) -> None:
    """By the embedded activity, by its id alone, and by nobody else; the others stay."""
    anna = await meeting.working.person("anna")
    made = await post(anna, "Hello")
    for name in ("fred", "mallory"):
        meeting.add(name)
    first, second, third = [
        await meeting.say("EmojiReact", "fred", made["uri"], content=emoji) for emoji in ("🎉", "👍", "🚀")
    ]

    await meeting.say("Undo", "fred", first)
    await meeting.say("Undo", "fred", second["id"])
    await meeting.say("Undo", "mallory", third["id"])

    assert given(await seen(anna, made)) == {"🚀": 1}


async def test_what_was_taken_back_before_it_came_does_not_come(meeting: Meeting) -> None:
    """An Undo may overtake what it undoes."""
    anna = await meeting.working.person("anna")
    made = await post(anna, "Hello")
    fred = meeting.add("fred")
    late = meeting.peer.activity("EmojiReact", fred, made["uri"], 999) | {"content": "🎉"}

    await meeting.say("Undo", "fred", late)
    await meeting.deliver(late, "fred")

    assert (await seen(anna, made))["reactions"] == []


async def test_nobody_reacts_to_what_is_not_for_them(meeting: Meeting) -> None:
    """A private status gains nothing from a server without followers, nor does one that does not exist."""
    anna = await meeting.working.person("anna")
    hidden = await post(anna, "Hidden", visibility="private")
    meeting.add("fred")

    await meeting.say("EmojiReact", "fred", hidden["uri"], content="🎉")
    await meeting.say("EmojiReact", "fred", f"{hidden['uri']}0", content="🎉")

    assert (await seen(anna, hidden))["reactions"] == []
    assert meeting.ignored("EmojiReact") == 2


async def test_reactions_are_bounded(meeting: Meeting, monkeypatch: pytest.MonkeyPatch) -> None:
    """One account gives so many, one status takes so many different ones; more of the same still count."""
    monkeypatch.setattr(reactions, "PER_ACCOUNT_MAX", 2)
    monkeypatch.setattr(reactions, "NAMES_MAX", 3)
    anna = await meeting.working.person("anna")
    made = await post(anna, "Hello")
    for name in ("fred", "flo"):
        meeting.add(name)
    for name, emoji in (("fred", "1️⃣"), ("fred", "2️⃣"), ("fred", "3️⃣"), ("flo", "4️⃣"), ("flo", "5️⃣")):
        await meeting.say("EmojiReact", name, made["uri"], content=emoji)
    assert given(await seen(anna, made)) == {"1️⃣": 1, "2️⃣": 1, "4️⃣": 1}

    await meeting.say("EmojiReact", "flo", made["uri"], content="5️⃣")
    await meeting.say("EmojiReact", "flo", made["uri"], content="1️⃣")

    assert given(await seen(anna, made)) == {"1️⃣": 2, "2️⃣": 1, "4️⃣": 1}


async def test_reactions_are_shown_with_a_boost_and_in_timelines(meeting: Meeting) -> None:
    """A boost shows those of what it boosts; the home timeline shows them as the status does."""
    anna = await meeting.working.person("anna")
    made = await post(anna, "Hello")
    meeting.add("fred")
    await meeting.say("EmojiReact", "fred", made["uri"], content="🎉")

    boost = entity(await anna.api.post(f"/api/v1/statuses/{made['id']}/reblog"), "Status")
    home = entities(await anna.api.get("/api/v1/timelines/home"), "Status")

    assert given(boost) == given(boost["reblog"]) == {"🎉": 1}
    assert [given(status) for status in home] == [{"🎉": 1}]


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("👍", "👍"),
        ("👍\ufe0f", "👍"),
        ("❤", "❤\ufe0f"),
        ("❤\ufe0f", "❤\ufe0f"),
        (" 🇸🇪 ", "🇸🇪"),
        ("👩‍👩‍👧‍👦", "👩‍👩‍👧‍👦"),
        ("🏴󠁧󠁢󠁳󠁣󠁴󠁿", "🏴󠁧󠁢󠁳󠁣󠁴󠁿"),
        ("#️⃣", "#️⃣"),
        ("‼️", "‼️"),
    ],
)
def test_an_emoji_is_read(text: str, name: str) -> None:
    """One emoji, however it is put together, is one reaction."""
    assert read_emoji(text) == Reaction(name=name)


@pytest.mark.parametrize(
    "text",
    ["", " ", "+1", "a", "1", "👍👍", "🇸🇪🇳🇴", "ok 👍", "<b>", "\u202e", "👍\u0000", "x" * 99, "\ufe0f", "🎉" * 9],
)
def test_what_is_no_emoji_is_not_read(text: str) -> None:
    """Words, several emojis, markup and invisible characters are no reaction."""
    assert read_emoji(text) is None


@pytest.mark.parametrize("text", ["blob", ":blob", "::", ":bl ob:", ":<b>:", f":{'x' * 101}:", ":blob::blob:"])
def test_what_is_no_shortcode_is_not_read(text: str) -> None:
    """A custom emoji is written in colons, in bounded length."""
    assert read_custom(text, "https://a.example/x.png", "a.example") is None
    assert read_custom(":blob:", f"https://a.example/{'x' * 2048}", "a.example") is None
