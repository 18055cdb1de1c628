"""Statuses as one viewer sees them: a page and all its companions in a fixed number of queries.

Every status, every boosted and every quoted status passes ``may_see``; what fails it, or whose author is suspended
(S50), is left out, so that no reader can forget to ask. Of a quote only its state is left then (S52). What is quoted
is shown with the id of what it quotes in turn, and there it ends.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Final, TypeVar, cast

import sqlalchemy as sa
from sqlalchemy import Connection

from fedorg.domain.accounts import Account
from fedorg.domain.cards import PreviewCard
from fedorg.domain.filters import Filter, FilterMatch, match, searchable
from fedorg.domain.policies import Party, QuoteApproval, Rule, may_quote
from fedorg.domain.polls import PollView
from fedorg.domain.quotes import Quote, QuoteState
from fedorg.domain.reactions import ReactionCount
from fedorg.domain.relationships import FollowState
from fedorg.domain.statuses import (
    Application,
    MediaAttachment,
    Mention,
    QuoteView,
    Status,
    StatusView,
    Tag,
    ViewerState,
    is_pinnable,
)
from fedorg.domain.visibility import Anonymous, Keeper, Member, may_see
from fedorg.errors import NotFound
from fedorg.ids import AccountId, StatusId
from fedorg.store import (
    accounts,
    cards,
    domain_blocks,
    filters,
    media,
    narrowing,
    polls,
    quotes,
    reactions,
    statuses,
    tags,
)
from fedorg.store.gathered import Answers, Gathered, Part
from fedorg.store.prepared import many
from fedorg.store.tables import accounts as accounts_table
from fedorg.store.tables import applications, blocks, bookmarks, favourites, follows, mentions, pins, thread_mutes
from fedorg.store.tables import statuses as statuses_table
from fedorg.store.tables.columns import Moment

T = TypeVar("T")

# The page, what it quotes, what that quotes.
_QUOTES_DEEP: Final = 2
# What a client may show once its user insists.
_WITH_STATUS: Final = (QuoteState.ACCEPTED, QuoteState.MUTED_ACCOUNT, QuoteState.BLOCKED_DOMAIN)


def load_views(conn: Connection, now: datetime, viewer: AccountId | None, ids: Sequence[StatusId]) -> list[StatusView]:
    """Those of ``ids`` that ``viewer`` may see, as they stand at the moment ``now``, in the order given."""
    if not ids:
        return []
    page = _load_page(conn, now, viewer, ids)
    views = (page.view(status_id) for status_id in ids)
    return [view for view in views if view is not None]


def load_reported(conn: Connection, now: datetime, ids: Sequence[StatusId]) -> dict[StatusId, StatusView]:
    """Reported statuses for those who look after the node: of suspended accounts too, without anybody's own marks.

    Only what its reporter may see is ever kept in a report.
    """
    if not ids:
        return {}
    page = replace(_load_page(conn, now, None, ids), reported=frozenset(ids))
    return {view.status.id: view for number in ids if (view := page.view(number)) is not None}


def get_view(conn: Connection, now: datetime, viewer: AccountId | None, status_id: StatusId) -> StatusView:
    """One status; ``NotFound`` when it is absent or invisible."""
    views = load_views(conn, now, viewer, [status_id])
    if not views:
        raise NotFound
    return views[0]


def get_view_for_redraft(conn: Connection, now: datetime, author: AccountId, status_id: StatusId) -> StatusView:
    """One's own status with what it quotes, whatever the state of the quote, as far as one may see that."""
    view = get_view(conn, now, author, status_id)
    wanted = None if view.quote is None else view.quote.quote.quoted_status_id
    if view.quote is None or view.quote.quoted is not None or wanted is None:
        return view
    found = load_views(conn, now, author, [wanted])
    return replace(view, quote=replace(view.quote, quoted=found[0] if found else None))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Page:
    """Everything about the statuses of a page and those they boost and quote, by id."""

    viewer: AccountId | None
    statuses: Mapping[StatusId, Status]
    accounts: Mapping[AccountId, Account]
    media: Mapping[StatusId, tuple[MediaAttachment, ...]]
    polls: Mapping[StatusId, PollView]
    mentions: Mapping[StatusId, tuple[Mention, ...]]
    tags: Mapping[StatusId, tuple[Tag, ...]]
    applications: Mapping[int, Application]
    done: Mapping[str, frozenset[int]]
    quotes: Mapping[StatusId, Quote]
    relations: Mapping[str, frozenset[int]]
    filtered: Mapping[StatusId, tuple[FilterMatch, ...]]
    reactions: Mapping[StatusId, tuple[ReactionCount, ...]]
    cards: Mapping[StatusId, PreviewCard]
    reported: frozenset[StatusId] = frozenset()
    standings: dict[tuple[AccountId, bool], tuple[Member, Party]] = field(default_factory=dict)

    def view(self, status_id: StatusId, depth: int = 0) -> StatusView | None:
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
            card=self.cards.get(status_id),
            filtered=self.filtered.get(status_id, ()) if reblog is None else reblog.filtered,
            quote=self._quote(status_id, depth),
            quote_approval=None if reblog is not None else self._quote_approval(status),
        )

    def _quote(self, status_id: StatusId, depth: int) -> QuoteView | None:
        quote = self.quotes.get(status_id)
        if quote is None or depth == _QUOTES_DEEP:
            return None
        state, quoted = quote.state, None
        if state is QuoteState.ACCEPTED:
            state = self._shown_state(quote)
        if state in _WITH_STATUS and quote.quoted_status_id is not None:
            quoted = self.view(quote.quoted_status_id, depth + 1)
        return QuoteView(quote=quote, state=state, quoted=quoted, is_shallow=depth > 0)

    def _shown_state(self, quote: Quote) -> QuoteState:
        quoted = None if quote.quoted_status_id is None else self.statuses.get(quote.quoted_status_id)
        if quoted is None:
            return QuoteState.DELETED
        if self._may_see(quoted):
            unwanted = {"muted": QuoteState.MUTED_ACCOUNT, "shut_out": QuoteState.BLOCKED_DOMAIN}
            states = (state for relation, state in unwanted.items() if self._has(relation, quoted.account_id))
            return next(states, QuoteState.ACCEPTED)
        return QuoteState.BLOCKED_ACCOUNT if self._has("blocking", quoted.account_id) else QuoteState.UNAUTHORIZED

    def _quote_approval(self, status: Status) -> QuoteApproval:
        rule = status.quote_rule
        party = None if self.viewer is None else self._standing(self.viewer, status)[1]
        return QuoteApproval(rule=rule or Rule(), current_user=may_quote(status.audience, rule, party))

    def _standing(self, viewer: AccountId, status: Status) -> tuple[Member, Party]:
        """How the viewer stands to a status: the same for all of one author that name the viewer, or do not."""
        author, is_mentioned = status.account_id, self._is_mentioned(status)
        found = self.standings.get((author, is_mentioned))
        if found is None:
            is_blocked = self._has("blocking", author) or self._has("blocked_by", author)
            member = Member(
                is_author=author == viewer,
                is_mentioned=is_mentioned,
                follows_author=self._has("followed", author),
                is_blocked=is_blocked,
            )
            party = Party(
                uri=self.accounts[viewer].uri if viewer in self.accounts else "",
                is_author=author == viewer,
                is_mentioned=is_mentioned,
                follows_author=member.follows_author,
                is_followed=self._has("following", author),
                is_blocked=is_blocked,
            )
            found = self.standings[author, is_mentioned] = (member, party)
        return found

    def _has(self, relation: str, account_id: AccountId) -> bool:
        found = self.relations.get(relation)
        return found is not None and account_id in found

    def _is_mentioned(self, status: Status) -> bool:
        named = self.mentions.get(status.id)
        return named is not None and any(one.account_id == self.viewer for one in named)

    def _may_see(self, status: Status) -> bool:
        if status.id in self.reported:
            return may_see(status.audience, Keeper())
        if self.accounts[status.account_id].suspended_at is not None:
            return False
        if self.viewer is None:
            return may_see(status.audience, Anonymous())
        return may_see(status.audience, self._standing(self.viewer, status)[0])

    def _viewer_state(self, status: Status) -> ViewerState:
        status_id = status.reblog_of_id or status.id
        may_pin = status.account_id == self.viewer and is_pinnable(status)
        return ViewerState(
            favourited=status_id in self.done["favourited"],
            reblogged=status_id in self.done["reblogged"],
            bookmarked=status_id in self.done["bookmarked"],
            muted=self.statuses[status_id].thread_id in self.done["muted threads"],
            pinned=status_id in self.done["pinned"] if may_pin else None,
        )


