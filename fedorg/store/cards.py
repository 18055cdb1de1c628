"""Rows of ``preview_cards`` and ``status_cards``: one page, one row, however many statuses link to it."""

from collections.abc import Collection, Mapping
from dataclasses import asdict, fields, replace
from datetime import datetime, timedelta
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy import Connection

from fedorg.domain.accounts import Account
from fedorg.domain.cards import CardPicture, CardType, PageFacts, PreviewCard
from fedorg.ids import AccountId, CardId, IdSource, StatusId
from fedorg.store import accounts, loose_files
from fedorg.store.gathered import Part
from fedorg.store.prepared import many
from fedorg.store.stale import Stale
from fedorg.store.tables import preview_cards, status_cards
from fedorg.store.upsert import insert_ignore, upsert

# A page is asked for once within this time, whoever links to it.
ASKED_EVERY: Final = timedelta(days=1)
_UNLINK: Final = sa.delete(status_cards).where(status_cards.c.status_id == sa.bindparam("unlinked"))
OF_STATUSES: Final = Part(
    sa.select(status_cards.c.status_id, *preview_cards.c)
    .join(preview_cards, preview_cards.c.id == status_cards.c.card_id)
    .where(status_cards.c.status_id.in_(many("ids")), preview_cards.c.title != ""),
    lambda rows: _card(rows[0]),
)
"""The card of statuses that show one, as yet without the account that wrote what it shows."""
_UNUSED: Final = Stale(
    preview_cards.c.id,
    lambda before: sa.and_(
        preview_cards.c.created_at < before,
        # What was said of it stays said.
        preview_cards.c.trendable.is_(None),
        sa.or_(preview_cards.c.asked_at.is_(None), preview_cards.c.asked_at < before),
        ~sa.exists().where(status_cards.c.card_id == preview_cards.c.id),
    ),
)
_FACTS: Final = tuple(field.name for field in fields(PageFacts) if field.name != "creator")


def link(conn: Connection, ids: IdSource, status_id: StatusId, url: str, now: datetime) -> CardId:
    """Let a status show the card of a page, which becomes a row when it is new."""
    insert_ignore(conn, preview_cards, [{"id": ids.next(), "url": url, "created_at": now}])
    card_id = CardId(conn.execute(sa.select(preview_cards.c.id).where(preview_cards.c.url == url)).scalar_one())
    upsert(conn, status_cards, {"status_id": status_id, "card_id": card_id}, key=["status_id"])
    return card_id


def unlink(conn: Connection, status_id: StatusId) -> None:
    """Let a status show no card."""
    conn.execute(_UNLINK, {"unlinked": status_id})


def claim(conn: Connection, card_id: CardId, now: datetime) -> bool:
    """Whether it is time to ask for the page (again); true for one caller only."""
    is_due = sa.or_(preview_cards.c.asked_at.is_(None), preview_cards.c.asked_at <= now - ASKED_EVERY)
    statement = sa.update(preview_cards).where(preview_cards.c.id == card_id, is_due).values(asked_at=now)
    return conn.execute(statement).rowcount == 1


def find(conn: Connection, card_id: CardId) -> PreviewCard | None:
    """A card, whether or not it is shown yet."""
    row = conn.execute(sa.select(preview_cards).where(preview_cards.c.id == card_id)).one_or_none()
    return None if row is None else _card(row)


def find_by_url(conn: Connection, url: str) -> PreviewCard | None:
    """The card of a page."""
    row = conn.execute(sa.select(preview_cards).where(preview_cards.c.url == url)).one_or_none()
    return None if row is None else _card(row)


def describe(conn: Connection, card_id: CardId, facts: PageFacts, author_id: AccountId | None) -> None:
    """Write what a page says now."""
    values = {name: value for name, value in asdict(facts).items() if name in _FACTS}
    conn.execute(
        sa.update(preview_cards)
        .where(preview_cards.c.id == card_id)
        .values({**values, "type": facts.type.value, "author_id": author_id})
    )


def set_picture(conn: Connection, card_id: CardId, picture: CardPicture | None) -> str | None:
    """Show another picture, or none; the name of the one before, whose file the caller lets go."""
    this = preview_cards.c.id == card_id
    before = conn.execute(sa.select(preview_cards.c.picture).where(this).with_for_update()).scalar_one_or_none()
    values = {
        "picture": picture and picture.name,
        "picture_of": picture and picture.source,
        "picture_width": 0 if picture is None else picture.width,
        "picture_height": 0 if picture is None else picture.height,
        "blurhash": picture and picture.blurhash,
    }
    conn.execute(sa.update(preview_cards).where(this).values(values))
    return before


def list_statuses(conn: Connection, card_id: CardId, limit: int) -> list[StatusId]:
    """The latest statuses that show a card."""
    statement = (
        sa.select(status_cards.c.status_id)
        .where(status_cards.c.card_id == card_id)
        .order_by(status_cards.c.status_id.desc())
        .limit(limit)
    )
    return [StatusId(one) for one in conn.execute(statement).scalars()]


def list_by_ids(conn: Connection, ids: Collection[CardId]) -> dict[CardId, PreviewCard]:
    """Cards that are shown."""
    statement = sa.select(preview_cards).where(preview_cards.c.id.in_(ids), preview_cards.c.title != "")
    return {card.id: card for card in with_authors(conn, [_card(row) for row in conn.execute(statement)])}


def with_authors(conn: Connection, cards: list[PreviewCard]) -> list[PreviewCard]:
    """Cards with the accounts that wrote what they show; without those that are suspended."""
    authors = {card.author_id for card in cards if card.author_id is not None}
    if not authors:
        return cards
    found = accounts.list_by_ids(conn, authors)
    return [with_author(card, found) for card in cards]


def with_author(card: PreviewCard, known: Mapping[AccountId, Account]) -> PreviewCard:
    """A card with the account that wrote what it shows, if that is known and not suspended."""
    author = None if card.author_id is None else known.get(card.author_id)
    return card if author is None or author.suspended_at is not None else replace(card, author=author)


def find_unused(conn: Connection, before: datetime, limit: int) -> list[int]:
    """The ids of up to ``limit`` cards made before a moment that no status shows any more."""
    return _UNUSED.find(conn, before, limit)


def delete_unused(conn: Connection, before: datetime, ids: Collection[int]) -> int:
    """Delete those of some cards that no status shows still; how many.

    Their pictures are loose from then on: upkeep deletes them.
    """
    unused = sa.delete(preview_cards).where(preview_cards.c.id.in_(_UNUSED.hold(conn, before, ids)))
    pictures = conn.execute(unused.returning(preview_cards.c.picture)).scalars().all()
    loose_files.hold(conn, [name for name in pictures if name is not None], before)
    return len(pictures)


def _card(row: Any) -> PreviewCard:  # noqa: ANN401 - a row or a record
    facts = {name: getattr(row, name) for name in _FACTS} | {"type": CardType(row.type)}
    return PreviewCard(
        id=CardId(row.id), url=row.url, facts=PageFacts(**facts), picture=_picture(row), author_id=row.author_id
    )


def _picture(row: Any) -> CardPicture | None:  # noqa: ANN401 - likewise
    if row.picture is None:
        return None
    return CardPicture(
        name=row.picture,
        source=row.picture_of,
        width=row.picture_width,
        height=row.picture_height,
        blurhash=row.blurhash,
    )
