"""One server speaks for its own ids and for no others (FEP-fe34)."""

from dataclasses import replace

import pytest

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
from federation.actors import Actor, Multikey, PublicKey
from federation.errors import OriginMismatch
from federation.objects import Hashtag, Note, QuoteAuthorization, Ref, Relationship, Tombstone, UnknownObject
from federation.origin import (
    Origin,
    authorise,
    check,
    check_fetched,
    check_key,
    origin_of,
    reduce_foreign,
    same_origin,
    uris_of,
)

A, B, C = "https://a.example", "https://b.example", "https://c.example"
ALICE, BOB = f"{A}/users/alice", f"{B}/users/bob"
ID = f"{A}/activities/1"

OWN = Note(id=f"{A}/1", attributed_to=ALICE)
OTHERS_OF_OUR_SERVER = Note(id=f"{A}/2", attributed_to=f"{A}/users/anna")
FOREIGN = Note(id=f"{B}/1", attributed_to=BOB)
BOBS_FOLLOW = Follow(id=f"{B}/f/1", actor=BOB, object=Ref(id=ALICE))
ALICES_LIKE = Like(id=f"{A}/l/1", actor=ALICE, object=Ref(id=f"{B}/1"))
BOBS_LIKE = Like(id=f"{B}/l/1", actor=BOB, object=Ref(id=f"{A}/1"))
BOBS_QUOTE_REQUEST = QuoteRequest(id=f"{B}/q", actor=BOB, object=Ref(id=f"{A}/1"), instrument=Ref(id=f"{B}/1"))
NODE_OFFER = Relationship(id=f"{A}/r/1", subject=ALICE, object=BOB, relationship="x")
BOBS_RELATION = Relationship(id=f"{B}/r/2", subject=BOB, object=ALICE, relationship="x")


STAMP = QuoteAuthorization(
    id=f"{A}/stamps/1", attributed_to=ALICE, interacting_object=f"{B}/1", interaction_target=f"{A}/1"
)


@pytest.mark.parametrize(
    ("uri", "origin"),
    [
        ("https://a.example/x", Origin("https", "a.example", 443)),
        ("HTTPS://A.Example:443?x", Origin("https", "a.example", 443)),
        ("http://localhost:8001/x", Origin("http", "localhost", 8001)),
        ("https://bücher.example/", Origin("https", "xn--bcher-kva.example", 443)),
        ("https://a.example", Origin("https", "a.example", 443)),
        ("ftp://a.example/", None),
        ("https://alice@a.example/", None),
        ("https://a.example.:443/", None),
        ("https://a\u200b.example/", None),
        ("https://a.example:port/", None),
        ("https:///x", None),
        ("a.example", None),
        ("", None),
    ],
)
def test_the_origin_of_a_uri(uri: str, origin: Origin | None) -> None:
    """S7: scheme, canonical host and port; None for what belongs to nobody."""
    assert origin_of(uri) == origin


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        (f"{A}/1", f"{A}/users/alice", True),
        (f"{A}/1", "https://A.EXAMPLE:443/2", True),
        (f"{A}/1", f"{B}/1", False),
        (f"{A}/1", "http://a.example/1", False),
        (f"{A}/1", "https://a.example:8443/1", False),
        (f"{A}/1", "https://a.example.evil.example/1", False),
        (f"{A}/1", "https://sub.a.example/1", False),
        ("nothing", "nothing", False),
    ],
)
def test_same_origin(one: str, other: str, *, same: bool) -> None:
    """Scheme, host and port must all agree; two strings without origin never do."""
    assert same_origin(one, other) is same


