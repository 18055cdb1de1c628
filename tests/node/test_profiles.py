"""Pages of people and their statuses: what a browser sees is what the API would tell the same person."""

import re
from datetime import UTC, datetime
from itertools import pairwise
from typing import Final

import httpx
import pytest
from sqlalchemy import Connection

from fedorg.domain.accounts import Account, AccountKey, ActorType, KeyAlgorithm
from fedorg.errors import Invalid, NotFound
from fedorg.ids import AccountId
from fedorg.services import accounts, departures
from fedorg.store import tables
from fedorg.store.upsert import insert_ignore
from tests.node.crowding import repeat
from tests.node.serving import Member, NodeServer
from tests.node.talking import picture, run_jobs, upload

HTML: Final = {"Accept": "text/html"}
NARROW: Final = ("node", "organisation", "partners")


async def post(member: Member, text: str, **fields: str) -> dict[str, str]:
    answer = await member.api.post("/api/v1/statuses", data={"status": text} | fields)
    assert answer.status_code == 200, answer.text
    entity: dict[str, str] = answer.json()
    return entity


def _mark_as_sensitive(conn: Connection, account_id: AccountId, now: datetime) -> None:
    conn.execute(tables.accounts.update().where(tables.accounts.c.id == account_id).values(sensitized_at=now))


def _picture_elsewhere(conn: Connection, account_id: AccountId) -> None:
    elsewhere = "https://elsewhere.example/face.png"
    change = tables.accounts.update().where(tables.accounts.c.id == account_id)
    conn.execute(change.values(avatar=elsewhere, avatar_static=elsewhere))


def _hang_on_each_other(conn: Connection, chain: list[int]) -> None:
    own = tables.statuses
    for above, below in pairwise(chain):
        conn.execute(own.update().where(own.c.id == below).values(in_reply_to_id=above))


async def test_a_profile_shows_strangers_only_what_is_public(node_server: NodeServer) -> None:
    """S59: neither a direct, a private nor a node-only status is on a page that everybody may open."""
    anna, bert = await node_server.person("anna"), await node_server.person("bert")
    await post(anna, "For everybody <script>")
    for text, fields in (
        ("For followers", {"visibility": "private"}),
        ("For @bert", {"visibility": "direct"}),
        ("For this node", {"visibility": "public", "reach": "node"}),
    ):
        hidden = await post(anna, text, **fields)
        assert (await node_server.anonymous.get(f"/@anna/{hidden['id']}")).status_code == 404, text
    browser = await node_server.browser()

    stranger = await browser.open("/@anna")
    await browser.sign_in("bert")
    member = await browser.open("/@anna")

    assert stranger.status_code == 200
    assert "For everybody &lt;script&gt;" in stranger.text
    assert "<script" not in stranger.text
    for text in ("For followers", "For this node", ">@bert<"):
        assert text not in stranger.text, text
    assert "For this node" in member.text
    assert "For followers" not in member.text
    assert bert.user.username == "bert"


async def test_a_post_shows_the_face_of_who_wrote_it(node_server: NodeServer) -> None:
    """One that lies here: a page sends nobody's browser to another server."""
    anna = await node_server.person("anna")
    status = await post(anna, "Cake!")
    path = f"/@anna/{status['id']}"
    faces = re.compile(r'<img class="face" src="([^"]+)"')

    async def face() -> list[str]:
        return faces.findall((await node_server.anonymous.get(path, headers=HTML)).text)

    without = await face()
    answer = await anna.api.patch(
        "/api/v1/accounts/update_credentials", files={"avatar": ("picture.png", picture("blue"), "image/png")}
    )
    of_anna = await face()
    await node_server.node.write(_picture_elsewhere, AccountId(int(anna.id)))

    assert answer.json()["avatar"] == of_anna[0] != without[0]
    assert await face() == without


