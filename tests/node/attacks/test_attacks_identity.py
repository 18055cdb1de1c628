"""Attacks on who is who: documents and activities that claim ids, authors, names, pages and times of others."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Connection

from fedorg.domain.visibility import Tier
from fedorg.ids import AccountId
from fedorg.services import peers
from fedorg.store import accounts
from tests.node.attacks.ground import NUMBERS, PUBLIC, Ground, note
from tests.node.fake_peer import FakePeer, running_peer
from tests.node.talking import contents, success, upload

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def statuses_of(ground: Ground, uri: str) -> list[str]:
    """What an account is known to have said."""
    account = await ground.account(uri)
    assert account is not None
    return contents(success(await ground.alice.api.get(f"/api/v1/accounts/{account['id']}/statuses")))


async def test_s1_an_author_behind_a_redirect_is_not_believed(ground: Ground, peer: FakePeer, third: FakePeer) -> None:
    """S1: an author's address that leads to somebody else's actor makes nothing that person's post."""
    peer.redirects["/users/ghost"] = third.actor("olga")
    forged = note(peer, "ghost", content="<p>Olga never said this</p>")

    assert await ground.status(forged["id"], resolve=True) is None
    await ground.create(peer, inReplyTo=forged["id"])

    assert "Olga never said this" not in await statuses_of(ground, third.actor("olga"))


async def test_s1_a_document_is_what_its_address_says(ground: Ground, peer: FakePeer, third: FakePeer) -> None:
    """S1: without an id, under an id elsewhere, or under one that its address contradicts, a document is none."""
    true = note(third, "olga", content="<p>True</p>")
    claims: list[object] = [None, "", 7, [], {}, true["id"], f"{third.url}/notes/none", ground.alice_uri, "urn:x:1"]
    for claimed in claims:
        false = note(peer, "mallory", content="<p>False</p>")
        address = str(false["id"])
        peer.documents[address.removeprefix(peer.url)] = false | {"id": claimed}

        assert await ground.status(address, resolve=True) is None, claimed
    assert await statuses_of(ground, third.actor("olga")) == []


async def test_s1_a_redirect_does_not_lend_its_name(ground: Ground, peer: FakePeer, third: FakePeer) -> None:
    """S1: what a redirect leads to is known under its own id, never under the address that was asked."""
    true = note(third, "olga", content="<p>By Olga</p>")
    peer.redirects["/notes/lent"] = true["id"]

    found = await ground.status(f"{peer.url}/notes/lent", resolve=True)

    assert found is not None
    assert (found["uri"], found["account"]["uri"]) == (true["id"], third.actor("olga"))
    assert await ground.status(f"{peer.url}/notes/lent") is None


@pytest.mark.parametrize(
    "content_type",
    [
        "application/json",
        "application/ld+json",
        'application/ld+json; profile="https://example.com/"',
        "text/html",
        "text/plain",
        "image/png",
        "application/octet-stream",
        "application/activity+json+x",
        "text/html; profile=application/activity+json",
    ],
)
async def test_s2_an_uploaded_file_is_no_document(ground: Ground, peer: FakePeer, content_type: str) -> None:
    """S2: what a server serves as anything but ActivityPub, its people may have uploaded: no status, actor or key."""
    status = note(peer, "mallory")
    name = f"upload{next(NUMBERS)}"
    actor = peer.add_user(name)
    for uri in (str(status["id"]), actor):
        peer.content_types[uri.removeprefix(peer.url)] = content_type
    follow = peer.activity("Follow", actor, ground.alice_uri, next(NUMBERS))

    assert await ground.status(str(status["id"]), resolve=True) is None
    assert await ground.account(actor) is None
    await ground.assert_refused(peer.sign(ground.inbox, follow, by=name), 401)


