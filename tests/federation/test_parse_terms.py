"""Terms come under the prefixes that JSON-LD libraries give them; a fixed table knows them, no context is followed."""

from datetime import UTC, datetime

from federation import parse
from federation.activities import Create, EmojiReact
from federation.actors import Actor, Multikey, PropertyValue, PublicKey
from federation.objects import Attachment, Emoji, Hashtag, InteractionRule, Note, Quote
from federation.vocabulary import PUBLIC

ALICE = "https://a.example/users/alice"


def test_an_actor_under_the_identity_context() -> None:
    """Fedify compacts under a context that lacks the terms of Mastodon, security/v2 and schema.org."""
    document = {
        "@context": "https://w3id.org/identity/v1",
        "id": ALICE,
        "type": "as:Person",
        "as:preferredUsername": "alice",
        "ldp:inbox": f"{ALICE}/inbox",
        "as:outbox": {"id": f"{ALICE}/outbox"},
        "as:manuallyApprovesFollowers": {"type": "xsd:boolean", "@value": "true"},
        "as:endpoints": {"as:sharedInbox": {"@id": "https://a.example/inbox"}},
        "toot:featured": {"id": f"{ALICE}/featured"},
        "http://joinmastodon.org/ns#featuredTags": {"@id": f"{ALICE}/tags"},
        "toot:discoverable": True,
        "toot:indexable": {"@value": False},
        "as:attachment": {"type": "schema:PropertyValue", "name": "site", "schema:value": "a.example"},
        "as:tag": [{"type": ["as:Hashtag"], "name": "#cats", "href": "https://a.example/tags/cats"}],
        "publicKey": {"id": f"{ALICE}#main-key", "owner": ALICE, "sec:publicKeyPem": "PEM"},
        "sec:assertionMethod": {
            "@id": f"{ALICE}#ed",
            "@type": "sec:Multikey",
            "sec:controller": {"id": ALICE},
            "sec:publicKeyMultibase": "z6Mk",
        },
        "as:alsoKnownAs": [{"@id": "https://b.example/users/alice"}],
        "https://purl.archive.org/socialweb/webfinger#webfinger": "alice@a.example",
    }
    document["as:manuallyApprovesFollowers"] = {"type": "xsd:boolean", "@value": True}

    assert parse.actor(document) == Actor(
        id=ALICE,
        preferred_username="alice",
        inbox=f"{ALICE}/inbox",
        outbox=f"{ALICE}/outbox",
        shared_inbox="https://a.example/inbox",
        manually_approves_followers=True,
        featured=f"{ALICE}/featured",
        featured_tags=f"{ALICE}/tags",
        discoverable=True,
        indexable=False,
        fields=(PropertyValue(name="site", value="a.example"),),
        hashtags=(Hashtag(name="cats", href="https://a.example/tags/cats"),),
        public_keys=(PublicKey(id=f"{ALICE}#main-key", owner=ALICE, pem="PEM"),),
        assertion_methods=(Multikey(id=f"{ALICE}#ed", controller=ALICE, public_key_multibase="z6Mk"),),
        also_known_as=("https://b.example/users/alice",),
        webfinger="alice@a.example",
    )
    assert parse.key_document(document, f"{ALICE}#ed") == parse.actor(document).assertion_methods[0]


def test_an_activity_with_proof_and_signature() -> None:
    """Proof and Linked Data signature are not the parser's business, however their terms are written."""
    create = parse.activity(
        {
            "@context": ["https://w3id.org/identity/v1", "https://www.w3.org/ns/activitystreams"],
            "id": "https://a.example/c/1",
            "type": "Create",
            "actor": ALICE,
            "to": "as:Public",
            "proof": {"type": "DataIntegrityProof", "sec:proofValue": "z1"},
            "signature": {"type": "RsaSignature2017", "creator": f"{ALICE}#main-key", "signatureValue": "AA=="},
            "object": {
                "id": "https://a.example/1",
                "type": "Note",
                "attributedTo": ALICE,
                "content": {"@value": "<p>Hi</p>", "@language": "en"},
                "as:sensitive": {"@value": True},
                "published": {"type": "xsd:dateTime", "@value": "2026-05-01T12:00:00Z"},
                "ostatus:conversation": "tag:a.example,2026:1",
                "misskey:_misskey_quote": "https://b.example/1",
                "gts:interactionPolicy": {"gts:canReply": {"gts:automaticApproval": {"@id": "as:Public"}}},
                "attachment": {
                    "type": "Document",
                    "url": "https://a.example/1.png",
                    "toot:blurhash": "UBL_",
                    "toot:focalPoint": {"@list": [0.5, -0.5]},
                },
                "tag": {
                    "type": "toot:Emoji",
                    "name": ":cow:",
                    "icon": {"type": "Image", "url": "https://a.example/cow.png"},
                },
            },
        }
    )

    assert isinstance(create, Create)
    assert create.to == (PUBLIC,)
    note = create.object
    assert isinstance(note, Note)
    assert (note.content, note.sensitive, note.conversation) == ("<p>Hi</p>", True, "tag:a.example,2026:1")
    assert note.published == datetime(2026, 5, 1, 12, tzinfo=UTC)
    assert note.quote == Quote(id="https://b.example/1", is_legacy=True)
    assert note.interaction_policy is not None
    assert note.interaction_policy.can_reply == InteractionRule(automatic=(PUBLIC,))
    assert note.attachments == (Attachment(url="https://a.example/1.png", blurhash="UBL_", focal_point=(0.5, -0.5)),)
    assert note.emojis == (Emoji(shortcode="cow", url="https://a.example/cow.png"),)


def test_the_plain_name_wins_over_a_prefixed_one() -> None:
    """Two spellings of one property cannot be used to say two things."""
    document = {"type": "Note", "id": "https://a.example/1", "attributedTo": ALICE, "content": "plain"}

    assert parse.note({**document, "as:content": "prefixed"}).content == "plain"
    assert parse.note({"as:content": "prefixed", **document}).content == "plain"


def test_unknown_prefixes_and_contexts_change_nothing() -> None:
    """A prefix means what the table says; a context that says otherwise is not read."""
    document = {
        "@context": {
            "as": "https://evil.example/ns#",
            "x": "https://www.w3.org/ns/activitystreams#",
            "content": "as:name",
        },
        "type": ["x:Note", "litepub:EmojiReact"],
        "id": "https://a.example/1",
        "actor": ALICE,
        "object": "https://b.example/1",
        "x:summary": "dropped",
        "content": "🔥",
    }

    reaction = parse.activity(document)

    assert isinstance(reaction, EmojiReact)
    assert reaction.content == "🔥"


def test_prefix_of_a_type_alone_is_enough_to_look() -> None:
    """Types are the first thing that is asked."""
    document = {"type": "as:Tombstone", "id": "https://a.example/1"}

    assert parse.tombstone(document) == parse.resource(document) == parse.tombstone({**document, "type": "Tombstone"})
    assert parse.collection({"type": "as:Collection", "id": "https://a.example/c"}).id == "https://a.example/c"