async def test_a_poll_is_shown_with_its_numbers_unless_they_are_hidden(node_server: NodeServer) -> None:
    """Options are text, whatever stands in them; how an option stands is told where the API would tell it."""
    anna, bert = await node_server.person("anna"), await node_server.person("bert")
    terms = {"poll[options][]": ["<b>Tea", "Coffee"], "poll[expires_in]": "600"}
    browser = await node_server.browser()
    pages = []
    for hidden in ("false", "true"):
        asked = {"status": "Which?", **terms, "poll[hide_totals]": hidden}
        made = (await anna.api.post("/api/v1/statuses", data=asked)).json()
        await bert.api.post(f"/api/v1/polls/{made['poll']['id']}/votes", data={"choices[]": "0"})
        pages.append(" ".join((await browser.open(f"/@anna/{made['id']}")).text.split()))

    tea = '<bdi lang="en" dir="auto">&lt;b&gt;Tea</bdi>'
    assert f'<li>{tea} <span class="hint">1</span></li>' in pages[0]
    assert f"<li>{tea}</li>" in pages[1]
    assert all("1 vote · ends" in page for page in pages)


async def test_what_is_written_keeps_its_language_and_direction(node_server: NodeServer) -> None:
    """A page reads Arabic from the right, and a program that speaks knows what it reads; titles keep words apart."""
    anna = await node_server.person("anna")
    await anna.api.patch("/api/v1/accounts/update_credentials", data={"display_name": "آنا", "note": "مهندسة!"})
    status = await post(anna, "مرحبا\nبكم", language="ar", spoiler_text="تحذير")
    plain = await post(anna, "One\nTwo")
    browser = await node_server.browser()

    profile = (await browser.open("/@anna")).text
    page = (await browser.open(f"/@anna/{status['id']}")).text

    assert "<h1><bdi>آنا</bdi></h1>" in profile
    assert '<div class="content" dir="auto"><p>مهندسة!</p>' in profile
    assert '<summary lang="ar" dir="auto">تحذير</summary><div class="content" lang="ar" dir="auto">' in page
    assert re.search(r"One\sTwo · Test node</title>", (await browser.open(f"/@anna/{plain['id']}")).text)


async def test_a_profile_leads_to_older_posts_only_while_there_are_some(node_server: NodeServer) -> None:
    """A page that is just full is the last one."""
    anna = await node_server.person("anna")
    await repeat(node_server, await post(anna, "Again"), 19)
    browser = await node_server.browser()

    full = (await browser.open("/@anna")).text
    await post(anna, "More")
    first = (await browser.open("/@anna")).text
    following = re.search(r'href="(\?max_id=\d+)">Older', first)
    assert following is not None
    last = (await browser.open(f"/@anna{following[1]}")).text

    assert [(page.count("<article"), "Older" in page) for page in (full, first, last)] == [
        (20, False),
        (20, True),
        (1, False),
    ]


async def test_sensitive_media_are_folded(node_server: NodeServer) -> None:
    """Behind the warning, or one of their own; those of an account that moderators say it of as well."""
    anna = await node_server.person("anna")
    warned, marked, plain = [
        await post(anna, "Look", **{"media_ids[]": (await upload(anna))["id"]}, **fields)
        for fields in ({"spoiler_text": "Blood", "sensitive": "true"}, {"sensitive": "true"}, {})
    ]

    async def unfolded(status: dict[str, str]) -> list[str]:
        pages = [await node_server.anonymous.get(f"/@anna/{status['id']}{end}", headers=HTML) for end in ("", "/embed")]
        return [re.sub(r"<details>.*?</details>", "", page.text, flags=re.DOTALL) for page in pages]

    assert not any('class="media"' in text for text in [*await unfolded(warned), *await unfolded(marked)])
    assert all('class="media"' in text for text in await unfolded(plain))
    assert "Picture without description" in (await unfolded(plain))[0]
    await node_server.node.write(_mark_as_sensitive, AccountId(int(anna.id)), node_server.clock())
    assert not any('class="media"' in text for text in await unfolded(plain))


