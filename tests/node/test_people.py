"""Colleagues over the nodes of an organisation: who lists whom, who finds whom, and who knows about what."""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from fedorg.domain.introductions import PATIENCE
from fedorg.domain.partnerships import GrantChange
from fedorg.domain.visibility import Tier
from fedorg.jobs import upkeep
from fedorg.services import partnerships, peers
from fedorg.web.site.done import Done
from tests.databases import SqliteFiles
from tests.node.meeting import Meeting, meet
from tests.node.pairing import PARTNERS, domain, run_pair
from tests.node.peering import fetch, signed_fetch
from tests.node.serving import Member, NodeServer
from tests.node.talking import WorkingServer, post, refusal, run_jobs, success

PEOPLE = "/api/fedorg/v1/people"


async def be_found(member: Member, *tags: str, **work: str) -> None:
    success(await member.api.patch("/api/v1/accounts/update_credentials", data={"discoverable": "true"}))
    success(await member.api.patch(f"{PEOPLE}/me", json=work))
    for tag in tags:
        success(await member.api.post("/api/v1/featured_tags", data={"name": tag}))


async def names(viewer: Member, **query: str) -> list[str]:
    found = success(await viewer.api.get(PEOPLE, params=query))
    return [person["account"]["acct"] for person in found]


async def experts(viewer: Member, about: str) -> list[Any]:
    return list(success(await viewer.api.get(f"{PEOPLE}/experts", params={"q": about})))


def listed(meeting: Meeting, name: str, **members: Any) -> dict[str, Any]:  # noqa: ANN401 - JSON
    """How a sibling lists one of its people."""
    meeting.add(name, discoverable=True)
    return {**meeting.peer.documents[f"/users/{name}"], **members}


def list_people(meeting: Meeting, *pages: list[dict[str, Any]]) -> None:
    """What the sibling answers, page by page."""
    for number, items in enumerate(pages):
        path = "/directory" if number == 0 else f"/directory/{number}"
        following = {"next": f"{meeting.peer.url}/directory/{number + 1}"} if number + 1 < len(pages) else {}
        meeting.peer.documents[path] = {
            "@context": "https://www.w3.org/ns/activitystreams",
            "id": f"{meeting.peer.url}{path}?page=true",
            "type": "OrderedCollectionPage",
            "partOf": f"{meeting.peer.url}/directory",
            "orderedItems": items,
            **following,
        }


async def ask_siblings(meeting: Meeting) -> None:
    """A day later, the lists of siblings have been read."""
    meeting.server.clock.advance(timedelta(hours=25))
    await upkeep.keep_up(meeting.node)
    await meeting.working.settle()


@pytest.fixture
async def siblings(serve: Callable[..., Awaitable[NodeServer]]) -> Any:  # noqa: ANN401 - a fixture
    """A node and another of its organisation."""
    server = await serve(federation_mode="partners", default_reach="organisation")
    async with meet(server) as meeting:
        await peers.set_tier(meeting.node, meeting.peer.domain, Tier.SIBLING)
        yield meeting


async def test_members_are_found_by_name_work_and_hashtags(working: WorkingServer) -> None:
    """Whoever wants to be; a department narrows, blocks and mutes hide, and words must all be there."""
    anna, bert, cora = [await working.person(name) for name in ("anna", "bert", "cora")]
    await be_found(anna, "Batteries", department="Research", job_title="Chemist")
    await be_found(bert, department="research", job_title="Head of  Laboratory")
    assert success(await cora.api.patch(f"{PEOPLE}/me", json={"department": "Sales"}))["job_title"] == ""

    assert await names(cora) == ["anna", "bert"]
    assert await names(cora, q="chemist") == await names(cora, q="BATTER") == ["anna"]
    assert await names(cora, q="head laboratory", department="Research") == ["bert"]
    assert await names(cora, q="head chemist") == await names(cora, q="%") == []
    assert success(await cora.api.get(f"{PEOPLE}/departments")) == [{"name": "Research", "people_count": 2}]
    assert success(await bert.api.get(f"{PEOPLE}/me")) == {"department": "research", "job_title": "Head of Laboratory"}
    assert await names(cora, limit="1", offset="1") == ["bert"]
    assert "Department is too long" in refusal(
        await cora.api.patch(f"{PEOPLE}/me", json={"department": "x" * 101}), 422
    )
    success(await anna.api.post(f"/api/v1/accounts/{cora.id}/block"))
    assert await names(cora) == ["bert"]
    assert (await working.server.anonymous.get(PEOPLE)).status_code == 401


