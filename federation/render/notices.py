"""What nodes of one organisation tell each other, to JSON."""

from federation.objects import Announcement, Notice
from federation.render.objects import JsonObject, compact, moment


def notice(value: Notice) -> JsonObject:
    """An announcement, or how many know it."""
    if isinstance(value, Announcement):
        return compact(
            {
                "id": value.id,
                "type": "Announcement",
                "attributedTo": value.attributed_to,
                "mediaType": "text/plain",
                "content": value.content,
                "startTime": moment(value.starts_at),
                "endTime": moment(value.ends_at),
                "allDay": value.all_day or None,
                "needsAcknowledgement": value.needs_acknowledgement or None,
                "published": moment(value.published),
                "updated": moment(value.updated),
            }
        )
    return {
        "id": value.id,
        "type": "Acknowledgement",
        "attributedTo": value.attributed_to,
        "inReplyTo": value.in_reply_to,
        "acknowledgedCount": value.acknowledged_count,
        "membersCount": value.members_count,
    }
