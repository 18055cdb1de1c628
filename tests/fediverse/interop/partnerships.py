"""Partnerships between a node and the actor that speaks for Fern's server: offered, answered and taken back both ways.

None comes into force: what Alice and Fern are to each other stays as it is for the other scenes.
"""

import json
from typing import Any, Final

import httpx

from federation.vocabulary import FEDORG_NS, PARTNERSHIP
from tests.fediverse.fedify import PeerEvent
from tests.fediverse.interop.world import NUMBERS, RECEIVED, SENT, World, shows, unique
from tests.fediverse.nodes import settle, wait_for

CONTEXT: Final = [
    "https://www.w3.org/ns/activitystreams",
    {
        name: f"{FEDORG_NS}{name}"
        for name in ("tier", "largestReach", "directMessages", "directory", "media", "approved", "suspended")
    },
]
TERMS: Final = {"tier": "partner", "largestReach": "partners", "directMessages": True, "approved": False}


def hub(world: World) -> str:
    """The actor that speaks for Fern's server."""
    return world.fern.actors["hub"]


def speaker(world: World) -> str:
    """The actor that speaks for the node."""
    return f"{world.node.url}/actor"


def side_of_hub(world: World, note: str = "") -> dict[str, Any]:
    """What Fern's server is to the node, in its own words."""
    uri = f"{world.fern.origin}/partnerships/{next(NUMBERS)}"
    ends = {"relationship": PARTNERSHIP, "subject": hub(world), "object": speaker(world)}
    return {"id": uri, "type": "Relationship", "content": note, **ends, **TERMS}


async def say(world: World, kind: str, name: str, **members: object) -> dict[str, Any]:
    """The hub says something to the node, signed by Fedify; what it said."""
    document = {"@context": CONTEXT, "id": name, "type": kind, "actor": hub(world), "to": [speaker(world)], **members}
    answer = await world.fern.forge(
        "genuine", f"{world.node.url}/inbox", document=document, scheme=world.scheme, by="hub"
    )
    assert answer.status == httpx.codes.ACCEPTED, answer.body
    return {key: value for key, value in document.items() if key != "@context"}


async def offer(world: World, note: str) -> dict[str, Any]:
    """The hub proposes a partnership; its Offer."""
    side = side_of_hub(world, note)
    made = await say(world, "Offer", f"{side['id']}#offer", object=side, target=speaker(world))
    await stands(world, "offered", note)
    return made


async def invite(world: World, note: str) -> PeerEvent:
    """The node proposes a partnership; what the hub did about it."""
    words = ("invite", world.fern.domain, "--tier", "partner", "--note", note, "--json")
    made = json.loads(await world.node.command("peer", *words))
    name = f"{world.node.url}/partnerships/{made['id']}#offer"
    return await world.handled("Offer", lambda event: event.activity == name)


async def stands(world: World, state: str, note: str) -> dict[str, Any]:
    """Wait until the partnership with that note is in a state on the node; the partnership."""

    async def look() -> dict[str, Any] | None:
        told = json.loads(await world.node.command("peer", "show", world.fern.domain, "--json"))["partnership"]
        return told if told is not None and (told["state"], told["note"]) == (state, note) else None

    return await wait_for(look, f"the partnership to be {state}")


async def as_it_came(world: World, event: PeerEvent) -> dict[str, Any]:
    """The activity of an event with the terms that Fedify knows nothing of."""
    events = await world.fern.events()
    return next(dict(one.document) for one in events if one.kind == "received" and one.activity == event.activity)


@shows(("Offer", SENT), ("Accept offer", RECEIVED), ("Undo Offer", SENT))
async def the_node_offers_a_partnership(world: World) -> None:
    """The hub is found, gets the offer with its terms, and accepts it; then it is taken back."""
    note = unique("For the bridge")

    event = await invite(world, note)

    ends = {"subject": speaker(world), "about": hub(world), "relationship": PARTNERSHIP}
    assert (event.outcome, event.actor, event.target) == ("offered", speaker(world), hub(world))
    assert event.agreed == ends
    offered = await as_it_came(world, event)
    assert (offered["object"]["tier"], offered["object"]["content"]) == ("partner", note)

    side = side_of_hub(world)
    await say(world, "Accept", f"{side['id']}#accept", object=offered["id"], result=side)
    accepted = await stands(world, "accepted", note)
    assert accepted["approved_here"] is accepted["approved_there"] is False
    await world.node.command("peer", "withdraw", world.fern.domain)
    undo = await world.handled("Undo", lambda event: event.undone == "Offer")
    assert (undo.outcome, undo.actor) == ("offer taken back", speaker(world))


@shows(("Offer", RECEIVED), ("Accept offer", SENT), ("Undo Offer", RECEIVED))
async def the_hub_offers_a_partnership(world: World) -> None:
    """Administrators read the offer and accept it; the hub hears of that, and takes its offer back."""
    note = unique("For the tunnel")
    made = await offer(world, note)

    await world.node.command("peer", "accept", world.fern.domain)

    event = await world.handled("Accept", lambda event: event.outcome == "partnership accepted")
    ends = {"subject": speaker(world), "about": hub(world), "relationship": PARTNERSHIP}
    assert (event.actor, event.object, event.agreed) == (speaker(world), made["id"], ends)
    assert (await as_it_came(world, event))["result"]["tier"] == "partner"
    await say(world, "Undo", f"{made['id']}/undo", object=made)
    await stands(world, "withdrawn", note)


@shows(("Reject offer", SENT))
async def the_node_declines(world: World) -> None:
    """The hub hears that its offer is not wanted."""
    made = await offer(world, unique("For the ferry"))

    await world.node.command("peer", "decline", world.fern.domain, "--reason", "We have a bridge")

    event = await world.handled("Reject", lambda event: event.object == made["id"])
    assert (event.outcome, event.actor) == ("offer declined", speaker(world))


@shows(("Reject offer", RECEIVED))
async def the_hub_declines(world: World) -> None:
    """Administrators hear that their offer is not wanted, and why."""
    note = unique("For the airport")
    offered = await as_it_came(world, await invite(world, note))

    await say(world, "Reject", f"{hub(world)}#rejects/{next(NUMBERS)}", object=offered, content="Too loud")

    assert (await stands(world, "declined", note))["reason"] == "Too loud"


@shows()
async def only_the_hub_offers(world: World) -> None:
    """An offer of Fern, who speaks for nobody but herself, is refused, and changes nothing."""
    note = unique("For myself")
    side = side_of_hub(world, note) | {"subject": world.fern_uri}
    document = {
        "@context": CONTEXT, "id": f"{side['id']}#offer", "type": "Offer", "actor": world.fern_uri,
        "object": side, "target": speaker(world),
    }  # fmt: skip

    answer = await world.fern.forge("genuine", f"{world.node.url}/inbox", document=document, scheme=world.scheme)

    assert answer.status == httpx.codes.FORBIDDEN, answer
    await settle(world.node)
    told = json.loads(await world.node.command("peer", "show", world.fern.domain, "--json"))["partnership"]
    assert told is None or told["note"] != note
