"""What commands keep from others, and from going wrong in silence."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.fediverse.nodes import RunningNode


@pytest.fixture
async def node(tmp_path: Path) -> AsyncIterator[RunningNode]:
    """A node that has not been started, with nothing in its folder."""
    made = RunningNode(name="Engineering", folder=tmp_path / "node")
    try:
        yield made
    finally:
        await made.close()


@pytest.mark.parametrize("words", ["user create anna", "peer list", "doctor", "backup x.tar"])
async def test_a_command_in_a_wrong_folder_says_where_it_looked(node: RunningNode, words: str) -> None:
    """And makes no other node there, to which somebody would be added that nobody finds."""
    node.settings = {"FEDORG_DATA_DIR": str(node.folder / "elsewhere")}

    finished = await node.run(*words.split())

    assert finished.code == 1
    assert f"There is no node in {node.folder}/elsewhere/fedorg.db" in finished.output + finished.complaint
    assert list(node.folder.iterdir()) == []
