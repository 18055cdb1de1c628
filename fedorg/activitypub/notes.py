"""Notes of peers as statuses of this node, ready to be recorded: author and mentions resolved, HTML sanitised.

Everything fallible or slow happens here, before any transaction. What software other than ours writes in other types
(articles, pages, films, events) is shown, as in Mastodon, as a title, a text and a link to the original.
"""

from datetime import timedelta
from typing import Final

from federation import audience, origin
from federation.errors import FederationError, OriginMismatch
from federation.objects import Attachment, Note
from fedorg.activitypub import actors, interaction_policies, moments, questions
from fedorg.activitypub.fetching import Budget
from fedorg.domain.accounts import Account, Emoji
from fedorg.domain.quotes import RemoteQuote
from fedorg.domain.statuses import RemoteMedia, RemoteStatus, Tag
from fedorg.domain.visibility import Audience, Reach, Visibility
from fedorg.errors import FedorgError, Invalid
from fedorg.node import Node
from fedorg.store import accounts, statuses
from fedorg.text import HASHTAG_CHARACTERS_MAX, escape, normalise, normalise_hashtag, sanitize, to_html

AHEAD_MAX: Final = timedelta(hours=12)
MENTIONS_FETCHED_MAX: Final = 5
MENTIONS_MAX: Final = 100
TAGS_MAX: Final = 30
MEDIA_MAX: Final = 16
EMOJIS_MAX: Final = 100
PLAIN_MAX: Final = 20_000
"""Characters of a text without markup, twice as many as PeerTube has: each link and hashtag in it is looked for."""

_STATUSES: Final = ("Note", "Question")
_PICTURED: Final = ("Image", "Audio", "Video")
_KIND_OF_DOCUMENT: Final = {"Image": "image/*", "Audio": "audio/*", "Video": "video/*", "Document": ""}


async def to_remote_status(node: Node, note: Note, budget: Budget) -> RemoteStatus:
    """What is recorded of a note; whoever calls has made sure that it comes from the note's own server.

    Raises ``Invalid`` for one from the future (S14), and what fetching its author raises.
    """
    _require_showable(node, note)
    return await _remote_status(node, note, await actors.get(node, note.attributed_to, budget), budget)


async def to_remote_status_of(node: Node, author: Account, note: Note, budget: Budget) -> RemoteStatus:
    """The same where its author is known, and was seen to be of a server that this node speaks with."""
    _require_showable(node, note)
    return await _remote_status(node, note, await actors.current(node, author, budget), budget)


def _require_showable(node: Node, note: Note) -> None:
    if note.is_vote:
        raise Invalid("It is a vote, which is shown to nobody")
    if note.published is not None and note.published > node.now() + AHEAD_MAX:
        raise Invalid("It claims to be from the future")
    if not origin.same_origin(note.attributed_to, note.id):
        raise OriginMismatch(f"The author of {note.id} is {note.attributed_to}, of another server.")


async def _remote_status(node: Node, note: Note, author: Account, budget: Budget) -> RemoteStatus:
    now = node.now()
    published = note.published or budget.told_at or now
    rings = _rings_of(node, author.peer or "") | await _rings_of_thread(node, note)
    return RemoteStatus(
        uri=note.id,
        url=_page(note),
        author=author,
        audience=_read(note.addressing, author, rings),
        content=sanitize(_html(node, note)),
        spoiler_text=_warning(note),
        sensitive=note.sensitive,
        language=note.language,
        in_reply_to_uri=note.in_reply_to,
        mentions=await _mentions(node, note, budget),
        tags=_tags(note),
        emojis=tuple(Emoji(shortcode=emoji.shortcode, url=emoji.url) for emoji in note.emojis[:EMOJIS_MAX]),
        media=tuple(_media(attachment) for attachment in _files(note)[:MEDIA_MAX]),
        poll=questions.remote_poll_of(note),
        created_at=moments.past(published, now),
        edited_at=moments.past(note.updated, now) if note.updated and note.updated > published else None,
        context_uri=note.context,
        context_history_uri=note.context_history,
        replies_uri=_replies(note),
        quote=_quote(note),
        interaction_policy=interaction_policies.read(note.interaction_policy, author, rings, node.uris),
        told_at=budget.told_at,
    )


def names_local(node: Node, note: Note) -> bool:
    """Whether a note names or addresses an account of this node."""
    named = (*note.to, *note.cc, *(mention.href for mention in note.mentions))
    return any(node.uris.username_of(uri) is not None for uri in named)


def audience_of(node: Node, addressing: audience.Addressing, author: Account) -> Audience:
    """What the addressing of an account of a peer means; the rings are those of its own server."""
    return _read(addressing, author, _rings_of(node, author.peer or ""))


def _read(addressing: audience.Addressing, author: Account, rings: dict[str, audience.Reach]) -> Audience:
    read = audience.read(addressing, followers=author.followers_uri or None, audiences=rings)
    return Audience(reach=Reach(read.reach), visibility=Visibility(read.visibility))