async def test_who_knows_is_told_by_what_they_say_and_by_what_the_asker_may_read(working: WorkingServer) -> None:
    """Hashtags first, then the work, then posts; nobody learns of what is not for them, nor of whom hides."""
    anna, bert, cora, dora, emil = [await working.person(name) for name in ("anna", "bert", "cora", "dora", "emil")]
    await be_found(anna, "HeatPumps")
    await be_found(bert, job_title="Sells heat pumps")
    await be_found(cora)
    await be_found(dora)
    for member in (cora, dora, emil):
        success(await member.api.patch("/api/v1/accounts/update_credentials", data={"indexable": "true"}))
    seen = await post(cora, "Our heat pumps run on air")
    await post(dora, "Secret heat pumps", visibility="private")
    await post(emil, "Heat pumps, and I am not in the directory")
    await working.settle()

    found = await experts(dora, "heat pumps")
    assert [(one["account"]["acct"], one["stated"], one["described"], one["status_ids"]) for one in found] == [
        ("anna", ["HeatPumps"], False, []),
        ("bert", [], True, []),
        ("cora", [], False, [seen["id"]]),
    ]
    assert [one["account"]["acct"] for one in await experts(cora, "heat pumps")] == ["anna", "bert"]
    assert "say what" in refusal(await dora.api.get(f"{PEOPLE}/experts"), 422)


async def test_a_node_lists_its_people_to_its_organisation_alone(siblings: Meeting) -> None:
    """Department and role are in no other document; whoever is no sibling learns not even how many there are."""
    working = siblings.working
    anna, _hidden = [await working.person(name) for name in ("anna", "bert")]
    await be_found(anna, "Batteries", department="Research", job_title="Chemist")
    siblings.add("fred")
    address = f"{siblings.server.url}/directory"

    async def document(where: str) -> Any:  # noqa: ANN401 - JSON
        return (await signed_fetch(siblings.server, siblings.peer, where, by="fred")).raise_for_status().json()

    whole = await document(address)
    page = await document(whole["first"])
    (person,) = page["orderedItems"]
    assert (whole["totalItems"], person["id"]) == (1, siblings.actor(anna))
    assert (person["department"], person["jobTitle"]) == ("Research", "Chemist")
    assert [tag["name"] for tag in person["tag"]] == ["#Batteries"]
    assert "department" not in await document(person["id"])

    assert (await fetch(siblings.server, address)).status_code == 404
    await peers.set_tier(siblings.node, siblings.peer.domain, Tier.PARTNER)
    refused = await signed_fetch(siblings.server, siblings.peer, whole["first"], by="fred")
    assert (refused.status_code, "Chemist" in refused.text) == (404, False)


