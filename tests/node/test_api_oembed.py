"""Statuses on other sites: the oEmbed method, the page for frames, what previews are made of, and what none shows."""

import re
from html import unescape
from urllib.parse import urlsplit

from tests.node.serving import NodeServer
from tests.node.talking import WorkingServer, entity, post, refusal, upload


def previewed(page: str) -> dict[str, str]:
    """What a page says to those who show a preview of it (Open Graph)."""
    found = re.findall(r'<meta (?:property|name)="((?:og|twitter|article):[a-z:_]+)" content="([^"]*)">', page)
    return {name: unescape(value) for name, value in found}


async def test_a_public_status_can_be_embedded(working: WorkingServer) -> None:
    """By its page or its identity; the page for frames may be framed, runs nothing and sets no cookie."""
    anna, anonymous = await working.person("anna"), working.server.anonymous
    status = await post(anna, "Shown <everywhere>")
    found, by_identity = [
        entity(await anonymous.get("/api/oembed", params={"url": status[name], "maxwidth": 300}), "OEmbedResponse")
        for name in ("url", "uri")
    ]
    assert found == by_identity
    assert (found["type"], found["version"], found["width"]) == ("rich", "1.0", 300)
    assert (found["author_url"], found["provider_url"]) == (f"{working.server.url}/@anna", f"{working.server.url}/")
    frame = re.search(r'<iframe src="([^"]+)"', found["html"])
    assert frame is not None
    assert 'title="Post by anna"' in found["html"]
    assert "<script" not in found["html"]

    page = await anonymous.get(frame[1], headers={"Accept": "text/html"})

    assert page.status_code == 200
    assert "Shown &lt;everywhere&gt;" in page.text
    policy = page.headers["Content-Security-Policy"]
    assert "frame-ancestors http: https:" in policy
    assert "default-src 'none'" in policy
    assert "unsafe-inline" not in policy
    assert "script-src" not in policy
    assert "X-Frame-Options" not in page.headers
    assert "Set-Cookie" not in page.headers
    assert not re.search(r"<(script|form|style)|\son\w+=", page.text)


async def test_pages_say_where_their_embed_lies_and_cannot_be_framed_themselves(working: WorkingServer) -> None:
    """Only those of statuses that everybody may see."""
    anna = await working.person("anna")
    shown = await post(anna, "For everybody")
    inside = await post(anna, "For the organisation", reach="organisation")
    browser = await working.server.browser()
    await browser.sign_in("anna")

    page, other = await browser.open(f"/@anna/{shown['id']}"), await browser.open(f"/@anna/{inside['id']}")

    href = re.search(r'type="application/json\+oembed" href="([^"]+)"', page.text)
    assert href is not None
    entity(await working.server.anonymous.get(href[1]), "OEmbedResponse")
    assert other.status_code == 200
    assert "oembed" not in other.text
    assert page.headers["X-Frame-Options"] == "DENY"


async def test_what_not_everybody_may_see_is_not_embedded(working: WorkingServer) -> None:
    """Whoever is signed in: a frame on another site shows what a visitor sees, and absent and hidden are alike."""
    anna = await working.person("anna")
    browser = await working.server.browser()
    await browser.sign_in("anna")
    hidden = [
        await post(anna, "Followers", visibility="private"),
        await post(anna, "@anna Direct", visibility="direct"),
        await post(anna, "Inside", reach="organisation"),
    ]
    for status in hidden:
        answer = await anna.api.get("/api/oembed", params={"url": status["url"]})
        assert refusal(answer, 404) == "Record not found"
        assert (await browser.open(f"/@anna/{status['id']}/embed")).status_code == 404
    assert (await browser.open("/@anna/1/embed")).status_code == 404


async def test_what_everybody_may_read_has_a_preview(working: WorkingServer) -> None:
    """Who wrote it and what, with the first picture; of what is behind a warning only that."""
    anna, anonymous = await working.person("anna"), working.server.anonymous
    media = {"media_ids[]": (await upload(anna, description="A red field"))["id"]}
    shown = await post(anna, 'Read "this" & <that>', **media)
    media = {"media_ids[]": (await upload(anna, description="Not at once"))["id"]}
    warned = await post(anna, "Who did it", spoiler_text="The end of a story", **media)

    page = (await anonymous.get(shown["url"], headers={"Accept": "text/html"})).text
    told = previewed(page)

    assert f'<link rel="canonical" href="{shown["url"]}">' in page
    assert (told["og:url"], told["og:type"], told["twitter:card"]) == (shown["url"], "article", "summary_large_image")
    assert told["og:title"] == f"anna (@anna@{urlsplit(working.server.url).netloc})"
    assert told["og:description"] == 'Read "this" & <that>'
    assert (told["og:image"], told["og:image:alt"]) == (shown["media_attachments"][0]["preview_url"], "A red field")

    page = (await anonymous.get(warned["url"], headers={"Accept": "text/html"})).text
    told = previewed(page)

    assert (told["og:description"], told["twitter:card"]) == ("The end of a story", "summary")
    assert told["og:image"] == warned["account"]["avatar"]
    assert "og:image:alt" not in told


async def test_a_profile_has_a_preview(working: WorkingServer) -> None:
    """The name, the handle and what somebody says of themselves."""
    anna = await working.person("anna")
    fields = {"display_name": "Anna A.", "note": "Bridges, mostly"}
    account = (await anna.api.patch("/api/v1/accounts/update_credentials", data=fields)).json()

    page = (await working.server.anonymous.get("/@anna", headers={"Accept": "text/html"})).text
    told = previewed(page)

    assert told["og:title"] == f"Anna A. (@anna@{urlsplit(working.server.url).netloc})"
    assert (told["og:type"], told["og:url"]) == ("profile", account["url"])
    assert (told["og:description"], told["og:image"]) == ("Bridges, mostly", account["avatar"])


async def test_what_members_alone_see_has_no_preview(working: WorkingServer) -> None:
    """A page of theirs may be kept, or looked at by something in their browser."""
    anna = await working.person("anna")
    inside = await post(anna, "For the organisation", reach="organisation")
    browser = await working.server.browser()
    await browser.sign_in("anna")

    page = (await browser.open(f"/@anna/{inside['id']}")).text

    assert "For the organisation" in page
    assert not previewed(page)


async def test_other_addresses_and_formats_are_refused(node_server: NodeServer) -> None:
    """An address elsewhere, one of nothing, none at all, and XML."""
    anonymous = node_server.anonymous
    for url in ("https://elsewhere.example/1", f"{node_server.url}/@anna/1", "x"):
        assert refusal(await anonymous.get("/api/oembed", params={"url": url}), 404) == "Record not found"
    assert "url" in refusal(await anonymous.get("/api/oembed"), 422)
    assert refusal(await anonymous.get("/api/oembed", params={"url": "x", "format": "xml"}), 404)
