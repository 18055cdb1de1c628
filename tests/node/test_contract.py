"""The walk over Mastodon's client API: what the node offers does what the contract says."""

from pathlib import Path

import pytest

from tests.contract import document
from tests.contract.scene import open_scene
from tests.contract.walk import lines_of, walk
from tests.databases import PostgresqlServer


@pytest.mark.timeout(1200)
async def test_what_is_offered_of_the_client_api_keeps_its_contract(
    engine_url: str, dialect: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    """No operation of Mastodon's API that this node has, and no convention of it, is found wrong by the walk.

    ``make contract`` counts what is missing as well.
    """
    document.require()
    december_url = ""
    if dialect == "postgresql":
        server: PostgresqlServer = request.getfixturevalue("postgresql_server")
        name = server.create_empty()
        request.addfinalizer(lambda: server.drop(name))
        december_url = server.url(name)
    async with open_scene(tmp_path, engine_url, december_url) as scene:
        report = await walk(scene)

    assert report.implemented > 100
    assert report.invalid == [], "\n".join(line for outcome in report.invalid for line in lines_of(outcome))