async def test_people_of_a_sibling_are_found_while_it_lists_them(siblings: Meeting) -> None:
    """Read once a day, page by page; it speaks for its own people only, and whom it names no more is gone."""
    anna = await siblings.working.person("anna")
    fred = listed(
        siblings, "fred", department="Sales", jobTitle="Sells pumps", tag=[{"type": "Hashtag", "name": "#HeatPumps"}]
    )
    gerd, hugo = listed(siblings, "gerd"), listed(siblings, "hugo")
    stranger = {**hugo, "id": "http://elsewhere.localhost:1/users/hugo", "inbox": "http://elsewhere.localhost:1/inbox"}
    list_people(siblings, [fred, stranger], [gerd])
    await ask_siblings(siblings)

    at = siblings.peer.domain
    assert await names(anna) == [f"fred@{at}", f"gerd@{at}"]
    (expert,) = await experts(anna, "heat pumps")
    assert (expert["account"]["acct"], expert["department"], expert["stated"]) == (f"fred@{at}", "Sales", ["HeatPumps"])
    asked = siblings.peer.asked["/directory"]
    await upkeep.keep_up(siblings.node)
    await siblings.working.settle()
    assert siblings.peer.asked["/directory"] == asked

    siblings.peer.is_ill = True
    await ask_siblings(siblings)
    assert await names(anna, department="sales") == [f"fred@{at}"], "an ill sibling has not dismissed its people"
    siblings.peer.is_ill = False
    broken = {**fred, "inbox": "http://elsewhere.localhost:1/inbox"}
    list_people(siblings, [broken, gerd])
    await ask_siblings(siblings)
    assert len(await names(anna)) == 2, "who is still named stays, though nothing can be learnt of them"
    list_people(siblings, [gerd])
    await ask_siblings(siblings)
    assert await names(anna) == [f"gerd@{at}"]
    await peers.set_tier(siblings.node, at, Tier.PARTNER)
    assert await names(anna) == []
    # The worker may ask again at any moment after that.
    siblings.peer.is_ill = True
    siblings.server.clock.advance(timedelta(days=31))
    await upkeep.keep_up(siblings.node)
    await peers.set_tier(siblings.node, at, Tier.SIBLING)
    assert await names(anna) == [], "who was listed a month ago only is forgotten"


async def test_a_sibling_that_does_not_give_its_list_yet_is_asked_again(siblings: Meeting) -> None:
    """Of two that agree one knows it first, and asks before the other lets it: its members do not wait for a day."""
    anna = await siblings.working.person("anna")
    await ask_siblings(siblings)
    assert await names(anna) == []

    list_people(siblings, [listed(siblings, "fred")])
    siblings.server.clock.advance(PATIENCE[-1])
    await siblings.working.settle()

    assert await names(anna) == [f"fred@{siblings.peer.domain}"]


async def test_people_are_found_as_soon_as_both_siblings_grant_it(
    serve: Callable[..., Awaitable[NodeServer]], sqlite_files: SqliteFiles, tmp_path: Path
) -> None:
    """What was agreed without them is widened: each side asks the other at once, and again if that was too early."""
    async with run_pair(await serve(**PARTNERS), sqlite_files, tmp_path) as pair:
        anna, carla = await pair.here.person("anna"), await pair.there.person("carla")
        for member in (anna, carla):
            await be_found(member)
        await pair.agree(tier=Tier.SIBLING, directory=False)
        assert (await names(anna), await names(carla)) == (["anna"], ["carla"])

        for one, other in ((pair.here, pair.there), (pair.there, pair.here)):
            await partnerships.change(one.server.node, domain(other), GrantChange(directory=True))
            await pair.settle()
        for one in (pair.here, pair.there):
            one.server.clock.advance(PATIENCE[0])
        await pair.settle()

        assert await names(anna) == ["anna", f"carla@{domain(pair.there)}"]
        assert await names(carla) == [f"anna@{domain(pair.here)}", "carla"]


async def test_the_page_of_people(node_server: NodeServer) -> None:
    """A browser finds colleagues and says where its owner works; markup of theirs stays text."""
    async with run_jobs(node_server) as working:
        anna = await working.person("anna")
        await be_found(anna, "Batteries", department="<b>Research</b>", job_title="Chemist")
        await working.person("bert")
        browser = await node_server.browser()
        assert (await browser.open("/people")).status_code == 303
        await browser.sign_in("bert")
        page = await browser.open("/people", params={"q": "batteries"})
        assert "Who knows about" in page.text
        assert "&lt;b&gt;Research" in page.text
        assert "<b>Research" not in page.text
        saved = await browser.submit(page, "/people/me", department="Sales", job_title="Clerk", is_listed="yes")
        assert saved.status_code == 303
        assert await browser.said_once("/people") == Done.SAVED
        assert page.text.index("What you know about are") < page.text.index('name="job_title"')
        assert await names(anna, q="clerk") == ["bert"]
        assert (await browser.submit(page, "/people/me", department="x" * 200)).status_code == 422
        assert "Nobody." in (await browser.open("/people", params={"q": "nothing of it"})).text
