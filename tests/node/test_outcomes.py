"""How activities end, as whoever looks after a node reads it at ``/metrics``: every one under a name, none unseen."""

import re

from fedorg.domain.visibility import Tier
from fedorg.services import peers
from tests.fediverse.nodes import wait_for
from tests.node.fake_peer import running_peer
from tests.node.meeting import Meeting

_COUNTED = re.compile(r'^fedorg_activities_total\{outcome="(\w+)",type="([^"]+)"\} ([0-9]+)', re.MULTILINE)


async def counted(meeting: Meeting) -> dict[tuple[str, str], int]:
    """Type and outcome of the activities that came in, and how often."""
    text = (await meeting.server.anonymous.get("/metrics")).text
    return {(name, outcome): int(number) for outcome, name, number in _COUNTED.findall(text)}


async def test_every_activity_ends_under_a_name(meeting: Meeting) -> None:
    """Handled, ignored, repeated, refused at the door for whatever reason, or failed and tried again."""
    peer, inbox = meeting.peer, "/inbox"
    anna = await meeting.working.person("anna")
    meeting.add("fred")

    follow = await meeting.say("Follow", "fred", meeting.actor(anna))
    assert await meeting.post(follow, "fred") == 202
    await meeting.say("Dislike", "fred", f"{meeting.server.url}/nothing")
    stranger = peer.actor("stranger")
    assert await meeting.post(peer.activity("Delete", stranger, stranger, 1), "fred") == 202
    assert await counted(meeting) == {
        ("Follow", "handled"): 1,
        ("Follow", "repeated"): 1,
        ("Dislike", "ignored"): 1,
        ("Delete", "ignored"): 1,
    }

    like = peer.activity("Like", peer.actor("fred"), f"{meeting.server.url}/nothing", 2)
    assert await meeting.post(like, "fred", key_name="forged") == 401
    assert await meeting.post(like | {"actor": peer.actor("other")}, "fred") == 401
    assert await meeting.post({"type": "Arrive", "id": f"{peer.url}/1", "actor": peer.actor("fred")}, "nobody") == 401
    assert (await meeting.server.anonymous.post(inbox, content=b"{}")).status_code == 400
    large = b" " * 1_100_000
    headers = {"Content-Type": "application/activity+json"}
    assert (await meeting.server.anonymous.post(inbox, content=large, headers=headers)).status_code == 413
    async with running_peer() as enemy:
        enemy.add_user("eve")
        await peers.set_tier(meeting.node, enemy.domain, Tier.BLOCKED)
        message = enemy.sign(
            f"{meeting.server.url}{inbox}",
            enemy.activity("Follow", enemy.actor("eve"), meeting.actor(anna), 3),
            by="eve",
        )
        answer = await meeting.server.anonymous.post(inbox, content=message.body, headers=dict(message.headers))
        assert answer.status_code == 403
    found = await counted(meeting)
    assert {key: number for key, number in found.items() if key[1] == "refused"} == {
        ("Like", "refused"): 2,
        ("(unknown)", "refused"): 1,
        ("(unread)", "refused"): 2,
        ("Follow", "refused"): 1,
    }

    peer.is_ill = True
    update = peer.activity("Update", peer.actor("fred"), peer.actor("fred"), 4)
    assert await meeting.post(update, "fred") == 202

    async def failed() -> bool | None:
        return ("Update", "failed") in await counted(meeting) or None

    await wait_for(failed, "an attempt to fail")