async def test_s2_what_members_make_is_never_served_as_a_document(ground: Ground) -> None:
    """S2, from the other side: files, pages and the API of this node give nobody a document to pass for an actor."""
    file = await upload(ground.alice)
    status = await ground.posted("Not a document", media_ids=[file["id"]])
    for path in (
        file["url"].removeprefix(ground.url),
        f"/api/v1/statuses/{status['id']}",
        f"/api/v1/accounts/{ground.alice.id}",
        "/about",
    ):
        answer = await ground.server.anonymous.get(path, headers={"Accept": "application/activity+json"})
        assert answer.status_code == 200, path
        assert "activity+json" not in answer.headers["Content-Type"], path
        assert "ld+json" not in answer.headers["Content-Type"], path


class Victims:
    """What Olga (of another server) and Fred (a neighbour of Mallory's) did with Alice before Mallory came."""

    def __init__(self, ground: Ground, peer: FakePeer, third: FakePeer) -> None:
        self.ground, self.peer, self.third = ground, peer, third
        self.alices: dict[str, Any] = {}
        self.olgas = self.freds = ""
        self.follows: dict[str, Any] = {}
        self.likes: dict[str, Any] = {}
        self.boosts: dict[str, Any] = {}
        self.freds_like: dict[str, Any] = {}

    async def prepare(self) -> "Victims":
        """Both post, Olga follows, likes and boosts, and Alice asks to follow both."""
        self.peer.add_user("fred")
        self.alices = await self.ground.posted("By Alice")
        self.olgas = await self.ground.create(self.third, "olga", content="<p>By Olga</p>")
        self.freds = await self.ground.create(self.peer, "fred", content="<p>By Fred</p>")
        olga = self.third.actor("olga")
        self.follows = self.third.activity("Follow", olga, self.ground.alice_uri, next(NUMBERS))
        self.likes = self.third.activity("Like", olga, self.alices["uri"], next(NUMBERS))
        self.boosts = self.third.activity("Announce", olga, self.alices["uri"], next(NUMBERS)) | {"to": [PUBLIC]}
        for activity in (self.follows, self.likes, self.boosts):
            await self.ground.send(self.third, activity, "olga")
        self.freds_like = self.peer.activity("Like", self.peer.actor("fred"), self.alices["uri"], next(NUMBERS))
        await self.ground.send(self.peer, self.freds_like, "fred")
        for uri in (olga, self.peer.actor("fred")):
            account = await self.ground.account(uri)
            assert account is not None
            await self.ground.alice.api.post(f"/api/v1/accounts/{account['id']}/follow")
        await self.ground.working.settle()
        return self

    async def seen(self) -> list[Any]:
        """Everything of this that Mallory might change, as Alice sees it."""
        api, alice = self.ground.alice.api, self.ground.alice.id
        own = success(await api.get(f"/api/v1/statuses/{self.alices['id']}"))
        found = [await self.ground.status(uri) for uri in (self.olgas, self.freds)]
        accounts = [await self.ground.account(uri) for uri in (self.third.actor("olga"), self.peer.actor("fred"))]
        ids = [account["id"] for account in accounts if account is not None]
        between = success(await api.get("/api/v1/accounts/relationships", params={"id[]": ids}))
        followers = success(await api.get(f"/api/v1/accounts/{alice}/followers"))
        profile = success(await api.get(f"/api/v1/accounts/{alice}"))
        return [own, found, accounts, between, [one["uri"] for one in followers], profile]

    def forgeries(self) -> list[tuple[str, object, dict[str, Any]]]:
        """Kind, object and other fields of what only somebody else may say."""
        olga, fred = self.third.actor("olga"), self.peer.actor("fred")
        edited = {"type": "Note", "content": "<p>Changed</p>", "to": [PUBLIC], "updated": "2099-01-01T00:00:00Z"}
        asked = [
            {"type": "Follow", "id": f"{self.ground.alice_uri}#follow/1", "actor": self.ground.alice_uri, "object": who}
            for who in (olga, fred)
        ]
        return [
            *(
                ("Update", edited | {"id": uri, "attributedTo": author}, {})
                for uri, author in (
                    (self.olgas, olga),
                    (self.olgas, self.peer.actor("mallory")),
                    (self.freds, fred),
                    (self.freds, self.peer.actor("mallory")),
                    (self.alices["uri"], self.ground.alice_uri),
                )
            ),
            *(
                ("Update", document | {"name": "Owned", "summary": "Owned"}, {})
                for document in (self.third.documents["/users/olga"], self.peer.documents["/users/fred"])
            ),
            *(
                ("Delete", one, {})
                for uri in (self.olgas, self.freds, self.alices["uri"], olga, fred, self.ground.alice_uri)
                for one in (uri, {"type": "Tombstone", "id": uri})
            ),
            *(("Undo", one, {}) for one in (self.follows, self.likes, self.boosts, self.freds_like)),
            *(("Undo", one["id"], {}) for one in (self.follows, self.likes, self.boosts, self.freds_like)),
            *(("Undo", one | {"actor": self.peer.actor("mallory")}, {}) for one in (self.follows, self.likes)),
            *((kind, one, {}) for kind in ("Accept", "Reject") for one in asked),
            *((kind, one["id"], {}) for kind in ("Accept", "Reject") for one in asked),
            *((kind, self.follows, {}) for kind in ("Accept", "Reject")),
            *(
                (kind, self.olgas, {"target": f"{who}/{name}"})
                for kind in ("Add", "Remove")
                for who in (olga, fred, self.ground.alice_uri)
                for name in ("collections/featured", "followers")
            ),
            ("Move", olga, {"target": self.peer.actor("mallory")}),
            ("Move", fred, {"target": self.peer.actor("mallory")}),
            ("Move", self.ground.alice_uri, {"target": self.peer.actor("mallory")}),
        ]


