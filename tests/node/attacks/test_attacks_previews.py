"""Attacks by pages that statuses link to: what they say, how slowly, in which letters, and where they lead."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any, Final

import pytest
import pytest_asyncio

from fedorg.domain.visibility import Tier
from fedorg.services import peers
from tests.databases import SqliteFiles
from tests.node.attacks.ground import NUMBERS, PUBLIC, Ground, take_ground
from tests.node.attacks.inert import assert_page_inert
from tests.node.attacks.raw import Raw
from tests.node.fake_peer import FakePeer
from tests.node.talking import success
from tests.node.test_api_cards import Site, serve_site

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.timeout(120)]

HTML: Final = b"HTTP/1.1 200 OK\r\nContent-Type: text/html"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def ground(sqlite_files: SqliteFiles, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Ground]:
    """A node that looks at the pages its people link to."""
    async with take_ground(sqlite_files, tmp_path_factory.mktemp("ground"), link_previews=True) as taken:
        yield taken


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def site() -> AsyncIterator[Site]:
    """A hostile site."""
    async with serve_site() as served:
        yield served


async def card(ground: Ground, url: str) -> Any:  # noqa: ANN401 - JSON
    """What Alice's link to an address shows once it was looked at."""
    made = await ground.posted(f"Look {next(NUMBERS)} {url}")
    return success(await ground.alice.api.get(f"/api/v1/statuses/{made['id']}"))["card"]


@pytest.mark.parametrize(
    "charset",
    ["punycode", "idna", "unicode_escape", "utf-7", "zlib", "base64", "hz", "utf-16", "x" * 5000, "\x00", "../utf-8"],
)
async def test_s25_no_alphabet_takes_for_ever(ground: Ground, charset: str) -> None:
    """S25: a page says in which encoding it is written, and none that it may name takes more than a moment to read."""
    body = b"<title>x</title>" + b"abc-" + b"a" * 1_500_000
    head = f"Content-Length: {len(body)}\r\nConnection: close\r\n\r\n".encode()
    told = b"; charset=" + charset.encode() if charset != "\x00" else b""
    async with Raw(HTML + told + b"\r\n" + head, body).once() as url, asyncio.timeout(30):
        await card(ground, f"{url}/{next(NUMBERS)}")
        await ground.assert_well()


BOMBS: Final = {
    "meta without end": "<meta " * 200_000,
    "open quotes": "<meta content='" * 80_000,
    "titles": "<title>" * 150_000,
    "titles that end": "<title></title>" * 90_000,
    "scripts": "<script type=application/ld+json>[" * 40_000,
    "a deep script": "<script type=application/ld+json>" + "[" * 150_000 + "</script>",
    "deep elements": "<b><p>" * 200_000,
    "one long attribute": f"<meta property=og:title content='{'x' * 1_500_000}'>",
    "many properties": "".join(f"<meta property=og:{number} content=x>" for number in range(30_000)),
    "nothing but angles": "<" * 1_500_000,
    "nothing but comments": "<!--" * 350_000,
}


@pytest.mark.parametrize("html", BOMBS.values(), ids=list(BOMBS))
async def test_s25_a_page_is_read_in_no_time(ground: Ground, site: Site, html: str) -> None:
    """S25, S29: pages that make naive readers take hours are read at once; nobody waits for them."""
    url = site.put(f"/bomb/{next(NUMBERS)}", html)
    async with asyncio.timeout(30):
        shown = await card(ground, url)
        await ground.assert_well()
    assert shown is None or len(shown["title"]) <= 300


BREAKER: Final = '"><script>alert(1)</script>\u202egnp.exe'


async def test_s54_nothing_of_a_page_runs_here(ground: Ground, site: Site) -> None:
    """S54: what a page and its oEmbed say is one line of text, and addresses of the web; their HTML is nobody's."""
    values = {
        "og:title": BREAKER, "og:description": BREAKER, "og:site_name": BREAKER, "author": BREAKER,
        "og:image": "javascript:alert(1)", "og:image:alt": BREAKER, "og:image:width": "9" * 400,
        "article:author": "data:text/html,x", "article:published_time": "0001-01-01", "fediverse:creator": BREAKER,
    }  # fmt: skip
    metas = "".join(f"<meta property='{name}' content='{_escaped(value)}'>" for name, value in values.items())
    oembed = (
        '{"type": "video", "version": "1.0", "html": "<script>alert(1)</script>", "url": "javascript:x",'
        ' "width": "x", "height": -1, "author_url": "javascript:x", "provider_url": "//evil", "title": 7,'
        ' "thumbnail_url": "data:image/svg+xml,x"}'
    )
    link = site.put(f"/oembed/{next(NUMBERS)}", oembed, "application/json+oembed")
    page = f"<html lang='{BREAKER}'>{metas}<link type=application/json+oembed href='{link}'>"

    shown = await card(ground, site.put(f"/page/{next(NUMBERS)}", page))

    assert shown is not None
    assert shown["html"] == ""
    assert shown["embed_url"] == ""
    for name in ("title", "description", "provider_name", "author_name"):
        assert "\n" not in shown[name]
        assert "\u202e" not in shown[name]
    assert shown["published_at"] in (None, "0001-01-01T00:00:00.000Z")
    for name in ("image", "author_url", "provider_url", "url"):
        assert not shown[name] or shown[name].startswith(("http://", "https://")), name
    profile = await ground.server.anonymous.get("/@alice", headers={"Accept": "text/html"})
    assert_page_inert(profile.text, ground.url)


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("'", "&#39;").replace("<", "&lt;")


async def test_s22_a_link_leads_the_node_nowhere_it_may_not_go(ground: Ground, site: Site, peer: FakePeer) -> None:
    """S22, S15: no link, no redirect of it and no oEmbed it names leads inside, home, or to who is blocked."""
    await peers.set_tier(ground.server.node, peer.domain, Tier.BLOCKED)
    peer.asked.clear()
    own = f"{ground.url}/@alice"
    inside = f"{peer.url}/x"
    for number, target in enumerate(
        (inside, own, "https://10.0.0.1/x", "http://169.254.169.254/latest", "file:///etc/passwd")
    ):
        site.moved[f"/moved/{number}"] = target
        assert await card(ground, f"{site.url}/moved/{number}") is None
        page = f"<title>x</title><link type=application/json+oembed href='{target}'>"
        await card(ground, site.put(f"/names/{number}", page))
    for url in (inside, own):
        assert await card(ground, url) is None
    await peers.set_tier(ground.server.node, peer.domain, Tier.OPEN)

    assert not peer.asked


async def test_s59_a_private_link_is_nobodys_business(ground: Ground, site: Site, third: FakePeer) -> None:
    """S59: links in private and direct statuses, and those of strangers, are looked at by nobody."""
    url = site.put("/private", "<title>Secret</title>")
    for visibility in ("private", "direct"):
        await ground.posted(f"@alice {url}", visibility=visibility)
    html = f"<p><a href='{url}'>x</a></p>"
    await ground.create(third, "olga", content=html, to=[ground.alice_uri])
    await ground.do(third, "Create", {"id": f"{third.url}/n", "type": "Note", "content": html, "to": [PUBLIC]}, "olga")

    assert site.asked["/private"] == 0
