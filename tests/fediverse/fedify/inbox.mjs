/**
 * What an activity that Fedify verified does here. Every listener ends in one named outcome, kept as a `handled` event.
 */
import {
  Accept,
  Activity,
  Add,
  Announce,
  Block,
  Create,
  Delete,
  EmojiReact,
  Flag,
  Follow,
  isActor,
  Like,
  Move,
  Note,
  Offer,
  Question,
  QuoteAuthorization,
  QuoteRequest,
  Reject,
  Remove,
  Undo,
  Update,
} from "@fedify/vocab";
import { describeActor, describeNote, hrefs } from "./describe.mjs";
import { describeRelationship } from "./partnerships.mjs";
import { addTo } from "./world.mjs";

export function listenToInbox(federation, { world, journal, witness }) {
  const listeners = federation
    .setInboxListeners("/users/{identifier}/inbox", "/inbox")
    .setSharedKeyDispatcher(() => ({ identifier: world.actors.keys().next().value }))
    .onError((_ctx, problem) => void journal.add("error", { message: String(problem.stack ?? problem) }));
  for (const [type, handle] of HANDLERS) {
    listeners.on(type, async (ctx, activity) => {
      // Read before handling: whatever a handler fetches in place of an embedded object changes these.
      const received = {
        type: activity.constructor.name,
        activity: activity.id?.href ?? null,
        actor: activity.actorId?.href ?? null,
        object: activity.objectId?.href ?? null,
        recipient: ctx.recipient,
        ...witness.proofOf(activity.id?.href),
      };
      journal.add("handled", { ...received, ...(await handle(ctx, activity, world)) });
    });
  }
}

/** Answers a follow request that waits; null if there is none. */
export async function answerFollow(ctx, world, name, followerId, Answer) {
  const actor = world.actor(name);
  const request = actor.followRequests.get(followerId);
  if (request === undefined) return null;
  actor.followRequests.delete(followerId);
  if (Answer === Accept) actor.followers.set(followerId, request.recipient);
  const answer = new Answer({
    id: new URL(`#${Answer.name.toLowerCase()}s/${crypto.randomUUID()}`, ctx.getActorUri(name)),
    actor: ctx.getActorUri(name),
    object: new Follow({ id: request.followId, actor: new URL(followerId), object: ctx.getActorUri(name) }),
    to: new URL(followerId),
  });
  await ctx.sendActivity({ identifier: name }, request.recipient, answer);
  return answer;
}

async function onFollow(ctx, follow, world) {
  const name = localActorName(ctx, follow.objectId);
  if (name === null || world.actor(name) === null) return ignored("follows nobody here");
  const follower = await follow.getActor(ctx);
  if (follower?.inboxId == null) return ignored("the follower has no inbox");
  const recipient = { id: follower.id, inboxId: follower.inboxId, endpoints: follower.endpoints };
  world.actor(name).followRequests.set(follower.id.href, { followId: follow.id, recipient });
  if (world.acceptsFollows === "manual") return done("asked");
  await answerFollow(ctx, world, name, follower.id.href, Accept);
  return done("accepted");
}

async function onOffer(ctx, offer, world) {
  const offered = describeRelationship(await offer.getObject(ctx, { suppressError: true }));
  if (offered === null) return ignored("what is offered cannot be read");
  if (localActorName(ctx, offer.targetId) !== world.speaker) return ignored("it is offered to somebody else");
  return { ...done("offered"), target: offer.targetId.href, agreed: offered };
}

async function onAccept(ctx, accept, world) {
  const agreed = describeRelationship(await accept.getResult(ctx, { suppressError: true }));
  if (agreed !== null && !answersOffer(accept, world)) return { ...ignored("answers no offer of ours"), agreed };
  if (agreed !== null) return { ...done("partnership accepted"), agreed };
  if (accept.resultId !== null) return { ...done("quote allowed"), target: accept.resultId.href };
  const answered = findAnsweredFollow(accept, world);
  if (answered === null) return ignored("answers no follow of ours");
  answered.actor.following.set(accept.actorId.href, answered.follow);
  return done("following");
}