async def test_s5_nobody_speaks_about_what_is_not_theirs(ground: Ground, peer: FakePeer, third: FakePeer) -> None:
    """S5: updates, deletions, undos, answers and moves of others' things and persons change nothing.

    Neither those of another server nor of a neighbour on the same one.
    """
    victims = await Victims(ground, peer, third).prepare()
    before = await victims.seen()
    forgeries = victims.forgeries()

    for kind, object_, fields in forgeries:
        activity = peer.activity(kind, peer.actor("mallory"), object_, next(NUMBERS)) | fields
        answer = await ground.post(peer.sign(ground.inbox, activity, by="mallory"))
        assert answer.status_code in (202, 400, 403), (kind, object_, answer.text)
    await ground.working.settle()

    assert len(forgeries) > 40
    assert await victims.seen() == before


async def test_s5_a_neighbour_keeps_nothing_away(ground: Ground) -> None:
    """S5: a deletion or an Undo by a neighbour, of what somebody will send next, does not keep it from coming."""
    own = await ground.posted("To be liked")
    async with running_peer() as peer:
        fred = peer.add_user("fred")
        peer.add_user("mallory")
        made = note(peer, "fred", to=[PUBLIC, ground.alice_uri])
        coming = [
            peer.activity(kind, fred, object_, next(NUMBERS)) | {"to": [PUBLIC]}
            for kind, object_ in (
                ("Create", made),
                ("Like", own["uri"]),
                ("Announce", own["uri"]),
                ("Follow", ground.alice_uri),
            )
        ]
        for uri in (made["id"], *(one["id"] for one in coming)):
            await ground.do(peer, "Delete", uri)
            await ground.do(peer, "Undo", uri)

        for one in coming:
            await ground.send(peer, one, "fred")

    assert await ground.status(str(made["id"])) is not None
    seen = success(await ground.alice.api.get(f"/api/v1/statuses/{own['id']}"))
    assert (seen["favourites_count"], seen["reblogs_count"]) == (1, 1)
    followers = success(await ground.alice.api.get(f"/api/v1/accounts/{ground.alice.id}/followers"))
    assert fred in [account["uri"] for account in followers]


