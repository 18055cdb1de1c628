"""Statuses and what belongs to them; drafts before, views after."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Literal, TypeAlias

from fedorg.domain.accounts import Account, Emoji
from fedorg.domain.cards import PreviewCard
from fedorg.domain.filters import FilterMatch
from fedorg.domain.media import MediaState, Playback
from fedorg.domain.policies import (
    InteractionPolicy,
    QuoteApproval,
    QuotePolicy,
    Rule,
    effective_quote_policy,
    rule_of,
)
from fedorg.domain.polls import PollDraft, PollView, RemotePoll
from fedorg.domain.quotes import Quote, QuoteState, RemoteQuote
from fedorg.domain.reactions import ReactionCount
from fedorg.domain.visibility import Audience, Reach, Visibility
from fedorg.ids import AccountId, ApplicationId, EditId, MediaId, ScheduledStatusId, StatusId, UserId


class MediaType(StrEnum):
    """Mastodon's kinds of attachment."""

    IMAGE = "image"
    GIFV = "gifv"
    VIDEO = "video"
    AUDIO = "audio"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class Dimensions:
    """Size of an image in pixels."""

    width: int
    height: int


@dataclass(frozen=True, slots=True, kw_only=True)
class MediaAttachment:
    """A file attached, or to be attached, to a status.

    ``file`` and ``preview`` are media names of this node, ``received`` is that of an upload that waits to be made anew;
    ``remote_url`` is where a peer's file lies, ``remote_preview_url`` where a picture of it. Focus lies in -1..1 on
    both axes, (0, 0) is the middle.
    """

    id: MediaId
    account_id: AccountId
    status_id: StatusId | None
    type: MediaType
    content_type: str
    file: str | None = None
    preview: str | None = None
    remote_url: str | None = None
    remote_preview_url: str | None = None
    description: str = ""
    blurhash: str | None = None
    focus: tuple[float, float] | None = None
    original: Dimensions | None = None
    small: Dimensions | None = None
    size_bytes: int = 0
    state: MediaState = MediaState.READY
    received: str | None = None
    playback: Playback | None = None
    created_at: datetime

    @property
    def stored_names(self) -> tuple[str, ...]:
        """Everything that is stored for it on this node."""
        return tuple(name for name in (self.file, self.preview, self.received) if name is not None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Mention:
    """An account named in a status; a silent one was until an edit, and may see it still."""

    account_id: AccountId
    username: str
    domain: str | None
    url: str
    uri: str
    is_silent: bool = False

    @property
    def acct(self) -> str:
        """``username``, or ``username@domain`` for a remote account."""
        return self.username if self.domain is None else f"{self.username}@{self.domain}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Tag:
    """A hashtag: ``name`` is normalised (the key), ``display_name`` as first written."""

    name: str
    display_name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TagUse:
    """How often, and by how many accounts, a hashtag was used on one day (``day`` is its midnight, UTC)."""

    day: datetime
    uses: int
    accounts: int


@dataclass(frozen=True, slots=True, kw_only=True)
class TagView:
    """A hashtag with its use in the last seven days, the newest first."""

    id: int
    name: str
    history: tuple[TagUse, ...]
    following: bool | None = None
    featuring: bool | None = None
    """Whether the viewer follows it, or shows it on their profile; None for somebody not signed in."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Status:
    """A post, local or remote, or a reblog (``reblog_of_id`` set, no text of its own).

    ``content`` is safe HTML, ``text`` what a local author typed. ``reach_domain`` is the peer whose organisation or
    partners the reach speaks of; None: ours. ``thread_id`` is the root of the conversation as this node knows it. The
    three collections are those that the author's server names: of the thread (FEP-7888), of all that happened in it
    (FEP-f228), of the answers.
    ``quote_policy`` is the choice of a local author, ``interaction_policy`` what a remote one said.
    """

    id: StatusId
    uri: str
    url: str
    account_id: AccountId
    audience: Audience
    reach_domain: str | None = None
    text: str = ""
    content: str = ""
    spoiler_text: str = ""
    sensitive: bool = False
    language: str | None = None
    in_reply_to_id: StatusId | None = None
    in_reply_to_account_id: AccountId | None = None
    in_reply_to_uri: str | None = None
    thread_id: StatusId
    context_uri: str | None = None
    context_history_uri: str | None = None
    replies_uri: str | None = None
    reblog_of_id: StatusId | None = None
    application_id: ApplicationId | None = None
    emojis: tuple[Emoji, ...] = ()
    created_at: datetime
    edited_at: datetime | None = None
    replies_count: int = 0
    reblogs_count: int = 0
    favourites_count: int = 0
    quotes_count: int = 0
    quote_policy: QuotePolicy | None = None
    interaction_policy: InteractionPolicy | None = None

    @property
    def quote_rule(self) -> Rule | None:
        """Who may quote it, as its author says; None when nothing was said."""
        if self.quote_policy is not None:
            return rule_of(effective_quote_policy(self.quote_policy, self.audience.visibility))
        return None if self.interaction_policy is None else self.interaction_policy.quote


def is_pinnable(status: Status) -> bool:
    """Whether its author may keep a status at the top of the profile: no boost, and not for addressees only."""
    return status.reblog_of_id is None and status.audience.visibility is not Visibility.DIRECT


@dataclass(frozen=True, slots=True, kw_only=True)
class MediaChange:
    """New description or focus for an attachment, given while a status is edited."""

    media_id: MediaId
    description: str | None = None
    focus: tuple[float, float] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class StatusDraft:
    """What a client asks to post. ``visibility``, ``reach`` and ``quote_policy`` None mean the author's defaults.

    ``partners`` are those that reach ``partners`` stands for: None means the author's default too, and an empty one
    every partner.
    """

    text: str = ""
    spoiler_text: str = ""
    sensitive: bool | None = None
    visibility: Visibility | None = None
    reach: Reach | None = None
    partners: tuple[str, ...] | None = None
    language: str | None = None
    in_reply_to_id: StatusId | None = None
    quoted_status_id: StatusId | None = None
    quote_policy: QuotePolicy | None = None
    media_ids: tuple[MediaId, ...] = ()
    poll: PollDraft | None = None
    application_id: ApplicationId | None = None
    idempotency_key: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ScheduledStatus:
    """A draft that is posted at ``scheduled_at``; ``error`` says why it was not, when that moment has passed."""

    id: ScheduledStatusId
    account_id: AccountId
    user_id: UserId
    draft: StatusDraft
    scheduled_at: datetime
    error: str | None = None
    media: tuple[MediaAttachment, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class StatusChange:
    """What a client asks to edit; None leaves a part as it is. Without ``poll`` there is no poll any more.

    ``reach`` and ``partners`` are how far the client believes the status to go: an edit cannot change that, and says
    so.
    """

    text: str | None = None
    spoiler_text: str | None = None
    sensitive: bool | None = None
    language: str | None = None
    media_ids: tuple[MediaId, ...] | None = None
    media_changes: tuple[MediaChange, ...] = ()
    poll: PollDraft | None = None
    quote_policy: QuotePolicy | None = None
    reach: Reach | None = None
    partners: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class StatusEdit:
    """A version of a status as it once stood; ``media`` in the order and wording of that version."""

    id: EditId
    status_id: StatusId
    account_id: AccountId
    text: str
    content: str
    spoiler_text: str
    sensitive: bool
    media: tuple[MediaAttachment, ...]
    poll_options: tuple[str, ...] | None = None
    created_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class RemoteMedia:
    """An attachment as a peer declares it; ``duration`` is in seconds."""

    url: str
    content_type: str
    description: str = ""
    blurhash: str | None = None
    width: int | None = None
    height: int | None = None
    duration: float | None = None
    focus: tuple[float, float] | None = None
    preview_url: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RemoteStatus:
    """A status of a peer after every check of origin, ready to be recorded.

    ``content`` is sanitised already; ``mentions`` holds accounts known here; ``created_at`` is the peer's claim,
    never later than now. ``audience`` is what the addressing says, clamped to the thread by the service. ``steps`` is
    how many quotes and replies this node followed by itself to come here; 0 for what was delivered or asked for.
    ``told_at`` is when this version came to this node, which may be long before it is recorded; None is just now.
    """

    uri: str
    url: str
    author: Account
    audience: Audience
    content: str
    spoiler_text: str
    sensitive: bool
    language: str | None
    in_reply_to_uri: str | None
    mentions: tuple[Account, ...]
    tags: tuple[Tag, ...]
    emojis: tuple[Emoji, ...]
    media: tuple[RemoteMedia, ...]
    poll: RemotePoll | None = None
    created_at: datetime
    edited_at: datetime | None = None
    context_uri: str | None = None
    context_history_uri: str | None = None
    replies_uri: str | None = None
    quote: RemoteQuote | None = None
    interaction_policy: InteractionPolicy | None = None
    steps: int = 0
    told_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Application:
    """The client program a status was made with, as far as others may see it."""

    name: str
    website: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ViewerState:
    """What the viewer did with a status; ``pinned`` is None for what the viewer could not pin."""

    favourited: bool = False
    reblogged: bool = False
    bookmarked: bool = False
    muted: bool = False
    pinned: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class StatusView:
    """A status with all that an entity of it shows; ``viewer`` is None for somebody not signed in.

    ``quote_approval`` is None for a reblog: what it boosts has one.
    """

    status: Status
    account: Account
    reblog: "StatusView | None" = None
    media: tuple[MediaAttachment, ...] = ()
    poll: PollView | None = None
    mentions: tuple[Mention, ...] = ()
    tags: tuple[Tag, ...] = ()
    application: Application | None = None
    viewer: ViewerState | None = None
    filtered: tuple[FilterMatch, ...] = ()
    reactions: tuple[ReactionCount, ...] = ()
    card: PreviewCard | None = None
    quote: "QuoteView | None" = None
    quote_approval: QuoteApproval | None = None

    @property
    def shown(self) -> "StatusView":
        """What a boost boosts; any other status itself."""
        return self.reblog or self

    @property
    def shown_emojis(self) -> tuple[Emoji, ...]:
        """Its custom emojis, but for those of a server whose media are rejected."""
        return () if self.account.media_rejected else self.status.emojis


@dataclass(frozen=True, slots=True, kw_only=True)
class QuoteView:
    """A quote as one viewer sees it: ``state`` is what the viewer is told, ``quote`` the row itself.

    ``quoted`` is the quoted status where the viewer may see it. ``is_shallow`` in a status that is quoted itself: of
    what it quotes only the id is told.
    """

    quote: Quote
    state: QuoteState
    quoted: StatusView | None = None
    is_shallow: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ContextView:
    """A thread around a status: what it answers, oldest first, and what answers it, in reading order."""

    ancestors: tuple[StatusView, ...]
    descendants: tuple[StatusView, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ContextPage:
    """A part of a thread: so many are left ``above`` and ``below`` it; the ``last`` of the answers it goes to."""

    context: ContextView
    above: int
    below: int
    last: StatusId | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PageQuery:
    """A window over ids, newest first, in Mastodon's exact meaning.

    ``max_id``: older than; ``since_id``: newer than, the newest ``limit`` of them; ``min_id``: newer than, the
    ``limit`` just after it.
    """

    limit: int
    max_id: int | None = None
    since_id: int | None = None
    min_id: int | None = None


TimelineName: TypeAlias = Literal["home", "notifications"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Marker:
    """How far an account has read a timeline."""

    timeline: TimelineName
    last_read_id: int
    version: int
    updated_at: datetime
