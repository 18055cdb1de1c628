"""Attacks on signatures at the inbox of a running node: whatever is forged, stale, thin or doubled is refused.

The two first tests send the very messages unspoilt, and they are taken: what the others spoil is what is refused.
"""

import base64
import dataclasses
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any, Final

import pytest
from cryptography.hazmat.primitives import hashes

from federation.keys import generate_ed25519, public_to_pem
from tests.node.attacks.forging import (
    CAVAGE_COVERED,
    RFC9421_COVERED,
    by_pss,
    by_public_key,
    by_public_key_der,
    by_rsa,
    cavage,
    rfc9421,
    sha256,
)
from tests.node.attacks.ground import NUMBERS, Ground, note
from tests.node.fake_peer import FakePeer, Message, key

pytestmark = pytest.mark.asyncio(loop_scope="module")

PAST: Final = datetime(2020, 1, 1, tzinfo=UTC)
KEY: Final = key("letters")
FORGED: Final = key("forged")


@dataclasses.dataclass(frozen=True, kw_only=True)
class Letter:
    """A Follow that Mallory could send honestly: everything an attack needs to send it otherwise."""

    ground: Ground
    peer: FakePeer
    name: str
    activity: dict[str, Any]

    @property
    def key_id(self) -> str:
        return f"{self.peer.actor(self.name)}#main-key"

    def cavage(self, **changes: Any) -> Message:  # noqa: ANN401 - of ``forging.cavage``
        changes = {"url": self.ground.inbox, "key_id": self.key_id, "sign": by_rsa(KEY), **changes}
        return cavage(activity=self.activity, **changes)

    def rfc9421(self, **changes: Any) -> Message:  # noqa: ANN401 - of ``forging.rfc9421``
        changes = {"url": self.ground.inbox, "key_id": self.key_id, "sign": by_rsa(KEY), **changes}
        return rfc9421(activity=self.activity, **changes)


Spoil = Callable[[Letter], Message]


@pytest.fixture
def letter(ground: Ground, peer: FakePeer) -> Letter:
    """The letter of a new user."""
    name = f"mallory{next(NUMBERS)}"
    peer.add_user(name, key_name="letters")
    activity = peer.activity("Follow", peer.actor(name), ground.alice_uri, next(NUMBERS))
    return Letter(ground=ground, peer=peer, name=name, activity=activity)


def cavage_without(name: str) -> Spoil:
    return lambda it: it.cavage(covered=tuple(one for one in CAVAGE_COVERED if one != name))


def rfc9421_without(name: str) -> Spoil:
    return lambda it: it.rfc9421(covered=tuple(one for one in RFC9421_COVERED if one != name))


def expires(offset: timedelta) -> str:
    return str(int((datetime.now(UTC) + offset).timestamp()))


async def test_an_honest_cavage_signature_is_taken(ground: Ground, letter: Letter) -> None:
    """Nothing else than what a test spoils keeps its message out."""
    assert (await ground.post(letter.cavage())).status_code == 202


async def test_an_honest_rfc9421_signature_is_taken(ground: Ground, letter: Letter) -> None:
    """Likewise."""
    assert (await ground.post(letter.rfc9421())).status_code == 202


