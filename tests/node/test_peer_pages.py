"""What one administrator alone says of other servers, over the API and on a page; and lists of servers."""

import re
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Final

import pytest
from sqlalchemy import Connection

from fedorg.domain.accounts import UserRole
from fedorg.domain.ceilings import UNLIMITED, Ceilings
from fedorg.domain.partnerships import Grant, GrantChange, Partnership, PartnershipState
from fedorg.domain.visibility import Reach, Tier
from fedorg.ids import PartnershipId
from fedorg.node import Node
from fedorg.services import auditing, peers
from fedorg.store import partnerships, tables
from tests.node.serving import NodeServer
from tests.node.talking import refusal, success

API: Final = "/api/fedorg/v1/admin/peers"
SCOPES: Final = "read write admin:read admin:write"
LIST: Final = "#domain,#severity\nbad.example,suspend\nno domain,suspend\n"


@pytest.fixture
async def server(serve: Callable[..., Awaitable[NodeServer]]) -> NodeServer:
    """A node in mode partners."""
    return await serve(federation_mode="partners", default_reach="partners")


async def test_servers_are_named_and_limited_over_the_api(server: NodeServer) -> None:
    """As on the command line; who did it is written down; members and narrow tokens may do nothing of it."""
    owner = await server.person("owner", role=UserRole.OWNER, scopes=SCOPES)
    member = await server.person("mia", scopes=SCOPES)
    reader = await server.api(await server.token(owner.user, "admin:read"))
    at = f"{API}/old.example"

    assert refusal(await owner.api.get(at), 404)
    assert "tier" in refusal(await owner.api.patch(at), 422)
    assert refusal(await owner.api.patch(at, data={"tier": "friend"}), 422)
    named = success(await owner.api.patch(at, data={"tier": "partner", "media": "false"}))
    assert (named["tier"], named["ceilings"]["media"], named["ceilings"]["direct_messages"]) == ("partner", False, True)
    assert success(await reader.get(at)) == named
    assert success(await reader.get(API)) == [named]
    for client in (member.api, reader):
        assert refusal(await client.patch(at, data={"tier": "blocked"}), 403)
        assert refusal(await client.post(f"{at}/test"), 403)
        assert refusal(await client.post(f"{API}/lists", data={"list": LIST}), 403)
    for path in (API, at, f"{API}/lists/blocks.csv", f"{API}/lists/servers.json"):
        assert refusal(await member.api.get(path), 403)
    steps = success(await owner.api.post(f"{API}/localhost:1/test"))
    assert [one["works"] for one in steps if one["step"] == "NodeInfo"] == [False]
    assert success(await owner.api.post(f"{at}/retry"))["deliveries_waiting"] == 0

    lines = await auditing.list_lines(server.node, action="peer.", target="old.example")
    assert [(line.action, line.by) for line in reversed(lines)] == [
        ("peer.tier", "owner"),
        ("peer.ceilings", "owner"),
        ("peer.retry", "owner"),
    ]


async def test_lists_come_and_go_over_the_api(server: NodeServer) -> None:
    """Each line is told; nothing happens when it is only asked; what goes out comes in again and changes nothing."""
    owner = await server.person("owner", role=UserRole.OWNER, scopes=SCOPES)
    told = success(await owner.api.post(f"{API}/lists", data={"list": LIST, "kind": "blocks", "dry_run": "true"}))
    assert (told["dry_run"], told["counts"]["added"], told["counts"]["faulty"]) == (True, 1, 1)
    assert refusal(await owner.api.get(f"{API}/bad.example"), 404)

    told = success(await owner.api.post(f"{API}/lists", files={"list": ("blocks.csv", LIST.encode())}))
    assert (told["dry_run"], told["counts"]["added"]) == (False, 1)
    assert success(await owner.api.get(f"{API}/bad.example"))["tier"] == "blocked"
    written = await owner.api.get(f"{API}/lists/blocks.csv")
    assert "bad.example" in written.text
    everything = await owner.api.get(f"{API}/lists/servers.json")
    again = success(await owner.api.post(f"{API}/lists", data={"list": everything.text}))
    assert again["counts"]["unchanged"] == len(again["lines"]) == 1
    assert "lists" not in refusal(await owner.api.get(f"{API}/lists/friends.csv"), 422)
    many = "#domain\n" + "".join(f"s{number}.example\n" for number in range(2001))
    assert "2000" in refusal(await owner.api.post(f"{API}/lists", data={"list": many, "kind": "blocks"}), 422)


