"""Attacks by text: markup that would run, links that lie, characters that turn a name around; in by every door."""

import asyncio
import unicodedata
from typing import Any, Final

import pytest

from tests.node.attacks.ground import NUMBERS, ON_BOTH_ENGINES, PUBLIC, Ground, note
from tests.node.attacks.inert import assert_inert, assert_page_inert
from tests.node.attacks.vectors import vectors
from tests.node.fake_peer import FakePeer
from tests.node.talking import refusal, success
from tests.node.test_text_sanitising import VECTORS

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.timeout(180)]

TRICKS: Final = [*vectors(), *VECTORS]
BREAKERS: Final = (
    '"><script>alert(1)</script>',
    "'><img src=x onerror=alert(1)>",
    "</p><svg onload=alert(1)>",
    "\u202egnp.exe",
)


async def put_all(ground: Ground, peer: FakePeer, activities: list[dict[str, Any]]) -> None:
    """Everything is sent, some at a time, and handled."""
    for begin in range(0, len(activities), 8):
        messages = [peer.sign(ground.inbox, one, by="mallory") for one in activities[begin : begin + 8]]
        answers = await asyncio.gather(*(ground.post(message) for message in messages))
        assert {answer.status_code for answer in answers} <= {202, 400}
    await ground.working.settle()


async def everything_by(ground: Ground, uri: str) -> list[dict[str, Any]]:
    """All that an account said, page by page."""
    account = await ground.account(uri)
    assert account is not None
    found: list[dict[str, Any]] = []
    window = {"limit": "40"}
    while page := success(await ground.alice.api.get(f"/api/v1/accounts/{account['id']}/statuses", params=window)):
        found += page
        window["max_id"] = page[-1]["id"]
    return found


async def test_s54_no_trick_in_a_status_leaves_anything_active(ground: Ground, peer: FakePeer) -> None:
    """S54: of every known trick, by every property that holds HTML, only the published allow-list is shown."""
    assert len(TRICKS) > 250
    notes = []
    for number, trick in enumerate(TRICKS):
        kind = ("Note", "Article", "Page", "Question", "Event")[number % 5]
        made = note(peer, "mallory", content=trick, to=[PUBLIC, ground.alice_uri])
        made |= {"type": kind, "name": trick[:500], "summary": trick[:500], "oneOf": [{"name": trick[:200] or "x"}]}
        notes.append(made)
    creates = [peer.activity("Create", peer.actor("mallory"), made, next(NUMBERS)) for made in notes]

    await put_all(ground, peer, creates)

    shown = await everything_by(ground, peer.actor("mallory"))
    for status in shown:
        assert_inert(status["content"])
    assert len(shown) > len(TRICKS) * 0.9


async def test_s54_no_trick_in_an_edit_leaves_anything_active(ground: Ground, peer: FakePeer) -> None:
    """S54: what an edit brings passes the same sanitiser, and so do the versions that are kept."""
    uri = await ground.create(peer)
    for number, trick in enumerate(TRICKS[:40]):
        made = note(peer, "mallory", content=f"{number} {trick}", to=[PUBLIC, ground.alice_uri])
        made |= {"id": uri, "updated": f"2026-02-01T00:{number:02}:00Z"}
        await ground.do(peer, "Update", made)

    status = await ground.status(uri)
    assert status is not None
    history = success(await ground.alice.api.get(f"/api/v1/statuses/{status['id']}/history"))
    assert len(history) > 30
    for version in history:
        assert_inert(version["content"])


async def test_s55_no_trick_in_a_profile_leaves_anything_active(ground: Ground, peer: FakePeer) -> None:
    """S55: biography and fields are HTML and sanitised; names and labels are text, and hold no more than one line."""
    for begin in range(0, len(TRICKS), 8):
        tricks = TRICKS[begin : begin + 8]
        rows = [{"type": "PropertyValue", "name": trick[:200] or "x", "value": trick} for trick in tricks]
        document = peer.documents["/users/mallory"] | {
            "summary": "".join(tricks),
            "name": tricks[0][:200],
            "attachment": rows,
        }
        await put_all(ground, peer, [peer.activity("Update", peer.actor("mallory"), document, next(NUMBERS))])

        account = await ground.account(peer.actor("mallory"))

        assert account is not None
        assert_inert(account["note"])
        for row in account["fields"]:
            assert_inert(row["value"])
            assert "\n" not in row["name"]
        assert "\n" not in account["display_name"]


