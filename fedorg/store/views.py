"""Statuses as one viewer sees them: a page and all its companions in a fixed number of queries.

Every status and every boosted status passes ``may_see``; what fails it, or whose author is suspended (S50), is left
out, so that no reader can forget to ask.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection

from fedorg.domain.accounts import Account
from fedorg.domain.filters import Filter, FilterMatch, match, searchable
from fedorg.domain.polls import PollView
from fedorg.domain.reactions import ReactionCount
from fedorg.domain.relationships import FollowState
from fedorg.domain.statuses import (
    Application,
    MediaAttachment,
    Mention,
    Status,
    StatusView,
    Tag,
    ViewerState,
    is_pinnable,
)
from fedorg.domain.visibility import Anonymous, Member, may_see
from fedorg.errors import NotFound
from fedorg.ids import AccountId, ApplicationId, StatusId
from fedorg.store import accounts, filters, media, polls, reactions, statuses, tags
from fedorg.store.tables import accounts as accounts_table
from fedorg.store.tables import applications, blocks, bookmarks, favourites, follows, mentions, pins
from fedorg.store.tables import statuses as statuses_table


def load_views(conn: Connection, now: datetime, viewer: AccountId | None, ids: Sequence[StatusId]) -> list[StatusView]:
    """Those of ``ids`` that ``viewer`` may see, as they stand at the moment ``now``, in the order given."""
    if not ids:
        return []
    page = _load_page(conn, now, viewer, ids)
    views = (page.view(status_id) for status_id in ids)
    return [view for view in views if view is not None]


def get_view(conn: Connection, now: datetime, viewer: AccountId | None, status_id: StatusId) -> StatusView:
    """One status; ``NotFound`` when it is absent or invisible."""
    views = load_views(conn, now, viewer, [status_id])
    if not views:
        raise NotFound
    return views[0]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Page:
    """Everything about the statuses of a page and those they boost, by id."""

    viewer: AccountId | None
    statuses: Mapping[StatusId, Status]
    accounts: Mapping[AccountId, Account]
    media: Mapping[StatusId, tuple[MediaAttachment, ...]]
    polls: Mapping[StatusId, PollView]
    mentions: Mapping[StatusId, tuple[Mention, ...]]
    tags: Mapping[StatusId, tuple[Tag, ...]]
    applications: Mapping[ApplicationId, Application]
    done: Mapping[str, frozenset[StatusId]]
    followed: frozenset[AccountId]
    blocked: frozenset[AccountId]
    filters: tuple[Filter, ...]
    reactions: Mapping[StatusId, tuple[ReactionCount, ...]]

    def view(self, status_id: StatusId) -> StatusView | None:
        status = self.statuses.get(status_id)
        if status is None or not self._may_see(status):
            return None
        reblog = None if status.reblog_of_id is None else self.view(status.reblog_of_id)
        if status.reblog_of_id is not None and reblog is None:
            return None
        return StatusView(
            status=status,
            account=self.accounts[status.account_id],
            reblog=reblog,
            media=self.media.get(status_id, ()),
            poll=self.polls.get(status_id),
            mentions=self.mentions.get(status_id, ()),
            tags=self.tags.get(status_id, ()),
            application=None if status.application_id is None else self.applications.get(status.application_id),
            viewer=None if self.viewer is None else self._viewer_state(status),
            reactions=self.reactions.get(status_id, ()),
            filtered=() if reblog is None and not self.filters else self._filtered(status, reblog),
        )

    def _may_see(self, status: Status) -> bool:
        if self.accounts[status.account_id].suspended_at is not None:
            return False
        if self.viewer is None:
            return may_see(status.audience, Anonymous())
        member = Member(
            is_author=status.account_id == self.viewer,
            is_mentioned=any(one.account_id == self.viewer for one in self.mentions.get(status.id, ())),
            follows_author=status.account_id in self.followed,
            is_blocked=status.account_id in self.blocked,
        )
        return may_see(status.audience, member)

    def _filtered(self, status: Status, reblog: StatusView | None) -> tuple[FilterMatch, ...]:
        """What of the viewer's filters a status matches; a boost matches what it boosts. Nobody filters themselves."""
        if reblog is not None:
            return reblog.filtered
        if status.account_id == self.viewer:
            return ()
        described = [one.description for one in self.media.get(status.id, ())]
        if status.id in self.polls:
            described += self.polls[status.id].poll.options
        return match(self.filters, [status.id], searchable(status.content, status.spoiler_text, *described))

    def _viewer_state(self, status: Status) -> ViewerState:
        status_id = status.reblog_of_id or status.id
        may_pin = status.account_id == self.viewer and is_pinnable(status)
        return ViewerState(
            favourited=status_id in self.done["favourited"],
            reblogged=status_id in self.done["reblogged"],
            bookmarked=status_id in self.done["bookmarked"],
            pinned=status_id in self.done["pinned"] if may_pin else None,
        )


