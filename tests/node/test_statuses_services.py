"""Posting, receiving, editing and deleting: what is promised of one status."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest
import sqlalchemy as sa
from sqlalchemy import Connection
from typing_extensions import override

from fedorg.domain.accounts import Account
from fedorg.domain.jobs import DistributeDelete, DistributeEdit, DistributeStatus, ResolveThread
from fedorg.domain.statuses import PageQuery, RemoteMedia, StatusChange, StatusDraft, Tag
from fedorg.domain.visibility import Audience, Reach, Tier, Visibility
from fedorg.errors import Invalid, NotFound
from fedorg.ids import MediaId, StatusId
from fedorg.node import Node
from fedorg.services import fanout, interactions, notifications, retelling, statuses, timelines
from fedorg.services.statuses import reading
from fedorg.services.statuses.editing import keep_version
from fedorg.store import accounts, edits, tags
from fedorg.store import statuses as stored_statuses
from fedorg.store.tables import status_edits
from tests.node.world import PAGE, MakeWorld, OtherServers, World, note, of_kind, user_of


async def test_author_reads_their_status_at_once(world: World) -> None:
    """What one posts is on one's own home timeline on the next request, before any job ran."""
    anna = await world.member("anna")

    status = await statuses.post_status(world.node, anna, None, StatusDraft(text="Minutes are <out> #Council"))

    [view] = await timelines.home(world.node, anna.id, PAGE)
    assert view.status == status
    assert "&lt;out&gt;" in view.status.content
    assert [tag.name for tag in view.tags] == ["council"]
    assert view.status.uri == f"https://here.example/users/anna/statuses/{status.id}"
    assert (await world.account(anna)).statuses_count == 1
    assert of_kind(await world.jobs(), DistributeStatus) == [DistributeStatus(status_id=status.id)]


@pytest.mark.parametrize(
    ("draft", "sentence"),
    [
        (StatusDraft(), "Text can't be blank"),
        (StatusDraft(text=" \n "), "Text can't be blank"),
        (StatusDraft(text="x" * 21), "Text character limit of 20 exceeded"),
        (StatusDraft(text="x" * 15, spoiler_text="y" * 6), "Text character limit of 20 exceeded"),
        (StatusDraft(text="x", media_ids=tuple(map(MediaId, range(5)))), "Cannot attach more than 4 files"),
        (StatusDraft(text="x", media_ids=(MediaId(7),)), "Media 7 not found or already attached"),
    ],
)
async def test_draft_that_cannot_be_posted_is_refused(make_world: MakeWorld, draft: StatusDraft, sentence: str) -> None:
    """Empty, too long, or with files that are not there: refused in a sentence, and nothing is stored."""
    world = await make_world(status_characters_max=20)
    anna = await world.member("anna")

    with pytest.raises(Invalid, match=sentence):
        await statuses.post_status(world.node, anna, None, draft)

    assert await timelines.home(world.node, anna.id, PAGE) == []
    assert await world.jobs() == []


async def test_idempotency_key_posts_once(world: World) -> None:
    """The same key within an hour gives the first status, also when both requests run at once; later a new one."""
    anna = await world.member("anna")
    draft = StatusDraft(text="Once", idempotency_key="k" * 300)

    posted = await asyncio.gather(*(statuses.post_status(world.node, anna, None, draft) for _ in range(5)))
    world.clock.moment += timedelta(minutes=61)
    later = await statuses.post_status(world.node, anna, None, draft)

    assert len({status.id for status in posted}) == 1
    assert later.id != posted[0].id
    assert (await world.account(anna)).statuses_count == 2


async def test_key_belongs_to_one_account(world: World) -> None:
    """Somebody else's key gives nothing away."""
    anna, bob = await world.member("anna"), await world.member("bob")
    first = await statuses.post_status(world.node, anna, None, StatusDraft(text="Mine", idempotency_key="same"))

    second = await statuses.post_status(world.node, bob, None, StatusDraft(text="Other", idempotency_key="same"))

    assert second.id != first.id
    assert second.account_id == bob.id


