"""Actors and key documents: what is needed to speak with somebody, and whose key a key is."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from federation import parse
from federation.actors import Actor, Multikey, PropertyValue, PublicKey
from federation.errors import MalformedActivity
from federation.objects import Image
from federation.parse import limits
from federation.vocabulary import ACTOR_TYPES

ALICE = "https://a.example/users/alice"
BASE: dict[str, object] = {"id": ALICE, "type": "Person", "preferredUsername": "alice", "inbox": f"{ALICE}/inbox"}
KEY = {"id": f"{ALICE}#main-key", "owner": ALICE, "publicKeyPem": "-----BEGIN PUBLIC KEY-----"}
MULTIKEY = {"id": f"{ALICE}#ed", "type": "Multikey", "controller": ALICE, "publicKeyMultibase": "z6Mk"}


def actor(**properties: object) -> Actor:
    return parse.actor({**BASE, **properties})


def test_the_smallest_actor() -> None:
    """Id, type, username and inbox are enough to speak with somebody."""
    assert actor() == Actor(id=ALICE, preferred_username="alice", inbox=f"{ALICE}/inbox")


@pytest.mark.parametrize("kind", ACTOR_TYPES)
def test_every_type_of_actor(kind: str) -> None:
    """People, communities, organisations and programs."""
    assert actor(type=kind).type == kind


@pytest.mark.parametrize(
    "properties",
    [
        {"type": "Note"},
        {"id": None},
        {"inbox": None},
        {"inbox": "/inbox"},
        {"preferredUsername": None},
        {"preferredUsername": ""},
        {"preferredUsername": 5},
        {"preferredUsername": "alice@b.example"},
        {"preferredUsername": "ali ce"},
        {"preferredUsername": "ali\u202ece"},
        {"preferredUsername": "a" * 256},
        {"outbox": 5},
        {"movedTo": "did:plc:abc"},
        {"discoverable": "yes"},
        {"published": "once"},
        {"summary": "x" * (limits.HTML_MAX + 1)},
    ],
    ids=repr,
)
def test_what_makes_no_actor_is_refused(properties: dict[str, object]) -> None:
    """A missing or ill-typed essential raises."""
    with pytest.raises(MalformedActivity):
        actor(**properties)


def test_a_full_profile() -> None:
    """Everything Mastodon publishes of a profile finds its place."""
    read = actor(
        type=["Person", "https://x.example/Bot"],
        outbox=f"{ALICE}/outbox",
        followers={"id": f"{ALICE}/followers", "type": "OrderedCollection", "totalItems": 3},
        featured=f"{ALICE}/featured",
        featuredTags=f"{ALICE}/tags",
        endpoints={"sharedInbox": "https://a.example/inbox"},
        name="Alice \u202eevil",
        summary="<p>Hi\x00</p>",
        url=[{"type": "Link", "href": "https://a.example/@alice"}],
        icon=[{"type": "Image", "mediaType": "image/png", "url": "https://a.example/a.png", "summary": "me"}],
        image="https://a.example/h.png",
        attachment=[
            {"type": "PropertyValue", "name": "Site", "value": "<a>x</a>"},
            {"type": "PropertyValue", "name": "Empty"},
            {"type": "PropertyValue", "value": "no name"},
            {"type": "PropertyValue", "name": "Huge", "value": "x" * (limits.HTML_MAX + 1)},
            {"type": "IdentityProof", "name": "alice"},
        ],
        tag={"type": "Hashtag", "name": "#cats"},
        manuallyApprovesFollowers=True,
        discoverable=True,
        indexable=False,
        memorial=True,
        suspended=True,
        movedTo="https://b.example/users/alice",
        alsoKnownAs=["https://b.example/users/alice", "did:plc:abc", 5, "https://b.example/users/alice"],
        attributionDomains=["news.example", 5, "", "news.example"],
        published="2026-01-01T00:00:00Z",
        department="Research",
        jobTitle="Chemist\u202e",
        webfinger="acct:alice@a.example",
        generator={"type": "Application", "implements": [{"href": "https://x.example/rfc9421"}, "https://x.example/2"]},
    )

    assert read.followers == f"{ALICE}/followers"
    assert read.shared_inbox == "https://a.example/inbox"
    assert (read.name, read.summary, read.url) == ("Alice evil", "<p>Hi</p>", "https://a.example/@alice")
    assert read.icon == Image(url="https://a.example/a.png", media_type="image/png", name="me")
    assert read.image == Image(url="https://a.example/h.png")
    assert read.fields == (PropertyValue(name="Site", value="<a>x</a>"), PropertyValue(name="Empty", value=""))
    assert [tag.name for tag in read.hashtags] == ["cats"]
    assert (read.discoverable, read.indexable, read.memorial, read.suspended) == (True, False, True, True)
    assert read.also_known_as == ("https://b.example/users/alice",)
    assert read.attribution_domains == ("news.example",)
    assert read.published == datetime(2026, 1, 1, tzinfo=UTC)
    assert (read.department, read.job_title) == ("Research", "Chemist")
    assert read.webfinger == "alice@a.example"
    assert read.implements == ("https://x.example/rfc9421", "https://x.example/2")


def test_fields_keys_and_aliases_are_bounded() -> None:
    """A profile of thousands of rows is cut (S26)."""
    read = actor(
        attachment=[{"type": "PropertyValue", "name": "x", "value": "y"}] * 3_000,
        alsoKnownAs=[f"https://b.example/{number}" for number in range(3_000)],
        publicKey=[KEY] * 3_000,
        attributionDomains=[f"{number}.example" for number in range(3_000)],
    )

    assert len(read.fields) == limits.FIELDS_MAX
    assert len(read.also_known_as) == limits.ALIASES_MAX
    assert len(read.public_keys) == limits.KEYS_PER_ACTOR_MAX
    assert len(read.attribution_domains) == limits.ALIASES_MAX


def test_keys_of_an_actor() -> None:
    """One key, several keys, keys of both kinds; those that cannot be one are left out."""
    read = actor(
        publicKey=[KEY, "https://a.example/elsewhere", {**KEY, "publicKeyPem": 5}, {**KEY, "owner": None}],
        assertionMethod=[MULTIKEY, {**MULTIKEY, "publicKeyMultibase": "not multibase!"}, {**MULTIKEY, "id": 5}],
    )

    assert read.public_keys == (PublicKey(id=KEY["id"], owner=ALICE, pem=KEY["publicKeyPem"]),)
    assert read.assertion_methods == (Multikey(id=MULTIKEY["id"], controller=ALICE, public_key_multibase="z6Mk"),)
    assert actor(publicKey=KEY).public_keys == read.public_keys


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("https://a.example/c/main/moderators", "https://a.example/c/main/moderators"),
        ([ALICE], None),
        ({"type": "Person", "id": ALICE}, None),
        (None, None),
        ("tag:x", None),
    ],
)
def test_moderators_of_a_group(written: object, read: str | None) -> None:
    """A single id is the collection of FEP-1b12; anything else names persons."""
    assert actor(type="Group", attributedTo=written).moderators == read
    assert actor(type="Person", attributedTo=written).moderators is None


@pytest.mark.parametrize(
    "document",
    [
        KEY,
        {**BASE, "publicKey": KEY},
        {**BASE, "publicKey": [{**KEY, "id": f"{ALICE}#old"}, KEY]},
        {"id": ALICE, "type": "Person", "preferredUsername": "alice", "publicKey": KEY},
    ],
)
def test_a_key_is_found_in_its_document_or_in_its_owner(document: dict[str, object]) -> None:
    """A key document, a whole actor and GoToSocial's stub of an actor all answer for a key id (S8)."""
    assert parse.key_document(document, f"{ALICE}#main-key") == PublicKey(
        id=f"{ALICE}#main-key", owner=ALICE, pem="-----BEGIN PUBLIC KEY-----"
    )


