"""Which statuses a timeline holds, by id; rows of ``home_timeline``.

Home timelines are written when a status is distributed (``services.fanout``) and read by one index scan. All the
others are queries. What comes from here still passes ``may_see`` in ``store.views``.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy import ColumnElement, Connection

from fedorg.domain.lists import AccountList, RepliesPolicy
from fedorg.domain.relationships import FollowState
from fedorg.domain.statuses import PageQuery, Status
from fedorg.domain.visibility import Visibility
from fedorg.ids import AccountId, CardId, StatusId, at, moment_of
from fedorg.store import domain_blocks, lists, narrowing, paging
from fedorg.store.tables import (
    account_domain_blocks,
    accounts,
    blocks,
    follows,
    home_timeline,
    list_accounts,
    media_attachments,
    mentions,
    mutes,
    pins,
    status_cards,
    status_tags,
    statuses,
    tags,
)
from fedorg.store.upsert import insert_ignore, insert_new

MERGED_MAX: Final = 100
# A status boosted by several comes once to a home timeline within this time.
_ONCE_WITHIN: Final = timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """What narrows a timeline beyond its subject."""

    local_only: bool = False
    remote_only: bool = False
    media_only: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class LocalFollower:
    """A follower of this node, and how it follows."""

    account_id: AccountId
    show_reblogs: bool
    notify: bool
    languages: tuple[str, ...]


# Reading


def list_home(conn: Connection, account_id: AccountId, page: PageQuery) -> list[StatusId]:
    """A page of a home timeline, without what belongs to exclusive lists only."""
    statement = sa.select(home_timeline.c.status_id).where(
        home_timeline.c.account_id == account_id, ~lists.is_kept_off_home(account_id, home_timeline.c.author_id)
    )
    return _ids(conn, statement, home_timeline.c.status_id, page)


def list_of_list(conn: Connection, one: AccountList, page: PageQuery) -> list[StatusId]:
    """A page of a list: what its members posted and boosted, as far as it came to its owner's home timeline.

    So nothing of those the owner mutes is in it, and what stood there already is not boosted into it again.
    """
    members = sa.select(list_accounts.c.account_id).where(list_accounts.c.list_id == one.id)
    statement = (
        sa.select(home_timeline.c.status_id)
        .join(statuses, statuses.c.id == home_timeline.c.status_id)
        .where(home_timeline.c.account_id == one.account_id, home_timeline.c.author_id.in_(members))
    )
    is_no_reply = sa.or_(
        statuses.c.in_reply_to_uri.is_(None), statuses.c.in_reply_to_account_id == statuses.c.account_id
    )
    match one.replies_policy:
        case RepliesPolicy.NONE:
            statement = statement.where(is_no_reply)
        case RepliesPolicy.LIST:
            answered = statuses.c.in_reply_to_account_id
            statement = statement.where(sa.or_(is_no_reply, answered == one.account_id, answered.in_(members)))
        case RepliesPolicy.FOLLOWED:
            # The home timeline holds no other replies.
            pass
    return _ids(conn, statement, home_timeline.c.status_id, page)


def list_public(
    conn: Connection, viewer: AccountId | None, now: datetime, page: PageQuery, selection: Selection
) -> list[StatusId]:
    """Public statuses without boosts and replies to others."""
    is_first_or_own = sa.or_(
        statuses.c.in_reply_to_uri.is_(None), statuses.c.in_reply_to_account_id == statuses.c.account_id
    )
    statement = sa.select(statuses.c.id).where(is_first_or_own, *_listed(viewer, now, selection))
    return _ids(conn, statement, statuses.c.id, page)


def list_tagged(
    conn: Connection,
    viewer: AccountId | None,
    now: datetime,
    page: PageQuery,
    selection: Selection,
    *,
    any_of: Collection[str],
    all_of: Collection[str],
    none_of: Collection[str],
) -> list[StatusId]:
    """Public statuses by hashtag; names are normalised."""
    statement = sa.select(statuses.c.id).where(_has_tag(any_of), *_listed(viewer, now, selection))
    for name in all_of:
        statement = statement.where(_has_tag([name]))
    if none_of:
        statement = statement.where(~_has_tag(none_of))
    return _ids(conn, statement, statuses.c.id, page)


def list_linked(
    conn: Connection, viewer: AccountId | None, now: datetime, page: PageQuery, card_id: CardId
) -> list[StatusId]:
    """Public statuses that link to a page."""
    shows_it = sa.exists().where(status_cards.c.status_id == statuses.c.id, status_cards.c.card_id == card_id)
    statement = sa.select(statuses.c.id).where(shows_it, *_listed(viewer, now, Selection()))
    return _ids(conn, statement, statuses.c.id, page)


def list_direct(conn: Connection, account_id: AccountId, now: datetime, page: PageQuery) -> list[StatusId]:
    """What an account wrote and was sent for addressees only; nothing of those it mutes (S59)."""
    is_shown = (
        statuses.c.visibility == Visibility.DIRECT.value,
        narrowing.visible_to(account_id),
        ~narrowing.is_muted_by(account_id, statuses.c.account_id, now),
    )
    # Each half has an index of its own.
    own = sa.select(statuses.c.id).where(statuses.c.account_id == account_id, *is_shown)
    named = mentions.alias("named")
    sent = (
        sa.select(named.c.status_id)
        .join(statuses, statuses.c.id == named.c.status_id)
        .where(named.c.account_id == account_id, *is_shown)
    )
    found = {*_ids(conn, own, statuses.c.id, page), *_ids(conn, sent, named.c.status_id, page)}
    ordered = sorted(found, reverse=True)
    return ordered[: page.limit] if page.min_id is None else ordered[-page.limit :]


def list_of_account(
    conn: Connection,
    viewer: AccountId | None,
    account_id: AccountId,
    page: PageQuery,
    *,
    exclude_replies: bool,
    exclude_reblogs: bool,
    media_only: bool,
    tagged: str | None,
) -> list[StatusId]:
    """What an account posted and boosted; direct statuses are in no list (S59)."""
    statement = _of_account(
        viewer,
        account_id,
        exclude_replies=exclude_replies,
        exclude_reblogs=exclude_reblogs,
        media_only=media_only,
        tagged=tagged,
    )
    return _ids(conn, statement, statuses.c.id, page)


def list_pinned(
    conn: Connection,
    viewer: AccountId | None,
    account_id: AccountId,
    limit: int,
    *,
    exclude_replies: bool,
    exclude_reblogs: bool,
    media_only: bool,
    tagged: str | None,
) -> list[StatusId]:
    """What an account pinned, the latest pin first."""
    statement = _of_account(
        viewer,
        account_id,
        exclude_replies=exclude_replies,
        exclude_reblogs=exclude_reblogs,
        media_only=media_only,
        tagged=tagged,
    )
    statement = statement.join(pins, pins.c.status_id == statuses.c.id).where(pins.c.account_id == account_id)
    return [StatusId(one) for one in conn.execute(statement.order_by(pins.c.id.desc()).limit(limit)).scalars()]


def _of_account(
    viewer: AccountId | None,
    account_id: AccountId,
    *,
    exclude_replies: bool,
    exclude_reblogs: bool,
    media_only: bool,
    tagged: str | None,
) -> sa.Select[tuple[int]]:
    statement = sa.select(statuses.c.id).where(
        statuses.c.account_id == account_id,
        statuses.c.visibility != Visibility.DIRECT.value,
        narrowing.visible_to(viewer),
    )
    if exclude_replies:
        statement = statement.where(
            sa.or_(statuses.c.in_reply_to_uri.is_(None), statuses.c.in_reply_to_account_id == account_id)
        )
    if exclude_reblogs:
        statement = statement.where(statuses.c.reblog_of_id.is_(None))
    if media_only:
        statement = statement.where(_has_media())
    if tagged is not None:
        statement = statement.where(_has_tag([tagged]))
    return statement


# Writing home timelines


def insert_home(conn: Connection, receivers: Collection[AccountId], status: Status) -> list[AccountId]:
    """Put a status on home timelines; those on which it is new."""
    rows = [
        {"account_id": receiver, "status_id": status.id, "author_id": status.account_id}
        for receiver in sorted(receivers)
    ]
    return [AccountId(one) for one in insert_new(conn, home_timeline, rows, returning="account_id")]


def holders(conn: Connection, status_id: StatusId) -> list[AccountId]:
    """On whose home timelines a status stands, itself or boosted."""
    boosts = sa.select(statuses.c.id).where(statuses.c.reblog_of_id == status_id)
    statement = (
        sa.select(home_timeline.c.account_id)
        .where(sa.or_(home_timeline.c.status_id == status_id, home_timeline.c.status_id.in_(boosts)))
        .distinct()
    )
    return [AccountId(one) for one in conn.execute(statement).scalars()]


def remove_author(conn: Connection, account_id: AccountId, author_id: AccountId) -> None:
    """Take what an account posted and boosted, and boosts of it, off a home timeline."""
    original = statuses.alias("original")
    boosts = (
        sa.select(home_timeline.c.status_id)
        .join(statuses, statuses.c.id == home_timeline.c.status_id)
        .join(original, original.c.id == statuses.c.reblog_of_id)
        .where(home_timeline.c.account_id == account_id, original.c.account_id == author_id)
    )
    conn.execute(
        sa.delete(home_timeline).where(
            home_timeline.c.account_id == account_id,
            sa.or_(home_timeline.c.author_id == author_id, home_timeline.c.status_id.in_(boosts)),
        )
    )


def merge_author(conn: Connection, account_id: AccountId, author_id: AccountId, now: datetime) -> None:
    """Put the latest of an account that is followed from now on, and seen again, on a home timeline."""
    follows_answered = sa.exists().where(
        follows.c.account_id == account_id,
        follows.c.target_id == statuses.c.in_reply_to_account_id,
        follows.c.state == FollowState.ACCEPTED.value,
    )
    original = statuses.alias("original")
    is_boost_unwanted = sa.exists().where(
        original.c.id == statuses.c.reblog_of_id,
        sa.or_(
            narrowing.is_blocked_with(account_id, original.c.account_id),
            narrowing.is_muted_by(account_id, original.c.account_id, now),
        ),
    )
    statement = (
        sa.select(statuses.c.id)
        .where(
            statuses.c.account_id == author_id,
            statuses.c.visibility != Visibility.DIRECT.value,
            narrowing.visible_to(account_id),
            sa.or_(
                statuses.c.in_reply_to_uri.is_(None),
                statuses.c.in_reply_to_account_id.in_((author_id, account_id)),
                follows_answered,
            ),
            ~is_boost_unwanted,
            ~narrowing.is_muted_by(account_id, statuses.c.account_id, now),
        )
        .order_by(statuses.c.id.desc())
        .limit(MERGED_MAX)
    )
    rows = [
        {"account_id": account_id, "status_id": status_id, "author_id": author_id}
        for status_id in conn.execute(statement).scalars()
    ]
    insert_ignore(conn, home_timeline, rows)


def forget_before(conn: Connection, before: datetime, limit: int) -> int:
    """Take up to ``limit`` statuses older than a moment off home timelines; how many rows that were."""
    place = sa.tuple_(home_timeline.c.account_id, home_timeline.c.status_id)
    stale = (
        sa.select(home_timeline.c.account_id, home_timeline.c.status_id)
        .where(home_timeline.c.status_id < at(before))
        .limit(limit)
    )
    return conn.execute(sa.delete(home_timeline).where(place.in_(stale))).rowcount


# Who receives what


def list_local_followers(conn: Connection, author_id: AccountId, after: AccountId, limit: int) -> list[LocalFollower]:
    """Accepted followers of this node by id, from ``after`` on."""
    statement = (
        sa.select(follows.c.account_id, follows.c.show_reblogs, follows.c.notify, follows.c.languages)
        .join(accounts, accounts.c.id == follows.c.account_id)
        .where(
            follows.c.target_id == author_id,
            follows.c.state == FollowState.ACCEPTED.value,
            follows.c.account_id > after,
            accounts.c.domain.is_(None),
        )
        .order_by(follows.c.account_id)
        .limit(limit)
    )
    return [
        LocalFollower(
            account_id=row.account_id,
            show_reblogs=row.show_reblogs,
            notify=row.notify,
            languages=tuple(row.languages),
        )
        for row in conn.execute(statement)
    ]


def list_averse(
    conn: Connection,
    receivers: Collection[AccountId],
    now: datetime,
    *,
    concerned: Collection[AccountId],
    authors: Collection[AccountId],
) -> frozenset[AccountId]:
    """Receivers that block, mute or shut out (by server) one of ``concerned``, or are blocked by one of ``authors``."""
    statement = sa.union(
        sa.select(blocks.c.account_id).where(blocks.c.account_id.in_(receivers), blocks.c.target_id.in_(concerned)),
        sa.select(blocks.c.target_id).where(blocks.c.target_id.in_(receivers), blocks.c.account_id.in_(authors)),
        sa.select(mutes.c.account_id).where(
            mutes.c.account_id.in_(receivers),
            mutes.c.target_id.in_(concerned),
            sa.or_(mutes.c.expires_at.is_(None), mutes.c.expires_at > now),
        ),
        sa.select(account_domain_blocks.c.account_id)
        .join(
            accounts,
            sa.or_(
                accounts.c.domain == account_domain_blocks.c.domain, accounts.c.peer == account_domain_blocks.c.domain
            ),
        )
        .where(account_domain_blocks.c.account_id.in_(receivers), accounts.c.id.in_(concerned)),
    )
    return frozenset(conn.execute(statement).scalars())


def list_following(conn: Connection, receivers: Collection[AccountId], target_id: AccountId) -> frozenset[AccountId]:
    """Receivers that follow ``target_id``, accepted."""
    statement = sa.select(follows.c.account_id).where(
        follows.c.account_id.in_(receivers),
        follows.c.target_id == target_id,
        follows.c.state == FollowState.ACCEPTED.value,
    )
    return frozenset(conn.execute(statement).scalars())


def list_having(conn: Connection, receivers: Collection[AccountId], boost: Status) -> frozenset[AccountId]:
    """Receivers on whose home timeline the boosted status stands already, itself or boosted by another, lately."""
    since = at(moment_of(boost.id) - _ONCE_WITHIN)
    statement = (
        sa.select(home_timeline.c.account_id)
        .join(statuses, statuses.c.id == home_timeline.c.status_id)
        .where(
            home_timeline.c.account_id.in_(receivers),
            home_timeline.c.status_id > since,
            home_timeline.c.status_id != boost.id,
            sa.or_(statuses.c.id == boost.reblog_of_id, statuses.c.reblog_of_id == boost.reblog_of_id),
        )
    )
    return frozenset(conn.execute(statement).scalars())


def _ids(conn: Connection, statement: sa.Select[Any], column: ColumnElement[Any], page: PageQuery) -> list[StatusId]:
    return [StatusId(row[0]) for row in paging.rows_of(conn, statement, column, page)]


def _listed(viewer: AccountId | None, now: datetime, selection: Selection) -> list[ColumnElement[bool]]:
    conditions = [
        statuses.c.visibility == Visibility.PUBLIC.value,
        statuses.c.reblog_of_id.is_(None),
        narrowing.is_author_listed(),
        narrowing.visible_to(viewer),
    ]
    if viewer is not None:
        conditions.append(~narrowing.is_muted_by(viewer, statuses.c.account_id, now))
        conditions.append(~domain_blocks.is_shut_out(viewer, statuses.c.account_id))
    if selection.local_only:
        conditions.append(statuses.c.is_local)
    if selection.remote_only:
        conditions.append(~statuses.c.is_local)
    if selection.media_only:
        conditions.append(_has_media())
    return conditions


def _has_media() -> ColumnElement[bool]:
    return sa.exists().where(media_attachments.c.status_id == statuses.c.id)


def _has_tag(names: Collection[str]) -> ColumnElement[bool]:
    return sa.exists().where(
        status_tags.c.status_id == statuses.c.id, status_tags.c.tag_id == tags.c.id, tags.c.name.in_(names)
    )