def _load_page(conn: Connection, now: datetime, viewer: AccountId | None, ids: Sequence[StatusId]) -> _Page:
    answers = Answers()
    _WITH_BOOSTED.ask(conn, answers, lists={"ids": ids})
    found: dict[StatusId, Status] = {
        StatusId(one): status for one, status in answers.about(statuses.WITH_BOOSTED).items()
    }
    fresh = found
    for depth in range(_QUOTES_DEEP + 1):
        if not fresh:
            break
        _ask_about(conn, answers, now, viewer, fresh)
        quoting = answers.about(quotes.OF_STATUSES)
        wanted = {one.quoted_status_id for one in quoting.values() if one.quoted_status_id is not None} - found.keys()
        if not wanted or depth == _QUOTES_DEEP:
            break
        fresh = statuses.list_by_ids(conn, wanted)
        found = found | fresh
    return _page(conn, now, viewer, found, answers)


def _ask_about(
    conn: Connection, answers: Answers, now: datetime, viewer: AccountId | None, found: Mapping[StatusId, Status]
) -> None:
    """Everything that is shown of statuses that are found, but what they boost and quote."""
    people = {status.account_id for status in found.values()}
    programs = {status.application_id for status in found.values() if status.application_id is not None}
    lists: dict[str, Collection[int]] = {"ids": found, "people": people, "programs": programs}
    if viewer is None:
        _OF_VISITORS.ask(conn, answers, lists=lists, viewer=None)
        return
    people.add(viewer)
    lists["threads"] = {status.thread_id for status in found.values()}
    _OF_MEMBERS.ask(conn, answers, lists=lists, viewer=viewer, now=now)


