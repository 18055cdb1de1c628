"""Conditions on statuses for one viewer, so that a page of a timeline is full before ``may_see`` looks at it.

``visible_to`` says in SQL what ``domain.visibility.may_see`` says in Python; a test compares the two for every
reach, visibility and kind of viewer. It narrows what is loaded and is never the last word, nor the way to it: most of
all statuses are public.
"""

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy import ColumnElement

from fedorg.domain.relationships import FollowState
from fedorg.domain.visibility import Reach, Visibility
from fedorg.ids import AccountId
from fedorg.store.beside import beside
from fedorg.store.tables import accounts, blocks, follows, media_attachments, mentions, mutes, statuses

_visibility = beside(statuses.c.visibility)
_IS_OPEN = _visibility.in_((Visibility.PUBLIC.value, Visibility.UNLISTED.value))


def visible_to(viewer: AccountId | ColumnElement[Any] | None) -> ColumnElement[bool]:
    """Rows of ``statuses`` that ``viewer`` may see; None is somebody who is not signed in."""
    if viewer is None:
        return sa.and_(_IS_OPEN, statuses.c.reach == Reach.PUBLIC.value)
    is_mentioned = sa.exists().where(mentions.c.status_id == statuses.c.id, mentions.c.account_id == viewer)
    follows_author = sa.exists().where(
        follows.c.account_id == viewer,
        follows.c.target_id == statuses.c.account_id,
        follows.c.state == FollowState.ACCEPTED.value,
    )
    return sa.or_(
        statuses.c.account_id == viewer,
        sa.and_(
            ~is_blocked_with(viewer, statuses.c.account_id),
            sa.or_(
                _IS_OPEN,
                is_mentioned,
                sa.and_(_visibility == Visibility.PRIVATE.value, follows_author),
            ),
        ),
    )


def goes_to(reach: Reach) -> ColumnElement[bool]:
    """The status goes exactly as far as ``reach``."""
    goes = statuses.c.reach == reach.value
    if reach is Reach.PUBLIC:
        return goes
    # In these words, so that either engine knows the index for it.
    return sa.and_(goes, statuses.c.reach != sa.literal_column(f"'{Reach.PUBLIC.value}'"))


def is_blocked_with(viewer: AccountId | ColumnElement[Any], other: ColumnElement[Any]) -> ColumnElement[bool]:
    """``viewer`` and ``other`` block each other, in either direction."""
    return sa.or_(
        sa.exists().where(blocks.c.account_id == viewer, blocks.c.target_id == other),
        sa.exists().where(blocks.c.account_id == other, blocks.c.target_id == viewer),
    )


def is_blocked_by(viewer: AccountId | ColumnElement[Any], other: ColumnElement[Any]) -> ColumnElement[bool]:
    """``other`` blocks ``viewer``."""
    return sa.exists().where(blocks.c.account_id == other, blocks.c.target_id == viewer)


def is_muted_by(
    viewer: AccountId | ColumnElement[Any], author: ColumnElement[Any], now: datetime | ColumnElement[Any]
) -> ColumnElement[bool]:
    """``viewer`` mutes ``author`` at present.

    One look for each author: of what may not exist PostgreSQL makes a join, and holds each row against each mute.
    """
    muted = sa.select(mutes.c.target_id).where(
        mutes.c.account_id == viewer, mutes.c.target_id == author, is_mute_in_force(now)
    )
    return muted.scalar_subquery().is_not(None)


def is_mute_in_force(now: datetime | ColumnElement[Any]) -> ColumnElement[bool]:
    """A mute has not ended."""
    return sa.or_(mutes.c.expires_at.is_(None), mutes.c.expires_at > now)


def is_author_listed() -> ColumnElement[bool]:
    """The author is neither suspended nor silenced (S50)."""
    return sa.exists().where(
        accounts.c.id == statuses.c.account_id, accounts.c.suspended_at.is_(None), accounts.c.silenced_at.is_(None)
    )


def shows_media(*conditions: ColumnElement[bool]) -> ColumnElement[bool]:
    """The status has a file for which ``conditions`` hold, and files of its author are shown here."""
    has_some = sa.exists().where(media_attachments.c.status_id == statuses.c.id, *conditions)
    return sa.and_(has_some, are_files_shown())


def are_files_shown() -> ColumnElement[bool]:
    """Files of the author are shown here."""
    is_rejected = sa.select(accounts.c.media_rejected).where(accounts.c.id == statuses.c.account_id).scalar_subquery()
    return is_rejected.is_(sa.false())
