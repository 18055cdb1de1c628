"""A document proves its maker by itself, and nothing that was changed on the way passes (FEP-8b32, S9)."""

import copy
import dataclasses
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ed25519
from hypothesis import given, settings
from hypothesis import strategies as st

from federation import integrity, keys, multibase, parse, render
from federation.activities import Create
from federation.actors import Actor, Multikey
from federation.errors import KeyUnavailable, MalformedDocument, SignatureRefused
from federation.integrity import Proven, add_proof, key_of, owner_of, read, verify
from federation.objects import Note, QuoteAuthorization, Ref, Relationship, Tombstone, UnknownObject
from federation.parse import JsonObject, Resource
from federation.vocabulary import AS2_CONTEXT, DATA_INTEGRITY_CONTEXT
from tests.federation import strategies
from tests.federation.signing import NOW, RSA_KEY

DATA_INTEGRITY_V2 = "https://w3id.org/security/data-integrity/v2"
ALICE = "https://server.example/users/alice"
KEY_ID = f"{ALICE}#ed25519-key"
CREATED = datetime(2023, 2, 24, 23, 36, 38, tzinfo=UTC)
# The key of FEP-8b32's vectors: multicodec ed25519-priv and the seed.
SECRET = "z3u2en7t5LR2WtQH5PfFqMqwVHBeXouLzo6haApm8XHqvjxq"
PUBLIC = "z6MkrJVnaZkeFzdQyMZu1cgjg7k1pZZ6pvBQ7XJPt4swbTQ2"
FEP_ACTIVITY: JsonObject = {
    "@context": [AS2_CONTEXT, DATA_INTEGRITY_V2],
    "id": "https://server.example/activities/1",
    "type": "Create",
    "actor": ALICE,
    "object": {
        "id": "https://server.example/objects/1",
        "type": "Note",
        "attributedTo": ALICE,
        "content": "Hello world",
        "location": {"type": "Place", "longitude": -71.184902, "latitude": 25.273962},
    },
}
FEP_PROOF: JsonObject = {
    "@context": [AS2_CONTEXT, DATA_INTEGRITY_V2],
    "type": "DataIntegrityProof",
    "cryptosuite": "eddsa-jcs-2022",
    "verificationMethod": KEY_ID,
    "proofPurpose": "assertionMethod",
    "proofValue": "z42ffGu6AUKPCFcFPiabmUvnGLPJzC7e4DGWC52NUasSSH37UMa9c58tdgVszUcZfytxa4fQ5TYHaJENCxUDe9SdL",
    "created": "2023-02-24T23:36:38Z",
}
FEP_DOCUMENT: JsonObject = {**FEP_ACTIVITY, "proof": FEP_PROOF}
ACTOR = Actor(
    id=ALICE,
    preferred_username="alice",
    inbox=f"{ALICE}/inbox",
    assertion_methods=(Multikey(id=KEY_ID, controller=ALICE, public_key_multibase=PUBLIC),),
)
SEED = multibase.decode(SECRET, 64)[2:]
KEY = keys.SigningKey(key_id=KEY_ID, private=ed25519.Ed25519PrivateKey.from_private_bytes(SEED))
# An activity of an older FEP-8b32 (2023), signed by Fedify's test suite with the context hashed into the proof.
NO_CONTEXT_PROOF = "zLaewdp4H9kqtwyrLatK4cjY5oRHwVcw4gibPSUDYDMhi4M49v8pcYk3ZB6D69dNpAPbUmY8ocuJ3m9KhKJEEg7z"


def prove(document: JsonObject, actor: Actor = ACTOR, now: datetime = NOW) -> Proven:
    """Both steps, with the key of the actor in between."""
    claim = read(document)
    return verify(claim, document, key_of(claim, actor), now=now)


def with_proof(**members: object) -> JsonObject:
    """The vector with members of its proof replaced; None takes one away."""
    proof = {name: value for name, value in {**FEP_PROOF, **members}.items() if value is not None}
    return {**FEP_ACTIVITY, "proof": proof}


