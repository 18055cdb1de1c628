/**
 * What this peer knows: its own actors with their keys, posts and relations, and what others told it. Memory only.
 */
export const PUBLIC = "https://www.w3.org/ns/activitystreams#Public";
const KEY_ALGORITHMS = {
  // 2048 bits are what most servers have, and are made in a moment; Fedify's own generator makes 4096.
  rsa: { name: "RSASSA-PKCS1-v1_5", modulusLength: 2048, publicExponent: new Uint8Array([1, 0, 1]), hash: "SHA-256" },
  ed25519: { name: "Ed25519" },
};

export class World {
  /** Notes of other servers by id, as `describe.mjs` describes them. */
  notesReceived = new Map();
  /** Ids of our notes -> sets of actor ids. */
  likes = new Map();
  announces = new Map();
  reactions = new Map();
  /** Ids of our actors -> sets of those who block them. */
  blocks = new Map();
  /** Ids of our quote authorizations -> `{ name, quoting, quoted }`: who gave it, and for which note to quote which. */
  stamps = new Map();
  /** Ids of our offers of partnerships -> ids of the actors who are to answer them. */
  offers = new Map();

  /** `speaker` names the actor that speaks for the server itself; null if there is none. */
  constructor({ acceptsFollows, localActors, speaker }) {
    this.acceptsFollows = acceptsFollows;
    this.actors = localActors;
    this.speaker = speaker;
  }

  isSpeaker(path) {
    return this.speaker !== null && path === `/users/${this.speaker}`;
  }

  actor(name) {
    return this.actors.get(name) ?? null;
  }

  /** Our note by its id, with its author's name: `{ name, post }`. */
  findPost(noteId) {
    for (const [name, { posts }] of this.actors) {
      const post = [...posts.values()].find(({ id }) => id === noteId);
      if (post !== undefined) return { name, post };
    }
    return null;
  }
}

export async function makeActors(names, keyKinds) {
  const makeKey = (kind) => crypto.subtle.generateKey(KEY_ALGORITHMS[kind], true, ["sign", "verify"]);
  const entries = names.map(async (name) => [
    name,
    {
      keyPairs: await Promise.all(keyKinds.map(makeKey)),
      name: `${name} of Fedify`,
      posts: new Map(), // local id -> what was posted
      pins: new Set(), // local ids of posts in the featured collection
      aliases: [], // ids of actors this one also is
      followers: new Map(), // actor id -> recipient {id, inboxId, endpoints}
      followRequests: new Map(), // actor id -> {followId, recipient} that nobody answered yet
      following: new Map(), // actor id -> our Follow, once accepted
      followsSent: new Map(), // id of our Follow -> the Follow
      sent: new Map(), // kind + object id -> our Like or Announce, for Undo
    },
  ]);
  return new Map(await Promise.all(entries));
}

/** Adds `member` to the set kept under `key`. */
export function addTo(sets, key, member) {
  if (!sets.has(key)) sets.set(key, new Set());
  sets.get(key).add(member);
}
