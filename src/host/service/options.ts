// SPDX-License-Identifier: Apache-2.0
import { errorReply } from "../../bus/index.ts";
import type { GVariantValue } from "../../formats/index.ts";
import { busErrors } from "./bus-error.ts";
import type { Dictionary } from "./variants.ts";

/**
 * A dictionary of options that a client sent. What is not known is refused, not passed over: the client would believe that
 * it was heeded.
 */
export class Options {
  readonly #values: Dictionary;

  /** @param known name to type */
  constructor(value: GVariantValue | undefined, known: Readonly<Record<string, string>>) {
    this.#values = value instanceof Map ? (value as Dictionary) : new Map();
    for (const [name, { type }] of this.#values) {
      const wanted = Object.hasOwn(known, name) ? known[name] : undefined;
      if (wanted === undefined) throw errorReply(busErrors.invalidArgs, `Unknown option ${name}`);
      if (wanted !== type) throw errorReply(busErrors.invalidArgs, `Option ${name} is a ${wanted}, not a ${type}`);
    }
  }

  flag(name: string): boolean {
    return this.#values.get(name)?.value === true;
  }

  text(name: string): string | undefined {
    const value = this.#values.get(name)?.value;
    return typeof value === "string" ? value : undefined;
  }

  list(name: string): readonly string[] {
    const value = this.#values.get(name)?.value;
    return Array.isArray(value) ? (value as readonly string[]) : [];
  }

  /** Those of `names` that ask for something: true, or not empty. */
  asked(names: readonly string[]): string[] {
    return names.filter((name) => this.flag(name) || this.text(name) !== undefined || this.list(name).length > 0);
  }
}
