"""What members show on their profiles, told to other servers: ``Add`` to and ``Remove`` from the featured collection.

A pin goes where the status itself goes; a hashtag goes to every server that follows. Both are told only while they are
still true, so that of a pin and its end the last one wins, in whatever order their jobs run.
"""

from federation.activities import Add, Remove
from federation.objects import Hashtag, Ref
from fedorg.activitypub.recording import record
from fedorg.domain.accounts import Account
from fedorg.domain.jobs import DistributeFeaturedTag, DistributePin
from fedorg.domain.visibility import Reach
from fedorg.ids import JobId
from fedorg.node import Node
from fedorg.services import fanout
from fedorg.store import accounts, deliveries, featured_tags, pins
from fedorg.store import statuses as stored_statuses


async def send_pin(node: Node, job: DistributePin, job_id: JobId) -> None:
    """Tell the servers a status goes to that it was pinned, or is pinned no more."""
    account = await node.read(accounts.find, job.account_id)
    status = await node.read(stored_statuses.find, job.status_id)
    if account is None or status is None or status.audience.reach is Reach.NODE:
        return
    inboxes = await fanout.remote_inboxes(node, status)
    activity = _activity(node, account, Ref(id=status.uri), job_id, is_added=job.is_pinned)
    await record(
        node,
        account,
        activity,
        inboxes,
        object_uri=status.uri,
        reach=status.audience.reach,
        is_true=lambda conn: pins.is_pinned(conn, account.id, status.id) is job.is_pinned,
    )


async def send_featured_tag(node: Node, job: DistributeFeaturedTag, job_id: JobId) -> None:
    """Tell the servers of followers that a profile shows a hashtag, or shows it no more."""
    account = await node.read(accounts.find, job.account_id)
    if account is None:
        return
    inboxes = await node.read(deliveries.list_follower_inboxes, account.id)
    tag = Hashtag(name=job.display_name, href=node.uris.tagged(account.url, job.name))
    await record(
        node,
        account,
        _activity(node, account, tag, job_id, is_added=job.is_shown),
        inboxes,
        object_uri=f"{account.uri} #{job.name}",
        reach=Reach.PUBLIC,
        is_true=lambda conn: (featured_tags.find_by_name(conn, account.id, job.name) is not None) is job.is_shown,
    )


def _activity(node: Node, account: Account, featured: Hashtag | Ref, job_id: JobId, *, is_added: bool) -> Add | Remove:
    """Mastodon takes hashtags, too, in the collection of pinned statuses only."""
    kind, name = (Add, "adds") if is_added else (Remove, "removes")
    return kind(
        id=node.uris.activity(account.uri, name, job_id),
        actor=account.uri,
        object=featured,
        target=node.uris.featured(account.uri),
        to=(account.followers_uri,),
    )
