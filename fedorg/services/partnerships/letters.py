"""Letters to those who look after a node, about what it agrees with others."""

from sqlalchemy import Connection

from fedorg.domain.jobs import SendMail, WriteOfPlan
from fedorg.domain.mail import Letter, MailKind
from fedorg.domain.partnerships import Partnership, Side
from fedorg.node import Node
from fedorg.services.addresses import email_fault
from fedorg.store import jobs, partnerships, users


def write_to_administrators(conn: Connection, node: Node) -> None:
    """Tell those who look after the node that something waits for them, if it writes letters at all."""
    if node.settings.sends_mail:
        for user in users.list_of_accounts(conn, users.list_administrator_accounts(conn)):
            jobs.enqueue(conn, node.ids, node.now(), SendMail(user_id=user.id, kind=MailKind.PARTNERSHIP))


def write_of_plan(conn: Connection, node: Node, partnership: Partnership) -> None:
    """Tell them, and whom this node named for incidents, that the partner will suspend something, or will not."""
    if not node.settings.sends_mail:
        return
    readers = [user.id for user in users.list_of_accounts(conn, users.list_administrator_accounts(conn))]
    for user_id in (*readers, None):
        job = WriteOfPlan(partnership_id=partnership.id, user_id=user_id)
        jobs.enqueue(conn, node.ids, node.now(), job)


async def letter_of_plan(node: Node, job: WriteOfPlan) -> Letter | None:
    """The letter of such a job; None when there is nobody to write to, or when what was agreed is over."""

    def unit(conn: Connection) -> Letter | None:
        partnership = partnerships.find(conn, job.partnership_id)
        user = None if job.user_id is None else users.find(conn, job.user_id)
        if partnership is None or partnership.state.is_over or (user is not None and user.disabled_at is not None):
            return None
        email = partnership.ours.contact if user is None else user.email
        is_nobody = job.user_id is not None and user is None
        if is_nobody or email is None or email_fault(email) is not None:
            return None
        plan = partnership.planned.get(Side.THERE)
        return Letter(
            username="" if user is None else user.username,
            kind=MailKind.SUSPENSION,
            email=email,
            link=f"{node.uris.base}/about/federation"
            if user is None
            else node.uris.partnership_page(partnership.domain),
            told={
                "partner": partnership.domain,
                "at": "" if plan is None else f"{plan.at:%Y-%m-%d %H:%M} UTC",
                "reason": "" if plan is None else plan.reason,
            },
        )

    return await node.read(unit)
