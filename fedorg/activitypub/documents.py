"""Our accounts and statuses as ActivityPub documents.

Only what has a reach beyond the node is ever made into a document: ``note`` and ``announce`` refuse reach ``node``
(blueprint §4). A status in the limited thread of another node never names our audience collections but that node's: its
ring is that one, and that node passes it on there.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from functools import partial
from typing import Final, TypedDict

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from federation import audience
from federation.activities import Announce, Create, Delete, QuoteRequest, Undo, Update
from federation.actors import Actor, Multikey, PropertyValue, PublicKey
from federation.keys import load_public_pem, public_to_multikey
from federation.objects import (
    Attachment,
    CollectionSummary,
    Emoji,
    Hashtag,
    Image,
    Mention,
    Note,
    Quote,
    Ref,
    Tombstone,
)
from federation.vocabulary import PARTNERSHIP
from fedorg.activitypub import interaction_policies, questions
from fedorg.activitypub.capabilities import ED25519, RFC9421
from fedorg.domain.accounts import Account, AccountKey, KeyAlgorithm
from fedorg.domain.quotes import QuoteState
from fedorg.domain.statuses import MediaAttachment, MediaType, QuoteView, Status, StatusView
from fedorg.domain.visibility import Reach, Visibility
from fedorg.media import content_type_of
from fedorg.uris import Uris

IMPLEMENTS: Final = (RFC9421, ED25519)


def actor(account: Account, keys: Sequence[AccountKey], uris: Uris) -> Actor:
    """A local account, or the node's own actor, with its public keys; of a suspended one no profile."""
    is_node = account.uri == uris.node_actor
    if account.suspended_at is not None:
        account = replace(account, display_name="", note="", fields=(), emojis=(), avatar=None, header=None)
    return Actor(
        type=account.actor_type.value,
        id=account.uri,
        preferred_username=account.username,
        inbox=account.inbox,
        outbox=account.outbox or None,
        followers=account.followers_uri or None,
        following=account.following_uri or None,
        featured=None if is_node else uris.featured(account.uri),
        featured_tags=None if is_node else uris.featured_tags(account.uri),
        shared_inbox=account.shared_inbox or uris.shared_inbox,
        name=account.display_name or None,
        summary=account.note or None,
        url=account.url,
        icon=_picture(account.avatar, account.avatar_description, uris),
        image=_picture(account.header, account.header_description, uris),
        fields=tuple(PropertyValue(name=field.name, value=field.value) for field in account.fields),
        emojis=tuple(Emoji(shortcode=emoji.shortcode, url=emoji.url) for emoji in account.emojis),
        manually_approves_followers=account.locked,
        discoverable=account.discoverable and not is_node,
        indexable=account.indexable and not is_node,
        memorial=account.memorial,
        suspended=account.suspended_at is not None,
        moved_to=account.moved_to_uri,
        also_known_as=account.also_known_as,
        attribution_domains=account.attribution_domains,
        published=account.created_at,
        updated=account.updated_at,
        public_keys=_public_keys(account, keys),
        assertion_methods=_multikeys(account, keys),
        webfinger=f"{account.username}@{uris.domain}",
        implements=(*IMPLEMENTS, PARTNERSHIP) if is_node else IMPLEMENTS,
    )


def key_bearer(account: Account, keys: Sequence[AccountKey]) -> Actor:
    """A local account with its name and keys and nothing else, for those who prove nothing."""
    return Actor(
        type=account.actor_type.value,
        id=account.uri,
        preferred_username=account.username,
        inbox=account.inbox,
        manually_approves_followers=account.locked,
        public_keys=_public_keys(account, keys),
        assertion_methods=_multikeys(account, keys),
    )


