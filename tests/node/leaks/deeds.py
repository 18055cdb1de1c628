"""What other servers say about statuses that are not for them: of every activity the node acts on, one for each.

Nothing of it may have an effect that somebody sees, and no answer may tell the one who says it anything.
"""

import asyncio
from collections.abc import Callable, Mapping
from typing import Any, Final

from tests.node.fake_peer import FakePeer
from tests.node.leaks.audiences import Mark, may_learn
from tests.node.leaks.scene import Scene
from tests.node.talking import success

PUBLIC: Final = "https://www.w3.org/ns/activitystreams#Public"
# Who speaks of what: a stranger who follows, a partner that is not named, a sibling that is blocked now.
TRIED: Final[Mapping[str, frozenset[tuple[str, str]]]] = {
    "fan": frozenset({("organisation", "public"), ("named", "private"), ("node", "public"), ("partners", "unlisted")}),
    "rival": frozenset({("named", "public"), ("organisation", "private")}),
    "outcast": frozenset({("public", "public")}),
}
COUNTS: Final = ("replies_count", "reblogs_count", "favourites_count", "quotes_count", "reactions", "poll")


def _note(scene: Scene, peer: FakePeer, **more: object) -> dict[str, Any]:
    number = next(scene.numbers)
    note = {
        "id": f"{peer.url}/notes/{number}",
        "type": "Note",
        "attributedTo": peer.actor("fred"),
        "content": "<p>I was not asked</p>",
        "to": [PUBLIC],
        **more,
    }
    peer.documents[f"/notes/{number}"] = {"@context": "https://www.w3.org/ns/activitystreams", **note}
    return note


def _about(_scene: Scene, _peer: FakePeer, mark: Mark) -> list[object]:
    return [mark.uri]


def _creates(scene: Scene, peer: FakePeer, mark: Mark) -> list[object]:
    """An answer, a quote, and a vote."""
    quoted = {"quote": mark.uri, "quoteUrl": mark.uri, "_misskey_quote": mark.uri}
    vote = _note(scene, peer, inReplyTo=mark.uri, name=f"{mark.words} yes", to=[_author(scene, mark)])
    del vote["content"]
    return [_note(scene, peer, inReplyTo=mark.uri), _note(scene, peer, **quoted), vote]


def _does(kind: str) -> Callable[[Scene, FakePeer, Mark], list[object]]:
    def made(scene: Scene, peer: FakePeer, mark: Mark) -> list[object]:
        return [
            {
                "id": f"{peer.url}/inner/{next(scene.numbers)}",
                "type": kind,
                "actor": peer.actor("fred"),
                "object": mark.uri,
            }
        ]

    return made


def _overwrites(scene: Scene, peer: FakePeer, mark: Mark) -> list[object]:
    return [_note(scene, peer) | {"id": mark.uri}]


DEEDS: Final[Mapping[str, Callable[[Scene, FakePeer, Mark], list[object]]]] = {
    "Accept": _does("QuoteRequest"),
    "Add": _about,
    "Announce": _about,
    "Block": _about,
    "Create": _creates,
    "Delete": _about,
    "EmojiReact": _about,
    "Flag": _about,
    "Follow": _about,
    "Like": _about,
    "Move": _about,
    "Offer": _about,
    "QuoteRequest": _about,
    "Reject": _does("QuoteRequest"),
    "Remove": _about,
    "Undo": _does("Like"),
    "Update": _overwrites,
}


async def try_deeds(scene: Scene) -> None:
    """Say all of it, and look who was told and what became of the statuses."""
    viewers = {viewer.name: viewer for viewer in scene.viewers() if viewer.name in TRIED}
    wanted = {
        name: [mark for mark in scene.roots if (mark.ring, mark.visibility) in tried] for name, tried in TRIED.items()
    }
    assert not [mark for name, marks in wanted.items() for mark in marks if may_learn(viewers[name], mark)]
    watched = [mark for marks in wanted.values() for mark in marks]
    before = await _counts(scene, watched)
    for kind, deed in DEEDS.items():
        seen = {name: len(scene.peers[name].bodies) for name in TRIED}
        said = [
            (name, mark, object_)
            for name in TRIED
            for mark in wanted[name]
            for object_ in deed(scene, scene.peers[name], mark)
        ]
        await asyncio.gather(*(_say(scene, kind, *one) for one in said))
        await scene.working.settle()
        await scene.working.deliver_all()
        for name in TRIED:
            told = b"\n".join(scene.peers[name].bodies[seen[name] :]).decode()
            # An answer may name again what was asked for; of what stands there it says nothing.
            found = scene.ledger.find_words(told)
            scene.ledger.note(
                f"activity {kind}", viewers[name], " ".join(mark.words for mark in found), about=wanted[name]
            )
            assert '"Accept"' not in told, told
    assert await _counts(scene, watched) == before


async def _say(scene: Scene, kind: str, name: str, mark: Mark, object_: object) -> None:
    peer, server = scene.peers[name], scene.working.server
    activity = peer.activity(kind, peer.actor("fred"), object_, next(scene.numbers)) | {
        "to": [PUBLIC, _author(scene, mark)]
    }
    if kind == "EmojiReact":
        activity["content"] = "🪁"
    if kind in ("Add", "Remove"):
        activity["target"] = f"{_author(scene, mark)}/collections/featured"
    if kind == "QuoteRequest":
        activity["instrument"] = _note(scene, peer, quote=mark.uri)
    message = peer.sign(f"{server.url}/inbox", activity, by="fred")
    answer = await server.anonymous.post("/inbox", content=message.body, headers=dict(message.headers))
    assert answer.status_code < 500, answer.text
    assert mark.words not in answer.text


async def _counts(scene: Scene, marks: list[Mark]) -> dict[str, Any]:
    """What Anna sees of how her statuses fare."""
    found = {}
    for mark in marks:
        shown = success(await scene.people["anna"].api.get(f"/api/v1/statuses/{mark.number}"))
        found[str(mark)] = {name: shown[name] for name in (*COUNTS, "content", "edited_at")}
    return found


def _author(scene: Scene, mark: Mark) -> str:
    return f"{scene.working.server.url}/users/{mark.author}"