async def test_a_page_says_for_whom_something_is(node_server: NodeServer) -> None:
    """What is not for everybody is marked, for its author too."""
    anna = await node_server.person("anna")
    for fields in ({"visibility": "direct"}, {"visibility": "private"}, *({"reach": reach} for reach in NARROW)):
        await post(anna, "Said", **fields)
    await post(anna, "Open")
    browser = await node_server.browser()
    await browser.sign_in("anna")

    marks = re.findall(r'<span class="hint">([^<]*) · <a', (await browser.open("/@anna")).text)

    assert marks == ["for partners", "for the organisation", "for this server", "for followers"]


async def test_what_is_not_there_may_be_for_members(node_server: NodeServer) -> None:
    """Who is not signed in may do so and come back, who is keeps their bar; nobody learns whether there is anything."""
    anna = await node_server.person("anna")
    narrow = await post(anna, "Inside", reach="node")
    browser = await node_server.browser()
    told = [(await browser.open(path)).text for path in (f"/@anna/{narrow['id']}", "/@anna/1", "/nothing/at/all?n=1")]
    await browser.sign_in("anna")
    lost = await browser.open("/nothing/at/all")
    wrong = await browser.open("/auth/sign_out")

    assert f"/auth/sign_in?next=/%40anna/{narrow['id']}" in told[0]
    assert told[0].replace(narrow["id"], "1") == told[1]
    assert "/auth/sign_in?next=/nothing/at/all%3Fn%3D1" in told[2]
    assert (lost.status_code, wrong.status_code) == (404, 405)
    for page in (lost, wrong):
        assert "@anna</a>" in page.text
        assert "/auth/sign_in" not in page.text


async def test_a_hashtag_leads_to_what_was_posted_under_it(node_server: NodeServer) -> None:
    """The page that hashtags in posts link to: strangers see what is for everybody, members what is for them."""
    anna = await node_server.person("anna")
    await node_server.person("bert")
    shown = await post(anna, "Open #Tea_Time")
    await post(anna, "Ours #tea_time", reach="node")
    await post(anna, "Hidden #tea_time", visibility="private")
    link = shown["content"].split('href="')[1].split('"')[0]
    browser = await node_server.browser()

    stranger = await browser.open(link.removeprefix(node_server.url))
    await browser.sign_in("bert")
    member = await browser.open("/tags/TEA_TIME")

    assert [word in stranger.text for word in ("Open", "Ours", "Hidden")] == [True, False, False]
    assert [word in member.text for word in ("Open", "Ours", "Hidden")] == [True, True, False]
    assert "Nothing that you can see" in (await browser.open("/tags/nothing")).text
    assert (await browser.open("/tags/%23%23")).status_code == 404


async def test_a_status_page_shows_the_thread(node_server: NodeServer) -> None:
    """What was answered comes before, the answers after, and a wrong name in the address finds nothing."""
    anna, bert = await node_server.person("anna"), await node_server.person("bert")
    first = await post(anna, "Question")
    answer = await post(bert, "Answer", in_reply_to_id=first["id"])
    browser = await node_server.browser()

    page = await browser.open(f"/@bert/{answer['id']}")
    other = await browser.open(f"/@anna/{first['id']}")

    assert page.text.index("<p>Question") < page.text.index("<p>Answer")
    assert other.text.index("Question") < other.text.index("Answer")
    assert (await browser.open(f"/@anna/{answer['id']}")).status_code == 404


async def test_a_long_thread_is_shown_a_page_at_a_time(node_server: NodeServer) -> None:
    """To members too, for whom four thousand answers kept everybody else waiting; each page says what is left."""
    anna = await node_server.person("anna")
    root = await post(anna, "Question")
    latest = await post(anna, "Answer", in_reply_to_id=root["id"])
    answers = [*reversed(await repeat(node_server, latest, 130))]
    browser = await node_server.browser()
    await browser.sign_in("anna")

    def shown(page: httpx.Response) -> list[int]:
        return [*dict.fromkeys(int(one) for one in re.findall(rf'href="[^"]+/{latest["id"]}/(\d+)"', page.text))]

    pages = [await browser.open(f"/@anna/{root['id']}")]
    while following := re.search(r'href="(\?after=\d+)"', pages[-1].text):
        pages.append(await browser.open(f"/@anna/{root['id']}{following[1]}"))

    assert [shown(page) for page in pages] == [answers[:60], answers[60:120], answers[120:]]
    said = [re.findall(r"(\d+) more answers of this thread are not shown", page.text) for page in pages]
    assert said == [["71"], ["11"], []]


