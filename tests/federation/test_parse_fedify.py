"""What Fedify 2 writes: activities compacted under a context of its own, with two proofs beside the HTTP signature."""

from pathlib import Path

from federation import parse
from federation.activities import Create
from federation.audience import Addressing, Audience, Reach, Visibility, read
from federation.objects import Mention, Note
from federation.vocabulary import PUBLIC

PEERS = Path(__file__).parent / "peers"
FERN = "https://fern.example/users/fern"
MOSS = "https://moss.example/users/moss"


def document(name: str) -> parse.JsonObject:
    return parse.load_json((PEERS / f"{name}.json").read_bytes())


def test_an_actor_with_keys_of_two_kinds() -> None:
    """The RSA key is read from publicKey; of the assertion methods, the one that is an Ed25519 key can be used."""
    actor = parse.actor(document("fedify-actor"))

    assert (actor.id, actor.preferred_username, actor.manually_approves_followers) == (FERN, "fern", True)
    assert [key.id for key in actor.public_keys] == [f"{FERN}#main-key"]
    assert f"{FERN}#multikey-2" in [key.id for key in actor.assertion_methods]
    assert actor.shared_inbox == "https://fern.example/inbox"


def test_a_create_with_proof_and_linked_data_signature() -> None:
    """Both proofs are stepped over; a single recipient and a single tag are lists of one."""
    create = parse.activity(document("fedify-create"))

    assert isinstance(create, Create)
    assert isinstance(create.object, Note)
    note = create.object
    assert (create.actor, note.attributed_to, note.summary, note.sensitive) == (FERN, FERN, "Minutes", True)
    assert note.mentions == (Mention(href=MOSS, name="@moss@moss.example"),)
    assert (note.to, set(note.cc)) == ((PUBLIC,), {f"{FERN}/followers", MOSS})
    addressing = Addressing(to=note.to, cc=note.cc, reach=note.reach, listed=note.listed)
    assert read(addressing, followers=f"{FERN}/followers") == Audience(visibility=Visibility.PUBLIC, reach=Reach.PUBLIC)