def note(view: StatusView, uris: Uris) -> Note:
    """A local status that is not a reblog."""
    status, author = view.status, view.account
    addressing = address(view, uris)
    return Note(
        type="Note" if view.poll is None else "Question",
        id=status.uri,
        attributed_to=author.uri,
        content=status.content,
        content_map={status.language: status.content} if status.language else {},
        summary=status.spoiler_text or None,
        sensitive=status.sensitive or author.sensitized_at is not None,
        in_reply_to=status.in_reply_to_uri,
        published=status.created_at,
        updated=status.edited_at,
        to=addressing.to,
        cc=addressing.cc,
        reach=addressing.reach,
        listed=addressing.listed,
        url=status.url,
        attachments=tuple(_attachment(media, uris) for media in view.media),
        poll=questions.poll_of(view.poll),
        mentions=tuple(
            Mention(href=mention.uri, name=f"@{mention.username}@{mention.domain or uris.domain}")
            for mention in view.mentions
            if not mention.is_silent
        ),
        hashtags=tuple(Hashtag(name=tag.display_name, href=uris.tag(tag.name)) for tag in view.tags),
        emojis=tuple(Emoji(shortcode=emoji.shortcode, url=emoji.url) for emoji in status.emojis),
        context=status.context_uri,
        **_collections(status),
        quote=_quote(view.quote),
        interaction_policy=interaction_policies.of_local(status, author, addressing, uris),
    )


def create(view: StatusView, uris: Uris) -> Create:
    """The activity that brings a local status."""
    made = note(view, uris)
    return Create(
        id=uris.activity_of(view.status.uri),
        actor=view.account.uri,
        object=made,
        to=made.to,
        cc=made.cc,
        published=view.status.created_at,
    )


def update(view: StatusView, uris: Uris, edited_at: datetime) -> Update:
    """The activity that brings the edit made at ``edited_at``."""
    made = note(view, uris)
    number = int(edited_at.timestamp() * 1000)
    return Update(
        id=uris.change(view.status.uri, number),
        actor=view.account.uri,
        object=made,
        to=made.to,
        cc=made.cc,
        published=edited_at,
    )


def update_tallies(view: StatusView, uris: Uris, number: int) -> Update:
    """The activity that brings how a poll stands; the status is as it was."""
    made = note(view, uris)
    return Update(
        id=uris.activity(view.status.uri, "updates", number),
        actor=view.account.uri,
        object=made,
        to=made.to,
        cc=made.cc,
    )


def update_actor(account: Account, keys: Sequence[AccountKey], uris: Uris, number: int) -> Update:
    """The activity that brings a changed profile."""
    return Update(
        id=uris.change(account.uri, number),
        actor=account.uri,
        object=actor(account, keys, uris),
        to=(account.followers_uri,),
    )


def announce(view: StatusView, boosted: Status, uris: Uris) -> Announce:
    """A local reblog of ``boosted``; its author is addressed too."""
    addressing = address(view, uris)
    author = () if view.reblog is None else (view.reblog.account.uri,)
    return Announce(
        id=uris.activity_of(view.status.uri),
        actor=view.account.uri,
        object=Ref(id=boosted.uri),
        to=addressing.to,
        cc=tuple(dict.fromkeys((*addressing.cc, *author))),
        published=view.status.created_at,
    )


def undo_announce(account: Account, uri: str, boosted_uri: str, published: datetime, uris: Uris) -> Undo:
    """The end of a reblog, whose row is gone; BookWyrm wants to know when it was made."""
    undone = Announce(id=uris.activity_of(uri), actor=account.uri, object=Ref(id=boosted_uri), published=published)
    return Undo(id=f"{uri}/undo", actor=account.uri, object=undone, to=(account.followers_uri,))


def quote_request(view: StatusView, quoted: QuoteView, author: Account, uris: Uris) -> QuoteRequest:
    """The question to ``author`` whether a local status may quote theirs, with the status itself."""
    return QuoteRequest(
        id=quoted.quote.request_uri or uris.quote_request(view.status.uri),
        actor=view.account.uri,
        object=Ref(id=quoted.quote.quoted_uri),
        instrument=note(view, uris),
        to=(author.uri,),
    )


def delete_authorization(account: Account, uri: str, deleted_at: datetime) -> Delete:
    """The end of a stamp; what it allowed is not told again (FEP-044f)."""
    return Delete(
        id=f"{uri}#delete",
        actor=account.uri,
        object=Tombstone(id=uri, former_type="QuoteAuthorization", deleted=deleted_at),
    )


