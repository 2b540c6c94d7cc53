// SPDX-License-Identifier: Apache-2.0
import type { ByteSource } from "../../../base/index.ts";
import { packageError } from "../../errors.ts";

/** The tracker's values are seven deep: more would only be there to exhaust the stack of whoever reads them. */
const depthLimit = 16;
/** What is told of one CVE has some kB. It is all that is parsed, or kept, at a time, whatever the size of the file. */
const valueLimit = 1 << 20;
const nameLimit = 1 << 10;

type Visit = (source: string, cve: string, value: unknown) => void;

/**
 * Walks the JSON of Debian's security tracker, an object by source package of objects by CVE, in one pass over its 60 MB.
 * Only what is told of the source packages that are wanted is parsed; of the rest no more than strings and brackets is
 * looked at.
 */
export function scanTracker(bytes: ByteSource, what: string, wanted: ReadonlySet<string>, visit: Visit): void {
  const scanner = new TrackerScanner(what, wanted, visit);
  for (let piece = bytes.read(); piece !== undefined; piece = bytes.read()) scanner.feed(piece);
  scanner.end();
}

class TrackerScanner {
  readonly #what: string;
  readonly #wanted: ReadonlySet<string>;
  readonly #visit: Visit;
  #depth = 0;
  #started = false;
  #inString = false;
  #escaped = false;
  /** Whether the next string of an object is a name. */
  #atName = false;
  #source = "";
  #cve = "";
  /** What is being kept: a name, or the value of a CVE. */
  #keeping: "name" | "value" | undefined;
  #kept: Buffer[] = [];
  #size = 0;

  constructor(what: string, wanted: ReadonlySet<string>, visit: Visit) {
    this.#what = what;
    this.#wanted = wanted;
    this.#visit = visit;
  }

  feed(piece: Buffer): void {
    let from = 0;
    for (let at = 0; at < piece.length; at++) {
      const byte = piece[at]!;
      if (this.#inString) {
        if (this.#escaped) this.#escaped = false;
        else if (byte === backslash) this.#escaped = true;
        else if (byte === quote) {
          this.#inString = false;
          if (this.#keeping === "name") this.#name(this.#take(piece.subarray(from, at + 1)));
        }
      } else if (byte === quote) {
        this.#inString = true;
        if (this.#atName && this.#depth <= 2) [this.#keeping, from] = ["name", at];
      } else if (byte <= space) {
        continue;
      } else if (byte === colon) {
        if (this.#depth === 2 && this.#wanted.has(this.#source)) [this.#keeping, from] = ["value", at + 1];
        if (this.#depth <= 2) this.#atName = false;
      } else if (byte === comma || byte === endObject || byte === endArray) {
        if (this.#depth === 2 && this.#keeping === "value") this.#value(this.#take(piece.subarray(from, at)));
        if (byte !== comma) this.#close();
        else if (this.#depth <= 2) this.#atName = true;
      } else if (byte === startObject || byte === startArray) {
        this.#open(byte);
      } else if (this.#depth === 0) {
        throw this.#damaged("is no JSON object");
      }
    }
    if (this.#keeping !== undefined) this.#keep(Buffer.from(piece.subarray(from)));
  }

  end(): void {
    if (!this.#started || this.#depth > 0 || this.#inString) throw this.#damaged("ends in the midst of a JSON object");
  }

  #open(byte: number): void {
    if (this.#depth === 0 && this.#started) throw this.#damaged("has more than one JSON value");
    this.#started = true;
    this.#depth++;
    if (this.#depth > depthLimit) throw this.#damaged(`nests deeper than ${depthLimit} levels`);
    if (this.#depth > 2) return;
    if (byte !== startObject) throw this.#damaged("is no object by source package and CVE");
    this.#atName = true;
  }

  #close(): void {
    if (this.#depth === 0) throw this.#damaged("closes what was not opened");
    this.#depth--;
    if (this.#depth <= 2) this.#atName = false;
  }

  #keep(part: Buffer): void {
    this.#size += part.length;
    const limit = this.#keeping === "name" ? nameLimit : valueLimit;
    if (this.#size > limit) throw this.#damaged(`has a ${this.#keeping} of more than ${limit} bytes`);
    this.#kept.push(part);
  }

  /** The value of what was kept, with its last part. */
  #take(part: Buffer): unknown {
    this.#keep(part);
    const text = Buffer.concat(this.#kept).toString("utf8");
    [this.#keeping, this.#kept, this.#size] = [undefined, [], 0];
    try {
      return JSON.parse(text);
    } catch (error) {
      throw this.#damaged(`is no JSON: ${(error as Error).message}`);
    }
  }

  #name(name: unknown): void {
    if (this.#depth === 1) this.#source = String(name);
    else this.#cve = String(name);
  }

  #value(value: unknown): void {
    this.#visit(this.#source, this.#cve, value);
  }

  #damaged(why: string) {
    return packageError("bad-tracker", `${this.#what} ${why}`);
  }
}

const space = 0x20;
const quote = 0x22;
const comma = 0x2c;
const colon = 0x3a;
const startArray = 0x5b;
const backslash = 0x5c;
const endArray = 0x5d;
const startObject = 0x7b;
const endObject = 0x7d;
