"""Links in profiles: which are verified, when they are looked at, and what is said about it."""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Final

import pytest
import sqlalchemy as sa

from fedorg.services import links, looking
from fedorg.store.tables import jobs
from fedorg.text import links_back
from tests.node.fake_peer import ACTIVITY_JSON
from tests.node.meeting import Meeting
from tests.node.peering import follow_remote
from tests.node.serving import Member, NodeServer
from tests.node.talking import WorkingServer, entity, success
from tests.node.test_api_cards import Site, serve_site, site

__all__ = ["serve_site", "site"]

LATER: Final = max(links.AGAIN_AFTER, looking.REMOTE_DELAY) + timedelta(seconds=1)


async def write(member: Member, *values: str, **more: str) -> None:
    """Make these the fields of a profile."""
    rows = [{"name": f"Field {number}", "value": value} for number, value in enumerate(values)]
    success(await member.api.patch("/api/v1/accounts/update_credentials", json={"fields_attributes": rows, **more}))


async def verified(reader: Member, account_id: str) -> list[bool]:
    """Which fields of an account are shown as verified."""
    account = entity(await reader.api.get(f"/api/v1/accounts/{account_id}"), "Account")
    return [field["verified_at"] is not None for field in account["fields"]]


async def test_a_page_that_links_back_is_verified(working: WorkingServer, site: Site) -> None:
    """To the profile's page or identity, as ``a`` or ``link``; not what is more than a link, and no page that does not.

    Clients see it, other servers are told nothing of it. The profile's page links to them in turn.
    """
    anna, bert = await working.person("anna"), await working.person("bert")
    page, identity = f"{working.server.url}/@anna", f"{working.server.url}/users/anna"
    back = site.put("/back", f"<p><a class=x rel='nofollow ME' href='{page.upper()}'>Anna</a>")
    head = site.put("/head", f"<head><link href={identity} rel=me></head>")
    other = site.put("/other", f"<a href='{page}'>Anna</a><a rel=me href='{page}/'></a><a rel=meow href='{page}'></a>")

    await write(anna, back, head, other, f"See {back}")
    await working.settle()

    assert await verified(bert, anna.id) == [True, True, False, False]
    shown = await working.server.anonymous.get(page, headers={"Accept": "text/html"})
    assert [links_back(shown.content, None, [url]) for url in (back, other, f"{site.url}/nobody")] == [
        True,
        True,
        False,
    ]
    document = (await working.server.anonymous.get(identity, headers={"Accept": ACTIVITY_JSON})).json()
    assert [sorted(row) for row in document["attachment"]] == [["name", "type", "value"]] * 4
    assert site.asked == {"/back": 1, "/head": 1, "/other": 1}


async def test_links_are_looked_at_again_when_the_profile_changes(working: WorkingServer, site: Site) -> None:
    """What links back no more is verified no more, what cannot be read stays; however often it changes, not often."""
    anna = await working.person("anna")
    mine = f"<a rel=me href='{working.server.url}/@anna'></a>"
    one, two = site.put("/one", mine), site.put("/two", mine)
    await write(anna, one, two)
    await working.settle()
    first = success(await anna.api.get(f"/api/v1/accounts/{anna.id}"))["fields"]
    site.put("/one", "<p>Nothing</p>")
    del site.pages["/two"]

    for number in range(4):
        await write(anna, two, one, display_name=f"Anna {number}")
        await working.settle()
    assert await verified(anna, anna.id) == [True, True]
    assert site.asked["/one"] == 1
    working.server.clock.advance(LATER)
    await working.settle()

    assert site.asked == {"/one": 2, "/two": 2}
    fields = success(await anna.api.get(f"/api/v1/accounts/{anna.id}"))["fields"]
    assert [field["verified_at"] for field in fields] == [first[1]["verified_at"], None]


def row(url: str, shown: str = "") -> dict[str, str]:
    return {"type": "PropertyValue", "name": "Site", "value": f'<a href="{url}" rel="me">{shown or url}</a>'}