async def test_s6_an_embedded_object_of_another_server_is_not_believed(
    ground: Ground, peer: FakePeer, third: FakePeer
) -> None:
    """S6: what comes embedded in Create, Update or Announce and belongs elsewhere is fetched there, or dropped."""
    # What somebody boosts concerns this node only if they are followed here.
    forger = peer.add_user("forger")
    await follow_remote(ground, peer, "forger")
    true = note(third, "olga", content="<p>True</p>")
    false = true | {"content": "<p>False</p>"}
    absent = false | {"id": f"{third.url}/notes/absent"}
    for kind in ("Create", "Update", "Announce"):
        for forged in (false, absent):
            activity = peer.activity(kind, forger, forged, next(NUMBERS))
            activity["to"] = [PUBLIC, ground.alice_uri]
            await ground.post(peer.sign(ground.inbox, activity, by="forger"))
    await ground.working.settle()

    assert "False" not in await statuses_of(ground, third.actor("olga"))
    assert await ground.status(absent["id"]) is None
    known = await ground.status(true["id"])
    assert known is not None
    assert known["content"] == "<p>True</p>"


async def test_s6_an_update_makes_nothing(ground: Ground, peer: FakePeer) -> None:
    """S6: what was never created here cannot be slipped in by an edit."""
    made = note(peer, "mallory", to=[PUBLIC, ground.alice_uri], updated="2026-06-01T00:00:00Z")

    await ground.do(peer, "Update", made)

    assert await ground.status(str(made["id"])) is None


async def test_s12_a_create_of_somebody_elses_note_stores_nothing(
    ground: Ground, peer: FakePeer, third: FakePeer
) -> None:
    """S12: the inner object decides whose it is: a note of Olga's sent by Mallory is not taken from Mallory."""
    forms: list[Callable[[dict[str, Any]], object]] = [
        lambda made: made,
        lambda made: made["id"],
        lambda made: made | {"attributedTo": peer.actor("mallory")},
        lambda made: {"id": made["id"]},
    ]
    for form in forms:
        theirs = note(third, "olga", content="<p>Only for friends</p>", to=[f"{third.actor('olga')}/followers"])
        await ground.post(
            peer.sign(
                ground.inbox,
                peer.activity("Create", peer.actor("mallory"), form(theirs), next(NUMBERS)) | {"to": ground.alice_uri},
                by="mallory",
            )
        )
        await ground.working.settle()

        assert await ground.status(str(theirs["id"])) is None


@pytest.mark.parametrize(
    "spelling",
    [
        "http://LOCALHOST:{port}",
        "http://localhost.:{port}",
        "http://localhost:0{port}",
        "http://x@localhost:{port}",
        "http://localhost:{port}@localhost:{port}",
        "http://loc\u0430lhost:{port}",
        "http://\uff4cocalhost:{port}",
        "http://local\u00adhost:{port}",
        "http://local\u200bhost:{port}",
        "http://localhost\u3002:{port}",
        "http://localhost%2e:{port}",
        "http://localhost\\@evil.example:{port}",
        "http:/localhost:{port}",
        "//localhost:{port}",
    ],
)
async def test_s7_a_server_has_one_name(ground: Ground, peer: FakePeer, spelling: str) -> None:
    """S7: an actor under another spelling of a host is nobody, so that no tier, block or name is dodged by it."""
    name = f"spelt{next(NUMBERS)}"
    base = spelling.format(port=peer.domain.partition(":")[2])
    peer.add_user(name)
    uri = f"{base}/users/{name}"
    document = peer.documents[f"/users/{name}"]
    peer.documents[f"/users/{name}"] = {
        **{key: str(value).replace(peer.url, base) for key, value in document.items() if key in ("inbox", "followers")},
        "@context": document["@context"],
        "id": uri,
        "type": "Person",
        "preferredUsername": name,
        "publicKey": document["publicKey"] | {"id": f"{uri}#main-key", "owner": uri},
    }
    peer.handles[f"{name}@{peer.domain}"] = uri
    follow = peer.activity("Follow", uri, ground.alice_uri, next(NUMBERS)) | {"id": f"{base}/activities/{name}"}

    answer = await ground.post(peer.sign(ground.inbox, follow, by=name))
    await ground.working.settle()

    assert answer.status_code in (400, 401, 403), answer.text
    assert await ground.account(f"{name}@{peer.domain}") is None
    assert await ground.account(uri) is None


