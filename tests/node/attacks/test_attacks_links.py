"""Attacks by pages that profiles link to: where they lead, how long they are, and in which letters."""

import asyncio
import time
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Final

import pytest
import pytest_asyncio

from fedorg.domain.visibility import Tier
from fedorg.services import peers
from fedorg.text import links_back
from tests.databases import SqliteFiles
from tests.node.attacks.ground import Ground, take_ground
from tests.node.attacks.raw import Raw
from tests.node.attacks.test_attacks_previews import BOMBS, HTML
from tests.node.fake_peer import FakePeer
from tests.node.test_api_cards import Site, serve_site
from tests.node.test_api_profile_links import verified, write

pytestmark = [pytest.mark.timeout(120)]


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


async def look(ground: Ground, *urls: str) -> list[bool]:
    """Which of these links in Alice's profile are verified once they were looked at."""
    ground.server.clock.advance(timedelta(minutes=2))
    await write(ground.alice, *urls)
    await ground.working.settle()
    return await verified(ground.alice, ground.alice.id)


@pytest.mark.asyncio(loop_scope="module")
async def test_s22_a_profile_leads_the_node_nowhere_it_may_not_go(ground: Ground, site: Site, peer: FakePeer) -> None:
    """S22, S20: no redirect leads inside, home, to who is blocked, or counts for who sends people elsewhere."""
    mine = f"<a rel=me href='{ground.alice_uri}'></a>"
    await peers.set_tier(ground.server.node, peer.domain, Tier.BLOCKED)
    peer.asked.clear()
    elsewhere = site.url.replace("localhost", "127.0.0.1")
    inside = ("https://10.0.0.1/x", "http://169.254.169.254/latest", "file:///etc/passwd", f"{peer.url}/x")
    for number, target in enumerate((*inside, f"{ground.url}/@alice", f"{elsewhere}/mine", f"{site.url}/mine")):
        site.moved[f"/moved/{number}"] = target
    site.put("/mine", mine)

    assert await look(ground, *(f"{site.url}/moved/{number}" for number in range(4))) == [False] * 4
    # A site that sends people to another page of its own is still the site.
    assert await look(ground, *(f"{site.url}/moved/{number}" for number in range(4, 7))) == [False, False, True]
    assert await look(ground, f"{peer.url}/x", ground.alice_uri, "https://10.0.0.1/") == [False] * 3
    assert not peer.asked
    assert site.asked["/mine"] == 1


@pytest.mark.asyncio(loop_scope="module")
async def test_s25_no_page_of_a_profile_takes_for_ever(ground: Ground, site: Site) -> None:
    """S25, S26: neither a long page, one that never ends, nor one in an alphabet that is a trap is waited for."""
    mine = f"<a rel=me href='{ground.alice_uri}'></a>"
    long = site.put("/long", mine + "x" * (1024 * 1024))
    fits = site.put("/fits", mine + "x" * (1024 * 1024 - 1000))
    body = mine.encode() + b"abc-" + b"a" * 900_000
    length = f"\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n".encode()
    async with (
        Raw(HTML + b"; charset=punycode" + length, body).once() as trap,
        Raw(HTML + b"\r\n\r\n", b"<p>").for_ever() as endless,
        asyncio.timeout(60),
    ):
        # What names no alphabet of pages is read as one that it is not, and fast.
        assert await look(ground, long, fits, f"{trap}/x", f"{endless}/x") == [False, True, True, False]
        await ground.assert_well()


LONG: Final = {
    **BOMBS,
    "links": "<a rel=me href=x>" * 60_000,
    "comments": "<!-- -->" * 120_000,
    "ends": "</a" * 300_000,
    "templates": "<template>" * 100_000,
    "texts": "<script></script>" * 60_000,
    "questions": "<?" * 500_000,
}


def test_s25_no_page_takes_long_to_search() -> None:
    """S25: what makes naive readers take hours is searched at once."""
    began = time.process_time()
    for html in LONG.values():
        assert not links_back(html[: 1024 * 1024].encode(), None, ["https://home.example/@anna"])
    assert time.process_time() - began < 20
