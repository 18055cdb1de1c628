"""Subscriptions of clients to Web Push: one for each token, which it ends with (S42)."""

from collections.abc import Callable
from typing import Final

from sqlalchemy import Connection

from fedorg.domain.oauth import Token
from fedorg.domain.push import ENDPOINT_MAX, PushAddress, PushChoice, PushSubscription
from fedorg.errors import Invalid
from fedorg.ids import AccountId, PushSubscriptionId
from fedorg.node import FetchError, Node
from fedorg.services.push.keys import get_keys, seal
from fedorg.services.push.messages import read_keys
from fedorg.store import push

_BAD_ENDPOINT: Final = "Validation failed: Endpoint is not a valid URL"


async def subscribe(
    node: Node, account_id: AccountId, token: Token, bearer: str, address: PushAddress, choice: PushChoice
) -> PushSubscription:
    """Send the notifications of an account to an address from now on, in the place of the token's last one.

    Raises ``Invalid`` for an address that may not be contacted and for keys that nothing can be encrypted for.
    """
    _check_endpoint(node, address.endpoint)
    public_key, secret = read_keys(address.public_key, address.secret)
    keys = await get_keys(node)
    subscription = PushSubscription(
        id=PushSubscriptionId(node.ids.next()),
        token_id=token.id,
        account_id=account_id,
        address=PushAddress(
            endpoint=address.endpoint, public_key=public_key, secret=secret, is_standard=address.is_standard
        ),
        choice=choice,
        sealed_token=seal(keys, bearer),
        created_at=node.now(),
    )
    await node.write(push.put, subscription)
    return subscription


async def find(node: Node, token: Token) -> PushSubscription:
    """The subscription of a token; ``NotFound`` when it has none."""
    return await node.read(push.get_of_token, token.id)


async def change(node: Node, token: Token, wanted: Callable[[PushChoice], PushChoice]) -> PushSubscription:
    """Tell something else from now on; ``NotFound`` when the token has no subscription."""

    def unit(conn: Connection) -> PushSubscription:
        found = push.get_of_token(conn, token.id)
        push.change(conn, found.id, wanted(found.choice))
        return push.get(conn, found.id)

    return await node.write(unit)


async def unsubscribe(node: Node, token: Token) -> None:
    """Send nothing any more."""
    await node.write(push.delete_of_token, token.id)


def _check_endpoint(node: Node, endpoint: str) -> None:
    if len(endpoint) > ENDPOINT_MAX or not endpoint.lower().startswith("https://"):
        raise Invalid(_BAD_ENDPOINT)
    try:
        node.client.check(endpoint)
    except FetchError:
        raise Invalid(_BAD_ENDPOINT) from None