async def test_s7_a_name_of_this_node_is_for_its_people(ground: Ground, peer: FakePeer) -> None:
    """S7: nobody elsewhere gets a handle under this node's domain, nor under a domain that does not agree."""
    domain = ground.server.node.settings.domain
    for name, claimed in (("alice", f"alice@{domain}"), ("boss", f"boss@{domain}"), ("ceo", "ceo@bank.example")):
        uri = peer.add_user(name)
        peer.subjects[f"{name}@{peer.domain}"] = claimed

        assert await ground.account(uri) is None, claimed
        assert await ground.account(f"{name}@{peer.domain}") is None, claimed
    mine = await ground.account(f"alice@{domain}")
    assert mine is not None
    assert mine["id"] == ground.alice.id


@pytest.mark.parametrize("property_", ["inbox", "sharedInbox"])
async def test_s15_nobody_is_written_to_at_another_server(ground: Ground, property_: str) -> None:
    """S15: whatever inbox somebody names, what is for them goes to their own server: nobody else is flooded with it."""
    async with running_peer() as own, running_peer() as victim:
        actor, elsewhere = own.add_user("guest"), f"{victim.url}/inbox"
        named = {"inbox": elsewhere} if property_ == "inbox" else {"endpoints": {"sharedInbox": elsewhere}}
        own.documents["/users/guest"] |= named
        follow = own.activity("Follow", actor, ground.alice_uri, next(NUMBERS))

        if property_ == "inbox":
            await ground.assert_refused(own.sign(ground.inbox, follow, by="guest"), 401)
        else:
            await ground.send(own, follow, "guest")
            await ground.posted("For the guest")
            await own.wait_for("Create", "For the guest")

        assert victim.received == []


@pytest.mark.parametrize("claim", ["https://bank.example/@alice", "{url}/@alice", "{third}/@olga", "javascript:x"])
async def test_s13_a_page_elsewhere_is_no_page_of_ones_own(
    ground: Ground, peer: FakePeer, third: FakePeer, claim: str
) -> None:
    """S13: what an actor or a status calls its page counts on its own server only."""
    page = claim.format(url=ground.url, third=third.url)
    name = f"claims{next(NUMBERS)}"
    peer.add_user(name)
    peer.documents[f"/users/{name}"] |= {
        "url": page,
        "attributionDomains": ["bank.example"],
        "alsoKnownAs": [third.actor("olga"), ground.alice_uri],
    }

    status = await ground.status(await ground.create(peer, name, url=page))

    assert status is not None
    assert status["url"].startswith(peer.url)
    assert status["account"]["url"].startswith(peer.url)
    assert await ground.status(page) is None


async def test_s13_a_field_is_verified_by_nobodys_word(ground: Ground, peer: FakePeer) -> None:
    """S13: a link in a profile is not shown as proven because the profile says so, and names its true host."""
    name = f"claims{next(NUMBERS)}"
    peer.add_user(name)
    row = {"type": "PropertyValue", "name": "Bank", "verified_at": "2020-01-01T00:00:00Z"}
    link = '<a href="https://evil.example/" rel="me">https://bank.example</a>'
    peer.documents[f"/users/{name}"]["attachment"] = [row | {"value": link}]

    account = await ground.account(peer.actor(name))

    assert account is not None
    assert account["fields"][0]["verified_at"] is None
    assert ">evil.example/<" in account["fields"][0]["value"]
    assert "bank.example" not in account["fields"][0]["value"]