def _rings_of(node: Node, domain: str) -> dict[str, audience.Reach]:
    rings = (audience.Reach.ORGANISATION, audience.Reach.PARTNERS)
    return {node.uris.audience_of(domain, ring): ring for ring in rings}


def _quote(note: Note) -> RemoteQuote | None:
    told = note.quote
    if told is None or told.id == note.id:
        return None
    return RemoteQuote(uri=told.id, approval_uri=told.authorization, is_legacy=told.is_legacy)


async def _rings_of_thread(node: Node, note: Note) -> dict[str, audience.Reach]:
    """The rings of the node whose limited status a note answers or quotes; no others of other nodes may be named."""
    rings: dict[str, audience.Reach] = {}
    for uri in (note.in_reply_to, note.quote.id if note.quote else None):
        other = None if uri is None else await node.read(statuses.find_by_address, uri)
        if other is not None and other.audience.reach is not Reach.PUBLIC:
            rings |= _rings_of(node, other.reach_domain or node.settings.web_domain)
    return rings


def _warning(note: Note) -> str:
    """The summary of a short status warns of it; that of an article, a page or an event tells what is in it."""
    return (note.summary or "") if note.type in _STATUSES or note.sensitive else ""


def _page(note: Note) -> str:
    """Where people read it; a page on another server says nothing about who wrote this (S13)."""
    return note.url if note.url is not None and origin.same_origin(note.url, note.id) else note.id


def _replies(note: Note) -> str | None:
    """The collection of the answers, if the note's own server keeps it."""
    named = None if note.replies is None else note.replies.id or note.replies.first
    return named if named is not None and origin.same_origin(named, note.id) else None


def _html(node: Node, note: Note) -> str:
    content = to_html(normalise(note.content[:PLAIN_MAX]), {}, node.uris.tag) if note.is_plain else note.content
    parts = [content or _excerpt(note)]
    if note.name and note.type != "Note":
        parts.insert(0, f"<p><strong>{escape(note.name)}</strong></p>")
    if note.type not in _STATUSES or (note.name and note.type == "Question"):
        parts.append(f'<p><a href="{escape(note.url or note.id)}">{escape(note.url or note.id)}</a></p>')
    parts += [f'<p><a href="{escape(link.href)}">{escape(link.name or link.href)}</a></p>' for link in note.links]
    return "".join(parts)


def _excerpt(note: Note) -> str:
    """What stands for the text of something longer, unless it warns of it."""
    return "" if _warning(note) or note.type in _STATUSES else note.summary or ""


def _files(note: Note) -> tuple[Attachment, ...]:
    """What is attached, after the picture that an Image is, or that stands for a film or a sound."""
    picture = note.image if note.type in _PICTURED else None
    if picture is None or not (picture.media_type or "image/").startswith("image/"):
        return note.attachments
    return (
        Attachment(type="Image", url=picture.url, media_type=picture.media_type, name=picture.name),
        *note.attachments,
    )


async def _mentions(node: Node, note: Note, budget: Budget) -> tuple[Account, ...]:
    """Accounts named in the text, and local ones it is addressed to, which may not be named at all."""
    named = [mention.href for mention in note.mentions]
    # Ours first: whatever else is named, they are told.
    ours = [uri for uri in (*note.to, *note.cc, *named) if node.uris.username_of(uri) is not None]
    wanted = list(dict.fromkeys([*ours, *named]))[:MENTIONS_MAX]
    if not wanted:
        return ()
    known = await node.read(accounts.list_by_uris, wanted)
    found: list[Account] = []
    fetches_left = MENTIONS_FETCHED_MAX
    for uri in wanted:
        account = known.get(uri)
        if account is None and fetches_left and not node.uris.is_ours(uri):
            fetches_left -= 1
            account = await _try(node, uri, budget)
        if account is not None and account.suspended_at is None:
            found.append(account)
    return tuple(found)


async def _try(node: Node, uri: str, budget: Budget) -> Account | None:
    """The account, or None: a mention that leads nowhere does not keep a status from its readers."""
    try:
        return await actors.get(node, uri, budget)
    except (FederationError, FedorgError):
        return None


def _tags(note: Note) -> tuple[Tag, ...]:
    tags = {
        name: Tag(name=name, display_name=tag.name)
        for tag in note.hashtags
        if len(tag.name) <= HASHTAG_CHARACTERS_MAX and (name := normalise_hashtag(tag.name))
    }
    return tuple(tags.values())[:TAGS_MAX]


def _media(attachment: Attachment) -> RemoteMedia:
    return RemoteMedia(
        url=attachment.url,
        content_type=attachment.media_type or _KIND_OF_DOCUMENT[attachment.type],
        description=attachment.name or "",
        blurhash=attachment.blurhash,
        width=attachment.width,
        height=attachment.height,
        duration=attachment.duration,
        focus=attachment.focal_point,
        preview_url=attachment.preview.url if attachment.preview else None,
    )
