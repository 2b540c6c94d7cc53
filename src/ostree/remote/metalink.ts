// SPDX-License-Identifier: Apache-2.0
/** Metalink documents (version 3): where a repository's summary is to be had, and by which hash it is known. */
import { hash } from "node:crypto";
import { ostreeError } from "../errors.ts";

/** What a metalink tells of one file. */
export interface MetalinkFile {
  readonly size: number;
  readonly sha256?: string;
  readonly sha512?: string;
  /** In the order of the document, which is the order they are tried in (try_metalink_targets). */
  readonly urls: readonly string[];
}

/** Bytes of a metalink at most, tags in one, and how deep they may nest: a server cannot keep us busy with more. */
export const metalinkLimit = 1 << 20;
const depthLimit = 100;

interface Element {
  readonly name: string;
  readonly attributes: ReadonlyMap<string, string>;
  readonly children: Element[];
  text: string;
}

/** The entry for `name`. The wording of errors is that of libostree's parser (ostree-metalink.c). */
export function parseMetalink(text: string, name: string): MetalinkFile {
  const root = parseElements(text);
  const files = root.name === "metalink" ? childrenOf(childrenOf([root], "files"), "file") : [];
  if (files.length === 0) throw invalid("No <file> element found");
  const file = files.find(({ attributes }) => attributes.get("name") === name);
  if (!file) throw invalid(`No <file name='${name}'> found`);
  const size = Number(childrenOf([file], "size")[0]?.text.trim() ?? 0);
  if (!Number.isSafeInteger(size) || size <= 0) throw invalid("No <size> element found or it is zero");
  const hashes = childrenOf(childrenOf([file], "verification"), "hash");
  const digest = (type: string, length: number) => {
    const found = hashes.find(({ attributes }) => attributes.get("type") === type)?.text.trim();
    if (found === undefined) return undefined;
    if (!new RegExp(`^[0-9a-f]{${length}}$`).test(found)) throw invalid(`Invalid hash digest for ${type}`);
    return found;
  };
  const [sha256, sha512] = [digest("sha256", 64), digest("sha512", 128)];
  if (sha256 === undefined && sha512 === undefined) {
    throw invalid("No <verification> element with known <hash type=> found");
  }
  const urls = childrenOf(childrenOf([file], "resources"), "url")
    .filter(({ attributes }) => /^https?$/.test(attributes.get("protocol") ?? ""))
    .map(({ text }) => text.trim());
  if (urls.length === 0) throw invalid("No <url method='http'> elements found");
  return { size, urls, ...(sha256 === undefined ? {} : { sha256 }), ...(sha512 === undefined ? {} : { sha512 }) };
}

/** Whether the bytes are those that the metalink means; the stronger hash decides (try_one_url). */
export function checkMetalinked({ size, sha256, sha512 }: MetalinkFile, bytes: Uint8Array): void {
  if (bytes.length !== size) throw invalid(`Expected size is ${size} bytes but content is ${bytes.length} bytes`);
  const [algorithm, expected] = sha512 === undefined ? ["sha256", sha256] : ["sha512", sha512];
  const actual = hash(algorithm!, bytes, "hex");
  if (actual !== expected) throw invalid(`Expected checksum is ${expected} but actual is ${actual}`);
}

function invalid(message: string) {
  return ostreeError("remote", message, { hint: "the remote's metalink is not one of a summary" });
}

function childrenOf(elements: readonly Element[], name: string): Element[] {
  return elements.flatMap(({ children }) => children.filter((child) => child.name === name));
}

/** The subset of XML that GMarkup reads: elements, attributes, text, the five entities; no document types. */
function parseElements(text: string): Element {
  const root: Element = { name: "", attributes: new Map(), children: [], text: "" };
  const open = [root];
  const token = /<(\?[^>]*\?|!--[\s\S]*?--|\/?[A-Za-z_:][^<>]*)>|([^<]+)|(<)/g;
  for (const [, tag, words, stray] of text.matchAll(token)) {
    const current = open.at(-1)!;
    if (stray !== undefined) throw invalid("Error in the metalink: a tag that does not end");
    if (words !== undefined) {
      if (current === root && words.trim() !== "") throw invalid("Document must begin with an element (e.g. <book>)");
      current.text += unescape(words);
    } else if (tag!.startsWith("/")) {
      if (open.length === 1 || current.name !== tag!.slice(1).trim()) {
        throw invalid(`Error in the metalink: element “${current.name}” was closed by “${tag!.slice(1)}”`);
      }
      open.pop();
    } else if (!/^[?!]/.test(tag!)) openElement(open, tag!);
  }
  const [first] = root.children;
  if (open.length > 1 || !first) throw invalid("Document was empty or ended within an element");
  return first;
}

function openElement(open: Element[], tag: string): void {
  const match = /^([\w:.-]+)((?:\s+[\w:.-]+\s*=\s*(?:"[^"]*"|'[^']*'))*)\s*(\/?)$/.exec(tag);
  if (!match || open.length > depthLimit) throw invalid(`Error in the metalink: <${tag.slice(0, 40)}>`);
  const attributes = new Map<string, string>();
  for (const [, name, double, single] of match[2]!.matchAll(/([\w:.-]+)\s*=\s*(?:"([^"]*)"|'([^']*)')/g)) {
    attributes.set(name!, unescape(double ?? single ?? ""));
  }
  const element: Element = { name: match[1]!, attributes, children: [], text: "" };
  open.at(-1)!.children.push(element);
  if (match[3] === "") open.push(element);
}

const entities: Readonly<Record<string, string>> = { amp: "&", lt: "<", gt: ">", quot: '"', apos: "'" };

function unescape(text: string): string {
  return text.replace(/&(amp|lt|gt|quot|apos);/g, (_, name: string) => entities[name]!);
}
