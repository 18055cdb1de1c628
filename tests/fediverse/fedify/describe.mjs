/**
 * ActivityStreams objects as the flat JSON that tests compare.
 */
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
    published: note.published?.toString() ?? null,
    updated: note.updated?.toString() ?? null,
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
