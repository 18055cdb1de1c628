/**
 * An ActivityPub server built on Fedify that tests federate with.
 *
 *   node server.mjs --origin http://localhost:0 [--bind 127.0.0.1] [--cert cert.pem --key key.pem]
 *                   [--first-knock rfc9421|draft-cavage-http-signatures-12] [--keys rsa,ed25519]
 *                   [--understands rfc9421,draft-cavage-http-signatures-12] [--actors fern,moss]
 *                   [--accepts-follows auto|manual] [--log-level info] [--speaker hub]
 *
 * Port 0 in the origin means: choose one, and make the origin from it. Prints `READY {json}` on standard output when
 * both ports listen, logs to standard error, ends when standard input closes, so that it never outlives who started it.
 */
import { AsyncLocalStorage } from "node:async_hooks";
import { readFileSync } from "node:fs";
import http from "node:http";
import https from "node:https";
import { parseArgs } from "node:util";
import { configure, getTextFormatter } from "@logtape/logtape";
import { Control } from "./control.mjs";
import { openFederation } from "./federation.mjs";
import { capable } from "./partnerships.mjs";
import { Journal } from "./journal.mjs";
import { httpScheme, Witness } from "./witness.mjs";
import { makeActors, World } from "./world.mjs";

const LOOPBACK = "127.0.0.1";
/** The avatar of every actor here: sixteen green pixels square. */
const AVATAR_PNG = Buffer.from(
  "iVBORw0KGgoAAAANSUhEUgAAABAAAAAQCAIAAACQkWg2AAAAFklEQVR42mPQqHAjCTGMahjVMHw1AAApsOYBg2IJWgAAAABJRU5ErkJggg==",
  "base64",
);

const { values: options } = parseArgs({
  options: {
    origin: { type: "string", default: "http://localhost:0" },
    bind: { type: "string", default: LOOPBACK },
    cert: { type: "string" },
    key: { type: "string" },
    "first-knock": { type: "string", default: "rfc9421" },
    understands: { type: "string", default: "rfc9421,draft-cavage-http-signatures-12" },
    keys: { type: "string", default: "rsa,ed25519" },
    actors: { type: "string", default: "fern" },
    "accepts-follows": { type: "string", default: "auto" },
    "log-level": { type: "string", default: "info" },
    speaker: { type: "string" },
  },
});

await main();

async function main() {
  await logToStandardError(options["log-level"]);
  const wanted = new URL(options.origin);
  const server = wanted.protocol === "https:" ? https.createServer(readCertificate()) : http.createServer();
  const port = await listen(server, Number(wanted.port || (wanted.protocol === "https:" ? 443 : 80)), options.bind);
  wanted.port = String(port);
  const { origin } = wanted;

  const journal = new Journal();
  const witness = new Witness(journal);
  const names = [...options.actors.split(","), ...(options.speaker ? [options.speaker] : [])];
  const localActors = await makeActors(names, options.keys.split(","));
  const world = new World({ acceptsFollows: options["accepts-follows"], localActors, speaker: options.speaker ?? null });
  const firstKnock = options["first-knock"];
  const federation = openFederation({ origin, firstKnock, world, journal, witness });
  server.on("request", respondWith(origin, (request) => answerPeer({ request, federation, journal, witness, world })));

  const control = new Control({ federation, origin, world, journal, firstKnock });
  const controlServer = http.createServer(respondWith(`http://${LOOPBACK}`, (request) => answerTest(request, control)));
  const controlPort = await listen(controlServer, 0, LOOPBACK);

  process.on("SIGTERM", () => process.exit(0));
  process.stdin.on("end", () => process.exit(0)).resume();
  const actors = Object.fromEntries([...world.actors.keys()].map((name) => [name, `${origin}/users/${name}`]));
  console.log(`READY ${JSON.stringify({ origin, control: `http://${LOOPBACK}:${controlPort}`, actors })}`);
}

async function answerPeer({ request: asked, federation, journal, witness, world }) {
  const request = understood(asked);
  const { pathname, search } = new URL(request.url);
  const inbound = request.method === "POST" ? await readActivity(request.clone()) : null;
  const answer = await witness.during(request, () =>
    federation.fetch(request, { contextData: undefined, onNotFound: answerRest }),
  );
  const response = request.method === "GET" && world.isSpeaker(pathname) ? await capable(answer) : answer;
  const seen = { status: response.status, path: pathname + search, http_scheme: httpScheme(request.headers) };
  if (inbound === null) journal.add("requested", { ...seen, method: request.method });
  else journal.add("received", { ...seen, ...inbound });
  return response;
}

/** A server that knows one scheme only sees nothing in the signature of the other. */
function understood(request) {
  const scheme = httpScheme(request.headers);
  if (scheme === null || options.understands.split(",").includes(scheme)) return request;
  const headers = new Headers(request.headers);
  headers.delete("signature");
  headers.delete("signature-input");
  return new Request(request, { headers });
}

function answerRest(request) {
  if (new URL(request.url).pathname !== "/avatar.png") return new Response("Not found", { status: 404 });
  return new Response(AVATAR_PNG, { headers: { "Content-Type": "image/png" } });
}

async function readActivity(request) {
  try {
    const document = await request.json();
    const { id, type, actor } = document;
    return { activity: id ?? null, type: type ?? null, actor: actor?.id ?? actor ?? null, document };
  } catch {
    return { activity: null, type: null, actor: null, document: null };
  }
}

async function answerTest(request, control) {
  const text = await request.text();
  const [status, value] = await control.answer(request.method, new URL(request.url), JSON.parse(text || "{}"));
  return Response.json(value, { status });
}

/** A listener for node:http that answers with what `answer` makes of the Web request. */
function respondWith(origin, answer) {
  return async (incoming, outgoing) => {
    try {
      const response = await answer(await webRequest(origin, incoming));
      outgoing.writeHead(response.status, [...response.headers].flat());
      outgoing.end(Buffer.from(await response.arrayBuffer()));
    } catch (problem) {
      console.error(problem);
      outgoing.writeHead(500, { "Content-Type": "application/json" });
      outgoing.end(JSON.stringify({ error: String(problem) }));
    }
  };
}

async function webRequest(origin, incoming) {
  const chunks = [];
  for await (const chunk of incoming) chunks.push(chunk);
  const headers = new Headers();
  for (const [name, values] of Object.entries(incoming.headersDistinct)) {
    for (const value of values) headers.append(name, value);
  }
  const hasBody = !["GET", "HEAD"].includes(incoming.method);
  const body = hasBody ? Buffer.concat(chunks) : undefined;
  return new Request(new URL(incoming.url, origin), { method: incoming.method, headers, body });
}

function listen(server, port, host) {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, host, () => resolve(server.address().port));
  });
}

function readCertificate() {
  return { cert: readFileSync(options.cert), key: readFileSync(options.key) };
}

async function logToStandardError(lowestLevel) {
  const format = getTextFormatter();
  const loggers = [
    { category: "fedify", sinks: ["stderr"], lowestLevel },
    { category: ["logtape", "meta"], sinks: ["stderr"], lowestLevel: "warning" },
  ];
  const sinks = { stderr: (record) => process.stderr.write(format(record)) };
  await configure({ sinks, loggers, contextLocalStorage: new AsyncLocalStorage() });
}
