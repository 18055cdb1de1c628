"""The people of the organisation: rows of ``colleagues`` beside accounts that want to be found.

Members of this node are listed as soon as they want to be found (``discoverable``), whether or not they say where they
work; people of siblings while their own node lists them. Whose server is no sibling any more is listed no more.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy import ColumnElement, Connection, Select

from fedorg.domain.accounts import Account, ActorType
from fedorg.domain.people import Department, Person, Work
from fedorg.ids import AccountId, StatusId
from fedorg.store import accounts, domain_blocks, narrowing
from fedorg.store import peers as stored_peers
from fedorg.store.beside import beside
from fedorg.store.prefixes import begins_with
from fedorg.store.stale import Stale
from fedorg.store.tables import accounts as accounts_table
from fedorg.store.tables import blocks, colleagues, featured_tags, mutes, peers, statuses, tags
from fedorg.store.upsert import upsert

ASKED_EVERY: Final = timedelta(days=1)
# Of hashtags that begin so, in alphabetical order.
_TAGS_MAX: Final = 1000
_ACCOUNT: Final = accounts_table.c
_PEOPLE: Final = (ActorType.PERSON.value, ActorType.ORGANIZATION.value)
_DEPARTMENT: Final = sa.func.coalesce(colleagues.c.department, "")
_JOB_TITLE: Final = sa.func.coalesce(colleagues.c.job_title, "")
_JOINED: Final = accounts_table.outerjoin(colleagues, colleagues.c.account_id == _ACCOUNT.id)
_IS_HERE: Final = _ACCOUNT.domain.is_(None)
_MEMBER: Final = accounts_table.alias("member")
# Members and those whom other nodes listed at some time: they are few among all accounts.
_MAY_BE_LISTED: Final = _ACCOUNT.id.in_(
    sa.union_all(
        sa.select(_MEMBER.c.id).where(_MEMBER.c.discoverable, _MEMBER.c.domain.is_(None)),
        sa.select(colleagues.c.account_id),
    )
)
_IS_FOUND: Final = (
    _ACCOUNT.discoverable,
    _ACCOUNT.suspended_at.is_(None),
    _ACCOUNT.silenced_at.is_(None),
    _ACCOUNT.moved_to_uri.is_(None),
    _ACCOUNT.actor_type.in_(_PEOPLE),
)


def find_work(conn: Connection, account_id: AccountId) -> Work | None:
    """What an account says of its work, or its node of it."""
    row = conn.execute(sa.select(colleagues).where(colleagues.c.account_id == account_id)).one_or_none()
    if row is None:
        return None
    return Work(department=row.department, job_title=row.job_title, listed_at=row.listed_at)


def put(conn: Connection, account_id: AccountId, work: Work) -> None:
    """Write where somebody works."""
    row = {
        "account_id": account_id,
        "department": work.department,
        "job_title": work.job_title,
        "listed_at": work.listed_at,
    }
    upsert(conn, colleagues, row, key=["account_id"])


def end_listing(conn: Connection, domain: str, before: datetime) -> int:
    """Forget the people of a server that it listed last before a moment."""
    of_server = sa.select(_ACCOUNT.id).where(_ACCOUNT.peer == domain)
    gone = sa.delete(colleagues).where(colleagues.c.account_id.in_(of_server), colleagues.c.listed_at < before)
    return conn.execute(gone).rowcount


UNLISTED: Final = Stale(
    colleagues.c.account_id,
    lambda before: (
        (colleagues.c.listed_at < before)
        & sa.exists().where(_ACCOUNT.id == colleagues.c.account_id, _ACCOUNT.domain.is_not(None))
    ),
)
"""People of others that no node has listed since a moment."""


def claim_siblings(conn: Connection, now: datetime, limit: int) -> list[str]:
    """Siblings that it is time to ask for their people; each is named once in a day."""
    is_due = sa.or_(peers.c.directory_asked_at.is_(None), peers.c.directory_asked_at < now - ASKED_EVERY)
    siblings = stored_peers.list_siblings(conn)
    due = sa.select(peers.c.domain).where(peers.c.domain.in_(siblings), is_due).order_by(peers.c.domain)
    found = list(conn.execute(due.limit(limit).with_for_update(skip_locked=True)).scalars())
    conn.execute(sa.update(peers).where(peers.c.domain.in_(found)).values(directory_asked_at=now))
    return found


def list_published(conn: Connection, after: AccountId, limit: int) -> list[Person]:
    """Members that want to be found, by their ids, from after ``after`` on."""
    statement = _select().where(*_IS_FOUND, _IS_HERE, _ACCOUNT.id > after).order_by(_ACCOUNT.id).limit(limit)
    return _people(conn, statement)


def count_published(conn: Connection) -> int:
    """How many members want to be found."""
    statement = sa.select(sa.func.count()).select_from(accounts_table).where(*_IS_FOUND, _IS_HERE)
    return conn.execute(statement).scalar_one()


def search(
    conn: Connection,
    viewer: AccountId,
    now: datetime,
    words: Sequence[str],
    *,
    department: str | None,
    limit: int,
    offset: int,
) -> list[Person]:
    """Colleagues of whom each of ``words`` (lower case) is in the name, the work or a hashtag, by their names."""
    name = sa.func.lower(sa.func.coalesce(sa.func.nullif(_ACCOUNT.display_name, ""), _ACCOUNT.username))
    statement = _colleagues(conn, viewer, now).where(*(_has(word) for word in words))
    if department is not None:
        statement = statement.where(sa.func.lower(_DEPARTMENT) == department.lower())
    return _people(conn, statement.order_by(name, _ACCOUNT.acct_key).limit(limit).offset(offset))


def list_departments(conn: Connection, viewer: AccountId, now: datetime, limit: int) -> list[Department]:
    """Departments of colleagues in alphabetical order; the spelling that comes first stands for all."""
    key = sa.func.lower(_DEPARTMENT)
    counted = (
        sa.select(sa.func.min(_DEPARTMENT).label("name"), sa.func.count().label("people_count"))
        .select_from(_JOINED)
        .where(*_conditions(conn, viewer, now), _DEPARTMENT != "")
        .group_by(key)
        .order_by(key)
        .limit(limit)
    )
    return [Department(name=row.name, people_count=row.people_count) for row in conn.execute(counted)]


def list_stating(
    conn: Connection, viewer: AccountId, now: datetime, names: Collection[str], limit: int
) -> dict[AccountId, list[str]]:
    """Colleagues on whose profile stands a hashtag that begins with one of ``names`` (normalised), and which."""
    begins = sa.or_(*(begins_with(tags.c.name, name) for name in names))
    named = sa.select(tags.c.id).where(begins).order_by(tags.c.name).limit(_TAGS_MAX)
    statement = (
        sa.select(featured_tags.c.account_id, featured_tags.c.name)
        .select_from(featured_tags.join(_JOINED, _ACCOUNT.id == beside(featured_tags.c.account_id)))
        .where(featured_tags.c.tag_id.in_(named), *_is_colleague(conn, viewer, now))
        .order_by(featured_tags.c.id)
        .limit(limit)
    )
    found: defaultdict[AccountId, list[str]] = defaultdict(list)
    for row in conn.execute(statement):
        found[AccountId(row.account_id)].append(row.name)
    return found


def list_described(
    conn: Connection, viewer: AccountId, now: datetime, words: Sequence[str], limit: int
) -> list[AccountId]:
    """Colleagues of whose work or profile all of ``words`` (lower case) are said."""
    said = sa.func.lower(_DEPARTMENT + " " + _JOB_TITLE + " " + _ACCOUNT.note)
    statement = _ids(conn, viewer, now).where(*(said.contains(word, autoescape=True) for word in words))
    return [AccountId(one) for one in conn.execute(statement.order_by(_ACCOUNT.id).limit(limit)).scalars()]


def list_writers(
    conn: Connection, viewer: AccountId, now: datetime, ids: Collection[StatusId]
) -> dict[AccountId, list[StatusId]]:
    """The colleagues who wrote some of these statuses, and which, the newest first."""
    statement = (
        sa.select(beside(statuses.c.account_id).label("account_id"), statuses.c.id)
        .select_from(statuses.join(_JOINED, _ACCOUNT.id == beside(statuses.c.account_id)))
        .where(statuses.c.id.in_(ids), *_is_colleague(conn, viewer, now))
        .order_by(statuses.c.id.desc())
    )
    found: defaultdict[AccountId, list[StatusId]] = defaultdict(list)
    for row in conn.execute(statement):
        found[AccountId(row.account_id)].append(StatusId(row.id))
    return found


def list_by_ids(conn: Connection, ids: Collection[AccountId]) -> dict[AccountId, Person]:
    """The people with these ids; two queries, one more where any of them moved."""
    return {person.account.id: person for person in _people(conn, _select().where(_ACCOUNT.id.in_(ids)))}


def _has(word: str) -> ColumnElement[bool]:
    in_words = sa.func.lower(
        _ACCOUNT.acct_key + " " + _ACCOUNT.display_name + " " + _DEPARTMENT + " " + _JOB_TITLE
    ).contains(word, autoescape=True)
    in_tag = sa.exists().where(
        featured_tags.c.account_id == _ACCOUNT.id,
        tags.c.id == featured_tags.c.tag_id,
        tags.c.name.startswith(word.removeprefix("#"), autoescape=True),
    )
    return sa.or_(in_words, in_tag)


def _conditions(conn: Connection, viewer: AccountId, now: datetime) -> list[ColumnElement[bool]]:
    return [_MAY_BE_LISTED, *_is_colleague(conn, viewer, now)]


def _is_colleague(conn: Connection, viewer: AccountId, now: datetime) -> list[ColumnElement[bool]]:
    """The same without where to begin: of accounts that something else names."""
    is_listed = sa.and_(colleagues.c.account_id.is_not(None), _ACCOUNT.peer.in_(stored_peers.list_siblings(conn)))
    # Looked up once for all candidates, and not once for each of them.
    hidden = sa.union_all(
        sa.select(blocks.c.target_id).where(blocks.c.account_id == viewer),
        sa.select(blocks.c.account_id).where(blocks.c.target_id == viewer),
        sa.select(mutes.c.target_id).where(mutes.c.account_id == viewer, narrowing.is_mute_in_force(now)),
    )
    return [
        *_IS_FOUND,
        sa.or_(_IS_HERE, is_listed),
        _ACCOUNT.id.not_in(hidden),
        ~domain_blocks.shuts_out(viewer, accounts_table),
    ]


def _ids(conn: Connection, viewer: AccountId, now: datetime) -> Select[Any]:
    return sa.select(_ACCOUNT.id).select_from(_JOINED).where(*_conditions(conn, viewer, now))


def _select() -> Select[Any]:
    columns = (*accounts.COLUMNS, _DEPARTMENT.label("department"), _JOB_TITLE.label("job_title"))
    return sa.select(*columns).select_from(_JOINED)


def _colleagues(conn: Connection, viewer: AccountId, now: datetime) -> Select[Any]:
    return _select().where(*_conditions(conn, viewer, now))


def _people(conn: Connection, statement: Select[Any]) -> list[Person]:
    rows = conn.execute(statement).all()
    shown = _expertise(conn, (AccountId(row.id) for row in rows))
    found = accounts.with_moves(conn, [accounts.from_row(row) for row in rows])
    return [_person(account, row, shown) for account, row in zip(found, rows, strict=True)]


def _person(account: Account, row: sa.Row[Any], shown: dict[AccountId, list[str]]) -> Person:
    return Person(
        account=account,
        department=row.department,
        job_title=row.job_title,
        expertise=tuple(shown.get(account.id, ())),
    )


def _expertise(conn: Connection, ids: Iterable[AccountId]) -> dict[AccountId, list[str]]:
    statement = (
        sa.select(featured_tags.c.account_id, featured_tags.c.name)
        .where(featured_tags.c.account_id.in_(list(ids)))
        .order_by(featured_tags.c.id)
    )
    found: defaultdict[AccountId, list[str]] = defaultdict(list)
    for row in conn.execute(statement):
        found[AccountId(row.account_id)].append(row.name)
    return found
