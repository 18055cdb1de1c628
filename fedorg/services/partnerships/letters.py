"""Letters to those who look after a node, about what it agrees with others."""

from sqlalchemy import Connection

from fedorg.domain.jobs import SendMail
from fedorg.domain.mail import MailKind
from fedorg.node import Node
from fedorg.store import jobs, users


def write_to_administrators(conn: Connection, node: Node) -> None:
    """Tell those who look after the node that something waits for them, if it writes letters at all."""
    if node.settings.sends_mail:
        for user in users.list_of_accounts(conn, users.list_administrator_accounts(conn)):
            jobs.enqueue(conn, node.ids, node.now(), SendMail(user_id=user.id, kind=MailKind.PARTNERSHIP))
