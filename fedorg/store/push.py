"""Rows of ``push_subscriptions`` and the one of ``vapid_keys``."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy import Connection

from fedorg.domain.notifications import NotificationType
from fedorg.domain.push import PushAddress, PushChoice, PushPolicy, PushSubscription, VapidKeys
from fedorg.domain.relationships import FollowState
from fedorg.errors import NotFound
from fedorg.ids import AccountId, PushSubscriptionId, TokenId
from fedorg.store.tables import follows, push_subscriptions, vapid_keys
from fedorg.store.upsert import insert_ignore

_ONLY: Final = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanting:
    """A subscription that wants to be told of something."""

    id: PushSubscriptionId
    account_id: AccountId
    endpoint: str


def find_keys(conn: Connection) -> VapidKeys | None:
    """The keys of this node; None before they were made."""
    row = conn.execute(sa.select(vapid_keys).where(vapid_keys.c.id == _ONLY)).one_or_none()
    return None if row is None else VapidKeys(private=row.private_key, public=row.public_key)


def keep_keys(conn: Connection, now: datetime, keys: VapidKeys) -> VapidKeys:
    """The keys of this node from now on; those there are already win."""
    row = {"id": _ONLY, "private_key": keys.private, "public_key": keys.public, "created_at": now}
    insert_ignore(conn, vapid_keys, [row])
    found = find_keys(conn)
    assert found is not None, "what was kept is there"
    return found


def put(conn: Connection, subscription: PushSubscription) -> None:
    """Keep a subscription in the place of the one its token had."""
    conn.execute(sa.delete(push_subscriptions).where(push_subscriptions.c.token_id == subscription.token_id))
    address, choice = subscription.address, subscription.choice
    conn.execute(
        sa.insert(push_subscriptions),
        {
            "id": subscription.id,
            "token_id": subscription.token_id,
            "account_id": subscription.account_id,
            "endpoint": address.endpoint,
            "public_key": address.public_key,
            "secret": address.secret,
            "is_standard": address.is_standard,
            "alerts": _alerts(choice),
            "policy": choice.policy.value,
            "sealed_token": subscription.sealed_token,
            "created_at": subscription.created_at,
        },
    )


def change(conn: Connection, subscription_id: PushSubscriptionId, choice: PushChoice) -> None:
    """Tell something else from now on."""
    conn.execute(
        sa.update(push_subscriptions)
        .where(push_subscriptions.c.id == subscription_id)
        .values(alerts=_alerts(choice), policy=choice.policy.value)
    )


def get_of_token(conn: Connection, token_id: TokenId) -> PushSubscription:
    """The one of a token; ``NotFound`` when it has none."""
    return _one(conn, push_subscriptions.c.token_id == token_id)


def get(conn: Connection, subscription_id: PushSubscriptionId) -> PushSubscription:
    """The one with an id; ``NotFound`` when it ended."""
    return _one(conn, push_subscriptions.c.id == subscription_id)


def delete_of_token(conn: Connection, token_id: TokenId) -> None:
    """End the one of a token; that it has none is no fault."""
    conn.execute(sa.delete(push_subscriptions).where(push_subscriptions.c.token_id == token_id))


def delete(conn: Connection, subscription_id: PushSubscriptionId) -> None:
    """End one."""
    conn.execute(sa.delete(push_subscriptions).where(push_subscriptions.c.id == subscription_id))


def mark(conn: Connection, subscription_id: PushSubscriptionId, failing_since: datetime | None) -> None:
    """Note since when messages to it fail; None when they arrive."""
    conn.execute(
        sa.update(push_subscriptions)
        .where(push_subscriptions.c.id == subscription_id)
        .values(failing_since=failing_since)
    )


def list_wanting(
    conn: Connection, account_ids: Collection[AccountId], type_: NotificationType, by: AccountId
) -> list[Wanting]:
    """The subscriptions of ``account_ids`` that want to be told of something of a kind that ``by`` did."""
    if not account_ids:
        return []
    own, accepted = push_subscriptions.c, follows.c.state == FollowState.ACCEPTED.value
    follows_it = sa.exists().where(follows.c.account_id == own.account_id, follows.c.target_id == by, accepted)
    is_followed = sa.exists().where(follows.c.account_id == by, follows.c.target_id == own.account_id, accepted)
    statement = sa.select(own.id, own.account_id, own.endpoint, own.alerts).where(
        own.account_id.in_(account_ids),
        sa.or_(
            own.policy == PushPolicy.ALL.value,
            sa.and_(own.policy == PushPolicy.FOLLOWED.value, follows_it),
            sa.and_(own.policy == PushPolicy.FOLLOWER.value, is_followed),
        ),
    )
    return [
        Wanting(id=row.id, account_id=row.account_id, endpoint=row.endpoint)
        for row in conn.execute(statement)
        if row.alerts.get(type_.value)
    ]


def _one(conn: Connection, condition: sa.ColumnElement[bool]) -> PushSubscription:
    row = conn.execute(sa.select(push_subscriptions).where(condition)).one_or_none()
    if row is None:
        raise NotFound
    return _subscription(row)


def _alerts(choice: PushChoice) -> dict[str, bool]:
    return {type_.value: is_wanted for type_, is_wanted in choice.alerts.items()}


def _subscription(row: sa.Row[Any]) -> PushSubscription:
    return PushSubscription(
        id=row.id,
        token_id=row.token_id,
        account_id=row.account_id,
        address=PushAddress(
            endpoint=row.endpoint, public_key=row.public_key, secret=row.secret, is_standard=row.is_standard
        ),
        choice=PushChoice(
            alerts={NotificationType(name): is_wanted for name, is_wanted in row.alerts.items()},
            policy=PushPolicy(row.policy),
        ),
        sealed_token=row.sealed_token,
        created_at=row.created_at,
        failing_since=row.failing_since,
    )
