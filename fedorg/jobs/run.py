"""Which function runs which job."""

from typing import assert_never

from fedorg.activitypub import agreements, announcing, directory, life, organisation, reporting, synchronising
from fedorg.domain.jobs import (
    AcceptRequests,
    AnnounceKeys,
    AnnounceMove,
    AnnounceStanding,
    AnswerQuoteRequest,
    ApplyStanding,
    AskToPurge,
    CarryOver,
    CheckAtOrigin,
    ClearHome,
    CompleteProfile,
    CompleteThread,
    DistributeDelete,
    DistributeEdit,
    DistributeFeaturedTag,
    DistributePin,
    DistributeProfile,
    DistributeStatus,
    DistributeToTagFollowers,
    EndPoll,
    FetchCard,
    FetchDirectory,
    FetchOrganisation,
    FollowIntroduction,
    ForwardReport,
    HandleActivity,
    IdentifyPeer,
    IndexStatuses,
    Job,
    MakeAnnualReport,
    MergeNotifications,
    PartWithPeer,
    PassOnAnswer,
    PostScheduledStatus,
    ProcessMedia,
    PushNotification,
    RefreshPoll,
    RefreshStatus,
    RemoveAccount,
    RemoveStatus,
    ReportAcknowledgements,
    ResolveThread,
    SendActivity,
    SendAgreement,
    SendAnnouncement,
    SendMail,
    SendPoll,
    SendQuoteRequest,
    SendVote,
    SeverAccount,
    SeverForMember,
    SeverPeer,
    StreamPoll,
    SuspendAsPlanned,
    SynchroniseFollowers,
    TellOrganisation,
    VerifyLinks,
    VerifyQuote,
    WithdrawQuoteApproval,
    WriteOfPlan,
)
from fedorg.ids import JobId
from fedorg.jobs import distribute, handle, moves, polls, push, quote, remove, send
from fedorg.node import Node
from fedorg.services import (
    annual_reports,
    cards,
    domain_blocks,
    films,
    introductions,
    links,
    notification_requests,
    partnerships,
    relationships,
    retelling,
    scheduling,
    severing,
    shutting_out,
)
from fedorg.services.relationships import clearing
from fedorg.services.statuses import indexing


# One line per job.
async def run(node: Node, job: Job, job_id: JobId) -> Job | None:  # noqa: C901, PLR0911, PLR0912, PLR0915
    """Run a job; what is left of it, None when it is done."""
    match job:
        case DistributeStatus():
            return await distribute.distribute_status(node, job)
        case DistributeToTagFollowers():
            return await distribute.distribute_to_tag_followers(node, job)
        case DistributeEdit():
            await distribute.distribute_edit(node, job)
        case DistributeDelete():
            await distribute.distribute_delete(node, job)
        case RemoveStatus():
            return await remove.remove_status(node, job)
        case DistributeProfile():
            await distribute.distribute_profile(node, job, job_id)
        case DistributePin():
            await distribute.distribute_pin(node, job, job_id)
        case DistributeFeaturedTag():
            await distribute.distribute_featured_tag(node, job, job_id)
        case ProcessMedia():
            await films.process(node, job.media_id)
        case PostScheduledStatus():
            await scheduling.post_scheduled(node, job)
        case SendActivity():
            await send.send(node, job, job_id)
        case HandleActivity():
            await handle.handle(node, job, job_id)
        case CheckAtOrigin():
            await handle.check_at_origin(node, job)
        case PassOnAnswer():
            await handle.pass_on_answer(node, job)
        case SynchroniseFollowers():
            await synchronising.synchronise(node, job)
        case ResolveThread():
            await handle.resolve_thread(node, job)
        case CompleteThread():
            await handle.complete_thread(node, job)
        case CompleteProfile():
            await handle.complete_profile(node, job)
        case RefreshStatus():
            await distribute.refresh_status(node, job)
        case SendQuoteRequest() | AnswerQuoteRequest() | WithdrawQuoteApproval() | VerifyQuote():
            await quote.run(node, job, job_id)
        case IdentifyPeer():
            await handle.identify_peer(node, job)
        case FetchDirectory():
            return await directory.fetch(node, job)
        case FetchOrganisation():
            await organisation.fetch(node, job)
        case TellOrganisation():
            await organisation.tell(node, job, job_id)
        case FollowIntroduction():
            await introductions.follow_up(node, job.domain)
        case SendAnnouncement():
            await announcing.send(node, job, job_id)
        case ReportAcknowledgements():
            await announcing.report(node, job, job_id)
        case ForwardReport():
            await reporting.forward(node, job)
        case AnnounceKeys() | AnnounceStanding():
            await life.announce_actor(node, job.account_id, job_id)
        case RemoveAccount():
            return await remove.remove_account(node, job)
        case FetchCard():
            for status_id in await cards.fetch(node, job):
                await retelling.refresh_locally(node, status_id)
        case VerifyLinks():
            await links.verify(node, job.account_id)
        case SendAgreement():
            await agreements.send(node, job, job_id)
        case SuspendAsPlanned():
            await partnerships.suspend_as_planned(node, job.partnership_id)
        case SendMail() | WriteOfPlan():
            from fedorg.jobs import mail  # noqa: PLC0415 - it loads what speaks to mail servers

            await mail.send(node, job)
        case MakeAnnualReport():
            await annual_reports.make(node, job)
        case IndexStatuses():
            return await indexing.index_statuses(node, job)
        case AnnounceMove() | CarryOver():
            return await moves.run(node, job, job_id)
        case ApplyStanding():
            return await shutting_out.apply(node, job)
        case SeverPeer():
            return await severing.sever_peer(node, job)
        case AskToPurge():
            return await agreements.ask_to_purge(node, job)
        case PartWithPeer():
            return await severing.part_with_peer(node, job)
        case SeverAccount():
            return await severing.sever_account(node, job)
        case SeverForMember():
            return await domain_blocks.sever_for_member(node, job)
        case PushNotification():
            await push.send(node, job)
        case MergeNotifications():
            return await notification_requests.merge(node, job)
        case AcceptRequests():
            return await relationships.accept_requests(node, job)
        case ClearHome():
            return await clearing.clear(node, job)
        case StreamPoll() | SendPoll() | EndPoll() | SendVote() | RefreshPoll():
            return await polls.run(node, job, job_id)
        case _:
            assert_never(job)
    return None
