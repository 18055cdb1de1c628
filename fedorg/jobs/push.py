"""One message of Web Push: made, sent through the guarded client, and the answer written down."""

from http import HTTPStatus

from fedorg import log
from fedorg.domain.jobs import PushNotification
from fedorg.node import FetchError, Node
from fedorg.services import push

logger = log.get_logger()

_GONE = (HTTPStatus.NOT_FOUND, HTTPStatus.GONE)


class PushFailed(Exception):
    """It was not taken; the queue tries again. Says nothing of the address but its host."""


async def send(node: Node, job: PushNotification) -> None:
    """Tell a subscription of a notification, once; nothing happens when either is gone."""
    sent = await push.prepare(node, job.subscription_id, job.notification_id)
    if sent is None:
        return
    message = sent.message
    try:
        answer = await node.client.post(message.endpoint, message.body, message.headers)
    except FetchError as problem:
        await _fail(node, sent, type(problem).__name__)
        return
    if answer.is_success:
        await push.record_success(node, sent)
        logger.info("push.sent", host=message.host)
    elif answer.status in _GONE:
        await push.record_gone(node, sent)
        logger.info("push.gone", host=message.host, status=answer.status)
    else:
        await _fail(node, sent, str(answer.status))


async def _fail(node: Node, sent: push.Push, reason: str) -> None:
    if await push.record_failure(node, sent):
        raise PushFailed(f"{sent.message.host}: {reason}") from None
    logger.info("push.given_up", host=sent.message.host, reason=reason)
