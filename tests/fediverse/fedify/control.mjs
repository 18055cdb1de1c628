/**
 * The control API: what a test tells this peer to do, as JSON over a second loopback port.
 *
 * `POST /<command>` with a JSON object; `as` names the local actor, by default the first one. `GET /state` and
 * `GET /events?after=N&wait=S`. An answer with status 4xx says in `error` what the test asked wrongly or what could not
 * be reached.
 */
import { Accept, Activity, Add, Announce, Delete, Follow, isActor, Like, Reject, Remove, Undo, Update } from "@fedify/vocab";
import { Temporal } from "@js-temporal/polyfill";
import { describeActor, describeNote } from "./describe.mjs";
import { personOf } from "./federation.mjs";
import { FORGERIES, forge } from "./forge.mjs";
import { answerFollow } from "./inbox.mjs";
import { AUDIENCES, contentOf, createOf, deleteOf, KINDS, updateOf } from "./posts.mjs";
import { PUBLIC } from "./world.mjs";

const LOCAL_WEBFINGER_TIMEOUT_MS = 5000;
const EVENTS_WAIT_SECONDS_MAX = 20;

const READS = new Set(["events", "state"]);
const COMMANDS = new Set([
  ...["settings", "lookup", "follow", "unfollow", "accept", "reject", "post", "edit", "delete"],
  ...["like", "unlike", "announce", "unannounce", "pin", "unpin", "tally", "stamp", "revoke", "alias", "rename"],
  ...["send", "forge"],
]);

/** The terms beyond ActivityStreams that activities written by tests use. */
const CONTEXT = [
  "https://www.w3.org/ns/activitystreams",
  "https://w3id.org/security/v1",
  {
    toot: "http://joinmastodon.org/ns#",
    Emoji: "toot:Emoji",
    EmojiReact: "http://litepub.social/ns#EmojiReact",
    QuoteRequest: "https://w3id.org/fep/044f#QuoteRequest",
    quote: { "@id": "https://w3id.org/fep/044f#quote", "@type": "@id" },
    gts: "https://gotosocial.org/ns#",
    interactionPolicy: { "@id": "gts:interactionPolicy", "@type": "@id" },
    canQuote: { "@id": "gts:canQuote", "@type": "@id" },
    automaticApproval: { "@id": "gts:automaticApproval", "@type": "@id" },
    Hashtag: "as:Hashtag",
    sensitive: "as:sensitive",
  },
];

class Refused extends Error {}

export class Control {
  #ctx;
  #world;
  #journal;
  #firstKnock;

  constructor({ federation, origin, world, journal, firstKnock }) {
    this.#ctx = federation.createContext(new URL(origin), undefined);
    this.#world = world;
    this.#journal = journal;
    this.#firstKnock = firstKnock;
  }

  /** Answers one request as `[status, value]`. */
  async answer(method, url, body) {
    const command = url.pathname.slice(1);
    const known = method === "GET" ? READS : COMMANDS;
    if (!known.has(command)) return [404, { error: `no such command: ${method} ${url.pathname}` }];
    try {
      return [200, await this[command](body, url.searchParams)];
    } catch (problem) {
      if (problem instanceof Refused) return [422, { error: problem.message }];
      throw problem;
    }
  }