ALLOWED: list[Activity] = [
    Create(id=ID, actor=ALICE, object=OWN),
    Create(id=ID, actor=ALICE, object=Ref(id=f"{B}/1")),
    Create(id=ID, actor=ALICE, object=UnknownObject(type="Ticket", id=f"{A}/t")),
    Update(id=ID, actor=ALICE, object=OWN),
    Update(id=ID, actor=ALICE, object=Actor(id=ALICE, preferred_username="alice", inbox=f"{A}/inbox")),
    Update(id=ID, actor=ALICE, object=Ref(id=f"{A}/1")),
    Update(id=ID, actor=ALICE, object=UnknownObject(type="Ticket", id=f"{A}/t")),
    Delete(id=ID, actor=ALICE, object=Ref(id=ALICE)),
    Delete(id=ID, actor=ALICE, object=Tombstone(id=f"{A}/1")),
    Undo(id=ID, actor=ALICE, object=ALICES_LIKE),
    Undo(id=ID, actor=ALICE, object=Ref(id=f"{A}/l/1")),
    Accept(id=ID, actor=ALICE, object=BOBS_FOLLOW),
    Reject(id=ID, actor=ALICE, object=Ref(id=f"{B}/f/1")),
    Accept(id=ID, actor=ALICE, object=Join(id=f"{B}/j/1", actor=BOB, object=Ref(id=ALICE))),
    Accept(id=ID, actor=ALICE, object=Offer(id=f"{B}/o/1", actor=BOB, object=Ref(id=f"{B}/r"), target=ALICE)),
    Accept(id=ID, actor=ALICE, object=UnknownActivity(type="Invite", id=f"{B}/q", actor=BOB)),
    Accept(id=ID, actor=ALICE, object=BOBS_QUOTE_REQUEST, result=f"{A}/stamps/1"),
    Accept(id=ID, actor=ALICE, object=Ref(id=f"{B}/q"), result=f"{A}/stamps/1"),
    Reject(id=ID, actor=ALICE, object=BOBS_QUOTE_REQUEST),
    QuoteRequest(id=ID, actor=ALICE, object=Ref(id=f"{B}/1"), instrument=OWN),
    QuoteRequest(id=ID, actor=ALICE, object=Ref(id=f"{B}/1"), instrument=Ref(id=f"{A}/1")),
    Dislike(id=ID, actor=ALICE, object=Ref(id=f"{B}/1")),
    Announce(id=ID, actor=ALICE, object=Ref(id=f"{B}/1")),
    Announce(id=ID, actor=ALICE, object=OTHERS_OF_OUR_SERVER),
    Announce(id=ID, actor=ALICE, object=UnknownObject(type="Ticket", id=f"{A}/t")),
    Announce(id=ID, actor=ALICE, object=ALICES_LIKE),
    Add(id=ID, actor=ALICE, object=Ref(id=f"{A}/1"), target=f"{ALICE}/featured"),
    Remove(id=ID, actor=ALICE, object=Hashtag(name="cats"), target=f"{ALICE}/tags"),
    Move(id=ID, actor=ALICE, object=Ref(id=ALICE), target=BOB),
    Offer(id=ID, actor=ALICE, object=NODE_OFFER, target=BOB),
    Offer(id=ID, actor=ALICE, object=Ref(id=f"{A}/r/1"), target=BOB),
    Follow(id=ID, actor=ALICE, object=Ref(id=BOB)),
    Like(id=ID, actor=ALICE, object=Ref(id=f"{B}/1")),
    EmojiReact(id=ID, actor=ALICE, object=Ref(id=f"{B}/1"), content="🔥"),
    Block(id=ID, actor=ALICE, object=Ref(id=BOB)),
    Flag(id=ID, actor=ALICE, objects=(Ref(id=BOB),)),
    View(id=ID, actor=ALICE, object=Ref(id=f"{B}/1")),
    Listen(id=ID, actor=ALICE, object=Ref(id=f"{B}/1")),
    Join(id=ID, actor=ALICE, object=Ref(id=BOB)),
    Leave(id=ID, actor=ALICE, object=Ref(id=BOB)),
    UnknownActivity(type="Invite", id=ID, actor=ALICE),
    Update(id=ID, actor=ALICE, object=NODE_OFFER),
    Accept(id=ID, actor=ALICE, object=Ref(id=f"{B}/o/1"), result=NODE_OFFER),
    Accept(
        id=ID,
        actor=ALICE,
        object=Offer(id=f"{B}/o/1", actor=BOB, object=Ref(id=f"{B}/r"), target=ALICE),
        result=NODE_OFFER,
    ),
]

