"""Poll entities. Spec: Mastodon API, entities/Poll."""

from collections.abc import Sequence
from typing import TypedDict

from fedorg.domain.accounts import Emoji
from fedorg.domain.polls import PollView
from fedorg.serializers.accounts import EmojiEntity, emoji_entity
from fedorg.serializers.times import optional_moment


class PollOptionEntity(TypedDict):
    """Mastodon's Poll::Option; ``votes_count`` is null while the numbers are hidden."""

    title: str
    votes_count: int | None


class _PollBase(TypedDict):
    id: str
    expires_at: str | None
    expired: bool
    multiple: bool
    votes_count: int
    voters_count: int | None
    options: list[PollOptionEntity]
    emojis: list[EmojiEntity]


class PollEntity(_PollBase, total=False):
    """Mastodon's Poll; what the viewer chose is there for somebody signed in only."""

    voted: bool
    own_votes: list[int]


class EditedPollEntity(TypedDict):
    """The poll of a version of a status: its options by name."""

    options: list[dict[str, str]]


def poll_entity(view: PollView, emojis: Sequence[Emoji]) -> PollEntity:
    """A poll as its viewer sees it; ``emojis`` are those of its status."""
    poll = view.poll
    entity: PollEntity = {
        "id": str(poll.id),
        "expires_at": optional_moment(poll.expires_at),
        "expired": view.is_expired,
        "multiple": poll.multiple,
        "votes_count": sum(poll.tallies),
        "voters_count": poll.voters_count,
        "options": [
            {"title": option, "votes_count": votes if view.shows_totals else None}
            for option, votes in zip(poll.options, poll.tallies, strict=True)
        ],
        "emojis": [
            emoji_entity(emoji) for emoji in emojis if any(f":{emoji.shortcode}:" in option for option in poll.options)
        ],
    }
    if view.own_votes is not None:
        entity["voted"] = view.is_own or bool(view.own_votes)
        entity["own_votes"] = list(view.own_votes)
    return entity


def edited_poll_entity(options: Sequence[str] | None) -> EditedPollEntity | None:
    """The poll of a version; null for a version without."""
    return {"options": [{"title": option} for option in options]} if options else None
