"""Preview cards over the client API: what is looked at and when, what is read, and what no page can do here."""

import json
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import pytest
from aiohttp import web

from fedorg.domain.visibility import Tier
from fedorg.jobs import upkeep
from fedorg.store import peers
from fedorg.store.tables import preview_cards
from fedorg.text import pages
from tests.node.serving import Member, NodeServer
from tests.node.talking import WorkingServer, entity, listening, picture, post, run_jobs, success
from tests.node.test_api_search import found as find

ARTICLE = """<!doctype html><html lang=de><head><title>Plain title</title>
<meta property="og:title" content="Zeppelins &amp; kites > all"><meta name=description content="What <b>flies</b>">
<meta property=og:image content="/picture.png"><meta property="og:image:width" content=640>
<meta property="og:site_name" content="The Paper"><meta name="fediverse:creator" content="@anna@{domain}">
<script type="application/ld+json">{{"@type":"NewsArticle","datePublished":"2026-03-01T10:00:00+01:00",
"author":[{{"name":"Anna Ink","url":"https://paper.example/anna"}}]}}</script></head><body><p>Text"""


@dataclass(kw_only=True)
class Site:
    """A site on this machine: ``pages`` by path, with the content type each declares."""

    url: str = ""
    pages: dict[str, tuple[bytes, str]] = field(default_factory=dict)
    moved: dict[str, str] = field(default_factory=dict)
    asked: Counter[str] = field(default_factory=Counter)

    def put(self, path: str, html: str, content_type: str = "text/html; charset=utf-8") -> str:
        self.pages[path] = (html.encode(), content_type)
        return f"{self.url}{path}"


@asynccontextmanager
async def serve_site() -> AsyncIterator[Site]:
    site = Site()

    async def answer(request: web.Request) -> web.Response:
        site.asked[request.path] += 1
        assert not {"Signature", "Signature-Input", "Cookie", "Referer", "Authorization"} & set(request.headers)
        if request.path in site.moved:
            return web.Response(status=302, headers={"Location": site.moved[request.path]})
        body, content_type = site.pages.get(request.path, (b"", ""))
        return web.Response(status=200 if body else 404, body=body, headers={"Content-Type": content_type})

    application = web.Application()
    application.router.add_get("/{path:.*}", answer)
    runner = web.AppRunner(application)
    await runner.setup()
    listener = web.TCPSite(runner, "127.0.0.1", 0)
    await listener.start()
    site.url = f"http://localhost:{runner.addresses[0][1]}"
    try:
        yield site
    finally:
        await runner.cleanup()


@pytest.fixture
async def site() -> AsyncIterator[Site]:
    async with serve_site() as served:
        yield served


async def card_of(reader: Member, status: dict[str, Any]) -> Any:  # noqa: ANN401 - JSON
    return entity(await reader.api.get(f"/api/v1/statuses/{status['id']}"), "Status")["card"]


async def test_a_page_is_shown_as_it_describes_itself(working: WorkingServer, site: Site) -> None:
    """OpenGraph, JSON-LD and plain HTML, as plain text; the account of the author when it allows the site."""
    anna, bert = await working.person("anna"), await working.person("bert")
    address = site.put("/article", ARTICLE.format(domain=working.server.node.settings.domain))
    success(await anna.api.patch("/api/v1/accounts/update_credentials", json={"attribution_domains": ["localhost"]}))

    status = await post(bert, f"@anna look {address}#part #sky")
    assert status["card"] is None
    await working.settle()
    card = await card_of(anna, status)

    assert card["url"] == address
    assert card["title"] == "Zeppelins & kites > all"
    assert card["description"] == "What <b>flies</b>"
    assert (card["type"], card["html"], card["language"]) == ("link", "", "de")
    assert card["image"] is None
    assert card["width"] == 640
    assert (card["provider_name"], card["author_name"]) == ("The Paper", "Anna Ink")
    assert card["published_at"] == "2026-03-01T09:00:00.000Z"
    assert [author["account"]["id"] for author in card["authors"]] == [anna.id]
    assert len(await find(bert, "has:link")) == 1


