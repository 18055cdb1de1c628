"""A peer that is ill for a moment is not punished for it: its keys are asked for again soon."""

from datetime import timedelta

import httpx

from tests.node.fake_peer import FakePeer, running_peer
from tests.node.serving import NodeServer


async def test_the_key_of_an_ill_peer_is_asked_for_again_soon(node_server: NodeServer) -> None:
    """What a restarting peer sent is refused for now, costs one fetch, and is taken when it comes again."""
    async with running_peer() as peer:
        peer.add_user("fred")

        peer.is_ill = True
        first = [await _send(node_server, peer, number) for number in range(3)]
        asked = peer.asked["/users/fred"]
        peer.is_ill = False
        node_server.clock.advance(timedelta(seconds=20))
        later = await _send(node_server, peer, 4)

    assert [answer.status_code for answer in first] == [401, 401, 401]
    # Both signature schemes are tried in one go.
    assert asked <= 2
    assert later.status_code == httpx.codes.ACCEPTED


async def _send(server: NodeServer, peer: FakePeer, number: int) -> httpx.Response:
    like = peer.activity("Like", peer.actor("fred"), f"{server.url}/users/nobody/statuses/1", number)
    message = peer.sign(f"{server.url}/inbox", like, by="fred", at=server.clock())
    return await server.anonymous.post("/inbox", content=message.body, headers=dict(message.headers))
