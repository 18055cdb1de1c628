"""Custom emoji of the node: drawn by an administrator, shown in statuses, polls and profiles."""

import io
from pathlib import Path

import pytest
from PIL import Image

from fedorg.domain.accounts import Emoji
from fedorg.errors import Conflict, Invalid, NotFound, TooLarge
from fedorg.media import UnsupportedMedia
from fedorg.services import custom_emojis
from fedorg.services.statuses.receiving import record_in
from tests.node.talking import WorkingServer, entities, entity, picture, post, success
from tests.node.test_api_domain_blocks import stranger
from tests.node.world import note


def drawn(folder: Path, name: str = "party.png", content: bytes | None = None) -> Path:
    path = folder / name
    path.write_bytes(picture(size=(40, 30)) if content is None else content)
    return path


def moving() -> bytes:
    kept = io.BytesIO()
    frames = [Image.new("RGB", (32, 32), colour) for colour in ("red", "blue", "green")]
    frames[0].save(kept, "GIF", save_all=True, append_images=frames[1:], duration=100)
    return kept.getvalue()


async def test_an_emoji_shows_wherever_members_write_it(working: WorkingServer, tmp_path: Path) -> None:
    """In texts, warnings, polls and profiles; inside words, and disabled, it is text."""
    node, anna = working.server.node, await working.person("anna")
    await custom_emojis.add_emoji(node, "party", drawn(tmp_path), "Feasts")
    await custom_emojis.add_emoji(node, "spin", drawn(tmp_path, "spin.gif", moving()), None)

    first, second = entities(await working.server.anonymous.get("/api/v1/custom_emojis"), "CustomEmoji")
    assert (first["shortcode"], first["category"], first["visible_in_picker"]) == ("party", "Feasts", True)
    assert second["url"] != second["static_url"]
    for address in (first["url"], second["url"], second["static_url"]):
        assert (await working.server.anonymous.get(address)).is_success

    status = await post(anna, "A :party: and :spin:, not x:party:y, nor :unknown:", spoiler_text="Big :party:")
    assert [one["shortcode"] for one in status["emojis"]] == ["party", "spin"]
    assert status["emojis"][1]["static_url"] == second["static_url"]
    asked = await post(anna, "Which?", poll={"options": ["yes", ":party:"], "expires_in": 600})
    assert [one["shortcode"] for one in asked["poll"]["emojis"]] == ["party"]
    profile = success(
        await anna.api.patch(
            "/api/v1/accounts/update_credentials",
            data={
                "display_name": "Anna :party:",
                "fields_attributes[0][name]": "x",
                "fields_attributes[0][value]": ":spin:",
            },
        )
    )
    assert [one["shortcode"] for one in profile["emojis"]] == ["party", "spin"]
    await custom_emojis.set_enabled(node, "party", enabled=False)
    assert (await post(anna, "No :party: more"))["emojis"] == []
    assert [one["shortcode"] for one in (await node_emojis(working))] == ["spin"]
    await custom_emojis.remove_emoji(node, ":spin:")

    kept = entity(await anna.api.get(f"/api/v1/statuses/{status['id']}"), "Status")
    assert [one["shortcode"] for one in kept["emojis"]] == ["party", "spin"]
    assert (await working.server.anonymous.get(kept["emojis"][1]["url"])).is_success
    with pytest.raises(NotFound, match="no emoji"):
        await custom_emojis.remove_emoji(node, "spin")


async def test_pages_draw_the_emoji_of_this_node(working: WorkingServer, tmp_path: Path) -> None:
    """Still ones, in names, texts, warnings and polls; not in links, and none that others serve."""
    node, anna = working.server.node, await working.person("anna")
    await custom_emojis.add_emoji(node, "spin", drawn(tmp_path, "spin.gif", moving()), None)
    (spin,) = await node_emojis(working)
    profile = {"display_name": "<i>Anna</i> :spin:", "note": "I :spin: <u>a lot</u>"}
    success(await anna.api.patch("/api/v1/accounts/update_credentials", data=profile))
    words = "A :spin: & https://org.example/:spin:/x not x:spin:y, nor :unknown:"
    status = await post(anna, words, spoiler_text="Big :spin:")
    asked = await post(anna, "Which?", poll={"options": ["yes", ":spin:"], "expires_in": 600})
    theirs = Emoji(shortcode="spin", url="https://peer.example/spin.png")
    zoe = await stranger(node, "peer.example")
    answer = note(zoe, 1, "Theirs :spin: it is", in_reply_to_uri=status["uri"], emojis=(theirs,))
    assert await node.write(record_in, node, answer)
    addresses = (status["url"], "/@anna", asked["url"])
    shown, profiled, voted = [(await working.server.anonymous.get(one)).text for one in addresses]

    drawing = f'<img class="emoji" src="{spin["static_url"]}" alt=":spin:" title=":spin:" width="20" height="20">'
    for expected in (
        f"&lt;i&gt;Anna&lt;/i&gt; {drawing}</bdi>",
        f"Big {drawing}</summary>",
        f"<p>A {drawing} &amp; <a ",
        "not x:spin:y, nor :unknown:</p>",
        "Theirs :spin: it is",
    ):
        assert expected in shown
    link = shown.partition(f"<p>A {drawing}")[2].partition("</a>")[0]
    assert link.count(":spin:") > 1
    assert "<img" not in link
    assert "peer.example/spin.png" not in shown
    assert f"I {drawing} &lt;u&gt;a lot" in profiled
    assert f">{drawing}</bdi>" in voted


async def node_emojis(working: WorkingServer) -> list[dict[str, object]]:
    return entities(await working.server.anonymous.get("/api/v1/custom_emojis"), "CustomEmoji")


async def test_bad_emojis_are_refused(working: WorkingServer, tmp_path: Path) -> None:
    """A name that is none or is taken, a file that is no picture or too large; nothing is kept."""
    node, good = working.server.node, drawn(tmp_path)

    for name in ("a", "x" * 51, "a b", "ümlaut", ":a:"):
        with pytest.raises(Invalid, match="shortcode"):
            await custom_emojis.add_emoji(node, name, good, None)
    with pytest.raises(UnsupportedMedia):
        await custom_emojis.add_emoji(node, "text", drawn(tmp_path, "text.png", b"no picture"), None)
    with pytest.raises(TooLarge):
        await custom_emojis.add_emoji(node, "large", drawn(tmp_path, "large.png", bytes(256 * 1024 + 1)), None)
    await custom_emojis.add_emoji(node, "party", good, None)
    with pytest.raises(Conflict, match="already"):
        await custom_emojis.add_emoji(node, "party", good, None)

    assert len(await node_emojis(working)) == 1


async def test_an_emoji_travels_with_its_status(working: WorkingServer, tmp_path: Path) -> None:
    """Other servers get its name and its picture."""
    anna = await working.person("anna")
    await custom_emojis.add_emoji(working.server.node, "party", drawn(tmp_path), None)

    status = await post(anna, "A :party:")
    document = (
        await working.server.anonymous.get(status["uri"], headers={"Accept": "application/activity+json"})
    ).json()

    (tag,) = [one for one in document["tag"] if one["type"] == "Emoji"]
    assert tag["name"] == ":party:"
    assert tag["icon"]["url"] == status["emojis"][0]["url"]
