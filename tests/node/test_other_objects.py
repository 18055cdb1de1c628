"""What is no note: articles, pages, pictures, films, sounds and events of others; and files of other servers."""

from itertools import count
from typing import Any, Final

import pytest

from tests.node.meeting import Meeting
from tests.node.peering import PUBLIC
from tests.node.serving import Member
from tests.node.talking import entity, success

NUMBERS: Final = count(1)


@pytest.fixture
async def anna(meeting: Meeting) -> Member:
    """A member of the node; the peer has the user fred."""
    meeting.add("fred")
    return await meeting.working.person("anna")


async def show(meeting: Meeting, anna: Member, kind: str, **members: object) -> dict[str, Any]:
    """What Anna sees of an object that names her."""
    made = made_by_fred(meeting, anna, kind, **members)
    await meeting.say("Create", "fred", made, to=made["to"])
    query = {"q": made["id"], "type": "statuses"}
    (found,) = success(await anna.api.get("/api/v2/search", params=query))["statuses"]
    return dict(entity(await anna.api.get(f"/api/v1/statuses/{found['id']}"), "Status"))


def made_by_fred(meeting: Meeting, anna: Member, kind: str, **members: object) -> dict[str, Any]:
    return {
        "id": f"{meeting.peer.url}/objects/{next(NUMBERS)}",
        "type": kind,
        "attributedTo": meeting.peer.actor("fred"),
        "to": [PUBLIC, meeting.actor(anna)],
        **members,
    }


def titled(title: str, text: str, address: str) -> str:
    link = f'<p><a href="{address}" target="_blank" rel="nofollow noopener">{address}</a></p>'
    return f"<p><strong>{title}</strong></p>{text}{link}"


async def test_other_objects_are_a_title_a_text_and_a_link(meeting: Meeting, anna: Member) -> None:
    """The name comes first, then the content or else the summary, and always a link to the original.

    A content that says to be plain text, or Markdown as PeerTube's, is read as it was typed.
    """
    url = meeting.peer.url
    page = f"{url}/@fred/long"

    article = await show(
        meeting, anna, "Article", name="Long <read>", content="<p>All</p>", summary="<p>Short</p>", url=page
    )
    excerpt = await show(meeting, anna, "Page", nameMap={"de": "Lang"}, summary="<p>In <b>short</b></p>", url=page)
    nameless = await show(meeting, anna, "Event", summaryMap={"de": "<p>Kurz</p>"})
    warned = await show(meeting, anna, "Article", name="Long", summary="Spoilers", sensitive=True, url=page)
    poll = await show(
        meeting, anna, "Question", content="<p>Which?</p>", oneOf=[{"nameMap": {"de": "Ja"}}, {"name": "Nein"}]
    )

    film = await show(
        meeting, anna, "Video", name="Film", mediaType="text/markdown", content="A *cat*\r\n& <b>\n\nEnd", url=page
    )
    comment = await show(meeting, anna, "Note", mediaType="text/plain", content="1 < 2")

    assert (film["content"], comment["content"]) == (
        titled("Film", "<p>A *cat*<br>&amp; &lt;b&gt;</p><p>End</p>", page),
        "<p>1 &lt; 2</p>",
    )
    assert article["content"] == titled("Long &lt;read&gt;", "<p>All</p>", page)
    assert excerpt["content"] == titled("Lang", "<p>In <b>short</b></p>", page)
    assert nameless["content"] == "<p>Kurz</p>" + titled("", "", nameless["uri"]).removeprefix(
        "<p><strong></strong></p>"
    )
    assert (warned["content"], warned["spoiler_text"]) == (titled("Long", "", page), "Spoilers")
    assert [article["spoiler_text"], excerpt["spoiler_text"], nameless["spoiler_text"]] == ["", "", ""]
    assert poll["content"] == "<p>Which?</p>"
    assert [option["title"] for option in poll["poll"]["options"]] == ["Ja", "Nein"]


async def test_a_plain_text_is_read_as_far_as_it_costs_little(meeting: Meeting, anna: Member) -> None:
    """Thousands of addresses would keep everybody waiting for seconds; the beginning is shown."""
    long = await show(meeting, anna, "Note", mediaType="text/markdown", content="word " * 10_000)

    assert 19_900 < len(long["content"]) < 20_100