async def test_defaults_come_from_node_and_user(make_world: MakeWorld) -> None:
    """No reach means the node's default, or the user's own where that is narrower, and never wider."""
    world = await make_world(federation_mode="partners", default_reach="organisation")
    anna = await world.member("anna")
    narrow = user_of(anna, default_reach=Reach.NODE, default_visibility=Visibility.UNLISTED)
    wide = user_of(anna, default_reach=Reach.PUBLIC)

    assert (await world.post(anna, "a")).audience == Audience(reach=Reach.ORGANISATION, visibility=Visibility.PUBLIC)
    assert (await world.post(anna, "b", user=narrow)).audience == Audience(
        reach=Reach.NODE, visibility=Visibility.UNLISTED
    )
    assert (await world.post(anna, "c", user=wide)).audience.reach is Reach.ORGANISATION
    assert (await world.post(anna, "d", reach=Reach.PUBLIC)).audience.reach is Reach.PARTNERS


async def test_reply_is_never_wider_than_its_thread(world: World) -> None:
    """A client that knows nothing of reach, or asks for more, stays inside the thread."""
    anna, bob = await world.member("anna"), await world.member("bob")
    root = await world.post(anna, "Inside", reach=Reach.ORGANISATION)

    plain = await world.post(bob, "Yes", in_reply_to_id=root.id)
    greedy = await world.post(bob, "No", in_reply_to_id=plain.id, reach=Reach.PUBLIC)
    modest = await world.post(bob, "Well", in_reply_to_id=root.id, reach=Reach.NODE)

    assert [one.audience.reach for one in (plain, greedy, modest)] == [
        Reach.ORGANISATION,
        Reach.ORGANISATION,
        Reach.NODE,
    ]
    assert {one.thread_id for one in (plain, greedy, modest)} == {root.id}
    assert (await statuses.get_view(world.node, anna.id, root.id)).status.replies_count == 2


async def test_reply_to_what_one_cannot_see_is_not_found(world: World) -> None:
    """Invisible and absent answer alike."""
    anna, bob = await world.member("anna"), await world.member("bob")
    secret = await world.post(anna, "Mine", visibility=Visibility.DIRECT)

    for missing in (secret.id, StatusId(1)):
        with pytest.raises(NotFound, match="does not appear to exist"):
            await world.post(bob, "What?", in_reply_to_id=missing)


async def test_mention_outside_the_reach_is_refused(make_world: MakeWorld) -> None:
    """Naming somebody whom the status may not reach is an error, not a leak and not silence."""
    world = await make_world(federation_mode="partners", default_reach="organisation")
    anna = await world.member("anna")
    await world.peer("acme.example", Tier.PARTNER)
    await world.peer("sales.example", Tier.SIBLING)
    await world.remote("carl", "acme.example")
    await world.remote("sven", "sales.example")
    await world.remote("eve", "open.example")

    await world.post(anna, "@sven@sales.example hello")
    await world.post(anna, "@carl@acme.example hello", visibility=Visibility.DIRECT)
    await world.post(anna, "@carl@acme.example hello", reach=Reach.PARTNERS)
    with pytest.raises(Invalid, match="outside the reach"):
        await world.post(anna, "@carl@acme.example hello")
    with pytest.raises(Invalid, match=r"open\.example"):
        await world.post(anna, "@eve@open.example hello", visibility=Visibility.DIRECT)

    assert (await world.account(anna)).statuses_count == 2


async def test_unknown_handles_stay_text_and_known_ones_are_links(world: World) -> None:
    """A handle is looked up here, then elsewhere; what nobody answers for is just text."""
    anna, bob = await world.member("anna"), await world.member("bob")
    dora = await world.remote("dora", "there.example")

    status = await world.post(anna, "@bob @BOB@here.example @dora@there.example @nobody@void.example")

    view = await statuses.get_view(world.node, anna.id, status.id)
    assert {mention.account_id for mention in view.mentions} == {bob.id, dora.id}
    assert view.status.content.endswith(" @nobody@void.example</p>")
    [told] = (await notifications.list_notifications(world.node, bob.id, PAGE)).items
    assert told.status == await statuses.get_view(world.node, bob.id, status.id)


async def test_edit_keeps_every_version(world: World) -> None:
    """Each earlier version can be read; an edit that changes nothing is none; others' statuses cannot be edited."""
    anna, bob = await world.member("anna"), await world.member("bob")
    status = await world.post(anna, "One")

    await statuses.edit_status(world.node, anna, status.id, StatusChange(text="Two @bob"))
    same = await statuses.edit_status(world.node, anna, status.id, StatusChange(text="Two @bob"))
    last = await statuses.edit_status(world.node, anna, status.id, StatusChange(text="Three", spoiler_text="CW"))
    with pytest.raises(NotFound):
        await statuses.edit_status(world.node, bob, status.id, StatusChange(text="Mine now"))

    versions = await statuses.list_edits(world.node, bob.id, status.id)
    assert [one.text for one in versions] == ["One", "Two @bob", "Three"]
    assert [one.created_at for one in versions] == [status.created_at, same.edited_at, last.edited_at]
    assert last.sensitive
    assert len(of_kind(await world.jobs(), DistributeEdit)) == 2


