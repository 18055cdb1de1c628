"""FEDERATION.md tells other implementers the truth: its table of activities is made from the code.

``python -m tests.shape.test_federation_notes`` writes the table anew: what a type does is the first line of its
handler's docstring, when it is sent stands in ``outgoing.SENT``.
"""

from pathlib import Path
from typing import Final

from federation import activities
from federation.vocabulary import FEDORG_NS
from fedorg.activitypub.dispatch import HANDLERS
from fedorg.activitypub.outgoing import SENT

NOTES: Final = Path(__file__).parent.parent.parent / "FEDERATION.md"
_BEGIN: Final = "<!-- activities: written by python -m tests.shape.test_federation_notes -->\n"
_END: Final = "<!-- end of activities -->\n"
_HEAD: Final = "| type | received: what it does | sent: when |\n|---|---|---|\n"
_NOTHING: Final = "-"


def table() -> str:
    """The table as it must be."""
    received = {kind.__name__: _told(handler.__doc__ or "") for kind, handler in HANDLERS.items()}
    names = sorted(received.keys() | SENT.keys())
    rows = (f"| `{name}` | {received.get(name, _NOTHING)} | {SENT.get(name, _NOTHING)} |\n" for name in names)
    return _HEAD + "".join(rows)


def _told(docstring: str) -> str:
    line = docstring.strip().splitlines()[0].rstrip(".").replace("``", "`")
    return line[0].lower() + line[1:]


def test_the_table_of_activities_is_the_dispatch_table() -> None:
    """Every activity with a handler is in the notes, with what its handler says, and no other."""
    notes = NOTES.read_text()

    written = notes.split(_BEGIN, 1)[1].split(_END, 1)[0]

    assert written == table()


def test_what_is_sent_is_an_activity() -> None:
    """The words about what leaves are about types that there are."""
    assert [name for name in SENT if not hasattr(activities, name)] == []


def test_the_namespace_is_the_one_on_the_wire() -> None:
    """The extension terms are documented under the namespace they are sent with."""
    assert f"`{FEDORG_NS}reach`" in NOTES.read_text()


if __name__ == "__main__":
    before, rest = NOTES.read_text().split(_BEGIN, 1)
    NOTES.write_text(before + _BEGIN + table() + _END + rest.split(_END, 1)[1])