function onReject(_ctx, reject, world) {
  if (answersOffer(reject, world)) return done("offer declined");
  const answered = findAnsweredFollow(reject, world);
  if (answered === null) return ignored("answers no follow of ours");
  answered.actor.following.delete(reject.actorId.href);
  answered.actor.followsSent.delete(answered.follow.id.href);
  return done("rejected");
}

async function onUndo(ctx, undo, world) {
  const undone = await undo.getObject(ctx, { suppressError: true });
  if (undone === null) return ignored("the undone activity is not in it and cannot be fetched");
  if (undone.actorId?.href !== undo.actorId.href) return ignored("undoes what another actor did");
  const actorId = undo.actorId.href;
  const object = { undone: undone.constructor.name, undone_object: undone.objectId?.href ?? null };
  if (undone instanceof Follow) {
    const local = world.actor(localActorName(ctx, undone.objectId));
    const was = local?.followers.delete(actorId) || local?.followRequests.delete(actorId);
    return { ...(was ? done("unfollowed") : ignored("did not follow")), ...object };
  }
  const [, sets] = [
    [Like, world.likes],
    [Announce, world.announces],
    [EmojiReact, world.reactions],
    [Block, world.blocks],
  ].find(([type]) => undone instanceof type) ?? [null, null];
  if (undone instanceof Offer) return { ...done("offer taken back"), ...object };
  if (sets === null) return { ...ignored("nothing here that could be undone"), ...object };
  const was = sets.get(undone.objectId?.href)?.delete(actorId);
  return { ...(was ? done("undone") : ignored("had not happened")), ...object };
}

async function onCreate(ctx, create, world) {
  const object = await create.getObject(ctx, { suppressError: true });
  if (object === null) return ignored("the object cannot be read");
  if (object.attributionId?.href !== create.actorId?.href) return ignored("written by another actor");
  const asked = world.findPost(object.replyTargetId?.href)?.post;
  if (asked?.poll && object.name !== null && object.content === null) return onVote(asked, create, object);
  const note = await describeNote(ctx, object);
  world.notesReceived.set(note.id, note);
  return { ...done("stored"), note };
}

/** A vote is a note with the name of an option and nothing to read. */
function onVote({ poll }, create, vote) {
  const option = poll.options.find(({ name }) => name === vote.name.toString());
  if (option === undefined) return ignored("not an option of the poll");
  option.voters.add(create.actorId.href);
  return { ...done("voted"), choice: option.name };
}

async function onUpdate(ctx, update, world) {
  const object = await update.getObject(ctx, { suppressError: true });
  if (object === null) return ignored("the object cannot be read");
  if (isActor(object)) {
    if (object.id?.href !== update.actorId?.href) return ignored("updates another actor");
    return { ...done("actor updated"), updated_actor: describeActor(object) };
  }
  const known = world.notesReceived.get(object.id?.href);
  if (known === undefined) return ignored("the note is not known here");
  if (known.attributed_to !== update.actorId?.href) return ignored("written by another actor");
  const note = await describeNote(ctx, object);
  world.notesReceived.set(note.id, note);
  return { ...done("updated"), note };
}

function onDelete(_ctx, del, world) {
  if (del.objectId?.href === del.actorId?.href) {
    for (const { followers, following } of world.actors.values()) {
      for (const relation of [followers, following]) relation.delete(del.actorId.href);
    }
    return done("actor deleted");
  }
  const known = world.notesReceived.get(del.objectId?.href);
  if (known === undefined) return ignored("the object is not known here");
  if (known.attributed_to !== del.actorId?.href) return ignored("written by another actor");
  world.notesReceived.delete(known.id);
  return done("deleted");
}

function onLike(_ctx, like, world) {
  if (world.findPost(like.objectId?.href) === null) return ignored("the note is not ours");
  addTo(world.likes, like.objectId.href, like.actorId.href);
  return done("liked");
}

async function onAnnounce(ctx, announce, world) {
  const objectId = announce.objectId?.href;
  if (world.findPost(objectId) !== null) {
    addTo(world.announces, objectId, announce.actorId.href);
    return done("announced ours");
  }
  const object = await announce.getObject(ctx, { suppressError: true });
  if (!(object instanceof Note || object instanceof Question)) return ignored("the object cannot be read");
  addTo(world.announces, objectId, announce.actorId.href);
  return { ...done("announced"), note: await describeNote(ctx, object) };
}

