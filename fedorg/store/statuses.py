"""Rows of ``statuses`` and what hangs on them: mentions, versions, tombstones, counts.

Counts are kept as Mastodon keeps them: an account's statuses without direct ones, replies that are public or unlisted.
They move in the transaction that moves what they count, once, because the row they count is unique.

Of a status that is gone a row may stay for a while, until what refers to it is taken away: it says nothing of what the
status was, and nobody finds it but whoever does that.
"""

from collections.abc import Callable, Collection
from dataclasses import fields, replace
from datetime import datetime
from functools import cache
from typing import Any, Final

import msgspec
import sqlalchemy as sa
from sqlalchemy import Column, ColumnElement, Connection

from fedorg.domain.accounts import Emoji
from fedorg.domain.policies import InteractionPolicy, QuotePolicy
from fedorg.domain.statuses import Status
from fedorg.domain.visibility import Audience, Reach, Visibility, within
from fedorg.errors import Conflict, NotFound
from fedorg.ids import AccountId, StatusId
from fedorg.store import conversations, domain_names, thread_mutes
from fedorg.store.beside import beside
from fedorg.store.digests import shortened
from fedorg.store.gathered import Answers, Gathered, Part
from fedorg.store.prepared import Prepared, many
from fedorg.store.tables import accounts, idempotency_keys, mentions, pins, statuses, tombstones
from fedorg.store.upsert import insert_ignore
from fedorg.store.written import Written

COLUMNS: Final = tuple(column for column in statuses.c if column.name not in ("is_local", "is_untold", "is_gone"))

_SHAPED: Final = ("audience", "emojis", "quote_policy", "interaction_policy")
_PLAIN: Final = tuple(field.name for field in fields(Status) if field.name not in _SHAPED)
_IS_THERE: Final = statuses.c.is_gone.is_(sa.false())
_BY_URI: Final = Prepared(sa.select(*COLUMNS).where(statuses.c.uri == sa.bindparam("uri"), _IS_THERE))
_LOCK_BY_URI: Final = Prepared(
    # As an UPDATE locks the row: what refers to the status can still be written.
    sa.select(*COLUMNS).where(statuses.c.uri == sa.bindparam("uri"), _IS_THERE).with_for_update(key_share=True)
)
_BY_PAGE: Final = Prepared(
    # As its index is, which is one of those whose page is not their identity.
    sa.select(*COLUMNS)
    .where(statuses.c.url == sa.bindparam("url"), statuses.c.url != statuses.c.uri, _IS_THERE)
    .limit(1)
)
_IS_BURIED: Final = Prepared(
    sa.select(
        sa.exists()
        .where(sa.or_(tombstones.c.uri == sa.bindparam("uri"), tombstones.c.uri == sa.bindparam("word")))
        .label("is_buried")
    )
)
_WAITING: Final = Prepared(
    sa.select(*COLUMNS)
    .where(statuses.c.in_reply_to_uri == sa.bindparam("uri"), beside(statuses.c.in_reply_to_id).is_(None))
    .order_by(statuses.c.id)
    .with_for_update()
)
_NAMES: Final = tuple(column.name for column in COLUMNS)
BY_IDS: Final = Part(
    sa.select(statuses.c.id.label("which"), *COLUMNS).where(statuses.c.id.in_(many("ids")), _IS_THERE),
    lambda rows: _from_values(rows[0]._asdict()),
)
"""Statuses, whoever may see them."""
_BY_IDS: Final = Gathered(BY_IDS)
_NAMED: Final = statuses.alias("named")
# One list of ids: for either of two, PostgreSQL would walk the table.
WITH_BOOSTED: Final = Part(
    sa.select(statuses.c.id.label("which"), *COLUMNS).where(
        statuses.c.id.in_(
            sa.union_all(
                sa.select(_NAMED.c.id).where(_NAMED.c.id.in_(many("ids"))),
                sa.select(_NAMED.c.reblog_of_id).where(
                    _NAMED.c.id.in_(many("ids")), _NAMED.c.reblog_of_id.is_not(None)
                ),
            )
        ),
        _IS_THERE,
    ),
    lambda rows: _from_values(rows[0]._asdict()),
)
"""Likewise, with those that they boost."""
_INSERT: Final = Written(sa.insert(statuses))
_IS_UNTOLD: Final = Prepared(sa.select(statuses.c.is_untold).where(statuses.c.id == sa.bindparam("status_id")))
_ROW: Final = sa.select(statuses.c.id).where(statuses.c.id == sa.bindparam("status_id"))
_HOLD_ROW: Final = Prepared(_ROW.with_for_update(read=True, key_share=True))
_HOLD: Final = Prepared(_ROW.where(_IS_THERE).with_for_update(read=True, key_share=True))
_TAKE: Final = Prepared(_ROW.where(_IS_THERE).with_for_update())
_TAKE_GONE: Final = Prepared(_ROW.where(statuses.c.is_gone).with_for_update())
_MENTIONED: Final = Prepared(sa.select(mentions.c.account_id).where(mentions.c.status_id == sa.bindparam("status_id")))
_LAST_STATUS_AT: Final = accounts.c.last_status_at
_moment: Final = sa.bindparam("moment", type_=_LAST_STATUS_AT.type)
_IS_LATER: Final = sa.or_(_LAST_STATUS_AT.is_(None), _moment > _LAST_STATUS_AT)
_NOTE_ACTIVITY: Final = Written(
    sa.update(accounts).where(accounts.c.id == sa.bindparam("row_id"), _IS_LATER).values(last_status_at=_moment)
)
_COUNT_NEW: Final = Written(
    sa.update(accounts)
    .where(accounts.c.id == sa.bindparam("row_id"))
    .values(
        statuses_count=accounts.c.statuses_count + 1,
        last_status_at=sa.case((_IS_LATER, _moment), else_=_LAST_STATUS_AT),
    )
)
# For nobody to see, also by conditions that know nothing of what is gone.
_NOTHING: Final = {
    "is_gone": True,
    "visibility": Visibility.DIRECT.value,
    "reach": Reach.NODE.value,
    "reach_domain": None,
    "reach_partners": None,
    "text": "",
    "content": "",
    "spoiler_text": "",
    "in_reply_to_id": None,
    "in_reply_to_account_id": None,
    "in_reply_to_uri": None,
    "thread_id": statuses.c.id,
    "context_uri": None,
    "context_history_uri": None,
    "replies_uri": None,
    "reblog_of_id": None,
    "application_id": None,
    "emojis": [],
    "is_local": False,
    "is_untold": False,
}
_TRIES: Final = 8
_COUNTED_REPLIES: Final = (Visibility.PUBLIC, Visibility.UNLISTED)


