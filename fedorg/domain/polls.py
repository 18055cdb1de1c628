"""Polls of statuses: what is asked, how it stands, and what may be voted.

A vote is an account's choice of one option, by position. Whoever chooses several has several votes and is one voter.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from fedorg.ids import AccountId, PollId, StatusId, VoteId


@dataclass(frozen=True, slots=True, kw_only=True)
class PollDraft:
    """The poll that a client asks for; ``expires_in`` are seconds from now."""

    options: tuple[str, ...] = ()
    expires_in: int | None = None
    multiple: bool = False
    hide_totals: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class PollTerms:
    """What a poll asks and how, without its numbers: members may change these while they edit a status."""

    options: tuple[str, ...]
    multiple: bool
    hide_totals: bool
    expires_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class RemotePoll:
    """A poll as its own server declares it; ``tallies`` are the votes of each option."""

    options: tuple[str, ...]
    tallies: tuple[int, ...]
    multiple: bool
    expires_at: datetime | None
    voters_count: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Poll:
    """A poll and how it stands; ``tallies`` has the votes of each option, ``voters_count`` is None when not told.

    ``ended_at``: voters were told that it is over. ``fetched_at``: its own server last told of it (None for a local
    one), ``asked_at``: it was last asked to.
    """

    id: PollId
    status_id: StatusId
    options: tuple[str, ...]
    tallies: tuple[int, ...]
    multiple: bool = False
    hide_totals: bool = False
    expires_at: datetime | None = None
    ended_at: datetime | None = None
    voters_count: int | None = None
    fetched_at: datetime | None = None
    asked_at: datetime | None = None

    def is_expired(self, now: datetime) -> bool:
        """Whether voting is over."""
        return self.expires_at is not None and self.expires_at <= now

    @property
    def is_final(self) -> bool:
        """Whether the numbers were told by the poll's own server after its end."""
        return self.fetched_at is not None and self.is_expired(self.fetched_at)


@dataclass(frozen=True, slots=True, kw_only=True)
class PollView:
    """A poll as one viewer sees it at one moment; ``own_votes`` is None for somebody not signed in."""

    poll: Poll
    is_expired: bool
    is_own: bool = False
    own_votes: tuple[int, ...] | None = None

    @property
    def shows_totals(self) -> bool:
        """Whether it is told how many votes an option has."""
        return self.is_expired or not self.poll.hide_totals


@dataclass(frozen=True, slots=True, kw_only=True)
class Vote:
    """One choice of one account: ``choice`` is the position of the option."""

    id: VoteId
    poll_id: PollId
    account_id: AccountId
    choice: int
    created_at: datetime


def faults_of_vote(
    poll: Poll, choices: Sequence[int], *, now: datetime, is_own: bool, earlier: Collection[int]
) -> list[str]:
    """Why an account that chose ``earlier`` may not choose ``choices`` now, in Mastodon's words; nothing if it may."""
    is_twice = len(set(choices)) < len(choices) or bool(set(choices) & set(earlier))
    is_second = not poll.multiple and (bool(earlier) or len(choices) > 1)
    faults = {
        "The poll has already ended": poll.is_expired(now),
        "The chosen vote option does not exist": any(not 0 <= choice < len(poll.options) for choice in choices),
        "You cannot vote in your own polls": is_own,
        "You have already voted on this poll": is_twice or is_second,
    }
    return [fault for fault, is_given in faults.items() if is_given]
