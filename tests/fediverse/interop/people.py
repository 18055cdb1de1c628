"""What people are to each other across two servers: follows, blocks, reports, profiles, moves."""

import json
from typing import Any

from tests.fediverse.interop.world import RECEIVED, SCHEMES, SENT, World, search, shows, unique
from tests.fediverse.nodes import wait_for


@shows(("Follow", SENT), ("Follow", RECEIVED), ("Accept", SENT), ("Accept", RECEIVED))
async def both_follow_each_other(world: World) -> None:
    """Each is a follower of the other on both servers, and what Fern signed was verified as what it is."""
    state = await world.fern.state()

    assert state.followers == state.following == (world.uri(world.alice),)
    await world.handled("Follow", lambda event: event.actor == world.uri(world.alice))
    await world.handled("Accept", lambda event: event.actor == world.uri(world.alice))
    me = await world.alice.get("/api/v1/accounts/verify_credentials")
    assert (me["followers_count"], me["following_count"]) == (1, 1)
    (told,) = await world.alice.get("/api/v1/notifications", {"types[]": "follow"})
    assert told["account"]["acct"] == world.fern.handle().removeprefix("@")
    follows = [line for line in world.node.log_lines("activity.received") if line["type"] == "Follow"]
    assert {line["scheme"] for line in follows} == {SCHEMES[world.scheme]}


@shows(("Undo Follow", SENT), ("Undo Follow", RECEIVED))
async def follows_end(world: World) -> None:
    """An unfollow in either direction is understood by the other."""
    fern = await world.find_fern(world.bert)
    await world.bert.post(f"/api/v1/accounts/{fern}/follow")
    await world.handled("Follow", lambda event: event.actor == world.uri(world.bert))
    await world.fern.follow(world.bert.handle)
    await world.fern.wait_for("handled", "Accept", where=lambda event: event.actor == world.uri(world.bert))

    await world.bert.post(f"/api/v1/accounts/{fern}/unfollow")
    undo = await world.handled("Undo", lambda event: event.actor == world.uri(world.bert))
    await world.fern.unfollow(world.bert.handle)

    assert (undo.outcome, undo.undone) == ("unfollowed", "Follow")
    await world.relation(world.bert, following=False, followed_by=False)


@shows(("Reject", SENT), ("Reject", RECEIVED))
async def a_locked_account_answers_when_it_wants(world: World) -> None:
    """Fern's request waits until Bert authorises it, and is ended by him; Bert's waits until Fern refuses it."""
    await world.bert.http.patch("/api/v1/accounts/update_credentials", data={"locked": "true"})
    await world.fern.follow(world.bert.handle)

    async def asked() -> dict[str, Any] | None:
        return next(iter(await world.bert.get("/api/v1/follow_requests")), None)

    account = await wait_for(asked, "Fern's request")
    assert world.uri(world.bert) not in (await world.fern.state()).following
    await world.bert.post(f"/api/v1/follow_requests/{account['id']}/authorize")
    await world.handled("Accept", lambda event: event.outcome == "following" and event.actor == world.uri(world.bert))
    await world.bert.post(f"/api/v1/accounts/{account['id']}/remove_from_followers")
    await world.handled("Reject", lambda event: event.outcome == "rejected" and event.actor == world.uri(world.bert))

    await world.fern.accept_follows("manual")
    await world.bert.post(f"/api/v1/accounts/{account['id']}/follow")
    await world.handled("Follow", lambda event: event.outcome == "asked")
    await world.relation(world.bert, requested=True, following=False)
    await world.fern.reject(world.uri(world.bert))
    await world.fern.accept_follows("auto")
    await world.relation(world.bert, requested=False, following=False)


@shows(("Block", SENT), ("Undo Block", SENT))
async def bert_blocks_fern_and_relents(world: World) -> None:
    """Fern's server learns of the block, and of its end."""
    fern = await world.find_fern(world.bert)

    await world.bert.post(f"/api/v1/accounts/{fern}/block")
    await world.handled("Block", lambda event: event.outcome == "blocked" and event.object == world.fern_uri)
    await world.bert.post(f"/api/v1/accounts/{fern}/unblock")

    undo = await world.handled("Undo", lambda event: event.undone == "Block")
    assert (undo.outcome, undo.undone_object) == ("undone", world.fern_uri)


@shows(("Block", RECEIVED), ("Undo Block", RECEIVED))
async def fern_blocks_bert_and_relents(world: World) -> None:
    """Bert's client knows that he is blocked, for as long as he is."""
    block = {"type": "Block", "object": world.uri(world.bert)}

    sent = await world.fern.send(block, to=[world.bert.handle])
    await world.relation(world.bert, blocked_by=True)
    undone = {**block, "id": sent, "actor": world.fern_uri}
    await world.fern.send({"type": "Undo", "object": undone}, to=[world.bert.handle])

    await world.relation(world.bert, blocked_by=False)


