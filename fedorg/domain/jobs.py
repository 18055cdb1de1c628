"""What the queue carries: values only, as small as they can be, so that a job row is a few dozen bytes.

Each job is safe to run twice. The code that runs them is in ``fedorg.jobs``, the queue itself in ``store/jobs.py``.
"""

from datetime import datetime
from enum import StrEnum
from typing import TypeAlias

import msgspec

from fedorg.domain.mail import MailKind
from fedorg.ids import (
    ID_MAX,
    AccountId,
    CardId,
    MediaId,
    NotificationId,
    PartnershipId,
    PollId,
    PushSubscriptionId,
    QuoteId,
    ReportId,
    ScheduledStatusId,
    StatusId,
    UserId,
    VoteId,
)


class DistributeStatus(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """Bring a new status (or reblog) to home timelines, notifications, streams and other nodes.

    ``after`` is the cursor over the author's local followers; None starts. ``peer`` is the server it came from.
    """

    status_id: StatusId
    after: AccountId | None = None
    peer: str | None = None


class DistributeToTagFollowers(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """Bring a new public status to the home timelines of those who follow one of its hashtags; the rest as above."""

    status_id: StatusId
    after: AccountId = AccountId(0)
    peer: str | None = None


class DistributeEdit(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """Tell about an edited status: those who reblogged it, streams, and the servers that have it; ``peer`` as above."""

    status_id: StatusId
    edited_at: datetime
    peer: str | None = None


class DistributeDelete(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """Tell every server that was sent a status, or hosts who boosted it, that it is gone (its row is gone already).

    ``inboxes`` was collected in the transaction that deleted it. For a reblog, ``reblog_of_uri`` is set and an Undo
    goes out instead of a Delete.
    """

    account_id: AccountId
    status_id: StatusId
    uri: str
    inboxes: tuple[str, ...]
    reblog_of_uri: str | None = None


class RemoveStatus(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """Remove what refers to a status that is gone, a little at a time; the servers that have it are told first.

    ``uri`` and ``is_open`` (everybody could see it) say what it was, and ``peer`` which server it came from.
    ``is_told``: nobody is to be told any more.
    """

    account_id: AccountId
    status_id: StatusId
    uri: str
    is_open: bool
    peer: str | None = None
    is_told: bool = False
    reblog_of_uri: str | None = None


class ActivityKind(StrEnum):
    """Activities between two accounts that carry nothing but who, what and to whom."""

    FOLLOW = "follow"
    UNDO_FOLLOW = "undo_follow"
    ACCEPT_FOLLOW = "accept_follow"
    REJECT_FOLLOW = "reject_follow"
    LIKE = "like"
    UNDO_LIKE = "undo_like"
    BLOCK = "block"
    UNDO_BLOCK = "undo_block"


class SendActivity(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """Send one activity from a local account to a remote one.

    ``uri`` is the activity's own id for what can be undone (Follow, Like, Block), or the id of the Follow that is
    answered. ``object_uri`` is the status liked; for the others the target account is the object. ``peer`` is the
    server that asked for an answer.
    """

    kind: ActivityKind
    account_id: AccountId
    target_id: AccountId
    uri: str
    object_uri: str | None = None
    peer: str | None = None


class PostScheduledStatus(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """Post a status whose moment has come; nothing happens when it was deleted, posted or put off meanwhile."""

    scheduled_id: ScheduledStatusId
    scheduled_at: datetime


class DistributeProfile(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """Send a changed profile to every server that follows the account."""

    account_id: AccountId


class DistributePin(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """Tell the servers a status goes to that its author pinned it, or took the pin back."""

    account_id: AccountId
    status_id: StatusId
    is_pinned: bool


class DistributeFeaturedTag(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """Tell every server that follows an account that its profile shows a hashtag, or shows it no more."""

    account_id: AccountId
    name: str
    display_name: str
    is_shown: bool


class HandleActivity(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """Act on an activity that was proven at the door to be ``actor``'s; ``body`` is the JSON as received.

    ``sender`` is who passed it on; empty where it came from the actor itself. What one actor does to one ``subject``
    (creates, changes, ends, undoes) is handled in the order it came.
    """

    body: str
    actor: str
    scheme: str
    subject: str = ""
    sender: str = ""


class PassOnAnswer(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """Pass on a proven reply of somebody elsewhere once what it answers is here; its activity is ``body``, as received.

    ``tries`` is how often that was not yet so.
    """

    uri: str
    kind: str
    actor: str
    status_uri: str
    addressees: tuple[str, ...]
    body: str
    tries: int = 0


class Change(StrEnum):
    """What is said to have happened to a status."""

    CREATED = "created"
    UPDATED = "updated"
    DELETED = "deleted"


class CheckAtOrigin(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """Look where a status lives whether what ``sender`` passed on, without a proof, about ``actor``'s is true.

    ``answers`` is what a new status is said to answer: nothing is fetched that concerns nobody here.
    """

    uri: str
    actor: str
    sender: str
    change: Change
    answers: str = ""


class ResolveThread(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """Fetch what a remote reply answers, upwards, until ``depth`` is used up.

    ``is_news``: the reply itself is told to whom it concerns once it hangs in its thread, however old it is. ``peer``
    is the server it came from.
    """

    status_id: StatusId
    peer: str | None = None
    depth: int = 0
    is_news: bool = True


class CompleteThread(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """Fetch what is missing of the thread of a status, above and below it; ``peer`` is the server it came from.

    ``refresh_id`` is what clients that wait for it know it by.
    """

    status_id: StatusId
    peer: str
    refresh_id: str = ""


class CompleteProfile(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """Fetch what the profile of an account of ``peer`` shows: itself, pins, hashtags, counts, the newest statuses.

    Unless it is claimed, nobody has looked yet; who looks before it is due has it fetched at once.
    """

    account_id: AccountId
    peer: str
    is_claimed: bool = True


class SynchroniseFollowers(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """Compare who follows ``actor`` from here with what its server says, by ``digest``, else by the list at ``url``."""

    actor: str
    url: str
    digest: str


class RefreshStatus(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """Tell whoever has a status how it stands now, though its text is the same: its quote, or who may quote it."""

    status_id: StatusId
    at: datetime


class SendQuoteRequest(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """Ask the author of a remote status for the right to quote it in ``status_id``."""

    status_id: StatusId


class AnswerQuoteRequest(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """Answer an account of a peer that wants to quote a status of ``account_id``: yes with a stamp, no without one."""

    account_id: AccountId
    target_id: AccountId
    request_uri: str
    quoted_uri: str
    quoting_uri: str
    approval_uri: str | None = None


class WithdrawQuoteApproval(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """Tell whoever has a stamp of ``account_id`` that it no longer holds."""

    account_id: AccountId
    approval_uri: str
    inboxes: tuple[str, ...]


class VerifyQuote(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """Fetch what a status of ``peer`` quotes and the stamp that allows it; ``steps`` were followed to come here."""

    quote_id: QuoteId
    peer: str | None = None
    steps: int = 0


class IdentifyPeer(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """Ask another server what software it runs, for those who look after this node."""

    domain: str


class FetchDirectory(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """Read a page of the people that a sibling lists; ``url`` None is the first.

    ``begun_at`` is when the list was begun: whom the sibling has not named since then is no longer listed. ``refusals``
    is how often it was not given.
    """

    domain: str
    begun_at: datetime
    url: str | None = None
    page: int = 0
    refusals: int = 0


class FetchOrganisation(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """Read the list of the nodes that a sibling vouches for; ``refusals`` is how often it was not given."""

    domain: str
    refusals: int = 0


class TellOrganisation(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """Tell siblings that this node vouches for others than before: ``domain`` is new, or gone.

    ``partnership_id`` is what began or ended with it, None where an administrator said what it is.
    """

    domain: str
    partnership_id: PartnershipId | None = None


class FollowIntroduction(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """Do what comes next with a node that a sibling may have introduced."""

    domain: str


class SendAnnouncement(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """Tell the other nodes of the organisation what this one announces now, or that it announces it no more."""

    announcement_id: int


class ReportAcknowledgements(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """Tell the node that announced something how many members of this one know."""

    announcement_id: int


class ForwardReport(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """Tell the home of a reported account, in the name of this node."""

    report_id: ReportId


class AnnounceKeys(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """Send an actor with its new keys to every server that may have the old ones."""

    account_id: AccountId


class FetchCard(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """Look at the page of a preview card; ``peer`` is the server whose status links to it, None here."""

    card_id: CardId
    peer: str | None = None


class VerifyLinks(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """Look whether the pages that a profile links to link back to it."""

    account_id: AccountId


class ProcessMedia(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """Make what is shown of an uploaded film or sound; nothing happens when it was deleted or made meanwhile."""

    media_id: MediaId


class IndexStatuses(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """Make statuses findable by their words that were recorded before there was an index; ``before`` is the cursor."""

    before: StatusId | None = None


class ApplyStanding(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """Let the accounts of a server, and of those below it, stand as the blocks say now.

    ``lifted_at`` is the moment of the block as it was before, whose marks go; None: there was none. ``after`` is the
    cursor over the accounts.
    """

    domain: str
    lifted_at: datetime | None = None
    after: AccountId = AccountId(0)


class SeverPeer(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """End every follow with a server that is shut out, then tell the members who lost any.

    ``cause`` numbers this shutting out. ``told_until`` is the cursor over those who are told; None while follows end.
    """

    domain: str
    cause: int
    told_until: AccountId | None = None


class SeverAccount(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """Likewise with one account of another server, that is suspended here."""

    account_id: AccountId
    cause: int
    told_until: AccountId | None = None


class SeverForMember(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """Likewise for one member, who shut a server out; nothing more ends when they let it in again meanwhile.

    What it brought goes before: what stands below ``home_below`` on the home timeline, and what was told below
    ``told_below``; None where nothing is left.
    """

    account_id: AccountId
    domain: str
    cause: int
    home_below: StatusId | None = StatusId(ID_MAX)
    told_below: NotificationId | None = NotificationId(ID_MAX)


class PushNotification(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """Tell a subscription to Web Push, whose service is ``host``, of a notification."""

    subscription_id: PushSubscriptionId
    notification_id: NotificationId
    host: str


class MergeNotifications(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """Bring in what somebody caused and an account, which accepts them now, was not shown."""

    account_id: AccountId
    from_account_id: AccountId


class AcceptRequests(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """Let in who asked to follow an account that was locked, from the request after ``after`` on."""

    account_id: AccountId
    after: int = 0


class ClearHome(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """Take some more off a home timeline of what somebody posted and boosted, who is out of its sight already."""

    account_id: AccountId
    author_id: AccountId


class StreamPoll(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """Tell open streams how a poll stands."""

    poll_id: PollId


class SendPoll(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """Tell the servers that have a local poll how it stands."""

    poll_id: PollId


class EndPoll(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """Tell the author, if local, and local voters that a poll is over; due when it is.

    ``after`` is the cursor over the voters; None starts.
    """

    poll_id: PollId
    after: AccountId | None = None


class SendVote(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """Send a vote of a local account to the server of the poll."""

    vote_id: VoteId


class RefreshPoll(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """Ask the server ``domain`` how its poll stands; then end it here, if it is over."""

    poll_id: PollId
    domain: str


PollJob: TypeAlias = StreamPoll | SendPoll | EndPoll | SendVote | RefreshPoll


class MakeAnnualReport(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """Count what an account did in a year, for its owner."""

    account_id: AccountId
    year: int


class AnnounceStanding(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """Tell every server that may know a local account that it is suspended, or that it no longer is."""

    account_id: AccountId


class SendMail(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """Write to a user; address and link are looked up and made when it is sent."""

    user_id: UserId
    kind: MailKind


class RemoveAccount(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """Remove what is left of an account that is gone, part by part; a local one is announced to others first.

    ``keeps_row``: of a remote one that was suspended the suspension stays, and with it a row that says nothing else.
    ``peer`` is the server of a remote one.
    """

    account_id: AccountId
    peer: str | None = None
    is_announced: bool = False
    keeps_row: bool = False


class CarryPart(StrEnum):
    """What is carried over when an account moves, in this order."""

    FOLLOWERS = "followers"
    BLOCKS = "blocks"
    MUTES = "mutes"
    NOTES = "notes"


class CarryOver(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """Carry what people here hold about an account that moved over to the new one.

    ``after`` is the cursor over the accounts that hold it.
    """

    account_id: AccountId
    target_id: AccountId
    part: CarryPart = CarryPart.FOLLOWERS
    after: AccountId = AccountId(0)


class AnnounceMove(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """Tell the servers of followers that a local account moved."""

    account_id: AccountId
    target_uri: str


class PartWithPeer(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """End the follows with a former partner, then tell the members who lost any."""

    domain: str
    cause: int
    told_until: AccountId | None = None


class AskToPurge(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """Ask a former partner to delete what it was sent of a limited reach; ``after`` is the cursor over statuses."""

    partnership_id: PartnershipId
    after: StatusId = StatusId(0)


class AgreementKind(StrEnum):
    """What is told to the other side of a partnership."""

    OFFER = "offer"
    ACCEPT = "accept"
    DECLINE = "decline"
    UPDATE = "update"
    END = "end"


class SendAgreement(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """Tell the other side of a partnership how it stands here; ``reason`` goes with an end.

    ``domain`` is the other side's: all that it is told goes in order, of an offer taken back and of the next one too.
    """

    partnership_id: PartnershipId
    kind: AgreementKind
    reason: str = ""
    # Jobs that an older version queued have none.
    domain: str = ""


class SuspendAsPlanned(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """Suspend a partnership at the moment that was told; nothing when that was called off or moved."""

    partnership_id: PartnershipId


class WriteOfPlan(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """Write that a partner will suspend a partnership, or not after all, as it stands when the letter is sent.

    To a user, or (``user_id`` None) to the contact that this node named for incidents.
    """

    partnership_id: PartnershipId
    user_id: UserId | None


Job: TypeAlias = (
    DistributeStatus
    | DistributeToTagFollowers
    | DistributeEdit
    | DistributeDelete
    | RemoveStatus
    | PostScheduledStatus
    | SendActivity
    | DistributeProfile
    | DistributePin
    | DistributeFeaturedTag
    | HandleActivity
    | CheckAtOrigin
    | PassOnAnswer
    | SynchroniseFollowers
    | ResolveThread
    | CompleteThread
    | CompleteProfile
    | RefreshStatus
    | SendQuoteRequest
    | AnswerQuoteRequest
    | WithdrawQuoteApproval
    | VerifyQuote
    | IdentifyPeer
    | FetchDirectory
    | FetchOrganisation
    | TellOrganisation
    | FollowIntroduction
    | SendAnnouncement
    | ReportAcknowledgements
    | ForwardReport
    | AnnounceKeys
    | AnnounceStanding
    | MergeNotifications
    | AcceptRequests
    | ClearHome
    | PushNotification
    | SeverPeer
    | ApplyStanding
    | SeverAccount
    | SeverForMember
    | RemoveAccount
    | CarryOver
    | AnnounceMove
    | MakeAnnualReport
    | SendAgreement
    | PartWithPeer
    | AskToPurge
    | SendMail
    | SuspendAsPlanned
    | WriteOfPlan
    | FetchCard
    | VerifyLinks
    | ProcessMedia
    | IndexStatuses
    | PollJob
)
