"""What nodes of one organisation tell each other, from JSON. Terms of fedorg: see FEDERATION.md."""

from federation.errors import MalformedActivity
from federation.objects import Acknowledgement, Announcement, Notice
from federation.parse import limits, shapes
from federation.parse.shapes import Json


def notice(document: Json) -> Notice:
    """An announcement or how many know it; raises ``MalformedActivity`` for anything else."""
    if shapes.type_among(document, ("Announcement",)) is not None:
        return _announcement(document)
    if shapes.type_among(document, ("Acknowledgement",)) is not None:
        return _acknowledgement(document)
    raise MalformedActivity(f"A {shapes.kind(document)} is nothing that nodes tell each other.")


def _announcement(document: Json) -> Announcement:
    content = shapes.prose(document, "content", limits.SUMMARY_MAX)
    if content is None:
        raise MalformedActivity("The Announcement has no `content`.")
    return Announcement(
        id=shapes.required_id(document, "id"),
        attributed_to=shapes.required_id(document, "attributedTo"),
        content=content,
        starts_at=shapes.moment(document, "startTime"),
        ends_at=shapes.moment(document, "endTime"),
        all_day=shapes.flag(document, "allDay") or False,
        needs_acknowledgement=shapes.flag(document, "needsAcknowledgement") or False,
        published=shapes.moment(document, "published"),
        updated=shapes.moment(document, "updated"),
    )


def _acknowledgement(document: Json) -> Acknowledgement:
    return Acknowledgement(
        id=shapes.required_id(document, "id"),
        attributed_to=shapes.required_id(document, "attributedTo"),
        in_reply_to=shapes.required_id(document, "inReplyTo"),
        acknowledged_count=shapes.count(document, "acknowledgedCount") or 0,
        members_count=shapes.count(document, "membersCount") or 0,
    )
