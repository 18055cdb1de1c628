"""The words of statuses and who finds them: ``search_documents``, with FTS5 on SQLite and tsvector on PostgreSQL.

A document is the words of a status in the spelling of ``text.words_of``, one space between them. It lies in a table;
the index of it is made by the database: a virtual table kept by triggers, or a GIN index. Both go with the status.
Words are letters and digits alone: in either engine's query language they can be nothing but words (S41).

As at Mastodon a member finds public statuses of those who want to be found (``indexable``), and what they wrote or had
to do with: were named in, favourited, boosted, bookmarked or voted in. Nothing they may not see.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final, assert_never, cast

import sqlalchemy as sa
from sqlalchemy import ColumnElement, Connection

from fedorg.domain.quotes import QuoteState
from fedorg.domain.relationships import FollowState
from fedorg.domain.search import (
    Condition,
    From,
    HasProperty,
    HasTag,
    InLanguage,
    Phrase,
    SearchPage,
    SearchScope,
    StatusQuery,
    Within,
)
from fedorg.domain.statuses import MediaType, Status
from fedorg.domain.visibility import Reach, Visibility
from fedorg.ids import AccountId, StatusId, at
from fedorg.store import domain_blocks, narrowing
from fedorg.store.beside import beside
from fedorg.store.statuses import COLUMNS, from_row
from fedorg.store.tables import (
    accounts,
    bookmarks,
    favourites,
    follows,
    media_attachments,
    mentions,
    poll_votes,
    polls,
    preview_cards,
    quotes,
    search_documents,
    status_cards,
    status_tags,
    statuses,
    tags,
)
from fedorg.store.upsert import upsert

_FTS5: Final = sa.table("search_words", sa.column("rowid"), sa.column("search_words"))
_SIMPLE: Final[ColumnElement[Any]] = sa.literal_column("'simple'::regconfig")


def put(conn: Connection, status_id: StatusId, words: Sequence[str]) -> None:
    """Make the words of a status the ones it is found by."""
    upsert(conn, search_documents, {"status_id": status_id, "body": " ".join(words)}, key=["status_id"])


def list_before(conn: Connection, before: StatusId | None, limit: int) -> list[Status]:
    """Statuses without boosts, the newest first, older than ``before``."""
    statement = sa.select(*COLUMNS).where(beside(statuses.c.reblog_of_id).is_(None))
    if before is not None:
        statement = statement.where(statuses.c.id < before)
    rows = conn.execute(statement.order_by(statuses.c.id.desc()).limit(limit))
    return [from_row(row) for row in rows]


def search(conn: Connection, viewer: AccountId, now: datetime, query: StatusQuery, page: SearchPage) -> list[StatusId]:
    """Statuses for which ``query`` holds and which ``viewer`` may find, the newest first."""
    if query.is_empty:
        return []
    statement, number = _matching_phrases(conn.dialect.name, query)
    statement = statement.where(
        beside(statuses.c.reblog_of_id).is_(None),
        *(_holds(viewer, one, number) for one in query.wanted if not isinstance(one, Phrase)),
        *(sa.not_(_holds(viewer, one, number)) for one in query.unwanted if not isinstance(one, Phrase)),
        _is_in_scope(viewer, query.scope),
        *_is_welcome(viewer, now),
    )
    if page.author is not None:
        statement = statement.where(statuses.c.account_id == page.author)
    if page.max_id is not None:
        statement = statement.where(number < page.max_id)
    if page.min_id is not None:
        statement = statement.where(number > page.min_id)
    statement = statement.order_by(number.desc()).limit(page.limit).offset(page.offset)
    return [StatusId(one) for one in conn.execute(statement).scalars()]


def _matching_phrases(dialect: str, query: StatusQuery) -> tuple[sa.Select[Any], ColumnElement[int]]:
    """Statuses with all wanted phrases and none of the unwanted ones, and the column to page by."""
    wanted = [one.words for one in query.wanted if isinstance(one, Phrase)]
    unwanted = [one.words for one in query.unwanted if isinstance(one, Phrase)]
    statement, number = sa.select(statuses.c.id), cast("ColumnElement[int]", statuses.c.id)
    if wanted and dialect == "sqlite":
        # FTS5 gives them one by one in the order of the page: a common word is not read to its end.
        number = _FTS5.c.rowid
        expression = _expression(wanted, "AND")
        if unwanted:
            expression = f"({expression}) NOT ({_expression(unwanted, 'OR')})"
        return statement.join(_FTS5, number == statuses.c.id).where(_matches(expression)), number
    if wanted:
        statement = statement.where(statuses.c.id.in_(_matching(dialect, wanted, "AND")))
    if unwanted:
        statement = statement.where(statuses.c.id.not_in(_matching(dialect, unwanted, "OR")))
    return statement, number


def _expression(phrases: Sequence[tuple[str, ...]], operator: str) -> str:
    return f" {operator} ".join(f'"{" ".join(words)}"' for words in phrases)


def _matches(expression: str) -> ColumnElement[bool]:
    return _FTS5.c.search_words.op("MATCH", is_comparison=True)(sa.literal(expression))


def _matching(dialect: str, phrases: Sequence[tuple[str, ...]], operator: str) -> sa.Select[Any]:
    if dialect == "sqlite":
        return sa.select(_FTS5.c.rowid).where(_matches(_expression(phrases, operator)))
    vector = sa.func.to_tsvector(_SIMPLE, search_documents.c.body)
    each = [vector.op("@@")(sa.func.phraseto_tsquery(_SIMPLE, " ".join(words))) for words in phrases]
    return sa.select(search_documents.c.status_id).where(sa.and_(*each) if operator == "AND" else sa.or_(*each))


def _holds(viewer: AccountId, condition: Condition, number: ColumnElement[int]) -> ColumnElement[bool]:
    """``number`` is the id of the status where its index is the one in use."""
    match condition:
        case Phrase():
            raise TypeError("phrases are looked up together")
        case HasTag(name=name):
            return sa.exists().where(
                status_tags.c.status_id == statuses.c.id, tags.c.id == status_tags.c.tag_id, tags.c.name == name
            )
        case From(handle=None):
            return statuses.c.account_id == viewer
        case From(handle=handle):
            # One account, whose statuses have an index in the order of the page; nobody has the id 0.
            author = sa.select(accounts.c.id).where(accounts.c.acct_key == handle).scalar_subquery()
            return statuses.c.account_id == sa.func.coalesce(author, 0)
        case Within(since=since, until=until):
            bounds = [] if since is None else [number >= at(since)]
            return sa.and_(*bounds, sa.true() if until is None else number < at(until))
        case InLanguage(code=code):
            language = sa.func.lower(sa.func.coalesce(statuses.c.language, ""))
            return sa.or_(language == code, language.startswith(f"{code}-", autoescape=True))
        case HasProperty(name=name):
            return _PROPERTIES.get(name, sa.false())
        case _:
            assert_never(condition)


def _has_media(*kinds: MediaType) -> ColumnElement[bool]:
    return narrowing.shows_media(media_attachments.c.type.in_([kind.value for kind in kinds]))


def _has_card(*conditions: ColumnElement[bool]) -> ColumnElement[bool]:
    return sa.exists().where(
        status_cards.c.status_id == statuses.c.id,
        preview_cards.c.id == status_cards.c.card_id,
        preview_cards.c.title != "",
        *conditions,
    )


_PROPERTIES: Final[Mapping[str, ColumnElement[bool]]] = {
    "media": _has_media(*MediaType),
    "image": _has_media(MediaType.IMAGE),
    "video": _has_media(MediaType.VIDEO, MediaType.GIFV),
    "audio": _has_media(MediaType.AUDIO),
    "poll": sa.exists().where(polls.c.status_id == statuses.c.id),
    "link": _has_card(),
    "embed": _has_card(preview_cards.c.embed_url != ""),
    "quote": sa.exists().where(quotes.c.status_id == statuses.c.id, quotes.c.state == QuoteState.ACCEPTED.value),
    "reply": statuses.c.in_reply_to_uri.is_not(None),
    "sensitive": statuses.c.sensitive,
    **{f"reach:{reach}": narrowing.goes_to(reach) for reach in Reach},
}


def _is_in_scope(viewer: AccountId, scope: SearchScope) -> ColumnElement[bool]:
    match scope:
        case SearchScope.ALL:
            return sa.or_(_is_in_library(viewer), _is_findable())
        case SearchScope.LIBRARY:
            return statuses.c.id.in_(_library(viewer))
        case SearchScope.PUBLIC:
            return _is_findable()
        case _:
            assert_never(scope)


def _is_findable() -> ColumnElement[bool]:
    """Public, of somebody who wants to be found."""
    wants_it = sa.exists().where(accounts.c.id == statuses.c.account_id, accounts.c.indexable)
    return sa.and_(statuses.c.visibility == Visibility.PUBLIC.value, wants_it)


def _is_in_library(viewer: AccountId) -> ColumnElement[bool]:
    """What the viewer wrote, was named in, favourited, boosted, bookmarked or voted in."""
    boost = statuses.alias("boost")
    return sa.or_(
        statuses.c.account_id == viewer,
        *(
            sa.exists().where(table.c.status_id == statuses.c.id, table.c.account_id == viewer)
            for table in (mentions, favourites, bookmarks)
        ),
        sa.exists().where(boost.c.reblog_of_id == statuses.c.id, boost.c.account_id == viewer),
        sa.exists().where(
            polls.c.status_id == statuses.c.id, poll_votes.c.poll_id == polls.c.id, poll_votes.c.account_id == viewer
        ),
    )


def _library(viewer: AccountId) -> sa.CompoundSelect[Any]:
    """The same, from what the viewer did: where nothing else is looked at, it is much less than all statuses."""
    own, boost = statuses.alias("own"), statuses.alias("boost")
    return sa.union(
        sa.select(own.c.id).where(own.c.account_id == viewer),
        *(
            sa.select(table.c.status_id).where(table.c.account_id == viewer)
            for table in (mentions, favourites, bookmarks)
        ),
        sa.select(boost.c.reblog_of_id).where(boost.c.account_id == viewer, boost.c.reblog_of_id.is_not(None)),
        sa.select(polls.c.status_id)
        .join(poll_votes, poll_votes.c.poll_id == polls.c.id)
        .where(poll_votes.c.account_id == viewer),
    )


def _is_welcome(viewer: AccountId, now: datetime) -> list[ColumnElement[bool]]:
    """Visible, and of nobody whom the viewer or, for those who do not follow them, this node shut out."""
    author = statuses.c.account_id
    is_known = sa.or_(
        author == viewer,
        sa.exists().where(
            follows.c.account_id == viewer,
            follows.c.target_id == author,
            follows.c.state == FollowState.ACCEPTED.value,
        ),
    )
    is_silenced = sa.exists().where(accounts.c.id == author, accounts.c.silenced_at.is_not(None))
    is_suspended = sa.exists().where(accounts.c.id == author, accounts.c.suspended_at.is_not(None))
    return [
        narrowing.visible_to(viewer),
        ~is_suspended,
        sa.or_(is_known, ~is_silenced),
        ~narrowing.is_muted_by(viewer, author, now),
        ~domain_blocks.is_shut_out(viewer, author),
    ]
