"""The inboxes in front of Quart answer as the views behind them do: a body of announced length meets the first."""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping

import httpx
import pytest

from fedorg.domain.ip_blocks import IpBlockSeverity
from fedorg.services import departures
from fedorg.services.moderation import ip_blocks
from fedorg.services.moderation.ip_blocks import IpBlockDraft
from tests.node.meeting import NUMBERS, Meeting

# What says how often somebody asked, or when, differs between any two answers.
_VARYING = {"date", "x-ratelimit-remaining", "content-length", "transfer-encoding", "vary"}


async def post(
    meeting: Meeting, path: str, *, is_chunked: bool, tamper: Mapping[str, str] | None = None, body: bytes | None = None
) -> httpx.Response:
    """A Follow of mia by fred, with headers changed after it was signed; a chunked body goes past the door."""
    mia = meeting.node.uris.actor("mia")
    activity = meeting.peer.activity("Follow", meeting.peer.actor("fred"), mia, next(NUMBERS))
    message = meeting.peer.sign(f"{meeting.server.url}{path}", activity, by="fred", at=meeting.server.clock())
    sent = message.body if body is None else body

    async def chunks() -> AsyncIterator[bytes]:
        yield sent[:10]
        yield sent[10:]

    headers = {**dict(message.headers), **(tamper or {})}
    content = chunks() if is_chunked else sent
    return await meeting.server.anonymous.post(path, content=content, headers=headers)


def essentials(answer: httpx.Response) -> tuple[int, object, dict[str, str]]:
    """What two answers to the same must have in common."""
    headers = {name: value for name, value in answer.headers.items() if name not in _VARYING}
    return answer.status_code, answer.content, headers


async def nothing(_meeting: Meeting) -> None:
    """Change nothing."""


async def keep_out(meeting: Meeting) -> None:
    """Keep the network of this machine out."""
    draft = IpBlockDraft(ip="127.0.0.1", severity=IpBlockSeverity.NO_ACCESS.value, comment="")
    await ip_blocks.create(meeting.node, None, draft)


CASES: Mapping[str, tuple[int, Callable[[Meeting], Awaitable[None]], str, Mapping[str, str] | None, bytes | None]] = {
    "taken": (202, nothing, "/inbox", None, None),
    "taken for one account": (202, nothing, "/users/mia/inbox", None, None),
    "taken for the node": (202, nothing, "/actor/inbox", None, None),
    "not signed": (401, nothing, "/inbox", {"Signature": "none", "Signature-Input": "none"}, None),
    "no actor": (400, nothing, "/inbox", None, b'{"type": "Follow", "id": "x"}'),
    "no activity": (400, nothing, "/inbox", {"Content-Type": "application/json"}, None),
    "no JSON": (400, nothing, "/inbox", None, b"{"),
    "too large": (413, nothing, "/inbox", None, b" " * (1024 * 1024 + 1)),
    "kept out": (403, keep_out, "/inbox", None, None),
}


@pytest.mark.parametrize("case", CASES)
async def test_both_doors_answer_alike(meeting: Meeting, case: str) -> None:
    """Status, words and headers are the same, whichever of the two an activity comes to."""
    meeting.add("fred")
    await meeting.working.person("mia")
    expected, prepare, path, tamper, body = CASES[case]
    await prepare(meeting)

    first, second = [
        await post(meeting, path, is_chunked=is_chunked, tamper=tamper, body=body) for is_chunked in (False, True)
    ]

    assert first.status_code == expected
    assert essentials(first) == essentials(second)


async def test_what_the_door_takes_is_handled(meeting: Meeting) -> None:
    """An activity of announced length takes effect, once, and an account that left takes none."""
    meeting.add("fred")
    mia = await meeting.working.person("mia")

    answer = await post(meeting, "/inbox", is_chunked=False)
    await meeting.working.settle()
    shown = (await mia.api.get("/api/v1/accounts/verify_credentials")).json()
    await departures.delete_member(meeting.node, "mia")
    gone = [await post(meeting, "/users/mia/inbox", is_chunked=is_chunked) for is_chunked in (False, True)]

    assert (answer.status_code, shown["followers_count"]) == (202, 1)
    assert [one.status_code for one in gone] == [410, 410]


async def test_a_person_is_refused_with_a_page(meeting: Meeting) -> None:
    """Whoever asks for HTML gets it."""
    meeting.add("fred")
    await meeting.working.person("mia")

    answer = await post(meeting, "/inbox", is_chunked=False, tamper={"Accept": "text/html"}, body=b"{")

    assert answer.status_code == 400
    assert answer.headers["content-type"].startswith("text/html")
