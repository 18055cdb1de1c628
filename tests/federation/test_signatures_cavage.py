"""Every fault of a cavage signature is refused, and what real servers send is accepted."""

import base64
import dataclasses
from datetime import timedelta

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from federation.errors import SignatureRefused
from federation.signatures import Request, Scheme, cavage, read
from federation.signatures.digest import digest_header, require_digest
from tests.federation.signing import ED25519_KEY, GET, KEY_ID, NOW, POST, RSA_KEY, accept, signed, with_header

DATE = "Fri, 01 May 2026 12:00:00 GMT"


def hand_signed(request: Request, covered: str, **parameters: str) -> Request:
    """A request signed by another implementation, over whatever it chose to cover."""
    request = with_header(request, "date", DATE)
    if request.body:
        request = with_header(request, "digest", digest_header(request.body))
    base = cavage.signature_base(request, covered.split(), parameters)
    private = RSA_KEY.private
    assert isinstance(private, rsa.RSAPrivateKey)
    signature = base64.b64encode(private.sign(base, padding.PKCS1v15(), hashes.SHA256())).decode()
    fields = {"keyId": KEY_ID, "algorithm": "hs2019", **parameters, "headers": covered, "signature": signature}
    return with_header(request, "signature", ",".join(f'{name}="{value}"' for name, value in fields.items()))


def test_what_mastodon_sends() -> None:
    """Mastodon's delivery and fetch, in its order of headers."""
    assert accept(hand_signed(POST, "(request-target) host date digest content-type")).scheme is Scheme.CAVAGE
    assert accept(hand_signed(GET, "(request-target) host date accept")).scheme is Scheme.CAVAGE


def test_created_and_expires_of_hs2019() -> None:
    """(created) stands in for Date; (expires) ends the signature at once."""
    now = int(NOW.timestamp())
    covered = "(request-target) (created) (expires) host digest"
    request = hand_signed(POST, covered, created=str(now - 60), expires=f"{now + 30}.5")

    assert accept(request).scheme is Scheme.CAVAGE
    with pytest.raises(SignatureRefused, match="expired"):
        accept(request, now=NOW + timedelta(seconds=31))


@pytest.mark.parametrize(
    ("request_", "covered", "missing"),
    [
        (POST, "host date digest", "request-target"),
        (POST, "(request-target) date digest", "host"),
        (POST, "(request-target) host digest", "date"),
        (POST, "(request-target) host date", "digest"),
        (GET, "host date", "request-target"),
        (GET, "(request-target) date", "host"),
        (GET, "(request-target) host", "date"),
        (POST, "date", "request-target"),
    ],
)
def test_s10_what_must_be_covered(request_: Request, covered: str, missing: str) -> None:
    """A signature that leaves out the target, the host, the time or the digest proves too little."""
    with pytest.raises(SignatureRefused, match=missing):
        read(hand_signed(request_, covered))


def test_s10_an_empty_header_list_is_refused() -> None:
    """Neither no list nor an empty one means some default."""
    line = signed(POST, Scheme.CAVAGE).headers.lines["signature"][0]
    for emptied in (
        line.replace('headers="(request-target) host date digest"', 'headers=""'),
        line.replace('headers="(request-target) host date digest",', ""),
    ):
        with pytest.raises(SignatureRefused, match="nothing"):
            read(with_header(signed(POST, Scheme.CAVAGE), "signature", emptied))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("keyId=", "keyId=x,keyId="),
        ('headers="', 'headers="date",headers="'),
        ('algorithm="rsa-sha256"', 'algorithm="rsa-sha256",critical="x"'),
        ('algorithm="rsa-sha256"', 'algorithm="rsa-sha256",algorithm="hs2019"'),
        ('keyId="', 'keyid="'),
        (",", ";"),
        ('",', '"'),
        ('",', '",,'),
        ("(request-target) host", "(request-target) host host"),
        ("(request-target) host", "(request-target) host x-absent"),
        ("(request-target) host", "(request-target) (expires) host"),
        ('algorithm="rsa-sha256"', 'algorithm="rsa-sha256",created="soon"'),
        ('algorithm="rsa-sha256"', 'algorithm="rsa-sha256",created="1_777"'),
        ('algorithm="rsa-sha256"', 'algorithm="rsa-sha256",expires="-1"'),
        ('algorithm="rsa-sha256"', 'algorithm="rsa-sha256",expires=999999999999'),
        (f'keyId="{KEY_ID}"', 'keyId=""'),
        (f'keyId="{KEY_ID}"', f'keyId="{"x" * 3000}"'),
        (f'keyId="{KEY_ID}",', ""),
        (f'keyId="{KEY_ID}"', f'keyId="{"x" * 9000}"'),
        ('signature="', 'signature="!'),
        ('signature="', 'signature="",x="'),
    ],
)
def test_s10_broken_signature_headers(old: str, new: str) -> None:
    """Parameters that stand twice, are unknown or cannot be read, and names covered twice or absent."""
    request = signed(POST, Scheme.CAVAGE)
    line = request.headers.lines["signature"][0]
    assert old in line

    with pytest.raises(SignatureRefused):
        read(with_header(request, "signature", line.replace(old, new, 1)))