@pytest.mark.parametrize(
    "published",
    ["0001-01-01T00:00:00Z", "0001-01-01T00:00:00-14:00", "1969-12-31T23:59:59Z", "1900-01-01", "1970-01-01T00:00:00Z"],
)
async def test_s14_what_claims_to_be_older_than_everything_does_no_harm(
    ground: Ground, peer: FakePeer, published: str
) -> None:
    """S14: a time before computers is no fault of the node, and gives nothing an id that is no id."""
    uri = await ground.create(peer, published=published)

    found = await ground.status(uri)

    assert found is not None
    assert int(found["id"]) > 0
    assert found["created_at"] >= "1970-01-01T"
    await ground.assert_well()


async def test_s14_the_future_does_not_stick(ground: Ground, peer: FakePeer) -> None:
    """S14: neither a status nor a boost nor an edit from tomorrow stands above what comes after it."""
    later = (datetime.now(UTC) + timedelta(days=2)).isoformat()
    soon = (datetime.now(UTC) + timedelta(hours=3)).isoformat()
    mine = await ground.posted("To be boosted")
    assert await ground.status(await ground.create(peer, published=later)) is None
    ahead = await ground.status(await ground.create(peer, published=soon, updated=later))
    await ground.do(peer, "Announce", mine["uri"], published=later, to=[PUBLIC])
    after = await ground.posted("After all of these")

    assert ahead is not None
    assert int(ahead["id"]) < int(after["id"])
    boost = (await statuses_entities(ground, peer.actor("mallory")))[0]
    assert int(boost["id"]) < int(after["id"])


async def statuses_entities(ground: Ground, uri: str) -> list[Any]:
    account = await ground.account(uri)
    assert account is not None
    found: list[Any] = success(await ground.alice.api.get(f"/api/v1/accounts/{account['id']}/statuses"))
    return found


async def test_s15_a_block_holds_wherever_the_server_is_named(ground: Ground, peer: FakePeer) -> None:
    """S15: id, actor, author, object, target and redirects are all asked about, and a blocked server hears nothing."""
    # What nobody here follows would not be looked at.
    herald = peer.add_user("herald")
    await follow_remote(ground, peer, "herald")
    async with running_peer() as blocked:
        blocked.add_user("eve")
        theirs = note(blocked, "eve")
        await peers.set_tier(ground.server.node, blocked.domain, Tier.BLOCKED)
        uri, eve = str(theirs["id"]), blocked.actor("eve")
        peer.redirects |= {"/to-a-note": uri, "/to-an-actor": eve, "/users/hop": eve}
        peer.handles[f"hop@{peer.domain}"] = eve

        for query in (uri, f"{peer.url}/to-a-note"):
            assert await ground.status(query, resolve=True) is None
        for query in (eve, f"eve@{blocked.domain}", f"{peer.url}/to-an-actor", f"hop@{peer.domain}"):
            assert await ground.account(query) is None
        for kind, object_, fields in (
            ("Announce", uri, {"to": [PUBLIC, ground.alice_uri]}),
            ("Announce", f"{peer.url}/to-a-note", {"to": [PUBLIC, ground.alice_uri]}),
            ("Create", theirs, {}),
            ("Like", uri, {}),
            ("Move", herald, {"target": eve}),
            ("Add", uri, {"target": f"{herald}/collections/featured"}),
        ):
            activity = peer.activity(kind, herald, object_, next(NUMBERS)) | fields
            await ground.post(peer.sign(ground.inbox, activity, by="herald"))
        await ground.create(peer, inReplyTo=uri, tag=[{"type": "Mention", "href": eve, "name": "@eve"}])
        await ground.create(peer, inReplyTo=f"{peer.url}/to-a-note")
        message = blocked.sign(ground.inbox, blocked.activity("Follow", eve, ground.alice_uri, 1), by="eve")
        await ground.assert_refused(message, 403)

        assert not blocked.asked


