"""Two servers compare whom they know as followers, and nobody is made to forget or to ask (FEP-8fcf)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from federation import synchronisation
from federation.errors import MalformedDocument, OriginMismatch
from federation.origin import same_origin
from federation.synchronisation import EMPTY_DIGEST, Synchronisation, check, digest, parse, render, toggle
from tests.federation.strategies import ids

# The example of FEP-8fcf.
SENDER = "https://example.org/users/1"
FOLLOWERS = (
    "https://example.org/users/2",
    "https://testing.example.org/users/1",
    "https://next.example.org/users/foo",
    "https://testing.example.org/users/2",
)
DIGEST = "c33f48cd341ef046a206b8a72ec97af65079f9a3a9b90eef79c5920dce45c61f"
VALUE = Synchronisation(collection_id=f"{SENDER}/followers", url=f"{SENDER}/followers_synchronization", digest=DIGEST)
LINE = f'collectionId="{SENDER}/followers", url="{SENDER}/followers_synchronization", digest="{DIGEST}"'


def test_the_example_of_the_fep() -> None:
    """The part of the collection, its digest and the header are those of the FEP."""
    part = [follower for follower in FOLLOWERS if same_origin(follower, "https://testing.example.org/users/1")]

    assert part == ["https://testing.example.org/users/1", "https://testing.example.org/users/2"]
    assert digest(part) == DIGEST
    assert render(VALUE) == LINE
    assert parse(LINE) == VALUE
    check(VALUE, SENDER, f"{SENDER}/followers")


def test_the_example_of_mastodon_on_several_lines() -> None:
    """Mastodon's documentation breaks the line between parameters; other parameters are left out."""
    text = LINE.replace(", ", ",\n  ") + ', algorithm="x"'

    assert parse(text) == VALUE
    assert parse(LINE.replace(DIGEST, DIGEST.upper())) == VALUE


@given(st.lists(ids, unique=True))
def test_digest_knows_no_order_and_can_be_kept(followers: list[str]) -> None:
    """A digest kept up to date follower by follower is that of the whole, in any order."""
    kept = EMPTY_DIGEST
    for follower in reversed(followers):
        kept = toggle(kept, follower)

    assert kept == digest(followers)
    assert len(kept) == len(EMPTY_DIGEST)
    for follower in followers:
        kept = toggle(kept, follower)
    assert kept == EMPTY_DIGEST


@pytest.mark.parametrize(
    "text",
    [
        "",
        "collectionId",
        LINE.replace('"', ""),
        LINE.replace("digest", "sum"),
        LINE.replace(DIGEST, "c33f"),
        LINE.replace(DIGEST, "g" * 64),
        LINE.replace(f"{SENDER}/followers_", "ftp://example.org/"),
        LINE.replace(f'collectionId="{SENDER}', 'collectionId="'),
        f"{LINE}, {LINE}",
        f"{LINE}; rest",
        LINE + " " * synchronisation.HEADER_MAX,
        '"' * synchronisation.HEADER_MAX,
    ],
)
def test_faulty_header_is_refused(text: str) -> None:
    """What names no collection, URL and digest, each once, is no request to compare."""
    with pytest.raises(MalformedDocument):
        parse(text)


@pytest.mark.parametrize(
    ("value", "followers"),
    [
        (VALUE, None),
        (VALUE, f"{SENDER}/others"),
        (
            Synchronisation(collection_id=f"{SENDER}/followers", url="https://b.example/x", digest=DIGEST),
            f"{SENDER}/followers",
        ),
        (
            Synchronisation(collection_id="https://b.example/f", url="https://b.example/x", digest=DIGEST),
            "https://b.example/f",
        ),
    ],
)
def test_others_followers_are_none_of_the_senders_business(value: Synchronisation, followers: str | None) -> None:
    """A sender speaks of its own collection, on its own server, or of nothing."""
    with pytest.raises(OriginMismatch):
        check(value, SENDER, followers)
