"""Attacks on who is who: documents that claim ids, authors, names and pages that are not theirs."""

import pytest

from tests.node.attacks.ground import Ground, note
from tests.node.fake_peer import FakePeer
from tests.node.talking import contents, success

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_s1_an_author_behind_a_redirect_is_not_believed(ground: Ground, peer: FakePeer, third: FakePeer) -> None:
    """S1: an author's address that leads to somebody else's actor makes nothing that person's post."""
    peer.redirects["/users/ghost"] = third.actor("olga")
    forged = note(peer, "ghost", content="<p>Olga never said this</p>")

    assert await ground.status(forged["id"], resolve=True) is None
    olga = await ground.account(third.actor("olga"))
    assert olga is not None
    said = success(await ground.alice.api.get(f"/api/v1/accounts/{olga['id']}/statuses"))
    assert contents(said) == []