def from_row(row: sa.Row[Any]) -> Status:
    """The status in a row that holds ``COLUMNS`` under their own names."""
    return _from_values({column.name: row._mapping[column] for column in COLUMNS})  # noqa: SLF001 - SQLAlchemy's public name


def list_by_ids(conn: Connection, ids: Collection[StatusId]) -> dict[StatusId, Status]:
    """The statuses that exist among ``ids``, whoever may see them."""
    if not ids:
        return {}
    answers = Answers()
    _BY_IDS.ask(conn, answers, lists={"ids": ids})
    return {status.id: status for status in answers.about(BY_IDS).values()}


def _from_record(record: tuple[Any, ...]) -> Status:
    return _from_values(dict(zip(_NAMES, record, strict=True)))


def _from_values(values: dict[str, Any]) -> Status:
    quote_policy, interaction_policy = values.pop("quote_policy"), values.pop("interaction_policy")
    return Status(
        audience=Audience(
            reach=Reach(values.pop("reach")),
            visibility=Visibility(values.pop("visibility")),
            partners=domain_names.from_text(values.pop("reach_partners")),
        ),
        emojis=tuple([Emoji(**one) for one in values.pop("emojis")]),
        quote_policy=None if quote_policy is None else QuotePolicy(quote_policy),
        interaction_policy=None
        if interaction_policy is None
        else msgspec.convert(interaction_policy, InteractionPolicy),
        **values,
    )


def insert(conn: Connection, status: Status, *, is_local: bool) -> None:
    """Add a status; a taken id, identity or second boost of one status raises ``IntegrityError``."""
    _INSERT.run(conn, _values(status) | {"is_local": is_local})


