// SPDX-License-Identifier: Apache-2.0
/**
 * YAML 1.2 as values with their places, so that what reads a hand-written file can say where a mistake is. Aliases and merge
 * keys (`<<` of YAML 1.1) are followed; the rest of the syntax is the library's.
 */
import {
  Composer,
  type CST,
  type Document,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  type Pair,
  Parser,
  type Scalar,
  type YAMLMap,
} from "yaml";

export interface YamlPosition {
  readonly file: string;
  /** Counted from 1. */
  readonly line: number;
  readonly column: number;
}

export type YamlNode = YamlScalar | YamlList | YamlMap;

export interface YamlScalar {
  readonly kind: "scalar";
  readonly value: string | number | boolean | null;
  /** As written, without quotes: `1.10`, where `value` is 1.1. */
  readonly text: string;
  readonly at: YamlPosition;
}

export interface YamlList {
  readonly kind: "list";
  readonly items: readonly YamlNode[];
  readonly at: YamlPosition;
}

export interface YamlMap {
  readonly kind: "map";
  readonly entries: readonly YamlEntry[];
  readonly at: YamlPosition;
}

export interface YamlEntry {
  readonly key: string;
  /** Of the key. */
  readonly at: YamlPosition;
  readonly value: YamlNode;
}

export interface YamlFault {
  readonly at: YamlPosition;
  readonly message: string;
}

export interface YamlStream {
  /** In order; an empty one is null. None when there are faults. */
  readonly documents: readonly YamlNode[];
  readonly faults: readonly YamlFault[];
}

/** A file that people write is far smaller; the cap keeps a wrong file (an image, a log) from being parsed. */
export const yamlSizeLimit = 1 << 20;

/** Values after aliases have been followed: ten levels of ten aliases would be 10^10 ("billion laughs"). */
const nodeLimit = 100_000;

/**
 * Twice as deep as any format that is read. The library composes by recursion, and by regular expressions as long as the
 * indentation: 20,000 levels end the process.
 */
const depthLimit = 64;

export interface YamlOptions {
  /** Whether `<<` brings the keys of another map; default true. YAML 1.2 has it no more. */
  readonly merge?: boolean;
  /** Characters, for files that programs write; default `yamlSizeLimit`. */
  readonly sizeLimit?: number;
}

/**
 * Parses a stream of YAML documents (JSON is one).
 * @param file for positions
 */
export function parseYaml(text: string, file: string, options: YamlOptions = {}): YamlStream {
  const { merge = true, sizeLimit = yamlSizeLimit } = options;
  const lines = new LineCounter();
  const place = (offset: number): YamlPosition => {
    const { line, col } = lines.linePos(offset);
    return { file, line: Math.max(line, 1), column: Math.max(col, 1) };
  };
  const refuse = (offset: number, message: string) => ({ documents: [], faults: [{ at: place(offset), message }] });
  if (text.length > sizeLimit) return refuse(0, `larger than ${sizeLimit} characters`);
  const tokens = [...new Parser(lines.addNewLine).parse(text)];
  const deep = tokens.map(tooDeep).find((offset) => offset !== undefined);
  if (deep !== undefined) return refuse(deep, `nested more than ${depthLimit} deep`);
  // The library compares every key with every other; the builder sees to it as well.
  const documents = [...new Composer({ merge, uniqueKeys: false, logLevel: "silent" }).compose(tokens)];
  // Without aliases no text has more values than characters.
  const most = sizeLimit > yamlSizeLimit ? Math.max(nodeLimit, text.length) : nodeLimit;
  const builders = documents.map((document) => new Builder(document, place, merge, most));
  const faults = builders.flatMap((builder) => builder.faults).toSorted(inOrder);
  return { documents: faults.length > 0 ? [] : builders.map(({ root }) => root), faults };
}

const inOrder = ({ at: a }: YamlFault, { at: b }: YamlFault) => a.line - b.line || a.column - b.column;

/** The values alone, as JSON.parse gives them. */
export function plainYaml(node: YamlNode): unknown {
  if (node.kind === "scalar") return node.value;
  if (node.kind === "list") return node.items.map(plainYaml);
  return Object.fromEntries(node.entries.map(({ key, value }) => [key, plainYaml(value)]));
}

export function yamlEntry(map: YamlMap, key: string): YamlEntry | undefined {
  return map.entries.find((entry) => entry.key === key);
}

/** Offset of the first token that is nested too deep. */
function tooDeep(document: CST.Token): number | undefined {
  const open: { token: CST.Token; depth: number }[] = [{ token: document, depth: 0 }];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const { token, depth } = next;
    if (depth > depthLimit) return token.offset;
    if (token.type === "document" && token.value) open.push({ token: token.value, depth });
    if (!("items" in token)) continue;
    for (const { key, value } of token.items) {
      if (key) open.push({ token: key, depth: depth + 1 });
      if (value) open.push({ token: value, depth: depth + 1 });
    }
  }
  return undefined;
}

