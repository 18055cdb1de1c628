"""Attacks over the client API: what members say where is an answer, and never a fault of the server."""

import json
import re
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

import pytest

import fedorg.web.mastodon
from fedorg import web
from tests.node.attacks.ground import Ground
from tests.node.serving import Member, NodeServer
from tests.node.talking import WorkingServer, post, success, upload

VIEWS: Final = Path(fedorg.web.mastodon.__file__).parent
_READS: Final = re.compile(r"""\.(?:text|texts|required|integer|flag|ids|rows|has)\(["']([^"']+)["']""")
NO_TEXT: Final[Mapping[str, Any]] = MappingProxyType(
    {
        "half of a pair": "\ud800",
        "a NUL": "a\0b",
        "a number too many": 2**63,
        "another's search": "\" NEAR(a b, 2) OR x:* ^y -( & !c <-> d:* | \\ ' from:me before:9999-99-99 in:library",
    }
)
HOSTILE: Final[Mapping[str, Any]] = MappingProxyType(
    {
        "both halves, turned": "x\udc00\ud800y",
        "a huge number": "9" * 30,
        "a negative number": -(2**70),
        "no number": float("inf"),
        "a long text": "x" * 4000,
        "many lines": "\n" * 3000,
        "the other way round": "\u202egnp.exe\u2066",
        "an object": {"0": {"key": "x"}, "x": [[[]]]},
        "a list of lists": [[["x"]], None, {"a": "b"}],
        "nothing": None,
        "SQL": "'; DROP TABLE accounts; --",
        "a wildcard": "%_\\%",
        "a line of a header": "x\r\nSet-Cookie: a=b",
        "a path": "../../../../etc/passwd",
        "a date of never": "9999-99-99T99:99:99Z",
        "a date too late": "9999-12-31T23:59:59Z",
    }
)


def parameters() -> list[str]:
    """Every parameter that a view of the API reads, as clients write them."""
    found = {name for path in VIEWS.glob("*.py") for name in _READS.findall(path.read_text())}
    assert len(found) > 60
    return sorted(found)


def routes(server: NodeServer) -> list[tuple[str, str]]:
    """Method and rule of every route of the API but for streams."""
    found = [
        (method, rule.rule)
        for rule in web.create_app(server.node).url_map.iter_rules()
        if rule.rule.startswith("/api/") and "/streaming" not in rule.rule
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
    ]
    assert len(found) > 60
    return sorted(found)


async def say_everywhere(server: NodeServer, member: Member, other: Member, value: object) -> None:
    """Hold ``value`` in every parameter of every method; no answer may be a fault."""
    status, file = await post(member, "Hello"), await upload(member)
    body = json.dumps(dict.fromkeys(parameters(), value)).encode()
    for method, rule in routes(server):
        number = file["id"] if "media" in rule else status["id"] if "statuses/" in rule else other.id
        path = re.sub(r"<[^>]+>", number, rule)
        headers = {"Content-Type": "application/json"}
        answer = await member.api.request(method, path, content=body, headers=headers)
        assert answer.status_code < 500, (method, path, answer.text)
        assert "Set-Cookie" not in answer.headers, (method, path)


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize("value", HOSTILE.values(), ids=list(HOSTILE))
async def test_s26_nothing_that_a_member_says_is_a_fault(ground: Ground, value: object) -> None:
    """S26, S27: every parameter of every method, holding one wrong thing, is refused or bounded."""
    names = [f"walker{abs(hash(str(value)))}", f"other{abs(hash(str(value)))}"]
    walker, other = [await ground.server.person(name[:30]) for name in names]

    await say_everywhere(ground.server, walker, other, value)

    await ground.assert_well()


@pytest.mark.parametrize("value", NO_TEXT.values(), ids=list(NO_TEXT))
async def test_s26_what_no_column_holds_is_no_fault_of_either_database(working: WorkingServer, value: object) -> None:
    """S26, S27: likewise for what one database refuses and the other keeps."""
    await say_everywhere(working.server, await working.person("alice"), await working.person("bert"), value)


QUERIES: Final = (
    "before:9998-01-01 x", "after:9998-01-01", "during:9999-12-31", "during:0001-01-01", "before:0001-01-01",
    "x" * 1900, '"' * 1900, "a " * 31, "a " * 900, f"from:{'a' * 1000}", "from:@@@",
    f"has:{'x' * 500}", f"language:{'x' * 300}",
    "#" * 1000, "-" * 500, "has:poll -has:poll is:is:", '"a" NEAR(b, 2) OR col:*', "a & !b | (c <-> d:*)", "\\", "%_",
)  # fmt: skip


async def test_s41_a_search_is_words_and_never_a_query(working: WorkingServer) -> None:
    """S41, S26: what somebody types into a search is no part of a language of the database, nor beyond its numbers."""
    alice = await working.person("alice")
    await post(alice, "words to be found")
    for query in QUERIES:
        for kind in ("statuses", "accounts", "hashtags"):
            answer = await alice.api.get("/api/v2/search", params={"q": query, "type": kind})
            assert answer.status_code in (200, 422), (query, answer.text)


SEGMENTS: Final = (
    "%00", "%ED%A0%80", "%FF", "%0d%0aX: y", "..%2f..%2fetc%2fpasswd", "%252e%252e", "x" * 3000, "٣", "-1", "1e3",
    "%F0%9F%92%A5", "%E2%80%AE", "'%22%3E%3Cscript%3E", "{{7*7}}", "0", "9223372036854775808",
)  # fmt: skip


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize("segment", SEGMENTS)
async def test_s26_no_address_is_a_fault(ground: Ground, segment: str) -> None:
    """S26, S27: whatever stands where an id or a name belongs, in any route, is no fault and stays no header."""
    for rule in web.create_app(ground.server.node).url_map.iter_rules():
        if "<" not in rule.rule or rule.websocket or "streaming" in rule.rule:
            continue
        path = re.sub(r"<[^>]+>", segment, rule.rule)
        client = ground.alice.api if rule.rule.startswith("/api/") else ground.server.anonymous
        for accept in ("text/html", "application/activity+json") if rule.rule.startswith("/users/") else ("text/html",):
            answer = await client.get(path, headers={"Accept": accept}, params={"max_id": "x", "page": "true"})
            assert answer.status_code < 500, (path, answer.text)
            assert "<script" not in answer.text
            assert "X" not in answer.headers


@pytest.mark.asyncio(loop_scope="module")
async def test_s26_an_address_with_a_next_page_is_no_fault(ground: Ground) -> None:
    """S26, S27: a hashtag spelled oddly is that hashtag, and leads on to its next page in plain letters."""
    made = await ground.posted("#endings")

    for ending in ("%0A", "%0D", "%20", "%7F", "%3E%3B", "%E2%80%8B"):
        answer = await ground.server.anonymous.get(f"/api/v1/timelines/tag/endings{ending}")

        assert [one["id"] for one in success(answer)] == [made["id"]]
        assert f"/api/v1/timelines/tag/endings{ending}?max_id={made['id']}>" in answer.headers["link"]
