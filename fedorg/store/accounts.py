"""Rows of ``accounts``: public actors of this node and of others.

``COLUMNS`` and ``from_row`` are what other stores join and read accounts with. The counts and ``last_status_at`` are
written by the stores that cause them, the standing (suspended, deleted, limited, marked as sensitive) by functions of
its own, neither ever by ``update``: so that a profile edit undoes neither a follow nor what moderators decided.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import fields, replace
from datetime import datetime
from typing import Any, Final

import msgspec
import sqlalchemy as sa
from sqlalchemy import Column, ColumnElement, Connection

from fedorg.domain.accounts import Account, AccountKey, ActorType, Emoji, Field, keep_verified
from fedorg.domain.pages import Listed
from fedorg.domain.relationships import FollowState
from fedorg.domain.statuses import PageQuery
from fedorg.errors import NotFound
from fedorg.ids import AccountId
from fedorg.store import names, paging, peers
from fedorg.store.gathered import Answers, Gathered, Part
from fedorg.store.prepared import Prepared, many
from fedorg.store.tables import account_keys, accounts, follows
from fedorg.store.upsert import insert_ignore
from fedorg.store.written import Written

COLUMNS: Final = tuple(accounts.c[field.name] for field in fields(Account) if field.name != "moved_to")

_COUNTED: Final = frozenset({"followers_count", "following_count", "statuses_count", "last_status_at"})
_STANDING: Final = frozenset(
    {"suspended_at", "suspended_remotely", "deleted_at", "silenced_at", "sensitized_at", "media_rejected"}
)
# What a new fetch of a remote actor never changes: our id, when we met, what was decided here.
_KEPT: Final = _COUNTED | _STANDING | {"id", "uri", "created_at", "memorial", "moved_at"}
_BY_ID: Final = sa.select(*COLUMNS).where(accounts.c.id == sa.bindparam("id"))
_BY_URI: Final = sa.select(*COLUMNS).where(accounts.c.uri == sa.bindparam("uri"))
# As an UPDATE locks the row: what refers to the account can still be written.
_LOCK_BY_ID: Final = Prepared(_BY_ID.with_for_update(key_share=True))
_LOCK_BY_URI: Final = Prepared(_BY_URI.with_for_update(key_share=True))
_HOLD: Final = Prepared(
    sa.select(accounts.c.id).where(accounts.c.id == sa.bindparam("id")).with_for_update(key_share=True)
)
_BY_ACCT: Final = Prepared(sa.select(*COLUMNS).where(accounts.c.acct_key == sa.bindparam("acct_key")))
_BY_URIS: Final = sa.select(*COLUMNS).where(accounts.c.uri.in_(sa.bindparam("uris", expanding=True)))
BY_IDS: Final = Part(
    sa.select(accounts.c.id.label("which"), *COLUMNS).where(accounts.c.id.in_(many("people"))),
    lambda rows: from_values(rows[0]._asdict()),
)
"""Accounts, without where they moved."""
_BY_IDS: Final = Gathered(BY_IDS)
_BY_URI_ALONE: Final = Prepared(_BY_URI)
_NAMES: Final = tuple(column.name for column in COLUMNS)
_KEY_NAMES: Final = tuple(column.name for column in account_keys.columns)
_FORGET_KEYS: Final = Written(sa.delete(account_keys).where(account_keys.c.account_id == sa.bindparam("holder")))
_RELEASE: Final = Written(
    sa.update(accounts)
    .where(
        accounts.c.acct_key == sa.bindparam("taken"),
        accounts.c.uri != sa.bindparam("owner"),
        accounts.c.domain.is_not(None),
    )
    # An address is no handle, so that this spelling is free for ever.
    .values(acct_key=accounts.c.uri)
    .returning(accounts.c.id)
)


def from_row(row: sa.Row[Any]) -> Account:
    """The account in a row that holds ``COLUMNS`` under their own names."""
    return from_values({column.name: row._mapping[column] for column in COLUMNS})  # noqa: SLF001 - SQLAlchemy's public name


def from_records(records: Sequence[Any]) -> list[Account]:
    """The accounts in records of a prepared statement that selects ``COLUMNS``."""
    return [from_values(dict(zip(_NAMES, record, strict=True))) for record in records]


def from_values(values: dict[str, Any]) -> Account:
    """The account whose columns hold ``values``, as the database gave them."""
    return Account(
        **values
        | {
            "actor_type": ActorType(values["actor_type"]),
            "fields": tuple(_field(one) for one in values["fields"]),
            "emojis": tuple(Emoji(**one) for one in values["emojis"]),
            "also_known_as": tuple(values["also_known_as"]),
            "attribution_domains": tuple(values["attribution_domains"] or ()),
        }
    )


def acct_key(username: str, domain: str | None) -> str:
    """The one spelling under which a handle is unique (S7)."""
    return username.lower() if domain is None else f"{username.lower()}@{domain.lower()}"


def insert(conn: Connection, account: Account) -> None:
    """Add an account; a taken handle or identity raises ``IntegrityError``."""
    values = _values(account)
    conn.execute(sa.insert(accounts), values)
    names.add(conn, account, values["acct_key"])


def update(conn: Connection, account: Account) -> None:
    """Write everything about an account but its standing, its counts and ``last_status_at``.

    Whoever changes what they read has read it by ``get_for_update``.
    """
    values = {name: value for name, value in _values(account).items() if name not in _COUNTED | _STANDING | {"id"}}
    conn.execute(sa.update(accounts).where(accounts.c.id == sa.bindparam("this")), values | {"this": account.id})
    names.put(conn, account, values["acct_key"])


def set_standing(conn: Connection, account_id: AccountId, /, **standing: datetime | bool | None) -> None:
    """Write how an account stands; ``standing`` holds columns by their names."""
    unknown = standing.keys() - _STANDING
    assert not unknown, f"{unknown} are no standing"
    conn.execute(sa.update(accounts).where(accounts.c.id == account_id).values(**standing))


def suspend_remotely(conn: Connection, account_id: AccountId, now: datetime) -> None:
    """Suspend an account by the word of its own server; nothing happens to one that is suspended already."""
    conn.execute(
        sa.update(accounts)
        .where(accounts.c.id == account_id, accounts.c.suspended_at.is_(None))
        .values(suspended_at=now, suspended_remotely=True)
    )


def open_waiting(conn: Connection, account_id: AccountId) -> None:
    """Show an account that was closed since it was made, and for no other reason."""
    conn.execute(
        sa.update(accounts)
        .where(accounts.c.id == account_id, accounts.c.suspended_at == accounts.c.created_at)
        .values(suspended_at=None)
    )


def find(conn: Connection, account_id: AccountId) -> Account | None:
    """The account with an id; None when it was removed."""
    return list_by_ids(conn, [account_id]).get(account_id)


def get(conn: Connection, account_id: AccountId) -> Account:
    """The same; ``NotFound`` when there is none."""
    found = find(conn, account_id)
    if found is None:
        raise NotFound
    return found


def find_for_update(conn: Connection, account_id: AccountId) -> Account | None:
    """As ``find``, and nobody else changes it before this transaction ends."""
    return next(iter(with_moves(conn, from_records(_LOCK_BY_ID.rows(conn, id=account_id)))), None)


def get_for_update(conn: Connection, account_id: AccountId) -> Account:
    """The same; ``NotFound`` when there is none."""
    found = find_for_update(conn, account_id)
    if found is None:
        raise NotFound
    return found


def hold(conn: Connection, account_id: AccountId) -> None:
    """Nobody else who asks so changes or counts what belongs to an account before this transaction ends.

    SQLite has one writer at a time.
    """
    if conn.dialect.name == "postgresql":
        _HOLD.rows(conn, id=account_id)


def find_by_uri(conn: Connection, uri: str) -> Account | None:
    """The account with an identity."""
    found = from_records(_BY_URI_ALONE.rows(conn, uri=uri))
    return with_moves(conn, found)[0] if found else None


def find_node_actor(conn: Connection) -> Account | None:
    """The actor that speaks for this node, whatever its name."""
    is_ours = (accounts.c.domain.is_(None), accounts.c.actor_type == ActorType.APPLICATION.value)
    row = conn.execute(sa.select(*COLUMNS).where(*is_ours).limit(1)).one_or_none()
    return None if row is None else from_row(row)


def list_by_uris(conn: Connection, uris: Collection[str]) -> dict[str, Account]:
    """The accounts that exist among those with these identities, in one query; one more when any of them moved."""
    if not uris:
        return {}
    rows = conn.execute(_BY_URIS, {"uris": sorted(set(uris))})
    return {account.uri: account for account in with_moves(conn, [from_row(row) for row in rows])}


def find_by_acct(conn: Connection, username: str, domain: str | None) -> Account | None:
    """The account with a handle, in any case of letters; ``domain`` None means of this node."""
    found = from_records(_BY_ACCT.rows(conn, acct_key=acct_key(username, domain)))
    # What somebody asks for as a name here may be the whole handle, or the identity, of somebody elsewhere.
    mine = [one for one in found if (one.domain is None) == (domain is None)]
    return with_moves(conn, mine)[0] if mine else None


def list_by_ids(conn: Connection, ids: Collection[AccountId]) -> dict[AccountId, Account]:
    """The accounts that exist among ``ids``, in one query; one more when any of them moved."""
    if not ids:
        return {}
    answers = Answers()
    _BY_IDS.ask(conn, answers, lists={"people": set(ids)})
    return {account.id: account for account in with_moves(conn, [*answers.about(BY_IDS).values()])}


def with_moves(conn: Connection, found: Sequence[Account]) -> list[Account]:
    """The accounts with where they moved, for those whose new account is known here and names them as an alias."""
    moved = {account.moved_to_uri for account in found if account.moved_to_uri is not None}
    if not moved:
        return list(found)
    rows = conn.execute(sa.select(*COLUMNS).where(accounts.c.uri.in_(moved), accounts.c.suspended_at.is_(None)))
    targets = {target.uri: target for target in map(from_row, rows)}
    return [_with_move(account, targets.get(account.moved_to_uri or "")) for account in found]


def record_remote(conn: Connection, account: Account, keys: tuple[AccountKey, ...]) -> tuple[Account | None, Account]:
    """Write what a peer says of one of its accounts: the account as it was, if it was known, and as it now stands.

    A known identity keeps our id, counts and decisions; one that is suspended here, or left, stays as it is. The keys
    given replace the ones before. A handle belongs to the actor its server names now: an older actor under the same
    handle keeps its rows and loses the handle. One that is new stands as its server does.
    """
    known = _find_by_uri_for_update(conn, account.uri)
    if known is None:
        account = _as_its_server_stands(conn, account)
        _release_handle(conn, account)
        # Whoever meets it at this moment too may be faster, and is then waited for.
        values = _values(account)
        if insert_ignore(conn, accounts, [values]):
            names.add(conn, account, values["acct_key"])
        else:
            known = _find_by_uri_for_update(conn, account.uri)
            if known is None:
                # It is in nobody's way but that of a handle: then the error says so.
                insert(conn, account)
    if known is not None and known.is_barred:
        return known, known
    current = account
    if known is not None:
        _release_handle(conn, account)
        kept = {name: getattr(known, name) for name in _KEPT}
        current = replace(account, **kept, fields=keep_verified(known.fields, account.fields))
        update(conn, current)
        if known.suspended_remotely:
            # Its server shows it again.
            suspended_at = _as_its_server_stands(conn, current).suspended_at
            current = replace(current, suspended_at=suspended_at, suspended_remotely=False)
            set_standing(conn, current.id, suspended_at=suspended_at, suspended_remotely=False)
        _FORGET_KEYS.run(conn, {"holder": current.id})
    # A key that another account holds already stays with it.
    insert_ignore(conn, account_keys, [key_values(replace(key, account_id=current.id)) for key in keys])
    return known, current


def set_fields(conn: Connection, account_id: AccountId, fields: tuple[Field, ...]) -> None:
    """Write the fields of a profile and nothing else of it."""
    stored = [_stored_field(one) for one in fields]
    conn.execute(sa.update(accounts).where(accounts.c.id == account_id).values(fields=stored))


def key_values(key: AccountKey) -> dict[str, Any]:
    """The columns of a row of ``account_keys``."""
    return {name: getattr(key, name) for name in _KEY_NAMES} | {"algorithm": key.algorithm.value}


def set_counts(conn: Connection, account_id: AccountId, counts: Mapping[str, int]) -> None:
    """Write numbers of an account as its own server tells them; ``counts`` holds columns by their names."""
    unknown = counts.keys() - _COUNTED
    assert not unknown, f"{unknown} are no counts"
    conn.execute(sa.update(accounts).where(accounts.c.id == account_id).values(**counts))


def count_follow_requests(conn: Connection, account_id: AccountId) -> int:
    """How many follows of an account wait for its answer."""
    statement = sa.select(sa.func.count()).where(
        follows.c.target_id == account_id, follows.c.state == FollowState.PENDING.value
    )
    return conn.execute(statement).scalar_one()


def list_page(
    conn: Connection, row_id: Column[int], account_id: Column[int], is_wanted: ColumnElement[bool], page: PageQuery
) -> list[Listed[Account]]:
    """The accounts, but for suspended ones, that ``account_id`` names in rows of another table, and where they moved.

    ``row_id`` is what the pages of that table count in.
    """
    statement = (
        sa.select(*COLUMNS, row_id.label("row_id"))
        .join(row_id.table, account_id == accounts.c.id)
        .where(is_wanted, accounts.c.suspended_at.is_(None))
    )
    rows = paging.rows_of(conn, statement, row_id, page)
    found = with_moves(conn, [from_row(row) for row in rows])
    return [Listed(row_id=row.row_id, item=account) for row, account in zip(rows, found, strict=True)]


def _find_by_uri_for_update(conn: Connection, uri: str) -> Account | None:
    return next(iter(from_records(_LOCK_BY_URI.rows(conn, uri=uri))), None)


def _as_its_server_stands(conn: Connection, account: Account) -> Account:
    peers.hold_rules(conn)
    standing = peers.standing_of(conn, account.peer, account.domain)
    return replace(
        account,
        suspended_at=standing.suspended_at,
        silenced_at=standing.silenced_at,
        media_rejected=standing.reject_media,
    )


def _with_move(account: Account, target: Account | None) -> Account:
    is_confirmed = target is not None and account.uri in target.also_known_as
    return replace(account, moved_to=target) if is_confirmed else account


def _release_handle(conn: Connection, account: Account) -> None:
    for released in _RELEASE.told(conn, {"taken": acct_key(account.username, account.domain), "owner": account.uri}):
        former = get(conn, AccountId(released))
        names.put(conn, former, former.uri)


def _values(account: Account) -> dict[str, Any]:
    values = {name: getattr(account, name) for name in (column.name for column in COLUMNS)}
    return values | {
        "actor_type": account.actor_type.value,
        "acct_key": acct_key(account.username, account.domain),
        "peer": account.peer,
        "fields": [_stored_field(one) for one in account.fields],
        "emojis": [msgspec.to_builtins(one) for one in account.emojis],
        "also_known_as": list(account.also_known_as),
        "attribution_domains": list(account.attribution_domains),
    }


def _stored_field(one: Field) -> dict[str, str | None]:
    verified_at = one.verified_at.isoformat() if one.verified_at else None
    return {"name": one.name, "value": one.value, "source": one.source, "verified_at": verified_at}


def _field(stored: dict[str, str | None]) -> Field:
    verified_at = stored["verified_at"]
    return Field(
        name=stored["name"] or "",
        value=stored["value"] or "",
        source=stored["source"] or "",
        verified_at=datetime.fromisoformat(verified_at) if verified_at else None,
    )
