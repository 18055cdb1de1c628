"""Attacks by documents: bombs, lies about types and sizes, text that is none. Each is refused or read, in no time.

They come from a peer that signs correctly, into the inbox and out of its own addresses. After each the node works, and
no job is left that tries again.
"""

import gzip
import json
import zlib
from copy import deepcopy
from typing import Any, Final

import pytest

from fedorg.activitypub.notes import MENTIONS_FETCHED_MAX, MENTIONS_MAX, TAGS_MAX
from tests.node.attacks.ground import NUMBERS, ON_BOTH_ENGINES, PUBLIC, Ground, note
from tests.node.attacks.raw import OK, Raw
from tests.node.counting import counted_queries
from tests.node.fake_peer import FakePeer
from tests.node.talking import refusal, success

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.timeout(120)]

# What a property may hold instead of what it should.
ANYTHING: Final[tuple[object, ...]] = (
    None, True, -1, 10**30, "\u0000", "x\ud800y", "a\u0000b", [None, 7, {}], {}, {"id": 7}, {"@value": [{}]},
)  # fmt: skip


def deep(depth: int, opening: str, closing: str) -> str:
    return opening * depth + "1" + closing * depth


def activity(peer: FakePeer, ground: Ground, content: str) -> bytes:
    """A Create whose note holds raw JSON as its content."""
    made = peer.activity("Create", peer.actor("mallory"), note(peer, "mallory", content="@@@"), next(NUMBERS))
    made["to"] = made["object"]["to"] = [PUBLIC, ground.alice_uri]
    return json.dumps(made).replace('"@@@"', content).encode()


BOMBS: Final = {
    "ten thousand lists": deep(10_000, "[", "]"),
    "ten thousand objects": deep(10_000, '{"a":', "}"),
    "lists that never close": "[" * 300_000,
    "objects that never close": '{"a":' * 100_000,
    "fifty thousand keys": "{" + ",".join(f'"k{number}":1' for number in range(50_000)) + "}",
    "one key fifty thousand times": "{" + ",".join(['"k":1'] * 50_000) + "}",
    "three hundred thousand nulls": "[" + ",".join(["null"] * 150_000) + "]",
    "a string that never ends": '"' + "x" * 500_000,
    "nothing but quotes": '"' * 400_000,
    "nothing but backslashes": '"' + "\\" * 400_001 + '"',
    "escapes without end": '"' + "\\u0041" * 100_000 + '"',
    "a number of a million digits": "9" * 900_000,
    "a number beyond numbers": "1e999999999",
    "not a number": "NaN",
    "endless": "Infinity",
    "a half of a pair": '"\\ud800"',
    "both halves, turned": '"\\udc00\\ud800"',
    "nothing at all": '"\\u0000\\u0000"',
    "a comment": '/* x */ "x"',
    "two values": '"x" "y"',
}


@pytest.mark.parametrize("content", BOMBS.values(), ids=list(BOMBS))
async def test_s29_a_json_bomb_is_refused_or_read_in_bounds(ground: Ground, peer: FakePeer, content: str) -> None:
    """S29: depth, keys and numbers are bounded before anything is built, at the door and in what is fetched."""
    body = activity(peer, ground, content)

    answer = await ground.post(peer.sign(ground.inbox, body, by="mallory"))
    assert answer.status_code in (202, 400), answer.text
    served = Raw(OK + b"Connection: close\r\n\r\n", body)
    await ask_once(ground, served)

    await ground.assert_well()


async def ask_once(ground: Ground, raw: Raw) -> None:
    """Let the node fetch what a server says once, and then hangs up; it is nothing."""
    async with raw.once() as url:
        assert await ground.status(f"{url}/notes/1", resolve=True) is None


@pytest.mark.parametrize("encoding", ["gzip", "deflate", "br", "zstd", "gzip, gzip", "x-gzip", "identity, gzip"])
async def test_s29_nothing_is_inflated(ground: Ground, peer: FakePeer, encoding: str) -> None:
    """S29: a few kilobytes that become hundreds of megabytes stay what they are, on the way in and on the way out."""
    bomb = gzip.compress(b" " * 200_000_000, 1) if "gzip" in encoding else zlib.compress(b" " * 200_000_000, 1)
    head = OK + f"Content-Encoding: {encoding}\r\nContent-Length: {len(bomb)}\r\n\r\n".encode()
    message = peer.sign(ground.inbox, bomb, by="mallory").with_headers(content_encoding=encoding)

    await ask_once(ground, Raw(head, bomb))
    await ground.assert_refused(message, 400, 413, 415)