CAVAGE: Final[dict[str, Spoil]] = {
    "nothing covered": lambda it: it.cavage(covered=()),
    "no list of headers": lambda it: it.cavage(covered=("date",), parameters={"headers": ""}),
    "a list of spaces": lambda it: it.cavage(covered=(), parameters={"headers": '"  "'}),
    **{f"{name} not covered": cavage_without(name) for name in CAVAGE_COVERED},
    "only a harmless header": lambda it: it.cavage(covered=("content-type",)),
    "a header covered twice": lambda it: it.cavage(covered=(*CAVAGE_COVERED, "date")),
    "a header that is not there": lambda it: it.cavage(
        covered=CAVAGE_COVERED, parameters={"headers": f'"{" ".join(CAVAGE_COVERED)} x-absent"'}
    ),
    "the key named twice": lambda it: it.cavage(order="keyId keyId algorithm headers signature"),
    "the signature given twice": lambda it: it.cavage(order="keyId algorithm headers signature signature"),
    "the list given twice": lambda it: it.cavage(
        parameters={"headers": f'"{" ".join(CAVAGE_COVERED)}",headers="date"'},
    ),
    "another key before": lambda it: it.cavage(
        parameters={"keyId": f'"{it.peer.actor("mallory")}#main-key",keyId="{it.key_id}"'}
    ),
    "an unknown parameter": lambda it: it.cavage(parameters={"algorithm": '"rsa-sha256",crit="yes"'}),
    "no key": lambda it: it.cavage(parameters={"keyId": ""}),
    "no signature": lambda it: it.cavage(parameters={"signature": '""'}),
    "a signature of nothing": lambda it: it.cavage(parameters={"signature": '"AA=="'}),
    "no base64": lambda it: it.cavage(parameters={"signature": '"!!!!"'}),
    "a broken header": lambda it: it.cavage(parameters={"signature": '"'}),
    "the wrong key": lambda it: it.cavage(sign=by_rsa(FORGED)),
    "HMAC with the public key": lambda it: it.cavage(
        sign=by_public_key(KEY), parameters={"algorithm": '"hmac-sha256"'}
    ),
    "HMAC with the public key, called RSA": lambda it: it.cavage(sign=by_public_key(KEY)),
    "HMAC with the public key, called hs2019": lambda it: it.cavage(
        sign=by_public_key_der(KEY), parameters={"algorithm": '"hs2019"'}
    ),
    "no algorithm at all": lambda it: it.cavage(sign=lambda _: b"", parameters={"algorithm": '"none"'}),
    "an algorithm that is none": lambda it: it.cavage(parameters={"algorithm": '"none"'}),
    "SHA-1": lambda it: it.cavage(
        sign=by_rsa(KEY, hashes.SHA1()),  # noqa: S303 - that is the attack
        parameters={"algorithm": '"rsa-sha1"'},
    ),
    "Ed25519 under the name of an RSA key": lambda it: it.cavage(
        sign=generate_ed25519().sign, parameters={"algorithm": '"hs2019"'}
    ),
    "a right signature called Ed25519": lambda it: it.cavage(parameters={"algorithm": '"ed25519"'}),
    "created with an algorithm that has none": lambda it: it.cavage(
        covered=("(request-target)", "(created)", "host", "digest"), parameters={"created": expires(timedelta())}
    ),
    "created, and not given": lambda it: it.cavage(
        covered=("(request-target)", "(created)", "host", "digest"), parameters={"algorithm": '"hs2019"'}
    ),
    "created long ago": lambda it: it.cavage(
        covered=("(request-target)", "(created)", "host", "digest"),
        parameters={"algorithm": '"hs2019"', "created": expires(timedelta(days=-1))},
    ),
    "created tomorrow": lambda it: it.cavage(
        covered=("(request-target)", "(created)", "host", "digest"),
        parameters={"algorithm": '"hs2019"', "created": expires(timedelta(days=1))},
    ),
    "created at no time": lambda it: it.cavage(
        covered=("(request-target)", "(created)", "host", "digest"),
        parameters={"algorithm": '"hs2019"', "created": "99999999999999999999"},
    ),
    "expired": lambda it: it.cavage(
        covered=(*CAVAGE_COVERED, "(expires)"),
        parameters={"algorithm": '"hs2019"', "expires": expires(timedelta(minutes=-5))},
    ),
    "a stale date": lambda it: it.cavage(at=datetime.now(UTC) - timedelta(hours=13)),
    "a date to come": lambda it: it.cavage(at=datetime.now(UTC) + timedelta(hours=2)),
    "a date of another age": lambda it: it.cavage(at=PAST),
    "a date that is none": lambda it: it.cavage(headers={"Date": "yesterday"}),
    "a date without a zone": lambda it: it.cavage(headers={"Date": "Thu, 99 Foo 9999 99:99:99"}),
    "the date changed": lambda it: it.cavage(at=PAST).with_headers(
        date=format_datetime(datetime.now(UTC), usegmt=True)
    ),
    "another path": lambda it: it.cavage(url=f"{it.ground.url}/users/alice/inbox"),
    "a query added": lambda it: it.cavage(url=f"{it.ground.url}/inbox?x=1"),
    "another host": lambda it: it.cavage(url="http://elsewhere.example/inbox"),
    "the host of a subdomain": lambda it: it.cavage(url=it.ground.inbox.replace("localhost", "sub.localhost")),
    "the host without its port": lambda it: it.cavage(url="http://localhost/inbox"),
    "one byte more": lambda it: append(it.cavage(), b" "),
    "another actor in the body": lambda it: replace(it.cavage(), it.name, "mallory"),
    "a body without its digest": lambda it: it.cavage().without("digest"),
    "the digest of nothing": lambda it: it.cavage(headers={"Digest": f"SHA-256={sha256(b'')}"}),
    "an unknown digest": lambda it: it.cavage(headers={"Digest": "MD5=1B2M2Y8AsgTpgAmY7PhCfg=="}),
    "an empty digest": lambda it: it.cavage(headers={"Digest": ""}),
    "two digests": lambda it: it.cavage(
        headers={"Digest": f"SHA-256={sha256(b'')},SHA-256={sha256(json.dumps(it.activity).encode())}"}
    ),
    "a digest that is no base64": lambda it: it.cavage(headers={"Digest": "SHA-256=*"}),
    "a key of a key": lambda it: it.cavage(key_id=f"{it.key_id}#main-key"),
    "the actor of another for a key": lambda it: it.cavage(key_id=it.peer.actor("mallory")),
    "a key under another case": lambda it: it.cavage(key_id=it.key_id.replace("localhost", "LOCALHOST")),
    "a key behind a user": lambda it: it.cavage(key_id=it.key_id.replace("localhost", "x@localhost")),
    "a key that is a script": lambda it: it.cavage(key_id="javascript:alert(1)"),
    "a key in the message": lambda it: it.cavage(
        key_id=f"data:,{base64.b64encode(public_to_pem(KEY.public_key()).encode()).decode()}"
    ),
    "a key in a file": lambda it: it.cavage(key_id="file:///etc/passwd"),
    "a relative key": lambda it: it.cavage(key_id="/actor#main-key"),
    "an endless key": lambda it: it.cavage(key_id=f"{it.peer.url}/{'x' * 6000}"),
}
RFC9421: Final[dict[str, Spoil]] = {
    "nothing covered": lambda it: it.rfc9421(covered=()),
    **{f"{name} not covered": rfc9421_without(name) for name in RFC9421_COVERED},
    "authority and path in place of the target": lambda it: it.rfc9421(
        covered=("@method", "@authority", "@path", "content-digest")
    ),
    "a component covered twice": lambda it: it.rfc9421(covered=(*RFC9421_COVERED, "@method")),
    "a component of answers": lambda it: it.rfc9421(covered=(*RFC9421_COVERED, "@status")),
    "a component that is not there": lambda it: it.rfc9421(covered=(*RFC9421_COVERED, "x-absent")),
    "the method of another request": lambda it: rewrite(it.rfc9421(), 'content-digest"', 'content-digest";req'),
    "a component by other rules": lambda it: rewrite(it.rfc9421(), 'content-digest"', 'content-digest";sf'),
    "a component as bytes": lambda it: rewrite(it.rfc9421(), 'content-digest"', 'content-digest";bs'),
    "an unknown parameter": lambda it: it.rfc9421(parameters={"crit": '"x"'}),
    "no time": lambda it: it.rfc9421(parameters={"created": ""}),
    "a time in words": lambda it: it.rfc9421(parameters={"created": '"now"'}),
    "a time before all": lambda it: it.rfc9421(parameters={"created": "-1"}),
    "a time after all": lambda it: it.rfc9421(parameters={"created": "999999999999999"}),
    "a stale time": lambda it: it.rfc9421(at=datetime.now(UTC) - timedelta(hours=2)),
    "a time to come": lambda it: it.rfc9421(at=datetime.now(UTC) + timedelta(minutes=10)),
    "expired": lambda it: it.rfc9421(parameters={"expires": expires(timedelta(minutes=-5))}),
    "no key": lambda it: it.rfc9421(parameters={"keyid": ""}),
    "the key named twice": lambda it: it.rfc9421(parameters={"keyid": f'"{it.key_id}";keyid="{it.key_id}x"'}),
    "the wrong key": lambda it: it.rfc9421(sign=by_rsa(FORGED)),
    "HMAC with the public key": lambda it: it.rfc9421(
        sign=by_public_key(KEY), parameters={"alg": '"hmac-sha256"'}
    ),
    "HMAC with the public key, unnamed": lambda it: it.rfc9421(sign=by_public_key_der(KEY)),
    "Ed25519 under the name of an RSA key": lambda it: it.rfc9421(
        sign=generate_ed25519().sign, parameters={"alg": '"ed25519"'}
    ),
    "a right signature called Ed25519": lambda it: it.rfc9421(parameters={"alg": '"ed25519"'}),
    "another padding": lambda it: it.rfc9421(sign=by_pss(KEY), parameters={"alg": '"rsa-pss-sha512"'}),
    "no algorithm at all": lambda it: it.rfc9421(sign=lambda _: b"", parameters={"alg": '"none"'}),
    "two signatures": lambda it: doubled(it.rfc9421(), it.rfc9421(label="sig2", sign=by_rsa(FORGED))),
    "two right signatures": lambda it: doubled(it.rfc9421(), it.rfc9421(label="sig2")),
    "one label twice": lambda it: doubled(it.rfc9421(sign=by_rsa(FORGED)), it.rfc9421()),
    "labels that differ": lambda it: rewrite(it.rfc9421(), "sig1=", "sig2="),
    "another path": lambda it: it.rfc9421(url=f"{it.ground.url}/users/alice/inbox"),
    "another host": lambda it: it.rfc9421(url="http://elsewhere.example/inbox"),
    "another scheme": lambda it: it.rfc9421(url=it.ground.inbox.replace("http:", "https:")),
    "one byte more": lambda it: append(it.rfc9421(), b"\n"),
    "the digest of nothing": lambda it: it.rfc9421(headers={"Content-Digest": f"sha-256=:{sha256(b'')}:"}),
    "one right and one wrong digest": lambda it: it.rfc9421(
        headers={
            "Content-Digest": f"sha-256=:{sha256(json.dumps(it.activity).encode())}:, sha-512=:{sha256(b'')}:"
        }
    ),
    "an unknown digest": lambda it: it.rfc9421(headers={"Content-Digest": "unixsum=:AAA=:"}),
    "a digest that cannot be read": lambda it: it.rfc9421(headers={"Content-Digest": "sha-256=abc"}),
    "a broken signature": lambda it: it.rfc9421().with_headers(signature="sig1=:***:"),
    "the old header under the new list": lambda it: it.rfc9421().with_headers(
        signature=it.cavage().headers["Signature"]
    ),
}  # fmt: skip


