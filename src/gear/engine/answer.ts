// SPDX-License-Identifier: Apache-2.0
/**
 * JSON of an engine. What is missing, null (as Go writes what is empty) or of another type reads as empty, so that a later
 * engine that leaves something out is no error.
 */
export class Answer {
  readonly #value: unknown;

  constructor(value: unknown) {
    this.#value = value;
  }

  at(...keys: readonly string[]): Answer {
    let value = this.#value;
    for (const key of keys) value = isObject(value) && Object.hasOwn(value, key) ? value[key] : undefined;
    return new Answer(value);
  }

  get present(): boolean {
    return this.#value !== undefined && this.#value !== null;
  }

  text(...keys: readonly string[]): string {
    const value = this.at(...keys).#value;
    return typeof value === "string" ? value : "";
  }

  number(...keys: readonly string[]): number {
    const value = this.at(...keys).#value;
    return typeof value === "number" ? value : 0;
  }

  flag(...keys: readonly string[]): boolean {
    return this.at(...keys).#value === true;
  }

  list(...keys: readonly string[]): readonly Answer[] {
    const value = this.at(...keys).#value;
    return Array.isArray(value) ? value.map((item) => new Answer(item)) : [];
  }

  texts(...keys: readonly string[]): readonly string[] {
    return this.list(...keys)
      .map((item) => item.text())
      .filter((text) => text !== "");
  }

  /** Members by name. */
  members(...keys: readonly string[]): ReadonlyMap<string, Answer> {
    const value = this.at(...keys).#value;
    return new Map(isObject(value) ? Object.entries(value).map(([key, item]) => [key, new Answer(item)]) : []);
  }

  textMap(...keys: readonly string[]): ReadonlyMap<string, string> {
    return new Map([...this.members(...keys)].map(([key, item]) => [key, item.text()]));
  }

  /** Milliseconds since the epoch; Go's zero time, the year 1, is none. */
  time(...keys: readonly string[]): number | undefined {
    const at = Date.parse(this.text(...keys));
    return Number.isNaN(at) || at <= 0 ? undefined : at;
  }
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
