"""Consent to quotes: asked for and given in both directions (FEP-044f)."""

from tests.fediverse.interop.world import NUMBERS, PUBLIC, RECEIVED, SENT, World, shows, unique


@shows(("QuoteRequest", SENT))
async def alice_asks_whether_she_may_quote(world: World) -> None:
    """The request names Fern's note and carries Alice's; until Fern says yes, nothing of hers is shown in it."""
    words = unique("Quote me")
    posted = await world.fern.post(words)
    seen = await world.alice.home_status(words)
    policy = {"canQuote": {"automaticApproval": PUBLIC}}
    note = {"id": posted.id, "type": "Note", "attributedTo": world.fern_uri, "content": words, "to": [PUBLIC]}
    update = {"type": "Update", "object": {**note, "interactionPolicy": policy}}
    await world.fern.send(update, to=[world.alice.handle])
    path = f"/api/v1/statuses/{seen['id']}"
    await world.wait_until(path, lambda found: found["quote_approval"]["current_user"] == "automatic")

    mine = unique("I quote")
    made = await world.post(mine, quoted_status_id=seen["id"])

    assert (await world.created(mine)).outcome == "stored"
    asked = await world.handled("QuoteRequest", lambda event: event.object == posted.id)
    assert (asked.outcome, asked.target) == ("asked to be quoted", made["uri"])
    assert made["quote"] == {"state": "pending", "quoted_status": None}


@shows(("QuoteRequest", RECEIVED))
async def fern_asks_whether_she_may_quote(world: World) -> None:
    """Alice's node answers at once, Alice is told, and the quote is shown."""
    status = await world.post(unique("Quote me too"))
    words = unique("Fern quotes")
    note = {
        "id": f"{world.fern.origin}/notes/quoting-{next(NUMBERS)}",
        "type": "Note",
        "attributedTo": world.fern_uri,
        "content": words,
        "to": [PUBLIC],
        "quote": status["uri"],
    }

    sent = await world.fern.send(
        {"type": "QuoteRequest", "object": status["uri"], "instrument": note}, to=[world.alice.handle]
    )

    shown = (await world.told("quote", words))["status"]
    assert (shown["quote"]["state"], shown["quote"]["quoted_status"]["id"]) == ("accepted", status["id"])
    await world.handled("Accept", lambda event: event.object == sent)
