"""Collections of people over the client API: who may be in one, who may change or leave it, and who sees what."""

from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection

from fedorg.store.tables import accounts
from tests.contract import assert_valid
from tests.node.serving import Member
from tests.node.talking import WorkingServer, entity, links, refusal, success

COLLECTIONS = "/api/v1/collections"


async def findable(working: WorkingServer, name: str) -> Member:
    """A person who wants to be found."""
    person = await working.person(name)
    success(await person.api.patch("/api/v1/accounts/update_credentials", json={"discoverable": True}))
    return person


async def make(owner: Member, *members: Member, **fields: object) -> Any:  # noqa: ANN401 - JSON
    """A collection with people in it."""
    sent = {"name": "Gardeners", "account_ids": [member.id for member in members], **fields}
    made = success(await owner.api.post(COLLECTIONS, json=sent))["collection"]
    assert_valid(made, "Collection")
    return made


async def people_in(viewer: Member, collection_id: str) -> set[str]:
    """Whom a viewer sees in a collection."""
    found = entity(await viewer.api.get(f"{COLLECTIONS}/{collection_id}"), "CollectionWithAccounts")
    return {item["account_id"] for item in found["collection"]["items"]}


async def listed(viewer: Member, account: Member, where: str = "collections") -> list[str]:
    """The names of the collections that an account keeps, or is in, as a viewer finds them."""
    found = success(await viewer.api.get(f"/api/v1/accounts/{account.id}/{where}"))["collections"]
    return [one["name"] for one in found]


async def test_only_who_wants_to_be_found_can_be_featured(working: WorkingServer) -> None:
    """The others are refused, with nothing kept; whether somebody may be featured stands in their account."""
    anna, bert, cora = await working.person("anna"), await findable(working, "bert"), await working.person("cora")

    refused = await anna.api.post(COLLECTIONS, json={"name": "Both", "account_ids": [bert.id, cora.id]})

    assert refused.status_code == 422
    assert await listed(anna, anna) == []
    for person, approval in ((bert, "automatic"), (cora, "denied")):
        account = entity(await anna.api.get(f"/api/v1/accounts/{person.id}"), "Account")
        assert account["feature_approval"]["current_user"] == approval
    made = await make(anna, bert)
    assert "cannot be added" in refusal(
        await anna.api.post(f"{COLLECTIONS}/{made['id']}/items", json={"account_id": cora.id}), 422
    )


async def test_who_left_a_collection_is_not_put_back(working: WorkingServer) -> None:
    """Leaving is for good, even when its owner tries again; nobody else can leave for one."""
    anna, bert, cora = await working.person("anna"), await findable(working, "bert"), await working.person("cora")
    made = await make(anna, bert)
    place = f"{COLLECTIONS}/{made['id']}/items/{made['items'][0]['id']}"
    assert await listed(bert, bert, "in_collections") == ["Gardeners"]

    for other in (anna, cora):
        assert refusal(await other.api.post(f"{place}/revoke"), 403) == "This action is not allowed"
    assert success(await bert.api.post(f"{place}/revoke")) == {}

    assert await people_in(anna, made["id"]) == set()
    assert await listed(bert, bert, "in_collections") == []
    assert refusal(await bert.api.post(f"{place}/revoke"), 404) == "Record not found"
    again = await anna.api.post(f"{COLLECTIONS}/{made['id']}/items", json={"account_id": bert.id})
    assert refusal(again, 422) == "Validation failed: Account has already been taken"


async def test_a_block_ends_recommendations_and_hides_collections(working: WorkingServer) -> None:
    """Who blocks somebody is in none of their collections, cannot be put there, and sees none."""
    anna, bert, cora = await working.person("anna"), await findable(working, "bert"), await findable(working, "cora")
    made = await make(anna, bert, cora)

    success(await bert.api.post(f"/api/v1/accounts/{anna.id}/block"))

    assert await people_in(cora, made["id"]) == {cora.id}
    assert (await bert.api.get(f"{COLLECTIONS}/{made['id']}")).status_code == 404
    assert (await bert.api.delete(f"{COLLECTIONS}/{made['id']}")).status_code == 404
    assert await listed(bert, anna) == []
    assert (await anna.api.post(f"{COLLECTIONS}/{made['id']}/items", json={"account_id": bert.id})).status_code == 422
    success(await cora.api.post(f"/api/v1/accounts/{bert.id}/block"))
    other = await make(bert, name="Of bert")
    assert (await cora.api.get(f"{COLLECTIONS}/{other['id']}")).status_code == 404