NO_TEXT: Final = {
    "Latin-1": "é".encode("latin-1"),
    "a lone continuation": b"\x80",
    "an overlong slash": b"\xc0\xaf",
    "a surrogate in UTF-8": b"\xed\xa0\x80",
    "beyond Unicode": b"\xf4\x90\x80\x80",
    "cut in the middle": b"\xe2\x82",
    "a control character": b"\x01",
    "a raw NUL": b"\x00",
    "a raw line feed": b"\n",
}


@pytest.mark.parametrize("data", NO_TEXT.values(), ids=list(NO_TEXT))
async def test_s27_what_is_no_text_is_refused(ground: Ground, peer: FakePeer, data: bytes) -> None:
    """S27: bytes that are no UTF-8, or no JSON, are a refusal and no fault."""
    body = activity(peer, ground, '"@"').replace(b'"@"', b'"' + data + b'"')

    await ground.assert_refused(peer.sign(ground.inbox, body, by="mallory"), 400)


@pytest.mark.parametrize("encoding", ["utf-16", "utf-32", "utf-7", "utf-16-be"])
async def test_s27_another_encoding_is_refused(ground: Ground, peer: FakePeer, encoding: str) -> None:
    """S27: JSON is UTF-8; what another reader might take for an activity is none here."""
    text = activity(peer, ground, '"x"').decode().replace("+", " ")
    body = text.encode(encoding) if encoding != "utf-7" else b"+AHs-" + text.encode()

    await ground.assert_refused(peer.sign(ground.inbox, body, by="mallory"), 400)


async def test_s10_a_key_that_stands_twice_has_one_meaning(ground: Ground, peer: FakePeer, third: FakePeer) -> None:
    """S10: of two actors in one document one is meant, at the door and by the handler: the signer, or nobody."""
    victim = third.actor("olga")
    for first, second in ((victim, peer.actor("mallory")), (peer.actor("mallory"), victim)):
        follow = peer.activity("Follow", "@@@", ground.alice_uri, next(NUMBERS))
        body = json.dumps(follow).replace('"@@@"', f'"{first}", "actor": "{second}"').encode()
        answer = await ground.post(peer.sign(ground.inbox, body, by="mallory"))
        assert answer.status_code in (202, 403)
    await ground.working.settle()

    followers = success(await ground.alice.api.get(f"/api/v1/accounts/{ground.alice.id}/followers"))
    assert victim not in [account["uri"] for account in followers]


@ON_BOTH_ENGINES
async def test_s26_long_lists_and_texts_have_an_end(ground: Ground, peer: FakePeer) -> None:
    """S26: whatever a peer multiplies or stretches, what is kept and shown of it is bounded, or the whole refused."""
    stretched: dict[str, Any] = {
        "content": "<p>" + "x" * 250_000,
        "summary": "s" * 15_000,
        "attachment": [{"type": "Document", "url": f"{peer.url}/{n}.png", "name": "n" * 5000} for n in range(100)],
        "tag": [
            *({"type": "Hashtag", "name": f"#t{number}"} for number in range(300)),
            *(
                {"type": "Emoji", "name": f":e{number}:", "icon": {"url": f"{peer.url}/{number}.png"}}
                for number in range(300)
            ),
        ],
        "url": f"{peer.url}/{'u' * 2500}",
        "conversation": "c" * 100_000,
        "contentMap": {f"a{chr(97 + number % 26)}": "m" * 1000 for number in range(26)},
    }

    status = await ground.status(await ground.create(peer, **stretched))

    assert status is not None
    assert len(status["content"]) <= 200_000
    assert len(status["spoiler_text"]) <= 20_000
    assert len(status["media_attachments"]) <= 16
    assert len(status["tags"]) <= 30
    assert len(status["emojis"]) <= 100
    assert len(json.dumps(status)) < 1_000_000
    for key, value in (
        ("to", [f"{peer.url}/u/{number}" for number in range(5000)]),
        ("content", "x" * 300_000),
        ("id", f"{peer.url}/{'i' * 3000}"),
        ("inReplyTo", f"{peer.url}/{'i' * 3000}"),
    ):
        made = note(peer, "mallory", to=[PUBLIC, ground.alice_uri]) | {key: value}
        message = peer.sign(ground.inbox, peer.activity("Create", peer.actor("mallory"), made, 1), by="mallory")
        await ground.assert_refused(message, 400)