async def test_the_picture_of_a_page_is_kept_here(working: WorkingServer, site: Site) -> None:
    """Fetched once, made small and anew; readers ask the node for it. It goes when another comes, or with its card."""
    anna, server = await working.person("anna"), working.server
    address = site.put("/article", ARTICLE.format(domain="x.example"))
    site.pages["/picture.png"] = (picture("blue", (2000, 1000)) + b"<script>", "image/png")
    status = await post(anna, address)
    await working.settle()
    card = await card_of(anna, status)
    name = card["image"].removeprefix(f"{server.url}/media/")
    assert (card["width"], card["height"]) == (678, 339)
    assert card["blurhash"]
    served = await server.anonymous.get(card["image"])
    assert served.headers["Content-Type"] == "image/png"
    assert b"<script>" not in served.content
    assert stored(server) == {name}

    server.clock.advance(timedelta(days=1, minutes=1))
    await post(anna, f"again {address}")
    await working.settle()
    assert (await card_of(anna, status))["image"] == card["image"]
    assert (site.asked["/article"], site.asked["/picture.png"]) == (2, 1)

    server.clock.advance(timedelta(days=1, minutes=1))
    site.put("/article", ARTICLE.format(domain="x.example").replace("picture.png", "other.png"))
    site.pages["/other.png"] = (picture("green", (60, 30)), "image/png")
    last = await post(anna, f"once more {address}")
    await working.settle()
    other = await card_of(anna, status)
    assert (other["width"], other["height"]) == (60, 30)
    assert stored(server) == {other["image"].rpartition("/")[2]}

    for one in success(await anna.api.get(f"/api/v1/accounts/{anna.id}/statuses")):
        success(await anna.api.delete(f"/api/v1/statuses/{one['id']}"))
    assert last["id"]
    server.clock.advance(timedelta(days=15))
    await upkeep.keep_up(server.node)
    assert stored(server) == set()


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "image/svg+xml"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "image/png"),
        (b"<html>", "text/html"),
        (picture()[:60], "image/png"),
        (picture() + bytes(9_000_000), "image/png"),
        (b"", ""),
    ],
    ids=["drawing", "drawing called picture", "page", "half", "too large", "missing"],
)
async def test_what_is_no_picture_is_not_kept(
    working: WorkingServer, site: Site, body: bytes, content_type: str
) -> None:
    """The card comes without it, and names no address that readers would ask."""
    anna = await working.person("anna")
    address = site.put("/article", ARTICLE.format(domain="x.example"))
    site.pages["/picture.png"] = (body, content_type)

    status = await post(anna, address)
    await working.settle()
    card = await card_of(anna, status)

    assert (card["title"], card["image"], card["blurhash"]) == ("Zeppelins & kites > all", None, None)
    assert stored(working.server) == set()


def stored(server: NodeServer) -> set[str]:
    return {path.name for path in server.node.settings.media_dir.rglob("*") if path.is_file()}


async def test_nobody_is_named_as_an_author_who_did_not_allow_it(working: WorkingServer, site: Site) -> None:
    """A page can claim any handle; the name that it gives stays."""
    anna = await working.person("anna")
    address = site.put("/article", ARTICLE.format(domain=working.server.node.settings.domain))

    status = await post(anna, address)
    await working.settle()

    expected = [{"name": "Anna Ink", "url": "https://paper.example/anna", "account": None}]
    assert (await card_of(anna, status))["authors"] == expected


async def test_streams_tell_when_a_card_has_come(working: WorkingServer, site: Site) -> None:
    """As an update of the status, with the card in it."""
    anna = await working.person("anna")
    address = site.put("/", "<title>Home</title>")

    async with listening(anna.api, "user") as events:
        await post(anna, f"see {address}")
        heard = [await events.next()]
        while heard[-1][0] != "status.update":
            heard.append(await events.next())

    assert heard[-1][1]["card"]["title"] == "Home"