async def test_pictures_are_attached_and_films_have_a_picture(meeting: Meeting, anna: Member) -> None:
    """An Image whose address is that of a picture is one; a film and a sound show the picture beside the link."""
    url = meeting.peer.url
    links = [
        {"type": "Link", "href": f"{url}/@fred/cat", "mediaType": "text/html"},
        {"type": "Link", "href": f"{url}/cat", "mediaType": "image/jpeg"},
    ]
    film = [{"type": "Link", "href": f"{url}/f.mp4", "mediaType": "video/mp4"}, links[0]]
    thumbnail = [{"type": "Image", "url": f"{url}/small.jpg", "mediaType": "image/jpeg"}]

    linked = await show(meeting, anna, "Image", name="A cat", url=links)
    bare = await show(meeting, anna, "Image", url=f"{url}/CAT.png?1")
    typed = await show(meeting, anna, "Image", mediaType="image/webp", url=f"{url}/cat")
    paged = await show(meeting, anna, "Image", url=f"{url}/@fred/cat")
    shown = await show(meeting, anna, "Video", name="A film", url=film, icon=thumbnail)
    heard = await show(meeting, anna, "Audio", url=f"{url}/a.ogg", image=f"{url}/cover.png")
    article = await show(meeting, anna, "Article", name="Long", icon=thumbnail)

    def files(status: dict[str, Any]) -> list[tuple[str, str, str | None]]:
        return [(file["type"], file["url"], file["description"]) for file in status["media_attachments"]]

    assert files(linked) == [("image", f"{url}/cat", "A cat")]
    assert linked["content"] == titled("A cat", "", f"{url}/@fred/cat")
    assert files(bare) == [("image", f"{url}/CAT.png?1", None)]
    assert files(typed) == [("image", f"{url}/cat", None)]
    assert (files(paged), files(article)) == ([], [])
    assert files(shown) == [("image", f"{url}/small.jpg", None)]
    assert shown["content"] == titled("A film", "", f"{url}/@fred/cat")
    assert files(heard) == [("image", f"{url}/cover.png", None)]


async def test_files_of_other_servers_are_told_in_full(meeting: Meeting, anna: Member) -> None:
    """A film has a preview, a size, a length, a focus and colours of its own; what has no preview claims none."""
    url = meeting.peer.url
    film = {
        "type": "Document", "mediaType": "video/mp4", "url": f"{url}/f.mp4", "nameMap": {"de": "Ein Film"},
        "icon": {"type": "Image", "url": f"{url}/f.jpg"}, "width": 640, "height": 360, "duration": "PT1H2M3.5S",
        "focalPoint": [0.5, -0.5], "blurhash": "LEHV6nWB2yk8pyo0adR*.7kCMdnj",
    }  # fmt: skip
    sound = {"type": "Audio", "mediaType": "audio/ogg", "url": f"{url}/a.ogg", "summary": "A song", "duration": "PT12S"}
    still = {"type": "Image", "mediaType": "image/png", "url": f"{url}/p.png", "duration": "PT1S"}

    status = await show(meeting, anna, "Note", content="<p>Look</p>", attachment=[film, sound, still])

    seen, heard, picture = status["media_attachments"]
    assert (seen["type"], seen["url"], seen["remote_url"]) == ("video", f"{url}/f.mp4", f"{url}/f.mp4")
    assert (seen["preview_url"], seen["preview_remote_url"]) == (f"{url}/f.jpg", f"{url}/f.jpg")
    assert (seen["description"], seen["blurhash"]) == ("Ein Film", film["blurhash"])
    assert seen["meta"] == {
        "length": "1:02:03.50",
        "duration": 3723.5,
        "width": 640,
        "height": 360,
        "size": "640x360",
        "aspect": 640 / 360,
        "original": {"width": 640, "height": 360, "duration": 3723.5},
        "focus": {"x": 0.5, "y": -0.5},
    }
    assert (heard["type"], heard["description"], heard["preview_url"]) == ("audio", "A song", None)
    assert (heard["preview_remote_url"], heard["meta"]["duration"]) == (None, 12)
    assert (picture["preview_url"], picture["preview_remote_url"], picture["meta"]) == (f"{url}/p.png", None, {})

    made = meeting.peer.documents["/edited"] = made_by_fred(
        meeting, anna, "Note", id=status["uri"], content="<p>Look</p>", updated="2026-01-02T00:00:00Z",
        attachment=[film | {"icon": {"type": "Image", "url": f"{url}/new.jpg"}}, sound, still],
    )  # fmt: skip
    await meeting.say("Update", "fred", made)

    changed = entity(await anna.api.get(f"/api/v1/statuses/{status['id']}"), "Status")
    assert changed["media_attachments"][0]["preview_url"] == f"{url}/new.jpg"


async def test_names_in_many_languages_are_read(meeting: Meeting, anna: Member) -> None:
    """An actor that tells its name, its summary and its picture's description in a map of languages has them."""
    picture = {"type": "Image", "url": f"{meeting.peer.url}/a.png", "nameMap": {"de": "Ein Gesicht"}}
    meeting.add("greta", nameMap={"de": "Greta", "en": "Margaret"}, summaryMap={"de": "<p>Hallo</p>"}, icon=picture)

    account = await meeting.find(anna, "greta")

    assert (account["display_name"], account["note"]) == ("Greta", "<p>Hallo</p>")
    assert account["avatar_description"] == "Ein Gesicht"


async def test_a_program_is_a_service(meeting: Meeting, anna: Member) -> None:
    """A member who says to be a bot is sent as a ``Service``, and one of another server is shown as one."""
    meeting.add("robot", type="Service")

    success(await anna.api.patch("/api/v1/accounts/update_credentials", json={"bot": True}))

    sent = await meeting.server.anonymous.get("/users/anna", headers={"Accept": "application/activity+json"})
    assert sent.json()["type"] == "Service"
    assert (await meeting.find(anna, "robot"))["bot"] is True
