"""FEDERATION.md tells other implementers the truth."""

import re
from pathlib import Path

from federation.vocabulary import FEDORG_NS
from fedorg.activitypub.dispatch import HANDLERS

NOTES = (Path(__file__).parent.parent.parent / "FEDERATION.md").read_text()


def test_the_table_of_activities_is_the_dispatch_table() -> None:
    """Every activity with a handler is in the notes, and no other."""
    table = NOTES.split("<!-- activities:", 1)[1].split("\n\n", 1)[0]

    documented = re.findall(r"^\| `(\w+)` \|", table, re.MULTILINE)

    assert documented == sorted(activity.__name__ for activity in HANDLERS)


def test_the_namespace_is_the_one_on_the_wire() -> None:
    """The extension terms are documented under the namespace they are sent with."""
    assert f"`{FEDORG_NS}reach`" in NOTES
