"""Which statuses a timeline holds, by id.

Home timelines are written (``store.home_timelines``) and read by one index scan. All the others are queries. What comes
from here still passes ``may_see`` in ``store.views``.
"""

from collections.abc import Collection
from dataclasses import replace
from datetime import datetime, timedelta
from functools import cache
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy import ColumnElement, Connection

from fedorg.domain.lists import AccountList, RepliesPolicy
from fedorg.domain.statuses import PageQuery
from fedorg.domain.timelines import AccountSelection, Selection
from fedorg.domain.visibility import Reach, Visibility
from fedorg.ids import ID_MAX, AccountId, CardId, StatusId
from fedorg.store import domain_blocks, lists, narrowing, paging
from fedorg.store.beside import beside
from fedorg.store.home_timelines import ONCE_WITHIN, is_leaving
from fedorg.store.tables import (
    home_timeline,
    list_accounts,
    media_attachments,
    mentions,
    pins,
    status_cards,
    status_tags,
    statuses,
    tags,
)
from fedorg.store.tables.columns import Moment
from fedorg.store.tables.writing import ANSWERS_NOBODY_ELSE

LOOKED_THROUGH_MAX: Final = 10_000

_owner: Final = sa.bindparam("account_id", type_=sa.BigInteger)
_viewer: Final = sa.bindparam("viewer", type_=sa.BigInteger)
_now: Final = sa.bindparam("now", type_=Moment)
_HOME: Final = paging.PreparedPage(
    sa.select(home_timeline.c.status_id).where(
        home_timeline.c.account_id == _owner,
        home_timeline.c.lists_only.is_(sa.false()),
        ~lists.is_kept_off_home(_owner, home_timeline.c.author_id),
        ~is_leaving(_owner, home_timeline),
    ),
    home_timeline.c.status_id,
)


def list_home(conn: Connection, account_id: AccountId, page: PageQuery) -> list[StatusId]:
    """A page of a home timeline, without what belongs to exclusive lists only."""
    return [StatusId(one) for one in _HOME.ids(conn, page, account_id=account_id)]


def list_of_list(conn: Connection, one: AccountList, page: PageQuery) -> list[StatusId]:
    """A page of a list: what its members posted and boosted, as far as its owner may want it.

    So nothing of those the owner mutes is in it, nor boosts of those of whom they want none. What stands in the list
    already, itself or boosted, is not boosted into it again for a day, whatever the home timeline shows.
    """
    entry, status = home_timeline.alias("entry"), statuses.alias("status")
    before, other = home_timeline.alias("before"), statuses.alias("other")
    is_like = sa.or_(other.c.id == status.c.reblog_of_id, other.c.reblog_of_id == status.c.reblog_of_id)
    stood_there = sa.exists().where(
        *_listed_in(one, before, other),
        is_like,
        before.c.status_id < entry.c.status_id,
        before.c.status_id > entry.c.status_id - _ONCE_WITHIN,
    )
    statement = sa.select(entry.c.status_id).where(
        *_listed_in(one, entry, status), sa.or_(status.c.reblog_of_id.is_(None), ~stood_there)
    )
    return _ids(conn, statement, entry.c.status_id, page)


# As a distance between two ids.
_ONCE_WITHIN: Final = int(ONCE_WITHIN / timedelta(milliseconds=1)) << 16


def _listed_in(one: AccountList, entry: sa.FromClause, status: sa.FromClause) -> list[ColumnElement[bool]]:
    """That an entry of the owner's belongs into a list, by its author and by what it answers."""
    members = sa.select(list_accounts.c.account_id).where(list_accounts.c.list_id == one.id)
    conditions = [
        status.c.id == entry.c.status_id,
        entry.c.account_id == one.account_id,
        entry.c.author_id.in_(members),
        ~is_leaving(one.account_id, entry),
    ]
    is_no_reply = sa.or_(status.c.in_reply_to_uri.is_(None), status.c.in_reply_to_account_id == status.c.account_id)
    match one.replies_policy:
        case RepliesPolicy.NONE:
            conditions.append(is_no_reply)
        case RepliesPolicy.LIST:
            answered = status.c.in_reply_to_account_id
            conditions.append(sa.or_(is_no_reply, answered == one.account_id, answered.in_(members)))
        case RepliesPolicy.FOLLOWED:
            # No other replies come to anybody's timelines.
            pass
    return conditions


def list_public(
    conn: Connection, viewer: AccountId | None, now: datetime, page: PageQuery, selection: Selection
) -> list[StatusId]:
    """Public statuses without boosts and replies to others."""
    asking = {} if viewer is None else {"viewer": viewer, "now": now}
    return [StatusId(one) for one in _public(viewer is not None, selection).ids(conn, page, **asking)]