@shows(("Update Person", SENT))
async def a_changed_profile_reaches_fern(world: World) -> None:
    """A new name arrives as an Update of the actor, with the same keys."""
    name = unique("Alice")

    await world.alice.http.patch("/api/v1/accounts/update_credentials", data={"display_name": name})

    event = await world.handled("Update", lambda event: (event.updated_actor or {}).get("name") == name)
    assert event.updated_actor is not None
    assert event.updated_actor["public_keys"] == [f"{world.uri(world.alice)}#main-key"]


@shows(("Update Person", RECEIVED))
async def a_changed_profile_of_fern_is_shown(world: World) -> None:
    """Fern's new name stands on her profile here without anybody asking for it."""
    name = unique("Fern")
    fern = await world.find_fern(world.alice)

    await world.fern.rename(name)

    await world.wait_until(f"/api/v1/accounts/{fern}", lambda found: found["display_name"] == name)


@shows(("Move", RECEIVED))
async def who_followed_ash_follows_elm(world: World) -> None:
    """Ash moves to Elm, who says that she is Ash: Bert follows Elm then, and Ash no more."""
    ash, elm = (world.fern.actors[name] for name in ("ash", "elm"))
    await world.bert.post(f"/api/v1/accounts/{await world.find_fern(world.bert, 'ash')}/follow")
    await world.relation(world.bert, name="ash", following=True)
    await world.fern.alias("elm", of=ash)

    await world.fern.send({"type": "Move", "object": ash, "target": elm}, to=[world.bert.handle], by="ash")

    await world.relation(world.bert, name="elm", following=True)
    await world.relation(world.bert, name="ash", following=False)


@shows(("Move", SENT))
async def who_follows_carl_hears_that_he_moved(world: World) -> None:
    """Carl moves to Elm; Fern's server is told, and finds that both say so."""
    carl, elm = f"{world.node.url}/users/carl", world.fern.actors["elm"]
    await world.fern.follow(f"@carl@{world.node.domain}")
    await world.fern.wait_for("handled", "Accept", where=lambda event: event.actor == carl)
    await world.fern.alias("elm", of=carl)

    await world.node.command("user", "move", "carl", world.fern.handle("elm"))

    event = await world.handled("Move", lambda event: event.object == carl)
    assert (event.outcome, event.target) == ("moved", elm)


@shows(("Flag", SENT))
async def a_report_is_forwarded(world: World) -> None:
    """Fern's server gets the report of a note of hers, with the words, from the node and not from Alice."""
    words = unique("Buy this")
    posted = await world.fern.post(words)
    status = await world.alice.home_status(words)
    comment = unique("This is an advertisement")

    report = {"account_id": status["account"]["id"], "status_ids[]": status["id"], "comment": comment}
    await world.alice.post("/api/v1/reports", {**report, "forward": "true"})

    event = await world.handled("Flag", lambda event: event.content == comment)
    assert (event.outcome, event.actor) == ("reported", f"{world.node.url}/actor")
    assert set(event.objects) == {world.fern_uri, posted.id}


@shows(("Flag", RECEIVED))
async def a_report_of_fern_is_kept_for_those_who_look_after_the_node(world: World) -> None:
    """Administrators see what is reported and why; of the reporter only the server."""
    status = await world.post(unique("Harmless"))
    comment = unique("Is it")

    flag = {"type": "Flag", "object": [world.uri(world.alice), status["uri"]], "content": comment}
    await world.fern.send(flag, to=[world.alice.handle])

    async def reported() -> dict[str, Any] | None:
        reports = json.loads(await world.node.command("report", "list", "--json"))
        return next((one for one in reports if one["comment"] == comment), None)

    report = await wait_for(reported, "the report")
    assert (report["about"], report["by"], report["status_ids"]) == ("alice", world.fern.domain, [status["id"]])


@shows(("Delete Person", RECEIVED))
async def an_account_that_ends_takes_everything_along(world: World) -> None:
    """Fir deletes herself: her profile and her notes are gone here."""
    words = unique("Farewell")
    await world.fern.post(words, by="fir", mention=[world.alice.handle])
    status = (await world.told("mention", words))["status"]

    fir = world.fern.actors["fir"]
    await world.fern.send({"type": "Delete", "object": fir}, to=[world.alice.handle], by="fir")

    async def gone() -> bool | None:
        answers = [
            await world.alice.http.get(f"/api/v1/{kind}/{number}")
            for kind, number in (("statuses", status["id"]), ("accounts", status["account"]["id"]))
        ]
        return all(answer.status_code == 404 for answer in answers) or None

    await wait_for(gone, "Fir to be gone")
    assert (await search(world.alice, status["uri"]))["statuses"] == []


@shows(("Delete Person", SENT))
async def fern_hears_that_dora_is_gone(world: World) -> None:
    """Dora, whom Fern follows, is deleted: Fern's server is told, signed with her key, and follows nobody there."""
    dora = f"{world.node.url}/users/dora"
    await world.fern.follow(f"@dora@{world.node.domain}")
    await world.fern.wait_for("handled", "Accept", where=lambda event: event.actor == dora)

    await world.node.command("user", "delete", "dora", "--yes")

    assert (await world.handled("Delete", lambda event: event.object == dora)).outcome == "actor deleted"
    assert dora not in (await world.fern.state()).following
