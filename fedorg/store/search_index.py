"""The words of statuses and who finds them: ``search_documents``, with FTS5 on SQLite and tsvector on PostgreSQL.

A document is the words of a status in the spelling of ``text.words_of``, one space between them. It lies in a table;
the index of it is made by the database: a virtual table kept by triggers, or a GIN index. Both go with the status.
Words are letters and digits alone: in either engine's query language they can be nothing but words (S41).

As at Mastodon a member finds public statuses of those who want to be found (``indexable``), and what they wrote or had
to do with: were named in, favourited, boosted, bookmarked or voted in. Nothing they may not see.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, Final, assert_never

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

# Most pages are full with the first.
LOOKED_THROUGH_FIRST: Final = 1000
LOOKED_THROUGH_MAX: Final = 20_000

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
    """Statuses for which ``query`` holds and which ``viewer`` may find, the newest first.

    Of what is much, as statuses with a common word, the ``LOOKED_THROUGH_MAX`` newest are looked through, or so many
    from where the page or the query begins; of what somebody had to do with, all.
    """
    if query.is_empty:
        return []
    number, rest = statuses.c.id, [one for one in query.wanted if not isinstance(one, Phrase | Within)]
    conditions = [
        beside(statuses.c.reblog_of_id).is_(None),
        *(_holds(viewer, one) for one in rest),
        *(sa.not_(_holds(viewer, one)) for one in query.unwanted if not isinstance(one, Phrase)),
        _is_in_scope(viewer, query.scope),
        *_is_welcome(viewer, now),
    ]
    wanted = [one.words for one in query.wanted if isinstance(one, Phrase)]
    unwanted = [one.words for one in query.unwanted if isinstance(one, Phrase)]
    is_limited = any(isinstance(one, HasProperty) and one.name in _LIMITED for one in rest) and not wanted
    if query.scope is SearchScope.LIBRARY or is_limited or (wanted and conn.dialect.name != "sqlite"):
        asked = sa.select(number).where(*_phrases(conn, number, wanted, unwanted), *conditions)
        if page.author is not None:
            asked = asked.where(statuses.c.account_id == page.author)
        return _first(conn, _within(asked, number, query, page), number, page.limit, page.offset)
    if page.author is not None:
        conditions.append(beside(statuses.c.account_id) == page.author)
    found: set[StatusId] = set()
    for candidates, column, phrases in _sources(conn, viewer, query, page):
        bounded = _within(candidates, column, query, page)
        some, are_all = _look_through(conn, bounded, column, [*phrases, *conditions], page.offset + page.limit)
        found.update(some)
        if are_all or len(some) == page.offset + page.limit:
            break
    return sorted(found, reverse=True)[page.offset : page.offset + page.limit]


def _sources(
    conn: Connection, viewer: AccountId, query: StatusQuery, page: SearchPage
) -> Iterator[tuple[sa.Select[Any], ColumnElement[Any], list[ColumnElement[bool]]]]:
    """Where to look for statuses, one after another, the column to page by, and what they have to say there."""
    wanted = [one.words for one in query.wanted if isinstance(one, Phrase)]
    unwanted = [one.words for one in query.unwanted if isinstance(one, Phrase)]
    if wanted:
        # FTS5 gives them one by one in the order of the page: a common word is not read to its end.
        expression = _expression(wanted, "AND")
        if unwanted:
            expression = f"({expression}) NOT ({_expression(unwanted, 'OR')})"
        yield sa.select(_FTS5.c.rowid).where(_matches(expression)), _FTS5.c.rowid, []
    authors = [_author_of(viewer, one) for one in query.wanted if isinstance(one, From)]
    if page.author is not None:
        authors.append(sa.literal(int(page.author)))
    listed = statuses.alias("listed")
    candidates: sa.Select[Any] = sa.select(listed.c.id)
    column: ColumnElement[Any] = listed.c.id
    if authors:
        candidates = candidates.where(listed.c.account_id == authors[0])
    elif wanted:
        return
    else:
        candidates, column = next(filter(None, map(_bearing, query.wanted)), (candidates, column))
    yield candidates, column, _phrases(conn, column, wanted, unwanted)


def _bearing(condition: Condition) -> tuple[sa.Select[Any], ColumnElement[Any]] | None:
    """The rows that a condition asks for, where there may be few of them, and the status that each belongs to."""
    match condition:
        case HasTag(name=name):
            tag = sa.select(tags.c.id).where(tags.c.name == name).scalar_subquery()
            return sa.select(status_tags.c.status_id).where(status_tags.c.tag_id == tag), status_tags.c.status_id
        case HasProperty(name=name) if name in _KEPT_IN:
            column = _KEPT_IN[name].c.status_id
            return sa.select(column).where(column.is_not(None)).distinct(), column
        case _:
            return None


def _within(
    statement: sa.Select[Any], number: ColumnElement[Any], query: StatusQuery, page: SearchPage
) -> sa.Select[Any]:
    """What lies in the time that the query names, and on the page."""
    statement = statement.where(*(_lies(number, one) for one in query.wanted if isinstance(one, Within)))
    if page.max_id is not None:
        statement = statement.where(number < page.max_id)
    if page.min_id is not None:
        statement = statement.where(number > page.min_id)
    return statement


def _look_through(
    conn: Connection,
    candidates: sa.Select[Any],
    number: ColumnElement[Any],
    conditions: Sequence[ColumnElement[bool]],
    limit: int,
) -> tuple[list[StatusId], bool]:
    """The newest that fulfil all conditions, and whether all candidates were looked through for them."""
    found: list[StatusId] = []
    for reach in (LOOKED_THROUGH_FIRST, LOOKED_THROUGH_MAX):
        edge = conn.execute(candidates.order_by(number.desc()).limit(1).offset(reach)).scalar()
        near = candidates if edge is None else candidates.where(number > edge)
        holds = sa.exists().where(statuses.c.id == number, *conditions)
        found = _first(conn, near.where(holds), number, limit)
        if edge is None or len(found) == limit:
            return found, edge is None
    return found, False


def _first(
    conn: Connection, statement: sa.Select[Any], number: ColumnElement[Any], limit: int, offset: int = 0
) -> list[StatusId]:
    ordered = statement.order_by(number.desc()).limit(limit).offset(offset)
    return [StatusId(one) for one in conn.execute(ordered).scalars()]


def _phrases(
    conn: Connection,
    number: ColumnElement[Any],
    wanted: Sequence[tuple[str, ...]],
    unwanted: Sequence[tuple[str, ...]],
) -> list[ColumnElement[bool]]:
    """That the status with a number has all wanted phrases and none of the unwanted ones."""
    if conn.dialect.name == "sqlite":
        # FTS5 begins anew for each status it is asked about; its words are looked at themselves.
        return [*(_says(number, words) for words in wanted), *(~_says(number, words) for words in unwanted)]
    held: list[ColumnElement[bool]] = []
    if wanted:
        held.append(number.in_(_matching(wanted, "AND")))
    if unwanted:
        held.append(number.not_in(_matching(unwanted, "OR")))
    return held


def _says(number: ColumnElement[Any], words: tuple[str, ...]) -> ColumnElement[bool]:
    body = sa.literal(" ") + search_documents.c.body + sa.literal(" ")
    phrase = sa.func.instr(body, f" {' '.join(words)} ") > 0
    return sa.exists().where(search_documents.c.status_id == number, phrase)


def _expression(phrases: Sequence[tuple[str, ...]], operator: str) -> str:
    return f" {operator} ".join(f'"{" ".join(words)}"' for words in phrases)


def _matches(expression: str) -> ColumnElement[bool]:
    return _FTS5.c.search_words.op("MATCH", is_comparison=True)(sa.literal(expression))


def _matching(phrases: Sequence[tuple[str, ...]], operator: str) -> sa.Select[Any]:
    vector = sa.func.to_tsvector(_SIMPLE, search_documents.c.body)
    each = [vector.op("@@")(sa.func.phraseto_tsquery(_SIMPLE, " ".join(words))) for words in phrases]
    return sa.select(search_documents.c.status_id).where(sa.and_(*each) if operator == "AND" else sa.or_(*each))


def _holds(viewer: AccountId, condition: Condition) -> ColumnElement[bool]:
    match condition:
        case Phrase():
            raise TypeError("phrases are looked up together")
        case HasTag(name=name):
            return sa.exists().where(
                status_tags.c.status_id == statuses.c.id, tags.c.id == status_tags.c.tag_id, tags.c.name == name
            )
        case From():
            return statuses.c.account_id == _author_of(viewer, condition)
        case Within():
            return _lies(statuses.c.id, condition)
        case InLanguage(code=code):
            language = sa.func.lower(sa.func.coalesce(statuses.c.language, ""))
            return sa.or_(language == code, language.startswith(f"{code}-", autoescape=True))
        case HasProperty(name=name):
            return _PROPERTIES.get(name, sa.false())
        case _:
            assert_never(condition)


def _author_of(viewer: AccountId, condition: From) -> ColumnElement[int]:
    """One account; nobody has the id 0."""
    if condition.handle is None:
        return sa.literal(int(viewer))
    author = sa.select(accounts.c.id).where(accounts.c.acct_key == condition.handle).scalar_subquery()
    return sa.func.coalesce(author, 0)


def _lies(number: ColumnElement[Any], condition: Within) -> ColumnElement[bool]:
    bounds = [] if condition.since is None else [number >= at(condition.since)]
    return sa.and_(*bounds, sa.true() if condition.until is None else number < at(condition.until))


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


# Where what has a property is listed, in the order of pages.
_KEPT_IN: Final[Mapping[str, sa.Table]] = {
    **dict.fromkeys(("media", "image", "video", "audio"), media_attachments),
    **dict.fromkeys(("link", "embed"), status_cards),
    "poll": polls,
    "quote": quotes,
}
# What goes less far than everywhere has an index of its own.
_LIMITED: Final = frozenset(f"reach:{reach}" for reach in Reach if reach is not Reach.PUBLIC)


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
