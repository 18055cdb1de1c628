"""Collections, pages, and documents of any kind."""

import pytest

from federation import parse
from federation.activities import Like
from federation.actors import Actor
from federation.collections import Collection, CollectionPage
from federation.errors import MalformedActivity
from federation.objects import Hashtag, Note, Ref, Tombstone, UnknownObject
from federation.parse import limits

ALICE = "https://a.example/users/alice"
OUTBOX = f"{ALICE}/outbox"


def test_a_collection_that_is_paged() -> None:
    """Where it begins and how much it holds."""
    document = {
        "id": OUTBOX,
        "type": "OrderedCollection",
        "totalItems": 3,
        "first": f"{OUTBOX}?page=1",
        "last": {"id": f"{OUTBOX}?page=9", "type": "OrderedCollectionPage"},
        "attributedTo": ALICE,
    }

    assert parse.collection(document) == Collection(
        id=OUTBOX, total_items=3, first=f"{OUTBOX}?page=1", last=f"{OUTBOX}?page=9", attributed_to=ALICE
    )


def test_a_first_page_may_be_embedded() -> None:
    """Mastodon's replies hold a page without an id."""
    document = {
        "id": "https://a.example/1/replies",
        "type": "Collection",
        "first": {
            "type": "CollectionPage",
            "next": "https://a.example/1/replies?page=true",
            "partOf": "https://a.example/1/replies",
            "items": ["https://a.example/2"],
        },
    }

    assert parse.collection(document) == Collection(
        type="Collection",
        id="https://a.example/1/replies",
        first=CollectionPage(
            type="CollectionPage",
            next="https://a.example/1/replies?page=true",
            part_of="https://a.example/1/replies",
            items=(Ref(id="https://a.example/2"),),
        ),
    )


def test_items_of_every_kind() -> None:
    """Ids, objects, actors, activities and tags; what cannot be read is left out, a single item needs no list."""
    note = {"id": "https://a.example/1", "type": "Note", "attributedTo": ALICE}
    document = {
        "type": "OrderedCollection",
        "orderedItems": [
            "https://a.example/2",
            {"id": "https://a.example/3"},
            note,
            {"id": ALICE, "type": "Person", "preferredUsername": "alice", "inbox": f"{ALICE}/inbox"},
            {"id": "https://a.example/4", "type": "Like", "actor": ALICE, "object": "https://b.example/1"},
            {"type": "Hashtag", "name": "#cats", "href": "https://a.example/tags/cats"},
            {"id": "https://a.example/5", "type": "Tombstone"},
            {"id": "https://a.example/6", "type": "Ticket"},
            {"type": "Note", "content": "no id"},
            "not an id",
            7,
            None,
        ],
    }

    read = parse.collection(document)

    assert read.items == (
        Ref(id="https://a.example/2"),
        Ref(id="https://a.example/3"),
        Note(id="https://a.example/1", attributed_to=ALICE),
        Actor(id=ALICE, preferred_username="alice", inbox=f"{ALICE}/inbox"),
        Like(id="https://a.example/4", actor=ALICE, object=Ref(id="https://b.example/1")),
        Hashtag(name="cats", href="https://a.example/tags/cats"),
        Tombstone(id="https://a.example/5"),
        UnknownObject(type="Ticket", id="https://a.example/6"),
    )
    assert parse.collection({"type": "Collection", "items": note}).items == (read.items[2],)


def test_items_are_bounded() -> None:
    """A page of any length costs a bounded amount (S26)."""
    document = {"type": "CollectionPage", "items": ["https://a.example/1"] * (limits.ITEMS_MAX + 5)}

    assert len(parse.collection(document).items) == limits.ITEMS_MAX


@pytest.mark.parametrize("total", [-1, "3", True, 1.5, float("nan"), None])
def test_a_count_that_is_none_is_left_out(total: object) -> None:
    """Numbers only describe."""
    assert parse.collection({"type": "Collection", "totalItems": total}).total_items is None


@pytest.mark.parametrize(
    "document",
    [{}, {"type": "Note"}, {"type": "Collection", "id": "urn:x"}, {"type": "Collection", "first": "javascript:x"}],
)
def test_what_is_no_collection_is_refused(document: dict[str, object]) -> None:
    """Another type, or an id that cannot be fetched."""
    with pytest.raises(MalformedActivity):
        parse.collection(document)


@pytest.mark.parametrize(
    ("document", "kind"),
    [
        ({"type": "Collection"}, Collection),
        ({"type": "OrderedCollectionPage"}, CollectionPage),
        ({"id": ALICE, "type": "Service", "preferredUsername": "bot", "inbox": f"{ALICE}/inbox"}, Actor),
        ({"id": "https://a.example/1", "type": "Article", "attributedTo": ALICE}, Note),
        ({"id": "https://a.example/1", "type": "Tombstone"}, Tombstone),
        ({"id": "https://a.example/1", "type": "Like", "actor": ALICE, "object": "https://b.example/1"}, Like),
        ({"id": "https://a.example/1", "type": "Book"}, UnknownObject),
    ],
)
def test_a_document_of_any_kind_is_read_by_its_type(document: dict[str, object], kind: type) -> None:
    """Whatever a fetch returns has one door."""
    assert isinstance(parse.resource(document), kind)


@pytest.mark.parametrize("document", [{}, {"type": []}, {"id": "https://a.example/1"}, {"type": "Book"}])
def test_a_document_without_type_or_id_is_refused(document: dict[str, object]) -> None:
    """S1: what has no id cannot be stored."""
    with pytest.raises(MalformedActivity):
        parse.resource(document)
