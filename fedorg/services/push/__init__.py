"""Web Push: subscriptions of clients, and what is sent to them. Sending itself is a job."""

from fedorg.services.push.keys import get_keys
from fedorg.services.push.messages import Message
from fedorg.services.push.sending import Push, prepare, record_failure, record_gone, record_success
from fedorg.services.push.subscriptions import change, find, subscribe, unsubscribe

__all__ = [
    "Message",
    "Push",
    "change",
    "find",
    "get_keys",
    "prepare",
    "record_failure",
    "record_gone",
    "record_success",
    "subscribe",
    "unsubscribe",
]