function onReact(_ctx, reaction, world) {
  if (world.findPost(reaction.objectId?.href) === null) return ignored("the note is not ours");
  addTo(world.reactions, reaction.objectId.href, reaction.actorId.href);
  return done("reacted");
}

function onBlock(ctx, block, world) {
  const local = world.actor(localActorName(ctx, block.objectId));
  if (local === null) return ignored("nobody here is blocked");
  addTo(world.blocks, block.objectId.href, block.actorId.href);
  for (const relation of [local.followers, local.following]) relation.delete(block.actorId.href);
  return done("blocked");
}

function onFlag(_ctx, flag) {
  return { ...done("reported"), objects: hrefs(flag.objectIds), content: flag.content?.toString() ?? null };
}

function onFeature(_ctx, activity) {
  return { ...done("featured"), target: activity.targetId?.href ?? null };
}

async function onMove(ctx, move) {
  const target = await move.getTarget(ctx, { suppressError: true });
  if (!isActor(target)) return ignored("the target cannot be read");
  const names = hrefs(target.aliasIds ?? []);
  if (!names.includes(move.objectId?.href)) return ignored("the target does not say that it is the same");
  return { ...done("moved"), target: target.id.href };
}

/** Answered at once: with a stamp if the post may be quoted, with a refusal if not. */
async function onQuoteRequest(ctx, request, world) {
  const found = world.findPost(request.objectId?.href);
  if (found === null) return ignored("the note is not ours");
  const { name, post } = found;
  const [asker, quoting] = [await request.getActor(ctx), request.instrumentId?.href];
  const stamp = ctx.getObjectUri(QuoteAuthorization, { identifier: name, id: crypto.randomUUID() });
  const isAllowed = post.quotable && !post.refuses;
  if (isAllowed) world.stamps.set(stamp.href, { name, quoting, quoted: post.id });
  const Answer = isAllowed ? Accept : Reject;
  const answer = new Answer({
    id: new URL(`#answers/${crypto.randomUUID()}`, ctx.getActorUri(name)),
    actor: ctx.getActorUri(name),
    object: new QuoteRequest({
      id: request.id,
      actor: request.actorId,
      object: request.objectId,
      instrument: request.instrumentId,
    }),
    result: isAllowed ? stamp : null,
    to: asker.id,
  });
  await ctx.sendActivity({ identifier: name }, asker, answer);
  return { ...done(isAllowed ? "quote allowed" : "quote refused"), target: quoting };
}

const HANDLERS = [
  [Follow, onFollow],
  [Offer, onOffer],
  [Accept, onAccept],
  [Reject, onReject],
  [Undo, onUndo],
  [Create, onCreate],
  [Update, onUpdate],
  [Delete, onDelete],
  [Like, onLike],
  [Announce, onAnnounce],
  [EmojiReact, onReact],
  [Block, onBlock],
  [Flag, onFlag],
  [Add, onFeature],
  [Remove, onFeature],
  [Move, onMove],
  [QuoteRequest, onQuoteRequest],
  [Activity, () => ignored("this type means nothing here")],
];

/** The follow of ours that `answer` names by its id, if the answering actor is the one who was asked. */
function findAnsweredFollow(answer, world) {
  for (const actor of world.actors.values()) {
    const follow = actor.followsSent.get(answer.objectId?.href);
    if (follow !== undefined && follow.objectId.href === answer.actorId?.href) return { actor, follow };
  }
  return null;
}

/** Whether `answer` is about an offer of ours, by the actor whom it was made to. */
function answersOffer(answer, world) {
  return answer.actorId !== null && world.offers.get(answer.objectId?.href) === answer.actorId.href;
}

function localActorName(ctx, uri) {
  const parsed = ctx.parseUri(uri);
  return parsed?.type === "actor" ? parsed.identifier : null;
}

function done(outcome) {
  return { outcome, reason: null };
}

function ignored(reason) {
  return { outcome: "ignored", reason };
}
