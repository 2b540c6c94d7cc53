// SPDX-License-Identifier: Apache-2.0
import { type ByteSource, baseError } from "../../base/index.ts";
import { scanDeb822 } from "../../formats/index.ts";
import { packageError } from "../errors.ts";
import { fieldNumber, indexFields, type PackageIndex } from "./index-file.ts";
import { IndexTable } from "./index-table.ts";

const numberOf = new Map<string, number>(indexFields.map((name, number) => [name.toLowerCase(), number]));
const exact = new Map<string, number>(indexFields.map((name, number) => [name, number]));

/** Bytes that are parsed at a time: 57 MB of Debian's main in 20 MB of memory. */
const chunkSize = 4 << 20;
/** The largest stanza of Debian 13 has 60 kB; a file without blank lines cannot exhaust our memory. */
const stanzaLimit = 16 << 20;

/** Reads a Packages file. Throws `packages-bad-index` or `formats-deb822` when it is damaged. */
export function parsePackages(source: ByteSource, what: string): PackageIndex {
  const builder = new IndexBuilder(what);
  let rest: Buffer[] = [];
  let size = 0;
  for (let piece = source.read(); piece !== undefined; piece = source.read()) {
    rest.push(Buffer.from(piece));
    size += piece.length;
    if (size < chunkSize) continue;
    const chunk = Buffer.concat(rest);
    const end = chunk.lastIndexOf("\n\n");
    if (end < 0 && size > stanzaLimit)
      throw baseError("too-large", `${what}: a stanza of more than ${stanzaLimit} bytes`);
    // One byte per character whatever the encoding: values are copied as bytes, the names looked at are ASCII.
    if (end >= 0) builder.add(chunk.toString("latin1", 0, end + 1));
    const left = end < 0 ? chunk : Buffer.from(chunk.subarray(end + 2));
    rest = [left];
    size = left.length;
  }
  builder.add(Buffer.concat(rest).toString("latin1"));
  return builder.build();
}

class IndexBuilder {
  readonly #what: string;
  readonly #names: string[] = [];
  readonly #provides: string[] = [];
  readonly #essential: number[] = [];
  readonly #offsets: number[] = [0];
  readonly #records: Buffer[] = [];
  #length = 0;

  constructor(what: string) {
    this.#what = what;
  }

  /** @param text whole stanzas, one byte per character */
  add(text: string): void {
    const records: string[] = [];
    const names: string[] = [];
    const provides: string[] = [];
    let values = emptyRecord();
    let seen = 0;
    scanDeb822(text, this.#what, {
      field: (name, colon, value, end) => {
        const key = text.slice(name, colon);
        const number = exact.get(key) ?? numberOf.get(key.toLowerCase());
        if (number === undefined) return;
        if ((seen & (1 << number)) !== 0) throw this.#damaged(`${values[0]} has the field ${key} twice`);
        seen |= 1 << number;
        const content = text.slice(value, end);
        values[number] = content.includes("\n") ? content.replace(/\s*\n\s*/g, " ").trim() : content.trimEnd();
      },
      stanza: () => {
        const [name = "", version = ""] = values;
        const number = this.#offsets.length - 1;
        if (!/^[a-zA-Z0-9][a-zA-Z0-9+.-]*$/.test(name) || version === "") {
          throw this.#damaged(`stanza ${number + 1} has no Package or no Version: ${JSON.stringify(name)}`);
        }
        if (values[fieldNumber.Essential] === "yes" || values[fieldNumber.Priority] === "required") {
          this.#essential.push(number);
        }
        names.push(`${name} ${number}`);
        for (const provided of providedNames(values[fieldNumber.Provides]!)) provides.push(`${provided} ${number}`);
        const record = `${values.join("\n")}\n`;
        records.push(record);
        this.#length += record.length;
        this.#offsets.push(this.#length);
        values = emptyRecord();
        seen = 0;
      },
    });
    // Joined at once: parts of `text` that are kept would keep all of it in memory.
    this.#records.push(Buffer.from(records.join(""), "latin1"));
    this.#names.push(names.join("\n"));
    this.#provides.push(provides.join("\n"));
  }

  build(): PackageIndex {
    return {
      count: this.#offsets.length - 1,
      names: IndexTable.fromPairs(lines(this.#names)),
      provides: IndexTable.fromPairs(lines(this.#provides)),
      essential: this.#essential,
      offsets: Uint32Array.from(this.#offsets),
      records: Buffer.concat(this.#records),
    };
  }

  #damaged(text: string) {
    return packageError("bad-index", `${this.#what}: ${text}`);
  }
}

function emptyRecord(): string[] {
  return indexFields.map(() => "");
}

function lines(texts: readonly string[]): string[] {
  return texts.filter((text) => text !== "").flatMap((text) => text.split("\n"));
}

function* providedNames(field: string): IterableIterator<string> {
  if (field === "") return;
  let last = "";
  for (const part of field.split(",")) {
    const name = /^[^\s(:]+/.exec(part.trim())?.[0];
    if (name !== undefined && name !== last) yield (last = name);
  }
}
