"""Values as ``parse`` can produce them, for the law ``parse(render(x)) == x``."""

from datetime import UTC
from typing import Any, TypeVar

from hypothesis import strategies as st

from federation import activities as acts
from federation.actors import Actor, Multikey, PropertyValue, PublicKey
from federation.audience import Reach
from federation.collections import Collection, CollectionPage
from federation.objects import (
    Acknowledgement,
    Announcement,
    Attachment,
    CollectionSummary,
    Emoji,
    Hashtag,
    Image,
    InteractionPolicy,
    InteractionRule,
    Link,
    Mention,
    Note,
    Poll,
    PollOption,
    Quote,
    QuoteAuthorization,
    Ref,
    Relationship,
    Terms,
    Tombstone,
    UnknownObject,
)
from federation.vocabulary import (
    ACTOR_TYPES,
    COLLECTION_TYPES,
    DOCUMENT_TYPES,
    NOTE_TYPES,
    PAGE_TYPES,
    PARTNERSHIP,
    PUBLIC,
)

T = TypeVar("T")


def maybe(strategy: st.SearchStrategy[T]) -> st.SearchStrategy[T | None]:
    return st.none() | strategy


def some(strategy: st.SearchStrategy[T]) -> st.SearchStrategy[tuple[T, ...]]:
    return st.lists(strategy, max_size=2).map(tuple)


def distinct(strategy: st.SearchStrategy[T]) -> st.SearchStrategy[tuple[T, ...]]:
    return st.lists(strategy, max_size=3, unique=True).map(tuple)


_visible = st.characters(exclude_categories=["C", "Z"])
_flowing = st.characters(exclude_categories=["C", "Z"], include_characters=" \n\t")

ids = st.from_regex(r"https://(a|b|c)\.example/[a-z0-9/#?=@.-]{1,12}", fullmatch=True)
names = st.text(_visible, min_size=1, max_size=12)
prose = st.text(_flowing, max_size=20).map(str.strip).filter(bool)
html = st.text(_flowing, min_size=1, max_size=30)
moments = st.datetimes(timezones=st.just(UTC))
counts = st.integers(min_value=0, max_value=2**31 - 1)
media_types = st.sampled_from(["image/png", "video/mp4", "text/html; charset=utf-8"])
addressees = distinct(ids | st.just(PUBLIC))
refs = st.builds(Ref, id=ids)

images = st.builds(Image, url=ids, media_type=maybe(media_types), name=maybe(prose))
attachments = st.builds(
    Attachment,
    type=st.sampled_from(DOCUMENT_TYPES),
    url=ids,
    media_type=maybe(media_types),
    name=maybe(prose),
    blurhash=maybe(names),
    width=maybe(counts),
    height=maybe(counts),
    duration=maybe(counts.map(lambda milliseconds: milliseconds / 1000)),
    focal_point=maybe(st.tuples(st.floats(-1, 1), st.floats(-1, 1))),
    preview=maybe(images),
)
links = st.builds(Link, href=ids, media_type=maybe(media_types), name=maybe(names))
mentions = st.builds(Mention, href=ids, name=maybe(names))
hashtags = st.builds(Hashtag, name=names.filter(lambda text: not text.startswith("#")), href=maybe(ids))
emojis = st.builds(
    Emoji,
    shortcode=st.from_regex(r"[a-z0-9_]{1,10}", fullmatch=True),
    url=ids,
    media_type=maybe(media_types),
    id=maybe(ids),
    updated=maybe(moments),
)
polls = st.builds(
    Poll,
    options=st.lists(st.builds(PollOption, name=names, votes=counts), min_size=1, max_size=3).map(tuple),
    is_multiple=st.booleans(),
    ends_at=maybe(moments),
    closed_at=maybe(moments),
    voters_count=maybe(counts),
)
quotes = st.builds(Quote, id=ids, is_legacy=st.just(value=True)) | st.builds(
    Quote, id=ids, authorization=maybe(ids), is_legacy=st.just(value=False)
)
rules = maybe(st.builds(InteractionRule, automatic=addressees, manual=addressees))
policies = st.builds(InteractionPolicy, can_quote=rules, can_reply=rules, can_like=rules, can_announce=rules)
summaries = st.builds(CollectionSummary, id=maybe(ids), first=maybe(ids), total_items=maybe(counts)).filter(
    lambda summary: summary != CollectionSummary()
)
languages = st.dictionaries(st.sampled_from(["de", "en-GB", "zh-Hant"]), html, max_size=2)


