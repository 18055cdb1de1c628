"""Documents of other implementations in a table: each file is read as exactly this value."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from federation import parse
from federation.activities import (
    Accept,
    Add,
    Announce,
    Block,
    Create,
    Delete,
    EmojiReact,
    Flag,
    Follow,
    Like,
    Move,
    QuoteRequest,
    Undo,
    Update,
)
from federation.collections import CollectionPage
from federation.objects import (
    Attachment,
    CollectionSummary,
    Hashtag,
    InteractionPolicy,
    InteractionRule,
    Link,
    Mention,
    Note,
    Poll,
    PollOption,
    Quote,
    QuoteAuthorization,
    Ref,
)
from federation.vocabulary import PUBLIC
from tests.federation.test_parse_peers import ALL, document

ALICE, BOB = "https://example.com/users/alice", "https://example.com/users/bob"
QUOTED = Ref(id=f"{ALICE}/statuses/1")
MASTODON = "https://mastodon.example/users"
PIEFED = "https://jolly-piefed.jomandoa.net"

REMOTE, CLUB = "https://remote.example", "https://local.example/club/test"
REMOTE_ALICE = f"{REMOTE}/users/alice"
TO_FOLLOWERS, CC_ALL = (f"{REMOTE_ALICE}/followers",), (PUBLIC, CLUB)
TO_CLUB = Mention(href=CLUB, name="@test@local.example")
MISSKEY_LINK = f'<a href="{CLUB}" class="u-url mention">@test@local.example</a>'
GOTOSOCIAL_LINK = (
    f'<span class="h-card"><a href="{CLUB}" class="u-url mention" rel="nofollow noreferrer noopener" target="_blank">'
    "@<span>test</span></a></span>"
)
EVERYBODY, ONLY_ALICE = InteractionRule(automatic=(PUBLIC,)), InteractionRule(automatic=(REMOTE_ALICE,))
GOTOSOCIAL_POLICY = InteractionPolicy(
    can_quote=ONLY_ALICE, can_reply=EVERYBODY, can_like=EVERYBODY, can_announce=EVERYBODY
)
FOUR_OPTIONS = tuple(PollOption(name=name) for name in "ABCD")


def _misskey(number: str, seconds: float, minute: int, note: Note) -> Create:
    published = datetime(2026, 8, 11, 3, minute, tzinfo=UTC) + timedelta(seconds=seconds)
    return Create(
        id=f"{REMOTE}/notes/{number}/activity",
        actor=REMOTE_ALICE,
        to=TO_FOLLOWERS,
        cc=CC_ALL,
        published=published,
        object=replace(
            note,
            id=f"{REMOTE}/notes/{number}",
            attributed_to=REMOTE_ALICE,
            to=TO_FOLLOWERS,
            cc=CC_ALL,
            published=published,
            mentions=(TO_CLUB,),
        ),
    )


def _gotosocial(number: str, note: Note) -> Note:
    uri = f"{REMOTE_ALICE}/statuses/{number}"
    return replace(
        note,
        id=uri,
        attributed_to=REMOTE_ALICE,
        content_map={"en": note.content},
        to=TO_FOLLOWERS,
        cc=CC_ALL,
        url=f"{REMOTE}/@alice/statuses/{number}",
        mentions=(TO_CLUB,),
        interaction_policy=GOTOSOCIAL_POLICY,
        replies=CollectionSummary(id=f"{uri}/replies", first=f"{uri}/replies?page=true"),
    )


EXACTLY: Mapping[str, object] = {
    "misskey-question": _misskey(
        "aprn0hr809",
        40.292,
        0,
        Note(
            type="Question",
            id="",
            attributed_to="",
            content=f"{MISSKEY_LINK} test",
            poll=Poll(options=FOUR_OPTIONS, ends_at=datetime(2026, 8, 11, 3, 1, 40, 292_000, tzinfo=UTC)),
        ),
    ),
    "misskey-hashtag": _misskey(
        "aprosgfy1v",
        24.574,
        50,
        Note(
            id="",
            attributed_to="",
            content=f'{MISSKEY_LINK} test <a href="{REMOTE}/tags/test" rel="tag">#test</a>',
            hashtags=(Hashtag(name="test", href=f"{REMOTE}/tags/test"),),
        ),
    ),
    "misskey-warning": _misskey(
        "apros07q1t",
        3.542,
        50,
        Note(id="", attributed_to="", content=f"{MISSKEY_LINK} test", summary="CW TEST", sensitive=True),
    ),
    "misskey-undo-follow": Undo(
        id=f"{REMOTE}/follows/alice/8s5pjxkogp/undo",
        actor=REMOTE_ALICE,
        object=Follow(id=f"{REMOTE}/follows/alice/8s5pjxkogp", actor=REMOTE_ALICE, object=Ref(id=CLUB)),
        published=datetime(2026, 8, 11, 3, 36, 31, 106_000, tzinfo=UTC),
    ),
    "gotosocial-question": Create(
        id=f"{REMOTE_ALICE}/statuses/01KZQEC1CG59GAV3CCSW6XY9VF/activity#Create",
        actor=REMOTE_ALICE,
        to=TO_FOLLOWERS,
        cc=CC_ALL,
        published=datetime(2026, 8, 11, 3, 37, 59, tzinfo=UTC),
        object=_gotosocial(
            "01KZQEC1CG59GAV3CCSW6XY9VF",
            Note(
                type="Question",
                id="",
                attributed_to="",
                content=f"<p>{GOTOSOCIAL_LINK} test</p>",
                published=datetime(2026, 8, 11, 3, 37, 59, tzinfo=UTC),
                poll=Poll(options=FOUR_OPTIONS, ends_at=datetime(2026, 8, 11, 4, 37, 59, tzinfo=UTC), voters_count=0),
            ),
        ),
    ),
    "gotosocial-update": Update(
        id=f"{REMOTE_ALICE}/statuses/01KZQCGH2AYV0D8FHG4J00B52K/activity#Update",
        actor=REMOTE_ALICE,
        to=TO_FOLLOWERS,
        cc=CC_ALL,
        published=datetime(2026, 8, 11, 3, 5, 29, tzinfo=UTC),
        object=_gotosocial(
            "01KZQCGH2AYV0D8FHG4J00B52K",
            Note(
                id="",
                attributed_to="",
                content=f"<p>{GOTOSOCIAL_LINK} test2</p>",
                published=datetime(2026, 8, 11, 3, 5, 29, tzinfo=UTC),
                updated=datetime(2026, 8, 11, 3, 5, 57, tzinfo=UTC),
            ),
        ),
    ),
    "mastodon-delete-actor": Delete(
        id=f"{REMOTE_ALICE}#delete", actor=REMOTE_ALICE, object=Ref(id=REMOTE_ALICE), to=(PUBLIC,)
    ),
    "mastodon-block": Block(
        id="https://mastodon.example/bd06bb61-01e0-447a-9dc8-95915db9aec8",
        actor=f"{MASTODON}/alice",
        object=Ref(id="https://example.com/~mallory"),
        to=("https://example.com/~mallory",),
    ),
    "mastodon-flag": Flag(
        id="https://mastodon.example/ccb4f39a-506a-490e-9a8c-71831c7713a4",
        actor="https://mastodon.example/actor",
        objects=(
            Ref(id="https://example.com/users/1"),
            Ref(id="https://example.com/posts/380590"),
            Ref(id="https://example.com/posts/380591"),
        ),
        content="Please take a look at this user and their posts",
        to=("https://example.com/users/1",),
    ),
    "mastodon-move": Move(
        id=f"{MASTODON}/alice#moves/1",
        actor=f"{MASTODON}/alice",
        object=Ref(id=f"{MASTODON}/alice"),
        target="https://alice.com/users/109835986274379",
        to=(f"{MASTODON}/alice/followers",),
    ),
    "mastodon-vote": Create(
        id=f"{MASTODON}/bob#votes/827163/activity",
        actor=f"{MASTODON}/bob",
        to=(f"{MASTODON}/alice",),
        object=Note(
            id=f"{MASTODON}/bob#votes/827163",
            attributed_to=f"{MASTODON}/bob",
            name="orange",
            in_reply_to=f"{MASTODON}/alice/statuses/1009947848598745",
            to=(f"{MASTODON}/alice",),
        ),
    ),
    "mastodon-hashtag": Note(
        id="https://example.com/some-post",
        attributed_to="https://example.com",
        content="I love #cats",
        hashtags=(Hashtag(name="cats", href="https://example.com/tagged/cats"),),
    ),
    "mastodon-quote-request": QuoteRequest(
        id=f"{BOB}/statuses/1/quote",
        actor=BOB,
        object=QUOTED,
        instrument=Note(
            id=f"{BOB}/statuses/1",
            attributed_to=BOB,
            to=(PUBLIC, ALICE),
            content=f"I am quoting alice's post<br/>RE: {QUOTED.id}",
            quote=Quote(id=QUOTED.id),
        ),
    ),
    "mastodon-quote-accept": Accept(
        id=f"{ALICE}/activities/1234",
        actor=ALICE,
        to=(BOB,),
        object=QuoteRequest(
            id=f"{BOB}/statuses/1/quote",
            actor=BOB,
            object=QUOTED,
            instrument=Ref(id="https://example.org/users/bob/statuses/1"),
        ),
        result=f"{ALICE}/stamps/1",
    ),
    "mastodon-quote-authorization": QuoteAuthorization(
        id=f"{ALICE}/stamps/1",
        attributed_to=ALICE,
        interacting_object="https://example.org/users/bob/statuses/1",
        interaction_target=QUOTED.id,
    ),
    "mastodon-announce": Announce(
        id="https://mastodon.social/users/qwazix/statuses/102565077202414254/activity",
        actor="https://mastodon.social/users/qwazix",
        object=Ref(id="https://cybre.space/users/tzo/statuses/102564367759300737"),
        to=(PUBLIC,),
        cc=("https://cybre.space/users/tzo", "https://mastodon.social/users/qwazix/followers"),
        published=datetime(2019, 8, 5, 15, 27, 58, tzinfo=UTC),
    ),
    "akkoma-emoji-react": EmojiReact(
        id="https://example.org/activities/23143872a0346141",
        actor="https://example.org/users/akko",
        object=Ref(id="https://remote.example/objects/9f0e93499d8314a9"),
        content="🧡",
        to=("https://remote.example/users/diana", "https://example.org/users/akko/followers"),
        cc=(PUBLIC,),
    ),
    "smithereen-wall-post": Note(
        id="http://smithereen.local:8080/posts/110",
        attributed_to="http://smithereen.local:8080/users/1",
        content="<p>Test.</p>",
        published=datetime(2020, 5, 21, 19, 5, tzinfo=UTC),
        cc=(PUBLIC, "http://smithereen.local:8080/users/4"),
        url="http://smithereen.local:8080/posts/110",
    ),
    "streams-add": Add(
        id="https://alice.example/activities/add/1",
        actor="https://alice.example/actors/1",
        object=Ref(id="https://bob.example/activities/create/1"),
        target="https://alice.example/contexts/1",
        to=("https://bob.example/actors/1", "https://alice.example/actors/1/followers"),
    ),
    "pixelfed-create": Create(
        id="https://pixelfed.social/p/mczachurski/650595293594582993/activity",
        actor="https://pixelfed.social/users/mczachurski",
        to=(PUBLIC,),
        cc=("https://pixelfed.social/users/mczachurski/followers", "https://gram.social/users/Alice"),
        published=datetime(2024, 1, 10, 7, 13, 25, tzinfo=UTC),
        object=Note(
            id="https://pixelfed.social/p/mczachurski/650595293594582993",
            attributed_to="https://pixelfed.social/users/mczachurski",
            content="Extra colours!",
            in_reply_to="https://gram.social/p/Alice/650350850687790456",
            published=datetime(2024, 1, 10, 7, 13, 25, tzinfo=UTC),
            url="https://pixelfed.social/p/mczachurski/650595293594582993",
            to=(PUBLIC,),
            cc=("https://pixelfed.social/users/mczachurski/followers", "https://gram.social/users/Alice"),
            mentions=(Mention(href="https://gram.social/users/Alice", name="@Alice@gram.social"),),
        ),
    ),
    "vernissage-followers-page": CollectionPage(
        id="https://vernissage.photos/actors/mczachurski/followers?page=1",
        part_of="https://vernissage.photos/actors/mczachurski/followers",
        total_items=6,
        items=(
            Ref(id="https://vernissage.photos/actors/pczachurski"),
            Ref(id="https://pixelfed.social/users/Devrin"),
            Ref(id="https://vernissage.photos/actors/jlara"),
            Ref(id="https://mastodon.social/users/mczachurski"),
            Ref(id="https://pxlmo.com/users/amiko"),
            Ref(id="https://pxlmo.com/users/jfick"),
        ),
    ),
    "writefreely-create": Create(
        id="http://writefreely.xps/api/posts/3y2vettm5r",
        actor="http://writefreely.xps/api/collections/qwazix",
        to=(PUBLIC,),
        cc=("http://floorb.qwazix.com/actor/",),
        published=datetime(2019, 8, 8, 16, 2, 49, 613334, tzinfo=UTC),
        object=Note(
            type="Article",
            id="http://writefreely.xps/api/posts/3y2vettm5r",
            attributed_to="http://writefreely.xps/api/collections/qwazix",
            name="This is post number 3",
            content="<p>post 3</p>\n",
            content_map={"en": "<p>post 3</p>\n"},
            published=datetime(2019, 8, 8, 16, 2, 49, 613334, tzinfo=UTC),
            url="http://writefreely.xps/this-is-post-number-3",
            to=(PUBLIC,),
            cc=("http://floorb.qwazix.com/actor/",),
        ),
    ),
    "funkwhale-accept": Accept(
        id="https://music.rocks/federation/actors/Alice#follows/99fc40d7-9bc8-4c4a-add1-f637339e1ded/accept",
        actor="https://awesome.music/federation/actors/Bob",
        to=("https://music.rocks/federation/actors/Alice",),
        object=Follow(
            id="https://music.rocks/federation/actors/Alice#follows/99fc40d7-9bc8-4c4a-add1-f637339e1ded",
            actor="https://music.rocks/federation/actors/Alice",
            object=Ref(id="https://awesome.music/federation/music/libraries/dc702491-f6ce-441b-9da0-cecbed08bcc6"),
        ),
    ),
    "mitra-like": Like(
        id="https://server1.example/objects/0185f5f8-10b5-1b69-f45e-25f06792f411",
        actor="https://server1.example/users/alice",
        object=Ref(id="https://server2.example/users/bob/posts/141892712081205472"),
        to=("https://server2.example/users/bob", PUBLIC),
    ),
    "mitra-add-subscriber": Add(
        id="https://server.example/activities/00000000-0000-0000-0000-000000000001",
        actor="https://server.example/users/alice",
        object=Ref(id="https://server.example/users/bob"),
        target="https://server.example/users/alice/collections/subscribers",
        to=("https://server.example/users/bob",),
    ),
}


@pytest.mark.parametrize("name", EXACTLY)
def test_document_is_read_as_what_it_means(name: str) -> None:
    """Nothing is lost and nothing is added."""
    assert parse.resource(document(name)) == EXACTLY[name]


def test_mastodon_tally() -> None:
    """How a poll stands is an Update without `updated`; the activity is addressed more narrowly than the question."""
    update = parse.activity(document("mastodon-tally"))

    assert isinstance(update, Update)
    assert (update.to, update.cc) == (TO_FOLLOWERS, ())
    assert isinstance(update.object, Note)
    assert (update.object.to, update.object.cc) == (TO_FOLLOWERS, (*CC_ALL, f"{CLUB}/followers"))
    assert update.object.updated is None
    assert update.object.poll == Poll(
        options=tuple(PollOption(name=name, votes=votes) for name, votes in zip("ABCD", (3, 0, 1, 0), strict=True)),
        ends_at=datetime(2026, 8, 12, 2, 32, 1, tzinfo=UTC),
        voters_count=4,
    )
    assert update.object.shares is not None
    assert update.object.shares.total_items == 1


def test_pleroma_update() -> None:
    """An empty summary is none, former versions inside an edit are not read, nor is `bto`."""
    update = parse.activity(document("pleroma-update"))

    assert isinstance(update, Update)
    assert isinstance(update.object, Note)
    assert update.object.content.endswith("</span> test2")
    assert (update.object.summary, update.object.sensitive) == (None, False)
    assert update.object.updated == datetime(2026, 8, 11, 2, 18, 30, 96_062, tzinfo=UTC)
    assert update.object.context == f"{REMOTE}/contexts/f81caacb-6256-466a-90cd-4c31f41f62a7"
    assert (update.to, update.cc) == ((*TO_FOLLOWERS, CLUB), (PUBLIC,))


def test_pleroma_create() -> None:
    """The language is read from the map; the activity is a little older than the note."""
    create = parse.activity(document("pleroma-create"))

    assert isinstance(create, Create)
    assert isinstance(create.object, Note)
    assert create.object.language == "zh-CN"
    assert create.object.mentions == (TO_CLUB,)
    assert create.published is not None
    assert create.object.published is not None
    assert create.published < create.object.published


def test_nodebb_article() -> None:
    """A topic: a title, its community and thread, an excerpt in `summary`, and `replies` by its address only."""
    article = parse.note(document("nodebb-article"))

    assert (article.type, article.name) == ("Article", "Topic removal from a category/community")
    assert (article.context, article.audience) == (
        "https://activitypub.space/topic/18",
        ("https://activitypub.space/category/5",),
    )
    assert article.summary is not None
    assert not article.sensitive
    assert article.replies == CollectionSummary(id="https://activitypub.space/post/99/replies")
    assert [tag.name for tag in article.hashtags] == ["piefed"]
    assert article.mentions == (Mention(href="https://piefed.social/u/rimu", name="@rimu@piefed.social"),)


def test_at_least_twelve_implementations_are_recorded() -> None:
    """A parser that is tested with one server is a parser for one server."""
    software = {str(source["software"]) for name in ALL if isinstance(source := document(name)["_source"], dict)}

    assert len(software) >= 12


def test_a_vote_is_told_from_a_status() -> None:
    """A name in reply to something, and no text: an option was chosen."""
    vote = EXACTLY["mastodon-vote"]
    status = EXACTLY["writefreely-create"]

    assert isinstance(vote, Create)
    assert isinstance(vote.object, Note)
    assert vote.object.is_vote
    assert isinstance(status, Create)
    assert isinstance(status.object, Note)
    assert not status.object.is_vote


def test_vernissage_photo() -> None:
    """Photos come with size, blurhash and alternative text; the camera's data is dropped."""
    note = parse.note(document("vernissage-note"))

    assert [tag.name for tag in note.hashtags] == ["blackandwhite", "streetphotography"]
    assert note.attachments == (
        Attachment(
            type="Image",
            url="https://s3.eu-central-1.amazonaws.com/vernissage/f154e5d151e441b18d61389f87cc877c.jpg",
            media_type="image/jpeg",
            name="Feet visible from underneath through white foggy glass.",
            blurhash="UGMtaO?b_3%M00Rj_3Rj~qD%IUM{j[ofD%-;",
            width=4096,
            height=2731,
        ),
    )


def test_piefed_link() -> None:
    """A post in a community that points to a page, with a title."""
    page = parse.note(document("piefed-link"))

    assert (page.type, page.name, page.url) == ("Page", "Example Link Post Title", None)
    assert page.audience == ("https://piefed.social/c/playground",)
    assert page.links == (Link(href="https://www.w3.org/TR/activitystreams-vocabulary"),)
    assert [tag.name for tag in page.hashtags] == ["tagone", "tagtwo"]


def test_piefed_question() -> None:
    """A poll with its counts; `replies` that holds the replies themselves names no collection."""
    question = parse.note(document("piefed-question"))

    assert question.id == f"{PIEFED}/post/79247"
    assert question.poll == Poll(
        options=(PollOption(name="Yes", votes=2), PollOption(name="No"), PollOption(name="Maybe")),
        ends_at=datetime(2024, 11, 27, 0, 47, 11, 362544, tzinfo=UTC),
        voters_count=2,
    )
    assert not question.is_vote