def record(
    conn: Connection, status: Status, new_id: Callable[[], int], *, is_local: bool, is_untold: bool = False
) -> Status | None:
    """Add a status unless its identity (or that boost) is here; None when it is.

    An id that is taken is no obstacle: ``new_id`` gives another. ``is_untold``: see there.
    """
    known_by = {"is_local": is_local, "is_untold": is_untold}
    for _ in range(_TRIES):
        if insert_ignore(conn, statuses, [_values(status) | known_by]):
            return status
        if _is_recorded(conn, status):
            return None
        fresh = StatusId(new_id())
        status = replace(status, id=fresh, thread_id=fresh if status.thread_id == status.id else status.thread_id)
    raise Conflict("No free id was found for a status")


def get(conn: Connection, status_id: StatusId) -> Status:
    """The status with an id, whoever may see it."""
    status = find(conn, status_id)
    if status is None:
        raise NotFound
    return status


def find(conn: Connection, status_id: StatusId) -> Status | None:
    """The status with an id, whoever may see it."""
    return list_by_ids(conn, [status_id]).get(status_id)


def find_whole(conn: Connection, status_id: StatusId) -> Status | None:
    """The same; a boost is there as long as what it boosts is."""
    status = find(conn, status_id)
    if status is None or status.reblog_of_id is None or find(conn, status.reblog_of_id) is not None:
        return status
    return None


def hold(conn: Connection, status_id: StatusId) -> bool:
    """Keep a status from being deleted until this transaction ends; False when it is gone already."""
    return bool(_HOLD.rows(conn, status_id=status_id))


def take(conn: Connection, status: Status) -> bool:
    """Hold a status that is about to be deleted against everybody else; False when it is gone already.

    What it boosts is held first, as by whoever deletes that with all its boosts.
    """
    if status.reblog_of_id is not None and not _HOLD_ROW.rows(conn, status_id=status.reblog_of_id):
        return False
    return bool(_TAKE.rows(conn, status_id=status.id))


def take_gone(conn: Connection, status_id: StatusId) -> bool:
    """Hold what is left of a status that is gone against everybody else; False when nothing is."""
    return bool(_TAKE_GONE.rows(conn, status_id=status_id))


def find_by_uri(conn: Connection, uri: str) -> Status | None:
    """The status with an identity."""
    return next((_from_record(record) for record in _BY_URI.rows(conn, uri=uri)), None)


def find_by_uri_for_update(conn: Connection, uri: str) -> Status | None:
    """The same, which nobody else changes before this transaction ends."""
    return next((_from_record(record) for record in _LOCK_BY_URI.rows(conn, uri=uri)), None)


def is_untold(conn: Connection, status_id: StatusId) -> bool:
    """Whether a status of a peer's was found when it was no news any more, and nobody was told of it since."""
    return any(row.is_untold for row in _IS_UNTOLD.rows(conn, status_id=status_id))


def note_told(conn: Connection, status_id: StatusId) -> bool:
    """Whoever a status concerns is told of it now; False where somebody else does so at the same time."""
    untold = sa.update(statuses).where(statuses.c.id == status_id, statuses.c.is_untold)
    return bool(conn.execute(untold.values(is_untold=False)).rowcount)


def find_by_address(conn: Connection, address: str) -> Status | None:
    """The status whose identity or page this is."""
    found = find_by_uri(conn, address)
    if found is not None:
        return found
    return next((_from_record(record) for record in _BY_PAGE.rows(conn, url=address)), None)


def get_own_for_update(conn: Connection, account_id: AccountId, status_id: StatusId) -> Status:
    """A status of the account itself, held against other writers; ``NotFound`` for anybody else's (S45)."""
    statement = (
        sa.select(*COLUMNS)
        .where(
            statuses.c.id == status_id,
            statuses.c.account_id == account_id,
            statuses.c.reblog_of_id.is_(None),
            _IS_THERE,
        )
        .with_for_update()
    )
    row = conn.execute(statement).one_or_none()
    if row is None:
        raise NotFound
    return from_row(row)


def find_reblog(conn: Connection, account_id: AccountId, reblog_of_id: StatusId) -> Status | None:
    """The boost of a status by an account."""
    row = conn.execute(
        sa.select(*COLUMNS).where(statuses.c.account_id == account_id, statuses.c.reblog_of_id == reblog_of_id)
    ).one_or_none()
    return None if row is None else from_row(row)