@ON_BOTH_ENGINES
async def test_s55_what_clients_put_into_html_can_break_none(ground: Ground, peer: FakePeer) -> None:
    """S55: shortcodes and addresses of emojis, hashtags and mentions hold nothing that ends a word or an attribute."""
    picture = {"type": "Image", "url": f"{peer.url}/e.png"}
    tags: list[dict[str, Any]] = [{"type": "Emoji", "name": f":{one}:", "icon": picture} for one in BREAKERS[:-1]]
    tags += [{"type": "Emoji", "name": ":good_one:", "icon": picture}]
    tags += [
        {"type": "Emoji", "name": ":bad:", "icon": {"type": "Image", "url": f"{peer.url}/{one}"}} for one in BREAKERS
    ]
    tags += [{"type": "Hashtag", "name": f"#{one}", "href": f"{peer.url}/t"} for one in BREAKERS]
    tags += [{"type": "Mention", "href": ground.alice_uri, "name": one} for one in BREAKERS]
    attachment = [{"type": "Image", "url": f"{peer.url}/a.png", "name": one, "mediaType": one} for one in BREAKERS]
    attachment += [{"type": "Image", "url": f"javascript:{one}", "name": "x"} for one in BREAKERS]
    peer.documents["/users/mallory"]["tag"] = tags

    status = await ground.status(await ground.create(peer, tag=tags, attachment=attachment))
    await ground.do(peer, "Update", peer.documents["/users/mallory"])
    account = await ground.account(peer.actor("mallory"))

    assert status is not None
    assert account is not None
    for emojis in (status["emojis"], account["emojis"]):
        assert [emoji["shortcode"] for emoji in emojis] == ["good_one"]
    for address in (
        *(tag["url"] for tag in status["tags"]),
        *(file["remote_url"] for file in status["media_attachments"]),
        *(mention["url"] for mention in status["mentions"]),
    ):
        assert address.startswith(("http://", "https://"))
        assert not set("\"'<> ") & set(address)
    for tag in status["tags"]:
        assert tag["name"].replace("_", "").isalnum()


async def test_s54_pages_run_nothing_that_anybody_wrote(ground: Ground, peer: FakePeer) -> None:
    """S54: on pages the tricks of members and of strangers are text, and the policy forbids the rest."""
    alice = ground.alice.api
    for breaker in BREAKERS:
        fields = {"fields_attributes[0][name]": breaker, "fields_attributes[0][value]": f"https://a.example/{breaker}"}
        changed = {"display_name": breaker[:30], "note": breaker, **fields}
        assert (await alice.patch("/api/v1/accounts/update_credentials", data=changed)).status_code == 200
        peer.documents["/users/mallory"] |= {"name": breaker, "summary": breaker}
        await ground.do(peer, "Update", peer.documents["/users/mallory"])
        mine = await ground.posted(f"{breaker} https://a.example/{breaker} #x{breaker} @alice", spoiler_text=breaker)
        await ground.create(peer, content=breaker, summary=breaker, name=breaker, inReplyTo=mine["uri"])
        entity = success(await alice.get(f"/api/v1/statuses/{mine['id']}"))
        assert_inert(entity["content"])
        for path in (
            "/@alice",
            f"/@alice/{mine['id']}",
            f"/@alice/{mine['id']}/embed",
            "/about",
            f"/auth/sign_in?next={breaker}",
        ):
            page = await ground.server.anonymous.get(path, headers={"Accept": "text/html"})
            assert page.status_code == 200, path
            assert_page_inert(page.text, ground.url)
            policy = page.headers["Content-Security-Policy"]
            assert "default-src 'none'" in policy
            assert "unsafe" not in policy
    await alice.patch("/api/v1/accounts/update_credentials", data={"display_name": "Alice", "note": ""})


LYING: Final = (
    ("https://evil.example/", "https://bank.example/"),
    ("https://evil.example/", "bank.example"),
    ("https://evil.example/", "www.bank.example/login"),
    ("https://bank.example.evil.example/", "bank.example"),
    ("https://bank.example@evil.example/", "https://bank.example"),
    ("https://evil.example/#https://bank.example", "https://bank.example"),
    ("https://xn--bnk-sna.example/", "bank.example"),
    ("https://b\u0430nk.example/", "bank.example"),
    ("https://evil.example/", "b<b>an</b>k.example"),
    ("https://evil.example/", "bank\u200b.example"),
    ("https://evil.example/", "\u202eelpmaxe.knab"),
    ("https://evil.example/", '<span class="invisible">evil.example/</span>bank.example'),
    ("https://evil.example/", "https&#58;//bank.example"),
    ("https://evil.example/", "\uff42ank.example"),
)