async def test_s50_what_a_suspended_person_said_does_not_come_back(
    ground: Ground, peer: FakePeer, third: FakePeer
) -> None:
    """S50: a boost by somebody one follows brings back neither what is here of a suspended person nor anything new."""
    peer.add_user("gone")
    third.add_user("booster")
    old, new = await ground.create(peer, "gone"), note(peer, "gone")
    await follow_remote(ground, third, "booster")
    account = await ground.account(peer.actor("gone"))
    assert account is not None
    await ground.server.node.write(suspend, AccountId(int(account["id"])))

    for uri in (old, new["id"]):
        await ground.do(third, "Announce", uri, "booster", to=[PUBLIC, f"{third.actor('booster')}/followers"])
    await ground.assert_refused(
        peer.sign(ground.inbox, peer.activity("Create", peer.actor("gone"), new, next(NUMBERS)), by="gone"), 403
    )

    for uri in (old, str(new["id"])):
        assert await ground.status(uri, resolve=True) is None
    home = success(await ground.alice.api.get("/api/v1/timelines/home"))
    assert not [one for one in home if one["account"]["acct"].startswith("booster")]
    assert await ground.account(f"gone@{peer.domain}") is None


def suspend(conn: Connection, account_id: AccountId) -> None:
    """What a moderator does."""
    accounts.set_standing(conn, account_id, suspended_at=datetime.now(UTC))


async def follow_remote(ground: Ground, peer: FakePeer, name: str) -> None:
    """Alice follows somebody of a peer, who accepts."""
    account = await ground.account(peer.actor(name))
    assert account is not None
    await ground.alice.api.post(f"/api/v1/accounts/{account['id']}/follow")
    asked = await peer.wait_for("Follow", peer.actor(name))
    await ground.do(peer, "Accept", asked, name)


async def test_s51_who_was_not_accepted_follows_nobody(ground: Ground, peer: FakePeer) -> None:
    """S51: an Accept nobody asked for, or by somebody else, opens nothing; nor does a Follow that waits."""
    api = ground.alice.api
    await api.patch("/api/v1/accounts/update_credentials", data={"locked": "true"})
    await ground.do(peer, "Follow", ground.alice_uri)
    private = await ground.posted("For followers", visibility="private")
    peer.add_user("unasked")
    for asked in (
        {"type": "Follow", "id": f"{ground.alice_uri}#follow/9", "actor": ground.alice_uri, "object": None},
        peer.activity("Follow", peer.actor("mallory"), ground.alice_uri, 1),
    ):
        for by in ("mallory", "unasked"):
            forged = {**asked, "object": peer.actor(by)} if asked["object"] is None else asked
            activity = peer.activity("Accept", peer.actor(by), forged, next(NUMBERS))
            await ground.post(peer.sign(ground.inbox, activity, by=by))
    await ground.working.settle()
    seen = await ground.server.anonymous.get(private["uri"], headers=peer.sign_get(private["uri"], by="mallory"))

    assert seen.status_code == 404
    assert not [one for one in peer.received if one["type"] == "Create"]
    waiting = success(await api.get("/api/v1/follow_requests"))
    assert peer.actor("mallory") in [account["uri"] for account in waiting]
    for by in ("mallory", "unasked"):
        account = await ground.account(peer.actor(by))
        assert account is not None
        (between,) = success(await api.get("/api/v1/accounts/relationships", params={"id[]": account["id"]}))
        assert (between["following"], between["followed_by"]) == (False, False)
    # Whoever still waited would be let in.
    for one in waiting:
        success(await api.post(f"/api/v1/follow_requests/{one['id']}/reject"))
    await api.patch("/api/v1/accounts/update_credentials", data={"locked": "false"})
