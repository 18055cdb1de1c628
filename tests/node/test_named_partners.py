"""A status that names the partners it is for: competitors see nothing of each other's, whoever answers or boosts."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest

from fedorg.domain.visibility import Tier
from fedorg.store import peers
from tests.node.fake_peer import FakePeer, running_peer
from tests.node.peering import be_followed, find, find_status, send, signed_fetch
from tests.node.serving import Member
from tests.node.talking import WorkingServer, contents, entities, entity, post, refusal, success

CREDENTIALS = "/api/v1/accounts/update_credentials"


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """Anna and Bert, and servers where somebody follows both: two partners that compete, and a sibling."""

    working: WorkingServer
    anna: Member
    bert: Member
    acme: FakePeer
    rival: FakePeer
    sister: FakePeer

    @property
    def everybody(self) -> tuple[FakePeer, FakePeer, FakePeer]:
        return self.acme, self.rival, self.sister

    async def may_fetch(self, uri: str) -> list[bool]:
        """Which of them get what lies at an address: acme, rival, sister."""
        answers = [await signed_fetch(self.working.server, peer, uri, by="fred") for peer in self.everybody]
        assert {answer.status_code for answer in answers} <= {200, 404}
        return [answer.status_code == 200 for answer in answers]

    async def have(self, words: str) -> list[bool]:
        """Which of them were sent something with these words, once everything is sent."""
        await self.working.settle()
        await self.working.deliver_all()
        return [any(words in body.decode() for body in peer.bodies) for peer in self.everybody]


@pytest.fixture
async def scene(working: WorkingServer) -> AsyncIterator[Scene]:
    """The node and the servers, with what each is to the node."""
    anna, bert = await working.person("anna"), await working.person("bert")
    async with AsyncExitStack() as stack:
        acme, rival, sister = [await stack.enter_async_context(running_peer()) for _ in range(3)]
        for peer, tier in ((acme, Tier.PARTNER), (rival, Tier.PARTNER), (sister, Tier.SIBLING)):
            peer.add_user("fred")
            await working.server.node.write(peers.set_tier, working.server.node.now(), peer.domain, tier)
            for member in (anna, bert):
                await be_followed(working, peer, "fred", member)
        yield Scene(working=working, anna=anna, bert=bert, acme=acme, rival=rival, sister=sister)


def ring(status: Any) -> tuple[str, list[str]]:  # noqa: ANN401 - JSON
    return status["reach"], status["partners"]


async def test_a_status_goes_to_the_partners_it_names_and_tells_none_of_another(scene: Scene) -> None:
    """Members see whom it is for; the partner gets a status for partners, as always, the other neither word nor 403."""
    made = await post(scene.anna, "Offer", partners=[f" {scene.acme.domain.upper()} ", scene.acme.domain])

    assert ring(made) == ("partners", [scene.acme.domain])
    assert ring(success(await scene.bert.api.get(f"/api/v1/statuses/{made['id']}"))) == ring(made)
    assert await scene.may_fetch(made["uri"]) == [True, False, True]
    assert await scene.have("Offer") == [True, False, True]
    (sent,) = [body for body in scene.sister.received if body["type"] == "Create"]
    assert f"{scene.working.server.url}/audiences/partners" in sent["cc"]
    fetched = await signed_fetch(scene.working.server, scene.sister, made["uri"], by="fred")
    assert scene.acme.domain not in f"{sent} {fetched.text}"


async def test_what_answers_boosts_or_quotes_is_for_the_same_partners(scene: Scene) -> None:
    """Whatever the client says or does not know; two of which none is for both go to no partner."""
    acme, rival = scene.acme.domain, scene.rival.domain
    made = await post(scene.anna, "Offer", partners=[acme])
    other = await post(scene.anna, "Other offer", partners=[rival])
    inherited = [
        await post(scene.bert, "Answer", in_reply_to_id=made["id"]),
        await post(scene.bert, "Answer to all", in_reply_to_id=made["id"], reach="public"),
        await post(scene.bert, "Answer to partners", in_reply_to_id=made["id"], reach="partners", partners=[]),
        await post(scene.bert, "Answer to both", in_reply_to_id=made["id"], partners=[acme, rival]),
        await post(scene.bert, "Which", in_reply_to_id=made["id"], poll={"options": ["a", "b"], "expires_in": 3600}),
        await post(scene.bert, "Bert quotes", quoted_status_id=made["id"]),
        entity(await scene.bert.api.post(f"/api/v1/statuses/{made['id']}/reblog"), "Status"),
    ]
    apart = await post(scene.bert, "Both", in_reply_to_id=made["id"], quoted_status_id=other["id"])
    elsewhere = await post(scene.bert, "Elsewhere", in_reply_to_id=made["id"], partners=[rival])
    edited = entity(
        await scene.bert.api.put(f"/api/v1/statuses/{inherited[0]['id']}", json={"status": "Newly said"}), "Status"
    )

    for status in (*inherited, edited):
        assert ring(status) == ("partners", [acme]), status["content"]
        assert await scene.may_fetch(status["uri"]) == [True, False, True]
    for status in (apart, elsewhere):
        assert ring(status) == ("organisation", [])
        assert await scene.may_fetch(status["uri"]) == [False, False, True]
    assert ring(await post(scene.bert, "Less", in_reply_to_id=made["id"], reach="node")) == ("node", [])
    for words in ("Answer", "Which", "Bert quotes", "Elsewhere", inherited[-1]["uri"], "Newly said"):
        assert not (await scene.have(words))[1], words


async def test_an_answer_of_a_partner_comes_back_into_the_ring(scene: Scene) -> None:
    """Addressed to everybody, it is for those that were named; the other partner cannot answer at all."""
    made = await post(scene.anna, "Offer", partners=[scene.acme.domain])
    note = {
        "type": "Note",
        "content": "<p>We take it</p>",
        "inReplyTo": made["uri"],
        "to": ["https://www.w3.org/ns/activitystreams#Public"],
        "cc": [f"{scene.working.server.url}/users/anna/followers"],
    }
    for peer in (scene.acme, scene.rival):
        told = note | {"id": f"{peer.url}/notes/1", "attributedTo": peer.actor("fred")}
        proven = peer.prove(peer.activity("Create", peer.actor("fred"), told, 1) | {"to": note["to"]}, by="fred")
        message = peer.sign(f"{scene.working.server.url}/inbox", proven, by="fred")
        await scene.working.server.anonymous.post("/inbox", content=message.body, headers=dict(message.headers))
        await scene.working.settle()

    context = success(await scene.anna.api.get(f"/api/v1/statuses/{made['id']}/context"))
    (answer,) = context["descendants"]
    assert ring(answer) == ("partners", [scene.acme.domain])
    assert await scene.have("We take it") == [False, False, True]
    assert await scene.may_fetch(f"{made['uri']}/replies") == [True, False, True]
    boost = entity(await scene.bert.api.post(f"/api/v1/statuses/{answer['id']}/reblog"), "Status")
    assert ring(boost) == ring(answer)


async def test_what_cannot_be_named_is_refused_and_nothing_posted(scene: Scene) -> None:
    """Strangers, siblings, this node, words that are no domain, another reach, an edit, somebody outside: 422."""
    acme = scene.acme.domain
    for name in ("stranger.example", scene.sister.domain, scene.working.server.node.settings.domain, "no domain", "*"):
        answer = await scene.anna.api.post("/api/v1/statuses", json={"status": "x", "partners": [acme, name]})
        assert f"{name} is no partner of this server" in refusal(answer, 422)
    for reach in ("public", "organisation", "node"):
        wanted = {"status": "x", "reach": reach, "partners": [acme]}
        assert "cannot name partners" in refusal(await scene.anna.api.post("/api/v1/statuses", json=wanted), 422)
    wanted = {"status": f"@fred@{scene.rival.domain} look", "partners": [acme]}
    await find(scene.anna, f"@fred@{scene.rival.domain}")
    assert "outside the reach" in refusal(await scene.anna.api.post("/api/v1/statuses", json=wanted), 422)
    assert entities(await scene.anna.api.get(f"/api/v1/accounts/{scene.anna.id}/statuses"), "Status") == []

    made = await post(scene.anna, "Offer", partners=[acme])
    for partners in ([], [scene.rival.domain], [acme, scene.rival.domain]):
        answer = await scene.anna.api.put(f"/api/v1/statuses/{made['id']}", json={"status": "y", "partners": partners})
        assert "cannot change how far" in refusal(answer, 422)
    success(await scene.anna.api.put(f"/api/v1/statuses/{made['id']}", json={"status": "y", "partners": [acme]}))


async def test_a_ring_of_another_node_is_not_ours_to_name(scene: Scene) -> None:
    """In the thread of a partner no partner can be named, and nobody is drawn in who takes no part in it."""
    note: dict[str, Any] = {
        "id": f"{scene.acme.url}/notes/7",
        "type": "Note",
        "attributedTo": scene.acme.actor("fred"),
        "content": "<p>For our partners</p>",
        "reach": "partners",
        "to": [f"{scene.acme.actor('fred')}/followers"],
        "cc": [f"{scene.acme.url}/audiences/partners", f"{scene.working.server.url}/users/anna"],
        "tag": [{"type": "Mention", "href": f"{scene.working.server.url}/users/anna", "name": "@anna"}],
    }
    await send(scene.working, scene.acme, "Create", note, by="fred", to=note["to"], cc=note["cc"])
    root = await find_status(scene.anna, note["id"])
    assert root is not None
    assert ring(root) == ("partners", [])
    await find(scene.anna, f"@fred@{scene.rival.domain}")

    for fields, words in (
        ({"status": "x", "partners": [scene.acme.domain]}, "where it began"),
        ({"status": f"@fred@{scene.rival.domain} x"}, "outside the reach"),
    ):
        wanted = {"in_reply_to_id": root["id"], **fields}
        assert words in refusal(await scene.anna.api.post("/api/v1/statuses", json=wanted), 422)
    success(await scene.anna.api.patch(CREDENTIALS, json={"source": {"partners": [scene.rival.domain]}}))
    answer = await post(scene.anna, f"@fred@{scene.acme.domain} fine", in_reply_to_id=root["id"], reach="partners")
    assert ring(answer) == ("partners", [])
    assert await scene.have("fine") == [True, False, False]


async def test_a_member_names_partners_by_default(scene: Scene) -> None:
    """For what goes to partners and says no more; an empty list means all of them again."""
    acme = scene.acme.domain
    own = success(await scene.anna.api.patch(CREDENTIALS, json={"source": {"reach": "partners", "partners": [acme]}}))
    assert (own["source"]["reach"], own["source"]["partners"]) == ("partners", [acme])
    assert success(await scene.anna.api.get("/api/v1/preferences"))["posting:default:partners"] == [acme]
    answer = await scene.anna.api.patch(CREDENTIALS, json={"source": {"partners": [acme, "stranger.example"]}})
    assert "stranger.example is no partner" in refusal(answer, 422)

    made = {
        "unaware": await post(scene.anna, "unaware"),
        "reach": await post(scene.anna, "reach", reach="partners"),
        "all": await post(scene.anna, "all", partners=[]),
        "other": await post(scene.anna, "other", partners=[scene.rival.domain]),
        "wider": await post(scene.anna, "wider", reach="public"),
        "narrower": await post(scene.anna, "narrower", reach="organisation"),
    }
    assert {name: ring(status) for name, status in made.items()} == {
        "unaware": ("partners", [acme]),
        "reach": ("partners", [acme]),
        "all": ("partners", []),
        "other": ("partners", [scene.rival.domain]),
        "wider": ("public", []),
        "narrower": ("organisation", []),
    }
    success(await scene.anna.api.patch(CREDENTIALS, data={"source[partners][]": ""}))
    assert ring(await post(scene.anna, "again")) == ("partners", [])


async def test_a_member_chooses_on_a_page(scene: Scene) -> None:
    """What can be chosen is what the node does and the partners there are; a form that says more is refused."""
    browser = await scene.working.server.browser()
    await browser.sign_in("anna")
    path, acme = "/account/reach", scene.acme.domain
    shown = await browser.open(path)
    assert path in (await browser.open("/")).text
    assert (acme in shown.text, scene.sister.domain in shown.text) == (True, False)

    answer = await browser.submit(shown, path, reach="partners", partners=acme)

    assert (answer.status_code, answer.headers["Location"]) == (303, path)
    assert ring(await post(scene.anna, "Said nothing")) == ("partners", [acme])
    assert f'value="{acme}" checked' in (await browser.open(path)).text
    for wrong in ({"reach": "galaxy"}, {"reach": "partners", "partners": "stranger.example"}):
        refused = await browser.submit(shown, path, **wrong)
        assert (refused.status_code, 'role="alert"' in refused.text) == (422, True)
    assert ring(await post(scene.anna, "Still")) == ("partners", [acme])
    assert (await (await scene.working.server.browser()).open(path)).status_code == 303


async def test_a_scheduled_status_keeps_the_partners_it_names(scene: Scene) -> None:
    """What is no partner any more when its moment comes is not posted, and says why."""
    moment = (scene.working.server.clock() + timedelta(minutes=10)).isoformat()
    wanted = {"scheduled_at": moment}
    for name in ("acme", "rival"):
        form = {"status": f"For {name}", "partners": [getattr(scene, name).domain], **wanted}
        made = entity(await scene.anna.api.post("/api/v1/statuses", json=form), "ScheduledStatus")
        assert made["params"]["partners"] == [getattr(scene, name).domain]
    node = scene.working.server.node
    await node.write(peers.set_tier, node.now(), scene.rival.domain, Tier.OPEN)

    scene.working.server.clock.advance(timedelta(minutes=11))
    await scene.working.settle()

    posted = entities(await scene.anna.api.get(f"/api/v1/accounts/{scene.anna.id}/statuses"), "Status")
    assert (contents(posted), ring(posted[0])) == (["For acme"], ("partners", [scene.acme.domain]))
    (left,) = success(await scene.anna.api.get("/api/v1/scheduled_statuses"))
    assert "is no partner of this server" in left["error"]


async def test_a_partner_that_is_none_any_more_loses_what_named_it(scene: Scene) -> None:
    """Named or not: nothing is fetched or sent outside the tier, and a sibling needs no naming."""
    made = await post(scene.anna, "Offer", partners=[scene.acme.domain])
    node = scene.working.server.node
    for tier, expected in ((Tier.OPEN, False), (Tier.BLOCKED, False), (Tier.SIBLING, True), (Tier.PARTNER, True)):
        await node.write(peers.set_tier, node.now(), scene.acme.domain, tier)
        answer = await signed_fetch(scene.working.server, scene.acme, made["uri"], by="fred")
        assert (answer.status_code == 200) is expected, tier
