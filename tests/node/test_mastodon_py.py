"""The walk of a real client library, Mastodon.py, through one node over real HTTP."""

import asyncio
import queue
import re
from datetime import timedelta
from typing import Any

import httpx
import mastodon
import pytest
from mastodon import Mastodon, StreamListener
from typing_extensions import override

from fedorg.domain.oauth import OUT_OF_BAND
from tests.node.serving import PASSWORD, Member
from tests.node.talking import WAIT_SECONDS, WorkingServer, picture

SCOPES = ["read", "write", "follow"]


class Heard(StreamListener):
    """What came over the stream, in order."""

    def __init__(self) -> None:
        self.events: queue.Queue[tuple[str, Any]] = queue.Queue()

    @override
    def on_update(self, status: Any) -> None:
        self.events.put(("update", status))

    @override
    def on_notification(self, notification: Any) -> None:
        self.events.put(("notification", notification))

    @override
    def on_delete(self, status_id: Any) -> None:
        self.events.put(("delete", status_id))


async def signed_in(working: WorkingServer, username: str) -> Mastodon:
    """A client of somebody who signed in and consented on the node's pages."""
    url = working.server.url
    client_id, client_secret = await asyncio.to_thread(
        Mastodon.create_app, "Mastodon.py", scopes=SCOPES, redirect_uris=OUT_OF_BAND, api_base_url=url
    )
    client = Mastodon(client_id=client_id, client_secret=client_secret, api_base_url=url, request_timeout=30)
    wanted = await asyncio.to_thread(client.auth_request_url, scopes=SCOPES, redirect_uris=OUT_OF_BAND, allow_http=True)
    code = await consent(working, wanted, username)
    await asyncio.to_thread(client.log_in, code=code, scopes=SCOPES, redirect_uri=OUT_OF_BAND, allow_http=True)
    return client


async def consent(working: WorkingServer, wanted: str, username: str) -> str:
    """Sign in and press Allow as people do; the code on the page."""
    browser = await working.server.browser()
    target = httpx.URL(wanted)
    path = f"{target.path}?{target.query.decode()}"
    answer = await browser.sign_in(username, PASSWORD, then=path)
    assert answer.status_code == 303, answer.text
    page = await browser.open(answer.headers["Location"])
    allowed = await browser.submit(page, "/oauth/authorize", decision="allow")
    last = await browser.open(allowed.headers["Location"])
    code = re.search(r'<code id="code"[^>]*>([^<]+)<', last.text)
    assert code, last.text
    return code[1]


async def test_mastodon_py_walks_through_the_node(working: WorkingServer) -> None:
    """What people do every day works for a library that knows nothing of fedorg."""
    people = [await working.person(name) for name in ("anna", "bert")]
    anna, bert = [await signed_in(working, member.user.username) for member in people]

    await asyncio.to_thread(_walk, anna, bert, people)
    await working.settle()
    await asyncio.to_thread(_look_back, anna, bert)


async def test_mastodon_py_asks_and_votes(working: WorkingServer) -> None:
    """A poll as the library makes it, votes in it, and reads it; what is refused comes as its exception."""
    for name in ("anna", "bert"):
        await working.person(name)
    anna, bert = [await signed_in(working, name) for name in ("anna", "bert")]

    await asyncio.to_thread(_ask_and_vote, anna, bert)


def _ask_and_vote(anna: Mastodon, bert: Mastodon) -> None:
    asked = anna.status_post("Which?", poll=anna.make_poll(["Tea", "Coffee"], expires_in=600, multiple=True))
    assert bert.poll_vote(asked.poll.id, [1]).own_votes == [1]
    with pytest.raises(mastodon.MastodonAPIError, match="already voted"):
        bert.poll_vote(asked.poll.id, 1)
    seen = anna.poll(asked.poll.id)
    assert ([option.votes_count for option in seen.options], seen.voters_count) == ([0, 1], 1)
    assert seen.expires_at - asked.created_at == timedelta(seconds=600)


