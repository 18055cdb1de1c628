"""Reports that go on to the home of the reported account: said by the node itself, so that nobody is named (S63)."""

from federation.activities import Flag
from federation.objects import Ref
from fedorg.activitypub.recording import record
from fedorg.domain.jobs import ForwardReport
from fedorg.domain.visibility import Reach
from fedorg.errors import NotFound
from fedorg.node import Node
from fedorg.services import reports
from fedorg.services.registration import ensure_node_actor


async def forward(node: Node, job: ForwardReport) -> None:
    """Send a report; nothing when the account, or the report, is gone in the meantime."""
    try:
        view, status_uris = await reports.get(node, job.report_id)
    except NotFound:
        return
    if view.target.is_local:
        return
    actor = await ensure_node_actor(node)
    flag = Flag(
        id=view.report.uri,
        actor=actor.uri,
        objects=tuple(Ref(id=uri) for uri in (view.target.uri, *status_uris)),
        content=view.report.comment,
        to=(view.target.uri,),
    )
    await record(node, actor, flag, (view.target.delivery_inbox,), object_uri=view.report.uri, reach=Reach.PUBLIC)