async def test_a_page_is_asked_for_once_a_day(working: WorkingServer, site: Site) -> None:
    """Whoever links to it; later it may say something else."""
    anna, bert = await working.person("anna"), await working.person("bert")
    address = site.put("/page", "<title>First</title>")
    statuses = [await post(author, f"{address} {number}") for number, author in enumerate((anna, bert, anna))]
    await working.settle()

    assert [(await card_of(bert, status))["title"] for status in statuses] == ["First"] * 3
    assert site.asked["/page"] == 1
    site.put("/page", "<title>Second</title>")
    working.server.clock.advance(timedelta(days=1, minutes=1))
    await post(bert, f"again {address}")
    await working.settle()

    assert site.asked["/page"] == 2
    assert (await card_of(anna, statuses[0]))["title"] == "Second"


async def test_only_links_that_are_open_to_many_are_looked_at(working: WorkingServer, site: Site) -> None:
    """Neither private nor direct statuses, nor mentions, hashtags and pages of this node."""
    anna = await working.person("anna")
    address = site.put("/secret", "<title>Secret</title>")
    statuses = [
        await post(anna, f"{visibility} {address}", visibility=visibility) for visibility in ("private", "direct")
    ]
    statuses.append(await post(anna, f"@anna #tag {working.server.url}/about"))
    await working.settle()

    assert [await card_of(anna, status) for status in statuses] == [None] * 3
    assert not site.asked


async def test_the_card_follows_an_edit(working: WorkingServer, site: Site) -> None:
    """Another link gives another card, no link none."""
    anna = await working.person("anna")
    first, second = site.put("/1", "<title>One</title>"), site.put("/2", "<title>Two</title>")
    status = await post(anna, first)
    await working.settle()
    for text, title in ((second, "Two"), ("nothing", None)):
        success(await anna.api.put(f"/api/v1/statuses/{status['id']}", json={"status": text}))
        await working.settle()
        card = await card_of(anna, status)

        assert (card and card["title"]) == title


async def test_what_is_no_page_gives_no_card(working: WorkingServer, site: Site) -> None:
    """Another type, too large, missing, nameless, moved round in a circle, blocked: nothing is shown, nothing fails."""
    anna = await working.person("anna")
    site.put("/script", "<title>x</title>", "application/javascript")
    site.put("/large", f"<title>x</title>{'x' * 3_000_000}")
    site.put("/nameless", "<p>x")
    site.moved |= {"/round": "/round", "/inside": f"{working.server.url}/about"}
    paths = ("script", "large", "missing", "nameless", "round", "inside")
    statuses = [await post(anna, f"{site.url}/{path}") for path in paths]
    await working.settle()
    assert [await card_of(anna, status) for status in statuses] == [None] * len(paths)

    blocked = site.put("/blocked", "<title>x</title>")
    node = working.server.node
    await node.write(peers.set_tier, node.now(), site.url.removeprefix("http://"), Tier.BLOCKED)
    await post(anna, blocked)
    await working.settle()

    assert site.asked["/blocked"] == 0


async def test_oembed_completes_a_card_and_brings_no_html(working: WorkingServer, site: Site) -> None:
    """S54: a photo is shown as one; what a page would have run here is left out."""
    anna = await working.person("anna")
    offered = {"type": "photo", "url": f"{site.url}/p.png", "width": 40, "height": "30", "author_name": "Otto"}
    site.put("/photo.json", json.dumps(offered), "application/json")
    site.put("/video.json", json.dumps({"type": "video", "html": "<iframe src=//evil>"}), "application/json")
    for name in ("photo", "video"):
        site.put(
            f"/{name}", f"<title>{name}</title><link rel=alternate type=application/json+oembed href=/{name}.json>"
        )
    statuses = [await post(anna, f"{site.url}/{name}") for name in ("photo", "video")]
    await working.settle()
    photo, video = [await card_of(anna, status) for status in statuses]

    assert (photo["type"], photo["embed_url"], photo["width"], photo["height"]) == (
        "photo",
        f"{site.url}/p.png",
        40,
        30,
    )
    assert photo["author_name"] == "Otto"
    assert (video["type"], video["html"], video["embed_url"]) == ("link", "", "")


