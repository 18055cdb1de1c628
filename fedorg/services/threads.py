"""Whose thread is it? The audience of a thread are the followers of whoever began it, as far as they live here."""

from sqlalchemy import Connection

from fedorg.domain.accounts import Account
from fedorg.domain.statuses import Status
from fedorg.domain.visibility import Reach, Visibility
from fedorg.store import accounts, statuses

_OPEN = (Visibility.PUBLIC, Visibility.UNLISTED)


def find_host(conn: Connection, status: Status) -> Account | None:
    """The local account whose followers a reply is of interest to: who began the thread, else who is answered.

    None for what answers nothing known here, for the ring of another node, which brings it to its own people, and where
    the followers may not see what is answered.
    """
    if status.in_reply_to_id is None or (status.audience.reach is not Reach.PUBLIC and status.reach_domain is not None):
        return None
    parent = statuses.find(conn, status.in_reply_to_id)
    if parent is None:
        return None
    root = statuses.find(conn, status.thread_id) or parent
    for above in (root, parent):
        account = accounts.get(conn, above.account_id)
        if account.is_local:
            return account if _may_follow(parent, account) and _may_follow(root, account) else None
    return None


def _may_follow(above: Status, host: Account) -> bool:
    """Whether the followers of ``host`` may know of a status of its thread."""
    visibility = above.audience.visibility
    return visibility in _OPEN or (visibility is Visibility.PRIVATE and above.account_id == host.id)
