"""Quotes: asked for, allowed with a stamp, shown, and taken back (FEP-044f)."""

from typing import Any

from tests.fediverse.interop.world import RECEIVED, SENT, World, shows, unique


@shows(("QuoteRequest", RECEIVED), ("Accept quote", SENT), ("Delete stamp", SENT))
async def fern_quotes_alice_with_her_consent(world: World) -> None:
    """Fern asks and gets a stamp that she can fetch; Alice sees the quote then, until she takes the stamp back."""
    status = await world.post(unique("An idea"), quote_approval_policy="public")
    words = unique("I quote")
    posted = await world.fern.post(words, quote=status["uri"])
    quoting = await world.alice.home_status(words)

    asked = await world.fern.send(
        {"type": "QuoteRequest", "object": status["uri"], "instrument": posted.id}, to=[world.alice.handle]
    )
    allowed = await world.handled("Accept", lambda event: event.object == asked)
    assert allowed.outcome == "quote allowed"
    assert allowed.target is not None
    stamp = (await world.fern.lookup(allowed.target)).document
    assert (stamp["type"], stamp["attributedTo"]) == ("QuoteAuthorization", world.uri(world.alice))
    assert (stamp["interactingObject"], stamp["interactionTarget"]) == (posted.id, status["uri"])

    await world.fern.stamp(posted.id, allowed.target)
    path = f"/api/v1/statuses/{quoting['id']}"
    shown = await world.wait_until(path, lambda found: found["quote"] and found["quote"]["state"] == "accepted")
    assert shown["quote"]["quoted_status"]["id"] == status["id"]

    await world.alice.post(f"/api/v1/statuses/{status['id']}/quotes/{quoting['id']}/revoke")
    await world.handled("Delete", lambda event: event.object == allowed.target)


@shows(("QuoteRequest", SENT), ("Accept quote", RECEIVED), ("Delete stamp", RECEIVED))
async def alice_quotes_fern_with_her_consent(world: World) -> None:
    """Fern is asked and says yes; the quote is shown here and there, until she takes it back."""
    words = unique("Another idea")
    posted = await world.fern.post(words, quotable=True)
    quoted = await world.alice.home_status(words)

    made = await world.post(unique("I quote"), quoted_status_id=quoted["id"])
    asked = await world.handled("QuoteRequest", lambda event: event.object == posted.id)
    assert (asked.outcome, asked.target) == ("quote allowed", made["uri"])

    def stands(state: str) -> Any:  # noqa: ANN401 - a predicate over JSON
        return lambda found: found["quote"]["state"] == state

    path = f"/api/v1/statuses/{made['id']}"
    shown = await world.wait_until(path, stands("accepted"))
    assert shown["quote"]["quoted_status"]["id"] == quoted["id"]
    told = await world.handled(
        "Update", lambda event: event.note is not None and event.note.quote_authorization is not None
    )
    assert told.note is not None
    assert told.note.quote_authorization is not None
    assert (told.note.id, told.note.quote) == (made["uri"], posted.id)

    await world.fern.revoke(told.note.quote_authorization, to=[world.alice.handle])
    await world.wait_until(path, stands("revoked"))


@shows(("Reject quote", RECEIVED))
async def a_quote_that_fern_does_not_want_is_refused(world: World) -> None:
    """Fern's server says no although her policy said yes: the quote is shown as refused."""
    words = unique("Not really to be quoted")
    await world.fern.post(words, quotable=True, refuses=True)
    quoted = await world.alice.home_status(words)

    made = await world.post(unique("I quote"), quoted_status_id=quoted["id"])

    path = f"/api/v1/statuses/{made['id']}"
    await world.wait_until(path, lambda found: found["quote"]["state"] == "rejected")


@shows(("Reject quote", SENT))
async def a_quote_that_alice_does_not_want_is_refused(world: World) -> None:
    """Who asks for what nobody may do is told no."""
    status = await world.post(unique("Not to be quoted"), quote_approval_policy="nobody")
    posted = await world.fern.post(unique("I quote"), quote=status["uri"])

    asked = await world.fern.send(
        {"type": "QuoteRequest", "object": status["uri"], "instrument": posted.id}, to=[world.alice.handle]
    )

    await world.handled("Reject", lambda event: event.object == asked)