type Place = (offset: number) => YamlPosition;

class Builder {
  readonly root: YamlNode;
  readonly faults: YamlFault[];
  readonly #place: Place;
  readonly #merge: boolean;
  readonly #most: number;
  /** What an alias stands for: the last node before it that has the name (YAML 1.2.2, 3.2.2.2). */
  readonly #anchors = new Map<string, unknown>();
  /** Nodes that are being built, which an alias to itself would never end. */
  readonly #open = new Set<unknown>();
  #count = 0;

  constructor(document: Document.Parsed, place: Place, merge: boolean, most: number) {
    this.#place = place;
    this.#merge = merge;
    this.#most = most;
    this.faults = [...document.errors, ...document.warnings].map(({ message, pos }) => ({
      at: place(pos[0]),
      message: message.trim(),
    }));
    const contents: unknown = document.contents;
    this.root = document.errors.length > 0 ? nothing(place(0)) : this.#node(contents, offsetOf(contents) ?? 0);
  }

  /** @param from where it is when it has no place of its own, as the value of `key:` */
  #node(node: unknown, from: number): YamlNode {
    const offset = offsetOf(node) ?? from;
    const at = this.#place(offset);
    if (++this.#count > this.#most || this.#open.size > depthLimit) return this.#refuse(at);
    if (isAlias(node)) return this.#alias(node.source, at, offset);
    this.#remember(node);
    this.#open.add(node);
    const built = this.#value(node, at, offset);
    this.#open.delete(node);
    return built;
  }

  #value(node: unknown, at: YamlPosition, offset: number): YamlNode {
    if (isMap(node)) return { kind: "map", entries: this.#entries(node, offset), at };
    if (isSeq(node)) return { kind: "list", items: node.items.map((item) => this.#node(item, offset)), at };
    return isScalar(node) ? this.#scalar(node, at) : nothing(at);
  }

  #remember(node: unknown): void {
    const { anchor } = (node ?? {}) as { anchor?: string };
    if (anchor !== undefined) this.#anchors.set(anchor, node);
  }

  #alias(name: string, at: YamlPosition, offset: number): YamlNode {
    const target = this.#anchors.get(name);
    if (target !== undefined && !this.#open.has(target)) return this.#node(target, offset);
    const message = target
      ? `*${name} stands within what it is an alias of`
      : `no anchor &${name} stands before *${name}`;
    this.faults.push({ at, message });
    return nothing(at);
  }

  #scalar({ value, source }: Scalar, at: YamlPosition): YamlNode {
    if (value === null || typeof value === "string" || typeof value === "number" || typeof value === "boolean") {
      return { kind: "scalar", value, text: typeof value === "string" ? value : (source ?? String(value)), at };
    }
    this.faults.push({ at, message: "a value of this type is not taken" });
    return nothing(at);
  }

  #entries(map: YAMLMap, from: number): YamlEntry[] {
    const entries = new Map<string, YamlEntry>();
    const merged: YamlEntry[] = [];
    for (const pair of map.items) {
      const offset = offsetOf(pair.key) ?? from;
      if (this.#merge && isMergeKey(pair)) merged.push(...this.#merged(pair, offset));
      else this.#entry(pair, offset, entries);
    }
    for (const entry of merged) if (!entries.has(entry.key)) entries.set(entry.key, entry);
    return [...entries.values()];
  }

  #entry(pair: Pair, offset: number, entries: Map<string, YamlEntry>): void {
    const at = this.#place(offset);
    this.#remember(pair.key);
    const key = this.#node(pair.key, offset);
    if (key.kind !== "scalar") this.faults.push({ at, message: "a key must be a word, not a list or a map" });
    else if (entries.has(key.text)) this.faults.push({ at, message: "Map keys must be unique" });
    else entries.set(key.text, { key: key.text, at, value: this.#node(pair.value, offset) });
  }

  /** What `<<` brings: one map, or several of which the earlier ones win (https://yaml.org/type/merge.html). */
  #merged(pair: Pair, offset: number): readonly YamlEntry[] {
    const value = this.#node(pair.value, offset);
    const maps = value.kind === "list" ? value.items : [value];
    return maps.flatMap((map) => {
      if (map.kind === "map") return map.entries;
      this.faults.push({ at: map.at, message: "<< must be followed by a map or a list of maps" });
      return [];
    });
  }

  #refuse(at: YamlPosition): YamlNode {
    const message = `has more than ${this.#most} values or is nested more than ${depthLimit} deep, its aliases followed`;
    if (!this.faults.some((fault) => fault.message === message)) this.faults.push({ at, message });
    return nothing(at);
  }
}

function isMergeKey({ key }: Pair): boolean {
  return isScalar(key) && key.source === "<<" && key.type === "PLAIN";
}

function offsetOf(node: unknown): number | undefined {
  return (node as { range?: readonly number[] } | null | undefined)?.range?.[0];
}

function nothing(at: YamlPosition): YamlScalar {
  return { kind: "scalar", value: null, text: "", at };
}