async def test_a_page_says_how_much_is_above_it(node_server: NodeServer) -> None:
    """And leads further up."""
    anna = await node_server.person("anna")
    root = await post(anna, "Question")
    latest = await post(anna, "Answer", in_reply_to_id=root["id"])
    chain = [int(root["id"]), *reversed(await repeat(node_server, latest, 50)), int(latest["id"])]
    await node_server.node.write(_hang_on_each_other, chain)

    page = await (await node_server.browser()).open(f"/@anna/{latest['id']}")

    assert "11 earlier posts of this thread are not shown" in page.text
    assert f'/{latest["id"]}/{chain[11]}">Read from further up</a>' in page.text


async def test_programs_are_sent_from_pages_to_documents(node_server: NodeServer) -> None:
    """An address copied from a browser works in another server's search."""
    anna = await node_server.person("anna")
    status = await post(anna, "Hello")
    accept = {"Accept": "application/activity+json"}

    profile = await node_server.anonymous.get("/@anna", headers=accept)
    page = await node_server.anonymous.get(f"/@anna/{status['id']}", headers=accept)

    assert profile.headers["Location"] == f"{node_server.url}/users/anna"
    assert page.headers["Location"] == status["uri"]


async def test_nobody_has_no_page(node_server: NodeServer) -> None:
    """Unknown names and the node's own actor have no profile."""
    for name in ("nobody", node_server.node.settings.domain):
        assert (await node_server.anonymous.get(f"/@{name}")).status_code == 404, name


async def test_about_says_with_whom_the_node_federates(node_server: NodeServer) -> None:
    """Members and partners read what this node is."""
    page = await (await node_server.browser()).open("/about")

    assert "every server" in page.text
    assert node_server.node.settings.domain in page.text


def remote(number: int, **changes: object) -> tuple[Account, tuple[AccountKey, ...]]:
    uri = f"https://peer.example/users/{number}"
    now = datetime(2026, 11, 23, tzinfo=UTC)
    values: dict[str, object] = {
        "id": AccountId(number),
        "username": "Dora",
        "domain": "peer.example",
        "uri": uri,
        "url": uri,
        "actor_type": ActorType.PERSON,
        "inbox": f"{uri}/inbox",
        "created_at": now,
    }
    account = Account(**values | changes)  # type: ignore[arg-type] # the values above
    key = AccountKey(
        uri=f"{uri}#main-key",
        account_id=account.id,
        algorithm=KeyAlgorithm.RSA,
        public="PEM",
        private=None,
        created_at=now,
    )
    return account, (key,)


async def test_a_remote_account_keeps_its_id_and_counts(node_server: NodeServer) -> None:
    """A second fetch changes the profile, not what this node knows better."""
    anna = await node_server.person("anna")
    account, keys = remote(7, display_name="Dora")
    await accounts.record_remote_account(node_server.node, account, keys)
    await anna.api.post("/api/v1/accounts/7/mute")

    again, keys = remote(7, id=AccountId(8), display_name="Dora D.", followers_count=99)
    known = await accounts.record_remote_account(node_server.node, again, keys)

    assert (known.id, known.display_name, known.followers_count) == (7, "Dora D.", 0)
    assert (await accounts.lookup(node_server.node, "@dora@PEER.example")).id == 7


async def test_a_handle_belongs_to_the_actor_its_server_names_now(node_server: NodeServer) -> None:
    """S7: one handle, one account; the older actor keeps its rows under its identity alone."""
    await accounts.record_remote_account(node_server.node, *remote(7))
    await accounts.record_remote_account(node_server.node, *remote(8))

    assert (await accounts.lookup(node_server.node, "dora@peer.example")).id == 8
    assert (await accounts.get_account(node_server.node, AccountId(7))).uri.endswith("/7")