def list_reblogs(conn: Connection, status_id: StatusId, limit: int | None = None) -> list[tuple[StatusId, AccountId]]:
    """The boosts of a status, or ``limit`` of them, with who made them."""
    statement = sa.select(statuses.c.id, statuses.c.account_id).where(statuses.c.reblog_of_id == status_id)
    return [(row.id, row.account_id) for row in conn.execute(statement.limit(limit))]


def list_local_reblogs(
    conn: Connection, status_id: StatusId, after: StatusId, limit: int
) -> list[tuple[StatusId, AccountId]]:
    """The next ``limit`` boosts of a status by accounts of this node after one, in their order, with who made them."""
    statement = sa.select(statuses.c.id, statuses.c.account_id).where(
        statuses.c.reblog_of_id == status_id, statuses.c.id > after, beside(statuses.c.is_local)
    )
    return [(row.id, row.account_id) for row in conn.execute(statement.order_by(statuses.c.id).limit(limit))]


def update_content(conn: Connection, status: Status) -> None:
    """Write what an edit may change: text, warning, language, emojis and the time of the edit."""
    values = _values(status)
    changed = ("text", "content", "spoiler_text", "sensitive", "language", "emojis", "edited_at", "url")
    conn.execute(sa.update(statuses).where(statuses.c.id == status.id).values({name: values[name] for name in changed}))


def set_quote_policy(conn: Connection, status_id: StatusId, policy: QuotePolicy) -> None:
    """Let others quote a local status from now on as ``policy`` says."""
    conn.execute(sa.update(statuses).where(statuses.c.id == status_id).values(quote_policy=policy.value))


def set_interaction_policy(conn: Connection, status_id: StatusId, policy: InteractionPolicy | None) -> None:
    """Keep what the author of a remote status lets others do."""
    told = None if policy is None else msgspec.to_builtins(policy)
    conn.execute(sa.update(statuses).where(statuses.c.id == status_id).values(interaction_policy=told))


def delete(conn: Connection, status: Status, now: datetime) -> None:
    """Remove a status with all that belongs to it, take it out of every count, and remember its identity.

    Replies lose what they answer; boosts of it go with it.
    """
    count_status(conn, status, -1)
    delete_reblogs(conn, list_reblogs(conn, status.id))
    conn.execute(sa.update(statuses).where(statuses.c.in_reply_to_id == status.id).values(in_reply_to_id=None))
    delete_row(conn, status.id)
    bury(conn, status.uri, now)


def leave(conn: Connection, status: Status, now: datetime) -> None:
    """Leave of a status nothing but a row that is gone, for what refers to it; as ``delete`` does otherwise."""
    count_status(conn, status, -1)
    leave_rows(conn, [status.id])
    bury(conn, status.uri, now)


def leave_rows(conn: Connection, ids: Collection[StatusId]) -> None:
    """Leave nothing of statuses but rows that are gone; their identities, keys and places on profiles are free."""
    for table in (idempotency_keys, pins):
        conn.execute(sa.delete(table).where(table.c.status_id.in_(ids)))
    identity = sa.literal("gone:").concat(sa.cast(statuses.c.id, sa.Text))
    conn.execute(
        sa.update(statuses).where(statuses.c.id.in_(ids)).values(_NOTHING | {"uri": identity, "url": identity})
    )


def delete_reblogs(conn: Connection, reblogs: Collection[tuple[StatusId, AccountId]]) -> None:
    """Remove boosts of a status that goes, and count them no more at those who made them."""
    for booster in sorted(account_id for _, account_id in reblogs):
        _add_to_account(conn, booster, -1)
    conn.execute(sa.delete(statuses).where(statuses.c.id.in_([reblog_id for reblog_id, _ in reblogs])))


def delete_row(conn: Connection, status_id: StatusId) -> None:
    """Remove what is left of a status."""
    conn.execute(sa.delete(statuses).where(statuses.c.id == status_id))


def bury(conn: Connection, uri: str, now: datetime) -> None:
    """A status with this identity will not be recorded again."""
    insert_ignore(conn, tombstones, [{"uri": uri, "deleted_at": now}])


def bury_unseen(conn: Connection, uri: str, by: str, now: datetime) -> None:
    """What is not here yet will not be recorded as made by the actor ``by``, who took it back."""
    bury(conn, _word(uri, by), now)