def append(message: Message, data: bytes) -> Message:
    return message.with_body(message.body + data)


def replace(message: Message, old: str, new: str) -> Message:
    return message.with_body(message.body.replace(old.encode(), new.encode()))


def rewrite(message: Message, old: str, new: str) -> Message:
    return message.with_headers(signature_input=message.headers["Signature-Input"].replace(old, new))


def doubled(one: Message, other: Message) -> Message:
    return one.with_headers(
        signature_input=f"{one.headers['Signature-Input']}, {other.headers['Signature-Input']}",
        signature=f"{one.headers['Signature']}, {other.headers['Signature']}",
    )


@pytest.mark.parametrize("spoil", CAVAGE.values(), ids=list(CAVAGE))
async def test_s10_a_spoilt_cavage_signature_is_refused(ground: Ground, letter: Letter, spoil: Spoil) -> None:
    """S10: what is not covered, doubled, unknown, stale or made by another algorithm proves nothing."""
    await ground.assert_refused(spoil(letter), 400, 401, 403)


@pytest.mark.parametrize("spoil", RFC9421.values(), ids=list(RFC9421))
async def test_s10_a_spoilt_rfc9421_signature_is_refused(ground: Ground, letter: Letter, spoil: Spoil) -> None:
    """S10: likewise in the scheme of RFC 9421."""
    await ground.assert_refused(spoil(letter), 400, 401, 403)