def signed_as(**options: object) -> JsonObject:
    """The vector's activity with a valid signature over exactly these options."""
    proof = {name: value for name, value in {**FEP_PROOF, **options}.items() if name != "proofValue"}
    unsecured = {**FEP_ACTIVITY, "@context": proof.get("@context", FEP_ACTIVITY["@context"])}
    signature = KEY.private.sign(integrity._hash(proof) + integrity._hash(unsecured))  # type: ignore[call-arg]
    return {**FEP_ACTIVITY, "proof": {**proof, "proofValue": multibase.encode(signature)}}


def test_the_vector_of_fep_8b32_is_proven() -> None:
    """What the FEP says is valid is valid, and yields who made what."""
    proven = prove(FEP_DOCUMENT)

    assert (proven.owner, proven.key_id, proven.created) == (ALICE, KEY_ID, CREATED)
    assert isinstance(proven.value, Create)
    assert isinstance(proven.value.object, Note)
    assert proven.value.object.content == "Hello world"


def test_the_vector_of_fep_8b32_is_made() -> None:
    """The same key, document and time give the same bytes of signature as in the FEP."""
    options = {name: value for name, value in FEP_PROOF.items() if name != "proofValue"}

    signed = signed_as(**options)["proof"]

    assert isinstance(signed, dict)
    assert signed["proofValue"] == FEP_PROOF["proofValue"]


def test_a_proof_without_a_context_is_proven_with_the_context_of_the_document() -> None:
    """Fedify hashes the document's context into the proof and leaves it out of it."""
    document: JsonObject = {
        "@context": [AS2_CONTEXT, DATA_INTEGRITY_CONTEXT],
        "id": "https://server.example/activities/1",
        "type": "Create",
        "actor": ALICE,
        "object": FEP_ACTIVITY["object"],
        "proof": {**{k: v for k, v in FEP_PROOF.items() if k != "@context"}, "proofValue": NO_CONTEXT_PROOF},
    }

    assert prove(document).owner == ALICE


def test_a_proof_is_proven_without_any_context() -> None:
    """Documents of plain JSON have no context to compare."""
    options = {name: value for name, value in FEP_PROOF.items() if name not in {"@context", "proofValue"}}
    plain = {name: value for name, value in FEP_ACTIVITY.items() if name != "@context"}
    private = KEY.private
    assert isinstance(private, ed25519.Ed25519PrivateKey)
    signature = private.sign(integrity._hash(options) + integrity._hash(plain))

    assert prove({**plain, "proof": {**options, "proofValue": multibase.encode(signature)}}).owner == ALICE


def test_what_add_proof_makes_is_proven_after_the_wire() -> None:
    """A document of ours is proven from its bytes, and its context names the terms of the proof once."""
    note = Note(id="https://server.example/objects/1", attributed_to=ALICE, content="<p>Grüße</p>")
    document = add_proof(render.document(note), KEY, now=NOW)

    received = parse.load_json(render.encode(document))

    assert prove(received).value == note
    assert received["@context"] == [*render_context(note), DATA_INTEGRITY_CONTEXT]
    unproven = {name: value for name, value in document.items() if name != "proof"}
    assert add_proof(unproven, KEY, now=NOW)["@context"] == document["@context"]
    assert add_proof({"id": note.id}, KEY, now=NOW)["@context"] == [DATA_INTEGRITY_CONTEXT]


def render_context(note: Note) -> list[object]:
    context = render.document(note)["@context"]
    assert isinstance(context, list)
    return context


def test_only_ed25519_makes_a_proof_and_only_one() -> None:
    """A wrong choice of key is a fault of the program, not of a peer."""
    with pytest.raises(ValueError, match="Ed25519"):
        add_proof(FEP_ACTIVITY, RSA_KEY, now=NOW)
    with pytest.raises(ValueError, match="one proof"):
        add_proof(FEP_DOCUMENT, KEY, now=NOW)


