"""What other servers are told of the life of a local actor beyond its profile: keys, a move, a suspension, its end."""

from federation.activities import Delete, Move
from federation.objects import Ref
from federation.vocabulary import PUBLIC
from fedorg.activitypub import documents
from fedorg.activitypub.recording import QUEUED_TOGETHER, record
from fedorg.domain.jobs import AnnounceMove, RemoveAccount
from fedorg.domain.visibility import Reach
from fedorg.ids import AccountId, JobId
from fedorg.node import Node
from fedorg.store import accounts, acquaintances, deliveries, keys, removal


async def announce_actor(node: Node, account_id: AccountId, job_id: JobId) -> None:
    """Send the actor, with its present keys and standing, to every server that may have an older one."""
    account = await node.read(accounts.find, account_id)
    if account is None or account.deleted_at is not None:
        return
    is_node = account.uri == node.uris.node_actor
    who = acquaintances.list_all_inboxes if is_node else acquaintances.list_inboxes
    inboxes = await node.read(who, account.id)
    held = await node.read(keys.list_of_account, account.id)
    activity = documents.update_actor(account, held, node.uris, job_id)
    await record(node, account, activity, inboxes, object_uri=account.uri, reach=Reach.PUBLIC)


async def announce_move(node: Node, job: AnnounceMove, job_id: JobId) -> None:
    """Send the actor that now leads elsewhere, then the Move; nothing when the move was cancelled before."""
    account = await node.read(accounts.find, job.account_id)
    if account is None or account.moved_to_uri != job.target_uri:
        return
    inboxes = await node.read(deliveries.list_follower_inboxes, account.id)
    held = await node.read(keys.list_of_account, account.id)
    move = Move(
        id=node.uris.activity(account.uri, "moves", job_id),
        actor=account.uri,
        object=Ref(id=account.uri),
        target=job.target_uri,
        to=(account.followers_uri,),
    )
    for activity in (documents.update_actor(account, held, node.uris, job_id), move):
        await record(node, account, activity, inboxes, object_uri=account.uri, reach=Reach.PUBLIC)


async def announce_departure(node: Node, job: RemoveAccount) -> None:
    """Tell every server that may know a local account that it is gone, while it is still known which ones may.

    Whatever else it had to say is withdrawn before.
    """
    account = await node.read(accounts.find, job.account_id)
    if account is None or not account.is_local or account.deleted_at is None:
        return
    farewell = f"{account.uri}#delete"
    while await node.write(removal.withdraw_activities, account.id, farewell, QUEUED_TOGETHER):
        pass
    inboxes = await node.read(acquaintances.list_inboxes, account.id)
    activity = Delete(
        id=farewell,
        actor=account.uri,
        object=Ref(id=account.uri),
        to=(PUBLIC,),
        published=account.deleted_at,
    )
    await record(node, account, activity, inboxes, object_uri=account.uri, reach=Reach.PUBLIC)