async def test_s4_the_owner_of_the_key_is_the_actor(ground: Ground, letter: Letter, third: FakePeer) -> None:
    """S4: a valid signature moves nobody else's hand: neither a neighbour's nor that of another server."""
    letter.peer.add_user("neighbour", key_name="letters")
    for victim in (letter.peer.actor("neighbour"), third.actor("olga"), ground.alice_uri, f"{ground.url}/actor"):
        activity = letter.activity | {"actor": victim}
        await ground.assert_refused(letter.peer.sign(ground.inbox, activity, by=letter.name, key_name="letters"), 403)


async def test_s8_a_key_counts_while_its_owner_lists_it(ground: Ground, letter: Letter, third: FakePeer) -> None:
    """S8: a key document that names somebody, a key of another id, and one of another owner prove nothing."""
    document = letter.peer.documents[f"/users/{letter.name}"]
    mine = document["publicKey"]
    lone = f"/keys/{letter.name}"
    letter.peer.documents[lone] = mine | {"id": f"{letter.peer.url}{lone}", "owner": letter.peer.actor(letter.name)}
    for number, (key_id, listed) in enumerate(
        (
            # A document of its own that the owner does not list.
            (f"{letter.peer.url}{lone}", mine),
            (letter.key_id, mine | {"id": f"{letter.key_id}2"}),
            (letter.key_id, mine | {"owner": third.actor("olga")}),
            (letter.key_id, mine | {"owner": letter.peer.actor("mallory")}),
            (letter.key_id, mine | {"publicKeyPem": "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----"}),
            (letter.key_id, mine | {"publicKeyPem": public_to_pem(FORGED.public_key())}),
            (letter.key_id, None),
        )
    ):
        # Each time a new actor, since a key that was asked for in vain is not asked for again soon.
        name = f"{letter.name}x{number}"
        text = json.dumps(document | {"publicKey": listed}).replace(letter.name, name)
        letter.peer.documents[f"/users/{name}"] = json.loads(text)
        letter.peer.handles[f"{name}@{letter.peer.domain}"] = letter.peer.actor(name)
        activity = letter.activity | {"actor": letter.peer.actor(name)}
        asked = key_id.replace(letter.name, name) if "/users/" in key_id else key_id
        await ground.assert_refused(cavage(ground.inbox, activity, asked, by_rsa(KEY)), 401)


