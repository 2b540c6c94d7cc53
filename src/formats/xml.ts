// SPDX-License-Identifier: Apache-2.0
/**
 * XML 1.0 as repositories use it, read in one pass over a stream in bounded memory. Strict about what it reads:
 * well-formed, UTF-8. There is no DTD: a DOCTYPE that only names one is skipped (comps files have it) and nothing is
 * fetched; one that declares entities is refused, so that none can expand (billion laughs, external entities).
 * Namespaces are not resolved: names are as they are written.
 */
import { isUtf8 } from "node:buffer";
import type { ByteSource } from "../base/index.ts";
import { formatError } from "./errors.ts";
import { XmlAttributes, type XmlHandler, type XmlOptions } from "./xml-handler.ts";
import { newlines, resolveReference } from "./xml-characters.ts";
import { XmlNames } from "./xml-names.ts";

/** What one document may make us hold: elements inside of each other, attributes of one, bytes of a tag and of a text. */
const depthLimit = 64;
const attributeLimit = 64;
const tagLimit = 1 << 20;
const textLimit = 4 << 20;
/** Bytes that are looked at together. */
const pieceLimit = 1 << 20;

/** Reads a document to its end, and tells the handler. Closes nothing. Throws `formats-xml` where it is not well-formed. */
export function parseXml(source: ByteSource, handler: XmlHandler, what: string, options: XmlOptions = {}): void {
  const parser = new XmlParser(handler, what, options);
  let rest: Buffer = Buffer.alloc(0);
  for (const piece of smallPieces(source)) {
    const data = rest.length === 0 ? piece : Buffer.concat([rest, piece]);
    // Up to the end of a tag, which is the end of a character too.
    const end = data.lastIndexOf(0x3e) + 1;
    if (end > 0) parser.push(data.subarray(0, end));
    rest = Buffer.from(data.subarray(end));
    if (rest.length > textLimit) throw formatError("xml", `${what}: a text of more than ${textLimit} bytes`);
  }
  parser.end(rest);
}

function* smallPieces(source: ByteSource): IterableIterator<Buffer> {
  for (let piece = source.read(); piece !== undefined; piece = source.read()) {
    for (let at = 0; at < piece.length; at += pieceLimit) yield piece.subarray(at, at + pieceLimit);
  }
}

const lt = 0x3c;
const gt = 0x3e;
const slash = 0x2f;
const equals = 0x3d;
const ampersand = 0x26;
const bang = 0x21;
const question = 0x3f;

function isBlank(code: number): boolean {
  return code === 0x20 || code === 0x0a || code === 0x09 || code === 0x0d;
}

class XmlParser {
  readonly #handler: XmlHandler;
  readonly #what: string;
  readonly #decode: boolean;
  readonly #attributes = new XmlAttributes();
  readonly #open: string[] = [];
  /** Of each open element: what was found of its text so far, other than white space. */
  readonly #texts: string[] = [];
  readonly #names: XmlNames;
  /** One character for each byte. */
  #text = "";
  #at = 0;
  #offset = 0;
  #seen = false;
  #started = false;
  /** Nothing stands yet after the start tag of the innermost element: white space is its text, if it is all. */
  #fresh = false;

  constructor(handler: XmlHandler, what: string, options: XmlOptions) {
    this.#handler = handler;
    this.#what = what;
    this.#decode = options.encoding !== "latin1";
    this.#names = new XmlNames(this.#decode);
  }

