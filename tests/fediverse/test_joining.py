"""A new department joins an organisation of three real nodes by the invitation of one of them."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from functools import partial
from pathlib import Path
from typing import Any, Final

import pytest

from tests.fediverse.nodes import RunningNode, settle, wait_for

pytestmark = pytest.mark.timeout(240)

ORGANISATION: Final = {
    "FEDORG_FEDERATION_MODE": "organisation",
    "FEDORG_DEFAULT_REACH": "organisation",
    "FEDORG_INTRODUCTIONS": "accept",
}


@pytest.fixture
async def nodes(tmp_path: Path) -> AsyncIterator[list[RunningNode]]:
    """Four nodes that have never met, and accept whom their siblings introduce."""
    made = [
        RunningNode(name=name, folder=tmp_path / name, settings=ORGANISATION) for name in ("hq", "sales", "lab", "new")
    ]
    async with AsyncExitStack() as stack:
        for node in made:
            stack.push_async_callback(node.close)
        await asyncio.gather(*(node.create() for node in made))
        await asyncio.gather(*(node.start() for node in made))
        yield made


async def test_a_new_department_is_a_sibling_of_all(nodes: list[RunningNode]) -> None:
    """Headquarters knows two departments, which meet through it; the third it invites meets all of them."""
    hq, sales, lab, new = nodes
    await hq.prepare(*(("peer", "tier", node.domain, "sibling") for node in (sales, lab)))
    await settle(hq)
    await asyncio.gather(*(node.prepare(("peer", "tier", hq.domain, "sibling")) for node in (sales, lab)))
    await hq.command("peer", "invite", new.domain, "--tier", "sibling")
    await settle(*nodes)
    agreed = json.loads(await new.command("peer", "accept", hq.domain, "--json"))
    await settle(*nodes)
    await asyncio.gather(
        *(
            one.command("peer", "approve", other.domain, "--fingerprint", agreed["fingerprint"])
            for one, other in ((hq, new), (new, hq))
        )
    )

    # Whoever asks before the other side knows of the agreement asks again a second later: nothing waits meanwhile.
    for node in nodes:
        await wait_for(partial(knows, node, {other.domain for other in nodes if other is not node}), "all to be met")


async def knows(node: RunningNode, domains: set[str]) -> bool | None:
    """Whether a node says that exactly these are of its organisation."""
    known: list[dict[str, Any]] = json.loads(await node.command("peer", "list", "--json"))
    return {peer["domain"] for peer in known if peer["tier"] == "sibling"} == domains or None