@st.composite
def notes(draw: st.DrawFn) -> Note:
    kind = draw(st.sampled_from(NOTE_TYPES))
    content_map = draw(languages)
    is_event = kind == "Event"
    fields: st.SearchStrategy[dict[str, Any]] = st.fixed_dictionaries(
        {
            "id": ids,
            "attributed_to": ids,
            "content": html if content_map else html | st.just(""),
            "name": maybe(names),
            "summary": maybe(prose),
            "is_plain": st.booleans(),
            "sensitive": st.booleans(),
            "in_reply_to": maybe(ids),
            "published": maybe(moments),
            "updated": maybe(moments),
            "to": addressees,
            "cc": addressees,
            "audience": addressees,
            "reach": st.sampled_from([None, Reach.ORGANISATION, Reach.PARTNERS, Reach.PUBLIC]),
            "listed": st.booleans(),
            "url": maybe(ids),
            "context": maybe(ids),
            "context_history": maybe(ids),
            "conversation": maybe(ids | st.just("tag:a.example,2026:1")),
            "attachments": some(attachments),
            "links": some(links),
            "image": maybe(images),
            "mentions": some(mentions),
            "hashtags": some(hashtags),
            "emojis": some(emojis),
            "poll": polls if kind == "Question" else st.none(),
            "quote": maybe(quotes),
            "interaction_policy": maybe(policies),
            "replies": maybe(summaries),
            "likes": maybe(summaries),
            "shares": maybe(summaries),
            "starts_at": maybe(moments) if is_event else st.none(),
            "ends_at": maybe(moments) if is_event else st.none(),
            "location": maybe(names) if is_event else st.none(),
        }
    )
    return Note(type=kind, content_map=content_map, **draw(fields))


@st.composite
def actors(draw: st.DrawFn) -> Actor:
    kind = draw(st.sampled_from(ACTOR_TYPES))
    fields: st.SearchStrategy[dict[str, Any]] = st.fixed_dictionaries(
        {
            "id": ids,
            "preferred_username": st.from_regex(r"[\w.~-]{1,20}", fullmatch=True),
            "inbox": ids,
            "outbox": maybe(ids),
            "followers": maybe(ids),
            "following": maybe(ids),
            "featured": maybe(ids),
            "featured_tags": maybe(ids),
            "shared_inbox": maybe(ids),
            "moderators": maybe(ids) if kind == "Group" else st.none(),
            "name": maybe(names),
            "summary": maybe(html),
            "url": maybe(ids),
            "icon": maybe(images),
            "image": maybe(images),
            "fields": some(st.builds(PropertyValue, name=names, value=html | st.just(""))),
            "hashtags": some(hashtags),
            "emojis": some(emojis),
            "manually_approves_followers": st.booleans(),
            "discoverable": maybe(st.booleans()),
            "indexable": maybe(st.booleans()),
            "memorial": st.booleans(),
            "suspended": st.booleans(),
            "moved_to": maybe(ids),
            "also_known_as": distinct(ids),
            "attribution_domains": distinct(st.sampled_from(["a.example", "b.example"])),
            "published": maybe(moments),
            "updated": maybe(moments),
            "public_keys": some(st.builds(PublicKey, id=ids, owner=ids, pem=st.text("ABC+/=\n- ", max_size=20))),
            "assertion_methods": some(
                st.builds(
                    Multikey,
                    id=ids,
                    controller=ids,
                    public_key_multibase=st.from_regex(r"z[a-zA-Z0-9]{1,20}", fullmatch=True),
                )
            ),
            "department": maybe(st.just("Research")),
            "job_title": maybe(st.just("Chemist")),
            "webfinger": maybe(st.just("alice@a.example")),
            "implements": distinct(ids),
        }
    )
    return Actor(type=kind, **draw(fields))