def test_proven_is_made_by_verify_only() -> None:
    """Nobody can claim a proof without one."""
    with pytest.raises(TypeError):
        Proven(key_id=KEY_ID, owner=ALICE, created=CREATED, value=Ref(id=ALICE), seal=object())  # type: ignore[arg-type]


def test_context_beyond_that_of_the_proof_counts_for_nothing() -> None:
    """What was appended to the context later is not what was signed, and is left out of it."""
    extended = {**FEP_DOCUMENT, "@context": [AS2_CONTEXT, DATA_INTEGRITY_V2, {"content": "x:y"}]}

    assert prove(extended).owner == ALICE


@pytest.mark.parametrize("context", [None, AS2_CONTEXT, [DATA_INTEGRITY_V2, AS2_CONTEXT], [{"a": "b"}, AS2_CONTEXT]])
def test_context_that_does_not_begin_with_that_of_the_proof_is_refused(context: object) -> None:
    """Other terms in front would give the signed words another meaning."""
    with pytest.raises(SignatureRefused, match="context"):
        read({**FEP_DOCUMENT, "@context": context})


def test_what_is_passed_on_is_proven_where_it_lies() -> None:
    """An activity inside another keeps its own proof; one without is nothing to prove."""
    announce: JsonObject = {"type": "Announce", "actor": "https://b.example/c", "object": FEP_DOCUMENT}

    inner = integrity.embedded(announce)

    assert inner is not None
    assert prove(dict(inner)).owner == ALICE
    assert integrity.embedded({"object": FEP_ACTIVITY}) is None
    assert integrity.embedded({"object": "https://a.example/1"}) is None


def test_times_may_be_finer_than_ours() -> None:
    """Mitra writes nanoseconds; they are signed as they were written."""
    assert prove(signed_as(created="2023-01-28T01:22:40.183273595Z")).created.microsecond == 183273


def test_linked_data_signature_beside_the_proof_is_ignored() -> None:
    """It was made after the proof; it neither helps nor harms."""
    signature = {"type": "RsaSignature2017", "creator": KEY_ID, "signatureValue": "AAAA"}

    assert prove({**FEP_DOCUMENT, "signature": signature}).owner == ALICE


def test_a_list_of_one_proof_is_one_proof() -> None:
    """Single values may come as lists."""
    assert prove({**FEP_ACTIVITY, "proof": [FEP_PROOF]}).owner == ALICE


_REFUSED: dict[str, tuple[JsonObject, str]] = {
    "none": (FEP_ACTIVITY, "no proof"),
    "empty list": ({**FEP_ACTIVITY, "proof": []}, "no proof"),
    "several": ({**FEP_ACTIVITY, "proof": [FEP_PROOF, FEP_PROOF]}, "exactly one"),
    "not an object": ({**FEP_ACTIVITY, "proof": "z42"}, "no proof"),
    "other type": (with_proof(type="Ed25519Signature2020"), "type"),
    "other suite": (with_proof(cryptosuite="eddsa-rdfc-2022"), "cryptosuite"),
    "no suite": (with_proof(cryptosuite=None), "cryptosuite"),
    "other purpose": (with_proof(proofPurpose="authentication"), "proofPurpose"),
    "bound elsewhere": (with_proof(domain="b.example"), "members"),
    "chained": (with_proof(previousProof="urn:uuid:1"), "members"),
    "no key": (with_proof(verificationMethod=None), "no key"),
    "key is no URL": (with_proof(verificationMethod="did:key:z6Mk"), "no key"),
    "key too long": (with_proof(verificationMethod=f"{KEY_ID}{'x' * 2048}"), "no key"),
    "no time": (with_proof(created=None), "when"),
    "time is no text": (with_proof(created=1677281798), "created"),
    "local time": (with_proof(created="2023-02-24T23:36:38"), "created"),
    "not a time": (with_proof(created="yesterday"), "created"),
    "time overflows": (with_proof(created="0001-01-01T00:00:00+23:00"), "created"),
    "long time": (with_proof(created="2" * 65), "created"),
    "expiry is no time": (with_proof(expires=True), "expires"),
    "no value": (with_proof(proofValue=None), "not a signature"),
    "base64": (with_proof(proofValue="mAAAA"), "base58btc"),
    "not base58": (with_proof(proofValue="z0OIl"), "base58btc"),
    "short value": (with_proof(proofValue="z42ff"), "not a signature"),
    "endless value": (with_proof(proofValue="z" + "2" * 10_000), "base58btc"),
    "number without canonical form": ({**FEP_DOCUMENT, "n": 2**53}, "canonical"),
    "text without canonical form": ({**FEP_DOCUMENT, "n": "\ud800"}, "canonical"),
}