  push(bytes: Buffer): void {
    if (!isUtf8(bytes)) throw this.#malformed("a byte sequence that is not UTF-8");
    const piece = bytes.toString("latin1");
    // XML 1.0 section 2.2: no other control characters.
    if (/[^\t\n\r -\xff]/.test(piece)) throw this.#malformed("a control character");
    this.#text = this.#at < this.#text.length ? this.#text.slice(this.#at) + piece : piece;
    this.#at = 0;
    if (!this.#started) this.#skipMark();
    while (this.#at < this.#text.length && this.#token());
    if (this.#text.length - this.#at > textLimit) throw this.#malformed("a token that does not end");
  }

  end(rest: Buffer): void {
    const left = this.#text.slice(this.#at) + rest.toString("latin1");
    if (left.trim() !== "" || this.#open.length > 0) {
      const inside = this.#open.length > 0 ? ` in <${this.#open.at(-1)}>` : "";
      throw this.#malformed(`the document ends too early${inside}`);
    }
    if (!this.#seen) throw this.#malformed("there is no element");
  }

  /** A byte order mark (XML 1.0 section 4.3.3). */
  #skipMark(): void {
    this.#started = true;
    if (this.#text.startsWith("\xef\xbb\xbf")) this.#at = 3;
  }

  /** Reads text and the tag after it. @returns false when it is not complete yet */
  #token(): boolean {
    const start = this.#at;
    const open = this.#text.indexOf("<", start);
    if (open < 0) return false;
    const next = this.#text.charCodeAt(open + 1);
    if (Number.isNaN(next)) return false;
    const end = this.#read(start, open, next);
    if (end < 0) return false;
    this.#offset += end - start;
    this.#at = end;
    return true;
  }

  /** @returns where the token ends; -1: not in what there is so far */
  #read(start: number, open: number, next: number): number {
    if (next === slash) return this.#endTag(start, open);
    if (next === bang || next === question) return this.#markup(start, open);
    return this.#startTag(start, open);
  }

  #startTag(start: number, open: number): number {
    const end = this.#scanTag(open + 1);
    if (end < 0) return -1;
    this.#fresh = false;
    this.#characters(start, open);
    if (this.#open.length === 0) {
      if (this.#seen) throw this.#malformed("more than one element at the top");
      this.#seen = true;
    }
    if (this.#open.length >= depthLimit) throw this.#malformed(`elements nested more than ${depthLimit} deep`);
    const name = this.#tagName;
    this.#handler.start?.(name, this.#attributes);
    if (this.#text.charCodeAt(end - 2) === slash) this.#handler.end?.(name, "");
    else {
      this.#open.push(name);
      this.#texts.push("");
      this.#fresh = true;
    }
    return end;
  }

  #tagName = "";

  /** Reads name and attributes of a start tag from `at`. @returns the end of the tag, or -1 when it is not all there */
  #scanTag(begin: number): number {
    const text = this.#text;
    const attributes = this.#attributes;
    let at = endOfName(text, begin);
    const nameEnd = at;
    attributes.count = 0;
    for (;;) {
      const before = at;
      let code = text.charCodeAt(at);
      while (isBlank(code)) code = text.charCodeAt(++at);
      if (code === gt) break;
      if (code === slash) {
        const after = text.charCodeAt(at + 1);
        if (Number.isNaN(after)) return -1;
        if (after !== gt) throw this.#malformed(`a stray / in a tag`);
        at++;
        break;
      }
      if (Number.isNaN(code)) return this.#unended(begin);
      if (before === at) throw this.#malformed("no white space before an attribute");
      at = this.#scanAttribute(at);
      if (at < 0) return this.#unended(begin);
    }
    this.#tagName = this.#name(begin, nameEnd);
    return at + 1;
  }

  #unended(begin: number): number {
    if (this.#text.length - begin > tagLimit) throw this.#malformed(`a tag of more than ${tagLimit} bytes`);
    return -1;
  }

  #scanAttribute(begin: number): number {
    const text = this.#text;
    let at = endOfName(text, begin);
    const name = this.#name(begin, at);
    while (isBlank(text.charCodeAt(at))) at++;
    if (text.charCodeAt(at) !== equals) return this.#missing(at, `the attribute ${name} has no value`);
    do at++;
    while (isBlank(text.charCodeAt(at)));
    const quote = text.charCodeAt(at);
    if (quote !== 0x22 && quote !== 0x27) return this.#missing(at, `the value of ${name} is not quoted`);
    const start = ++at;
    let plain = true;
    for (let code = text.charCodeAt(at); code !== quote; code = text.charCodeAt(++at)) {
      if (code === lt) throw this.#malformed(`< in the value of ${name}`);
      if (code === ampersand || code < 0x20 || code > 0x7e) plain = false;
      // After the end of what there is, so that NaN is never passed over.
      if (at >= text.length) return -1;
    }
    const value = text.slice(start, at);
    this.#attribute(name, plain ? value : this.#value(value.replace(/\r\n|[\r\n\t]/g, " ")));
    return at + 1;
  }

  #missing(at: number, message: string): number {
    if (at >= this.#text.length) return -1;
    throw this.#malformed(message);
  }

  #attribute(name: string, value: string): void {
    const attributes = this.#attributes;
    if (attributes.count >= attributeLimit) throw this.#malformed(`more than ${attributeLimit} attributes`);
    if (attributes.get(name) !== undefined) throw this.#malformed(`the attribute ${name} twice`);
    attributes.names[attributes.count] = name;
    attributes.values[attributes.count++] = value;
  }

  #name(begin: number, end: number): string {
    const name = this.#names.find(this.#text, begin, end);
    if (name !== undefined) return name;
    throw this.#malformed(`${JSON.stringify(this.#text.slice(begin, Math.min(end, begin + 40)))} is no name`);
  }