def test_a_multikey_document() -> None:
    """FEP-521a's form at its own address."""
    assert parse.key_document(MULTIKEY, f"{ALICE}#ed") == Multikey(
        id=f"{ALICE}#ed", controller=ALICE, public_key_multibase="z6Mk"
    )


@pytest.mark.parametrize(
    ("document", "key_id"),
    [
        (KEY, f"{ALICE}#main-key"),
        ({**BASE, "publicKey": KEY}, f"{ALICE}#main-key"),
        (MULTIKEY, f"{ALICE}#ed"),
        ({**BASE, "publicKey": KEY}, ALICE),
    ],
)
def test_a_key_leads_to_its_owner(document: dict[str, object], key_id: str) -> None:
    """By a name of its own, or by that of the actor, as PeerTube calls it."""
    assert parse.key_owner(document, key_id) == ALICE


@pytest.mark.parametrize("document", [{"id": ALICE, "type": "Note"}, {**BASE, "id": f"{ALICE}/other"}])
def test_s8_what_is_no_actor_of_that_name_names_no_owner(document: dict[str, object]) -> None:
    """S8: neither something else at the address, nor an actor that calls itself otherwise."""
    with pytest.raises(MalformedActivity):
        parse.key_owner(document, ALICE)


@pytest.mark.parametrize(
    "document",
    [
        {**KEY, "id": "https://b.example/users/bob#main-key"},
        {**BASE, "publicKey": {**KEY, "id": f"{ALICE}#other"}},
        {**BASE, "id": f"{ALICE}#main-key"},
        {**KEY, "owner": None},
        {**KEY, "publicKeyPem": "ü"},
        {**KEY, "publicKeyPem": "x" * (limits.PEM_MAX + 1)},
        {},
    ],
)
def test_s8_a_document_without_that_very_key_is_refused(document: dict[str, object]) -> None:
    """S8: a key is cached under its own id only."""
    with pytest.raises(MalformedActivity):
        parse.key_document(document, f"{ALICE}#main-key")


@given(
    st.dictionaries(
        st.sampled_from(["publicKey", "icon", "tag", "attachment", "endpoints", "generator", "alsoKnownAs", "url"]),
        st.recursive(
            st.none() | st.booleans() | st.integers() | st.text(max_size=8) | st.just(ALICE),
            lambda inner: (
                st.lists(inner, max_size=3)
                | st.dictionaries(st.sampled_from(["id", "type", "href", "url", "implements"]), inner, max_size=3)
            ),
            max_leaves=6,
        ),
        max_size=4,
    )
)
def test_any_json_makes_an_actor_or_a_refusal(properties: dict[str, object]) -> None:
    """No document ends in another exception than MalformedActivity (S27)."""
    try:
        read = actor(**properties)
    except MalformedActivity:
        return

    assert read.id == ALICE