REFUSED: list[Activity] = [
    Create(id=f"{B}/activities/1", actor=ALICE, object=OWN),
    Create(id=ID, actor=ALICE, object=OTHERS_OF_OUR_SERVER),
    Create(id=ID, actor=ALICE, object=Note(id=f"{A}/3", attributed_to=BOB)),
    Update(id=ID, actor=ALICE, object=FOREIGN),
    Update(id=ID, actor=ALICE, object=OTHERS_OF_OUR_SERVER),
    Update(id=ID, actor=ALICE, object=Actor(id=BOB, preferred_username="bob", inbox=f"{B}/inbox")),
    Update(id=ID, actor=ALICE, object=Actor(id=f"{A}/users/anna", preferred_username="anna", inbox=f"{A}/inbox")),
    Update(id=ID, actor=ALICE, object=Ref(id=f"{B}/1")),
    Update(id=ID, actor=ALICE, object=UnknownObject(type="Ticket", id=f"{B}/t")),
    Delete(id=ID, actor=ALICE, object=Ref(id=f"{B}/1")),
    Delete(id=ID, actor=ALICE, object=Tombstone(id=f"{B}/1")),
    Undo(id=ID, actor=ALICE, object=BOBS_LIKE),
    Undo(id=ID, actor=ALICE, object=Ref(id=f"{B}/l/1")),
    Undo(id=ID, actor=ALICE, object=Like(id=f"{A}/l/2", actor=f"{A}/users/anna", object=Ref(id=f"{B}/1"))),
    Accept(id=ID, actor=ALICE, object=Follow(id=f"{B}/f/1", actor=BOB, object=Ref(id=f"{A}/users/anna"))),
    Accept(id=ID, actor=ALICE, object=Follow(id=f"{C}/f/1", actor=BOB, object=Ref(id=ALICE))),
    Reject(id=ID, actor=ALICE, object=Follow(id=f"{B}/f/1", actor=BOB, object=Ref(id=f"{C}/users/carol"))),
    Accept(id=ID, actor=ALICE, object=Join(id=f"{B}/j/1", actor=BOB, object=Ref(id=f"{C}/c/main"))),
    Accept(id=ID, actor=ALICE, object=Offer(id=f"{B}/o/1", actor=BOB, object=Ref(id=f"{B}/r"), target=BOB)),
    Accept(id=ID, actor=ALICE, object=BOBS_QUOTE_REQUEST, result=f"{B}/stamps/1"),
    Accept(id=ID, actor=ALICE, object=Ref(id=f"{B}/q"), result=f"{B}/stamps/1"),
    Accept(id=ID, actor=ALICE, object=replace(BOBS_QUOTE_REQUEST, object=Ref(id=f"{C}/1"))),
    Accept(id=ID, actor=ALICE, object=replace(BOBS_QUOTE_REQUEST, id=f"{C}/q")),
    QuoteRequest(id=ID, actor=ALICE, object=Ref(id=f"{B}/1"), instrument=Ref(id=f"{B}/2")),
    QuoteRequest(id=ID, actor=ALICE, object=Ref(id=f"{B}/1"), instrument=OTHERS_OF_OUR_SERVER),
    Add(id=ID, actor=ALICE, object=Ref(id=f"{A}/1"), target=f"{BOB}/featured"),
    Remove(id=ID, actor=ALICE, object=Ref(id=f"{B}/1"), target=f"{BOB}/featured"),
    Move(id=ID, actor=ALICE, object=Ref(id=BOB), target=f"{C}/users/alice"),
    Move(id=ID, actor=ALICE, object=Ref(id=f"{A}/users/anna"), target=BOB),
    Offer(
        id=ID,
        actor=ALICE,
        object=Relationship(id=f"{A}/r/1", subject=BOB, object=f"{C}/node", relationship="x"),
    ),
    Accept(
        id=ID,
        actor=ALICE,
        object=Offer(id=f"{C}/o/1", actor=BOB, object=Ref(id=f"{B}/r"), target=ALICE),
    ),
    Accept(id=ID, actor=ALICE, object=Ref(id=f"{B}/o/1"), result=BOBS_RELATION),
    Accept(id=ID, actor=ALICE, object=Ref(id=f"{B}/o/1"), result=replace(BOBS_RELATION, id=f"{A}/r/2")),
    Accept(id=ID, actor=ALICE, object=Ref(id=f"{B}/o/1"), result=replace(NODE_OFFER, id=f"{B}/r/1")),
    Accept(
        id=ID,
        actor=ALICE,
        object=Offer(id=f"{B}/o/1", actor=BOB, object=Ref(id=f"{B}/r"), target=ALICE),
        result=BOBS_RELATION,
    ),
    Update(id=ID, actor=ALICE, object=BOBS_RELATION),
    Update(id=ID, actor=ALICE, object=replace(BOBS_RELATION, id=f"{A}/r/2")),
    Like(id=f"{B}/l/1", actor=ALICE, object=Ref(id=f"{B}/1")),
    UnknownActivity(type="Invite", id=f"{B}/d", actor=ALICE),
]


