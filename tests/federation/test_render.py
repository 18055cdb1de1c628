"""Documents written here are read back unchanged, and shaped as Mastodon and its kin expect them."""

from datetime import UTC, datetime, timedelta, timezone
from typing import TypedDict

import pytest
from hypothesis import HealthCheck, given, settings

from federation import parse, render
from federation.activities import (
    Accept,
    Activity,
    Add,
    Announce,
    Block,
    Create,
    Delete,
    Dislike,
    EmojiReact,
    Flag,
    Follow,
    Join,
    Leave,
    Like,
    Listen,
    Move,
    Offer,
    QuoteRequest,
    Reject,
    Remove,
    Undo,
    UnknownActivity,
    Update,
    View,
)
from federation.actors import Actor, Multikey, PropertyValue, PublicKey
from federation.audience import Reach
from federation.collections import Collection, CollectionPage
from federation.objects import (
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
    Tombstone,
    UnknownObject,
)
from federation.parse import Resource
from federation.vocabulary import AS2_CONTEXT, PUBLIC, SECURITY_CONTEXT
from tests.federation import strategies

ALICE = "https://a.example/users/alice"
NOTE = Note(id="https://a.example/1", attributed_to=ALICE, content="<p>Hello</p>")
ACTOR = Actor(id=ALICE, preferred_username="alice", inbox=f"{ALICE}/inbox")

_COW = Emoji(
    shortcode="cow",
    url="https://a.example/cow.png",
    id="https://a.example/emoji/1",
    updated=datetime(2026, 1, 1, tzinfo=UTC),
)


class _Head(TypedDict):
    id: str
    actor: str


