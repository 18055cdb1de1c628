"""Status entities and their relatives. Spec: Mastodon API, entities/Status, StatusEdit, StatusSource, Context.

Beside Mastodon's members a Status carries ``reach``: how far it travels (``node``, ``organisation``, ``partners`` or
``public``), ``local_only``: that it is ``node``, ``partners``: which of them, if not all, and ``reactions``: the emojis
it was given elsewhere, which are no favourites.
"""

from collections.abc import Sequence
from typing import Final, NamedTuple, TypedDict

from fedorg.domain.accounts import Account, Emoji
from fedorg.domain.cards import PreviewCard
from fedorg.domain.statuses import (
    Application,
    ContextView,
    MediaAttachment,
    Mention,
    QuoteView,
    Status,
    StatusEdit,
    StatusView,
    Tag,
)
from fedorg.domain.visibility import Reach
from fedorg.kept import Kept
from fedorg.serializers.accounts import AccountEntity, EmojiEntity, account_entity, emoji_entity
from fedorg.serializers.cards import CardEntity, card_entity
from fedorg.serializers.filters import FilterResultEntity, filter_result_entity
from fedorg.serializers.media import MediaEntity, media_entity
from fedorg.serializers.polls import EditedPollEntity, PollEntity, edited_poll_entity, poll_entity
from fedorg.serializers.quotes import (
    QuoteApprovalEntity,
    QuoteEntity,
    ShallowQuoteEntity,
    quote_approval_entity,
    quote_entity,
    shallow_quote_entity,
)
from fedorg.serializers.reactions import ReactionEntity, reaction_entity
from fedorg.serializers.times import moment, optional_moment
from fedorg.uris import Uris


class MentionEntity(TypedDict):
    """Mastodon's Status::Mention."""

    id: str
    username: str
    url: str
    acct: str


class StatusTagEntity(TypedDict):
    """Mastodon's Status::Tag."""

    name: str
    url: str


class ApplicationEntity(TypedDict):
    """The program a status was made with."""

    name: str
    website: str | None


class _StatusBase(TypedDict):
    id: str
    uri: str
    url: str | None
    created_at: str
    edited_at: str | None
    in_reply_to_id: str | None
    in_reply_to_account_id: str | None
    sensitive: bool
    spoiler_text: str
    visibility: str
    reach: str
    local_only: bool
    partners: list[str]
    language: str | None
    content: str
    replies_count: int
    reblogs_count: int
    favourites_count: int
    quotes_count: int
    account: AccountEntity
    reblog: "StatusEntity | None"
    application: ApplicationEntity | None
    media_attachments: list[MediaEntity]
    mentions: list[MentionEntity]
    tags: list[StatusTagEntity]
    emojis: list[EmojiEntity]
    reactions: list[ReactionEntity]
    card: CardEntity | None
    poll: PollEntity | None
    quote: QuoteEntity | ShallowQuoteEntity | None
    quote_approval: QuoteApprovalEntity | None
    tagged_collections: list[object]


class StatusEntity(_StatusBase, total=False):
    """Mastodon's Status; what the viewer did is there for somebody signed in only."""

    favourited: bool
    reblogged: bool
    bookmarked: bool
    muted: bool
    pinned: bool
    filtered: list[FilterResultEntity]


class StatusEditEntity(TypedDict):
    """Mastodon's StatusEdit."""

    content: str
    spoiler_text: str
    sensitive: bool
    created_at: str
    account: AccountEntity
    media_attachments: list[MediaEntity]
    emojis: list[EmojiEntity]
    poll: EditedPollEntity | None
    quote: QuoteEntity | ShallowQuoteEntity | None


class StatusSourceEntity(TypedDict):
    """Mastodon's StatusSource."""

    id: str
    text: str
    spoiler_text: str


class ContextEntity(TypedDict):
    """Mastodon's Context."""

    ancestors: list[StatusEntity]
    descendants: list[StatusEntity]


def status_entity(view: StatusView, uris: Uris) -> StatusEntity:
    """A status as its viewer sees it: what is the same for all of them, and over it what depends on who looks.

    Parts of it may be shared with other entities: nobody changes them.
    """
    shown = view.shown
    lasting = _Lasting(
        status=view.status,
        account=view.account,
        media=view.media,
        mentions=view.mentions,
        tags=view.tags,
        application=view.application,
        card=view.card,
        shown=shown.status,
        shown_account=shown.account,
        uris=uris,
    )
    entity = _ENTITIES.of(view.status.id, lasting).copy()
    entity["reblog"] = status_entity(view.reblog, uris) if view.reblog else None
    entity["reactions"] = [reaction_entity(counted) for counted in shown.reactions]
    entity["poll"] = poll_entity(view.poll, view.shown_emojis) if view.poll else None
    entity["quote"] = _quote(shown.quote, uris)
    entity["quote_approval"] = None if shown.quote_approval is None else quote_approval_entity(shown.quote_approval)
    if view.viewer is not None:
        # Only people of this node have views of their own: whom a status is for beside them is no business of others.
        entity["partners"] = sorted(view.status.audience.partners)
        entity["favourited"] = view.viewer.favourited
        entity["reblogged"] = view.viewer.reblogged
        entity["bookmarked"] = view.viewer.bookmarked
        entity["muted"] = view.viewer.muted
        if view.viewer.pinned is not None:
            entity["pinned"] = view.viewer.pinned
        entity["filtered"] = [filter_result_entity(found) for found in view.filtered]
    return entity


