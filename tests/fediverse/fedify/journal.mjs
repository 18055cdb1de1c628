/**
 * What happened at this peer, in order: one list of numbered events that tests read and wait on.
 *
 * Kinds: `received` (an inbox answered), `requested` (anything else was fetched from us), `handled` (Fedify verified
 * the activity and a listener ran), `delivered` and `delivery_failed` (what became of one of ours), `error`.
 */
import { EventEmitter, once } from "node:events";

export class Journal {
  #events = [];
  #added = new EventEmitter().setMaxListeners(0);

  add(kind, fields = {}) {
    const event = { n: this.#events.length + 1, kind, ...fields };
    this.#events.push(event);
    this.#added.emit("event");
    return event;
  }

  /** The events after number `n`; waits up to `waitSeconds` for the first of them. */
  async after(n, waitSeconds) {
    if (this.#events.length <= n && waitSeconds > 0) {
      const signal = AbortSignal.timeout(Math.ceil(waitSeconds * 1000));
      await once(this.#added, "event", { signal }).catch((problem) => {
        if (problem.name !== "AbortError") throw problem;
      });
    }
    return this.#events.slice(n);
  }
}
