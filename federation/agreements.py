"""What two servers say to each other about their partnership, told apart from everything else that they say.

Each side has a ``Relationship`` of its own, of the kind ``PARTNERSHIP``, with its own id and what it grants. ``Offer``
proposes one, the ``Accept`` of it carries the other side's as its ``result``, ``Reject`` says no, ``Update`` brings a
new state of one's own, and the ``Undo`` of one's ``Offer`` or ``Accept`` ends it.
"""

from federation.activities import Accept, Activity, Offer, Reject, Undo, Update
from federation.objects import Relationship
from federation.vocabulary import PARTNERSHIP


def partnership_of(activity: Activity) -> Relationship | None:
    """The partnership an activity is about, as the one who proposed, answered or changed it has it; None if none is."""
    match activity:
        case Offer(object=Relationship() as found) | Update(object=Relationship() as found):
            return found if found.relationship == PARTNERSHIP else None
        case Accept(result=Relationship() as found):
            return found if found.relationship == PARTNERSHIP else None
        case Reject(object=Offer() as answered):
            return partnership_of(answered)
        case Undo(object=Offer() | Accept() as undone):
            return partnership_of(undone)
        case _:
            return None
