/**
 * Requests that a strict inbox must refuse, and the genuine one that shows the forgery itself was the cause.
 *
 * Each is signed properly first and then spoilt in exactly one way, sent once and without any second knock.
 */
import { generateCryptoKeyPair, signRequest } from "@fedify/fedify";
import { Temporal } from "@js-temporal/polyfill";

const STALE_HOURS = 48;
const DIGEST_HEADERS = ["digest", "content-digest"];

/** Name -> how the request is made from `{ url, body, keyId, privateKey, spec }`. */
export const FORGERIES = {
  genuine: (draft) => sign(draft),
  unsigned: (draft) => unsigned(draft),
  wrong_key: async (draft) => {
    const { privateKey } = await generateCryptoKeyPair("RSASSA-PKCS1-v1_5");
    return sign({ ...draft, privateKey });
  },
  stale: (draft) => sign(draft, { currentTime: Temporal.Now.instant().subtract({ hours: STALE_HOURS }) }),
  body: async (draft) => post(draft.url, (await sign(draft)).headers, otherBody(draft)),
  digest: async (draft) => {
    const { headers } = await sign(draft);
    const other = await sign({ ...draft, body: otherBody(draft) });
    for (const name of DIGEST_HEADERS) if (headers.has(name)) headers.set(name, other.headers.get(name));
    return post(draft.url, headers, otherBody(draft));
  },
  signature: async (draft) => {
    const { headers } = await sign(draft);
    headers.set("signature", flipOneByte(headers.get("signature")));
    return post(draft.url, headers, draft.body);
  },
  other_target: async (draft) => {
    const { headers } = await sign({ ...draft, url: new URL("/elsewhere", draft.url) });
    return post(draft.url, headers, draft.body);
  },
};

/** Sends `document` to `inbox`, spoilt as `kind` says; resolves to `{ status, body }` of the answer. */
export async function forge({ kind, inbox, document, keyId, privateKey, spec }) {
  const draft = { url: new URL(inbox), body: JSON.stringify(document), keyId, privateKey, spec };
  const response = await fetch(await FORGERIES[kind](draft), { redirect: "manual" });
  return { status: response.status, body: await response.text() };
}

function unsigned({ url, body }) {
  return post(url, { "Content-Type": "application/activity+json" }, body);
}

function post(url, headers, body) {
  return new Request(url, { method: "POST", headers, body });
}

function sign(draft, options = {}) {
  return signRequest(unsigned(draft), draft.privateKey, draft.keyId, { spec: draft.spec, ...options });
}

function otherBody({ body }) {
  return JSON.stringify({ ...JSON.parse(body), summary: "not what was signed" });
}

/** Both schemes carry the signature as the longest run of base64 in the header's value. */
function flipOneByte(header) {
  const encoded = header.match(/[A-Za-z0-9+/]{64,}={0,2}/)[0];
  const bytes = Buffer.from(encoded, "base64");
  bytes[bytes.length - 1] ^= 1;
  return header.replace(encoded, bytes.toString("base64"));
}