async def test_s8_a_key_leads_to_no_third_server(ground: Ground, letter: Letter, third: FakePeer) -> None:
    """S8: a key document that names an owner elsewhere proves nothing, and that owner is not even asked for."""
    lone = f"/keys/{letter.name}"
    mine = letter.peer.documents[f"/users/{letter.name}"]["publicKey"]
    owner = f"/users/{letter.name}"
    letter.peer.documents[lone] = mine | {"id": f"{letter.peer.url}{lone}", "owner": f"{third.url}{owner}"}

    message = cavage(ground.inbox, letter.activity, f"{letter.peer.url}{lone}", by_rsa(KEY))
    await ground.assert_refused(message, 401)

    assert third.asked[owner] == 0


async def test_nobody_signs_for_this_node(ground: Ground, letter: Letter) -> None:
    """A key of a member, or of the node, signs nothing that comes in: whoever names one is refused for that alone."""
    for owner in (ground.alice_uri, f"{ground.url}/actor"):
        message = cavage(ground.inbox, letter.activity, f"{owner}#main-key", by_rsa(KEY))
        await ground.assert_refused(message, 403)


async def test_s8_a_key_of_a_foreign_server_is_not_taken_over(ground: Ground, letter: Letter, third: FakePeer) -> None:
    """S8: an actor that lists somebody else's key id does not become the one it speaks for."""
    olgas = f"{third.actor('olga')}#main-key"
    document = letter.peer.documents[f"/users/{letter.name}"]
    document["publicKey"] = [document["publicKey"], document["publicKey"] | {"id": olgas}]
    assert (await ground.post(letter.cavage())).status_code == 202

    activity = letter.activity | {"id": f"{third.url}/activities/1", "actor": third.actor("olga")}
    await ground.assert_refused(cavage(ground.inbox, activity, olgas, by_rsa(KEY)), 401)