@pytest.mark.parametrize("name", sorted(_REFUSED))
def test_faulty_proof_is_refused_before_a_key_is_looked_up(name: str) -> None:
    """Nothing is fetched for what cannot be a proof."""
    document, reason = _REFUSED[name]

    with pytest.raises(SignatureRefused, match=reason):
        read(document)


def test_times_are_judged_by_the_clock() -> None:
    """A proof from the future or after its end proves nothing; an old one stays proven."""
    lasting = signed_as(expires="2023-02-25T00:00:00Z")

    assert prove(FEP_DOCUMENT, now=CREATED - integrity.CREATED_AHEAD_MAX).owner == ALICE
    assert prove(FEP_DOCUMENT, now=CREATED + timedelta(days=4000)).owner == ALICE
    assert prove(lasting, now=CREATED).owner == ALICE
    with pytest.raises(SignatureRefused, match="future"):
        prove(FEP_DOCUMENT, now=CREATED - integrity.CREATED_AHEAD_MAX - timedelta(seconds=1))
    with pytest.raises(SignatureRefused, match="expired"):
        prove(lasting, now=CREATED + timedelta(hours=1))


def test_key_must_be_one_the_actor_asserts_with() -> None:
    """Neither a key of another id nor one of another controller stands for the actor."""
    claim = read(FEP_DOCUMENT)
    foreign = dataclasses.replace(ACTOR, id="https://server.example/users/mallory")

    (named,) = ACTOR.assertion_methods
    other = dataclasses.replace(named, id=f"{ALICE}#other")

    assert key_of(claim, dataclasses.replace(ACTOR, assertion_methods=(other, named))).key_id == named.id
    for listed in ((), (other,)):
        with pytest.raises(KeyUnavailable):
            key_of(claim, dataclasses.replace(ACTOR, assertion_methods=listed))
    with pytest.raises(KeyUnavailable):
        key_of(claim, foreign)


def test_key_of_another_actor_proves_nothing() -> None:
    """S4: the one who signs is the one who acts."""
    claim = read(FEP_DOCUMENT)
    key = dataclasses.replace(key_of(claim, ACTOR), owner="https://server.example/users/mallory")

    with pytest.raises(SignatureRefused, match="another"):
        verify(claim, FEP_DOCUMENT, key, now=NOW)


def test_key_of_another_id_kind_or_value_proves_nothing() -> None:
    """The key is the one the proof names, and of the kind the cryptosuite needs."""
    claim = read(FEP_DOCUMENT)
    key = key_of(claim, ACTOR)

    with pytest.raises(SignatureRefused, match="another id"):
        verify(claim, FEP_DOCUMENT, dataclasses.replace(key, key_id=f"{ALICE}#other"), now=NOW)
    with pytest.raises(SignatureRefused, match="cryptosuite"):
        verify(claim, FEP_DOCUMENT, dataclasses.replace(key, public=RSA_KEY.private.public_key()), now=NOW)
    with pytest.raises(SignatureRefused, match="does not fit"):
        verify(claim, FEP_DOCUMENT, dataclasses.replace(key, public=keys.generate_ed25519().public_key()), now=NOW)


