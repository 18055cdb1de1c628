/**
 * The doors of the peer: actor, collections, notes, WebFinger, NodeInfo. Signatures are never skipped.
 *
 * A note that is not public is served only to a signed request of somebody who may read it.
 */
import {
  createExponentialBackoffPolicy,
  createFederation,
  InProcessMessageQueue,
  MemoryKvStore,
  ParallelMessageQueue,
} from "@fedify/fedify";
import { Application, Create, Endpoints, Image, Person, QuoteAuthorization } from "@fedify/vocab";
import { listenToInbox } from "./inbox.mjs";
import { createOf, KINDS, noteOf } from "./posts.mjs";
import { PUBLIC } from "./world.mjs";

const POLL = { pollInterval: { milliseconds: 100 } };
const OUTBOX_WORKERS = 4;

export function openFederation({ origin, firstKnock, world, journal, witness }) {
  const retryPolicy = createExponentialBackoffPolicy({
    initialDelay: { milliseconds: 200 },
    maxDelay: { seconds: 2 },
    maxAttempts: 6,
    jitter: false,
  });
  const federation = createFederation({
    kv: new MemoryKvStore(),
    queue: {
      inbox: new InProcessMessageQueue(POLL),
      outbox: new ParallelMessageQueue(new InProcessMessageQueue(POLL), OUTBOX_WORKERS),
      fanout: new InProcessMessageQueue(POLL),
    },
    origin,
    firstKnock,
    allowPrivateAddress: true, // The servers under test are on loopback.
    skipSignatureVerification: false,
    circuitBreaker: false, // Tests stop and start servers; a held delivery would hide what they look for.
    outboxRetryPolicy: retryPolicy,
    inboxRetryPolicy: retryPolicy,
    tracerProvider: witness.tracerProvider,
    onOutboxError: (problem, activity) =>
      void journal.add("delivery_failed", {
        type: activity?.constructor.name ?? null,
        activity: activity?.id?.href ?? null,
        inbox: problem.inbox?.href ?? null,
        status: problem.statusCode ?? null,
        message: problem.message,
      }),
  });
  serveActors(federation, world);
  serveCollections(federation, world);
  serveNotes(federation, world);
  serveNodeInfo(federation, world);
  listenToInbox(federation, { world, journal, witness });
  return federation;
}

function serveActors(federation, world) {
  federation
    .setActorDispatcher("/users/{identifier}", (ctx, identifier) => personOf(ctx, world, identifier))
    .mapHandle((_ctx, username) => (world.actor(username) === null ? null : username))
    // FEP-d556: WebFinger for the server's own address names the actor that speaks for it.
    .mapAlias(({ canonicalOrigin }, { href }) =>
      world.speaker !== null && href === `${canonicalOrigin}/` ? { identifier: world.speaker } : null,
    )
    .setKeyPairsDispatcher((_ctx, identifier) => world.actor(identifier)?.keyPairs ?? []);
}

/** The actor document; null if there is no such actor. */
export async function personOf(ctx, world, identifier) {
  const actor = world.actor(identifier);
  if (actor === null) return null;
  const keys = await ctx.getActorKeyPairs(identifier);
  const Kind = identifier === world.speaker ? Application : Person;
  return new Kind({
    id: ctx.getActorUri(identifier),
    preferredUsername: identifier,
    name: actor.name,
    summary: "<p>Lives on a server that was not written by us.</p>",
    url: ctx.getActorUri(identifier),
    inbox: ctx.getInboxUri(identifier),
    outbox: ctx.getOutboxUri(identifier),
    followers: ctx.getFollowersUri(identifier),
    following: ctx.getFollowingUri(identifier),
    featured: ctx.getFeaturedUri(identifier),
    aliases: actor.aliases.map((id) => new URL(id)),
    endpoints: new Endpoints({ sharedInbox: ctx.getInboxUri() }),
    icon: new Image({ url: new URL("/avatar.png", ctx.canonicalOrigin), mediaType: "image/png" }),
    manuallyApprovesFollowers: world.acceptsFollows === "manual",
    discoverable: true,
    publicKey: keys[0].cryptographicKey,
    assertionMethods: keys.map((key) => key.multikey),
  });
}

