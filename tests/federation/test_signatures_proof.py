"""A ``Verified`` exists only for what a key's owner sent, unchanged and lately (S4, S10, S11); both schemes."""

import dataclasses
from collections.abc import Callable
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from federation import keys
from federation.errors import SignatureRefused
from federation.signatures import Headers, Request, Scheme, Verified, named_key_id, read, verify
from tests.federation.signing import (
    ACTOR,
    ED25519_KEY,
    GET,
    KEY_ID,
    NOW,
    POST,
    RSA_KEY,
    SIGNING_KEYS,
    accept,
    signed,
    verification_key,
    with_header,
)

BOTH = pytest.mark.parametrize("scheme", list(Scheme))


@BOTH
@pytest.mark.parametrize("kind", SIGNING_KEYS)
@pytest.mark.parametrize("request_", [POST, GET], ids=["post", "get"])
def test_what_is_signed_is_verified(scheme: Scheme, kind: str, request_: Request) -> None:
    """Each scheme with each kind of key proves owner, key, scheme and body."""
    verified = accept(signed(request_, scheme, SIGNING_KEYS[kind]), SIGNING_KEYS[kind])

    assert (verified.key_id, verified.owner, verified.scheme) == (KEY_ID, ACTOR, scheme)
    assert verified.body == request_.body


@settings(max_examples=40)
@given(
    scheme=st.sampled_from(list(Scheme)),
    body=st.binary(max_size=200),
    path=st.from_regex(r"/[A-Za-z0-9/%.~@_-]{0,30}(\?[a-z=&]{0,10})?", fullmatch=True),
)
def test_any_body_and_path_survives(scheme: Scheme, body: bytes, path: str) -> None:
    """Signing and verifying are inverse for all paths and bodies."""
    request = dataclasses.replace(POST, body=body, path=path, target_uri=f"https://b.example{path}")

    assert accept(signed(request, scheme, ED25519_KEY), ED25519_KEY).body == body


@settings(max_examples=150)
@given(scheme=st.sampled_from(list(Scheme)), data=st.data())
def test_any_changed_byte_is_refused(scheme: Scheme, data: st.DataObject) -> None:
    """One flipped bit anywhere in body, path or a covered header leaves nothing to believe."""
    whole = signed(POST, scheme, ED25519_KEY)
    covered = {"signature", "digest", "date", "content-digest", "signature-input"} & whole.headers.lines.keys()
    part = data.draw(st.sampled_from(["body", "path", "target", *sorted(covered)]))
    text = {
        "body": whole.body.decode(),
        "path": whole.path,
        "target": whole.target_uri,
    }.get(part) or whole.headers.lines[part][0]
    position = data.draw(st.integers(0, len(text) - 1))
    flipped = text[:position] + chr(ord(text[position]) ^ (1 << data.draw(st.integers(0, 6)))) + text[position + 1 :]
    changed = _with_part(whole, part, flipped)

    if _same_meaning(whole, changed, part):
        return
    with pytest.raises(SignatureRefused):
        accept(changed, ED25519_KEY)


def _with_part(request: Request, part: str, text: str) -> Request:
    match part:
        case "body":
            return dataclasses.replace(request, body=text.encode())
        case "path":
            return dataclasses.replace(request, path=text, target_uri=f"https://b.example{text}")
        case "target":
            return dataclasses.replace(request, target_uri=text, path=text.removeprefix("https://b.example"))
        case _:
            return with_header(request, part, text)


def _same_meaning(whole: Request, changed: Request, part: str) -> bool:
    # A name in other letters, or the other of two spellings of the same base64, changes no claim.
    if part not in changed.headers.lines:
        return False
    try:
        return read(changed) == read(whole)
    except SignatureRefused:
        return False


@BOTH
def test_unsigned_requests_are_refused(scheme: Scheme) -> None:
    """No signature, or half of one, is no claim."""
    with pytest.raises(SignatureRefused, match="not signed"):
        read(POST)
    with pytest.raises(SignatureRefused):
        read(with_header(signed(POST, scheme), "signature"))


