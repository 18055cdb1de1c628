"""Notes and their kin: tolerant of every spelling in use, strict about what a status is made of."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from federation import parse
from federation.audience import Reach
from federation.errors import MalformedActivity
from federation.objects import (
    Attachment,
    CollectionSummary,
    Emoji,
    Hashtag,
    Image,
    InteractionPolicy,
    InteractionRule,
    Link,
    Mention,
    Note,
    PollOption,
    Quote,
    Relationship,
    Tombstone,
)
from federation.parse import limits
from federation.vocabulary import NOTE_TYPES, PUBLIC

ALICE = "https://a.example/users/alice"
BASE: dict[str, object] = {"id": "https://a.example/1", "type": "Note", "attributedTo": ALICE}


def note(**properties: object) -> Note:
    return parse.note({**BASE, **properties})


def test_the_smallest_note() -> None:
    """Id, type and author make a note; everything else has a default, and no context is needed."""
    assert note() == Note(id="https://a.example/1", attributed_to=ALICE)


@pytest.mark.parametrize("kind", NOTE_TYPES)
def test_every_type_mastodon_turns_into_a_status(kind: str) -> None:
    """The type is kept."""
    assert note(type=kind, oneOf=[{"name": "yes"}]).type == kind


def test_a_list_of_types_is_searched() -> None:
    """The first known type counts, others and odd entries do not matter."""
    assert note(type=[3, "https://x.example/Thing", "Article"]).type == "Article"


@pytest.mark.parametrize(
    "properties",
    [
        {"type": "Ticket"},
        {"type": None},
        {"id": None},
        {"id": ""},
        {"id": 5},
        {"id": "tag:a.example,2026:1"},
        {"id": "urn:uuid:1"},
        {"id": "javascript:alert(1)"},
        {"id": "https://"},
        {"id": "https://a.example/\n1"},
        {"id": "https://a.example/\x001"},
        {"id": "https://a.example/ 1"},
        {"id": "https://alice:secret@a.example/1"},
        {"id": "https://a.example\\@b.example/1"},
        {"id": "https://a.example:443:1/1"},
        {"id": "https://a\u200b.example/1"},
        {"id": "https://a.example/" + "x" * limits.ID_MAX},
        {"attributedTo": None},
        {"attributedTo": []},
        {"attributedTo": {"type": "Person"}},
        {"attributedTo": [5]},
        {"content": 5},
        {"content": {"@language": "de", "@value": 5}},
        {"content": "x" * (limits.HTML_MAX + 1)},
        {"contentMap": "text"},
        {"contentMap": {"de": "x" * (limits.HTML_MAX + 1)}},
        {"summary": {}, "name": 5},
        {"sensitive": "yes"},
        {"inReplyTo": 7},
        {"inReplyTo": "tag:a.example,2017:1"},
        {"published": "yesterday"},
        {"published": 1700000000},
        {"published": "9999-12-31T23:59:59-14:00"},
        {"to": [5]},
        {"to": [{"id": 5}]},
        {"to": [ALICE] * (limits.ADDRESSEES_MAX + 1)},
        {"reach": 5},
        {"type": "Question"},
        {"type": "Question", "oneOf": [{"type": "Note"}]},
        {"type": "Question", "oneOf": [{"name": "yes"}], "closed": 5},
    ],
    ids=repr,
)
def test_what_makes_no_note_is_refused(properties: dict[str, object]) -> None:
    """A missing or ill-typed essential raises, with a sentence that names it."""
    with pytest.raises(MalformedActivity) as refusal:
        note(**properties)

    assert str(refusal.value).endswith(".")


def test_the_refusal_names_type_and_property() -> None:
    """The administrator at the other end learns which property was wrong."""
    with pytest.raises(MalformedActivity, match="The Note has a `sensitive` that is neither true nor false"):
        note(sensitive="yes")


@pytest.mark.parametrize("spelling", [PUBLIC, "as:Public", "Public"])
def test_public_has_three_spellings(spelling: str) -> None:
    """All of them are read as the full IRI, alone or in a list."""
    assert note(to=spelling).to == (PUBLIC,)
    assert note(cc=[spelling, ALICE, spelling]).cc == (PUBLIC, ALICE)


def test_addressees_are_ids_however_written() -> None:
    """Objects stand for their id, nulls and what is no http(s) id address nobody."""
    assert note(to=[{"id": ALICE}, None, "acct:bob@b.example", {}]).to == (ALICE,)


def test_an_author_may_be_embedded_or_listed() -> None:
    """Object for id, list for one: the first is the author (PeerTube names the account, then the channel)."""
    account = {"type": "Person", "id": ALICE}
    channel = {"type": "Group", "id": "https://a.example/video-channels/c"}

    assert note(attributedTo=account).attributed_to == ALICE
    assert note(attributedTo=[account, channel]).attributed_to == ALICE


def test_content_comes_from_the_map_when_absent() -> None:
    """The first language stands in; `und` names none."""
    only_map = note(contentMap={"de": "<p>Hallo</p>", "en": "<p>Hello</p>"})
    both = note(content="<p>Hello</p>", contentMap={"de": "<p>Hallo</p>", "en": "<p>Hello</p>", "x y": "no", "fr": 5})
    undetermined = note(contentMap={"und": "<p>?</p>"})

    assert (only_map.content, only_map.language) == ("<p>Hallo</p>", "de")
    assert (both.content, both.language, dict(both.content_map)) == (
        "<p>Hello</p>",
        "en",
        {"de": "<p>Hallo</p>", "en": "<p>Hello</p>"},
    )
    assert (undetermined.content, undetermined.language) == ("<p>?</p>", None)


def test_language_strings_and_maps_of_names() -> None:
    """A JSON-LD language string is its value; summaryMap and nameMap stand in for the plain ones."""
    read = note(content={"@value": "Hallo", "@language": "de"}, nameMap={"de": "Titel"}, summaryMap={"de": "Vorsicht"})

    assert (read.content, read.name, read.summary) == ("Hallo", "Titel", "Vorsicht")


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("2026-11-23T16:00:00Z", datetime(2026, 11, 23, 16, tzinfo=UTC)),
        ("2026-11-23t16:00:00z", datetime(2026, 11, 23, 16, tzinfo=UTC)),
        ("2026-11-23 17:00:00+01:00", datetime(2026, 11, 23, 16, tzinfo=UTC)),
        ("2026-11-23T16:00:00.1234567Z", datetime(2026, 11, 23, 16, 0, 0, 123456, tzinfo=UTC)),
        ("2026-11-23T16:00:00", datetime(2026, 11, 23, 16, tzinfo=UTC)),
        ("2026-11-23", datetime(2026, 11, 23, tzinfo=UTC)),
        (None, None),
    ],
)
def test_dates_become_aware_utc(written: str | None, read: datetime | None) -> None:
    """RFC 3339, and what people make of it."""
    assert note(published=written).published == read


def test_text_is_cleaned_of_what_no_text_has() -> None:
    """Null bytes, lone surrogates and controls go; names lose line breaks and direction overrides too."""
    read = note(content="a\x00b\ud800c\td", name="evil\u202egnp.\u2066exe\nx", summary="two\nlines\x07")

    assert read.content == "ab\ufffdc\td"
    assert read.name == "evilgnp.exe x"
    assert read.summary == "two\nlines"


def test_names_are_cut_and_decoration_is_bounded() -> None:
    """What only decorates is shortened instead of refused (S26)."""
    image = {"type": "Image", "url": "https://a.example/i.png"}
    read = note(
        name="n" * 10_000,
        summary="s" * 50_000,
        attachment=[image] * 500,
        tag=[{"type": "Hashtag", "name": f"#t{number}"} for number in range(2_000)],
    )

    assert read.name is not None
    assert read.summary is not None
    assert len(read.name) == limits.NAME_MAX
    assert len(read.summary) == limits.SUMMARY_MAX
    assert len(read.attachments) == limits.ATTACHMENTS_MAX
    assert len(read.hashtags) == limits.TAGS_MAX


@pytest.mark.parametrize(
    ("url", "read"),
    [
        ("https://a.example/@alice/1", "https://a.example/@alice/1"),
        ({"type": "Link", "href": "https://a.example/1"}, "https://a.example/1"),
        (
            [
                {"type": "Link", "mediaType": "video/mp4", "href": "https://a.example/1.mp4"},
                {"type": "Link", "mediaType": "text/html", "href": "https://a.example/w/1"},
            ],
            "https://a.example/w/1",
        ),
        (["magnet:?xt=1", {"href": 5}, 7, "https://a.example/2"], "https://a.example/2"),
        ("javascript:alert(1)", None),
        (None, None),
    ],
)
def test_the_page_of_a_note(url: object, read: str | None) -> None:
    """A page for people comes before files; what is no http(s) URL is no page."""
    assert note(url=url).url == read


def test_attachments() -> None:
    """Files, links and what is neither; sizes and focal points that make no sense are left out."""
    read = note(
        attachment=[
            {
                "type": "Document",
                "mediaType": "image/png",
                "url": "https://a.example/cat.png",
                "name": "A cat\nsleeping",
                "blurhash": "LEHV6n",
                "width": 640.0,
                "height": "480",
                "duration": "P1DT1H1M1.5004S",
                "focalPoint": [0.5, -1],
                "icon": {"type": "Image", "url": "https://a.example/small.png"},
            },
            {
                "type": "Video",
                "url": [{"type": "Link", "href": "https://a.example/v.mp4"}],
                "summaryMap": {"en": "alt"},
                "duration": "P1Y",
            },
            {
                "type": "Image",
                "href": "https://a.example/i.png",
                "width": -1,
                "height": True,
                "focalPoint": [0, 2],
                "duration": "PT",
            },
            {"type": "Audio", "url": "https://a.example/a.ogg", "focalPoint": [True, 0], "width": 1.5, "mediaType": 5},
            {"type": "Image", "url": "https://a.example/f.png", "focalPoint": [0, 0, 0], "width": 10**12},
            {"type": "Image"},
            {"type": "Image", "url": "https://a.example/n.png", "name": 5},
            {"type": "Link", "href": "https://c.example/article", "mediaType": "text/html", "name": "Read"},
            {"type": "Page", "url": "https://c.example/page"},
            {"type": "Link", "href": "mailto:x@c.example"},
            {"type": "PropertyValue", "name": "x", "value": "y"},
            "https://a.example/bare.png",
        ]
    )

    assert read.attachments == (
        Attachment(
            url="https://a.example/cat.png",
            media_type="image/png",
            name="A cat\nsleeping",
            blurhash="LEHV6n",
            width=640,
            duration=90_061.5,
            focal_point=(0.5, -1.0),
            preview=Image(url="https://a.example/small.png"),
        ),
        Attachment(type="Video", url="https://a.example/v.mp4", name="alt"),
        Attachment(type="Image", url="https://a.example/i.png"),
        Attachment(type="Audio", url="https://a.example/a.ogg"),
        Attachment(type="Image", url="https://a.example/f.png", width=limits.NUMBER_MAX),
    )
    assert read.links == (
        Link(href="https://c.example/article", media_type="text/html", name="Read"),
        Link(href="https://c.example/page"),
    )


@pytest.mark.parametrize(
    ("properties", "picture"),
    [
        ({"url": "https://a.example/1.PNG?x"}, Image(url="https://a.example/1.PNG?x")),
        (
            {"url": "https://a.example/1", "mediaType": "image/jpeg"},
            Image(url="https://a.example/1", media_type="image/jpeg"),
        ),
        ({"url": "https://a.example/1.png", "mediaType": "text/html"}, None),
        ({"url": "https://a.example/1"}, None),
        ({"url": "data:image/png;base64,AAAA", "mediaType": "image/png"}, None),
        (
            {
                "url": [
                    {"type": "Link", "href": "https://a.example/p", "mediaType": "text/html"},
                    {"type": "Link", "href": "https://a.example/i", "mediaType": "image/gif"},
                ],
                "nameMap": {"en": "A cat"},
            },
            Image(url="https://a.example/i", media_type="image/gif", name="A cat"),
        ),
        ({"url": "https://a.example/1", "icon": "https://a.example/2.png"}, Image(url="https://a.example/2.png")),
        ({"url": "https://a.example/1.png", "type": "Video"}, None),
    ],
)
def test_the_picture_that_an_image_is(properties: dict[str, object], picture: Image | None) -> None:
    """A picture is told from its page by its media type, else by the end of its address; else what stands for it."""
    assert note(**{"type": "Image", **properties}).image == picture


def test_texts_in_maps_of_languages() -> None:
    """The first that says something counts where the property itself says nothing."""
    read = note(
        type="Question",
        name="",
        nameMap={"de": " ", "en": "Poll\nnow"},
        summary=None,
        summaryMap={"en": "Two\nlines"},
        oneOf=[{"nameMap": {"en": "Yes"}}, {"name": "No", "nameMap": {"en": "Never"}}, {"nameMap": "x"}],
        attachment=[{"type": "Image", "url": "https://a.example/1.png", "nameMap": 5}],
    )

    assert (read.name, read.summary) == ("Poll now", "Two\nlines")
    assert read.poll is not None
    assert [option.name for option in read.poll.options] == ["Yes", "No"]
    assert read.attachments == ()


def test_tags() -> None:
    """Each kind goes its own way; a single tag needs no list; malformed ones are left out."""
    read = note(
        tag=[
            {"type": "Mention", "href": "https://b.example/users/bob", "name": "@bob@b.example"},
            {"type": "Mention", "href": 5},
            {"type": "Mention", "name": "@eve"},
            {"type": "Mention", "href": "acct:eve@b.example"},
            {"type": "Hashtag", "name": "##Straße", "href": "https://a.example/tags/x"},
            {"type": "Hashtag", "name": "#"},
            {"type": "Hashtag"},
            {
                "type": "Emoji",
                "id": "not a url",
                "name": ":cow:",
                "updated": "2026-01-01T00:00:00Z",
                "icon": {"type": "Image", "mediaType": "image/png", "url": "https://a.example/cow.png"},
            },
            {"type": "Emoji", "name": ":bare:", "icon": "https://a.example/bare.png"},
            {"type": "Emoji", "name": "::", "icon": "https://a.example/bare.png"},
            {"type": "Emoji", "name": ":none:"},
            {"type": "Emoji", "name": ":none:", "icon": {"type": "Image"}},
            {"type": "Unheard", "name": "x"},
            7,
        ]
    )

    assert read.mentions == (Mention(href="https://b.example/users/bob", name="@bob@b.example"),)
    assert read.hashtags == (Hashtag(name="Straße", href="https://a.example/tags/x"),)
    assert read.emojis == (
        Emoji(
            shortcode="cow",
            url="https://a.example/cow.png",
            media_type="image/png",
            updated=datetime(2026, 1, 1, tzinfo=UTC),
        ),
        Emoji(shortcode="bare", url="https://a.example/bare.png"),
    )
    assert note(tag={"type": "Hashtag", "name": "#one"}).hashtags == (Hashtag(name="one"),)


def test_a_poll() -> None:
    """Counts, end and the choice of many; options without a name are left out."""
    read = note(
        type="Question",
        anyOf=[
            {"type": "Note", "name": "yes", "replies": {"type": "Collection", "totalItems": 3}},
            {"type": "Note", "name": "no", "replies": "https://a.example/1/no"},
            {"type": "Note", "name": ""},
        ],
        endTime="2026-12-01T00:00:00Z",
        votersCount=3,
    ).poll

    assert read is not None
    assert read.options == (PollOption(name="yes", votes=3), PollOption(name="no"))
    assert read.is_multiple
    assert (read.ends_at, read.closed_at, read.voters_count) == (datetime(2026, 12, 1, tzinfo=UTC), None, 3)


@pytest.mark.parametrize(
    ("properties", "closed_at"),
    [
        ({"closed": "2026-12-02T00:00:00Z"}, datetime(2026, 12, 2, tzinfo=UTC)),
        ({"closed": True, "endTime": "2026-12-01T00:00:00Z"}, datetime(2026, 12, 1, tzinfo=UTC)),
        ({"closed": True, "updated": "2026-12-03T00:00:00Z"}, datetime(2026, 12, 3, tzinfo=UTC)),
        ({"closed": False, "endTime": "2026-12-01T00:00:00Z"}, None),
    ],
)
def test_a_closed_poll(properties: dict[str, object], closed_at: datetime | None) -> None:
    """A date says when, a bare true means when it was to end; false means open."""
    poll = note(type="Question", oneOf=[{"name": "yes"}], **properties).poll

    assert poll is not None
    assert poll.closed_at == closed_at


@pytest.mark.parametrize(
    ("properties", "quote"),
    [
        (
            {"quote": "https://b.example/7", "quoteAuthorization": "https://b.example/stamp"},
            Quote(id="https://b.example/7", authorization="https://b.example/stamp"),
        ),
        ({"quote": {"id": "https://b.example/7"}}, Quote(id="https://b.example/7")),
        ({"quoteUrl": "https://b.example/7"}, Quote(id="https://b.example/7", is_legacy=True)),
        ({"quoteUri": "https://b.example/7"}, Quote(id="https://b.example/7", is_legacy=True)),
        ({"_misskey_quote": "https://b.example/7"}, Quote(id="https://b.example/7", is_legacy=True)),
        (
            {
                "tag": {
                    "type": "Link",
                    "mediaType": 'application/ld+json; profile="https://www.w3.org/ns/activitystreams"',
                    "href": "https://b.example/7",
                }
            },
            Quote(id="https://b.example/7", is_legacy=True),
        ),
        ({"tag": {"type": "Link", "mediaType": "text/html", "href": "https://b.example/7"}}, None),
        ({"tag": {"type": "Link", "href": "https://b.example/7"}}, None),
        ({"quote": "To be or not to be"}, None),
        ({"quote": None}, None),
    ],
)
def test_a_quote_in_every_spelling(properties: dict[str, object], quote: Quote | None) -> None:
    """The spelling that knows consent wins; the others are marked as legacy."""
    assert note(**properties).quote == quote


def test_an_interaction_policy() -> None:
    """Both generations of GoToSocial's words; a rule that was not said is None."""
    read = note(
        interactionPolicy={
            "canQuote": {"automaticApproval": ["as:Public"], "manualApproval": [ALICE]},
            "canReply": {"always": [ALICE], "approvalRequired": "as:Public"},
            "canLike": None,
        }
    ).interaction_policy

    assert read == InteractionPolicy(
        can_quote=InteractionRule(automatic=(PUBLIC,), manual=(ALICE,)),
        can_reply=InteractionRule(automatic=(ALICE,), manual=(PUBLIC,)),
    )