@cache
def _public(is_member: bool, selection: Selection) -> paging.PreparedPage:  # noqa: FBT001 - the key of a table
    conditions = ANSWERS_NOBODY_ELSE, *_listed(_viewer if is_member else None, _now, selection)
    if not selection.media_only:
        return _page(conditions)
    return _page_with_media(conditions, *([media_attachments.c.remote_url.is_(None)] if selection.local_only else []))


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
    """Public statuses by hashtag; names are normalised.

    Where more is asked of them than the hashtag, a page looks through the next ``LOOKED_THROUGH_MAX`` that bear it (of
    several that have to be there, the rarest): what bears it may be much, and what is asked for rare.
    """
    named = sa.select(tags.c.name, tags.c.id).where(tags.c.name.in_({*any_of, *all_of, *none_of}))
    ids: dict[str, int] = {row.name: row.id for row in conn.execute(named)}
    if not ids.keys() >= {*all_of}:
        return []
    needed, refused = [ids[name] for name in all_of], {ids[name] for name in none_of if name in ids}
    conditions = _listed(viewer, now, selection)
    found: set[StatusId] = set()
    # Each hashtag has an index of its own, in the order of the page.
    for tag_id in {ids[name] for name in any_of if name in ids}:
        rarest, *others = _rarest_first(conn, [*dict.fromkeys((tag_id, *needed))])
        column = status_tags.c.status_id
        # What the rows of other tables say comes before what the status does, which is dearer to ask.
        asked = [_bears(column, {other}) for other in others]
        if refused:
            asked.append(~_bears(column, refused))
        if selection.media_only:
            asked.append(_has_media(column))
        if asked or selection != Selection():
            asked.append(_is_near(rarest, page))
        bearing = sa.select(column).where(status_tags.c.tag_id == rarest, *asked, _is_status(column, conditions))
        found.update(_ids(conn, bearing, column, page))
    return _newest(found, page)


def list_linked(
    conn: Connection, viewer: AccountId | None, now: datetime, page: PageQuery, card_id: CardId
) -> list[StatusId]:
    """Public statuses that link to a page."""
    column, conditions = status_cards.c.status_id, _listed(viewer, now, Selection())
    statement = sa.select(column).where(status_cards.c.card_id == card_id, _is_status(column, conditions))
    return _ids(conn, statement, column, page)


def list_direct(conn: Connection, account_id: AccountId, now: datetime, page: PageQuery) -> list[StatusId]:
    """What an account wrote and was sent for addressees only; nothing of those it mutes (S59)."""
    is_shown = (
        beside(statuses.c.visibility) == Visibility.DIRECT.value,
        narrowing.visible_to(account_id),
        ~narrowing.is_muted_by(account_id, statuses.c.account_id, now),
    )
    # Each half has an index of its own.
    own = sa.select(statuses.c.id).where(statuses.c.account_id == account_id, *is_shown)
    named = mentions.alias("named")
    sent = sa.select(named.c.status_id).where(named.c.account_id == account_id, _is_status(named.c.status_id, is_shown))
    found = {*_ids(conn, own, statuses.c.id, page), *_ids(conn, sent, named.c.status_id, page)}
    return _newest(found, page)


def list_of_account(
    conn: Connection, viewer: AccountId | None, account_id: AccountId, page: PageQuery, selection: AccountSelection
) -> list[StatusId]:
    """What an account posted and boosted; direct statuses are in no list (S59).

    What it pinned comes with the latest pin first, and as one page.
    """
    plain = replace(selection, tagged=None, pinned_only=False)
    if plain == selection:
        asking = {} if viewer is None else {"viewer": viewer}
        page_of = _of_account(viewer is not None, selection)
        return [StatusId(one) for one in page_of.ids(conn, page, account_id=account_id, **asking)]
    conditions = _posted(account_id, viewer, selection)
    if selection.media_only:
        conditions.append(_has_media(statuses.c.id))
    # Of what an account pinned, or gave a hashtag to, there may be little; of what it posted there may be much.
    if not selection.pinned_only:
        tag = sa.select(tags.c.id).where(tags.c.name == selection.tagged).scalar_subquery()
        bears = status_tags.c.author_id == account_id, status_tags.c.tag_id == tag
        column = status_tags.c.status_id
        return _ids(conn, sa.select(column).where(*bears, _is_status(column, conditions)), column, page)
    if selection.tagged is not None:
        conditions.append(_has_tag([selection.tagged]))
    statement = (
        sa.select(pins.c.status_id)
        .where(pins.c.account_id == account_id, _is_status(pins.c.status_id, conditions))
        .order_by(pins.c.id.desc())
        .limit(page.limit)
    )
    return [StatusId(one) for one in conn.execute(statement).scalars()]


@cache
def _of_account(is_member: bool, selection: AccountSelection) -> paging.PreparedPage:  # noqa: FBT001 - likewise
    conditions = _posted(_owner, _viewer if is_member else None, selection)
    if not selection.media_only:
        return _page(conditions)
    return _page_with_media(conditions, media_attachments.c.account_id == _owner)