def is_buried(conn: Connection, uri: str) -> bool:
    """Whether a status with this identity was deleted here."""
    return bool(_IS_BURIED.rows(conn, uri=uri, word=uri)[0].is_buried)


def is_buried_by(conn: Connection, uri: str, by: str) -> bool:
    """Whether something with this identity was deleted here, or taken back by the actor ``by`` before it came."""
    return bool(_IS_BURIED.rows(conn, uri=uri, word=_word(uri, by))[0].is_buried)


def _word(uri: str, by: str) -> str:
    # No identity has a space in it.
    return shortened(f"{by} {uri}")


# Counts


def count_status(conn: Connection, status: Status, by: int) -> None:
    """Count a new status (1), or one that goes (-1): at its author, at what it answers, at what it boosts."""
    is_counted = status.audience.visibility is not Visibility.DIRECT
    if by == 1 and is_counted:
        _COUNT_NEW.run(conn, {"row_id": status.account_id, "moment": status.created_at})
    elif by == 1:
        note_activity(conn, status.account_id, status.created_at)
    elif is_counted:
        _add_to_account(conn, status.account_id, by)
    if status.in_reply_to_id is not None and status.audience.visibility in _COUNTED_REPLIES:
        _add(conn, statuses.c.replies_count, status.in_reply_to_id, by)
    if status.reblog_of_id is not None:
        _add(conn, statuses.c.reblogs_count, status.reblog_of_id, by)


def count_favourite(conn: Connection, status_id: StatusId, by: int) -> None:
    """Count a favourite that came or went."""
    _add(conn, statuses.c.favourites_count, status_id, by)


def count_quote(conn: Connection, status_id: StatusId, by: int) -> None:
    """Count an accepted quote that came or went."""
    _add(conn, statuses.c.quotes_count, status_id, by)


def note_activity(conn: Connection, account_id: AccountId, moment: datetime) -> None:
    """The account posted; an older moment changes nothing."""
    _NOTE_ACTIVITY.run(conn, {"row_id": account_id, "moment": moment})


# Threads


def adopt(conn: Connection, parent: Status, name: str) -> list[Status]:
    """Hang replies that came before what they answer below it, with its thread and never wider than it.

    ``name`` is what they call it by: its identity, or the address of its page.

    Of two that adopt at once the second waits for the first and finds nothing left to do.
    """
    waiting = [_from_record(record) for record in _WAITING.rows(conn, uri=name)]
    for child in waiting:
        conn.execute(
            sa.update(statuses)
            .where(statuses.c.id == child.id)
            .values(in_reply_to_id=parent.id, in_reply_to_account_id=parent.account_id, in_reply_to_uri=parent.uri)
        )
        if child.audience.visibility in _COUNTED_REPLIES:
            _add(conn, statuses.c.replies_count, parent.id, 1)
        # What answered the child belongs to the thread as well.
        below = statuses.c.thread_id == child.id if child.thread_id == child.id else statuses.c.id == child.id
        _narrow(conn, below, parent)
        conn.execute(sa.update(statuses).where(below).values(thread_id=parent.thread_id))
        if child.thread_id == child.id:
            thread_mutes.join(conn, child.id, parent.thread_id)
            conversations.join_threads(conn, child.id, parent.thread_id)
    return waiting


# Mentions


def mention(conn: Connection, status_id: StatusId, account_ids: Collection[AccountId]) -> None:
    """Name accounts in a status; naming twice is naming once."""
    insert_ignore(conn, mentions, [{"status_id": status_id, "account_id": one} for one in sorted(set(account_ids))])


def mention_anew(conn: Connection, status_id: StatusId, account_ids: Collection[AccountId]) -> None:
    """Name these accounts in an edited status; others that it named may see it as before, and are named no more."""
    is_out = mentions.c.account_id.not_in(account_ids)
    conn.execute(sa.update(mentions).where(mentions.c.status_id == status_id).values(silent=is_out))
    mention(conn, status_id, account_ids)


def mentioned_ids(conn: Connection, status_id: StatusId) -> frozenset[AccountId]:
    """Whom a status names, or named before it was edited."""
    return frozenset(row.account_id for row in _MENTIONED.rows(conn, status_id=status_id))


