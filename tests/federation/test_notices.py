"""What nodes of one organisation tell each other: announcements, and how many know of them."""

from datetime import UTC, datetime

import pytest

from federation import parse, render
from federation.activities import Create, Update
from federation.errors import MalformedActivity
from federation.objects import Acknowledgement, Announcement
from federation.parse.notices import notice

NODE = "https://a.example/actor"
ANNOUNCED = Announcement(
    id="https://a.example/announcements/1",
    attributed_to=NODE,
    content="The alarm has a new sound.",
    starts_at=datetime(2026, 1, 5, tzinfo=UTC),
    ends_at=datetime(2026, 1, 6, tzinfo=UTC),
    all_day=True,
    needs_acknowledgement=True,
    published=datetime(2026, 1, 1, tzinfo=UTC),
)
KNOWN = Acknowledgement(
    id="https://a.example/acknowledgements/1",
    attributed_to=NODE,
    in_reply_to="https://b.example/announcements/2",
    acknowledged_count=3,
    members_count=12,
)


@pytest.mark.parametrize("told", [ANNOUNCED, KNOWN])
@pytest.mark.parametrize("kind", [Create, Update])
def test_notices_are_read_back_unchanged(
    told: Announcement | Acknowledgement, kind: type[Create] | type[Update]
) -> None:
    """New or changed, whole, under a context that defines their terms."""
    activity = kind(id="https://a.example/activities/1", actor=NODE, object=told)
    document = render.document(activity)

    assert parse.activity(document) == activity
    terms = document["@context"]
    assert isinstance(terms, list)
    assert "Announcement" in terms[-1]


def test_what_is_left_out_is_nothing_or_none() -> None:
    """Dates and wishes are optional, numbers count from zero, and words are required."""
    least = {"id": ANNOUNCED.id, "type": "Announcement", "attributedTo": NODE, "content": "Hello"}
    assert notice(least) == Announcement(id=ANNOUNCED.id, attributed_to=NODE, content="Hello")
    counted = {"id": KNOWN.id, "type": "Acknowledgement", "attributedTo": NODE, "inReplyTo": KNOWN.in_reply_to}
    assert notice(counted) == Acknowledgement(
        id=KNOWN.id, attributed_to=NODE, in_reply_to=KNOWN.in_reply_to, acknowledged_count=0, members_count=0
    )
    with pytest.raises(MalformedActivity, match="content"):
        notice({**least, "content": " "})
    with pytest.raises(MalformedActivity, match="Note"):
        notice({**least, "type": "Note"})
