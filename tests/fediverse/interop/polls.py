"""Polls: asked on one server, voted in on the other, and told how they stand."""

from tests.fediverse.interop.world import RECEIVED, SENT, World, shows, unique


@shows(("Create Question", SENT), ("Vote", RECEIVED), ("Update Question", SENT))
async def fern_votes_in_a_poll_of_alice(world: World) -> None:
    """Fern reads the question and its options, votes, and is told how the poll stands."""
    words = unique("Tea or coffee")
    poll = {"poll[options][]": ["Tea", "Coffee"], "poll[expires_in]": "3600"}
    status = await world.post(words, **poll)
    note = (await world.created(words)).note
    assert note is not None
    assert (note.type, note.options, note.votes, note.multiple) == ("Question", ("Tea", "Coffee"), (0, 0), False)
    assert note.end_time is not None

    vote = {
        "type": "Note",
        "id": f"{world.fern_uri}#votes/{status['id']}",
        "name": "Coffee",
        "inReplyTo": status["uri"],
        "attributedTo": world.fern_uri,
        "to": world.uri(world.alice),
    }
    create = {"type": "Create", "object": vote, "to": world.uri(world.alice)}
    await world.fern.send(create, to=[world.alice.handle])

    path = f"/api/v1/polls/{status['poll']['id']}"
    counted = await world.wait_until(path, lambda found: found["votes_count"])
    assert [option["votes_count"] for option in counted["options"]] == [0, 1]
    told = await world.handled("Update", lambda event: event.note is not None and event.note.votes == (0, 1))
    assert told.note is not None
    assert (told.note.id, told.note.voters, told.note.closed) == (status["uri"], 1, False)


@shows(("Create Question", RECEIVED), ("Vote", SENT), ("Update Question", RECEIVED))
async def alice_votes_in_a_poll_of_fern(world: World) -> None:
    """Alice sees the options, her vote counts at Fern's, and the numbers and the end come back."""
    words = unique("Monday or Tuesday")
    poll = {"options": ["Monday", "Tuesday", "Never"], "multiple": True}
    posted = await world.fern.post(words, kind="questions", poll=poll)
    shown = (await world.alice.home_status(words))["poll"]
    assert [option["title"] for option in shown["options"]] == ["Monday", "Tuesday", "Never"]
    assert (shown["multiple"], shown["expired"]) == (True, False)

    path = f"/api/v1/polls/{shown['id']}"
    await world.alice.post(f"{path}/votes", {"choices[]": ["0", "2"]})
    for choice in ("Monday", "Never"):
        await world.handled("Create", lambda event, choice=choice: event.choice == choice)  # type: ignore[misc]
    await world.fern.tally(posted.id)
    counted = await world.wait_until(path, lambda found: found["voters_count"] == 1)
    assert [option["votes_count"] for option in counted["options"]] == [1, 0, 1]
    assert counted["own_votes"] == [0, 2]

    await world.fern.tally(posted.id, closed=True)
    await world.wait_until(path, lambda found: found["expired"])
