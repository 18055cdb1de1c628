"""Polls on the wire: a poll is a ``Question``, a vote a ``Note`` that names an option and nothing else.

Mastodon's dialect (https://docs.joinmastodon.org/spec/activitypub/#Question): the votes for an option are the size of
its collection of replies; they travel in an ``Update`` of the whole ``Question`` that is no edit.
"""

from federation.activities import Create
from federation.objects import Note, Poll, PollOption
from fedorg.domain.accounts import Account
from fedorg.domain.polls import PollView, RemotePoll, Vote
from fedorg.domain.statuses import Status
from fedorg.ids import EARLIEST
from fedorg.uris import Uris


def poll_of(view: PollView | None) -> Poll | None:
    """A local poll; what is hidden until the end is written as nothing."""
    if view is None:
        return None
    poll = view.poll
    return Poll(
        options=tuple(
            PollOption(name=option, votes=votes if view.shows_totals else 0)
            for option, votes in zip(poll.options, poll.tallies, strict=True)
        ),
        is_multiple=poll.multiple,
        ends_at=poll.expires_at,
        closed_at=poll.expires_at if view.is_expired else None,
        voters_count=poll.voters_count,
    )


def remote_poll_of(note: Note) -> RemotePoll | None:
    """The poll of a peer's ``Question``."""
    poll = note.poll
    if poll is None:
        return None
    ends_at = poll.closed_at or poll.ends_at
    return RemotePoll(
        options=tuple(option.name for option in poll.options),
        tallies=tuple(option.votes for option in poll.options),
        multiple=poll.is_multiple,
        expires_at=max(ends_at, EARLIEST) if ends_at is not None else None,
        voters_count=poll.voters_count,
    )


def vote(voter: Account, vote: Vote, option: str, status: Status, author: Account, uris: Uris) -> Create:
    """The activity that brings a vote to the author of the poll, and to nobody else."""
    uri = uris.activity(voter.uri, "votes", vote.id)
    to = (author.uri,)
    note = Note(id=uri, attributed_to=voter.uri, name=option, in_reply_to=status.uri, to=to)
    return Create(id=f"{uri}/activity", actor=voter.uri, object=note, to=to)
