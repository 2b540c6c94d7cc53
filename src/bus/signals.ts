// SPDX-License-Identifier: Apache-2.0
import type { DbusMessage } from "../formats/index.ts";

/** Which signals; all of what is given must be so (D-Bus specification, "Match Rules"). */
export interface SignalRule {
  /** The sender's name on the bus. Any client may send any signal to us, so that this is compared with who owns the name. */
  readonly sender: string;
  readonly interface: string;
  readonly member: string;
  readonly path?: string;
  /** First value, a string. */
  readonly arg0?: string;
}

export type SignalListener = (signal: DbusMessage) => void;

/** Signals that somebody here waits for: the bus is told of each rule once, and no longer when the last listener has gone. */
export class Signals {
  readonly #rules = new Map<string, { readonly rule: SignalRule; readonly listeners: Set<SignalListener> }>();
  readonly #match: (member: "AddMatch" | "RemoveMatch", rule: string) => Promise<void>;
  readonly #ownerOf: (name: string) => string | undefined;

  /** @param ownerOf unique name of a name's owner, as far as it is known */
  constructor(
    match: (member: "AddMatch" | "RemoveMatch", rule: string) => Promise<void>,
    ownerOf: (name: string) => string | undefined,
  ) {
    this.#match = match;
    this.#ownerOf = ownerOf;
  }

  /** Listens from now on; `ready` resolves when the bus has taken the rule, so that what comes after that is delivered. */
  add(rule: SignalRule, listener: SignalListener): { readonly ready: Promise<void>; readonly stop: () => void } {
    const text = matchRule(rule);
    const known = this.#rules.get(text);
    const { listeners } = known ?? { listeners: new Set<SignalListener>() };
    if (known === undefined) this.#rules.set(text, { rule, listeners });
    listeners.add(listener);
    // Asked for again by a second listener: it must wait as well, and the bus counts rules.
    const ready = this.#match("AddMatch", text);
    const stop = () => {
      if (!listeners.delete(listener)) return;
      if (listeners.size === 0) this.#rules.delete(text);
      this.#match("RemoveMatch", text).catch(() => {});
    };
    return { ready, stop };
  }

  receive(signal: DbusMessage): void {
    for (const { rule, listeners } of this.#rules.values())
      if (this.#matches(rule, signal)) for (const listener of listeners) listener(signal);
  }

  #matches(rule: SignalRule, signal: DbusMessage): boolean {
    return (
      rule.member === signal.member &&
      rule.interface === signal.interface &&
      (rule.path === undefined || rule.path === signal.path) &&
      (rule.arg0 === undefined || rule.arg0 === signal.body?.[0]) &&
      this.#ownerOf(rule.sender) === signal.sender
    );
  }
}

/** Values are in apostrophes, and an apostrophe of theirs stands outside of them behind a backslash. */
function matchRule(rule: SignalRule): string {
  const parts = Object.entries({ type: "signal", ...rule }).filter(([, value]) => value !== undefined);
  return parts.map(([key, value]) => `${key}='${String(value).replaceAll("'", String.raw`'\''`)}'`).join(",");
}