@pytest.mark.parametrize("activity", ALLOWED, ids=repr)
def test_what_an_actor_may_say(activity: Activity) -> None:
    """An actor speaks about its own things, and about others' by id; nothing is changed on the way."""
    assert authorise(activity) == activity


@pytest.mark.parametrize("activity", REFUSED, ids=repr)
def test_s5_what_an_actor_may_not_say(activity: Activity) -> None:
    """S5: owner of the actor and owner of the object must be one, with or without reduction."""
    with pytest.raises(OriginMismatch):
        authorise(activity)
    with pytest.raises(OriginMismatch):
        check(activity)


@pytest.mark.parametrize(
    ("activity", "reduced"),
    [
        (Create(id=ID, actor=ALICE, object=FOREIGN), Ref(id=FOREIGN.id)),
        (Create(id=ID, actor=ALICE, object=UnknownObject(type="Ticket", id=f"{B}/t")), Ref(id=f"{B}/t")),
        (Create(id=ID, actor=ALICE, object=replace(OWN, id=f"{B}/3")), Ref(id=f"{B}/3")),
        (Announce(id=ID, actor=ALICE, object=FOREIGN), Ref(id=FOREIGN.id)),
        (Announce(id=ID, actor=ALICE, object=replace(OWN, id=f"{B}/3")), Ref(id=f"{B}/3")),
        (Announce(id=ID, actor=ALICE, object=Note(id=f"{A}/3", attributed_to=BOB)), Ref(id=f"{A}/3")),
        (Announce(id=ID, actor=ALICE, object=UnknownObject(type="Ticket", id=f"{B}/t")), Ref(id=f"{B}/t")),
        (Announce(id=ID, actor=ALICE, object=BOBS_LIKE), Ref(id=BOBS_LIKE.id)),
        (
            Announce(id=ID, actor=ALICE, object=Like(id=f"{A}/l/9", actor=BOB, object=Ref(id=f"{A}/1"))),
            Ref(id=f"{A}/l/9"),
        ),
        (
            Announce(
                id=ID, actor=ALICE, object=Delete(id=f"{A}/d/1", actor=f"{A}/users/anna", object=Ref(id=f"{B}/1"))
            ),
            Ref(id=f"{A}/d/1"),
        ),
        (
            Announce(id=ID, actor=ALICE, object=Create(id=f"{A}/c/1", actor=ALICE, object=FOREIGN)),
            Create(id=f"{A}/c/1", actor=ALICE, object=Ref(id=FOREIGN.id)),
        ),
        (
            Offer(id=ID, actor=ALICE, object=Relationship(id=f"{B}/r", subject=ALICE, object=BOB, relationship="x")),
            Ref(id=f"{B}/r"),
        ),
    ],
    ids=repr,
)
def test_s6_s12_embedded_values_of_others_are_reduced_to_their_id(activity: Activity, reduced: object) -> None:
    """S6, S12: what belongs to another origin is fetched there, never believed here."""
    trusted = authorise(activity)

    assert isinstance(trusted, Create | Announce | Offer)
    assert trusted.object == reduced
    if not isinstance(activity, Announce) or not isinstance(reduced, Create):
        with pytest.raises(OriginMismatch):
            check(activity)


