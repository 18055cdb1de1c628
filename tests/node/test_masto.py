"""The walk of a real client library for JavaScript, Masto.js, through one node: over HTTP and over a WebSocket.

The walk itself is ``walk.mjs``, one process. Where the library cannot be installed, the test is skipped
with the reason, and fails under CI.
"""

import asyncio
import base64
import json
import os
import re
from asyncio.subprocess import PIPE
from pathlib import Path
from typing import Any, Final

import pytest

from tests.fediverse import node_js
from tests.node.serving import EVERYTHING
from tests.node.talking import WorkingServer, picture

# A little less than a test may take, lest the process is left behind.
WALK_SECONDS: Final = 240
HOME: Final = Path(__file__).with_name("masto")
_RESOURCES: Final = HOME / "node_modules" / "masto" / "dist" / "mastodon" / "rest" / "client.d.ts"
_RESOURCE: Final = re.compile(r"interface V(\d)Resource|^    (\w+): v\d\.", re.MULTILINE)
# What is for those who look after a node, for programs and push services, and what clients use no more.
NOT_WALKED: Final = {
    *("v1.admin", "v1.annualReports", "v1.apps", "v1.emails", "v1.push", "v1.search"),
}


async def walk(asked: dict[str, str]) -> Any:  # noqa: ANN401 - JSON
    """What came of it, as the library told it."""
    process = await asyncio.create_subprocess_exec(
        str(node_js.executable()), str(HOME / "walk.mjs"), stdin=PIPE, stdout=PIPE, stderr=PIPE
    )
    try:
        async with asyncio.timeout(WALK_SECONDS):
            printed, complaint = await process.communicate(json.dumps(asked).encode())
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    assert process.returncode == 0, complaint.decode()
    return json.loads(printed)


def resources() -> set[str]:
    """What the library can talk about."""
    found, version = set(), ""
    for match in _RESOURCE.finditer(_RESOURCES.read_text()):
        version = match[1] or version
        if match[2]:
            found.add(f"v{version}.{match[2]}")
    return found


async def test_masto_walks_through_the_node(working: WorkingServer) -> None:
    """What people do every day works for a library that knows nothing of fedorg, over its streams as well."""
    reason = await asyncio.to_thread(node_js.why_not_installed, HOME)
    if reason is not None:
        (pytest.fail if os.environ.get("CI") else pytest.skip)(reason)
    anna, bert = [await working.person(name, scopes=f"{EVERYTHING} follow") for name in ("anna", "bert")]
    url = working.server.url

    found = await walk({
        "url": url,
        "streaming": url.replace("http", "ws", 1),
        "anna": anna.token,
        "bert": bert.token,
        "picture": base64.b64encode(picture()).decode(),
    })  # fmt: skip

    assert found["told"] == EXPECTED
    known = resources()
    print(f"masto: {len(known & set(found['walked']))} of {len(known)} resources walked")  # noqa: T201 - told with -s
    assert known - set(found["walked"]) == NOT_WALKED


EXPECTED: Final = {
    "profile": ["Anna A.", True, "Site"],
    "typed": "Of herself",
    "whole": "Anna A.",
    "lookup": True,
    "asked": True,
    "requests": ["bert"],
    "followed": True,
    "followers": ["bert"],
    "relationship": [True, False],
    "note": "A friend",
    "endorsed": True,
    "endorsements": ["anna"],
    "directory": ["anna"],
    "suggestions": [True, True],
    "mutes": ["bert"],
    "blocks": ["bert"],
    "media": "Red",
    "heard": True,
    "made": ["Red", "Red", 0.5],
    "favourited": True,
    "reblogged": True,
    "bookmarked": True,
    "favouritedBy": ["bert"],
    "rebloggedBy": ["bert"],
    "favourites": 1,
    "bookmarks": 1,
    "context": [True],
    "edited": True,
    "history": 2,
    "source": "@anna Welcome!",
    "pinned": True,
    "votes": [1],
    "scheduled": [True],
    "home": True,
    "public": 2,
    "tag": 1,
    "conversations": [["bert"]],
    "search": ["anna"],
    "trends": [True, True, True],
    "instance": ["Test node", "Test node"],
    "activity": 12,
    "preferences": "public",
    "emojis": 0,
    "announcements": 0,
    "list": ["Friends", "list", "bert"],
    "listed": True,
    "filter": ["Rain", "hide", "rain"],
    "oldFilters": ["rain"],
    "followedTag": True,
    "followedTags": ["fediverse"],
    "featured": "fediverse",
    "domains": ["other.example"],
    "report": "Rude",
    "collection": "Better people",
    "kinds": ["favourite", "follow", "mention", "reblog"],
    "one": True,
    "groups": True,
    "policy": "filter",
    "marker": True,
    "unread": 0,
    "cleared": 0,
    "refused": ["MastoHttpError", 404, "Record not found"],
    "before": True,
    "after": True,
    "silent": 0,
    "removed": True,
}
