"""The words that two administrators compare: the same on both sides, others for other keys, shown by every door."""

import asyncio
import json
import os
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from pathlib import Path

import pytest

from fedorg.domain.accounts import UserRole
from fedorg.domain.fingerprints import fingerprint
from fedorg.errors import Conflict
from fedorg.services import partnerships, rotation
from fedorg.services.registration import ensure_node_actor
from tests.databases import SqliteFiles
from tests.node.pairing import NO_CHANGE, PARTNERS, Pair, domain, run_pair
from tests.node.serving import NodeServer
from tests.node.talking import WorkingServer, success


@pytest.fixture
async def pair(
    serve: Callable[..., Awaitable[NodeServer]], sqlite_files: SqliteFiles, tmp_path: Path
) -> AsyncIterator[Pair]:
    """Two nodes."""
    async with run_pair(await serve(**PARTNERS), sqlite_files, tmp_path) as running:
        yield running


def test_words_are_made_of_every_key_of_both() -> None:
    """Twelve words that stay as they are published, whoever is named first, and others for any other key or address."""
    a, b = ("https://a.example/actor", "key one", "key two"), ("https://b.example/actor", "key three")

    words = fingerprint(a, b)

    assert words == "submit lift anger zoo follow option true symptom elite stand custom rabbit"
    assert fingerprint(b, (a[0], a[2], a[1])) == words
    others = {
        fingerprint((a[0], a[1]), b),
        fingerprint((*a, "key four"), b),
        fingerprint(("https://c.example/actor", *a[1:]), b),
        fingerprint(a, (b[0], "key four")),
        fingerprint((a[0], b[1]), (b[0], *a[1:])),
    }
    assert len(others | {words}) == 6
    assert {len(one.split()) for one in others} == {12}


async def printed(working: WorkingServer, *words: str) -> str:
    """What a command about a peer prints."""
    settings = working.server.node.settings
    environment = {
        **os.environ,
        "FEDORG_PUBLIC_URL": settings.public_url,
        "FEDORG_DATA_DIR": str(settings.data_dir),
        "FEDORG_DATABASE_URL": str(settings.database_url),
        "FEDORG_FEDERATION_MODE": settings.federation_mode,
        "FEDORG_INSECURE_LOOPBACK": "true",
    }
    command = (sys.executable, "-m", "fedorg", "peer", *words)
    process = await asyncio.create_subprocess_exec(*command, env=environment, stdout=asyncio.subprocess.PIPE)
    told, _ = await process.communicate()
    assert process.returncode == 0, words
    return told.decode()


async def test_both_sides_read_the_same_words_by_every_door(pair: Pair) -> None:
    """On the page, over the API and by the command line.

    With other keys there are other words, and the page warns until they were compared.
    """
    await pair.invite()
    await partnerships.accept(pair.there.server.node, domain(pair.here), NO_CHANGE)
    await pair.settle()
    seen = set()
    browsers = []
    for one, other in ((pair.here, pair.there), (pair.there, pair.here)):
        owner = await one.person("owner", role=UserRole.OWNER, scopes="admin:read")
        shown = success(await owner.api.get(f"/api/fedorg/v1/admin/partnerships/{domain(other)}"))
        told = json.loads(await printed(one, "show", domain(other), "--json"))["partnership"]
        seen |= {shown["fingerprint"], told["fingerprint"]}
        browsers.append(await one.server.browser())
        await browsers[-1].sign_in("owner")
        assert shown["fingerprint"] in (await browsers[-1].open(f"/admin/partnerships/{domain(other)}")).text
        await printed(one, "approve", domain(other), "--fingerprint", shown["fingerprint"])
    await pair.settle()
    (words,) = seen
    assert len(words.split()) == 12

    await rotation.rotate_keys(pair.there.server.node, await ensure_node_actor(pair.there.server.node))
    await pair.settle()

    for browser, (one, other) in zip(browsers, ((pair.here, pair.there), (pair.there, pair.here)), strict=True):
        view = await partnerships.get_view(one.server.node, domain(other))
        assert view.has_other_keys
        page = (await browser.open(f"/admin/partnerships/{domain(other)}")).text
        assert "Compare the fingerprint again" in page
        assert words not in page
        with pytest.raises(Conflict):
            await partnerships.approve(one.server.node, domain(other), words)
        at = f"/admin/partnerships/{domain(other)}"
        approved = await browser.submit(await browser.open(at), f"{at}/approve", confirmed="1")
        assert approved.status_code == 303
        page = (await browser.open(at)).text
        assert "Compare the fingerprint again" not in page
        assert 'id="approve"' not in page
        after = await partnerships.get_view(one.server.node, domain(other))
        assert after.partnership == replace(
            view.partnership, fingerprint=view.fingerprint, updated_at=after.partnership.updated_at
        )
        with pytest.raises(Conflict, match="cannot be approved now"):
            await partnerships.approve(one.server.node, domain(other), view.fingerprint or "")