_HEAD = _Head(id="https://a.example/activities/1", actor=ALICE)
_REF = Ref(id="https://b.example/1")
EVERY_FORM: list[Resource] = [
    Follow(**_HEAD, object=_REF),
    View(**_HEAD, object=_REF),
    Listen(**_HEAD, object=_REF),
    Join(**_HEAD, object=_REF),
    Leave(**_HEAD, object=_REF),
    Create(**_HEAD, object=UnknownObject(type="Ticket", id="https://a.example/t")),
    Update(**_HEAD, object=ACTOR),
    Delete(**_HEAD, object=Tombstone(id="https://a.example/1", former_type="Note")),
    Accept(**_HEAD, object=Follow(id="https://b.example/f", actor="https://b.example/users/bob", object=Ref(id=ALICE))),
    Reject(**_HEAD, object=_REF),
    Undo(**_HEAD, object=Like(id="https://a.example/l", actor=ALICE, object=_REF, content=":cow:", emoji=_COW)),
    Announce(**_HEAD, object=NOTE, audience=("https://c.example/c/main",)),
    EmojiReact(**_HEAD, object=_REF, content="🔥"),
    Flag(**_HEAD, objects=(_REF, Ref(id="https://b.example/2")), content="spam"),
    Block(**_HEAD, object=_REF, target="https://a.example/c"),
    Move(**_HEAD, object=Ref(id=ALICE), target="https://b.example/users/alice"),
    Add(**_HEAD, object=Hashtag(name="cats"), target=f"{ALICE}/tags"),
    Remove(**_HEAD, object=_REF, target=f"{ALICE}/featured"),
    Offer(
        **_HEAD,
        object=Relationship(id="https://a.example/r", subject=ALICE, object="https://b.example/node", relationship="x"),
        target="https://b.example/node",
    ),
    Dislike(**_HEAD, object=_REF),
    QuoteRequest(**_HEAD, object=_REF, instrument=NOTE),
    Accept(**_HEAD, object=_REF, result="https://a.example/stamps/1"),
    QuoteAuthorization(
        id="https://a.example/stamps/1",
        attributed_to=ALICE,
        interacting_object="https://b.example/1",
        interaction_target="https://a.example/1",
    ),
    Collection(
        items=(QuoteAuthorization(id=ALICE, attributed_to=ALICE, interacting_object=ALICE, interaction_target=ALICE),)
    ),
    Tombstone(id="https://a.example/1", deleted=datetime(2026, 1, 1, tzinfo=UTC)),
    Relationship(id="https://a.example/r", subject=ALICE, object="https://b.example/node", relationship="x"),
    UnknownObject(type="Ticket", id="https://a.example/t"),
    Actor(
        type="Application",
        id=ALICE,
        preferred_username="node",
        inbox=f"{ALICE}/inbox",
        implements=("https://datatracker.ietf.org/doc/html/rfc9421",),
        hashtags=(Hashtag(name="cats"),),
        public_keys=(
            PublicKey(id=f"{ALICE}#1", owner=ALICE, pem="ONE"),
            PublicKey(id=f"{ALICE}#2", owner=ALICE, pem="TWO"),
        ),
    ),
    Note(
        type="Event",
        id="https://a.example/e",
        attributed_to=ALICE,
        starts_at=datetime(2026, 12, 1, tzinfo=UTC),
        ends_at=datetime(2026, 12, 2, tzinfo=UTC),
        location="Hall 2",
        links=(Link(href="https://c.example/article", media_type="text/html", name="Read"),),
        image=Image(url="https://a.example/e.png", name="A hall"),
        quote=Quote(id="https://b.example/7", is_legacy=True),
        interaction_policy=InteractionPolicy(can_quote=InteractionRule(automatic=(PUBLIC,), manual=(ALICE,))),
        replies=CollectionSummary(id="https://a.example/e/replies", first="https://a.example/e/replies?page=1"),
        reach=Reach.ORGANISATION,
        listed=False,
    ),
    Note(
        type="Question",
        id="https://a.example/q",
        attributed_to=ALICE,
        poll=Poll(options=(PollOption(name="yes"),), is_multiple=True, closed_at=datetime(2026, 12, 1, tzinfo=UTC)),
    ),
    Collection(type="Collection", id=f"{ALICE}/tags", items=(Hashtag(name="cats"), _REF), total_items=2),
    Collection(id=f"{ALICE}/outbox", first=CollectionPage(items=(_REF,)), last=f"{ALICE}/outbox?page=9"),
    CollectionPage(id=f"{ALICE}/outbox?page=1", part_of=f"{ALICE}/outbox", next=f"{ALICE}/outbox?page=2"),
]

thorough = settings(
    max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)


@thorough
@given(strategies.resources)
def test_what_is_rendered_is_read_back_unchanged(value: Resource) -> None:
    """The law of this library: parse(render(x)) == x, through bytes."""
    assert parse.resource(parse.load_json(render.to_bytes(value))) == value


@thorough
@given(strategies.activities)
def test_an_activity_is_read_back_unchanged_at_the_inbox(value: Activity) -> None:
    """The same law for what an inbox receives, unknown activities included."""
    assert parse.activity(parse.load_json(render.to_bytes(value))) == value


@pytest.mark.parametrize("value", EVERY_FORM, ids=lambda value: type(value).__name__)
def test_each_form_is_read_back_unchanged(value: Resource) -> None:
    """One full example of each type, whatever chance gives the law above."""
    assert parse.resource(parse.load_json(render.to_bytes(value))) == value