@pytest.mark.parametrize(
    "line", ["", "garbage", 'keyId="x', 'keyId="x",', 'headers="(request-target) host date digest"']
)
def test_headers_that_are_no_signature(line: str) -> None:
    """Anything that does not read as parameters is refused."""
    with pytest.raises(SignatureRefused):
        read(with_header(signed(POST, Scheme.CAVAGE), "signature", line))


def test_a_signature_without_bytes_is_refused() -> None:
    """An empty signature parameter is none."""
    request = signed(POST, Scheme.CAVAGE)
    line = request.headers.lines["signature"][0].partition('signature="')[0] + 'signature=""'

    with pytest.raises(SignatureRefused, match="missing"):
        read(with_header(request, "signature", line))


def test_times_that_are_covered_must_be_given() -> None:
    """A list that names (created) without the parameter covers nothing that can be judged."""
    request = signed(POST, Scheme.CAVAGE, ED25519_KEY)
    created = f"created={int(NOW.timestamp())},"
    line = request.headers.lines["signature"][0]
    assert created in line

    with pytest.raises(SignatureRefused, match="not given"):
        read(with_header(request, "signature", line.replace(created, "")))


@pytest.mark.parametrize("name", ["created", "expires"])
def test_times_with_an_rsa_name_are_refused(name: str) -> None:
    """(created) and (expires) are not for rsa-sha256, as §2.3 says."""
    covered = f"(request-target) ({name}) host date digest"
    with pytest.raises(SignatureRefused, match="hs2019 only"):
        read(hand_signed(POST, covered, algorithm="rsa-sha256", **{name: "1"}))


@pytest.mark.parametrize("name", ["date", "digest", "host"])
def test_headers_that_must_stand_once(name: str) -> None:
    """Two dates, digests or hosts are two stories."""
    request = signed(POST, Scheme.CAVAGE)
    value = request.headers.lines[name][0]

    with pytest.raises(SignatureRefused, match="several"):
        read(with_header(request, name, value, value))


@pytest.mark.parametrize("date", ["", "yesterday", "Fri, 01 May 2026 12:00:00", "Fri, 01 May 2026 12:00:00 -0000"])
def test_dates_that_are_none(date: str) -> None:
    """A Date without a moment or a time zone cannot be judged."""
    with pytest.raises(SignatureRefused, match="not a date"):
        read(with_header(signed(POST, Scheme.CAVAGE), "date", date))


def test_a_proxy_may_change_the_host_header() -> None:
    """What counts is the authority that the peer addressed; its own spelling is kept."""
    request = signed(POST, Scheme.CAVAGE)
    loud = dataclasses.replace(POST, headers=POST.headers)
    loud = signed(with_header(loud, "host", "B.Example"), Scheme.CAVAGE)

    assert accept(with_header(request, "host", "127.0.0.1:8000")).scheme is Scheme.CAVAGE
    assert accept(loud).scheme is Scheme.CAVAGE


@pytest.mark.parametrize("value", ["a\nhost: evil.example", "a\x00b", "ü"])
def test_values_that_could_pass_for_several_lines(value: str) -> None:
    """No header value can smuggle a line into the bytes that are signed."""
    request = with_header(POST, "content-type", value)

    with pytest.raises(SignatureRefused, match="printable"):
        hand_signed(request, "(request-target) host date digest content-type")


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        ("", "known"),
        ("MD5=xyz", "known"),
        ("SHA-256=!", "base64"),
        ("SHA-256=ü", "base64"),
        ("SHA-256=aGk=", "fit"),
        (f"{digest_header(b'x')},{digest_header(b'x')}", "twice"),
        (f"{digest_header(b'y')},{digest_header(b'x')}", "twice"),
    ],
)
def test_digests_that_are_refused(value: str, reason: str) -> None:
    """Unknown, broken, wrong and repeated digests."""
    with pytest.raises(SignatureRefused, match=reason):
        require_digest(value, b"x")


def test_digests_in_other_letters_and_company() -> None:
    """The name is case-insensitive, and digests that are not known here may stand beside it."""
    require_digest(f"unixsum=30637, {digest_header(b'x').replace('SHA', 'sha')}", b"x")