def delete(account: Account, uri: str, deleted_at: datetime) -> Delete:
    """The end of a status, whose row is gone."""
    return Delete(
        id=f"{uri}/delete",
        actor=account.uri,
        object=Tombstone(id=uri, deleted=deleted_at),
        to=(account.followers_uri,),
    )


def address(view: StatusView, uris: Uris) -> audience.Addressing:
    """To whom a local status or reblog is addressed."""
    status = view.status
    # A message is for all whom it was ever for; it would be for nobody if the last name were taken out.
    is_message = status.audience.visibility is Visibility.DIRECT
    ring_of = partial(uris.audience_of, status.reach_domain) if status.reach_domain else uris.audience
    return audience.address(
        audience.Audience(
            visibility=audience.Visibility(status.audience.visibility), reach=audience.Reach(status.audience.reach)
        ),
        followers=view.account.followers_uri,
        mentions=tuple(mention.uri for mention in view.mentions if is_message or not mention.is_silent),
        audiences={ring_of(ring): audience.Reach(ring) for ring in (Reach.ORGANISATION, Reach.PARTNERS)},
    )


def is_open(status: Status) -> bool:
    """Whether anybody at all may read the status."""
    return status.audience.reach is Reach.PUBLIC and status.audience.visibility in (
        Visibility.PUBLIC,
        Visibility.UNLISTED,
    )


def replies_uri(status: Status) -> str:
    """The collection of what answers a status."""
    return f"{status.uri}/replies"


def likes_uri(status: Status) -> str:
    """The collection that counts the favourites of a status."""
    return f"{status.uri}/likes"


def shares_uri(status: Status) -> str:
    """The collection that counts the boosts of a status."""
    return f"{status.uri}/shares"


class _Collections(TypedDict):
    replies: CollectionSummary | None
    likes: CollectionSummary
    shares: CollectionSummary


def _collections(status: Status) -> _Collections:
    """What hangs on a status; direct ones are in no collection, and so are their answers (S59)."""
    is_direct = status.audience.visibility is Visibility.DIRECT
    return {
        "replies": None if is_direct else CollectionSummary(id=replies_uri(status)),
        "likes": CollectionSummary(id=likes_uri(status), total_items=status.favourites_count),
        "shares": CollectionSummary(id=shares_uri(status), total_items=status.reblogs_count),
    }


def _public_keys(account: Account, keys: Sequence[AccountKey]) -> tuple[PublicKey, ...]:
    return tuple(
        PublicKey(id=key.uri, owner=account.uri, pem=key.public) for key in keys if key.algorithm is KeyAlgorithm.RSA
    )


def _quote(shown: QuoteView | None) -> Quote | None:
    """What is quoted, while that was not refused: other spellings than FEP-044f's know no consent."""
    if shown is None or shown.quote.state not in (QuoteState.PENDING, QuoteState.ACCEPTED):
        return None
    is_allowed = shown.quote.state is QuoteState.ACCEPTED
    return Quote(id=shown.quote.quoted_uri, authorization=shown.quote.approval_uri if is_allowed else None)


def _multikeys(account: Account, keys: Sequence[AccountKey]) -> tuple[Multikey, ...]:
    parsed = ((key.uri, load_public_pem(key.public)) for key in keys if key.algorithm is KeyAlgorithm.ED25519)
    return tuple(
        Multikey(id=uri, controller=account.uri, public_key_multibase=public_to_multikey(public))
        for uri, public in parsed
        if isinstance(public, Ed25519PublicKey)
    )


def _picture(name: str | None, description: str, uris: Uris) -> Image | None:
    if name is None:
        return None
    return Image(url=uris.media(name), media_type=content_type_of(name), name=description or None)


def _attachment(media: MediaAttachment, uris: Uris) -> Attachment:
    url = uris.media(media.file) if media.file else media.remote_url or ""
    return Attachment(
        url=url,
        media_type=media.content_type,
        name=media.description or None,
        blurhash=media.blurhash,
        width=media.original.width if media.original else None,
        height=media.original.height if media.original else None,
        duration=None if media.playback is None else round(media.playback.seconds, 3),
        focal_point=media.focus,
        preview=Image(url=uris.media(media.preview)) if media.preview and media.type is not MediaType.IMAGE else None,
    )