def test_s6_quoting_status_of_another_server_is_reduced_and_refused() -> None:
    """S6: what asks to quote is the asker's own, never something of another server."""
    request = QuoteRequest(id=ID, actor=ALICE, object=Ref(id=f"{B}/1"), instrument=FOREIGN)

    assert reduce_foreign(request) == replace(request, instrument=Ref(id=FOREIGN.id))
    with pytest.raises(OriginMismatch):
        authorise(request)


def test_reduction_alone_does_not_authorise() -> None:
    """A forged id survives the reduction and falls at the check."""
    forged = Create(id=f"{C}/activities/1", actor=ALICE, object=FOREIGN)

    assert reduce_foreign(forged) == Create(id=forged.id, actor=ALICE, object=Ref(id=FOREIGN.id))
    with pytest.raises(OriginMismatch):
        authorise(forged)


def test_s1_a_fetched_document_has_the_id_it_was_fetched_from() -> None:
    """S1: an object is kept only under the URL that answered, and its author is of the same server."""
    check_fetched(OWN.id, OWN)
    check_fetched(ALICE, Actor(id=ALICE, preferred_username="alice", inbox=f"{A}/inbox"))
    check_fetched(f"{A}/1", Tombstone(id=f"{A}/1"))
    check_fetched(ALICES_LIKE.id, ALICES_LIKE)
    check_fetched(STAMP.id, STAMP)

    with pytest.raises(OriginMismatch):
        check_fetched(f"{A}/uploads/evil.json", OWN)
    with pytest.raises(OriginMismatch):
        check_fetched(f"{C}/1", OWN)
    with pytest.raises(OriginMismatch):
        check_fetched(f"{C}/1", Note(id=f"{C}/1", attributed_to=ALICE))
    with pytest.raises(OriginMismatch):
        check_fetched(STAMP.id, replace(STAMP, attributed_to=BOB))
    with pytest.raises(OriginMismatch):
        check_fetched(STAMP.id, replace(STAMP, interaction_target=f"{B}/2"))
    with pytest.raises(OriginMismatch):
        check_fetched(f"{C}/l/1", Like(id=f"{C}/l/1", actor=ALICE, object=Ref(id=f"{B}/1")))


def test_s8_key_and_owner_name_each_other() -> None:
    """S8: a key counts only for an actor of its origin that lists this very key."""
    key = PublicKey(id=f"{ALICE}#main-key", owner=ALICE, pem="PEM")
    multikey = Multikey(id=f"{ALICE}#ed", controller=ALICE, public_key_multibase="z6Mk")
    owner = Actor(
        id=ALICE,
        preferred_username="alice",
        inbox=f"{A}/inbox",
        public_keys=(key,),
        assertion_methods=(multikey,),
    )
    check_key(key, owner)
    check_key(multikey, owner)

    for stranger in (
        PublicKey(id=key.id, owner=BOB, pem="PEM"),
        PublicKey(id=f"{B}/key", owner=ALICE, pem="PEM"),
        PublicKey(id=key.id, owner=ALICE, pem="ANOTHER"),
        PublicKey(id=f"{ALICE}#second", owner=ALICE, pem="PEM"),
        Multikey(id=f"{ALICE}#ed", controller=BOB, public_key_multibase="z6Mk"),
    ):
        with pytest.raises(OriginMismatch):
            check_key(stranger, owner)


