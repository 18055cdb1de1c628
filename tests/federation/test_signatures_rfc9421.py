"""Every fault of an RFC 9421 signature is refused, and what real servers send is accepted."""

import base64
import dataclasses
from datetime import timedelta

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from federation.errors import SignatureRefused
from federation.signatures import Headers, Request, Scheme, read, rfc9421
from federation.signatures.digest import content_digest_header, require_content_digest
from federation.signatures.structured import InnerList, parse_dictionary
from tests.federation import vectors
from tests.federation.signing import GET, KEY_ID, NOW, POST, RSA_KEY, accept, signed, with_header

CREATED = int(NOW.timestamp())
COVERED = '"@method" "@target-uri" "content-digest"'
PARAMETERS = f';created={CREATED};keyid="{KEY_ID}"'


def hand_signed(request: Request, covered: str, parameters: str = PARAMETERS) -> Request:
    """A request signed by another implementation, over whatever it chose to cover."""
    if request.body:
        request = with_header(request, "content-digest", content_digest_header(request.body))
    text = f"sig1=({covered}){parameters}"
    inner = parse_dictionary(text)["sig1"]
    private = RSA_KEY.private
    assert isinstance(inner, InnerList)
    assert isinstance(private, rsa.RSAPrivateKey)
    made = private.sign(rfc9421.signature_base(request, inner), padding.PKCS1v15(), hashes.SHA256())
    request = with_header(request, "signature-input", text)
    return with_header(request, "signature", f"sig1=:{base64.b64encode(made).decode()}:")


def test_what_mastodon_and_fedify_send() -> None:
    """Mastodon's three components; Fedify's superset, with the algorithm named."""
    named = f'{PARAMETERS};alg="rsa-v1_5-sha256"'
    fedify = with_header(POST, "date", "Fri, 01 May 2026 12:00:00 GMT")

    assert accept(hand_signed(POST, COVERED)).scheme is Scheme.RFC9421
    assert accept(hand_signed(GET, '"@method" "@target-uri"')).scheme is Scheme.RFC9421
    assert accept(hand_signed(fedify, f'{COVERED} "@authority" "host" "date"', named)).scheme is Scheme.RFC9421


def test_every_derived_component_of_a_request() -> None:
    """A peer may cover all of the target in parts, beside the whole."""
    more = '"@scheme" "@authority" "@path" "@query" "@request-target" "@query-param";name="page"'

    assert accept(hand_signed(POST, f"{COVERED} {more}")).scheme is Scheme.RFC9421


def test_optional_parameters() -> None:
    """nonce, tag and expires may be given; after expires the signature is worth nothing."""
    request = hand_signed(POST, COVERED, f'{PARAMETERS};nonce="n";tag="t";expires={CREATED + 10}')

    assert accept(request).scheme is Scheme.RFC9421
    with pytest.raises(SignatureRefused, match="expired"):
        accept(request, now=NOW + timedelta(seconds=11))


def test_a_covered_date_counts_too() -> None:
    """A covered Date from another day is refused although created is fresh."""
    request = with_header(POST, "date", "Tue, 28 Apr 2026 12:00:00 GMT")

    with pytest.raises(SignatureRefused, match="too old"):
        accept(hand_signed(request, f'{COVERED} "date"'))


@pytest.mark.parametrize(
    ("request_", "covered", "missing"),
    [
        (POST, '"@target-uri" "content-digest"', "@method"),
        (POST, '"@method" "content-digest"', "@target-uri"),
        (POST, '"@method" "@path" "@authority" "content-digest"', "@target-uri"),
        (POST, '"@method" "@target-uri"', "content-digest"),
        (GET, '"@method"', "@target-uri"),
        (GET, '"@target-uri"', "@method"),
        (POST, "", "nothing"),
    ],
)
def test_s10_what_must_be_covered(request_: Request, covered: str, missing: str) -> None:
    """A signature that leaves out the method, the target or the digest proves too little."""
    with pytest.raises(SignatureRefused, match=missing):
        read(hand_signed(request_, covered))


def test_the_published_examples_cover_too_little_here() -> None:
    """The RFC's Ed25519 example is a good signature that does not cover the target URI."""
    request = with_header(vectors.TEST_REQUEST, "signature-input", f"sig-b26={vectors.B26_INPUT}")
    request = with_header(request, "signature", f"sig-b26=:{vectors.B26_SIGNATURE}:")

    with pytest.raises(SignatureRefused, match="@target-uri"):
        read(request)


@pytest.mark.parametrize(
    "parameters",
    [
        f';keyid="{KEY_ID}"',  # no created
        f";created={CREATED}",  # no keyid
        f';created="{CREATED}";keyid="{KEY_ID}"',
        f';created=?1;keyid="{KEY_ID}"',
        f';created=-1;keyid="{KEY_ID}"',
        f';created=999999999999;keyid="{KEY_ID}"',
        f";created={CREATED};keyid=token",
        f';created={CREATED};keyid=""',
        f"{PARAMETERS};alg=token",
        f"{PARAMETERS};critical",
        f'{PARAMETERS};expires="x"',
    ],
)
def test_s10_parameters_that_are_refused(parameters: str) -> None:
    """Missing, mistyped and unknown parameters."""
    with pytest.raises(SignatureRefused):
        read(hand_signed(POST, COVERED, parameters))