@BOTH
def test_two_signature_headers_are_refused(scheme: Scheme) -> None:
    """Which of two would count is a question that must not arise."""
    request = signed(POST, scheme)
    line = request.headers.lines["signature"][0]

    with pytest.raises(SignatureRefused, match="several"):
        read(with_header(request, "signature", line, line))


@BOTH
def test_another_key_does_not_fit(scheme: Scheme) -> None:
    """A key that did not sign proves nothing, of the same kind or another."""
    request = signed(POST, scheme)
    stranger = keys.SigningKey(key_id=KEY_ID, private=keys.generate_rsa())

    with pytest.raises(SignatureRefused, match="does not fit"):
        accept(request, stranger)
    with pytest.raises(SignatureRefused):
        accept(request, ED25519_KEY)


@BOTH
def test_the_key_must_be_the_one_that_is_named(scheme: Scheme) -> None:
    """A right key under another id is refused: the id decides whom it speaks for (S8)."""
    request = signed(POST, scheme)
    renamed = dataclasses.replace(verification_key(RSA_KEY), key_id="https://a.example/other#main-key")

    with pytest.raises(SignatureRefused, match="another id"):
        verify(read(request), request, renamed, now=NOW)


@BOTH
def test_a_claim_counts_for_its_own_request_only(scheme: Scheme) -> None:
    """A claim that was read from one request does not prove another."""
    request, other = signed(POST, scheme), signed(dataclasses.replace(POST, body=b"{}"), scheme)

    with pytest.raises(SignatureRefused, match="another request"):
        verify(read(request), other, verification_key(RSA_KEY), now=NOW)


@BOTH
def test_s11_the_digest_is_compared_with_the_bytes(scheme: Scheme) -> None:
    """A body that is not the one that was signed is refused before any key is needed."""
    request = dataclasses.replace(signed(POST, scheme), body=b'{"type":"Move"}')

    with pytest.raises(SignatureRefused, match="digest"):
        read(request)


@BOTH
def test_a_get_with_a_body_needs_a_digest(scheme: Scheme) -> None:
    """What came along with a GET is not left unproven."""
    request = dataclasses.replace(signed(GET, scheme), body=b"x")

    with pytest.raises(SignatureRefused, match="cover"):
        read(request)


@BOTH
def test_a_signature_for_another_server_is_refused(scheme: Scheme) -> None:
    """What was addressed to one server cannot be passed on to another, even if its Host header says so."""
    request = signed(POST, scheme)
    for elsewhere in ("https://c.example/inbox?page=1", "https://b.example:8443/inbox?page=1"):
        with pytest.raises(SignatureRefused, match="does not fit"):
            accept(dataclasses.replace(request, target_uri=elsewhere))


@BOTH
def test_another_method_is_refused(scheme: Scheme) -> None:
    """A signed POST is not a signed PUT."""
    with pytest.raises(SignatureRefused):
        accept(dataclasses.replace(signed(POST, scheme), method="PUT"))


@pytest.mark.parametrize(
    ("scheme", "kind", "age", "counts"),
    [
        (Scheme.CAVAGE, "rsa", timedelta(hours=12), True),
        (Scheme.CAVAGE, "rsa", timedelta(hours=12, seconds=1), False),
        (Scheme.CAVAGE, "rsa", -timedelta(hours=1), True),
        (Scheme.CAVAGE, "rsa", -timedelta(hours=1, seconds=1), False),
        (Scheme.CAVAGE, "ed25519", timedelta(hours=1), True),  # it has (created)
        (Scheme.CAVAGE, "ed25519", timedelta(hours=1, seconds=1), False),
        (Scheme.CAVAGE, "ed25519", -timedelta(minutes=6), False),
        (Scheme.RFC9421, "rsa", timedelta(hours=1), True),
        (Scheme.RFC9421, "rsa", timedelta(hours=1, seconds=1), False),
        (Scheme.RFC9421, "rsa", -timedelta(minutes=5), True),
        (Scheme.RFC9421, "rsa", -timedelta(minutes=5, seconds=1), False),
    ],
)
def test_s11_the_time_window(scheme: Scheme, kind: str, age: timedelta, *, counts: bool) -> None:
    """A signature counts within its window and not one second beyond."""
    key = SIGNING_KEYS[kind]
    request = signed(POST, scheme, key, now=NOW - age)

    if counts:
        assert accept(request, key).scheme is scheme
    else:
        with pytest.raises(SignatureRefused, match="too old, or from the future"):
            accept(request, key)