  async events(_body, query) {
    const waitSeconds = Math.min(Number(query.get("wait") ?? 0), EVENTS_WAIT_SECONDS_MAX);
    return { events: await this.#journal.after(Number(query.get("after") ?? 0), waitSeconds) };
  }

  async state(_body, query) {
    const name = query.get("as") ?? this.#firstActor();
    const actor = this.#actor(name);
    const ids = (sets) => Object.fromEntries([...sets].map(([key, members]) => [key, [...members]]));
    return {
      actor: this.#ctx.getActorUri(name).href,
      followers: [...actor.followers.keys()],
      follow_requests: [...actor.followRequests.keys()],
      following: [...actor.following.keys()],
      posts: [...actor.posts.values()].map(({ id }) => id),
      notes_received: [...this.#world.notesReceived.values()],
      likes: ids(this.#world.likes),
      announces: ids(this.#world.announces),
    };
  }

  async settings({ accepts_follows: acceptsFollows }) {
    if (!["auto", "manual"].includes(acceptsFollows)) throw new Refused("accepts_follows is auto or manual");
    this.#world.acceptsFollows = acceptsFollows;
    return { accepts_follows: acceptsFollows };
  }

  async lookup({ as = this.#firstActor(), handle }) {
    const object = await this.#find(as, handle);
    const described = isActor(object) ? describeActor(object) : await describeNote(await this.#reading(as), object);
    return { ...described, document: await object.toJsonLd({ contextLoader: this.#ctx.contextLoader }) };
  }

  async follow({ as = this.#firstActor(), handle }) {
    const target = await this.#findActor(as, handle);
    const follow = new Follow({
      id: this.#newId(as, "follows"),
      actor: this.#ctx.getActorUri(as),
      object: target.id,
      to: target.id,
    });
    this.#actor(as).followsSent.set(follow.id.href, follow);
    await this.#send(as, [target], follow);
    return { activity: follow.id.href, object: target.id.href };
  }

  async unfollow({ as = this.#firstActor(), handle }) {
    const target = await this.#findActor(as, handle);
    const actor = this.#actor(as);
    const follow = [...actor.followsSent.values()].find((sent) => sent.objectId.href === target.id.href);
    if (follow === undefined) throw new Refused(`${as} does not follow ${handle}`);
    actor.followsSent.delete(follow.id.href);
    actor.following.delete(target.id.href);
    return this.#undo(as, [target], follow);
  }

  async accept(body) {
    return this.#answerFollow(body, Accept);
  }

  async reject(body) {
    return this.#answerFollow(body, Reject);
  }

  async post({ as = this.#firstActor(), text, summary = null, visibility = "public", ...addressing }) {
    const { mention = [], to = [], in_reply_to: inReplyTo = null } = addressing;
    const { kind = "notes", title = null, hashtags = [], images = [], poll = null } = addressing;
    const { quote = null, quotable = false, refuses = false } = addressing;
    if (!(kind in KINDS)) throw new Refused(`kind is one of ${Object.keys(KINDS)}`);
    if (!(visibility in AUDIENCES)) throw new Refused(`visibility is one of ${Object.keys(AUDIENCES)}`);
    const mentioned = await this.#findActors(as, mention);
    const addressed = await this.#findActors(as, to);
    const mentions = mentioned.map((actor) => ({ name: handleOf(actor), href: actor.id.href }));
    const named = [...mentioned, ...addressed].map(({ id }) => id.href);
    const key = crypto.randomUUID();
    const post = {
      key,
      id: new URL(`/users/${as}/${kind}/${key}`, this.#ctx.canonicalOrigin).href,
      kind,
      content: contentOf(text, mentions),
      summary,
      title,
      mentions,
      hashtags,
      images: images.map(({ alt }) => ({ url: new URL("/avatar.png", this.#ctx.canonicalOrigin).href, alt })),
      poll: poll && pollOf(poll),
      quote,
      stamp: null,
      quotable,
      refuses,
      inReplyTo,
      published: Temporal.Now.instant(),
      updated: null,
      deliverTo: [...mentioned, ...addressed],
      ...AUDIENCES[visibility](this.#ctx.getFollowersUri(as).href, named),
    };
    this.#actor(as).posts.set(key, post);
    return { id: post.id, ...(await this.#distribute(as, post, createOf(this.#ctx, as, post))) };
  }

  async edit({ id, text }) {
    const { name, post } = this.#post(id);
    post.content = contentOf(text, post.mentions);
    post.updated = Temporal.Now.instant();
    return this.#distribute(name, post, updateOf(this.#ctx, name, post));
  }

  async delete({ id }) {
    const { name, post } = this.#post(id);
    this.#actor(name).posts.delete(post.key);
    return this.#distribute(name, post, deleteOf(this.#ctx, name, post));
  }

  async like({ as = this.#firstActor(), id }) {
    return this.#react(as, id, (target, author) => ({
      recipients: [author],
      activity: new Like({ ...this.#origin(as, "likes"), object: target.id, to: author.id }),
    }));
  }

  async announce({ as = this.#firstActor(), id }) {
    return this.#react(as, id, (target, author) => ({
      recipients: [author, ...this.#actor(as).followers.values()],
      activity: new Announce({
        ...this.#origin(as, "announces"),
        object: target.id,
        to: new URL(PUBLIC),
        ccs: [this.#ctx.getFollowersUri(as), author.id],
        published: Temporal.Now.instant(),
      }),
    }));
  }

  async unlike({ as = this.#firstActor(), id }) {
    return this.#takeBack(as, `Like ${id}`);
  }

  async unannounce({ as = this.#firstActor(), id }) {
    return this.#takeBack(as, `Announce ${id}`);
  }

  async pin({ id }) {
    return this.#feature(id, Add);
  }

  async unpin({ id }) {
    return this.#feature(id, Remove);
  }

  /** Tells everybody who has a poll how it stands; `closed` ends it now. */
  async tally({ id, closed = false }) {
    const { name, post } = this.#post(id);
    if (closed) post.poll.endTime = Temporal.Now.instant();
    return this.#distribute(name, post, updateOf(this.#ctx, name, post));
  }

  /** Shows with a post that the quote in it is allowed. */
  async stamp({ id, stamp }) {
    const { name, post } = this.#post(id);
    post.stamp = stamp;
    return this.#distribute(name, post, updateOf(this.#ctx, name, post));
  }

  /** Takes back that a note may quote a post of ours. */
  async revoke({ stamp, to }) {
    const given = this.#world.stamps.get(stamp);
    if (given === undefined) throw new Refused(`not a stamp of ours: ${stamp}`);
    this.#world.stamps.delete(stamp);
    const ended = new Delete({ ...this.#origin(given.name, "deletes"), object: new URL(stamp), to: new URL(PUBLIC) });
    await this.#send(given.name, await this.#findActors(given.name, to), ended);
    return { activity: ended.id.href };
  }

  /** Makes `as` say that it is also `of`; a Move needs that. */
  async alias({ as = this.#firstActor(), of }) {
    this.#actor(as).aliases.push(of);
    return { aliases: this.#actor(as).aliases };
  }

  async rename({ as = this.#firstActor(), name }) {
    const actor = this.#actor(as);
    actor.name = name;
    const object = await personOf(this.#ctx, this.#world, as);
    const update = new Update({ ...this.#origin(as, "updates"), object, to: new URL(PUBLIC) });
    await this.#send(as, [...actor.followers.values()], update);
    return { activity: update.id.href };
  }

  /** Sends any activity that Fedify's vocabulary can say; `id` and `actor` are filled in. */
  async send({ as = this.#firstActor(), to = [], activity }) {
    const { id, actor } = this.#origin(as, "activities");
    const document = { "@context": CONTEXT, id: id.href, actor: actor.href, ...activity };
    const options = { documentLoader: this.#ctx.documentLoader, contextLoader: this.#ctx.contextLoader };
    await this.#send(as, await this.#findActors(as, to), await Activity.fromJsonLd(document, options));
    return { activity: document.id };
  }

  async forge({ as = this.#firstActor(), kind, inbox, document, scheme = this.#firstKnock }) {
    if (!(kind in FORGERIES)) throw new Refused(`kind is one of ${Object.keys(FORGERIES)}`);
    const { keyId, privateKey } = (await this.#ctx.getActorKeyPairs(as))[0];
    if (document?.type === "Offer") this.#world.offers.set(document.id, document.target);
    return forge({ kind, inbox, document: document ?? (await this.#draft(as)), keyId, privateKey, spec: scheme });
  }

  async #answerFollow({ as = this.#firstActor(), follower }, Answer) {
    const answer = await answerFollow(this.#ctx, this.#world, as, follower, Answer);
    if (answer === null) throw new Refused(`${follower} did not ask to follow ${as}`);
    return { activity: answer.id.href };
  }

  async #feature(id, Act) {
    const { name, post } = this.#post(id);
    const actor = this.#actor(name);
    Act === Add ? actor.pins.add(post.key) : actor.pins.delete(post.key);
    const followers = this.#ctx.getFollowersUri(name);
    const activity = new Act({
      ...this.#origin(name, "pins"),
      object: new URL(id),
      target: this.#ctx.getFeaturedUri(name),
      tos: [new URL(PUBLIC)],
      ccs: [followers],
    });
    await this.#send(name, [...actor.followers.values()], activity);
    return { activity: activity.id.href };
  }

  async #react(as, id, make) {
    const target = await this.#find(as, id);
    const author = await this.#findActor(as, target.attributionId?.href ?? "");
    const { activity, recipients } = make(target, author);
    this.#actor(as).sent.set(`${activity.constructor.name} ${target.id.href}`, { activity, recipients });
    await this.#send(as, recipients, activity);
    return { activity: activity.id.href };
  }

  async #takeBack(as, key) {
    const sent = this.#actor(as).sent.get(key);
    if (sent === undefined) throw new Refused(`${as} has not sent: ${key}`);
    this.#actor(as).sent.delete(key);
    return this.#undo(as, sent.recipients, sent.activity);
  }

  async #undo(as, recipients, activity) {
    const { toIds: tos, ccIds: ccs } = activity;
    const undo = new Undo({ ...this.#origin(as, "undos"), object: activity, tos, ccs });
    await this.#send(as, recipients, undo);
    return { activity: undo.id.href };
  }

  async #distribute(name, post, activity) {
    const everybody = [...post.to, ...post.cc].includes(this.#ctx.getFollowersUri(name).href);
    const followers = everybody ? [...this.#actor(name).followers.values()] : [];
    await this.#send(name, [...followers, ...post.deliverTo], activity, post.id);
    return { activity: activity.id.href };
  }

  async #send(name, recipients, activity, orderingKey = activity.id.href) {
    await this.#ctx.sendActivity({ identifier: name }, recipients, activity, { preferSharedInbox: true, orderingKey });
  }

  /** A public Create that was never posted, for forgeries. */
  async #draft(as) {
    const post = {
      id: new URL(`/users/${as}/notes/${crypto.randomUUID()}`, this.#ctx.canonicalOrigin).href,
      content: contentOf("forged", []),
      kind: "notes",
      key: crypto.randomUUID(),
      summary: null,
      title: null,
      mentions: [],
      hashtags: [],
      images: [],
      poll: null,
      quote: null,
      stamp: null,
      quotable: false,
      refuses: false,
      inReplyTo: null,
      published: Temporal.Now.instant(),
      updated: null,
      ...AUDIENCES.public(this.#ctx.getFollowersUri(as).href, []),
    };
    return createOf(this.#ctx, as, post).toJsonLd({ contextLoader: this.#ctx.contextLoader });
  }

  async #find(as, handle) {
    const target = await this.#uriOf(handle);
    const { documentLoader } = await this.#reading(as);
    const object = await this.#ctx.lookupObject(target, { documentLoader });
    if (object === null) throw new Refused(`cannot look up ${handle}`);
    return object;
  }

  async #findActor(as, handle) {
    const object = await this.#find(as, handle);
    if (!isActor(object) || object.inboxId === null) throw new Refused(`${handle} is no actor with an inbox`);
    return object;
  }

  #findActors(as, handles) {
    return Promise.all(handles.map((handle) => this.#findActor(as, handle)));
  }

  /** Loaders that sign every fetch as the local actor. */
  async #reading(as) {
    const documentLoader = await this.#ctx.getDocumentLoader({ identifier: as });
    return { documentLoader, contextLoader: this.#ctx.contextLoader };
  }

  /** Fedify asks for handles over https only; a peer that speaks http asks its neighbours over http. */
  async #uriOf(handle) {
    const parts = handle.match(/^@?([^@/]+)@([^@/]+)$/);
    if (parts === null || this.#ctx.canonicalOrigin.startsWith("https:")) return handle;
    const [, username, host] = parts;
    const url = new URL(`http://${host}/.well-known/webfinger`);
    url.searchParams.set("resource", `acct:${username}@${host}`);
    const response = await fetch(url, { signal: AbortSignal.timeout(LOCAL_WEBFINGER_TIMEOUT_MS) });
    if (!response.ok) throw new Refused(`WebFinger answers ${response.status} for ${handle}`);
    const { links } = await response.json();
    const self = links.find(({ rel, type }) => rel === "self" && /activity\+json|ld\+json/.test(type ?? ""));
    if (self === undefined) throw new Refused(`WebFinger names no actor for ${handle}`);
    return self.href;
  }

  #post(id) {
    const found = this.#world.findPost(id);
    if (found === null) throw new Refused(`not a post of ours: ${id}`);
    return found;
  }

  #actor(name) {
    const actor = this.#world.actor(name);
    if (actor === null) throw new Refused(`no actor ${name} here`);
    return actor;
  }

  #firstActor() {
    return this.#world.actors.keys().next().value;
  }

  #origin(as, kind) {
    return { id: this.#newId(as, kind), actor: this.#ctx.getActorUri(as) };
  }

  #newId(as, kind) {
    return new URL(`#${kind}/${crypto.randomUUID()}`, this.#ctx.getActorUri(as));
  }
}

function pollOf({ options, multiple = false, seconds = 3600 }) {
  return {
    options: options.map((name) => ({ name, voters: new Set() })),
    multiple,
    endTime: Temporal.Now.instant().add({ seconds }),
  };
}

function handleOf(actor) {
  return `@${actor.preferredUsername}@${actor.id.host}`;
}