def _walk(anna: Mastodon, bert: Mastodon, people: list[Member]) -> None:
    assert anna.account_verify_credentials().acct == "anna"
    assert bert.account_follow(people[0].id).following
    media = anna.media_post(picture(), mime_type="image/png", description="A red field", focus=(0.5, -0.5))
    assert media.description == "A red field"
    media = anna.media_update(media, description="A field of red")
    made = anna.status_post("Hello #fediverse", media_ids=[media], visibility="public", language="en")
    assert made.media_attachments[0].meta.focus.x == 0.5
    assert made.media_attachments[0].description == "A field of red"
    answer = bert.status_reply(made, "Welcome")
    assert answer.in_reply_to_id == made.id
    assert [status.id for status in anna.status_context(made).descendants] == [answer.id]
    edited = bert.status_update(answer, "Welcome here")
    assert edited.edited_at is not None
    assert [version.content for version in anna.status_history(answer)] == [answer.content, edited.content]
    assert bert.status_favourite(made).favourited
    assert bert.status_bookmark(made).bookmarked
    assert bert.status_reblog(made).reblog.id == made.id
    assert [status.id for status in bert.bookmarks()] == [made.id]
    assert [status.id for status in bert.favourites()] == [made.id]
    assert [account.id for account in anna.status_favourited_by(made)] == [bert.me().id]
    assert bert.status_unreblog(made).reblogged is False
    gone = bert.status_post("A mistake")
    bert.status_delete(gone)
    assert [status.id for status in anna.account_statuses(bert.me())] == [answer.id]
    assert anna.status(made.id).replies_count == 1


def _look_back(anna: Mastodon, bert: Mastodon) -> None:
    made = bert.timeline_home()[-1]
    assert made.account.acct == "anna"
    assert made.created_at.utcoffset() == timedelta(0)
    assert [status.id for status in bert.timeline_hashtag("fediverse")] == [made.id]
    kinds = {notification.type for notification in anna.notifications()}
    assert {"mention", "favourite", "follow"} <= kinds
    newest = anna.notifications()[0]
    anna.markers_set(["notifications"], [newest.id])
    assert anna.markers_get(["notifications"]).notifications.last_read_id == str(newest.id)
    assert anna.notifications_unread_count().get("count") == 0
    found = bert.search("ann", result_type="accounts")
    assert [account.acct for account in found.accounts] == ["anna"]
    assert [tag.name for tag in bert.search("#fediverse").hashtags] == ["fediverse"]
    anna.notifications_clear()
    assert anna.notifications() == []
    first = bert.timeline_home(limit=1)
    assert [status.id for status in bert.fetch_next(first) or ()] == [made.id]
    with pytest.raises(mastodon.MastodonNotFoundError, match="Record not found"):
        anna.status(1)


async def test_mastodon_py_hears_its_stream(working: WorkingServer) -> None:
    """``stream_user`` brings an update, a notification and a deletion as they happen."""
    people = [await working.person(name) for name in ("anna", "bert")]
    anna, bert = [await signed_in(working, member.user.username) for member in people]
    heard = Heard()

    def walk() -> None:
        bert.account_follow(people[0].id)
        stream = bert.stream_user(heard, run_async=True)
        try:
            made = anna.status_post("Now")
            kind, told = heard.events.get(timeout=WAIT_SECONDS)
            # Only to its author does a status say whether it is pinned.
            assert (kind, told) == ("update", {name: value for name, value in made.items() if name != "pinned"})
            anna.status_favourite(bert.status_post("Mine"))
            kinds = [heard.events.get(timeout=WAIT_SECONDS) for _ in range(2)]
            assert [kind for kind, _ in kinds] == ["update", "notification"]
            assert kinds[1][1].type == "favourite"
            anna.status_delete(made)
            kind, deleted = heard.events.get(timeout=WAIT_SECONDS)
            assert (kind, str(deleted)) == ("delete", str(made.id))
        finally:
            stream.close()

    await asyncio.to_thread(walk)