def test_collections_of_a_note() -> None:
    """An id, a stub with a count, or Mastodon's embedded first page; nonsense is left out."""
    read = note(
        replies={
            "id": "https://a.example/1/replies",
            "type": "Collection",
            "first": {"type": "CollectionPage", "next": "https://a.example/1/replies?page=true", "items": []},
        },
        likes={"totalItems": 4},
        shares="tag:nothing",
    )

    assert read.replies == CollectionSummary(id="https://a.example/1/replies")
    assert read.likes == CollectionSummary(total_items=4)
    assert read.shares is None


def test_context_and_conversation() -> None:
    """The one is fetched and must be a URL, the other is only compared."""
    read = note(context="tag:a.example,2026:c", conversation="tag:a.example,2026:c")

    assert (read.context, read.conversation) == (None, "tag:a.example,2026:c")
    assert note(conversation={"id": "https://a.example/c"}).conversation == "https://a.example/c"
    assert note(conversation=5).conversation is None


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("organisation", Reach.ORGANISATION),
        ("partners", Reach.PARTNERS),
        ("public", Reach.PUBLIC),
        ("node", Reach.NODE),
        ("a ring of tomorrow", Reach.NODE),
        (None, None),
    ],
)
def test_reach_fails_closed(written: object, read: Reach | None) -> None:
    """A ring nobody knows is read as the narrowest."""
    assert note(reach=written).reach is read


