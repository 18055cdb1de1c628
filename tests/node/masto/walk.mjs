// What people do every day, through Masto.js. Reads where and who they are as JSON, writes what came of it as JSON.

import { createRestAPIClient, createStreamingAPIClient } from "masto";

const { url, streaming, anna: annasToken, bert: bertsToken, picture } = JSON.parse(await readAll(process.stdin));
const walked = new Set();
const anna = client(annasToken);
const bert = client(bertsToken);
const told = {};

await meet();
await post();
await read();
await sort();
await hear();
await refuse();
await leave();
process.stdout.write(JSON.stringify({ told, walked: [...walked].sort() }));

async function meet() {
  const [me, other] = [await anna.v1.accounts.verifyCredentials(), await bert.v1.accounts.verifyCredentials()];
  const changed = await anna.v1.accounts.updateCredentials({
    displayName: "Anna A.",
    locked: true,
    discoverable: true,
    fieldsAttributes: [{ name: "Site", value: "none" }],
  });
  told.profile = [changed.displayName, changed.locked, changed.fields[0].name];
  told.typed = (await anna.v1.profile.update({ note: "Of herself" })).note;
  told.whole = (await anna.v1.profile.fetch()).displayName;
  told.lookup = (await bert.v1.accounts.lookup({ acct: "anna" })).id === me.id;
  told.asked = (await bert.v1.accounts.$select(me.id).follow()).requested;
  told.requests = names(await anna.v1.followRequests.list());
  told.followed = (await anna.v1.followRequests.$select(other.id).authorize()).followedBy;
  told.followers = names(await anna.v1.accounts.$select(me.id).followers.list());
  const [relationship] = await bert.v1.accounts.relationships.fetch({ id: [me.id] });
  told.relationship = [relationship.following, relationship.requested];
  told.note = (await bert.v1.accounts.$select(me.id).note.create({ comment: "A friend" })).note;
  told.endorsed = (await bert.v1.accounts.$select(me.id).pin()).endorsed;
  told.endorsements = names(await bert.v1.endorsements.list());
  told.directory = names(await bert.v1.directory.list({ local: true }));
  told.suggestions = [await anna.v1.suggestions.list(), await anna.v2.suggestions.list()].map((list) => list.length >= 0);
  for (const [act, undo, listed] of [["mute", "unmute", "mutes"], ["block", "unblock", "blocks"]]) {
    await anna.v1.accounts.$select(other.id)[act]();
    told[listed] = names(await anna.v1[listed].list());
    await anna.v1.accounts.$select(other.id)[undo]();
  }
  await bert.v1.accounts.$select(me.id).follow();
  if ((await anna.v1.followRequests.list()).length > 0) await anna.v1.followRequests.$select(other.id).authorize();
}

async function post() {
  const file = new Blob([Buffer.from(picture, "base64")], { type: "image/png" });
  const media = await anna.v2.media.create({ file, description: "A red field", focus: "0.5,-0.5" });
  told.media = (await anna.v1.media.$select(media.id).update({ description: "Red" })).description;
  told.heard = await listen(bertsToken, (stream) => stream.user.subscribe(), async () => {
    told.made = await anna.v1.statuses.create({
      status: "Hello #fediverse",
      mediaIds: [media.id],
      visibility: "public",
      language: "en",
      spoilerText: "Red",
    });
  }, "update");
  const { made } = told;
  told.made = [made.spoilerText, made.mediaAttachments[0].description, made.mediaAttachments[0].meta.focus.x];
  told.heard = told.heard.payload.id === made.id;
  const one = bert.v1.statuses.$select(made.id);
  told.favourited = (await one.favourite()).favourited;
  told.reblogged = (await one.reblog()).reblog.id === made.id;
  told.bookmarked = (await one.bookmark()).bookmarked;
  told.favouritedBy = names(await one.favouritedBy.list());
  told.rebloggedBy = names(await one.rebloggedBy.list());
  told.favourites = (await bert.v1.favourites.list()).length;
  told.bookmarks = (await bert.v1.bookmarks.list()).length;
  const answer = await bert.v1.statuses.create({ status: "@anna Welcome", inReplyToId: made.id });
  told.context = (await one.context.fetch()).descendants.map((status) => status.id === answer.id);
  told.edited = (await bert.v1.statuses.$select(answer.id).update({ status: "@anna Welcome!" })).editedAt !== null;
  told.history = (await bert.v1.statuses.$select(answer.id).history.list()).length;
  told.source = (await bert.v1.statuses.$select(answer.id).source.fetch()).text;
  told.pinned = (await anna.v1.statuses.$select(made.id).pin()).pinned;
  const asked = await anna.v1.statuses.create({ status: "Which?", poll: { options: ["Tea", "Milk"], expiresIn: 600 } });
  told.votes = (await bert.v1.polls.$select(asked.poll.id).votes.create({ choices: [1] })).ownVotes;
  const later = await anna.v1.statuses.create({
    status: "Later",
    scheduledAt: new Date(Date.now() + 3_600_000).toISOString(),
  });
  told.scheduled = (await anna.v1.scheduledStatuses.list()).map((status) => status.id === later.id);
  await anna.v1.scheduledStatuses.$select(later.id).remove();
  await bert.v1.statuses.create({ status: "@anna In private", visibility: "direct" });
}