async def test_what_a_deleted_account_did_is_no_longer_counted(node_server: NodeServer) -> None:
    """Its statuses, favourites, boosts and follows go, and the counts of others stay true."""
    anna, bert = await node_server.person("anna"), await node_server.person("bert")
    status = await post(anna, "Hello")
    await post(bert, "Answer", in_reply_to_id=status["id"])
    for action in ("favourite", "reblog"):
        await bert.api.post(f"/api/v1/statuses/{status['id']}/{action}")
    await bert.api.post(f"/api/v1/accounts/{anna.id}/follow")
    await anna.api.post(f"/api/v1/accounts/{bert.id}/follow")

    def unit(conn: Connection) -> None:
        # As if bert had lived elsewhere: only accounts of peers are removed this way.
        conn.execute(tables.users.delete().where(tables.users.c.id == bert.user.id))
        conn.execute(
            tables.accounts.update().where(tables.accounts.c.id == bert.user.account_id).values(domain="peer.example")
        )

    await node_server.node.write(unit)
    gone = await accounts.get_account(node_server.node, bert.user.account_id)
    async with run_jobs(node_server) as working:
        await departures.remove_remote_account(node_server.node, gone)
        await working.settle()

    left = (await anna.api.get(f"/api/v1/statuses/{status['id']}")).json()
    assert (left["favourites_count"], left["reblogs_count"], left["replies_count"]) == (0, 0, 0)
    own = (await anna.api.get("/api/v1/accounts/verify_credentials")).json()
    assert (own["followers_count"], own["following_count"], own["statuses_count"]) == (0, 0, 1)
    with pytest.raises(NotFound):
        await accounts.get_account(node_server.node, gone.id)


async def test_a_peer_removes_no_account_of_ours(node_server: NodeServer) -> None:
    """S5: a Delete that names a member of this node is refused."""
    anna = await node_server.person("anna")
    account = await accounts.get_account(node_server.node, anna.user.account_id)

    with pytest.raises(Invalid):
        await departures.remove_remote_account(node_server.node, account)


async def test_rows_that_a_unique_key_forbids_are_counted_out(node_server: NodeServer) -> None:
    """Doing a thing twice is doing it once, and the caller learns which it was."""
    rows = [{"uri": f"https://peer.example/{n}", "deleted_at": node_server.node.now()} for n in range(3)]

    def unit(conn: Connection) -> list[int]:
        return [insert_ignore(conn, tables.tombstones, rows[:upto]) for upto in (0, 2, 3, 3)]

    assert await node_server.node.write(unit) == [0, 2, 1, 0]


async def test_a_quote_is_shown_with_what_its_visitor_may_see_of_it(node_server: NodeServer) -> None:
    """A visitor reads what is quoted where that is for everybody, its warning first, and nothing else of it."""
    anna, bert = await node_server.person("anna"), await node_server.person("bert")
    browser = await node_server.browser()
    pages = []
    for text, fields in (
        ("Read <this>", {}),
        ("Under a warning", {"spoiler_text": "Beware"}),
        ("Among us", {"reach": "organisation"}),
    ):
        quoted = await post(anna, text, **fields)
        made = await post(bert, "Look", quoted_status_id=quoted["id"])
        pages.append(await browser.open(f"/@bert/{made['id']}"))
    revoked = await post(anna, "Take this back")
    made = await post(bert, "Look", quoted_status_id=revoked["id"])
    await anna.api.post(f"/api/v1/statuses/{revoked['id']}/quotes/{made['id']}/revoke")
    pages.append(await browser.open(f"/@bert/{made['id']}"))

    assert [page.status_code for page in pages] == [200, 200, 404, 200]
    assert "Read &lt;this&gt;" in pages[0].text
    assert '<summary lang="en" dir="auto">Beware</summary>' in pages[1].text
    assert "What is quoted cannot be shown." in pages[3].text
    assert "Take this back" not in pages[3].text