def takes_part(conn: Connection, thread_id: StatusId, account_id: AccountId) -> bool:
    """Whether an account wrote in a thread, or is named in it."""
    is_named = sa.exists().where(mentions.c.status_id == statuses.c.id, mentions.c.account_id == account_id)
    theirs = sa.exists().where(statuses.c.thread_id == thread_id, sa.or_(statuses.c.account_id == account_id, is_named))
    return bool(conn.execute(sa.select(theirs)).scalar())


# Idempotency


def find_posted(conn: Connection, account_id: AccountId, key: str, since: datetime) -> Status | None:
    """The status an account posted under an idempotency key since a moment."""
    row = conn.execute(
        sa.select(*COLUMNS)
        .join(idempotency_keys, idempotency_keys.c.status_id == statuses.c.id)
        .where(
            idempotency_keys.c.account_id == account_id,
            idempotency_keys.c.key == key,
            idempotency_keys.c.created_at > since,
        )
    ).one_or_none()
    return None if row is None else from_row(row)


def claim_key(
    conn: Connection, account_id: AccountId, key: str, status_id: StatusId, *, now: datetime, since: datetime
) -> bool:
    """Bind a key to a status; False when it is bound to another one since ``since``."""
    conn.execute(
        sa.delete(idempotency_keys).where(
            idempotency_keys.c.account_id == account_id,
            idempotency_keys.c.key == key,
            idempotency_keys.c.created_at <= since,
        )
    )
    row = {"account_id": account_id, "key": key, "status_id": status_id, "created_at": now}
    return bool(insert_ignore(conn, idempotency_keys, [row]))


def _is_recorded(conn: Connection, status: Status) -> bool:
    if find_by_uri(conn, status.uri) is not None:
        return True
    return status.reblog_of_id is not None and find_reblog(conn, status.account_id, status.reblog_of_id) is not None


def narrow(conn: Connection, status_id: StatusId, other: Status) -> None:
    """Clamp a status to the reach of what it quotes."""
    _narrow(conn, statuses.c.id == status_id, other)


def _narrow(conn: Connection, which: ColumnElement[bool], parent: Status) -> None:
    """Clamp statuses to the reach of ``parent``, if that is no wider than theirs; its ring is theirs then."""
    if parent.audience.reach is Reach.PUBLIC:
        return
    no_narrower = [reach.value for reach in Reach if reach.width >= parent.audience.reach.width]
    rings = (statuses.c.reach, statuses.c.reach_partners)
    for reach, named in conn.execute(sa.select(*rings).where(which, rings[0].in_(no_narrower)).distinct()).all():
        partners = domain_names.from_text(named)
        told = Audience(reach=Reach(reach), visibility=parent.audience.visibility, partners=partners)
        clamped = within(told, parent.audience)
        conn.execute(
            sa.update(statuses)
            .where(which, rings[0] == reach, rings[1].is_not_distinct_from(named))
            .values(
                reach=clamped.reach.value,
                reach_partners=domain_names.to_text(clamped.partners),
                reach_domain=parent.reach_domain,
            )
        )


def _add_to_account(conn: Connection, account_id: AccountId, by: int) -> None:
    _added(accounts.c.statuses_count).run(conn, {"row_id": account_id, "by": by})


def _add(conn: Connection, column: Column[int], status_id: StatusId, by: int) -> None:
    _added(column).run(conn, {"row_id": status_id, "by": by})


@cache
def _added(column: Column[int]) -> Written:
    """So many more of what a column counts, never less than none."""
    by = sa.bindparam("by", type_=sa.Integer)
    number = sa.case((column + by > 0, column + by), else_=0)
    return Written(sa.update(column.table).where(column.table.c.id == sa.bindparam("row_id")).values({column: number}))


def _values(status: Status) -> dict[str, Any]:
    return {name: getattr(status, name) for name in _PLAIN} | {
        "visibility": status.audience.visibility.value,
        "reach": status.audience.reach.value,
        "reach_partners": domain_names.to_text(status.audience.partners),
        "emojis": [msgspec.to_builtins(one) for one in status.emojis],
        "quote_policy": None if status.quote_policy is None else status.quote_policy.value,
        "interaction_policy": None
        if status.interaction_policy is None
        else msgspec.to_builtins(status.interaction_policy),
    }
