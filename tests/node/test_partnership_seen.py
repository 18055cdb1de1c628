"""What administrators see of what passes: on their own page, and what the other node says, fetched with a signature."""

from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import timedelta
from html import unescape
from pathlib import Path

import pytest

from fedorg.domain.accounts import UserRole
from fedorg.domain.visibility import Reach
from fedorg.services import partnerships
from tests.databases import SqliteFiles
from tests.node.pairing import PARTNERS, Pair, domain, run_pair
from tests.node.peering import fetch
from tests.node.serving import Browser, NodeServer
from tests.node.talking import WorkingServer, success


@pytest.fixture
async def pair(
    serve: Callable[..., Awaitable[NodeServer]], sqlite_files: SqliteFiles, tmp_path: Path
) -> AsyncIterator[Pair]:
    """Two nodes."""
    async with run_pair(await serve(**PARTNERS), sqlite_files, tmp_path) as running:
        yield running


async def signed_in(working: WorkingServer, name: str, role: UserRole) -> Browser:
    await working.person(name, role=role)
    browser = await working.server.browser()
    await browser.sign_in(name)
    return browser


async def look(browser: Browser, other: WorkingServer) -> str:
    """The page of what is seen of another node, asked for by the button."""
    path = f"/admin/partnerships/{domain(other)}"
    page = await browser.submit(await browser.open("/admin/partnerships"), f"{path}/look")
    assert page.status_code == 200, page.text
    return " ".join(unescape(page.text.split("<main", 1)[1]).split())


async def test_the_partner_reads_what_it_sees_of_us(pair: Pair) -> None:
    """In plain words, as the other node says it at that moment: what passes, who is listed, promises and dates."""
    browser = await signed_in(pair.there, "owner", UserRole.OWNER)
    for name, discoverable in (("mia", "true"), ("max", "true"), ("shy", "false")):
        member = await pair.here.person(name)
        success(await member.api.patch("/api/v1/accounts/update_credentials", data={"discoverable": discoverable}))
    review = pair.here.server.clock() + timedelta(days=90)
    await pair.agree(
        largest_reach=Reach.PARTNERS,
        media=False,
        directory=True,
        contact="security@here.example",
        retention="One year",
        review_at=review,
        sets_review=True,
    )

    text = await look(browser, pair.here)
    assert f"What you see of {domain(pair.here)}" in text
    for words in (
        "Posts for partners, and nothing that is for everybody",
        "No pictures or other files",
        "Direct messages pass",
        "<dt>Their people you may list</dt><dd>2</dd>",
        "<dt>Their announcements for you</dt><dd>0</dd>",
        "One year",
        "security@here.example",
        f"{review:%-d %b %Y}",
        "Signed fetch: works",
        "What they grant us: works",
    ):
        assert words in text, words
    ours = await signed_in(pair.here, "owner", UserRole.OWNER)
    assert "Of us they may list 2 people" in (await ours.open(f"/admin/partnerships/{domain(pair.there)}")).text

    at = (pair.here.server.clock() + timedelta(days=5)).replace(second=0, microsecond=0)
    await partnerships.plan_suspension(pair.here.server.node, domain(pair.there), at, "We move")
    assert f"They suspend the partnership from {at:%-d %b %Y, %H:%M} UTC on. They say: We move" in await look(
        browser, pair.here
    )
    await partnerships.suspend(pair.here.server.node, domain(pair.there), "An incident")
    text = await look(browser, pair.here)
    assert "They have suspended the partnership: nothing passes. They say: An incident" in text
    assert "<dt>Their people you may list</dt><dd>0</dd>" in text

    await partnerships.revoke(pair.here.server.node, domain(pair.there), "")
    await pair.settle()
    page = await browser.open(f"/admin/partnerships/{domain(pair.here)}")
    assert "/look" not in page.text
    assert "It shows nothing to your node" in await look(browser, pair.here)


async def test_nobody_else_is_shown_that(pair: Pair) -> None:
    """Members of either side are no administrators, and the document answers the partner's own actor alone."""
    await pair.agree()
    member = await signed_in(pair.there, "mia", UserRole.MEMBER)
    path = f"/admin/partnerships/{domain(pair.here)}"
    home = await member.open("/")

    refused = await member.submit(home, f"{path}/look")
    assert refused.status_code == 403
    assert "Only administrators" in refused.text
    assert (await (await pair.there.server.browser()).http.post(f"{path}/look")).status_code in (303, 403)
    uri = (await pair.seen())[1].their_uri
    assert uri is not None
    assert (await fetch(pair.here.server, uri)).status_code == 404
