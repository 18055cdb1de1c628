"""What two servers say to each other about their partnership."""

from dataclasses import replace
from typing import Any, Final

import pytest

from federation import parse, render
from federation.activities import Accept, Activity, Follow, Offer, Reject, Undo, Update
from federation.agreements import partnership_of
from federation.audience import Reach
from federation.errors import MalformedActivity
from federation.objects import Ref, Relationship, Terms
from federation.vocabulary import PARTNERSHIP, PARTNERSHIP_CONTEXT

A: Final = "https://a.example/actor"
B: Final = "https://b.example/actor"
TERMS: Final = Terms(tier="partner", largest_reach=Reach.PARTNERS, media=False, contact="ciso@a.example")
OURS: Final = Relationship(
    id="https://a.example/partnerships/1", subject=A, object=B, relationship=PARTNERSHIP, content="Hello", terms=TERMS
)
THEIRS: Final = replace(OURS, id="https://b.example/partnerships/2", subject=B, object=A)
FRIENDSHIP: Final = replace(OURS, relationship="http://purl.org/vocab/relationship/friendOf", terms=None)
OFFER: Final = Offer(id=f"{OURS.id}#offer", actor=A, object=OURS, target=B)
ACCEPT: Final = Accept(id=f"{THEIRS.id}#accept", actor=B, object=Ref(id=OFFER.id), result=THEIRS)
FOLLOW: Final = Follow(id="https://a.example/f", actor=A, object=Ref(id=B))


@pytest.mark.parametrize(
    ("activity", "expected"),
    [
        (OFFER, OURS),
        (ACCEPT, THEIRS),
        (Update(id=f"{OURS.id}/updates/1", actor=A, object=OURS), OURS),
        (Reject(id=f"{THEIRS.id}#reject", actor=B, object=OFFER, content="No"), OURS),
        (Undo(id=f"{OURS.id}#undo", actor=A, object=OFFER), OURS),
        (Undo(id=f"{THEIRS.id}#undo", actor=B, object=ACCEPT), THEIRS),
        (replace(OFFER, object=FRIENDSHIP), None),
        (replace(OFFER, object=Ref(id=OURS.id)), None),
        (replace(ACCEPT, result=FRIENDSHIP), None),
        (replace(ACCEPT, result=OURS.id), None),
        (Update(id=f"{OURS.id}/updates/1", actor=A, object=FRIENDSHIP), None),
        (Undo(id=f"{A}#undo", actor=A, object=FOLLOW), None),
        (Reject(id=f"{A}#reject", actor=A, object=FOLLOW), None),
        (FOLLOW, None),
    ],
    ids=repr,
)
def test_what_is_about_a_partnership(activity: Activity, expected: Relationship | None) -> None:
    """Each form that speaks of one, and what looks like it; all of them survive the wire."""
    assert partnership_of(activity) == expected

    document = render.document(activity)
    assert parse.activity(document) == activity
    if expected is not None:
        assert document["@context"] == [PARTNERSHIP_CONTEXT[0], dict(PARTNERSHIP_CONTEXT[1])]


@pytest.mark.parametrize(
    "changes",
    [{"tier": None}, {"tier": "open"}, {"largestReach": None}, {"largestReach": "moon"}, {"media": "yes"}],
    ids=repr,
)
def test_terms_that_cannot_be_read_are_refused(changes: dict[str, Any]) -> None:
    """Nobody guesses what was agreed."""
    document = render.document(OFFER)
    assert isinstance(document["object"], dict)
    document["object"] |= changes

    with pytest.raises(MalformedActivity):
        parse.activity(document)


def test_what_is_not_granted_is_not_allowed() -> None:
    """A grant that says nothing of files, of direct statuses or of the directory allows none of them."""
    document = render.document(OFFER)
    assert isinstance(document["object"], dict)
    for name in ("directMessages", "directory", "media", "contact"):
        del document["object"][name]

    read = parse.activity(document)

    assert isinstance(read, Offer)
    assert isinstance(read.object, Relationship)
    assert read.object.terms == Terms(
        tier="partner", largest_reach=Reach.PARTNERS, direct_messages=False, directory=False, media=False
    )
