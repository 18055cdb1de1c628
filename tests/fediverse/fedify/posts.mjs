/**
 * Our posts and the activities that carry them.
 *
 * A post is a plain value `{ key, id, content, summary, to, cc, mentions, inReplyTo, published, updated, deliverTo }`;
 * `to` and `cc` hold URIs, `mentions` `{ name, href }`, `deliverTo` actors. Activities are made from it on demand.
 */
import { Create, Delete, Mention, Note, Tombstone, Update } from "@fedify/vocab";
import { PUBLIC } from "./world.mjs";

/** The audience of each visibility, as Mastodon addresses it. */
export const AUDIENCES = {
  public: (followers, named) => ({ to: [PUBLIC], cc: [followers, ...named] }),
  unlisted: (followers, named) => ({ to: [followers], cc: [PUBLIC, ...named] }),
  private: (followers, named) => ({ to: [followers], cc: named }),
  direct: (_followers, named) => ({ to: named, cc: [] }),
};

export function contentOf(text, mentions) {
  const links = mentions.map(
    ({ name, href }) =>
      `<span class="h-card"><a href="${escapeHtml(href)}" class="u-url mention">${escapeHtml(name)}</a></span> `,
  );
  return `<p>${links.join("")}${escapeHtml(text)}</p>`;
}

export function noteOf(ctx, identifier, post) {
  return new Note({
    id: new URL(post.id),
    attribution: ctx.getActorUri(identifier),
    url: new URL(post.id),
    content: post.content,
    summary: post.summary,
    sensitive: post.summary !== null,
    replyTarget: post.inReplyTo === null ? null : new URL(post.inReplyTo),
    tags: post.mentions.map(({ name, href }) => new Mention({ name, href: new URL(href) })),
    published: post.published,
    updated: post.updated,
    ...audienceOf(post),
  });
}

export function createOf(ctx, identifier, post) {
  return new Create({
    id: new URL(`${post.id}/activity`),
    actor: ctx.getActorUri(identifier),
    object: noteOf(ctx, identifier, post),
    published: post.published,
    ...audienceOf(post),
  });
}

export function updateOf(ctx, identifier, post) {
  return new Update({
    id: new URL(`${post.id}#updates/${post.updated.epochMilliseconds}`),
    actor: ctx.getActorUri(identifier),
    object: noteOf(ctx, identifier, post),
    ...audienceOf(post),
  });
}

export function deleteOf(ctx, identifier, post) {
  return new Delete({
    id: new URL(`${post.id}#delete`),
    actor: ctx.getActorUri(identifier),
    object: new Tombstone({ id: new URL(post.id) }),
    ...audienceOf(post),
  });
}

function audienceOf({ to, cc }) {
  return { tos: to.map((uri) => new URL(uri)), ccs: cc.map((uri) => new URL(uri)) };
}

function escapeHtml(text) {
  return text.replace(/[&<>"']/g, (character) => `&#${character.codePointAt(0)};`);
}
