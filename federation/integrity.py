"""Proofs inside documents: an activity or object that shows by itself who made it, whoever passes it on.

One proof, one cryptosuite: ``DataIntegrityProof`` with ``eddsa-jcs-2022``. What is hashed is the JSON as it was
received, canonicalised by RFC 8785; nothing is expanded, so no rewriting of a JSON-LD graph can change the meaning of
what was signed (S9). Reading and verifying are two steps, as for signed requests: ``read`` refuses what is wrong with
the document itself, then the caller looks up the actor and takes ``key_of``, then ``verify`` gives a ``Proven``. Its
``value`` is what the proof covers, and its owner is the actor the key speaks for: a handler uses that value, never
another reading of the document. The proof says who made it, not that they may: ``origin.authorise`` comes next.

Whatever is not proven raises ``SignatureRefused``; the caller may still believe the request's signature, or fetch the
document from its origin. A proof has no greatest age: an old post stays proven, and what an activity does, it does
once per id. Spec: FEP-8b32; Data Integrity 1.0 §4; Data Integrity EdDSA Cryptosuites 1.0 §3.3; FEP-521a for keys.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import InitVar, dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Final, cast

import rfc8785
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ed25519

from federation import multibase, parse
from federation.activities import Activity
from federation.actors import Actor
from federation.collections import Collection, CollectionPage
from federation.errors import KeyUnavailable, MalformedDocument, SignatureRefused
from federation.keys import SigningKey, VerificationKey, load_multikey
from federation.objects import Note, QuoteAuthorization, Relationship, Tombstone, UnknownObject
from federation.origin import origin_of
from federation.parse import JsonObject, Resource
from federation.vocabulary import DATA_INTEGRITY_CONTEXT

CRYPTOSUITE: Final = "eddsa-jcs-2022"
CREATED_AHEAD_MAX: Final = timedelta(hours=1)
"""Clocks and summer time are wrong, as for the ``Date`` of a request."""

_TYPE: Final = "DataIntegrityProof"
_PURPOSE: Final = "assertionMethod"
_SIGNATURE_BYTES: Final = 64
_PROOF_VALUE_MAX: Final = 96
_KEY_ID_MAX: Final = 2_048
_MOMENT_MAX: Final = 64
_MEMBERS: Final = frozenset(
    {
        "@context",
        "id",
        "type",
        "cryptosuite",
        "created",
        "expires",
        "verificationMethod",
        "proofPurpose",
        "proofValue",
        "nonce",
    }
)
_SEAL: Final = object()


@dataclass(frozen=True, slots=True, kw_only=True)
class ProofClaim:
    """What a document claims about its maker before anybody has proved it."""

    key_id: str
    created: datetime
    expires: datetime | None
    signature: bytes = field(repr=False)
    signed: tuple[bytes, ...] = field(repr=False)  # one of these was signed


@dataclass(frozen=True, slots=True, kw_only=True)
class Proven:
    """Proof that ``owner`` made ``value``; only ``verify`` can make one."""

    key_id: str
    owner: str
    created: datetime
    value: Resource
    seal: InitVar[object]

    def __post_init__(self, seal: object) -> None:
        if seal is not _SEAL:
            raise TypeError("Only federation.integrity.verify makes a Proven")


def has_proof(document: Mapping[str, object]) -> bool:
    """Whether there is a proof to read."""
    return bool(document.get("proof"))


def embedded(document: Mapping[str, object]) -> Mapping[str, object] | None:
    """What a document passes on that shows its own maker: an announced, added or forwarded activity with a proof."""
    inner = document.get("object")
    return inner if isinstance(inner, dict) and has_proof(inner) else None


def add_proof(document: Mapping[str, object], key: SigningKey, *, now: datetime) -> JsonObject:
    """The document with a proof, under a context that names the terms of proofs.

    Raises ``ValueError`` for a key that is not Ed25519 and for a document that has a proof already.
    """
    if not isinstance(key.private, ed25519.Ed25519PrivateKey):
        raise ValueError("A proof is made with an Ed25519 key.")  # noqa: TRY004 -- a wrong choice of key, not of type
    if has_proof(document):
        raise ValueError("A document has one proof.")
    unsecured = {**document, "@context": _with_proof_terms(document.get("@context"))}
    options: JsonObject = {
        "@context": unsecured["@context"],
        "type": _TYPE,
        "cryptosuite": CRYPTOSUITE,
        "created": now.astimezone(UTC).replace(microsecond=0).isoformat().replace("+00:00", "Z"),
        "verificationMethod": key.key_id,
        "proofPurpose": _PURPOSE,
    }
    signature = key.private.sign(_hash(options) + _hash(unsecured))
    return {**unsecured, "proof": {**options, "proofValue": multibase.encode(signature)}}


def read(document: Mapping[str, object]) -> ProofClaim:
    """What a document claims about its maker. Needs neither network nor key."""
    proof = _only_proof(document)
    for name, expected in (("type", _TYPE), ("cryptosuite", CRYPTOSUITE), ("proofPurpose", _PURPOSE)):
        if proof.get(name) != expected:
            raise SignatureRefused(f"the {name} of the proof is not {expected}")
    unknown = proof.keys() - _MEMBERS
    if unknown:
        raise SignatureRefused("the proof has members that are not known here")
    created = _moment(proof, "created")
    if created is None:
        raise SignatureRefused("the proof does not say when it was created")
    return ProofClaim(
        key_id=_key_id(proof),
        created=created,
        expires=_moment(proof, "expires"),
        signature=_signature(proof),
        signed=_signed(document, proof),
    )


def key_of(claim: ProofClaim, actor: Actor) -> VerificationKey:
    """The key the claim names, if the actor asserts with it; raises ``KeyUnavailable`` otherwise."""
    for key in actor.assertion_methods:
        if key.id == claim.key_id and key.controller == actor.id:
            return VerificationKey(key_id=key.id, owner=actor.id, public=load_multikey(key.public_key_multibase))
    raise KeyUnavailable("the actor does not list it as an assertionMethod of its own")


def verify(claim: ProofClaim, document: Mapping[str, object], key: VerificationKey, *, now: datetime) -> Proven:
    """Proof that the key's owner made this document."""
    if read(document) != claim:
        raise SignatureRefused("the claim was read from another document")
    if key.key_id != claim.key_id:
        raise SignatureRefused("the key has another id than the proof names")
    if not isinstance(key.public, ed25519.Ed25519PublicKey):
        raise SignatureRefused("the key is not for this cryptosuite")
    if claim.created - now > CREATED_AHEAD_MAX:
        raise SignatureRefused("the proof is from the future")
    if claim.expires is not None and now > claim.expires:
        raise SignatureRefused("the proof has expired")
    if not any(_fits(key.public, claim.signature, signed) for signed in claim.signed):
        raise SignatureRefused("the proof does not fit the key and the document")
    value = parse.resource(document)
    if owner_of(value) != key.owner:
        raise SignatureRefused("the key belongs to another than the maker of the document")
    return Proven(key_id=key.key_id, owner=key.owner, created=claim.created, value=value, seal=_SEAL)


