"""Attacks by length: names at the limit of what is read, of letters that take three bytes and cannot be compressed.

A row of an index of PostgreSQL holds 2,704 bytes; what does not fit is an error of the transaction that wrote it.
"""

import random
from typing import Any, Final

import pytest

from tests.node.attacks.ground import NUMBERS, ON_BOTH_ENGINES, PUBLIC, Ground, note
from tests.node.fake_peer import FakePeer
from tests.node.talking import post

pytestmark = pytest.mark.asyncio(loop_scope="module")

_DRAW: Final = random.Random(7)  # noqa: S311 - letters that repeat nowhere


def letters(count: int) -> str:
    """So many Chinese characters."""
    return "".join(chr(_DRAW.randrange(0x4E00, 0x9FA0)) for _ in range(count))


@ON_BOTH_ENGINES
async def test_s26_an_inbox_with_a_long_address_keeps_nothing_from_others(
    ground: Ground, peer: FakePeer, third: FakePeer
) -> None:
    """S26: what members post reaches their followers, whatever other followers call their inboxes."""
    await ground.do(third, "Follow", ground.alice_uri, "olga")
    for count in (870, 2000):
        name = f"far{count}"
        peer.add_user(name, key_name="mallory")
        peer.documents[f"/users/{name}"]["inbox"] = f"{peer.url}/{letters(count)}"
        follow = peer.activity("Follow", peer.actor(name), ground.alice_uri, next(NUMBERS))
        answer = await ground.post(peer.sign(ground.inbox, follow, by=name, key_name="mallory"))
        assert answer.status_code in (202, 401), answer.text
    await ground.working.settle()

    words = f"Heard {next(NUMBERS)}"
    await post(ground.alice, words)

    await third.wait_for("Create", words)
    await ground.working.settle()


@ON_BOTH_ENGINES
async def test_s26_nothing_is_too_long_to_be_kept_or_refused(ground: Ground, peer: FakePeer) -> None:
    """S26: each name an activity or a note may have, at its limit, is kept, left out or refused, and never a fault."""
    alices = (await ground.posted("Hello"))["uri"]

    def long(count: int = 2000) -> str:
        return f"{peer.url}/{letters(count)}"

    def ascii_long() -> str:
        return f"{peer.url}/{''.join(_DRAW.choices('abcdefghijklmnopqrstuvwxyz0123456789', k=2000))}"

    async def say(kind: str, object_: object, **fields: Any) -> None:  # noqa: ANN401 - JSON
        made = peer.activity(kind, peer.actor("mallory"), object_, next(NUMBERS)) | {"to": [PUBLIC, ground.alice_uri]}
        answer = await ground.post(peer.sign(ground.inbox, made | fields, by="mallory"))
        assert answer.status_code in (202, 400, 403), (kind, answer.text)

    for name in (long, ascii_long):
        for kind, object_ in (
            ("Like", alices),
            ("EmojiReact", alices),
            ("Announce", alices),
            ("Follow", ground.alice_uri),
            ("Block", ground.alice_uri),
            ("Flag", [ground.alice_uri, alices]),
        ):
            made = name()
            await say(kind, object_, id=made, content="👍")
            await say("Undo", {"id": made, "type": kind, "actor": peer.actor("mallory"), "object": object_})
            await say("Undo", name())
        await say("Delete", name())
        await say("QuoteRequest", alices, instrument=name())
        for fields in (
            {"id": name()},
            {"inReplyTo": name()},
            {"url": name()},
            {"context": name(), "conversation": name()},
            {"quote": name(), "quoteAuthorization": name()},
            {"replies": name()},
            {"content": f'<p><a href="{name()}">Read</a></p>'},
            {"tag": [{"type": "Hashtag", "name": f"#{letters(2000)}"}]},
            {"tag": [{"type": "Hashtag", "name": "\ufdfa" * 2000}]},
            {"tag": [{"type": "Emoji", "name": f":{letters(255)}:", "icon": {"type": "Image", "url": name()}}]},
            {"tag": [{"type": "Mention", "href": name(), "name": "@x"}]},
            {"attachment": [{"type": "Image", "url": name(), "name": letters(10_000)}]},
        ):
            await say("Create", note(peer, "mallory", **{"to": [PUBLIC, ground.alice_uri], **fields}))
    mallory = peer.documents["/users/mallory"]
    profiles: tuple[dict[str, Any], ...] = (
        {"name": letters(2000)},
        {"name": "\ufdfa " * 700},
        {"preferredUsername": letters(255)},
        {"featured": ascii_long(), "outbox": ascii_long(), "url": ascii_long()},
        {"alsoKnownAs": [ascii_long() for _ in range(64)], "movedTo": ascii_long()},
        {"attributionDomains": [letters(255) for _ in range(64)]},
    )
    for profile in profiles:
        await say("Update", mallory | profile)

    await ground.working.settle()
    await ground.posted("#" + "\ufdfa" * 250)
    await ground.assert_well()