async def test_servers_and_lists_on_a_page(server: NodeServer) -> None:
    """The same by forms; nothing happens to a list that is only read."""
    await server.person("owner", role=UserRole.OWNER)
    await server.person("mia")
    browser, member = await server.browser(), await server.browser()
    await browser.sign_in("owner")
    await member.sign_in("mia")
    for path in ("/admin/peers", "/admin/peers/blocks.csv", "/admin/peers/servers.json"):
        assert (await member.open(path)).status_code == 403
    home = await member.open("/")
    refused = await member.submit(home, "/admin/peers", domain="old.example", tier="partner")
    assert refused.status_code == 403
    assert "Only administrators" in refused.text

    page = await browser.open("/admin/peers")
    assert "met nobody yet" in page.text
    fields = {"domain": "old.example", "tier": "partner", "largest_reach": "partners", "media": "1"}
    assert (await browser.submit(page, "/admin/peers", **fields)).status_code == 303
    shown = (await browser.open("/admin/peers")).text
    assert "partner, up to reach partners, no direct messages, nobody listed" in " ".join(shown.split())
    for wrong in ({"domain": "no domain"}, {"tier": ""}, {"largest_reach": "galaxy"}):
        kept = await browser.submit(page, "/admin/peers", **(fields | wrong))
        assert kept.status_code == 422
        assert f'value="{(fields | wrong)["domain"]}"' in kept.text
        assert ('value="partner" selected' in kept.text) == ("tier" not in wrong)
        boxes = [
            name
            for name in ("direct_messages", "media", "directory")
            if f'name="{name}" value="1" checked' in kept.text
        ]
        assert boxes == ["media"]

    async def read(**more: str) -> str:
        token = page.text.split('name="csrf_token" value="', 1)[1].split('"', 1)[0]
        files = {"list": ("blocks.csv", LIST.encode())}
        answer = await browser.http.post("/admin/peers/lists", data={"csrf_token": token, **more}, files=files)
        assert answer.status_code == 200, answer.text
        return answer.text

    assert "What the list would do" in await read(kind="blocks")
    assert "bad.example" not in (await browser.open("/admin/peers/blocks.csv")).text
    assert "What the list did" in await read(kind="blocks", really="1")
    assert "bad.example" in (await browser.open("/admin/peers/blocks.csv")).text
    assert "old.example" in (await browser.open("/admin/peers/allows.csv")).text


async def test_the_limits_of_a_server_are_not_widened_by_a_form_that_did_not_show_them(server: NodeServer) -> None:
    """Each server has a link to the form as it is filled for it; who did not see that is shown it, and asked again."""
    await server.person("owner", role=UserRole.OWNER)
    browser = await server.browser()
    await browser.sign_in("owner")
    limits = GrantChange(largest_reach=Reach.PARTNERS, direct_messages=False, directory=False)
    await peers.decide(server.node, "old.example", tier=Tier.PARTNER, wanted=limits)
    in_force = Ceilings(largest_reach=Reach.PARTNERS, direct_messages=False, directory=False)
    blank = await browser.open("/admin/peers")
    everything = {"tier": "partner", "largest_reach": "public", "direct_messages": "1", "media": "1", "directory": "1"}

    async def limits_now() -> Ceilings:
        return (await peers.get_peer(server.node, "old.example")).peer.ceilings

    assert 'href="/admin/peers?domain=old.example#decide"' in blank.text
    shown = await browser.open("/admin/peers", params={"domain": "old.example"})
    assert filled(shown.text) == ("old.example", ["partner", "partners"], ["media"])
    asked = await browser.submit(blank, "/admin/peers", domain="OLD.example", **everything)
    assert asked.status_code == 422
    assert "up to reach partners, no direct messages, nobody listed. If you mean" in " ".join(asked.text.split())
    assert filled(asked.text) == ("OLD.example", ["partner", "public"], ["direct_messages", "media", "directory"])
    other = await browser.open("/admin/peers", params={"domain": "new.example"})
    assert filled(other.text)[0] == "new.example"
    assert (await browser.submit(other, "/admin/peers", domain="old.example", **everything)).status_code == 422
    assert await limits_now() == in_force

    narrower = {"domain": "old.example", "tier": "partner", "largest_reach": "partners"}
    assert (await browser.submit(blank, "/admin/peers", **narrower)).status_code == 303
    stale = await browser.submit(shown, "/admin/peers", domain="old.example", **everything)
    assert stale.status_code == 422, "somebody else changed it since"
    faulty = await browser.submit(stale, "/admin/peers", domain="old.example", **(everything | {"tier": ""}))
    assert (faulty.status_code, "Choose what the server is" in faulty.text) == (422, True)
    done = await browser.submit(faulty, "/admin/peers", domain="old.example", **everything)
    assert done.status_code == 303
    assert await limits_now() == UNLIMITED
    assert "That is saved." in (await browser.open(done.headers["Location"])).text

    await peers.decide(server.node, "old.example", tier=Tier.BLOCKED)
    blocked = await browser.submit(blank, "/admin/peers", domain="old.example", **everything)
    assert "In force for old.example is: blocked." in blocked.text
    assert (await peers.get_peer(server.node, "old.example")).peer.tier is Tier.BLOCKED
    assert (await browser.submit(blocked, "/admin/peers", domain="old.example", **everything)).status_code == 303
    await peers.change_ceilings(server.node, "old.example", GrantChange(largest_reach=Reach.NODE))
    nothing = await browser.open("/admin/peers", params={"domain": "old.example"})
    assert filled(nothing.text)[1] == ["partner", "node"], "no wider reach is chosen where nothing passes"