class _Lasting(NamedTuple):
    """What an entity shows to everybody alike; ``shown`` is what a reblog boosts, and any other status itself."""

    status: Status
    account: Account
    media: tuple[MediaAttachment, ...]
    mentions: tuple[Mention, ...]
    tags: tuple[Tag, ...]
    application: Application | None
    card: PreviewCard | None
    shown: Status
    shown_account: Account
    uris: Uris


def _lasting_entity(source: _Lasting) -> StatusEntity:
    """The entity for somebody whom nothing else is shown."""
    status, shown, uris = source.status, source.shown, source.uris
    return {
        "id": str(status.id),
        "uri": status.uri,
        "url": status.url or None,
        "created_at": moment(status.created_at),
        "edited_at": optional_moment(status.edited_at),
        "in_reply_to_id": str(status.in_reply_to_id) if status.in_reply_to_id else None,
        "in_reply_to_account_id": str(status.in_reply_to_account_id) if status.in_reply_to_account_id else None,
        "sensitive": shown.sensitive or source.shown_account.sensitized_at is not None,
        "spoiler_text": shown.spoiler_text,
        "visibility": status.audience.visibility,
        "reach": status.audience.reach,
        "local_only": status.audience.reach is Reach.NODE,
        "partners": [],
        "language": shown.language,
        "content": shown.content,
        "replies_count": shown.replies_count,
        "reblogs_count": shown.reblogs_count,
        "favourites_count": shown.favourites_count,
        "quotes_count": shown.quotes_count,
        "account": account_entity(source.account, uris),
        "reblog": None,
        "application": {"name": source.application.name, "website": source.application.website}
        if source.application
        else None,
        "media_attachments": []
        if source.account.media_rejected
        else [media_entity(media, uris) for media in source.media],
        "mentions": [_mention(mention) for mention in source.mentions if not mention.is_silent],
        "tags": [tag_in_text_entity(tag, uris) for tag in source.tags],
        "emojis": [] if source.shown_account.media_rejected else [emoji_entity(emoji) for emoji in shown.emojis],
        "reactions": [],
        "card": card_entity(source.card, uris) if source.card else None,
        "poll": None,
        "quote": None,
        "quote_approval": None,
        "tagged_collections": [],
    }


_ENTITIES: Final = Kept(_lasting_entity, bytes_max=4 * 1024 * 1024, each_bytes=6 * 1024)


def deleted_status_entity(view: StatusView, uris: Uris) -> dict[str, object]:
    """A status just deleted: the text its author typed in place of the content, for a redraft."""
    entity: dict[str, object] = {**status_entity(view, uris)}
    del entity["content"]
    return entity | {"text": view.status.text}


def edit_entity(
    edit: StatusEdit, account: Account, emojis: Sequence[Emoji], quote: QuoteView | None, uris: Uris
) -> StatusEditEntity:
    """One version of a status."""
    return {
        "content": edit.content,
        "spoiler_text": edit.spoiler_text,
        "sensitive": edit.sensitive,
        "created_at": moment(edit.created_at),
        "account": account_entity(account, uris),
        "media_attachments": [media_entity(media, uris) for media in edit.media if not account.media_rejected],
        "emojis": [emoji_entity(emoji) for emoji in emojis],
        "poll": edited_poll_entity(edit.poll_options),
        "quote": _quote(quote, uris),
    }


def source_entity(status: Status) -> StatusSourceEntity:
    """What the author typed."""
    return {"id": str(status.id), "text": status.text, "spoiler_text": status.spoiler_text}


def context_entity(context: ContextView, uris: Uris) -> ContextEntity:
    """The thread around a status."""
    return {
        "ancestors": [status_entity(view, uris) for view in context.ancestors],
        "descendants": [status_entity(view, uris) for view in context.descendants],
    }


def _quote(view: QuoteView | None, uris: Uris) -> QuoteEntity | ShallowQuoteEntity | None:
    if view is None:
        return None
    if view.is_shallow:
        return shallow_quote_entity(view)
    return quote_entity(view, None if view.quoted is None else status_entity(view.quoted, uris))


def _mention(mention: Mention) -> MentionEntity:
    return {
        "id": str(mention.account_id),
        "username": mention.username,
        "url": mention.url,
        "acct": mention.acct,
    }


def tag_in_text_entity(tag: Tag, uris: Uris) -> StatusTagEntity:
    """A hashtag as it stands in a text."""
    return {"name": tag.name, "url": uris.tag(tag.name)}