def test_a_note_carries_what_mastodon_reads() -> None:
    """Lists of addressees, tags by type, media with its alternative text and sizes, replies as a bare id."""
    note = Note(
        id="https://a.example/1",
        attributed_to=ALICE,
        content="<p>Hello</p>",
        content_map={"en": "<p>Hello</p>"},
        sensitive=True,
        summary="careful",
        to=(PUBLIC,),
        cc=(f"{ALICE}/followers",),
        published=datetime(2026, 11, 23, 17, 0, tzinfo=timezone(timedelta(hours=1))),
        mentions=(Mention(href="https://b.example/users/bob", name="@bob@b.example"),),
        hashtags=(Hashtag(name="minutes", href="https://a.example/tags/minutes"),),
        emojis=(Emoji(shortcode="cow", url="https://a.example/cow.png", media_type="image/png"),),
        attachments=(
            Attachment(
                url="https://a.example/cat.png",
                media_type="image/png",
                name="A cat",
                blurhash="LEHV6n",
                width=640,
                height=480,
                focal_point=(0.5, -0.25),
            ),
        ),
        replies=CollectionSummary(id="https://a.example/1/replies"),
        likes=CollectionSummary(id="https://a.example/1/likes", total_items=3),
    )

    document = render.document(note)

    assert document.pop("@context")
    assert document == {
        "id": "https://a.example/1",
        "type": "Note",
        "attributedTo": ALICE,
        "content": "<p>Hello</p>",
        "contentMap": {"en": "<p>Hello</p>"},
        "sensitive": True,
        "summary": "careful",
        "published": "2026-11-23T16:00:00Z",
        "to": [PUBLIC],
        "cc": [f"{ALICE}/followers"],
        "tag": [
            {"type": "Mention", "href": "https://b.example/users/bob", "name": "@bob@b.example"},
            {"type": "Hashtag", "href": "https://a.example/tags/minutes", "name": "#minutes"},
            {
                "type": "Emoji",
                "name": ":cow:",
                "icon": {"type": "Image", "mediaType": "image/png", "url": "https://a.example/cow.png"},
            },
        ],
        "attachment": [
            {
                "type": "Document",
                "mediaType": "image/png",
                "url": "https://a.example/cat.png",
                "name": "A cat",
                "blurhash": "LEHV6n",
                "width": 640,
                "height": 480,
                "focalPoint": [0.5, -0.25],
            }
        ],
        "replies": "https://a.example/1/replies",
        "likes": {"id": "https://a.example/1/likes", "type": "Collection", "totalItems": 3},
    }


def test_a_note_without_addressees_says_so() -> None:
    """Both lists are present even when empty: an absent list would be filled from the activity."""
    document = render.document(NOTE)

    assert (document["to"], document["cc"]) == ([], [])


def test_a_poll_is_written_as_mastodon_writes_it() -> None:
    """Options are notes with a reply count, the choice of one is oneOf."""
    poll = Poll(options=(PollOption(name="yes", votes=2),), voters_count=2, ends_at=datetime(2026, 12, 1, tzinfo=UTC))
    document = render.document(Note(type="Question", id="https://a.example/2", attributed_to=ALICE, poll=poll))

    assert document["oneOf"] == [{"type": "Note", "name": "yes", "replies": {"type": "Collection", "totalItems": 2}}]
    assert document["endTime"] == "2026-12-01T00:00:00Z"
    assert document["votersCount"] == 2


def test_a_quote_is_written_in_every_spelling() -> None:
    """FEP-044f for those who ask consent, three older spellings for the rest."""
    quoted = "https://b.example/7"
    document = render.document(Note(id="https://a.example/3", attributed_to=ALICE, quote=Quote(id=quoted)))

    assert (document["quote"], document["quoteUrl"], document["_misskey_quote"]) == (quoted, quoted, quoted)
    assert [tag["href"] for tag in document["tag"]] == [quoted]  # type: ignore[attr-defined]
    terms = document["@context"][-1]  # type: ignore[index]
    # The older ones are strings to JSON-LD processors, as where they come from, and no references.
    assert terms["quote"]["@type"] == "@id"
    assert (terms["quoteUrl"], terms["_misskey_quote"]) == (
        "as:quoteUrl",
        "https://misskey-hub.net/ns#_misskey_quote",
    )


def test_a_status_of_reach_node_is_never_written() -> None:
    """The narrowest ring has no form on the wire."""
    note = Note(id="https://a.example/4", attributed_to=ALICE, reach=Reach.NODE)

    with pytest.raises(ValueError, match="reach node"):
        render.to_bytes(note)
    with pytest.raises(ValueError, match="reach node"):
        render.to_bytes(Create(id="https://a.example/4#c", actor=ALICE, object=note))