@pytest.mark.parametrize(("href", "shown"), LYING)
async def test_s13_a_link_shows_where_it_leads(ground: Ground, peer: FakePeer, href: str, shown: str) -> None:
    """S13: whatever its text says, the true host stands in what a reader sees; or there is no link."""
    html = f'<p><a href="{href}">{shown}</a></p>'
    peer.documents["/users/mallory"]["summary"] = html
    status = await ground.status(await ground.create(peer, content=html))
    await ground.do(peer, "Update", peer.documents["/users/mallory"])
    account = await ground.account(peer.actor("mallory"))

    assert status is not None
    assert account is not None
    for seen in (status["content"], account["note"]):
        if "<a " in seen:
            host = href.partition("//")[2].rpartition("@")[2].partition("/")[0]
            ascii_host = host.encode("idna").decode()
            assert host in seen.partition(">")[2].partition(">")[2] or ascii_host in seen.partition("rel=")[2]


NAMES: Final = (
    "user\u202egnp.exe",
    "\u2066x\u2067y",
    "\u202dabc",
    "a\u0000b",
    "a\nb",
    "\u2028x",
    "\u200f\u202b!",
)


def has_override(text: str) -> bool:
    """Whether characters in the text turn others around or are no characters."""
    return any(unicodedata.bidirectional(one) in {"RLO", "LRO", "RLE", "LRE", "RLI", "LRI", "FSI"} for one in text)


@ON_BOTH_ENGINES
async def test_s7_names_cannot_be_turned_around(ground: Ground, peer: FakePeer) -> None:
    """S7: overrides of text direction, line breaks and controls are in no name, label, option or description."""
    for name in NAMES:
        document = peer.documents["/users/mallory"] | {
            "name": f"Boss {name}",
            "attachment": [{"type": "PropertyValue", "name": f"Label {name}", "value": f"Value {name}"}],
        }
        await ground.do(peer, "Update", document)
        account = await ground.account(peer.actor("mallory"))
        assert account is not None
        for text in (account["display_name"], account["fields"][0]["name"]):
            assert not has_override(text), ascii(text)
            assert not any(unicodedata.category(one) in {"Cc", "Zl", "Zp"} for one in text), ascii(text)
        status = await ground.status(await ground.create(peer, type="Question", oneOf=[{"name": f"Yes {name}"}]))
        assert status is not None
        for option in status["poll"]["options"]:
            assert not has_override(option["title"]), ascii(option["title"])


async def test_s7_members_names_cannot_be_turned_around(ground: Ground) -> None:
    """S7: nor in those of members, which others would have to believe."""
    alice = ground.alice.api
    for name in ("user\u202egnp.exe", "\u2066x\u2067y", "\u202dabc", "a\nb", "\u2028x"):
        changed = {"display_name": f"A {name}", "fields_attributes": {"0": {"name": f"L {name}", "value": f"V {name}"}}}
        answer = await alice.patch("/api/v1/accounts/update_credentials", json=changed)
        account = success(answer)
        texts = [account["display_name"], account["fields"][0]["name"], account["source"]["fields"][0]["name"]]
        for text in texts:
            assert not has_override(text), ascii(text)
            assert not any(unicodedata.category(one) in {"Cc", "Zl", "Zp"} for one in text), ascii(text)
    await alice.patch("/api/v1/accounts/update_credentials", data={"display_name": "Alice"})


@pytest.mark.parametrize(
    "username", ["\u202ealice", "al\u200bice", "alice\n", "a" * 300, "a b", "a/b", "a@b", "", "<b>"]
)
async def test_s7_a_username_is_one_word(ground: Ground, peer: FakePeer, username: str) -> None:
    """S7: an actor whose name holds what no name holds is nobody."""
    uri = peer.add_user("wordy")
    peer.documents["/users/wordy"]["preferredUsername"] = username
    peer.handles[f"{username}@{peer.domain}"] = uri

    assert await ground.account(uri) is None
    refused = await ground.server.anonymous.post("/api/v1/accounts", data={"username": username})
    assert refusal(refused, 401)
