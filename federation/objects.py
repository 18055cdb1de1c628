"""What actors make and talk about, as values: notes and their kin, attachments, tags, polls, tombstones.

Values only: ``parse`` makes them from a peer's JSON, ``render`` writes them. ``Note`` stands for every type Mastodon
turns into a status; ``type`` keeps the difference. HTML fields are exactly what was sent: whoever shows them sanitises
them. Spec: ActivityStreams 2.0 Vocabulary §3; FEP-044f and FEP-e232 for quotes; Mastodon's ``toot`` terms.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from federation.audience import Addressing, Reach
from federation.vocabulary import DocumentType, NoteType


@dataclass(frozen=True, slots=True, kw_only=True)
class Ref:
    """Something named by its id only; what it is must be looked up or fetched from its origin."""

    id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """A page or file outside the document, such as the article a Lemmy post points to."""

    href: str
    media_type: str | None = None
    name: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Image:
    """A picture that stands for something: an avatar, a header, a preview."""

    url: str
    media_type: str | None = None
    name: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Attachment:
    """A media file; ``name`` is the alternative text, sizes are pixels, the focal point lies in -1..1.

    ``duration`` is in seconds, ``preview`` the picture that stands for a film or a sound.
    """

    type: DocumentType = "Document"
    url: str
    media_type: str | None = None
    name: str | None = None
    blurhash: str | None = None
    width: int | None = None
    height: int | None = None
    duration: float | None = None
    focal_point: tuple[float, float] | None = None
    preview: Image | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Mention:
    """An actor named in the text; ``href`` is its id, ``name`` how the author's server wrote it."""

    href: str
    name: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Hashtag:
    """A hashtag; ``name`` has no ``#``."""

    name: str
    href: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Emoji:
    """A custom emoji; ``shortcode`` has no colons."""

    shortcode: str
    url: str
    media_type: str | None = None
    id: str | None = None
    updated: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PollOption:
    """One answer and how many chose it."""

    name: str
    votes: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Poll:
    """The poll of a ``Question``; ``is_multiple`` is ``anyOf`` on the wire, else ``oneOf``."""

    options: tuple[PollOption, ...]
    is_multiple: bool = False
    ends_at: datetime | None = None
    closed_at: datetime | None = None
    voters_count: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Quote:
    """The status that is quoted.

    ``authorization`` is the stamp of FEP-044f, to be fetched from the quoted author's origin (S52). ``is_legacy``:
    named only by ``quoteUrl``, ``_misskey_quote`` or an FEP-e232 link, spellings that know no consent.
    """

    id: str
    authorization: str | None = None
    is_legacy: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class InteractionRule:
    """Who may do a thing at once, and who after asking: actors, collections, or ``vocabulary.PUBLIC``."""

    automatic: tuple[str, ...] = ()
    manual: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class InteractionPolicy:
    """What the author allows others to do (FEP-044f, GoToSocial); None where nothing was said."""

    can_quote: InteractionRule | None = None
    can_reply: InteractionRule | None = None
    can_like: InteractionRule | None = None
    can_announce: InteractionRule | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CollectionSummary:
    """A collection an object points to: its id, its first page and its size, each if told."""

    id: str | None = None
    first: str | None = None
    total_items: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """A status, whatever the type its author's software gave it.

    ``content_map`` maps a language tag to HTML; ``content`` is never empty when it has entries. With ``is_plain`` both
    are text as it was typed (in Markdown, it may be) instead of HTML. ``conversation`` is an
    opaque name, the other ids are http(s) URLs. ``context`` may be the collection of the whole thread (FEP-7888),
    ``context_history`` that of its activities (FEP-f228). ``image`` stands for it; for an ``Image`` it is the picture
    itself, if its address can be told from that of its page. ``starts_at``, ``ends_at`` and ``location`` belong to an
    ``Event``.
    """

    type: NoteType = "Note"
    id: str
    attributed_to: str
    content: str = ""
    content_map: Mapping[str, str] = field(default_factory=dict)
    is_plain: bool = False
    name: str | None = None
    summary: str | None = None
    sensitive: bool = False
    in_reply_to: str | None = None
    published: datetime | None = None
    updated: datetime | None = None
    to: tuple[str, ...] = ()
    cc: tuple[str, ...] = ()
    audience: tuple[str, ...] = ()
    reach: Reach | None = None
    listed: bool = True
    url: str | None = None
    context: str | None = None
    context_history: str | None = None
    conversation: str | None = None
    attachments: tuple[Attachment, ...] = ()
    links: tuple[Link, ...] = ()
    image: Image | None = None
    mentions: tuple[Mention, ...] = ()
    hashtags: tuple[Hashtag, ...] = ()
    emojis: tuple[Emoji, ...] = ()
    poll: Poll | None = None
    quote: Quote | None = None
    interaction_policy: InteractionPolicy | None = None
    replies: CollectionSummary | None = None
    likes: CollectionSummary | None = None
    shares: CollectionSummary | None = None
    starts_at: datetime | None = None
    ends_at: datetime | None = None
    location: str | None = None

    @property
    def language(self) -> str | None:
        """The language of ``content``, as far as ``content_map`` tells."""
        named = [tag for tag, text in self.content_map.items() if text == self.content]
        return next(iter([*named, *self.content_map]), None)

    @property
    def is_vote(self) -> bool:
        """Whether this may be a vote: the name of an option, in reply to a ``Question``, and nothing else.

        What it replies to decides; a vote is told to the author of the poll and never shown.
        """
        has_body = bool(self.content or self.attachments or self.poll)
        return self.type == "Note" and self.name is not None and self.in_reply_to is not None and not has_body

    @property
    def addressing(self) -> Addressing:
        """What ``audience.read`` wants to know."""
        return Addressing(to=self.to, cc=self.cc, reach=self.reach, listed=self.listed)


