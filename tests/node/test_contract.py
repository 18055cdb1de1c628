"""The walk over Mastodon's client API: the node has all of it, and does what the contract says.

It is walked in parts, each on a scene of its own, so that several processes can do it at once.
"""

from pathlib import Path
from typing import Final

import pytest

from tests.contract import document
from tests.contract.scene import open_scene
from tests.contract.walk import lines_of, part_of, walk
from tests.databases import PostgresqlServer

PARTS: Final = 3
OPERATIONS: Final = 210


def test_the_parts_are_the_whole() -> None:
    """Every operation of the description is in one part, and there are as many as there were."""
    document.require()
    walked = [operation for number in range(PARTS) for operation in part_of(number, PARTS)]
    assert sorted(walked) == sorted(document.operations())
    assert len(walked) == OPERATIONS


@pytest.mark.timeout(600)
@pytest.mark.parametrize("part", range(PARTS), ids="part{}".format)
async def test_the_client_api_keeps_its_contract(
    engine_url: str, dialect: str, part: int, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    """Each operation of Mastodon's API is there and found valid by the walk, and so is each of its conventions."""
    document.require()
    december_url = ""
    if dialect == "postgresql":
        server: PostgresqlServer = request.getfixturevalue("postgresql_server")
        name = server.create_empty()
        request.addfinalizer(lambda: server.drop(name))
        december_url = server.url(name)
    async with open_scene(tmp_path, engine_url, december_url) as scene:
        report = await walk(scene, part_of(part, PARTS), with_conventions=part == 0)

    assert report.operations
    assert report.not_valid == [], "\n".join(line for outcome in report.not_valid for line in lines_of(outcome))
