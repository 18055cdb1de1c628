"""The table of leaks (``tests/node/leaks``) knows every route and activity, or says why one can tell nothing."""

from pathlib import Path

import pytest
from werkzeug.routing import Rule

from fedorg import config
from fedorg.activitypub.dispatch import HANDLERS
from fedorg.activitypub.handlers.unused import UNUSED
from fedorg.app import open_node
from tests.databases import SqliteFiles
from tests.node.leaks.audiences import Mark, Viewer, may_learn
from tests.node.leaks.deeds import DEEDS
from tests.node.leaks.doors import rules_of, unlisted


async def test_every_route_is_in_the_table(sqlite_files: SqliteFiles, tmp_path: Path) -> None:
    """What is read is tried as it stands; what is written is tried, or somebody says in words why nothing comes out."""
    told = {"data_dir": tmp_path, "database_url": sqlite_files.create_migrated(tmp_path / "node.db")}
    async with open_node(config.from_mapping({**told, "insecure_loopback": True})) as node:
        rules = rules_of(node)

    assert unlisted(rules) == []
    new = Rule("/api/v1/novelties", endpoint="novelties.make", methods=["POST"])
    assert unlisted([*rules, new]) == ["novelties.make"]


def test_every_activity_is_in_the_table() -> None:
    """What the node acts on, a stranger says of statuses that are not theirs."""
    assert {activity.__name__ for activity in HANDLERS.keys() - UNUSED.keys()} == set(DEEDS)


@pytest.mark.parametrize(
    ("standing", "ring", "is_for_them"),
    [
        ("nobody", "public", True),
        ("nobody", "partners", False),
        ("open", "partners", False),
        ("partner", "partners", True),
        ("partner", "named", False),
        ("named partner", "named", True),
        ("partner", "organisation", False),
        ("sibling", "organisation", True),
        ("sibling", "node", False),
        ("member", "node", True),
        ("blocked", "public", False),
    ],
)
def test_the_oracle_says_what_people_were_promised(standing: str, ring: str, *, is_for_them: bool) -> None:
    """It knows nothing of the node's own rule, and says the same of each ring as the documents do."""
    mark = Mark(words="mark000s", number="1", uri="", author="anna", ring=ring, visibility="public")

    assert may_learn(Viewer(name="x", standing=standing), mark) is is_for_them
