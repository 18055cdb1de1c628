"""What accounts are to one viewer: follows, blocks, mutes, notes and recommendations, in one statement for many."""

from collections.abc import Collection
from datetime import datetime
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy import Connection

from fedorg.domain.relationships import FollowState, Relationship
from fedorg.ids import AccountId
from fedorg.store import domain_blocks
from fedorg.store.gathered import Answers, Gathered, Part
from fedorg.store.prepared import many
from fedorg.store.tables import account_notes, accounts, blocks, endorsements, follows, mutes
from fedorg.store.tables.columns import Moment

_VIEWER: Final = sa.bindparam("viewer", type_=sa.BigInteger)
_OTHERS: Final = many("others")


def _from_viewer(pairs: sa.Table, *columns: sa.ColumnElement[Any]) -> sa.Select[Any]:
    return sa.select(pairs.c.target_id, *columns).where(pairs.c.account_id == _VIEWER, pairs.c.target_id.in_(_OTHERS))


def _to_viewer(pairs: sa.Table, *columns: sa.ColumnElement[Any]) -> sa.Select[Any]:
    return sa.select(pairs.c.account_id, *columns).where(pairs.c.target_id == _VIEWER, pairs.c.account_id.in_(_OTHERS))


def _is_so(statement: sa.Select[Any]) -> Part[None]:
    return Part(statement, lambda _: None)


# No two rows are about the same pair.
_FOLLOWED: Final[Part[Any]] = Part(
    _from_viewer(follows, follows.c.state, follows.c.show_reblogs, follows.c.notify, follows.c.languages),
    lambda rows: rows[0],
)
_FOLLOWING: Final = Part(_to_viewer(follows, follows.c.state), lambda rows: FollowState(rows[0].state))
_BLOCKED: Final = _is_so(_from_viewer(blocks))
_BLOCKING: Final = _is_so(_to_viewer(blocks))
_MUTED: Final[Part[Any]] = Part(
    _from_viewer(mutes, mutes.c.notifications, mutes.c.expires_at).where(
        sa.or_(mutes.c.expires_at.is_(None), mutes.c.expires_at > sa.bindparam("now", type_=Moment))
    ),
    lambda rows: rows[0],
)
_NOTES: Final = Part(_from_viewer(account_notes, account_notes.c.comment), lambda rows: str(rows[0].comment))
_ENDORSED: Final = _is_so(_from_viewer(endorsements))
_SHUT_OUT: Final = _is_so(
    sa.select(accounts.c.id).where(accounts.c.id.in_(_OTHERS), domain_blocks.shuts_out(_VIEWER, accounts))
)
_ALL: Final = Gathered(_FOLLOWED, _FOLLOWING, _BLOCKED, _BLOCKING, _MUTED, _NOTES, _ENDORSED, _SHUT_OUT)


def load(conn: Connection, viewer: AccountId, ids: Collection[AccountId], now: datetime) -> list[Relationship]:
    """What accounts that exist are to ``viewer``, in the order of ``ids``."""
    if not ids:
        return []
    answers = Answers()
    _ALL.ask(conn, answers, lists={"others": ids}, viewer=viewer, now=now)
    followed, following, muted, notes = (answers.about(part) for part in (_FOLLOWED, _FOLLOWING, _MUTED, _NOTES))
    blocked, blocking, endorsed, shut_out = map(answers.of, (_BLOCKED, _BLOCKING, _ENDORSED, _SHUT_OUT))

    def one(account_id: AccountId) -> Relationship:
        out, back, mute = followed.get(account_id), following.get(account_id), muted.get(account_id)
        follows_it = out is not None and FollowState(out.state) is FollowState.ACCEPTED
        return Relationship(
            target_id=account_id,
            following=follows_it,
            showing_reblogs=out is not None and out.show_reblogs,
            notifying=out is not None and out.notify,
            languages=() if out is None else tuple(out.languages),
            followed_by=back is FollowState.ACCEPTED,
            requested=out is not None and not follows_it,
            requested_by=back is FollowState.PENDING,
            blocking=account_id in blocked,
            blocked_by=account_id in blocking,
            muting=mute is not None,
            muting_notifications=mute is not None and mute.notifications,
            muting_expires_at=None if mute is None else mute.expires_at,
            domain_blocking=account_id in shut_out,
            endorsed=account_id in endorsed,
            note=notes.get(account_id, ""),
        )

    return [one(account_id) for account_id in ids]