tombstones = st.builds(Tombstone, id=ids, former_type=maybe(st.just("Note")), deleted=maybe(moments))
stamps = st.builds(QuoteAuthorization, id=ids, attributed_to=ids, interacting_object=ids, interaction_target=ids)
announcements = st.builds(
    Announcement,
    id=ids,
    attributed_to=ids,
    content=prose,
    starts_at=maybe(moments),
    ends_at=maybe(moments),
    all_day=st.booleans(),
    needs_acknowledgement=st.booleans(),
    published=maybe(moments),
    updated=maybe(moments),
)
acknowledgements = st.builds(
    Acknowledgement, id=ids, attributed_to=ids, in_reply_to=ids, acknowledged_count=counts, members_count=counts
)
notices = announcements | acknowledgements
_terms = st.builds(
    Terms,
    tier=st.sampled_from(["sibling", "partner"]),
    largest_reach=st.sampled_from(Reach),
    direct_messages=st.booleans(),
    directory=st.booleans(),
    media=st.booleans(),
    contact=names | st.just(""),
    retention=prose | st.just(""),
    review_at=maybe(moments),
    approved=st.booleans(),
    suspended=st.booleans(),
)
_between = {"id": ids, "subject": ids, "object": ids, "content": prose | st.just("")}
relationships = st.builds(Relationship, **_between, relationship=names) | st.builds(
    Relationship, **_between, relationship=st.just(PARTNERSHIP), terms=_terms
)
unknown_objects = st.builds(UnknownObject, type=st.sampled_from(["Ticket", "ChatMessage"]), id=ids)


def _head() -> dict[str, st.SearchStrategy[object]]:
    return {"id": ids, "actor": ids, "to": addressees, "cc": addressees, "published": maybe(moments)}


def _flat_activities() -> st.SearchStrategy[acts.Activity]:
    community = {"audience": addressees}
    reaction = {"object": refs, "emoji": maybe(emojis)}
    collected = {"object": refs | hashtags, "target": ids, **community}
    plain = [
        st.builds(kind, **_head(), object=refs) for kind in (acts.Follow, acts.View, acts.Listen, acts.Join, acts.Leave)
    ]
    return st.one_of(
        *plain,
        st.builds(acts.Create, **_head(), **community, object=notes() | notices | unknown_objects | refs),
        st.builds(
            acts.Update,
            **_head(),
            **community,
            object=notes() | actors() | relationships | notices | unknown_objects | refs,
        ),
        st.builds(acts.Delete, **_head(), **community, object=tombstones | refs),
        st.builds(acts.Like, **_head(), **reaction, **community, content=maybe(names)),
        st.builds(acts.Dislike, **_head(), **community, object=refs),
        st.builds(acts.QuoteRequest, **_head(), object=refs, instrument=notes() | refs),
        st.builds(acts.EmojiReact, **_head(), **reaction, content=names),
        st.builds(acts.Block, **_head(), object=refs, target=maybe(ids)),
        st.builds(
            acts.Flag,
            **_head(),
            objects=st.lists(refs, min_size=1, max_size=3, unique=True).map(tuple),
            content=prose | st.just(""),
        ),
        st.builds(acts.Move, **_head(), object=refs, target=ids),
        st.builds(acts.Add, **_head(), **collected),
        st.builds(acts.Remove, **_head(), **collected),
        st.builds(acts.Offer, **_head(), object=relationships | unknown_objects | refs, target=maybe(ids)),
    )


def _carriers(inner: st.SearchStrategy[acts.Activity]) -> st.SearchStrategy[acts.Activity]:
    reasons = prose | st.just("")
    return st.one_of(
        st.builds(acts.Accept, **_head(), object=inner | refs, result=maybe(ids) | relationships),
        st.builds(acts.Reject, **_head(), object=inner | refs, content=reasons),
        st.builds(acts.Undo, **_head(), object=inner | refs, content=reasons, audience=addressees),
        st.builds(acts.Announce, **_head(), object=inner | notes() | unknown_objects | refs, audience=addressees),
    )


known_activities = _flat_activities() | _carriers(_flat_activities()) | _carriers(_carriers(_flat_activities()))
unknown_activities = st.builds(acts.UnknownActivity, **_head(), type=st.just("Invite"))
activities = known_activities | unknown_activities

_items = some(
    st.one_of(refs, notes(), actors(), hashtags, stamps, tombstones, relationships, unknown_objects, _flat_activities())
)
pages = st.builds(
    CollectionPage,
    type=st.sampled_from(PAGE_TYPES),
    id=maybe(ids),
    part_of=maybe(ids),
    items=_items,
    total_items=maybe(counts),
    next=maybe(ids),
    prev=maybe(ids),
)
collections = st.builds(
    Collection,
    type=st.sampled_from(COLLECTION_TYPES),
    id=maybe(ids),
    attributed_to=maybe(ids),
    history=maybe(ids),
    items=_items,
    total_items=maybe(counts),
    first=maybe(ids | pages),
    last=maybe(ids),
)
resources = st.one_of(
    known_activities, notes(), actors(), stamps, tombstones, relationships, unknown_objects, pages, collections
)
