"""Documents of other implementations, each with its source in ``_source``, are read as what they mean."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from federation import parse, render
from federation.activities import Accept, Create, EmojiReact, Follow
from federation.actors import Actor, PropertyValue
from federation.audience import Addressing, Reach, Visibility, read
from federation.collections import CollectionPage
from federation.errors import MalformedDocument
from federation.objects import Emoji, Image, Note, Ref, UnknownObject
from federation.vocabulary import PUBLIC

PEERS = Path(__file__).parent / "peers"
ALL = sorted(path.stem for path in PEERS.glob("*.json"))
ANYTHING = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False)
    | st.text(max_size=8)
    | st.sampled_from(["https://a.example/1", "as:Public", "Note", "2026-02-30T25:00:00Z", "P1Y", "@", "#"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["id", "type", "href", "url", "name", "items", "@value"]), inner, max_size=3)
    ),
    max_leaves=6,
)


def document(name: str) -> parse.JsonObject:
    return parse.load_json((PEERS / f"{name}.json").read_bytes())


@pytest.mark.parametrize("name", ALL)
def test_every_recorded_document_names_its_source(name: str) -> None:
    """A document without a source is an invention and proves nothing."""
    source = document(name)["_source"]

    assert isinstance(source, dict)
    assert set(source) == {"software", "version", "url", "date"}
    assert all(source.values())


@pytest.mark.parametrize("name", ALL)
def test_every_recorded_document_survives_a_round_trip(name: str) -> None:
    """What is understood of a foreign document is not lost by writing it."""
    value = parse.resource(document(name))

    assert parse.resource(parse.load_json(render.to_bytes(value))) == value


@given(st.data())
def test_a_document_with_one_thing_changed_is_refused_or_survives_a_round_trip(data: st.DataObject) -> None:
    """Whatever stands where something else is expected, nothing breaks, and what is understood can be written."""
    changed = document(data.draw(st.sampled_from(ALL)))
    places = list(_places(changed))
    holder, key = data.draw(st.sampled_from(places))
    holder[key] = data.draw(ANYTHING)

    try:
        value = parse.resource(changed)
    except MalformedDocument:
        return
    assert parse.resource(parse.load_json(render.to_bytes(value))) == value


def _places(value: object) -> Iterator[tuple[Any, Any]]:
    """Every member of every object and list in a document, and its holder."""
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, held in inner:
        yield value, key
        yield from _places(held)


def test_gotosocial_actor() -> None:
    """Profile fields and key are read, consent that was refused stays refused."""
    actor = parse.actor(document("gotosocial-actor"))

    assert (actor.type, actor.preferred_username, actor.name) == ("Person", "1happyturtle", "happy little turtle :3")
    assert actor.fields == (
        PropertyValue(name="should you follow me?", value="maybe!"),
        PropertyValue(name="age", value="120"),
    )
    assert actor.manually_approves_followers
    assert actor.discoverable is False
    assert actor.indexable is None
    assert actor.shared_inbox is None
    assert actor.featured == "http://example.org/users/1happyturtle/collections/featured"
    assert [key.id for key in actor.public_keys] == ["http://example.org/users/1happyturtle#main-key"]


def test_gotosocial_outbox_page() -> None:
    """Outbox items are activities whose object is an id only."""
    page = parse.collection(document("gotosocial-outbox-page"))

    assert isinstance(page, CollectionPage)
    assert page.part_of == "https://example.org/users/whatever/outbox"
    assert page.items == (
        Create(
            id="https://example.org/users/whatever/statuses/01FJC1MKPVX2VMWP2ST93Q90K7/activity",
            actor="https://example.org/users/whatever",
            object=Ref(id="https://example.org/users/whatever/statuses/01FJC1MKPVX2VMWP2ST93Q90K7"),
            to=(PUBLIC,),
            cc=("https://example.org/users/whatever/followers",),
            published=datetime(2021, 10, 18, 20, 6, 18, tzinfo=UTC),
        ),
    )


def test_lemmy_group_names_persons_not_a_collection_as_moderators() -> None:
    """A list in attributedTo holds persons; only a single id is a moderators collection (FEP-1b12)."""
    group = parse.actor(document("lemmy-group"))

    assert (group.type, group.moderators) == ("Group", None)
    assert group.shared_inbox == "https://enterprise.lemmy.ml/inbox"
    assert group.icon == Image(url="https://enterprise.lemmy.ml/pictrs/image/Z8pFFb21cl.png")
    assert group.published == datetime(2020, 10, 6, 17, 27, 43, 282386, tzinfo=UTC)


def test_lemmy_page() -> None:
    """A page addressed to its community only is not public; its odd URL with an empty port is left out."""
    page = parse.note(document("lemmy-page"))

    assert (page.type, page.summary, page.content) == ("Page", "Test thumbnail 2", "blub blub")
    assert page.to == ("https://voyager.lemmy.ml/c/main",)
    assert page.url is None
    assert page.image == Image(url="https://voyager.lemmy.ml/pictrs/image/UejwBqrJM2.jpg")


def test_lemmy_comment() -> None:
    """Of several things replied to the first counts."""
    comment = parse.note(document("lemmy-comment"))

    assert comment.in_reply_to == "https://enterprise.lemmy.ml/post/38"


def test_lemmy_accept_embeds_the_follow() -> None:
    """The follow comes back whole, with a context of its own that does not matter."""
    accept = parse.activity(document("lemmy-accept"))

    assert isinstance(accept, Accept)
    assert accept.object == Follow(
        id="https://enterprise.lemmy.ml/activities/follow/2e4784b7-4edf-4fa1-a352-674d5d5f8891",
        actor="https://enterprise.lemmy.ml/u/picard",
        object=Ref(id="https://ds9.lemmy.ml/c/main"),
    )


@pytest.mark.parametrize(("name", "kind"), [("bookwyrm-review", "Review"), ("bookwyrm-quotation", "Quotation")])
def test_bookwyrm_types_are_named_and_not_an_error(name: str, kind: str) -> None:
    """A type nobody else knows is something to ignore, not something to refuse."""
    value = parse.resource(document(name))

    assert isinstance(value, UnknownObject)
    assert value.type == kind


def test_bookwyrm_quote_is_text_and_no_quoted_status() -> None:
    """BookWyrm's `quote` holds a passage of a book, the same word as FEP-044f's id."""
    note = parse.note({**document("bookwyrm-quotation"), "type": "Note"})

    assert note.quote is None
    assert note.replies is not None
    assert note.replies.id == "https://example.net/user/mouse/quotation/13/replies"


def test_pleroma_emoji_react() -> None:
    """A reaction is not a favourite."""
    reaction = parse.activity(document("pleroma-emoji-react"))

    assert isinstance(reaction, EmojiReact)
    assert (reaction.content, reaction.emoji) == ("🔥", None)


def test_bovine_create() -> None:
    """A custom emoji needs no id; a mention by addressing alone makes no tag."""
    create = parse.activity(document("bovine-create-emoji"))

    assert isinstance(create, Create)
    assert isinstance(create.object, Note)
    assert create.object.emojis == (
        Emoji(
            shortcode="cow1",
            url="http://pasture-one-actor/assets/cow_emoji.png",
            media_type="image/png",
            updated=datetime(2025, 1, 22, 12, 57, 33, tzinfo=UTC),
        ),
    )
    addressing = Addressing(to=create.object.to, cc=create.object.cc)
    assert read(addressing, followers=None).visibility is Visibility.PUBLIC
    assert read(addressing, followers=None).reach is Reach.PUBLIC


def test_cattle_grid_actor() -> None:
    """A date without a zone is UTC, an attachment of null is none."""
    actor = parse.resource(document("cattle_grid-actor"))

    assert isinstance(actor, Actor)
    assert actor.published == datetime(2026, 3, 20, 15, 16, 21, 155261, tzinfo=UTC)
    assert actor.fields == ()
    assert actor.shared_inbox == "http://abel/shared_inbox"