async def test_links_of_elsewhere_are_looked_at_for_those_who_are_followed(meeting: Meeting, site: Site) -> None:
    """Once somebody here follows, and when the links change; not for strangers, nor what shows no address."""
    working, peer, clock = meeting.working, meeting.peer, meeting.server.clock
    anna = await working.person("anna")
    uri = peer.actor("rita")
    old, new = [site.put(path, f"<a rel=me href='{uri}'></a>") for path in ("/old", "/new")]
    meeting.add("rita", attachment=[row(old), row(old, "My bank")])
    rita = await meeting.find(anna, "rita")

    async def later() -> None:
        await working.settle()
        clock.advance(LATER)
        await working.settle()

    await later()
    assert not site.asked
    await follow_remote(working, anna, peer, "rita")
    await later()
    assert await verified(anna, rita["id"]) == [True, False]
    await meeting.say("Update", "rita", peer.documents["/users/rita"])
    await later()
    assert site.asked == {"/old": 1}
    peer.documents["/users/rita"]["attachment"] = [row(new), row(old)]
    await meeting.say("Update", "rita", peer.documents["/users/rita"])
    # What was verified stays so while the other is looked at.
    assert (await verified(anna, rita["id"]))[1]
    await later()
    assert await verified(anna, rita["id"]) == [True, True]


async def test_pages_are_not_looked_at_where_that_is_switched_off(
    serve: Callable[..., Awaitable[NodeServer]], site: Site
) -> None:
    """As for previews."""
    server = await serve(link_previews=False)
    anna = await server.person("anna")
    await write(anna, site.put("/back", f"<a rel=me href='{server.url}/@anna'></a>"))

    assert await verified(anna, anna.id) == [False]
    kinds = await server.node.read(lambda conn: conn.execute(sa.select(jobs.c.payload)).scalars().all())
    assert not any("VerifyLinks" in kind for kind in kinds)


ME: Final = "<a rel=me href=https://home.example/@anna>"


@pytest.mark.parametrize(
    ("html", "is_back"),
    [
        (ME, True),
        (f"<!-- --><!--><!---><!doctype html><? php ?></ x>{ME}", True),
        (f"<script>'<!--'</script><style><!--</style><title>{ME}</title>{ME}", True),
        (f"<template><template></template></template>{ME}", True),
        (f"<div title='>'>{ME}</div>", True),
        ("<A HREF=' HTTPS://Home.example/@ANNA ' REL='x\n me\ty'>", True),
        (f"<!-- {ME} -->", False),
        (f"<!-- > -> -- {ME}", False),
        (f"<!-- --!{ME}> -->", False),
        (f"<! {ME}", False),
        (f"<!-{ME.replace('>', '')}", False),
        (f"<script>{ME}</script>", False),
        (f"<SCRIPT type=x>{ME}</script", False),
        (f"<textarea>{ME}</textarea><title>{ME}</title><noscript>{ME}</noscript>", False),
        (f"<style></styl>{ME}", False),
        (f"<template>{ME}<template></template>{ME}</template>", False),
        (f"<img alt=\"{ME}\"><img alt='{ME}'>", False),
        (f"<plaintext>{ME}", False),
        ("&lt;a rel=me href=https://home.example/@anna&gt;", False),
        ("<a rel=me href=https://home.example/@anna", False),
        ("<a rel=me href=/@anna><a rel='m e' href=https://home.example/@anna>", False),
        ("<a data-rel=me href=https://home.example/@anna><area rel=me href=https://home.example/@anna>", False),
        ("<a rel=me href=https://home.example/@annabel><a rel=me href=https://home.example.evil/@anna>", False),
        ("<p><b rel=me>https://home.example/@anna", False),
    ],
)
def test_only_what_is_shown_links_back(html: str, *, is_back: bool) -> None:
    """Elements as a browser makes them: nothing in comments, texts, templates and values; the whole address."""
    assert links_back(html.encode(), None, ["https://home.example/@anna"]) is is_back