async function read() {
  const pages = [];
  for await (const page of bert.v1.timelines.home.list({ limit: 1 })) pages.push(page.length);
  told.home = pages.length > 1 && pages.every((length) => length <= 1);
  told.public = (await bert.v1.timelines.public.list({ local: true })).length;
  told.tag = (await bert.v1.timelines.tag.$select("fediverse").list()).length;
  told.conversations = (await arrived(() => anna.v1.conversations.list())).map((one) => names(one.accounts));
  const found = await bert.v2.search.list({ q: "anna", type: "accounts" });
  told.search = names(found.accounts);
  told.trends = [await bert.v1.trends.statuses.list(), await bert.v1.trends.tags.list(), await bert.v1.trends.links.list()]
    .map((list) => Array.isArray(list));
  const [old, now] = [await anna.v1.instance.fetch(), await anna.v2.instance.fetch()];
  told.instance = [old.title, now.title];
  told.activity = (await anna.v1.instance.activity.list()).length;
  told.preferences = (await anna.v1.preferences.fetch())["posting:default:visibility"];
  told.emojis = (await anna.v1.customEmojis.list()).length;
  told.announcements = (await anna.v1.announcements.list()).length;
}

async function sort() {
  const other = await anna.v1.accounts.lookup({ acct: "bert" });
  await anna.v1.accounts.$select(other.id).follow();
  const list = await anna.v1.lists.create({ title: "Friends", repliesPolicy: "list" });
  await anna.v1.lists.$select(list.id).accounts.create({ accountIds: [other.id] });
  told.list = [list.title, list.repliesPolicy, ...names(await anna.v1.lists.$select(list.id).accounts.list())];
  told.listed = (await anna.v1.timelines.list.$select(list.id).list()).length >= 0;
  const filter = await anna.v2.filters.create({
    title: "Rain",
    context: ["home"],
    filterAction: "hide",
    keywordsAttributes: [{ keyword: "rain", wholeWord: true }],
  });
  told.filter = [filter.title, filter.filterAction, filter.keywords[0].keyword];
  told.oldFilters = (await anna.v1.filters.list()).map((one) => one.phrase);
  await anna.v2.filters.$select(filter.id).remove();
  told.followedTag = (await anna.v1.tags.$select("fediverse").follow()).following;
  told.followedTags = (await anna.v1.followedTags.list()).map((tag) => tag.name);
  told.featured = (await anna.v1.featuredTags.create({ name: "fediverse" })).name;
  await anna.v1.domainBlocks.create({ domain: "other.example" });
  told.domains = await anna.v1.domainBlocks.list();
  await anna.v1.domainBlocks.remove({ domain: "other.example" });
  told.report = (await anna.v1.reports.create({ accountId: other.id, comment: "Rude" })).comment;
  const collection = await bert.v1.collections.create({
    name: "Good people", description: "", sensitive: false, discoverable: true,
  });
  const { id } = collection.collection;
  told.collection = (await bert.v1.collections.$select(id).update({ name: "Better people" })).collection.name;
}