async def test_no_page_leads_a_node_that_reaches_inner_addresses_elsewhere(
    serve: Callable[..., Awaitable[NodeServer]], site: Site
) -> None:
    """By no redirect, nor by what it calls its oEmbed or its picture: another chooses those, not the member."""
    async with run_jobs(await serve(allowed_networks="10.0.0.0/8")) as working:
        anna = await working.person("anna")
        elsewhere = site.url.replace("localhost", "127.0.0.1")
        site.put("/inner", "<title>Inner</title>")
        site.put("/inner.json", json.dumps({"type": "link", "author_name": "Inner"}), "application/json")
        link = f"<link rel=alternate type=application/json+oembed href={elsewhere}/inner.json>"
        shown = f"<meta property=og:image content={elsewhere}/inner.png>"
        outer = site.put("/outer", f"<title>Outer</title>{link}{shown}")
        site.moved["/moved"] = f"{elsewhere}/inner"
        statuses = [await post(anna, address) for address in (outer, f"{site.url}/moved")]
        await working.settle()
        cards = [await card_of(anna, status) for status in statuses]

    assert [card and card["title"] for card in cards] == ["Outer", None]
    assert site.asked["/inner"] == site.asked["/inner.json"] == site.asked["/inner.png"] == 0


async def test_an_address_that_no_index_takes_has_no_card(working: WorkingServer) -> None:
    """In letters of three bytes, each another, it may be longer than a row of PostgreSQL: it is a link alone."""
    anna = await working.person("anna")
    address = "https://page.example/" + "".join(map(chr, range(0x4E00, 0x4E00 + 1900)))

    made = await post(anna, address)

    assert address in made["content"]
    assert made["card"] is None


async def test_previews_can_be_switched_off(serve: Any, site: Site) -> None:  # noqa: ANN401 - a fixture
    """Then this node looks at nothing."""
    server = await serve(link_previews=False)
    anna = await server.person("anna")
    await post(anna, site.put("/", "<title>x</title>"))

    assert not await server.node.read(lambda conn: conn.execute(preview_cards.select()).all())


@pytest.mark.parametrize(
    ("body", "declared", "title"),
    [
        ("<title>Größe</title>".encode(), None, "Größe"),
        ("<title>Größe</title>".encode("iso-8859-1"), "iso-8859-1", "Größe"),
        ("<meta charset=windows-1251><title>Мир</title>".encode("windows-1251"), None, "Мир"),
        (b"<meta http-equiv=Content-Type content='text/html; charset=shift_jis'><title>\x93\x8c</title>", None, "東"),
        (b"<title>x</title>", "no-such-charset", "x"),
        (b"\xff\xfe\x00<title>", None, ""),
        (b"<title>a\x00b\nc</title><title>d</title>", "utf-8", "a\ufffdb c"),
        (b"<!-- <title> --><meta content='", None, ""),
    ],
)
def test_pages_are_read_in_their_own_encoding(body: bytes, declared: str | None, title: str) -> None:
    """What the server declares comes first, then what the page does; nothing fails."""
    assert pages.read_page(body, declared, "https://page.example/").facts.title == title


def test_hostile_pages_are_read_in_no_time() -> None:
    """S25: neither wrong nesting nor elements without an end cost more than their length."""
    nested = "".join(f"<b id={number}>" for number in range(60_000)) + "<p>" * 60_000
    hostile = (nested, '<meta "' * 200_000, "<script>" * 200_000, "<title" * 200_000, "<meta content=" * 100_000)

    began = time.process_time()
    for html in hostile:
        assert pages.read_page(html.encode(), None, "https://page.example/").facts.title == ""

    assert time.process_time() - began < 10


@pytest.mark.parametrize(
    "address", ["javascript:alert(1)", "data:text/html,x", "https://a b.example/", "//[", "https://user@a.example/", ""]
)
def test_addresses_of_pages_are_addresses_of_the_web(address: str) -> None:
    """Anything else is none."""
    html = f'<meta property="og:image" content="{address}"><title>x</title>'
    assert pages.read_page(html.encode(), None, "https://page.example/").facts.image == ""