def filled(html: str) -> tuple[str, list[str], list[str]]:
    """What stands in the form about a server: the domain, what is chosen, which boxes are ticked."""
    form = html.split('id="decide"', 1)[1].split("</form>", 1)[0]
    domain = form.split('name="domain" value="', 1)[1].split('"', 1)[0]
    boxes = re.findall(r'name="(\w+)" value="1" checked', form)
    return domain, re.findall(r'<option value="(\w+)" selected', form), boxes


async def test_the_page_of_servers_is_in_plain_words(server: NodeServer) -> None:
    """Nothing is said of a server that means nothing for it, nor of commands; each choice is explained."""
    await server.person("owner", role=UserRole.OWNER)
    browser = await server.browser()
    await browser.sign_in("owner")
    await peers.set_tier(server.node, "spam.example", Tier.BLOCKED)
    await peers.set_tier(server.node, "old.example", Tier.OPEN)

    page = await browser.open("/admin/peers")
    rows = [" ".join(re.sub(r"<[^>]+>", "", row).split()) for row in page.text.split("<li>")[1:]]
    assert rows[0].startswith("old.example open, up to reach public Change")
    assert rows[1].startswith("spam.example blocked Change")
    for option in (
        "blocked: nothing passes",
        "sibling: a part of our own organisation",
        "partners: what is for partners, too",
    ):
        assert option in page.text
    assert all(f">{words}</button>" in page.text for words in ("Only try", "Apply"))
    token = page.text.split('name="csrf_token" value="', 1)[1].split('"', 1)[0]
    refused = await browser.http.post(
        "/admin/peers/lists",
        data={"csrf_token": token, "overwrite": "1"},
        files={"list": ("list.csv", b"a.example\n")},
    )
    assert refused.status_code == 422
    assert "Choose it below: blocked servers or allowed servers." in refused.text
    assert "--kind" not in refused.text
    assert 'name="overwrite" value="1" checked' in refused.text


async def test_what_a_server_is_and_how_much_passes_is_said_at_once_or_not_at_all(server: NodeServer) -> None:
    """A limit that may not be said leaves the tier as it was."""
    owner = await server.person("owner", role=UserRole.OWNER, scopes=SCOPES)
    at = f"{API}/old.example"
    success(await owner.api.patch(at, data={"tier": "open"}))
    await server.node.write(_offer_to, server.node, "old.example")

    assert "partnership" in refusal(await owner.api.patch(at, data={"tier": "partner", "media": "false"}), 409)
    assert success(await owner.api.get(at))["tier"] == "open"


async def test_servers_are_listed_page_by_page(server: NodeServer) -> None:
    """However many a node has heard of: over the API, on the page and on the command line."""
    owner = await server.person("owner", role=UserRole.OWNER, scopes=SCOPES)
    names = [f"s{number:04}.example" for number in range(1003)]
    rows = [{"domain": name, "tier": Tier.OPEN, "first_seen_at": server.clock()} for name in names]
    await server.node.write(lambda conn: conn.execute(tables.peers.insert(), rows))

    async def of(**window: str) -> list[str]:
        return [one["domain"] for one in success(await owner.api.get(API, params=window))]

    assert await of() == names[:100]
    assert await of(limit="200", offset="900") == names[900:]
    assert await of(offset="1003") == []
    browser = await server.browser()
    await browser.sign_in("owner")
    first, last = [(await browser.open(f"/admin/peers?page={number}")).text for number in (1, 11)]
    assert (names[99] in first, names[100] in first, "?page=2" in first) == (True, False, True)
    assert (names[1002] in last, "?page=12" in last) == (True, False)
    listed = [one.peer.domain async for one in peers.all_peers(server.node)]
    assert listed == names


def _offer_to(conn: Connection, node: Node, domain: str) -> None:
    now = node.now()
    offered = Partnership(
        id=PartnershipId(node.ids.next()),
        domain=domain,
        tier=Tier.PARTNER,
        state=PartnershipState.OFFERED,
        is_inviter=True,
        ours=Grant(ceilings=UNLIMITED),
        their_actor=f"https://{domain}/actor",
        created_at=now,
        updated_at=now,
        expires_at=now + timedelta(days=14),
    )
    assert partnerships.insert(conn, offered)