def _page(
    conn: Connection, now: datetime, viewer: AccountId | None, found: Mapping[StatusId, Status], answers: Answers
) -> _Page:
    people = answers.about(accounts.BY_IDS)
    shown_cards = answers.about(cards.OF_STATUSES)
    writers = {card.author_id for card in shown_cards.values() if card.author_id is not None} - people.keys()
    known = {AccountId(one.id): one for one in accounts.with_moves(conn, list(people.values()))}
    known |= accounts.list_by_ids(conn, writers)
    chosen = answers.about(polls.CHOSEN)
    shown_polls = {
        poll.status_id: PollView(
            poll=poll,
            is_expired=poll.is_expired(now),
            is_own=found[poll.status_id].account_id == viewer,
            own_votes=None if viewer is None else chosen.get(poll.status_id, ()),
        )
        for poll in answers.about(polls.OF_STATUSES).values()
    }
    shown_media = _by_status(answers.about(media.OF_STATUSES))
    return _Page(
        viewer=viewer,
        statuses=found,
        accounts=known,
        media=shown_media,
        polls=shown_polls,
        mentions=_by_status(answers.about(_MENTIONS)),
        tags=_by_status(answers.about(tags.OF_STATUSES)),
        applications=answers.about(_APPLICATIONS),
        done={} if viewer is None else {name: answers.of(part) for name, part in _DONE.items()},
        quotes=_by_status(answers.about(quotes.OF_STATUSES)),
        relations={} if viewer is None else {name: answers.of(part) for name, part in _RELATIONS.items()},
        filtered=_filtered(viewer, found, shown_media, shown_polls, filters.of_answers(answers)),
        reactions=_by_status(answers.about(reactions.OF_STATUSES)),
        cards={StatusId(one): cards.with_author(card, known) for one, card in shown_cards.items()},
    )


def _filtered(
    viewer: AccountId | None,
    found: Mapping[StatusId, Status],
    described: Mapping[StatusId, Sequence[MediaAttachment]],
    asked: Mapping[StatusId, PollView],
    own: Collection[Filter],
) -> dict[StatusId, tuple[FilterMatch, ...]]:
    """What of the viewer's filters statuses match; a boost matches what it boosts. Nobody filters themselves."""
    if not own:
        return {}
    texts: dict[StatusId, str] = {}
    for status_id, status in found.items():
        if status.reblog_of_id is None and status.account_id != viewer:
            descriptions = [one.description for one in described.get(status_id, ())]
            options = asked[status_id].poll.options if status_id in asked else ()
            texts[status_id] = searchable(status.content, status.spoiler_text, *descriptions, *options)
    return match(own, texts)


