/**
 * ActivityStreams objects as the flat JSON that tests compare.
 */
import { Question } from "@fedify/vocab";

export async function describeNote(ctx, note) {
  const options = { documentLoader: ctx.documentLoader, contextLoader: ctx.contextLoader, suppressError: true };
  const tags = await collect(note.getTags(options));
  const attachments = await collect(note.getAttachments(options));
  return {
    id: note.id?.href ?? null,
    type: note.constructor.name,
    attributed_to: note.attributionId?.href ?? null,
    content: note.content?.toString() ?? null,
    name: note.name?.toString() ?? null,
    summary: note.summary?.toString() ?? null,
    sensitive: note.sensitive ?? false,
    in_reply_to: note.replyTargetId?.href ?? null,
    to: hrefs(note.toIds),
    cc: hrefs(note.ccIds),
    mentions: tags.filter((tag) => tag.constructor.name === "Mention").map((tag) => tag.href?.href),
    hashtags: tags.filter((tag) => tag.constructor.name === "Hashtag").map((tag) => tag.name?.toString()),
    attachments: attachments.map((media) => media.url?.href?.href ?? media.url?.href ?? null),
    descriptions: attachments.map((media) => media.name?.toString() ?? null),
    ...(note instanceof Question ? await describePoll(options, note) : {}),
    quote: note.quoteId?.href ?? null,
    quote_authorization: note.quoteAuthorizationId?.href ?? null,
    published: note.published?.toString() ?? null,
    updated: note.updated?.toString() ?? null,
  };
}

async function describePoll(options, question) {
  const inclusive = await collect(question.getInclusiveOptions(options));
  const choices = inclusive.length ? inclusive : await collect(question.getExclusiveOptions(options));
  const votes = await Promise.all(choices.map((choice) => choice.getReplies(options)));
  return {
    multiple: inclusive.length > 0,
    options: choices.map((choice) => choice.name?.toString() ?? null),
    votes: votes.map((replies) => replies?.totalItems ?? null),
    voters: question.voters,
    end_time: question.endTime?.toString() ?? null,
    closed: question.closed !== null && question.closed !== false,
  };
}

export function describeActor(actor) {
  return {
    id: actor.id?.href ?? null,
    type: actor.constructor.name,
    username: actor.preferredUsername?.toString() ?? null,
    name: actor.name?.toString() ?? null,
    summary: actor.summary?.toString() ?? null,
    inbox: actor.inboxId?.href ?? null,
    shared_inbox: actor.endpoints?.sharedInbox?.href ?? null,
    followers: actor.followersId?.href ?? null,
    outbox: actor.outboxId?.href ?? null,
    public_keys: hrefs(actor.publicKeyIds),
    assertion_methods: hrefs(actor.assertionMethodIds),
  };
}

export function hrefs(urls) {
  return urls.map((url) => url.href);
}

async function collect(items) {
  const found = [];
  for await (const item of items) found.push(item);
  return found;
}