async def test_what_was_taken_out_of_a_text_is_not_put_back_by_another_edit(world: World) -> None:
    """While one edit looks for whom a text names, another changes the text: what the first leaves alone stays so."""
    anna = await world.member("anna")
    status = await world.post(anna, "The code is 4711 @nobody@void.example")

    class Slow(OtherServers):
        @override
        async def account(self, node: Node, name: str) -> Account:
            if "4711" in (await node.read(stored_statuses.get, status.id)).text:
                await statuses.edit_status(node, anna, status.id, StatusChange(text="The code is secret"))
            raise NotFound

    warned = await statuses.edit_status(
        replace(world.node, resolver=Slow()), anna, status.id, StatusChange(spoiler_text="Codes")
    )

    assert (warned.spoiler_text, warned.text) == ("Codes", "The code is secret")
    assert "4711" not in (await statuses.get_view(world.node, anna.id, status.id)).status.content


async def test_a_status_that_changes_for_ever_keeps_a_bounded_history(world: World) -> None:
    """The first version stays, and the latest as far as their number and their length go, whoever wrote them."""
    anna = await world.member("anna")
    dora = await world.remote("dora", "there.example")
    await world.follow(anna, dora)
    often = await world.post(anna, "Version 0")
    long = await statuses.receive_status(world.node, note(dora, 1, content="<p>Version 0</p>"))
    assert long is not None

    def change_often(conn: Connection) -> None:
        for number in range(edits.VERSIONS_MAX + 20):
            version = replace(often, content=f"<p>Version {number}</p>")
            keep_version(conn, world.node.ids, version, (), None)

    await world.node.write(change_often)
    words = "word " * (edits.CHARACTERS_MAX // 20 // 5)
    for minute in range(30):
        at = long.created_at + timedelta(minutes=minute + 1)
        world.clock.moment += timedelta(minutes=1)
        await statuses.receive_edit(world.node, note(dora, 1, content=f"<p>{words}{minute}</p>", edited_at=at))

    of_number = await statuses.list_edits(world.node, anna.id, often.id)
    of_length = await statuses.list_edits(world.node, anna.id, long.id)
    rows = sa.select(sa.func.count()).select_from(status_edits)
    kept = await world.node.read(lambda conn: conn.execute(rows).scalar_one())
    assert [of_number[0].content, of_number[1].content] == ["<p>Version 0</p>", "<p>Version 21</p>"]
    assert of_number[-2].content == f"<p>Version {edits.VERSIONS_MAX + 19}</p>"
    assert len(of_number) == edits.VERSIONS_MAX + 1
    assert of_length[0].content == "<p>Version 0</p>"
    assert [one.content.removesuffix("</p>")[-2:] for one in of_length[-3:]] == ["27", "28", "29"]
    assert 15 < len(of_length) < 25
    assert kept == len(of_number) + len(of_length) - 2


async def test_boosters_hear_of_an_edit_once(world: World) -> None:
    """However often the job runs, one notification of the last edit."""
    anna, bob = await world.member("anna"), await world.member("bob")
    dora = await world.remote("dora", "there.example")
    await world.follow(bob, dora)
    received = await statuses.receive_status(world.node, note(dora, 1, "One"))
    assert received is not None
    await interactions.reblog(world.node, bob, received.id)
    for minute, text in ((5, "Two"), (6, "Three")):
        edited_at = received.created_at + timedelta(minutes=minute)
        assert await statuses.receive_edit(world.node, note(dora, 1, text, edited_at=edited_at)) is not None
        for _ in range(2):
            await retelling.distribute_edit_locally(world.node, received.id, edited_at)

    told = (await notifications.list_notifications(world.node, bob.id, PAGE)).items
    assert [one.notification.type for one in told] == ["update"]
    assert await statuses.receive_edit(world.node, note(dora, 1, "Old", edited_at=received.created_at)) is None
    assert await statuses.receive_edit(world.node, note(dora, 9, "New")) is None
    assert (await statuses.get_view(world.node, anna.id, received.id)).status.content == "<p>Three</p>"


async def test_deleted_status_is_gone_everywhere(world: World) -> None:
    """Its row, boosts, counts and timeline rows go; the servers that had it are told; it cannot come back."""
    anna, bob = await world.member("anna"), await world.member("bob")
    dora = await world.remote("dora", "there.example")
    await world.follow(dora, anna)
    await world.follow(bob, anna)
    root = await world.post(anna, "Root")
    reply = await world.post(bob, "Reply", in_reply_to_id=root.id)
    await interactions.reblog(world.node, bob, root.id)
    assert await fanout.remote_inboxes(world.node, root) == ("https://there.example/inbox",)
    await world.jobs()
    with pytest.raises(NotFound):
        await statuses.delete_status(world.node, bob, root.id)

    gone = await statuses.delete_status(world.node, anna, root.id)

    assert gone.status.text == "Root"
    assert [view.status.id for view in await timelines.home(world.node, bob.id, PAGE)] == [reply.id]
    assert ((await world.account(anna)).statuses_count, (await world.account(bob)).statuses_count) == (0, 1)
    [job] = of_kind(await world.jobs(), DistributeDelete)
    assert (job.uri, job.inboxes) == (root.uri, ("https://there.example/inbox",))
    assert (await statuses.get_view(world.node, bob.id, reply.id)).status.in_reply_to_id is None
    with pytest.raises(NotFound):
        await statuses.get_view(world.node, anna.id, root.id)


async def test_received_twice_at_once_is_received_once(world: World) -> None:
    """One row, one count, one notification, whatever arrives in parallel and however often it is distributed."""
    anna = await world.member("anna")
    dora = await world.remote("dora", "there.example")
    remote = note(dora, 1, mentions=(anna,), tags=(Tag(name="news", display_name="News"),))

    received = await asyncio.gather(*(statuses.receive_status(world.node, remote) for _ in range(6)))
    status = received[0]
    assert status is not None
    for _ in range(3):
        await world.distribute(status)

    assert {one.id for one in received if one} == {status.id}
    assert (await world.account(dora)).statuses_count == 1
    assert len((await notifications.list_notifications(world.node, anna.id, PAGE)).items) == 1


async def test_only_what_concerns_somebody_is_kept(world: World) -> None:
    """A stranger's status is ignored; a follower, a mention or a known thread makes it wanted."""
    anna = await world.member("anna")
    dora = await world.remote("dora", "there.example")
    root = await world.post(anna, "Root")
    direct = Audience(reach=Reach.PUBLIC, visibility=Visibility.DIRECT)
    private = Audience(reach=Reach.PUBLIC, visibility=Visibility.PRIVATE)

    assert await statuses.receive_status(world.node, note(dora, 1)) is None
    assert await statuses.receive_status(world.node, note(dora, 2, mentions=(anna,))) is not None
    assert await statuses.receive_status(world.node, note(dora, 3, in_reply_to_uri=root.uri)) is not None
    assert await statuses.receive_status(world.node, note(dora, 4, in_reply_to_uri=root.uri, audience=direct)) is None
    assert await statuses.receive_status(world.node, note(dora, 5, audience=private)) is None
    await world.follow(anna, dora)
    assert await statuses.receive_status(world.node, note(dora, 6)) is not None
    assert await statuses.receive_status(world.node, note(dora, 7, audience=private)) is not None
    assert await statuses.receive_status(world.node, note(dora, 8, audience=direct)) is None


async def test_deletion_that_came_first_wins(world: World) -> None:
    """A Delete before its Create, and a Create after its Delete, leave nothing; nobody deletes for others (S5)."""
    anna = await world.member("anna")
    dora, eve = await world.remote("dora", "there.example"), await world.remote("eve", "evil.example")
    await world.follow(anna, dora)
    kept = await statuses.receive_status(world.node, note(dora, 1))
    assert kept is not None

    assert not await statuses.receive_delete(world.node, eve, kept.uri)
    assert not await statuses.receive_delete(world.node, eve, f"{dora.uri}/statuses/2")
    assert not await statuses.receive_delete(world.node, dora, f"{dora.uri}/statuses/3")

    assert await statuses.find_by_uri(world.node, kept.uri) == kept
    assert await statuses.receive_status(world.node, note(dora, 2)) is not None
    assert await statuses.receive_status(world.node, note(dora, 3)) is None
    assert await statuses.receive_delete(world.node, dora, kept.uri)
    assert await statuses.record_fetched(world.node, note(dora, 1)) is None


async def test_future_does_not_stick_to_the_top(world: World) -> None:
    """S14: a status from the future is from now; one that arrives late sorts where it belongs."""
    anna = await world.member("anna")
    dora = await world.remote("dora", "there.example")
    await world.follow(anna, dora)
    now = world.clock()

    future = await statuses.receive_status(world.node, note(dora, 1, created_at=now + timedelta(days=9)))
    late = await statuses.receive_status(world.node, note(dora, 2, created_at=now - timedelta(days=9)))
    newest = await world.post(anna, "Newest")

    assert future is not None
    assert late is not None
    assert late.id < future.id < newest.id
    assert future.created_at < newest.created_at


async def test_reply_waits_for_what_it_answers(world: World) -> None:
    """A reply that came first joins the thread when its parent comes, clamped to it, and then reaches followers."""
    anna, bob = await world.member("anna"), await world.member("bob")
    dora = await world.remote("dora", "there.example")
    for follower in (anna, bob):
        await world.follow(follower, dora)
    reply = await statuses.receive_status(world.node, note(dora, 2, in_reply_to_uri=f"{dora.uri}/statuses/1"))
    assert reply is not None
    await world.distribute(reply)
    assert await timelines.home(world.node, anna.id, PAGE) == []
    assert of_kind(await world.jobs(), ResolveThread) == [ResolveThread(status_id=reply.id, peer="there.example")]
    limited = Audience(reach=Reach.ORGANISATION, visibility=Visibility.PUBLIC)
    aside = await world.post(bob, "Of something else")

    parent = await statuses.record_fetched(world.node, note(dora, 1, audience=limited))

    assert parent is not None
    for job in of_kind(await world.jobs(), DistributeStatus):
        await fanout.distribute_locally(world.node, job.status_id, None)
    context = await statuses.get_context(world.node, anna.id, parent.id)
    [adopted] = context.descendants
    assert adopted.status.thread_id == parent.id
    assert adopted.status.audience.reach is Reach.ORGANISATION
    assert adopted.status.reach_domain == "there.example"
    assert {view.status.id for view in await timelines.home(world.node, anna.id, PAGE)} == {parent.id, reply.id}
    assert (await statuses.get_view(world.node, bob.id, parent.id)).status.replies_count == 1
    assert (await statuses.get_view(world.node, None, aside.id)).status.audience == aside.audience


async def test_foreign_reply_is_clamped_to_our_thread(world: World) -> None:
    """A reply made public elsewhere is not public here when its thread is not."""
    anna = await world.member("anna")
    await world.peer("there.example", Tier.SIBLING)
    dora = await world.remote("dora", "there.example")
    root = await world.post(anna, "Inside", reach=Reach.ORGANISATION)

    reply = await statuses.receive_status(world.node, note(dora, 1, in_reply_to_uri=root.uri))

    assert reply is not None
    assert reply.audience == Audience(reach=Reach.ORGANISATION, visibility=Visibility.PUBLIC)
    assert reply.reach_domain is None
    with pytest.raises(NotFound):
        await statuses.get_view(world.node, None, reply.id)


async def test_suspended_author_is_silent(world: World) -> None:
    """S50: nothing new is taken in, and what is here is shown no more."""
    anna = await world.member("anna")
    dora = await world.remote("dora", "there.example")
    await world.follow(anna, dora)
    old = await statuses.receive_status(world.node, note(dora, 1))
    assert old is not None
    await world.distribute(old)

    await world.node.write(accounts.set_standing, dora.id, suspended_at=world.clock())

    assert await statuses.receive_status(world.node, note(dora, 2)) is None
    assert await statuses.record_fetched(world.node, note(dora, 3)) is None
    assert await timelines.home(world.node, anna.id, PAGE) == []
    assert await timelines.public(world.node, anna.id, PAGE) == []


async def test_thread_is_read_in_order(world: World) -> None:
    """Ancestors from the root down; each answer followed by its own answers; what one may not see is left out."""
    anna, bob = await world.member("anna"), await world.member("bob")
    root = await world.post(anna, "Root")
    one = await world.post(bob, "One", in_reply_to_id=root.id)
    two = await world.post(bob, "Two", in_reply_to_id=root.id)
    below = await world.post(anna, "Below one", in_reply_to_id=one.id)
    secret = await world.post(anna, "Psst", in_reply_to_id=one.id, visibility=Visibility.DIRECT)

    whole = await statuses.get_context(world.node, anna.id, root.id)
    of_bob = await statuses.get_context(world.node, bob.id, root.id)
    leaf = await statuses.get_context(world.node, None, below.id)

    assert [view.status.id for view in whole.descendants] == [one.id, below.id, secret.id, two.id]
    assert [view.status.id for view in of_bob.descendants] == [one.id, below.id, two.id]
    assert [view.status.id for view in leaf.ancestors] == [root.id, one.id]


async def test_remote_files_are_replaced_by_an_edit(world: World) -> None:
    """After an edit a remote status shows the files it now has, and the earlier version those it had."""
    anna = await world.member("anna")
    dora = await world.remote("dora", "there.example")
    await world.follow(anna, dora)
    first = RemoteMedia(url="https://there.example/a.png", content_type="image/png", width=3, height=2)
    second = RemoteMedia(url="https://there.example/b.mp4", content_type="video/mp4", description="A film")
    status = await statuses.receive_status(world.node, note(dora, 1, media=(first,)))
    assert status is not None

    await statuses.receive_edit(
        world.node, note(dora, 1, media=(second,), edited_at=status.created_at + timedelta(minutes=1))
    )

    view = await statuses.get_view(world.node, anna.id, status.id)
    before, after = await statuses.list_edits(world.node, anna.id, status.id)
    assert [(one.remote_url, one.type) for one in view.media] == [(second.url, "video")]
    assert [one.remote_url for one in before.media] == [first.url]
    assert after.media == view.media
    media_only = await timelines.public(world.node, anna.id, PageQuery(limit=5), media_only=True)
    assert [one.status.id for one in media_only] == [status.id]


async def test_a_thread_longer_than_a_statement_is_shown_whole(world: World) -> None:
    """What is asked in several pieces is put together again: every answer, its hashtag, and what the viewer did."""
    anna, bob = await world.member("anna"), await world.member("bob")
    root = await world.post(anna, "Root")
    number = 1100
    answers = [
        replace(
            root,
            id=StatusId(world.node.ids.next()),
            uri=f"{root.uri}/{place}",
            text=f"Answer {place}",
            in_reply_to_id=root.id,
            in_reply_to_uri=root.uri,
        )
        for place in range(number)
    ]

    def record(conn: Connection) -> None:
        for answer in answers:
            stored_statuses.insert(conn, answer, is_local=True)
            tags.link(conn, world.node.ids, world.clock(), answer, [Tag(name="long", display_name="Long")])

    await world.node.write(record)
    liked = [answers[place].id for place in (0, 499, 500, 1099)]
    for one in liked:
        await interactions.favourite(world.node, bob, one)

    context = await statuses.get_context(world.node, bob.id, root.id)

    assert [view.status.text for view in context.descendants] == [f"Answer {place}" for place in range(number)]
    assert all([tag.name for tag in view.tags] == ["long"] for view in context.descendants)
    marked = [view.status.id for view in context.descendants if view.viewer is not None and view.viewer.favourited]
    assert marked == liked


async def test_a_thread_of_long_answers_has_an_end(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Four thousand answers of 200,000 characters would be an answer of 800 megabytes: it ends before that."""
    anna = await world.member("anna")
    root = await world.post(anna, "Root")
    answers = [await world.post(anna, f"Answer {number}", in_reply_to_id=root.id) for number in range(6)]
    monkeypatch.setattr(reading, "_PIECE", 2)
    monkeypatch.setattr(reading, "THREAD_CHARACTERS_MAX", len(root.content) + 3 * len(answers[0].content))

    context = await statuses.get_context(world.node, anna.id, root.id)

    assert [view.status.id for view in context.descendants] == [one.id for one in answers[:4]]


async def test_the_way_to_the_root_of_a_long_thread_is_short(world: World) -> None:
    """Who answers whom is walked once: four thousand answers to answers took eight million comparisons."""
    compared = 0

    class Counted(int):
        @override
        def __eq__(self, other: object) -> bool:
            nonlocal compared
            compared += 1
            return int(self) == other

        __hash__ = int.__hash__

    anna = await world.member("anna")
    leaf = replace(await world.post(anna, "Leaf"), in_reply_to_id=StatusId(Counted(2000)))
    parents = {StatusId(Counted(number)): StatusId(Counted(number - 1)) for number in range(1, 2001)}

    found = reading._ancestors(leaf, dict(parents))

    assert [int(one) for one in found] == [*range(1, 2001)]
    assert compared < 20_000
