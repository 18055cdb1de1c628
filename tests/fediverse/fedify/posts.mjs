/**
 * Our posts and the activities that carry them.
 *
 * A post is a plain value `{ key, id, kind, content, summary, title, to, cc, mentions, hashtags, images, poll, inReplyTo,
 * quote, stamp, quotable, refuses, published, updated, deliverTo }`; `kind` is a key of `KINDS`, `to` and `cc` hold URIs, `mentions` `{ name, href }`,
 * `images` `{ url, alt }`, `deliverTo` actors, `poll` is null or `{ options: [{ name, voters }], multiple, endTime }` with
 * sets of voters. Activities are made from it on demand.
 */
import {
  Article,
  Collection,
  Create,
  Delete,
  Hashtag,
  Image,
  InteractionPolicy,
  InteractionRule,
  Mention,
  Note,
  Question,
  Tombstone,
  Update,
} from "@fedify/vocab";
import { PUBLIC } from "./world.mjs";

/** What can be posted, each served under a path of its own. */
export const KINDS = { notes: Note, articles: Article, questions: Question };

const FOR_ALL_TO_QUOTE = new InteractionPolicy({
  canQuote: new InteractionRule({ automaticApproval: new URL(PUBLIC) }),
});

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
  return new KINDS[post.kind]({
    id: new URL(post.id),
    attribution: ctx.getActorUri(identifier),
    url: new URL(post.id),
    content: post.content,
    name: post.title,
    summary: post.summary,
    sensitive: post.summary !== null,
    replyTarget: post.inReplyTo === null ? null : new URL(post.inReplyTo),
    tags: [
      ...post.mentions.map(({ name, href }) => new Mention({ name, href: new URL(href) })),
      ...post.hashtags.map((name) => new Hashtag({ name: `#${name}`, href: new URL(`/tags/${name}`, post.id) })),
    ],
    attachments: post.images.map(({ url, alt }) => new Image({ url: new URL(url), name: alt, mediaType: "image/png" })),
    quote: post.quote && new URL(post.quote),
    quoteAuthorization: post.stamp && new URL(post.stamp),
    interactionPolicy: post.quotable ? FOR_ALL_TO_QUOTE : null,
    published: post.published,
    updated: post.updated,
    ...(post.poll === null ? {} : pollOf(post.poll)),
    ...audienceOf(post),
  });
}

function pollOf({ options, multiple, endTime }) {
  const notes = options.map(
    ({ name, voters }) => new Note({ name, replies: new Collection({ totalItems: voters.size }) }),
  );
  const voters = new Set(options.flatMap(({ voters }) => [...voters]));
  return { [multiple ? "inclusiveOptions" : "exclusiveOptions"]: notes, endTime, voters: voters.size };
}

export function createOf(ctx, identifier, post) {
  return new Create({
    id: new URL(`/users/${identifier}/creates/${post.key}`, post.id),
    actor: ctx.getActorUri(identifier),
    object: noteOf(ctx, identifier, post),
    published: post.published,
    ...audienceOf(post),
  });
}

export function updateOf(ctx, identifier, post) {
  return new Update({
    id: new URL(`${post.id}#updates/${crypto.randomUUID()}`),
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