async function hear() {
  const list = await anna.v1.notifications.list();
  told.kinds = [...new Set(list.map((one) => one.type))].sort();
  told.one = (await anna.v1.notifications.$select(list[0].id).fetch()).id === list[0].id;
  const grouped = await anna.v2.notifications.list();
  told.groups = grouped.notificationGroups.length > 0;
  told.policy = (await anna.v2.notifications.policy.update({ forNewAccounts: "filter" })).forNewAccounts;
  await anna.v2.notifications.policy.update({ forNewAccounts: "accept" });
  const marker = await anna.v1.markers.create({ notifications: { lastReadId: list[0].id } });
  told.marker = marker.notifications.lastReadId === list[0].id;
  told.unread = (await anna.v1.notifications.unreadCount.fetch()).count;
  await anna.v1.notifications.clear();
  told.cleared = (await anna.v1.notifications.list()).length;
}

async function refuse() {
  try {
    await anna.v1.statuses.$select("1").fetch();
  } catch (problem) {
    told.refused = [problem.name, problem.statusCode, problem.message];
  }
}

// A subscription that is ended hears nothing more, while another of the same connection goes on.
async function leave() {
  const stream = createStreamingAPIClient({ streamingApiUrl: streaming, accessToken: bertsToken });
  const [first, second] = [stream.hashtag.subscribe({ tag: "one" }), stream.hashtag.subscribe({ tag: "two" })];
  const [heardFirst, heardSecond] = [collect(first, "update"), collect(second, "update")];
  await begun(stream);
  const post = async (tag) => (await anna.v1.statuses.create({ status: `#${tag}` })).id;
  const before = await post("one");
  told.before = (await heardFirst.next()).payload.id === before;
  first.unsubscribe();
  await post("one");
  const after = await post("two");
  told.after = (await heardSecond.next()).payload.id === after;
  told.silent = heardFirst.rest();
  const removed = collect(second, "delete");
  await anna.v1.statuses.$select(after).remove();
  told.removed = (await removed.next()).payload === after;
  stream.close();
}

async function listen(accessToken, subscribe, act, kind) {
  const stream = createStreamingAPIClient({ streamingApiUrl: streaming, accessToken });
  const heard = collect(subscribe(stream), kind);
  await begun(stream);
  await act();
  const event = await heard.next();
  stream.close();
  return event;
}

// The server takes up what is asked in order: once a later subscription hears something, the earlier ones hear too.
async function begun(stream) {
  const probe = stream.hashtag.subscribe({ tag: "probe" });
  const heard = collect(probe, "update");
  const event = heard.next();
  for (let isHeard = false; !isHeard;) {
    const made = await bert.v1.statuses.create({ status: "#probe", visibility: "public" });
    isHeard = Boolean(await Promise.race([event, new Promise((resolve) => setTimeout(resolve, 300))]));
    await bert.v1.statuses.$select(made.id).remove();
  }
  probe.unsubscribe();
}

// What a list shows once something has come to it: what somebody posts comes to others a moment later.
async function arrived(ask) {
  for (;;) {
    const found = await ask();
    if (found.length > 0) return found;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

function collect(subscription, kind) {
  const waiting = [];
  const kept = [];
  (async () => {
    for await (const event of subscription) {
      if (event.event !== kind || isProbe(event)) continue;
      const next = waiting.shift();
      if (next) next(event);
      else kept.push(event);
    }
  })();
  return {
    next: () => (kept.length ? Promise.resolve(kept.shift()) : new Promise((resolve) => waiting.push(resolve))),
    rest: () => kept.length,
  };
}

function isProbe(event) {
  return !event.stream.includes("probe") && event.payload.tags?.some((tag) => tag.name === "probe");
}

function names(accounts) {
  return accounts.map((account) => account.acct);
}

// Notes which resources of the library are used.
function client(accessToken) {
  const made = createRestAPIClient({ url, accessToken });
  const noted = (version) =>
    new Proxy({}, {
      get: (_, resource) => {
        walked.add(`${version}.${resource}`);
        return made[version][resource];
      },
    });
  return { v1: noted("v1"), v2: noted("v2") };
}

async function readAll(stream) {
  const parts = [];
  for await (const part of stream) parts.push(part);
  return Buffer.concat(parts).toString();
}