def _by_status(found: dict[int, T]) -> Mapping[StatusId, T]:
    return cast("Mapping[StatusId, T]", found)


def _mention(row: Any) -> Mention:  # noqa: ANN401 - a record
    return Mention(
        account_id=AccountId(row.id),
        username=row.username,
        domain=row.domain,
        url=row.url,
        uri=row.uri,
        is_silent=row.silent,
    )


def _marks(statement: sa.Select[Any]) -> Part[None]:
    """Which things a statement finds, and nothing else of them."""
    return Part(statement, lambda _: None)


_viewer: Final = sa.bindparam("viewer", type_=sa.BigInteger)
_now: Final = sa.bindparam("now", type_=Moment)
_account: Final = accounts_table.c
_own: Final = statuses_table.c
_MENTIONS: Final = Part(
    sa.select(
        mentions.c.status_id,
        mentions.c.silent,
        _account.id,
        _account.username,
        _account.domain,
        _account.url,
        _account.uri,
    )
    .join(accounts_table, _account.id == mentions.c.account_id)
    .where(mentions.c.status_id.in_(many("ids"))),
    lambda rows: tuple(_mention(row) for row in sorted(rows, key=lambda row: int(row.id))),
)
_APPLICATIONS: Final = Part(
    sa.select(applications.c.id, applications.c.name, applications.c.website).where(
        applications.c.id.in_(many("programs"))
    ),
    lambda rows: Application(name=rows[0].name, website=rows[0].website),
)
_DONE: Final = {
    "favourited": _marks(
        sa.select(favourites.c.status_id).where(
            favourites.c.account_id == _viewer, favourites.c.status_id.in_(many("ids"))
        )
    ),
    "bookmarked": _marks(
        sa.select(bookmarks.c.status_id).where(
            bookmarks.c.account_id == _viewer, bookmarks.c.status_id.in_(many("ids"))
        )
    ),
    "pinned": _marks(
        sa.select(pins.c.status_id).where(pins.c.account_id == _viewer, pins.c.status_id.in_(many("ids")))
    ),
    "reblogged": _marks(
        sa.select(_own.reblog_of_id).where(_own.account_id == _viewer, _own.reblog_of_id.in_(many("ids")))
    ),
    "muted threads": _marks(
        sa.select(thread_mutes.c.thread_id).where(
            thread_mutes.c.account_id == _viewer, thread_mutes.c.thread_id.in_(many("threads"))
        )
    ),
}
_RELATIONS: Final = {
    "followed": _marks(
        sa.select(follows.c.target_id).where(
            follows.c.account_id == _viewer,
            follows.c.target_id.in_(many("people")),
            follows.c.state == FollowState.ACCEPTED.value,
        )
    ),
    "following": _marks(
        sa.select(follows.c.account_id).where(
            follows.c.target_id == _viewer,
            follows.c.account_id.in_(many("people")),
            follows.c.state == FollowState.ACCEPTED.value,
        )
    ),
    "blocking": _marks(
        sa.select(blocks.c.target_id).where(blocks.c.account_id == _viewer, blocks.c.target_id.in_(many("people")))
    ),
    "blocked_by": _marks(
        sa.select(blocks.c.account_id).where(blocks.c.target_id == _viewer, blocks.c.account_id.in_(many("people")))
    ),
    "muted": _marks(
        sa.select(_account.id).where(_account.id.in_(many("people")), narrowing.is_muted_by(_viewer, _account.id, _now))
    ),
    "shut_out": _marks(
        sa.select(_account.id).where(_account.id.in_(many("people")), domain_blocks.shuts_out(_viewer, accounts_table))
    ),
}
_WITH_BOOSTED: Final = Gathered(statuses.WITH_BOOSTED)
_FOR_ALL: Final = (
    accounts.BY_IDS,
    media.OF_STATUSES,
    polls.OF_STATUSES,
    _MENTIONS,
    tags.OF_STATUSES,
    _APPLICATIONS,
    quotes.OF_STATUSES,
    reactions.OF_STATUSES,
    cards.OF_STATUSES,
)
_OF_VISITORS: Final = Gathered(*_FOR_ALL)
_OF_MEMBERS: Final = Gathered(*_FOR_ALL, polls.CHOSEN, *filters.IN_FORCE, *_DONE.values(), *_RELATIONS.values())