def _load_page(conn: Connection, now: datetime, viewer: AccountId | None, ids: Sequence[StatusId]) -> _Page:
    found = _load_statuses(conn, ids)
    named = _load_mentions(conn, found)
    authors = {status.account_id for status in found.values()}
    relations = {} if viewer is None else _load_relations(conn, viewer, authors)
    nothing: frozenset[Any] = frozenset()
    return _Page(
        viewer=viewer,
        statuses=found,
        accounts=accounts.list_by_ids(conn, authors),
        media=media.list_of_statuses(conn, found),
        polls=polls.list_of_statuses(conn, viewer, found, now),
        mentions=named,
        tags=tags.list_of_statuses(conn, found),
        applications=_load_applications(conn, found.values()),
        done={} if viewer is None else _load_done(conn, viewer, found),
        followed=relations.get("followed", nothing),
        blocked=relations.get("blocked", nothing),
        filters=() if viewer is None else filters.list_in_force(conn, viewer, now),
        reactions=reactions.counts_of_statuses(conn, viewer, found),
    )


def _load_statuses(conn: Connection, ids: Sequence[StatusId]) -> dict[StatusId, Status]:
    boosted = sa.select(statuses_table.c.reblog_of_id).where(
        statuses_table.c.id.in_(ids), statuses_table.c.reblog_of_id.is_not(None)
    )
    statement = sa.select(*statuses.COLUMNS).where(
        sa.or_(statuses_table.c.id.in_(ids), statuses_table.c.id.in_(boosted))
    )
    return {row.id: statuses.from_row(row) for row in conn.execute(statement)}


def _load_mentions(conn: Connection, ids: Collection[StatusId]) -> dict[StatusId, tuple[Mention, ...]]:
    named: defaultdict[StatusId, list[Mention]] = defaultdict(list)
    account = accounts_table.c
    statement = (
        sa.select(mentions.c.status_id, account.id, account.username, account.domain, account.url, account.uri)
        .join(accounts_table, account.id == mentions.c.account_id)
        .where(mentions.c.status_id.in_(ids))
        .order_by(account.id)
    )
    for row in conn.execute(statement):
        one = Mention(account_id=row.id, username=row.username, domain=row.domain, url=row.url, uri=row.uri)
        named[row.status_id].append(one)
    return {status_id: tuple(named[status_id]) for status_id in named}


def _load_applications(conn: Connection, found: Iterable[Status]) -> dict[ApplicationId, Application]:
    ids = {status.application_id for status in found if status.application_id is not None}
    statement = sa.select(applications.c.id, applications.c.name, applications.c.website).where(
        applications.c.id.in_(ids)
    )
    return {row.id: Application(name=row.name, website=row.website) for row in conn.execute(statement)}


def _load_done(conn: Connection, viewer: AccountId, ids: Collection[StatusId]) -> dict[str, frozenset[StatusId]]:
    own = statuses_table.c
    statement = sa.union_all(
        sa.select(sa.literal("favourited").label("what"), favourites.c.status_id.label("status_id")).where(
            favourites.c.account_id == viewer, favourites.c.status_id.in_(ids)
        ),
        sa.select(sa.literal("bookmarked"), bookmarks.c.status_id).where(
            bookmarks.c.account_id == viewer, bookmarks.c.status_id.in_(ids)
        ),
        sa.select(sa.literal("pinned"), pins.c.status_id).where(pins.c.account_id == viewer, pins.c.status_id.in_(ids)),
        sa.select(sa.literal("reblogged"), own.reblog_of_id).where(own.account_id == viewer, own.reblog_of_id.in_(ids)),
    )
    return _grouped(conn, statement, ("favourited", "bookmarked", "pinned", "reblogged"))


def _load_relations(
    conn: Connection, viewer: AccountId, authors: Collection[AccountId]
) -> dict[str, frozenset[AccountId]]:
    statement = sa.union_all(
        sa.select(sa.literal("followed").label("what"), follows.c.target_id.label("account_id")).where(
            follows.c.account_id == viewer,
            follows.c.target_id.in_(authors),
            follows.c.state == FollowState.ACCEPTED.value,
        ),
        sa.select(sa.literal("blocked"), blocks.c.target_id).where(
            blocks.c.account_id == viewer, blocks.c.target_id.in_(authors)
        ),
        sa.select(sa.literal("blocked"), blocks.c.account_id).where(
            blocks.c.target_id == viewer, blocks.c.account_id.in_(authors)
        ),
    )
    return _grouped(conn, statement, ("followed", "blocked"))


def _grouped(conn: Connection, statement: sa.CompoundSelect[Any], names: Sequence[str]) -> dict[str, frozenset[Any]]:
    groups: dict[str, set[Any]] = {name: set() for name in names}
    for what, number in conn.execute(statement):
        groups[what].add(number)
    return {name: frozenset(group) for name, group in groups.items()}