  #endTag(start: number, open: number): number {
    const name = this.#open.at(-1);
    if (name === undefined) throw this.#malformed("an end tag without a start tag");
    const raw = this.#decode && /[\x80-\uffff]/.test(name) ? Buffer.from(name).toString("latin1") : name;
    let at = open + 2 + raw.length;
    if (at >= this.#text.length) return -1;
    while (isBlank(this.#text.charCodeAt(at))) at++;
    if (at >= this.#text.length) return -1;
    if (!this.#text.startsWith(raw, open + 2) || this.#text.charCodeAt(at) !== gt) {
      throw this.#malformed(`<${name}> is ended by another tag`);
    }
    this.#characters(start, open);
    this.#fresh = false;
    this.#open.pop();
    this.#handler.end?.(name, this.#texts.pop()!);
    return at + 1;
  }

  /** Comments, CDATA sections, processing instructions, the XML declaration and the DOCTYPE. */
  #markup(start: number, open: number): number {
    const text = this.#text;
    const closing = (opening: string, close: string, from = open + opening.length) => {
      const end = text.indexOf(close, from);
      return end < 0 ? -1 : end + close.length;
    };
    let end;
    if (text.startsWith("<!--", open)) end = closing("<!--", "-->");
    else if (text.startsWith("<![CDATA[", open)) {
      end = closing("<![CDATA[", "]]>");
      if (end >= 0) this.#cdata(start, open, end);
      return end;
    } else if (text.startsWith("<?", open)) {
      end = closing("<?", "?>");
      if (end >= 0) this.#declaration(text.slice(open, end));
    } else if (text.startsWith("<!DOCTYPE", open)) {
      end = closing("<!DOCTYPE", ">");
      if (end >= 0) this.#doctype(text.slice(open, end));
    } else if (text.length - open < "<![CDATA[".length) return -1;
    else throw this.#malformed("a declaration where there may be none");
    if (end >= 0) this.#characters(start, open);
    return end;
  }

  #cdata(start: number, open: number, end: number): void {
    if (this.#open.length === 0) throw this.#malformed("characters outside of the element");
    this.#characters(start, open);
    const raw = this.#text.slice(open + "<![CDATA[".length, end - "]]>".length);
    this.#append(this.#utf8(newlines(raw)));
  }

  #declaration(text: string): void {
    if (!/^<\?xml\s/.test(text)) return;
    const encoding = /\sencoding\s*=\s*["']([^"']*)["']/.exec(text)?.[1];
    if (encoding !== undefined && !/^(?:utf-?8|us-ascii)$/i.test(encoding)) {
      throw this.#malformed(`the encoding ${JSON.stringify(encoding.slice(0, 40))}: only UTF-8 is read`);
    }
  }

  #doctype(text: string): void {
    if (this.#seen || this.#open.length > 0) throw this.#malformed("a DOCTYPE after the start");
    if (text.includes("[")) {
      throw this.#malformed("a DOCTYPE with declarations of its own; entities are not expanded");
    }
  }

  #characters(start: number, end: number): void {
    const text = this.#text;
    let at = start;
    while (at < end && isBlank(text.charCodeAt(at))) at++;
    if (at === end && (!this.#fresh || start === end)) return;
    if (this.#open.length === 0) throw this.#malformed("characters outside of the element");
    const raw = text.slice(start, end);
    this.#append(/[&\r\x80-\xff]/.test(raw) ? this.#value(newlines(raw)) : raw);
  }

  #append(text: string): void {
    const index = this.#texts.length - 1;
    const whole = this.#texts[index]! + text;
    if (whole.length > textLimit) throw this.#malformed(`a text of more than ${textLimit} bytes`);
    this.#texts[index] = whole;
  }

  /** A text or attribute value with its references resolved. */
  #value(raw: string): string {
    if (!raw.includes("&")) return this.#utf8(raw);
    const plain = raw.replace(/&(?:([^;]{1,32});)?/g, (whole, name: string = "") => {
      const resolved = resolveReference(name);
      if (resolved === undefined) throw this.#malformed(`the reference ${whole} is not defined`);
      return resolved;
    });
    return this.#utf8(plain);
  }

  #utf8(raw: string): string {
    return this.#decode && /[\x80-\xff]/.test(raw) ? Buffer.from(raw, "latin1").toString("utf8") : raw;
  }

  #malformed(message: string) {
    return formatError("xml", `${this.#what}: ${message}, at byte ${this.#offset}`);
  }
}

function endOfName(text: string, begin: number): number {
  let at = begin;
  for (let code = text.charCodeAt(at); ; code = text.charCodeAt(++at)) {
    if (code <= 0x20 || code === gt || code === slash || code === equals || Number.isNaN(code)) return at;
  }
}