async def test_s11_the_same_activity_is_taken_once(ground: Ground, letter: Letter) -> None:
    """S11: the same bytes, the same activity signed anew, and another activity under its id change nothing."""
    mine = await ground.posted("Like this")
    like = dataclasses.replace(letter, activity=letter.activity | {"type": "Like", "object": mine["uri"]})
    assert (await ground.post(like.cavage())).status_code == 202
    await ground.working.settle()
    before = await ground.taken()

    block = letter.activity | {"type": "Block"}
    for message in (
        like.cavage(),
        like.rfc9421(),
        cavage(ground.inbox, block, letter.key_id, by_rsa(KEY)),
    ):
        assert (await ground.post(message)).status_code == 202

    await ground.working.settle()
    assert await ground.taken() == before
    liked = await ground.alice.api.get(f"/api/v1/statuses/{mine['id']}/favourited_by")
    assert [account["username"] for account in liked.json()] == [letter.name]


async def test_s11_the_bytes_of_a_follow_count_once(ground: Ground, letter: Letter) -> None:
    """S11: a follow may be asked for again under its id, but who kept the request cannot ask for it."""
    kept = letter.cavage()
    assert (await ground.post(kept)).status_code == 202
    await ground.working.settle()
    undo = letter.peer.activity("Undo", letter.activity["actor"], letter.activity, next(NUMBERS))
    assert (await ground.post(cavage(ground.inbox, undo, letter.key_id, by_rsa(KEY)))).status_code == 202
    await ground.working.settle()
    before = await ground.taken()

    respelt = kept.with_headers(signature=kept.headers["Signature"].replace(",", " , "))
    for message in (kept, respelt):
        assert (await ground.post(message)).status_code == 202

    await ground.working.settle()
    assert await ground.taken() == before
    followed = await ground.alice.api.get(f"/api/v1/accounts/{ground.alice.id}/followers")
    assert letter.name not in [account["username"] for account in followed.json()]


async def test_s11_nobody_uses_up_the_ids_of_another_server(ground: Ground, letter: Letter, third: FakePeer) -> None:
    """S11: an activity has its id from its own server, else the true one would be a replay later."""
    for stolen in (f"{third.url}/activities/7", f"{ground.url}/activities/7", "https://x@evil.example/7", "urn:uuid:7"):
        activity = letter.activity | {"id": stolen}
        await ground.assert_refused(cavage(ground.inbox, activity, letter.key_id, by_rsa(KEY)), 400, 403)


async def test_s10_headers_that_stand_twice_are_refused(ground: Ground, letter: Letter) -> None:
    """S10: two lines of one header are two truths, whichever of them was signed."""
    for name in ("Signature", "Date", "Digest", "Host"):
        message = letter.cavage()
        lines = [f"{key}: {value}" for key, value in (*message.headers.items(), (name, message.headers[name]))]
        head = ["POST /inbox HTTP/1.1", *lines, f"Content-Length: {len(message.body)}", "Connection: close", "", ""]
        before = await ground.taken()

        answer = await ground.raw("\r\n".join(head).encode() + message.body)

        assert answer.split(b" ", 2)[1] in (b"400", b"401"), (name, answer)
        assert await ground.taken() == before


async def test_s9_signatures_inside_documents_prove_nothing(ground: Ground, peer: FakePeer, third: FakePeer) -> None:
    """S9: an activity of somebody else that carries an LD signature is no more than what its bearer says."""
    forged = note(third, "olga", content="<p>I give in</p>")
    third.documents.pop(forged["id"].removeprefix(third.url))
    inner = third.activity("Create", third.actor("olga"), forged, next(NUMBERS))
    inner["signature"] = {
        "type": "RsaSignature2017",
        "creator": f"{third.actor('olga')}#main-key",
        "created": "2026-01-01T00:00:00Z",
        "signatureValue": base64.b64encode(bytes(256)).decode(),
    }

    # What is only claimed is looked up at its origin, which knows nothing of it.
    assert (await ground.post(peer.sign(ground.inbox, inner, by="mallory"))).status_code in (202, 403)
    await ground.do(peer, "Announce", inner, to=[ground.alice_uri])

    assert await ground.status(forged["id"]) is None