def test_claim_of_another_document_is_refused() -> None:
    """A claim does not vouch for a document it was not read from."""
    claim = read(FEP_DOCUMENT)

    with pytest.raises(SignatureRefused, match="another document"):
        verify(claim, {**FEP_DOCUMENT, "summary": "more"}, key_of(claim, ACTOR), now=NOW)


def test_document_that_is_signed_but_unreadable_is_refused() -> None:
    """A proof over something without meaning here means nothing."""
    document = add_proof({"type": "Like"}, KEY, now=NOW)

    with pytest.raises(MalformedDocument):
        prove(document)


@pytest.mark.parametrize(
    ("value", "owner"),
    [
        (Note(id="https://a.example/1", attributed_to=ALICE), ALICE),
        (
            QuoteAuthorization(
                id="https://a.example/s", attributed_to=ALICE, interacting_object="x", interaction_target="y"
            ),
            ALICE,
        ),
        (ACTOR, ALICE),
        (Relationship(id="https://a.example/r", subject=ALICE, object="https://b.example/n", relationship="x"), ALICE),
        (Tombstone(id="https://a.example/1"), None),
        (UnknownObject(type="Ticket", id="https://a.example/1"), None),
    ],
)
def test_owner_is_who_the_value_names(value: Resource, owner: str | None) -> None:
    """What names no owner can be proven by nobody."""
    assert owner_of(value) == owner


_SCALARS = (
    st.none() | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | st.floats(allow_nan=False) | st.text(max_size=5)
)


def _places(value: object, path: tuple[object, ...] = ()) -> list[tuple[object, ...]]:
    """Where something can be changed, but in the proof itself."""
    if isinstance(value, dict):
        return [place for key, inner in value.items() if key != "proof" for place in _places(inner, (*path, key))]
    if isinstance(value, list):
        return [place for index, inner in enumerate(value) for place in _places(inner, (*path, index))]
    return [path]


@settings(deadline=None, max_examples=200)
@given(data=st.data())
def test_nothing_can_be_changed(data: st.DataObject) -> None:
    """Whatever value is put in the place of another, or added, the proof no longer fits."""
    document: Any = copy.deepcopy(FEP_DOCUMENT)
    place = data.draw(st.sampled_from(_places(FEP_DOCUMENT)))
    parent: Any = document
    for step in place[:-1]:
        parent = parent[step]
    change: Callable[[object], object] = data.draw(
        st.sampled_from([lambda _: data.draw(_SCALARS), lambda old: [old], lambda old: {"id": old}])
    )
    before = parent[place[-1]]
    parent[place[-1]] = change(before)
    if parent[place[-1]] == before and type(parent[place[-1]]) is type(before):
        return

    with pytest.raises((SignatureRefused, MalformedDocument)):
        prove(document)


@settings(deadline=None, max_examples=50)
@given(bit=st.integers(0, 511))
def test_no_bit_of_the_signature_can_be_changed(bit: int) -> None:
    """Every bit counts."""
    signature = bytearray(multibase.decode(str(FEP_PROOF["proofValue"]), 96))
    signature[bit // 8] ^= 1 << bit % 8

    with pytest.raises(SignatureRefused):
        prove(with_proof(proofValue=multibase.encode(bytes(signature))))


@settings(deadline=None, max_examples=100)
@given(note=strategies.notes())
def test_what_is_proven_is_what_was_made(note: Note) -> None:
    """Any note survives being proven, over the wire."""
    owned = dataclasses.replace(note, attributed_to=ALICE)

    received = parse.load_json(render.encode(add_proof(render.document(owned), KEY, now=NOW)))

    assert prove(received).value == owned


@given(data=st.binary(max_size=80))
def test_multibase_is_its_own_inverse(data: bytes) -> None:
    """Bytes come back, leading zeros too."""
    assert multibase.decode(multibase.encode(data), 200) == data
