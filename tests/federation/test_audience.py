"""Addressing means one thing, whatever the lists hold, and is written no wider than meant."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from federation.audience import Addressing, Audience, Reach, Visibility, address, read
from federation.vocabulary import PUBLIC

FOLLOWERS = "https://a.example/users/alice/followers"
BOB = "https://b.example/users/bob"
ORGANISATION = "https://a.example/audiences/organisation"
PARTNERS = "https://a.example/audiences/partners"
AUDIENCES = {ORGANISATION: Reach.ORGANISATION, PARTNERS: Reach.PARTNERS}

P, U, F, D = Visibility.PUBLIC, Visibility.UNLISTED, Visibility.PRIVATE, Visibility.DIRECT


@pytest.mark.parametrize(
    ("to", "cc", "visibility", "reach"),
    [
        ((PUBLIC,), (FOLLOWERS,), P, Reach.PUBLIC),
        ((FOLLOWERS,), (PUBLIC,), U, Reach.PUBLIC),
        ((PUBLIC,), (PUBLIC,), P, Reach.PUBLIC),
        ((FOLLOWERS,), (BOB,), F, Reach.PUBLIC),
        ((BOB,), (FOLLOWERS,), F, Reach.PUBLIC),
        ((BOB,), (), D, Reach.PUBLIC),
        ((), (), D, Reach.PUBLIC),
        ((FOLLOWERS,), (ORGANISATION, BOB), P, Reach.ORGANISATION),
        ((FOLLOWERS,), (PARTNERS,), P, Reach.PARTNERS),
        ((FOLLOWERS,), (ORGANISATION, PARTNERS), P, Reach.PARTNERS),
        (("https://c.example/audiences/organisation",), (), D, Reach.PUBLIC),
        (("https://c.example/users/eve/followers",), (), D, Reach.PUBLIC),
    ],
)
def test_lists_are_read(to: tuple[str, ...], cc: tuple[str, ...], visibility: Visibility, reach: Reach) -> None:
    """Public in `to` is public, in `cc` unlisted; followers make private; our own rings count, foreign ones do not."""
    audience = read(Addressing(to=to, cc=cc), followers=FOLLOWERS, audiences=AUDIENCES)

    assert audience == Audience(visibility=visibility, reach=reach)


@pytest.mark.parametrize(
    ("addressing", "expected"),
    [
        (Addressing(to=(PUBLIC,), cc=(), reach=Reach.ORGANISATION), Audience(visibility=P, reach=Reach.ORGANISATION)),
        (
            Addressing(to=(FOLLOWERS,), cc=(PARTNERS,), reach=Reach.ORGANISATION),
            Audience(visibility=P, reach=Reach.ORGANISATION),
        ),
        (
            Addressing(to=(FOLLOWERS,), cc=(ORGANISATION,), reach=Reach.PUBLIC),
            Audience(visibility=P, reach=Reach.ORGANISATION),
        ),
        (Addressing(to=(FOLLOWERS,), cc=(), reach=Reach.NODE), Audience(visibility=F, reach=Reach.NODE)),
        (
            Addressing(to=(FOLLOWERS,), cc=(ORGANISATION,), reach=Reach.ORGANISATION, listed=False),
            Audience(visibility=U, reach=Reach.ORGANISATION),
        ),
    ],
)
def test_of_contradicting_signs_the_narrower_counts(addressing: Addressing, expected: Audience) -> None:
    """Neither the lists nor the term can widen what the other says."""
    assert read(addressing, followers=FOLLOWERS, audiences=AUDIENCES) == expected


def test_an_author_without_followers_collection_writes_direct() -> None:
    """Nothing is private when nobody can follow."""
    assert read(Addressing(to=(FOLLOWERS,), cc=()), followers=None).visibility is D


@pytest.mark.parametrize(
    ("audience", "expected"),
    [
        (Audience(visibility=P, reach=Reach.PUBLIC), Addressing(to=(PUBLIC,), cc=(FOLLOWERS, BOB))),
        (Audience(visibility=U, reach=Reach.PUBLIC), Addressing(to=(FOLLOWERS,), cc=(PUBLIC, BOB))),
        (Audience(visibility=F, reach=Reach.PUBLIC), Addressing(to=(FOLLOWERS,), cc=(BOB,))),
        (Audience(visibility=D, reach=Reach.PUBLIC), Addressing(to=(BOB,), cc=())),
        (
            Audience(visibility=P, reach=Reach.ORGANISATION),
            Addressing(to=(FOLLOWERS,), cc=(ORGANISATION, BOB), reach=Reach.ORGANISATION),
        ),
        (
            Audience(visibility=U, reach=Reach.PARTNERS),
            Addressing(to=(FOLLOWERS,), cc=(PARTNERS, BOB), reach=Reach.PARTNERS, listed=False),
        ),
        (
            Audience(visibility=F, reach=Reach.ORGANISATION),
            Addressing(to=(FOLLOWERS,), cc=(BOB,), reach=Reach.ORGANISATION),
        ),
        (Audience(visibility=D, reach=Reach.PARTNERS), Addressing(to=(BOB,), cc=(), reach=Reach.PARTNERS)),
    ],
)
def test_an_audience_is_written(audience: Audience, expected: Addressing) -> None:
    """The form of the blueprint for each reach and visibility; somebody mentioned twice is addressed once."""
    assert address(audience, followers=FOLLOWERS, mentions=(BOB, BOB), audiences=AUDIENCES) == expected


@given(
    st.sampled_from(list(Visibility)),
    st.sampled_from([Reach.ORGANISATION, Reach.PARTNERS, Reach.PUBLIC]),
    st.lists(st.just(BOB), max_size=2).map(tuple),
)
def test_what_is_addressed_is_read_back(visibility: Visibility, reach: Reach, mentions: tuple[str, ...]) -> None:
    """Writing and reading agree for every audience that may leave a node."""
    audience = Audience(visibility=visibility, reach=reach)
    written = address(audience, followers=FOLLOWERS, mentions=mentions, audiences=AUDIENCES)

    assert read(written, followers=FOLLOWERS, audiences=AUDIENCES) == audience


@given(st.sampled_from(list(Visibility)), st.sampled_from([Reach.ORGANISATION, Reach.PARTNERS]))
def test_a_narrow_reach_never_names_the_public(visibility: Visibility, reach: Reach) -> None:
    """No server can take a limited status for a public one."""
    written = address(Audience(visibility=visibility, reach=reach), followers=FOLLOWERS, audiences=AUDIENCES)

    assert PUBLIC not in {*written.to, *written.cc}


@pytest.mark.parametrize("visibility", list(Visibility))
def test_reach_node_is_not_addressed(visibility: Visibility) -> None:
    """What stays on the node has no addressing."""
    with pytest.raises(ValueError, match="reach node"):
        address(Audience(visibility=visibility, reach=Reach.NODE), followers=FOLLOWERS, audiences=AUDIENCES)


def test_a_ring_without_collection_is_refused() -> None:
    """A missing collection must not turn into a wider or an empty audience."""
    with pytest.raises(ValueError, match="audience collection"):
        address(Audience(visibility=P, reach=Reach.PARTNERS), followers=FOLLOWERS)