@ON_BOTH_ENGINES
async def test_s26_ten_thousand_tags_cost_little(ground: Ground, peer: FakePeer) -> None:
    """S26, S28: so many are refused unread; of thousands few are looked up and asked for, those of this node first."""
    kinds: Final = {
        "Mention": [{"type": "Mention", "href": f"{peer.url}/u/{number}"} for number in range(10_000)],
        "Hashtag": [{"type": "Hashtag", "name": f"#t{number}"} for number in range(10_000)],
    }
    for tags in kinds.values():
        made = note(peer, "mallory", to=[PUBLIC, ground.alice_uri], tag=tags)
        create = peer.activity("Create", peer.actor("mallory"), made, next(NUMBERS))
        await ground.assert_refused(peer.sign(ground.inbox, create, by="mallory"), 400)

    with counted_queries() as of_people:
        crowded = await ground.status(await ground.create(peer, tag=kinds["Mention"][:3_500]))
    with counted_queries() as of_hashtags:
        tagged = await ground.status(await ground.create(peer, tag=kinds["Hashtag"][:3_500]))

    assert sum(path.startswith("/u/") for path in peer.asked) == MENTIONS_FETCHED_MAX
    assert sum("FROM accounts" in one for one in of_people) < MENTIONS_MAX
    assert sum(" tags" in one for one in of_hashtags) <= 5 * TAGS_MAX
    assert crowded is not None
    assert [mention["acct"] for mention in crowded["mentions"]] == ["alice"]
    assert tagged is not None
    assert len(tagged["tags"]) == TAGS_MAX


@ON_BOTH_ENGINES
async def test_s26_a_profile_has_an_end(ground: Ground, peer: FakePeer) -> None:
    """S26: an actor that stretches everything about itself takes some kilobytes here, not a megabyte."""
    peer.add_user("large")
    peer.documents["/users/large"] |= {
        "name": "n" * 2000,
        "summary": "<p>" + "s" * 200_000,
        "attachment": [{"type": "PropertyValue", "name": "f" * 2000, "value": "v" * 8000} for _ in range(50)],
        "tag": [
            {"type": "Emoji", "name": f":e{number}:", "icon": {"url": f"{peer.url}/{'e' * 100}{number}.png"}}
            for number in range(500)
        ],
        "alsoKnownAs": [f"{peer.url}/{number}" for number in range(2000)],
    }

    account = await ground.account(peer.actor("large"))

    assert account is not None
    assert len(json.dumps(account)) < 150_000
    assert len(account["fields"]) <= 20


@ON_BOTH_ENGINES
async def test_s27_nothing_that_a_note_says_is_a_fault(ground: Ground, peer: FakePeer) -> None:
    """S27: each property of a status, in turn, holds each wrong thing: refused or read, and never tried again."""
    whole = note(
        peer,
        "mallory",
        name="x", summary="x", published="2026-01-01T00:00:00Z", updated="2026-01-02T00:00:00Z", sensitive=True,
        inReplyTo=f"{peer.url}/notes/0", url=f"{peer.url}/@m/1", context=f"{peer.url}/c", conversation="tag:x",
        attachment=[], tag=[], replies={}, likes={}, shares={}, contentMap={}, nameMap={}, interactionPolicy={},
        quote=None, reach="public", cc=[], audience=[], image={}, startTime=None, location={}, proof={}, listed=True,
        oneOf=[], anyOf=[], endTime=None, votersCount=1, closed=None, quoteAuthorization=None, contextHistory=None,
    )  # fmt: skip
    for kind in ("Note", "Question"):
        for key in whole:
            for value in ANYTHING:
                made = {**deepcopy(whole), "type": kind, "id": f"{peer.url}/notes/{next(NUMBERS)}", key: value}
                if kind == "Question" and key not in ("oneOf", "anyOf", "endTime", "votersCount", "closed", "to", "id"):
                    continue
                create = peer.activity("Create", peer.actor("mallory"), made, next(NUMBERS))
                create["to"] = [ground.alice_uri]
                answer = await ground.post(peer.sign(ground.inbox, create, by="mallory"))
                assert answer.status_code in (202, 400, 403), (key, value, answer.text)

    await ground.working.settle()
    await ground.assert_well()


