"""Inboxes: the shared one, and one for each account, which is the same door."""

from collections.abc import Awaitable, Callable
from typing import Final

from quart import Blueprint, Response
from werkzeug.exceptions import RequestEntityTooLarge

from federation.signatures import Request
from fedorg.activitypub import receive, serving
from fedorg.activitypub.policy import Matter
from fedorg.errors import Gone, TooLarge
from fedorg.node import Node, Turn
from fedorg.web.activitypub.requests import signed_request
from fedorg.web.base import client_address, json_answer, spend, this_node
from fedorg.web.limits import Rule, subject_of_address

blueprint: Final = Blueprint("inbox", __name__)

# Generous: a busy peer sends some a second for hours. The address pays before anything is proven, the peer after.
BY_ADDRESS: Final = Rule(name="inbox_by_address", most=9000, seconds=300)
BY_PEER: Final = Rule(name="inbox_by_peer", most=6000, seconds=300)
# What is only claimed is looked up on a third server, which did not ask for it.
CLAIMS_BY_PEER: Final = Rule(name="claims_by_peer", most=300, seconds=300)
# Everybody may propose a partnership, and costs this node a look at who that is.
AGREEMENTS_BY_ADDRESS: Final = Rule(name="agreements_by_address", most=60, seconds=3600)

ACCEPTED: Final = 202


@blueprint.post("/inbox")
@blueprint.post("/actor/inbox")
async def post_shared_inbox() -> Response:
    """Take an activity for whomever it concerns: 202, or 400, 401, 403, 413, 429 with the reason."""
    return await _receive(None)


@blueprint.post("/users/<username>/inbox")
async def post_inbox(username: str) -> Response:
    """Take an activity; addressed to one account or to the server is all the same, but for an account that left."""
    return await _receive(username)


async def accept(
    node: Node,
    username: str | None,
    address: str,
    spend: Callable[[Rule, str], None],
    read: Callable[[], Awaitable[Request]],
) -> None:
    """Take what ``read`` gives, sent from an address to an account or to the server; raises the refusal.

    ``spend`` counts it against a limit, and raises ``TooManyRequests`` when it is one too many.
    """
    subject = subject_of_address(address)
    with receive.refusing(node):
        if username is not None and await serving.find_tombstone(node, node.uris.actor(username)) is not None:
            raise Gone("This account was deleted")
        spend(BY_ADDRESS, subject)
        request = await read()
    unproven = receive.read(node, request)
    if unproven.matter is Matter.AGREEMENT:
        with receive.refusing(node, receive.type_of(unproven.activity)):
            spend(AGREEMENTS_BY_ADDRESS, subject)
    received = await receive.inspect(node, request, unproven)
    with receive.refusing(node, received.type):
        if received.signer is not None:
            spend(BY_PEER, received.signer.domain)
            if received.is_claimed:
                spend(CLAIMS_BY_PEER, received.signer.domain)
        await receive.take(node, received)


async def _receive(username: str | None) -> Response:
    await accept(this_node().working_for(Turn.PEERS), username, client_address(), spend, _read)
    return json_answer({}, ACCEPTED)


async def _read() -> Request:
    try:
        return await signed_request()
    except RequestEntityTooLarge as problem:
        raise TooLarge("The request is larger than this server takes") from problem
