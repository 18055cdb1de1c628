"""Keys, parsed once: ours to sign with, those of peers to verify with.

A peer's key counts only while its owner lists it (S8): it is recorded with the actor, and never alone. RSA signs what
goes out, because every server verifies it; Ed25519 makes the proofs inside documents.
"""

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import Connection

from federation.keys import SigningKey, VerificationKey, load_private, load_public_pem
from fedorg.domain.accounts import Account, AccountKey, KeyAlgorithm
from fedorg.errors import NotFound
from fedorg.ids import AccountId
from fedorg.node import Node
from fedorg.store import keys


async def signing_keys(node: Node, account_id: AccountId, current: frozenset[str]) -> tuple[SigningKey, ...]:
    """The keys of a local account whose ids were read just now, RSA first; ``NotFound`` when it has none."""
    held = await _held(node, account_id, current)
    if not held:
        node.signing_keys.pop(account_id, None)
        raise NotFound(f"Account {account_id} has no key to sign with")
    return held


async def find_ed25519_key(node: Node, account_id: AccountId) -> SigningKey | None:
    """The key a local account makes proofs with."""
    held = await _held(node, account_id, await node.glance(keys.list_ids, account_id))
    return next((key for key in held if isinstance(key.private, Ed25519PrivateKey)), None)


async def node_key(node: Node) -> SigningKey:
    """The key of the node's own actor, which signs what the node fetches."""
    return await node_key_among(node, await node.glance(node_key_ids, node))


def node_key_ids(conn: Connection, node: Node) -> tuple[AccountId, frozenset[str]] | None:
    """The actor of the node and the ids of its keys, for ``node_key_among``."""
    return keys.list_ids_of_actor(conn, node.uris.node_actor)


async def node_key_among(node: Node, current: tuple[AccountId, frozenset[str]] | None) -> SigningKey:
    """As ``node_key``, for who has read ``node_key_ids`` just now."""
    if current is None:
        raise NotFound("The node has no actor of its own")
    return (await signing_keys(node, *current))[0]


async def find_verification_key(node: Node, key_id: str) -> tuple[VerificationKey, Account] | None:
    """A key recorded here, and the account it speaks for."""
    found = await node.glance(keys.find, key_id)
    return None if found is None else verification_key(*found)


def verification_key(key: AccountKey, account: Account) -> tuple[VerificationKey, Account]:
    """A recorded key as signatures are checked with it, and the account it speaks for."""
    return VerificationKey(key_id=key.uri, owner=account.uri, public=load_public_pem(key.public)), account


async def _held(node: Node, account_id: AccountId, current: frozenset[str]) -> tuple[SigningKey, ...]:
    """The keys of a local account, RSA first; parsed on first use and kept in ``node.signing_keys``.

    Whether they are still the account's is asked each time: another process may have given it new ones.
    """
    held = node.signing_keys.get(account_id, ())
    if not held or current != {key.key_id for key in held}:
        stored = await node.read(keys.list_of_account, account_id)
        ordered = sorted(stored, key=lambda key: key.algorithm is not KeyAlgorithm.RSA)
        held = tuple(_signing_key(key) for key in ordered if key.private is not None)
        node.signing_keys[account_id] = held
    return held


def _signing_key(key: AccountKey) -> SigningKey:
    return SigningKey(key_id=key.uri, private=load_private((key.private or "").encode()))