@ON_BOTH_ENGINES
async def test_s27_nothing_that_an_actor_says_is_a_fault(ground: Ground, peer: FakePeer) -> None:
    """S27: likewise for each property of an actor, in an Update, which its own server may send."""
    peer.add_user("odd", key_name="mallory")
    extra = ("name", "summary", "icon", "image", "attachment", "tag", "endpoints", "url", "outbox", "following",
             "featured", "featuredTags", "alsoKnownAs", "movedTo", "published", "updated", "manuallyApprovesFollowers",
             "discoverable", "indexable", "memorial", "suspended", "assertionMethod", "attributionDomains",
             "webfinger", "implements", "generator")  # fmt: skip
    document = peer.documents["/users/odd"]
    for key in (*document, *extra):
        for value in ANYTHING:
            if key == "suspended" and value is True:
                continue
            update = peer.activity("Update", peer.actor("odd"), deepcopy(document) | {key: value}, next(NUMBERS))
            answer = await ground.post(peer.sign(ground.inbox, update, by="odd", key_name="mallory"))
            assert answer.status_code in (202, 400, 401, 403), (key, value, answer.text)
            if answer.status_code == 401:
                # It took its own key away; the next question brings it back.
                return_key(ground, peer)

    await ground.working.settle()
    await ground.assert_well()


def return_key(ground: Ground, peer: FakePeer) -> None:
    ground.server.node.asked_keys.pop(f"{peer.actor('odd')}#main-key", None)


@ON_BOTH_ENGINES
async def test_s27_nothing_that_an_activity_says_is_a_fault(ground: Ground, peer: FakePeer) -> None:
    """S27: each kind of activity with each wrong thing for its object, target, result and instrument."""
    kinds = ("Create", "Update", "Delete", "Follow", "Accept", "Reject", "Undo", "Like", "Dislike", "EmojiReact",
             "Announce", "Block", "Flag", "Move", "Add", "Remove", "View", "Listen", "Join", "Leave", "Offer",
             "QuoteRequest", "Arrive", "\u0000", "x" * 5000)  # fmt: skip
    objects = (*ANYTHING, ground.alice_uri, peer.actor("mallory"), {"type": "Note", "id": f"{peer.url}/n"},
               {"type": "Follow", "id": f"{peer.url}/f", "actor": 7}, {"type": ["Note", 7], "id": f"{peer.url}/n"},
               {"type": "Tombstone"}, [f"{peer.url}/1", f"{peer.url}/2"])  # fmt: skip
    for kind in kinds:
        for object_ in objects:
            made = peer.activity(kind, peer.actor("mallory"), object_, next(NUMBERS))
            made |= {"to": object_, "target": object_, "instrument": object_, "result": object_, "content": object_}
            answer = await ground.post(peer.sign(ground.inbox, made, by="mallory"))
            assert answer.status_code in (202, 400, 403), (kind, object_, answer.text)

    await ground.working.settle()
    await ground.assert_well()


@pytest.mark.parametrize(
    "html",
    [
        "".join(f"<b lang=a{number}>" for number in range(6000)) + "<p>" * 10_000,
        "<blockquote>" * 8000,
        "<a href=https://a.example>" * 4000,
        "<a b='" * 16_000,
        "<!--" * 25_000,
        "</b" * 33_000,
        "&" * 100_000,
        '<a href="https://a.example/">' + "a." * 49_000,
        "<svg><math>" * 9000,
        "@a@b.c " * 14_000,
        "#" * 100_000,
        "https://" * 12_000,
    ],
    ids=lambda html: html[:16],
)
async def test_s25_hostile_text_takes_no_time(ground: Ground, peer: FakePeer, html: str) -> None:
    """S25: what makes naive readers take hours is read at once, as a status and as a profile."""
    peer.documents["/users/mallory"]["summary"] = html
    await ground.create(peer, content=html)
    await ground.do(peer, "Update", peer.documents["/users/mallory"])
    peer.documents["/users/mallory"].pop("summary")

    await ground.assert_well()


async def test_s28_a_members_text_asks_for_few(ground: Ground, peer: FakePeer) -> None:
    """S26, S28: a post that names hundreds of people elsewhere makes the node ask for thirty, and has an end."""
    before = peer.asked["/.well-known/webfinger"]
    text = " ".join(f"@n{number}@{peer.domain}" for number in range(120))

    await ground.alice.api.post("/api/v1/statuses", json={"status": text})
    too_long = await ground.alice.api.post("/api/v1/statuses", json={"status": "@a " * 10_000})

    assert peer.asked["/.well-known/webfinger"] - before <= 30
    assert refusal(too_long, 422)