function serveCollections(federation, world) {
  federation
    .setFollowersDispatcher("/users/{identifier}/followers", (_ctx, identifier) => {
      const actor = world.actor(identifier);
      return actor && { items: [...actor.followers.values()] };
    })
    .setCounter((_ctx, identifier) => world.actor(identifier)?.followers.size ?? null);
  federation
    .setFollowingDispatcher("/users/{identifier}/following", (_ctx, identifier) => {
      const actor = world.actor(identifier);
      return actor && { items: [...actor.following.keys()].map((id) => new URL(id)) };
    })
    .setCounter((_ctx, identifier) => world.actor(identifier)?.following.size ?? null);
  federation.setFeaturedDispatcher("/users/{identifier}/featured", (ctx, identifier) => {
    const actor = world.actor(identifier);
    return actor && { items: [...actor.pins].map((key) => noteOf(ctx, identifier, actor.posts.get(key))) };
  });
  federation
    .setOutboxDispatcher("/users/{identifier}/outbox", (ctx, identifier) => {
      if (world.actor(identifier) === null) return null;
      return { items: openPosts(world, identifier).map((post) => createOf(ctx, identifier, post)) };
    })
    .setCounter((_ctx, identifier) => openPosts(world, identifier).length);
}

/** What an actor posted for everybody, newest first. */
function openPosts(world, identifier) {
  const posts = [...(world.actor(identifier)?.posts.values() ?? [])];
  return posts.filter(({ to, cc }) => [...to, ...cc].includes(PUBLIC)).reverse();
}

function serveNotes(federation, world) {
  const find = ({ identifier, id }) => world.actor(identifier)?.posts.get(id) ?? null;
  const mayRead = async (ctx, values) => {
    const post = find(values);
    if (post === null || [...post.to, ...post.cc].includes(PUBLIC)) return true;
    const documentLoader = await ctx.getDocumentLoader({ identifier: values.identifier });
    const reader = (await ctx.getSignedKeyOwner({ documentLoader }))?.id?.href;
    if (reader === undefined) return false;
    const forFollowers = [...post.to, ...post.cc].includes(ctx.getFollowersUri(values.identifier).href);
    const { followers } = world.actor(values.identifier);
    return [...post.to, ...post.cc].includes(reader) || (forFollowers && followers.has(reader));
  };
  for (const [kind, type] of Object.entries(KINDS)) {
    federation
      .setObjectDispatcher(type, `/users/{identifier}/${kind}/{id}`, (ctx, values) => {
        const post = find(values);
        return post && noteOf(ctx, values.identifier, post);
      })
      .authorize(mayRead);
  }
  federation.setObjectDispatcher(QuoteAuthorization, "/users/{identifier}/stamps/{id}", (ctx, values) => {
    const id = ctx.getObjectUri(QuoteAuthorization, values);
    const stamp = world.stamps.get(id.href);
    if (stamp === undefined) return null;
    const [interactingObject, interactionTarget] = [new URL(stamp.quoting), new URL(stamp.quoted)];
    return new QuoteAuthorization({
      id,
      attribution: ctx.getActorUri(stamp.name),
      interactingObject,
      interactionTarget,
    });
  });
  federation
    .setObjectDispatcher(Create, "/users/{identifier}/creates/{id}", (ctx, values) => {
      const post = find(values);
      return post && createOf(ctx, values.identifier, post);
    })
    .authorize(mayRead);
}

function serveNodeInfo(federation, world) {
  federation.setNodeInfoDispatcher("/nodeinfo/2.1", () => {
    const users = world.actors.size;
    const localPosts = [...world.actors.values()].reduce((sum, { posts }) => sum + posts.size, 0);
    return {
      software: { name: "fedify-peer", version: "1.0.0" },
      protocols: ["activitypub"],
      usage: { users: { total: users, activeMonth: users, activeHalfyear: users }, localPosts, localComments: 0 },
    };
  });
}