def owner_of(value: Resource) -> str | None:
    """The actor who alone can prove the value; None if it names none (FEP-fe34, ownership)."""
    match value:
        case Note() | QuoteAuthorization() | Collection():
            return value.attributed_to
        case Actor():
            return value.id
        case Relationship():
            return value.subject
        case Tombstone() | UnknownObject() | CollectionPage():
            return None
        case _:
            return _actor_of(value)


def _actor_of(activity: Activity) -> str:
    return activity.actor


def _only_proof(document: Mapping[str, object]) -> Mapping[str, object]:
    proof = document.get("proof")
    if isinstance(proof, list) and len(proof) == 1:
        proof = proof[0]
    if isinstance(proof, list) and proof:
        raise SignatureRefused("a document carries exactly one proof")
    if not isinstance(proof, dict):
        raise SignatureRefused("the document has no proof")
    return proof


def _key_id(proof: Mapping[str, object]) -> str:
    value = proof.get("verificationMethod")
    if not isinstance(value, str) or len(value) > _KEY_ID_MAX or origin_of(value) is None:
        raise SignatureRefused("the proof names no key that can be looked up")
    return value


def _moment(proof: Mapping[str, object], name: str) -> datetime | None:
    value = proof.get(name)
    if value is None:
        return None
    try:
        if not isinstance(value, str) or len(value) > _MOMENT_MAX:
            raise ValueError  # noqa: TRY301 -- one answer for every fault
        moment = datetime.fromisoformat(value)
        if moment.tzinfo is None:
            raise ValueError  # noqa: TRY301 -- a local time is no moment
        return moment.astimezone(UTC)
    except (ValueError, OverflowError) as problem:
        raise SignatureRefused(f"{name} of the proof is not a time") from problem


def _signature(proof: Mapping[str, object]) -> bytes:
    value = proof.get("proofValue")
    try:
        signature = multibase.decode(value, _PROOF_VALUE_MAX) if isinstance(value, str) else b""
    except MalformedDocument as problem:
        raise SignatureRefused("the proofValue is not base58btc") from problem
    if len(signature) != _SIGNATURE_BYTES:
        raise SignatureRefused("the proofValue is not a signature")
    return signature


def _signed(document: Mapping[str, object], proof: Mapping[str, object]) -> tuple[bytes, ...]:
    """What may have been signed: one form if the proof has a context of its own, else two."""
    # A Linked Data signature is made after the proof (FEP-8b32, Backward compatibility).
    unsecured = {name: value for name, value in document.items() if name not in {"proof", "signature"}}
    options = {name: value for name, value in proof.items() if name != "proofValue"}
    if "@context" in options:
        _require_prefix(options["@context"], unsecured.get("@context"))
        unsecured["@context"] = options["@context"]
        return (_hash(options) + _hash(unsecured),)
    hashed = _hash(unsecured)
    forms = [options]
    if "@context" in unsecured:
        # Drafts of the cryptosuite, and Fedify, hash the document's context with the proof and do not write it there.
        forms.append({**options, "@context": unsecured["@context"]})
    return tuple(_hash(form) + hashed for form in forms)


def _require_prefix(named: object, context: object) -> None:
    beginning, whole = _listed(named), _listed(context)
    if whole[: len(beginning)] != beginning:
        raise SignatureRefused("the document's context does not begin with the context of its proof")


def _with_proof_terms(context: object) -> list[object]:
    entries = [entry for entry in _listed(context) if entry is not None]
    return entries if DATA_INTEGRITY_CONTEXT in entries else [*entries, DATA_INTEGRITY_CONTEXT]


def _listed(context: object) -> list[object]:
    return list(context) if isinstance(context, list) else [context]


def _hash(value: Mapping[str, object]) -> bytes:
    try:
        return hashlib.sha256(rfc8785.dumps(cast("Any", value))).digest()
    except (rfc8785.CanonicalizationError, UnicodeError, RecursionError) as problem:
        raise SignatureRefused("the document has no canonical form") from problem


def _fits(key: ed25519.Ed25519PublicKey, signature: bytes, signed: bytes) -> bool:
    try:
        key.verify(signature, signed)
    except InvalidSignature:
        return False
    return True