@dataclass(frozen=True, slots=True, kw_only=True)
class Tombstone:
    """What is left of something deleted."""

    id: str
    former_type: str | None = None
    deleted: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """What the subject of a partnership between two servers grants the object, and where it stands.

    ``tier`` is what the two are to each other. Nothing of a wider reach than ``largest_reach`` passes between them.
    ``contact`` is whom to ask about incidents, ``retention`` a promise for people to read. ``approved``: the
    administrators of the subject agree; ``suspended``: they stopped all exchange for now; ``suspends_at``: they will.
    ``people`` and ``announcements`` are how many of these the object may list now, where that is told.
    """

    tier: str
    largest_reach: Reach
    direct_messages: bool = True
    directory: bool = True
    media: bool = True
    contact: str = ""
    retention: str = ""
    review_at: datetime | None = None
    approved: bool = False
    suspended: bool = False
    suspends_at: datetime | None = None
    people: int | None = None
    announcements: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Relationship:
    """A relation between two actors, as an ``Offer`` proposes it; ``relationship`` names its kind.

    ``content`` says why, ``terms`` belong to the kind ``PARTNERSHIP``.
    """

    id: str
    subject: str
    object: str
    relationship: str
    content: str = ""
    terms: Terms | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Announcement:
    """What a node tells the members of its organisation, in plain text; a term of fedorg.

    ``needs_acknowledgement``: each member is asked to say that they know.
    """

    id: str
    attributed_to: str
    content: str
    starts_at: datetime | None = None
    ends_at: datetime | None = None
    all_day: bool = False
    needs_acknowledgement: bool = False
    published: datetime | None = None
    updated: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Acknowledgement:
    """How many of a node's members know what was announced by another (``in_reply_to``); a term of fedorg."""

    id: str
    attributed_to: str
    in_reply_to: str
    acknowledged_count: int
    members_count: int


Notice = Announcement | Acknowledgement
"""What nodes of one organisation tell each other."""


@dataclass(frozen=True, slots=True, kw_only=True)
class QuoteAuthorization:
    """The stamp by which the author of ``interaction_target`` lets ``interacting_object`` quote it (FEP-044f).

    It counts only when it came from its own origin, and only for exactly these two statuses (S52).
    """

    id: str
    attributed_to: str
    interacting_object: str
    interaction_target: str


@dataclass(frozen=True, slots=True, kw_only=True)
class UnknownObject:
    """Something embedded whose type this library does not know; kept so that it can be named in a log."""

    type: str
    id: str