@pytest.mark.parametrize(
    ("scheme", "kind", "change"),
    [
        (Scheme.CAVAGE, "rsa", lambda line: line.replace("rsa-sha256", "hs2019")),
        (Scheme.CAVAGE, "rsa", lambda line: line.replace('algorithm="rsa-sha256",', "")),
    ],
)
def test_names_of_an_algorithm_that_agree_with_the_key(scheme: Scheme, kind: str, change: Callable[[str], str]) -> None:
    """hs2019, or no name, leaves the algorithm to the key."""
    request = signed(POST, scheme, SIGNING_KEYS[kind])
    line = request.headers.lines["signature"][0]

    assert accept(with_header(request, "signature", change(line)), SIGNING_KEYS[kind]).scheme is scheme


@pytest.mark.parametrize("name", ["hmac-sha256", "rsa-sha1", "rsa-sha512", "ed25519", "none", ""])
def test_s10_the_algorithm_comes_from_the_key(name: str) -> None:
    """A message cannot choose a weaker algorithm, nor one for another kind of key."""
    request = signed(POST, Scheme.CAVAGE)
    line = request.headers.lines["signature"][0].replace("rsa-sha256", name)

    with pytest.raises(SignatureRefused, match="algorithm"):
        accept(with_header(request, "signature", line))


def test_only_verify_makes_a_proof() -> None:
    """A Verified cannot be built, nor altered."""
    verified = accept(signed(POST, Scheme.RFC9421))

    with pytest.raises(TypeError, match="verify"):
        Verified(key_id=KEY_ID, owner=ACTOR, scheme=Scheme.RFC9421, body=b"", seal=object())
    with pytest.raises((TypeError, ValueError)):
        dataclasses.replace(verified, owner="https://evil.example/")  # type: ignore[call-arg]
    with pytest.raises(dataclasses.FrozenInstanceError):
        verified.owner = "https://evil.example/"  # type: ignore[misc]
    assert "Like" not in repr(verified)


def test_schemes_know_each_other() -> None:
    """The second knock uses the other scheme."""
    assert [scheme.other for scheme in Scheme] == list(reversed(Scheme))


def test_headers_are_case_insensitive_and_keep_their_lines() -> None:
    """Names match in any case, several lines join with a comma, one is demanded where one is meant."""
    headers = Headers.of([("X-A", " 1 "), ("x-a", "2"), ("Host", "h")])

    assert headers.combined("x-a") == "1, 2"
    assert headers.single("host") == "h"
    with pytest.raises(SignatureRefused, match="several"):
        headers.single("x-a")
    with pytest.raises(SignatureRefused, match="no x-b"):
        headers.combined("x-b")


@BOTH
def test_whom_a_request_names_is_read_without_believing_it(scheme: Scheme) -> None:
    """The key id stands in the headers of either scheme, also when the signature is worth nothing; or nowhere."""
    lines = signed(GET, scheme, ED25519_KEY).headers.lines
    said = (*lines.get("signature-input", ()), *lines["signature"])

    assert named_key_id(said) == KEY_ID
    assert named_key_id(("sig=:AAAA:", f'keyId="{KEY_ID}",signature="??"')) == KEY_ID
    assert named_key_id(("sig=:AAAA:",)) is None
    assert named_key_id(()) is None