async def test_collections_not_to_be_found_are_listed_for_those_concerned_alone(working: WorkingServer) -> None:
    """Their owner and who is in them find them; others have to know where they are."""
    anna, bert, cora = await working.person("anna"), await findable(working, "bert"), await working.person("cora")
    hidden = await make(anna, bert, name="Hidden", discoverable=False)
    await make(anna, bert, name="Shown")

    assert await listed(anna, anna) == ["Shown", "Hidden"]
    assert await listed(bert, bert, "in_collections") == ["Shown", "Hidden"]
    assert await listed(anna, bert, "in_collections") == ["Shown", "Hidden"]
    assert await listed(cora, anna) == ["Shown"]
    assert await listed(cora, bert, "in_collections") == ["Shown"]
    assert await people_in(cora, hidden["id"]) == {bert.id}


async def test_collections_and_who_is_in_them_are_few(working: WorkingServer) -> None:
    """Ten collections, names and descriptions with an end, and pages by offset."""
    anna = await working.person("anna")
    for number in range(10):
        await make(anna, name=f"Number {number}")

    assert "maximum" in (await anna.api.post(COLLECTIONS, json={"name": "One more"})).text
    too_long = (await anna.api.post(COLLECTIONS, json={"name": "x", "description": "y" * 101})).json()
    assert too_long["error"]["details"]["description"][0]["error"] == "ERR_TOO_LONG"
    path = f"/api/v1/accounts/{anna.id}/collections"
    first = await anna.api.get(path, params={"limit": 6})
    rest = await anna.api.get(links(first)["next"])
    assert [len(answer.json()["collections"]) for answer in (first, rest)] == [6, 4]
    assert "next" not in links(rest)
    assert set(links(rest)) == {"prev"}


async def test_somebody_suspended_shows_in_no_collection(working: WorkingServer) -> None:
    """Neither as a member nor with collections of their own."""
    anna, bert = await findable(working, "anna"), await findable(working, "bert")
    made, other = await make(anna, bert), await make(bert, anna, name="Of bert")

    def suspend(conn: Connection) -> None:
        values = {"suspended_at": working.server.node.now()}
        conn.execute(sa.update(accounts).where(accounts.c.id == int(bert.id)).values(values))

    await working.server.node.write(suspend)

    assert await people_in(anna, made["id"]) == set()
    assert (await anna.api.get(f"{COLLECTIONS}/{other['id']}")).status_code == 404
    assert await listed(anna, anna, "in_collections") == []


async def told(member: Member) -> list[tuple[str, str]]:
    """What somebody was told about collections: the kind, and the name of the collection, newest first."""
    found = success(await member.api.get("/api/v1/notifications"))
    for one in found:
        assert_valid(one, "Notification")
    return [(one["type"], one["collection"]["name"]) for one in found if "collection" in one]


async def test_who_is_in_a_collection_is_told(working: WorkingServer) -> None:
    """Being put in and a change of what it says are told, each once; nothing of it is left for whoever is out again."""
    anna, bert, cora = await findable(working, "anna"), await findable(working, "bert"), await findable(working, "cora")
    made = await make(anna, anna, bert)
    path = f"{COLLECTIONS}/{made['id']}"
    success(await anna.api.post(f"{path}/items", json={"account_id": cora.id}))

    for name in ("Growers", "Growers", "Planters"):
        success(await anna.api.patch(path, json={"name": name}))

    assert await told(anna) == []
    assert (
        await told(bert) == await told(cora) == [("collection_update", "Planters"), ("added_to_collection", "Planters")]
    )
    items = {item["account_id"]: item["id"] for item in success(await anna.api.get(path))["collection"]["items"]}
    success(await anna.api.delete(f"{path}/items/{items[cora.id]}"))
    assert await told(cora) == []
    success(await bert.api.post(f"{path}/items/{items[bert.id]}/revoke"))
    assert await told(bert) == []
    for member in (bert, cora):
        assert success(await member.api.get("/api/v1/notifications/unread_count"))["count"] == 0


async def test_a_collection_that_is_gone_is_told_no_more(working: WorkingServer) -> None:
    """With a collection go the notifications of it; who shuts somebody out hears nothing of their collections."""
    anna, bert = await working.person("anna"), await findable(working, "bert")
    made = await make(anna, bert)
    assert await told(bert) == [("added_to_collection", "Gardeners")]

    success(await anna.api.delete(f"{COLLECTIONS}/{made['id']}"))

    assert await told(bert) == []
    assert success(await bert.api.get("/api/v1/notifications/unread_count"))["count"] == 0
    success(await bert.api.post(f"/api/v1/accounts/{anna.id}/mute"))
    await make(anna, bert)
    assert await told(bert) == []
