"""Activities: the types that are known, the shapes they come in, and what is no activity."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from federation import parse
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
    Reject,
    Remove,
    Undo,
    UnknownActivity,
    Update,
    View,
)
from federation.actors import Actor
from federation.errors import MalformedActivity
from federation.objects import Emoji, Hashtag, Note, Ref, Relationship, Tombstone, UnknownObject
from federation.parse import limits
from federation.vocabulary import PUBLIC

ALICE = "https://a.example/users/alice"
BOB = "https://b.example/users/bob"
ID = "https://a.example/activities/1"
NOTE = "https://a.example/1"
FOLLOW = {"id": "https://b.example/f/1", "type": "Follow", "actor": BOB, "object": ALICE}


def activity(kind: object, **properties: object) -> Activity:
    return parse.activity({"id": ID, "type": kind, "actor": ALICE, **properties})


@pytest.mark.parametrize(
    ("kind", "properties", "expected"),
    [
        ("Follow", {"object": BOB}, Follow(id=ID, actor=ALICE, object=Ref(id=BOB))),
        ("Follow", {"object": {"id": BOB, "type": "Person"}}, Follow(id=ID, actor=ALICE, object=Ref(id=BOB))),
        ("Follow", {"object": [BOB]}, Follow(id=ID, actor=ALICE, object=Ref(id=BOB))),
        ("View", {"object": NOTE}, View(id=ID, actor=ALICE, object=Ref(id=NOTE))),
        ("Listen", {"object": NOTE}, Listen(id=ID, actor=ALICE, object=Ref(id=NOTE))),
        ("Join", {"object": BOB}, Join(id=ID, actor=ALICE, object=Ref(id=BOB))),
        ("Leave", {"object": BOB}, Leave(id=ID, actor=ALICE, object=Ref(id=BOB))),
        ("Block", {"object": BOB}, Block(id=ID, actor=ALICE, object=Ref(id=BOB))),
        (
            "Block",
            {"object": BOB, "target": "https://a.example/c/1"},
            Block(id=ID, actor=ALICE, object=Ref(id=BOB), target="https://a.example/c/1"),
        ),
        ("Like", {"object": NOTE}, Like(id=ID, actor=ALICE, object=Ref(id=NOTE))),
        (
            "Like",
            {"object": NOTE, "_misskey_reaction": "❤"},
            Like(id=ID, actor=ALICE, object=Ref(id=NOTE), content="❤"),
        ),
        (
            "EmojiReact",
            {
                "object": NOTE,
                "content": ":cow:",
                "tag": [{"type": "Emoji", "name": ":cow:", "icon": {"url": "https://a.example/cow.png"}}],
            },
            EmojiReact(
                id=ID,
                actor=ALICE,
                object=Ref(id=NOTE),
                content=":cow:",
                emoji=Emoji(shortcode="cow", url="https://a.example/cow.png"),
            ),
        ),
        (
            "Flag",
            {"object": [BOB, "https://b.example/1", BOB], "content": "spam\nand more"},
            Flag(id=ID, actor=ALICE, objects=(Ref(id=BOB), Ref(id="https://b.example/1")), content="spam\nand more"),
        ),
        ("Flag", {"object": BOB, "summary": "spam"}, Flag(id=ID, actor=ALICE, objects=(Ref(id=BOB),), content="spam")),
        ("Move", {"object": ALICE, "target": BOB}, Move(id=ID, actor=ALICE, object=Ref(id=ALICE), target=BOB)),
        (
            "Add",
            {"object": NOTE, "target": f"{ALICE}/featured", "audience": "https://c.example/c"},
            Add(
                id=ID,
                actor=ALICE,
                object=Ref(id=NOTE),
                target=f"{ALICE}/featured",
                audience=("https://c.example/c",),
            ),
        ),
        (
            "Remove",
            {"object": {"type": "Hashtag", "name": "#cats"}, "target": f"{ALICE}/tags"},
            Remove(id=ID, actor=ALICE, object=Hashtag(name="cats"), target=f"{ALICE}/tags"),
        ),
        ("Delete", {"object": NOTE}, Delete(id=ID, actor=ALICE, object=Ref(id=NOTE))),
        ("Delete", {"object": {"id": NOTE, "type": "Note"}}, Delete(id=ID, actor=ALICE, object=Ref(id=NOTE))),
        (
            "Delete",
            {"object": {"id": NOTE, "type": "Tombstone"}},
            Delete(id=ID, actor=ALICE, object=Tombstone(id=NOTE)),
        ),
        ("Announce", {"object": NOTE}, Announce(id=ID, actor=ALICE, object=Ref(id=NOTE))),
        ("Announce", {"object": {"id": NOTE, "type": "Note"}}, Announce(id=ID, actor=ALICE, object=Ref(id=NOTE))),
        (
            "Announce",
            {"object": {"id": NOTE, "type": "Page", "attributedTo": ALICE}},
            Announce(id=ID, actor=ALICE, object=Note(type="Page", id=NOTE, attributed_to=ALICE)),
        ),
        (
            "Announce",
            {"object": {"id": NOTE, "type": "Ticket"}},
            Announce(id=ID, actor=ALICE, object=UnknownObject(type="Ticket", id=NOTE)),
        ),
        ("Create", {"object": NOTE}, Create(id=ID, actor=ALICE, object=Ref(id=NOTE))),
        ("Create", {"object": {"id": NOTE}}, Create(id=ID, actor=ALICE, object=Ref(id=NOTE))),
        (
            "Create",
            {"object": {"id": NOTE, "type": "ChatMessage"}},
            Create(id=ID, actor=ALICE, object=UnknownObject(type="ChatMessage", id=NOTE)),
        ),
        ("Update", {"object": NOTE}, Update(id=ID, actor=ALICE, object=Ref(id=NOTE))),
        (
            "Update",
            {"object": {"id": NOTE, "type": "Ticket"}},
            Update(id=ID, actor=ALICE, object=UnknownObject(type="Ticket", id=NOTE)),
        ),
        ("Offer", {"object": NOTE}, Offer(id=ID, actor=ALICE, object=Ref(id=NOTE))),
        (
            "Offer",
            {"object": {"id": NOTE, "type": "Ticket"}, "target": BOB},
            Offer(id=ID, actor=ALICE, object=UnknownObject(type="Ticket", id=NOTE), target=BOB),
        ),
        (
            "Offer",
            {"object": {"id": NOTE, "type": "Relationship", "subject": ALICE, "object": BOB, "relationship": "x"}},
            Offer(id=ID, actor=ALICE, object=Relationship(id=NOTE, subject=ALICE, object=BOB, relationship="x")),
        ),
        (
            "Update",
            {"object": {"id": NOTE, "type": "Relationship", "subject": ALICE, "object": BOB, "relationship": "x"}},
            Update(id=ID, actor=ALICE, object=Relationship(id=NOTE, subject=ALICE, object=BOB, relationship="x")),
        ),
        (
            "Accept",
            {
                "object": NOTE,
                "result": {"id": NOTE, "type": "Relationship", "subject": ALICE, "object": BOB, "relationship": "x"},
            },
            Accept(
                id=ID,
                actor=ALICE,
                object=Ref(id=NOTE),
                result=Relationship(id=NOTE, subject=ALICE, object=BOB, relationship="x"),
            ),
        ),
        (
            "Accept",
            {"object": NOTE, "result": {"id": NOTE, "type": "QuoteAuthorization"}},
            Accept(id=ID, actor=ALICE, object=Ref(id=NOTE), result=NOTE),
        ),
        (
            "Reject",
            {"object": NOTE, "content": " No. "},
            Reject(id=ID, actor=ALICE, object=Ref(id=NOTE), content="No."),
        ),
        ("Undo", {"object": NOTE, "content": ["x"]}, Undo(id=ID, actor=ALICE, object=Ref(id=NOTE), content="x")),
        ("Undo", {"object": NOTE, "content": 5}, Undo(id=ID, actor=ALICE, object=Ref(id=NOTE))),
        ("Dislike", {"object": NOTE}, Dislike(id=ID, actor=ALICE, object=Ref(id=NOTE))),
        ("Invite", {"object": NOTE}, UnknownActivity(type="Invite", id=ID, actor=ALICE)),
        (["https://x.example/Poke", "Like"], {"object": NOTE}, Like(id=ID, actor=ALICE, object=Ref(id=NOTE))),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_each_type_becomes_its_value(kind: object, properties: dict[str, object], expected: Activity) -> None:
    """The table of what is understood, in the shapes it comes in."""
    assert activity(kind, **properties) == expected


def test_an_actor_may_be_embedded() -> None:
    """Object for id also for the actor; addressing is read of every type."""
    read = parse.activity(
        {"id": ID, "type": "Like", "actor": {"id": ALICE, "type": "Person"}, "object": NOTE, "to": "Public", "cc": BOB}
    )

    assert isinstance(read, Like)
    assert (read.actor, read.to, read.cc) == (ALICE, (PUBLIC,), (BOB,))


@pytest.mark.parametrize(
    ("kind", "properties"),
    [
        (None, {}),
        ([], {}),
        ("Follow", {}),
        ("Follow", {"object": None}),
        ("Follow", {"object": {"type": "Person"}}),
        ("Follow", {"object": 5}),
        ("Follow", {"object": BOB, "id": None}),
        ("Follow", {"object": BOB, "id": "urn:x"}),
        ("Follow", {"object": BOB, "actor": None}),
        ("Follow", {"object": BOB, "actor": "alice"}),
        ("Follow", {"object": BOB, "published": "soon"}),
        ("Follow", {"object": BOB, "to": 5}),
        ("Invite", {"actor": None}),
        ("Create", {}),
        ("Create", {"object": {"type": "Note", "content": "no id"}}),
        ("Create", {"object": {"type": "Ticket"}}),
        ("Update", {"object": {"type": "Person", "id": ALICE}}),
        ("EmojiReact", {"object": NOTE}),
        ("Flag", {"object": []}),
        ("Flag", {"object": [BOB] * (limits.ADDRESSEES_MAX + 1)}),
        ("Flag", {"object": [5]}),
        ("Move", {"object": ALICE}),
        ("Add", {"object": NOTE}),
        ("Remove", {"object": {"type": "Hashtag"}, "target": f"{ALICE}/tags"}),
        ("Undo", {}),
        ("Undo", {"object": {"type": "Follow", "actor": ALICE}}),
        ("Offer", {"object": {"id": NOTE, "type": "Relationship", "subject": ALICE}}),
        ("Announce", {"object": {"id": NOTE, "type": "Note", "attributedTo": ALICE, "content": 5}}),
    ],
)
def test_the_wrong_shape_is_refused(kind: object, properties: dict[str, object]) -> None:
    """What lacks id, actor or object, or has them ill-typed, is no activity."""
    with pytest.raises(MalformedActivity) as refusal:
        activity(kind, **properties)

    assert str(refusal.value).endswith(".")


def test_a_created_note_takes_author_and_addressees_from_its_activity() -> None:
    """ActivityPub §6: what the object leaves out, the activity says; what it says, even empty, stays."""
    filled = activity("Create", object={"id": NOTE, "type": "Note"}, to="Public", cc=[BOB])
    kept = activity("Update", object={"id": NOTE, "type": "Note", "attributedTo": BOB, "to": [], "cc": []}, to="Public")

    assert isinstance(filled, Create)
    assert filled.object == Note(id=NOTE, attributed_to=ALICE, to=(PUBLIC,), cc=(BOB,))
    assert isinstance(kept, Update)
    assert kept.object == Note(id=NOTE, attributed_to=BOB)


def test_an_updated_actor_is_whole() -> None:
    """A profile change carries the profile."""
    person = {"id": ALICE, "type": "Person", "preferredUsername": "alice", "inbox": f"{ALICE}/inbox", "name": "Alice"}
    read = activity("Update", object=person)

    assert isinstance(read, Update)
    assert read.object == Actor(id=ALICE, preferred_username="alice", inbox=f"{ALICE}/inbox", name="Alice")


@pytest.mark.parametrize(("kind", "value"), [("Accept", Accept), ("Reject", Reject), ("Undo", Undo)])
def test_an_answer_holds_what_it_answers(kind: str, value: type[Accept | Reject | Undo]) -> None:
    """Embedded whole, as an id, or as a stub that counts as its id."""
    follow = Follow(id="https://b.example/f/1", actor=BOB, object=Ref(id=ALICE))

    assert activity(kind, object=FOLLOW) == value(id=ID, actor=ALICE, object=follow)
    assert activity(kind, object=FOLLOW["id"]) == value(id=ID, actor=ALICE, object=Ref(id=follow.id))
    stub = {"id": FOLLOW["id"], "type": "Follow"}
    assert activity(kind, object=stub) == value(id=ID, actor=ALICE, object=Ref(id=follow.id))


def test_what_was_never_named_gets_a_name_under_its_carrier() -> None:
    """Some servers undo a Follow that has no id; it belongs to the Undo, hence to the same origin."""
    read = activity("Undo", id=f"{ID}#undo", object={"type": "Follow", "actor": ALICE, "object": BOB})

    assert isinstance(read, Undo)
    assert read.object == Follow(id=f"{ID}#object", actor=ALICE, object=Ref(id=BOB))


def test_activities_inside_announces_are_read_to_a_bound() -> None:
    """FEP-1b12 nests; beyond four levels only the id is left."""
    document: dict[str, object] = {"id": "https://a.example/0", "type": "Like", "actor": ALICE, "object": NOTE}
    for level in range(1, 8):
        document = {"id": f"https://a.example/{level}", "type": "Announce", "actor": ALICE, "object": document}

    read: Activity | Note | UnknownObject | Ref = parse.activity(document)
    levels = 0
    while isinstance(read, Announce):
        levels += 1
        read = read.object

    assert levels == limits.ACTIVITY_DEPTH_MAX
    assert read == Ref(id="https://a.example/3")


_json = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.text(max_size=8)
    | st.sampled_from([ALICE, "Note", "Follow", "Undo"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["id", "type", "actor", "object", "target"]), inner, max_size=5)
    ),
    max_leaves=12,
)


@given(
    st.sampled_from(["Create", "Update", "Delete", "Undo", "Accept", "Announce", "Add", "Flag", "Like", "Offer"]),
    st.dictionaries(st.sampled_from(["object", "target", "content", "tag", "audience", "to"]), _json, max_size=5),
)
def test_any_json_makes_an_activity_or_a_refusal(kind: str, properties: dict[str, object]) -> None:
    """No document ends in another exception than MalformedActivity (S27)."""
    try:
        read = activity(kind, **properties)
    except MalformedActivity:
        return

    assert read.id == ID
