"""What servers say they can do (FEP-844e), as far as it decides how this node signs for them."""

from typing import Final

from federation.actors import Actor
from federation.errors import AddressRefused
from federation.signatures import Scheme
from fedorg.activitypub import policy
from fedorg.node import Node
from fedorg.store import peers

RFC9421: Final = "https://datatracker.ietf.org/doc/html/rfc9421"
ED25519: Final = "https://datatracker.ietf.org/doc/html/rfc9421#name-eddsa-using-curve-edwards25"

_KNOWN: Final = frozenset({RFC9421, ED25519})


async def note(node: Node, actor: Actor) -> None:
    """Keep what an actor, fetched from its own server, says of that server; to say nothing takes nothing back."""
    told = _KNOWN & set(actor.implements)
    if not told:
        return
    try:
        domain = policy.domain(node, actor.id)
    except AddressRefused:
        return
    known = await node.read(peers.find, domain)
    before = frozenset() if known is None else frozenset(known.implements)
    if told <= before:
        return
    # It may have learnt it since the other scheme was tried.
    scheme = Scheme.RFC9421.value if RFC9421 in told - before else None
    await node.write(peers.set_implements, node.now(), domain, told | before, scheme)
