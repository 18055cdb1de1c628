/**
 * How each received activity proved its origin, as Fedify itself reports it.
 *
 * Fedify says which of its three checks succeeded (Linked Data Signature, FEP-8b32 proof, HTTP signature) only in the
 * span event `activitypub.activity.received`, added before the activity reaches any listener. The span processor below
 * reads that event the moment it is added, so that a listener always finds the answer. Which HTTP scheme was used is
 * read from the request that is being answered.
 */
import { AsyncLocalStorage } from "node:async_hooks";
import { BasicTracerProvider } from "@opentelemetry/sdk-trace-base";

const NOTHING_VERIFIED = { verified_by: null, http_scheme: null, key_id: null };

export class Witness {
  #requests = new AsyncLocalStorage();
  #proofs = new Map();

  constructor(journal) {
    const onSpanEvent = {
      "activitypub.activity.received": (fields) => this.#received(fields),
      "activitypub.activity.sent": (fields) =>
        journal.add("delivered", {
          type: typeName(fields["activitypub.activity.type"]),
          activity: fields["activitypub.activity.id"],
          inbox: fields["activitypub.inbox.url"],
        }),
    };
    this.tracerProvider = new BasicTracerProvider({ spanProcessors: [observer(onSpanEvent)] });
  }

  /** Runs `answer` so that what Fedify verifies meanwhile is known to belong to `request`. */
  during(request, answer) {
    return this.#requests.run(httpScheme(request.headers), answer);
  }

  /** How the activity with this id was verified. */
  proofOf(activityId) {
    return this.#proofs.get(activityId) ?? NOTHING_VERIFIED;
  }

  #received(fields) {
    if (!fields["activitypub.activity.verified"]) return;
    const http = fields["http_signatures.verified"];
    this.#proofs.set(JSON.parse(fields["activitypub.activity.json"]).id, {
      verified_by: fields["ld_signatures.verified"] ? "ld" : http ? "http" : "proof",
      http_scheme: http ? this.#requests.getStore() : null,
      key_id: http ? fields["http_signatures.key_id"] : null,
    });
  }
}

/** The scheme of the signature a request carries (RFC 9421 §4.1, draft-cavage-12 §4.1), verified or not. */
export function httpScheme(headers) {
  if (headers.has("signature-input")) return "rfc9421";
  return headers.has("signature") ? "draft-cavage-http-signatures-12" : null;
}

export function typeName(typeUri) {
  return typeUri?.split("#").at(-1) ?? null;
}

function observer(onSpanEvent) {
  return {
    onStart(span) {
      const addEvent = span.addEvent.bind(span);
      span.addEvent = (name, ...rest) => {
        onSpanEvent[name]?.(rest[0]);
        return addEvent(name, ...rest);
      };
    },
    onEnd() {},
    async forceFlush() {},
    async shutdown() {},
  };
}