@pytest.mark.parametrize("name", ["ed25519", "rsa-pss-sha512", "hmac-sha256", "ecdsa-p256-sha256", "rsa-sha256"])
def test_s10_the_algorithm_comes_from_the_key(name: str) -> None:
    """A message cannot choose an algorithm for the key."""
    with pytest.raises(SignatureRefused, match="algorithm"):
        accept(hand_signed(POST, COVERED, f'{PARAMETERS};alg="{name}"'))


@pytest.mark.parametrize(
    "component",
    [
        '"@method"',  # twice
        '"@status"',
        '"@signature-params"',
        '"@unknown"',
        '"content-type";sf',
        '"content-type";bs',
        '"content-type";key="x"',
        '"@path";req',
        '"Content-Type"',
        '"x-absent"',
        "token",
        "7",
        '"@query-param"',
        '"@query-param";name="absent"',
        '"@query-param";name="page";req',
    ],
)
def test_components_that_are_refused(component: str) -> None:
    """Components of responses, unknown ones, parameters that change their meaning, and absent headers."""
    request = signed(POST, Scheme.RFC9421)
    line = request.headers.lines["signature-input"][0].replace("(", f"({component} ", 1)

    with pytest.raises(SignatureRefused):
        read(with_header(request, "signature-input", line))


def test_a_query_parameter_that_stands_twice_cannot_be_covered() -> None:
    """Which of two values was meant is a question that must not arise."""
    request = dataclasses.replace(POST, path="/inbox?a=1&a=2", target_uri="https://b.example/inbox?a=1&a=2")

    with pytest.raises(SignatureRefused, match="exactly once"):
        hand_signed(request, f'{COVERED} "@query-param";name="a"')


@pytest.mark.parametrize(
    ("inputs", "signatures"),
    [
        ("garbage(", "sig1=:aGk=:"),
        (f"sig1=({COVERED}){PARAMETERS}", "garbage("),
        ("", ""),
        (f"sig1=({COVERED}){PARAMETERS}", "sig2=:aGk=:"),
        (f"sig1=({COVERED}){PARAMETERS}, sig2=({COVERED}){PARAMETERS}", "sig1=:aGk=:, sig2=:aGk=:"),
        (f"sig1=({COVERED}){PARAMETERS}, sig1=({COVERED}){PARAMETERS}", "sig1=:aGk=:"),
        (f"sig1=({COVERED}){PARAMETERS}", 'sig1="aGk="'),
        (f"sig1=({COVERED}){PARAMETERS}", "sig1=(:aGk=:)"),
        ("sig1=1", "sig1=:aGk=:"),
    ],
)
def test_s10_signature_headers_that_are_refused(inputs: str, signatures: str) -> None:
    """Exactly one signature, named the same in both headers, of the right shape."""
    request = with_header(signed(POST, Scheme.RFC9421), "signature-input", inputs)

    with pytest.raises(SignatureRefused):
        read(with_header(request, "signature", signatures))


@pytest.mark.parametrize("name", ["signature-input", "content-digest"])
def test_headers_that_must_stand_once(name: str) -> None:
    """Two inputs or digests are two stories."""
    request = signed(POST, Scheme.RFC9421)
    value = request.headers.lines[name][0]

    with pytest.raises(SignatureRefused, match="several"):
        read(with_header(request, name, value, value))


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        ("", "known"),
        ("md5=:aGk=:", "known"),
        ("sha-256=token", "known"),
        ("sha-256=(:aGk=:)", "known"),
        ("sha-256=:a:", "read"),
        ("sha-256", "known"),
        ("sha-256=:aGk=:", "fit"),
        (f"{content_digest_header(b'x')}, sha-512=:aGk=:", "fit"),
        (f"{content_digest_header(b'x')}, {content_digest_header(b'x')}", "read"),
    ],
)
def test_content_digests_that_are_refused(value: str, reason: str) -> None:
    """Unknown, mistyped, broken, wrong and repeated digests; a right one beside a wrong one does not help."""
    with pytest.raises(SignatureRefused, match=reason):
        require_content_digest(value, b"x")


def test_default_ports_are_not_part_of_the_authority() -> None:
    """@authority has the port only where it is not the scheme's own (§2.2.3)."""
    headers = Headers.of([])
    for target, authority in (
        ("https://B.example:443/x", "b.example"),
        ("https://b.example:8443/x", "b.example:8443"),
        ("http://localhost:80/x", "localhost"),
        ("http://localhost:8001/x", "localhost:8001"),
    ):
        assert Request(method="GET", target_uri=target, path="/x", headers=headers).authority == authority