@pytest.mark.parametrize(
    "key",
    [
        PublicKey(id=f"{ALICE}#main-key", owner=BOB, pem="PEM"),
        PublicKey(id=f"{B}/key", owner=ALICE, pem="PEM"),
        Multikey(id=f"{ALICE}#ed", controller=BOB, public_key_multibase="z6Mk"),
        Multikey(id=f"{B}/key", controller=ALICE, public_key_multibase="z6Mk"),
    ],
    ids=repr,
)
def test_s8_nobody_gets_a_key_by_listing_it(key: PublicKey | Multikey) -> None:
    """S8: a key that an actor lists, and that is another's or lives on another server, does not count for it."""
    owner = Actor(id=ALICE, preferred_username="alice", inbox=f"{A}/inbox")
    listing = (
        replace(owner, public_keys=(key,)) if isinstance(key, PublicKey) else replace(owner, assertion_methods=(key,))
    )

    with pytest.raises(OriginMismatch):
        check_key(key, listing)


@pytest.mark.parametrize(
    ("activity", "uris"),
    [
        (Follow(id=ID, actor=ALICE, object=Ref(id=BOB)), {ID, ALICE, BOB}),
        (UnknownActivity(type="Invite", id=ID, actor=ALICE), {ID, ALICE}),
        (
            QuoteRequest(id=ID, actor=ALICE, object=Ref(id=f"{B}/1"), instrument=OTHERS_OF_OUR_SERVER),
            {ID, ALICE, f"{B}/1", f"{A}/2", f"{A}/users/anna"},
        ),
        (Flag(id=ID, actor=ALICE, objects=(Ref(id=BOB), Ref(id=f"{C}/1"))), {ID, ALICE, BOB, f"{C}/1"}),
        (Block(id=ID, actor=ALICE, object=Ref(id=BOB)), {ID, ALICE, BOB}),
        (Move(id=ID, actor=ALICE, object=Ref(id=ALICE), target=BOB), {ID, ALICE, BOB}),
        (
            Add(id=ID, actor=ALICE, object=Hashtag(name="x", href=f"{C}/tags/x"), target=f"{B}/c"),
            {ID, ALICE, f"{C}/tags/x", f"{B}/c"},
        ),
        (Remove(id=ID, actor=ALICE, object=Hashtag(name="x"), target=f"{B}/c"), {ID, ALICE, f"{B}/c"}),
        (Create(id=ID, actor=ALICE, object=FOREIGN), {ID, ALICE, FOREIGN.id, BOB}),
        (Delete(id=ID, actor=ALICE, object=Tombstone(id=f"{C}/1")), {ID, ALICE, f"{C}/1"}),
        (Update(id=ID, actor=ALICE, object=BOBS_RELATION), {ID, ALICE, f"{B}/r/2", BOB}),
        (Offer(id=ID, actor=ALICE, object=NODE_OFFER, target=f"{C}/n"), {ID, ALICE, f"{A}/r/1", BOB, f"{C}/n"}),
        (
            Announce(id=ID, actor=ALICE, object=Undo(id=f"{B}/u", actor=BOB, object=Ref(id=f"{C}/1"))),
            {ID, ALICE, f"{B}/u", BOB, f"{C}/1"},
        ),
    ],
    ids=lambda value: type(value).__name__,
)
def test_s15_everybody_involved_is_named(activity: Activity, uris: set[str]) -> None:
    """S15: a decision to block looks at every id, however deep it lies."""
    assert uris_of(activity) == uris