def _posted(
    account_id: AccountId | ColumnElement[Any],
    viewer: AccountId | ColumnElement[Any] | None,
    selection: AccountSelection,
) -> list[ColumnElement[bool]]:
    conditions = [
        statuses.c.account_id == account_id,
        statuses.c.visibility != Visibility.DIRECT.value,
        narrowing.visible_to(viewer),
    ]
    if selection.exclude_replies:
        conditions.append(ANSWERS_NOBODY_ELSE)
    if selection.exclude_reblogs:
        conditions.append(beside(statuses.c.reblog_of_id).is_(None))
    if selection.media_only:
        conditions.append(narrowing.are_files_shown())
    return conditions


def _page(conditions: Collection[ColumnElement[bool]]) -> paging.PreparedPage:
    return paging.PreparedPage(sa.select(statuses.c.id).where(*conditions), statuses.c.id)


def _page_with_media(
    conditions: Collection[ColumnElement[bool]], *of_media: ColumnElement[bool]
) -> paging.PreparedPage:
    """The same of statuses with files: found from those, which may be few among all statuses."""
    column = media_attachments.c.status_id
    return paging.PreparedPage(sa.select(column).where(*of_media, _is_status(column, conditions)).distinct(), column)


def _newest(found: Collection[StatusId], page: PageQuery) -> list[StatusId]:
    """The page out of several that were looked for apart."""
    ordered = sorted(found, reverse=True)
    return ordered[: page.limit] if page.min_id is None else ordered[-page.limit :]


def _ids(conn: Connection, statement: sa.Select[Any], column: ColumnElement[Any], page: PageQuery) -> list[StatusId]:
    return [StatusId(row[0]) for row in paging.rows_of(conn, statement, column, page)]


def _listed(
    viewer: AccountId | ColumnElement[Any] | None, now: datetime | ColumnElement[Any], selection: Selection
) -> list[ColumnElement[bool]]:
    # What goes less far, and what is of this node, have indexes of their own.
    is_rarer = selection.local_only or selection.reach not in (None, Reach.PUBLIC)
    visibility = beside(statuses.c.visibility) if is_rarer else statuses.c.visibility
    conditions = [
        visibility == Visibility.PUBLIC.value,
        beside(statuses.c.reblog_of_id).is_(None),
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
        conditions.append(narrowing.are_files_shown())
    if selection.reach is not None:
        conditions.append(narrowing.goes_to(selection.reach))
    return conditions


def _has_tag(names: Collection[str]) -> ColumnElement[bool]:
    borne = status_tags.alias("borne")
    return sa.exists().where(borne.c.status_id == statuses.c.id, borne.c.tag_id == tags.c.id, tags.c.name.in_(names))


def _bears(number: ColumnElement[int], tag_ids: Collection[int]) -> ColumnElement[bool]:
    """The status with a number bears one of these hashtags."""
    borne = status_tags.alias("borne")
    return sa.exists().where(borne.c.status_id == number, borne.c.tag_id.in_(tag_ids))


def _has_media(number: ColumnElement[int]) -> ColumnElement[bool]:
    return sa.exists().where(media_attachments.c.status_id == number)


def _rarest_first(conn: Connection, tag_ids: list[int]) -> list[int]:
    """Hashtags by how many statuses bear them, counted no further than a page looks."""
    if len(tag_ids) == 1:
        return tag_ids

    def uses(tag_id: int) -> int:
        some = sa.select(status_tags.c.status_id).where(status_tags.c.tag_id == tag_id).limit(LOOKED_THROUGH_MAX)
        return conn.execute(sa.select(sa.func.count()).select_from(some.subquery())).scalar_one()

    return sorted(tag_ids, key=uses)


def _is_near(tag_id: int, page: PageQuery) -> ColumnElement[bool]:
    """The status is among the next that bear a hashtag, from where a page begins."""
    borne, column = status_tags.alias("near"), status_tags.c.status_id
    following = sa.select(borne.c.status_id).where(borne.c.tag_id == tag_id).limit(1).offset(LOOKED_THROUGH_MAX)
    if page.min_id is not None:
        ahead = following.where(borne.c.status_id > page.min_id).order_by(borne.c.status_id)
        return column < sa.func.coalesce(ahead.scalar_subquery(), ID_MAX)
    if page.max_id is not None:
        following = following.where(borne.c.status_id < page.max_id)
    return column > sa.func.coalesce(following.order_by(borne.c.status_id.desc()).scalar_subquery(), 0)


def _is_status(number: ColumnElement[int], conditions: Collection[ColumnElement[bool]]) -> ColumnElement[bool]:
    """``conditions`` hold for the status with a number; a join SQLite would begin with all that is public."""
    return sa.exists().where(statuses.c.id == number, *conditions)