def test_an_actor_carries_what_mastodon_reads() -> None:
    """One key as an object, the shared inbox under endpoints, profile fields as attachments."""
    actor = Actor(
        id=ALICE,
        preferred_username="alice",
        inbox=f"{ALICE}/inbox",
        shared_inbox="https://a.example/inbox",
        fields=(PropertyValue(name="Site", value="<a>x</a>"),),
        public_keys=(PublicKey(id=f"{ALICE}#main-key", owner=ALICE, pem="PEM"),),
        assertion_methods=(Multikey(id=f"{ALICE}#ed", controller=ALICE, public_key_multibase="z6Mk"),),
        implements=("https://datatracker.ietf.org/doc/html/rfc9421",),
    )

    document = render.document(actor)

    assert document["publicKey"] == {"id": f"{ALICE}#main-key", "owner": ALICE, "publicKeyPem": "PEM"}
    assert document["endpoints"] == {"sharedInbox": "https://a.example/inbox"}
    assert document["attachment"] == [{"type": "PropertyValue", "name": "Site", "value": "<a>x</a>"}]
    assert document["assertionMethod"] == [
        {"id": f"{ALICE}#ed", "type": "Multikey", "controller": ALICE, "publicKeyMultibase": "z6Mk"}
    ]
    assert document["generator"] == {
        "type": "Application",
        "implements": [{"href": "https://datatracker.ietf.org/doc/html/rfc9421"}],
    }
    assert document["manuallyApprovesFollowers"] is False


@pytest.mark.parametrize(
    ("value", "terms"),
    [
        (Follow(id="https://a.example/f", actor=ALICE, object=Ref(id=ALICE)), set()),
        (Announce(id="https://a.example/b", actor=ALICE, object=Ref(id="https://b.example/1")), set()),
        (Create(id="https://a.example/c", actor=ALICE, object=NOTE), {"sensitive", "reach"}),
        (Update(id="https://a.example/u", actor=ALICE, object=ACTOR), {"sensitive", "discoverable"}),
        (ACTOR, {"discoverable", "PropertyValue"}),
        (
            Like(
                id="https://a.example/l",
                actor=ALICE,
                object=Ref(id="https://b.example/1"),
                emoji=Emoji(shortcode="cow", url="https://a.example/cow.png"),
            ),
            {"Emoji"},
        ),
        (Collection(first=CollectionPage(items=(NOTE,))), {"sensitive"}),
        (Collection(items=(Ref(id=ALICE),)), set()),
    ],
)
def test_the_context_defines_the_terms_that_are_used_and_no_more(value: Resource, terms: set[str]) -> None:
    """A plain activity needs the AS2 context only; extensions are defined inline, so nothing of ours is fetched."""
    context = render.document(value)["@context"]
    entries = context if isinstance(context, list) else [context]
    defined = {term for entry in entries if isinstance(entry, dict) for term in entry}

    assert entries[0] == AS2_CONTEXT
    assert terms <= defined
    assert bool(terms) == bool(defined)
    assert {entry for entry in entries if isinstance(entry, str)} <= {AS2_CONTEXT, SECURITY_CONTEXT}


@pytest.mark.parametrize(
    "key",
    [
        PublicKey(id="https://a.example/key", owner=ALICE, pem="PEM"),
        Multikey(id="https://a.example/key", controller=ALICE, public_key_multibase="z6Mk"),
    ],
)
def test_a_key_document_is_read_back_unchanged(key: PublicKey | Multikey) -> None:
    """A key served at its own address is found there again."""
    assert parse.key_document(parse.load_json(render.to_bytes(key)), key.id) == key


def test_an_unknown_activity_keeps_what_all_activities_share() -> None:
    """Type, actor and addressees are written; what it was about is not known here."""
    unknown = UnknownActivity(**_HEAD, type="Invite", to=(PUBLIC,))

    assert parse.activity(parse.load_json(render.to_bytes(unknown))) == unknown