def test_addressing_holds_lists_and_terms() -> None:
    """What the audience module wants is taken from the note alone."""
    addressing = note(to="as:Public", cc=ALICE, reach="partners", listed=False).addressing

    assert (addressing.to, addressing.cc, addressing.reach, addressing.listed) == (
        (PUBLIC,),
        (ALICE,),
        Reach.PARTNERS,
        False,
    )


def test_an_event() -> None:
    """Start, end and place are read of events only."""
    properties: dict[str, object] = {"startTime": "2026-12-01T18:00:00Z", "endTime": "2026-12-01T20:00:00Z"}
    event = note(type="Event", location={"type": "Place", "name": "Hall 2"}, **properties)

    assert (event.starts_at, event.location) == (datetime(2026, 12, 1, 18, tzinfo=UTC), "Hall 2")
    assert note(type="Event", location="Hall 3").location == "Hall 3"
    assert note(**properties).starts_at is None


def test_a_tombstone() -> None:
    """What was there and when it went."""
    read = parse.tombstone({"id": "https://a.example/1", "type": "Tombstone", "formerType": "Note", "deleted": None})

    assert read == Tombstone(id="https://a.example/1", former_type="Note")


def test_a_relationship_needs_all_its_parts() -> None:
    """Subject, object and kind together make the offer between two nodes."""
    document = {
        "id": "https://a.example/r/1",
        "type": "Relationship",
        "subject": "https://a.example/node",
        "object": "https://b.example/node",
        "relationship": "https://w3id.org/fedorg/ns#partner",
    }

    assert parse.resource(document) == Relationship(
        id="https://a.example/r/1",
        subject="https://a.example/node",
        object="https://b.example/node",
        relationship="https://w3id.org/fedorg/ns#partner",
    )
    for part in ("id", "subject", "object", "relationship"):
        with pytest.raises(MalformedActivity):
            parse.resource({**document, part: None})


_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | st.sampled_from([ALICE, "Note"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["id", "type", "name", "href", "url", "totalItems"]), inner, max_size=3)
    ),
    max_leaves=8,
)
_keys = [
    *["to", "cc", "content", "contentMap", "name", "summary", "tag", "attachment", "url", "published", "reach"],
    *["oneOf", "quote", "interactionPolicy", "replies", "image", "icon", "location", "context", "closed", "inReplyTo"],
]


@given(st.sampled_from(NOTE_TYPES), st.dictionaries(st.sampled_from(_keys), _json, max_size=6))
def test_any_json_makes_a_note_or_a_refusal(kind: str, properties: dict[str, object]) -> None:
    """No document ends in another exception than MalformedActivity (S27)."""
    try:
        read = note(**{**properties, "type": kind})
    except MalformedActivity:
        return

    assert read.id == BASE["id"]
