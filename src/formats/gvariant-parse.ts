// SPDX-License-Identifier: Apache-2.0
/**
 * Reads GVariant text format (GLib's "GVariant Text Format"; g_variant_parse without a type): what `--add-metadata` takes
 * and `printGVariant` writes. The type is found as GLib finds it: each expression has a pattern of the types that it may
 * have, members of an array must agree on one, and what stays open becomes `i`, `s`.
 */
import { formatError } from "./errors.ts";
import { depthLimit, gvariantType, type GVariantType } from "./gvariant-type.ts";
import { type GVariantValue, type Variant, writeGVariant } from "./gvariant.ts";

/** An expression. `pattern` is a type string in which `N` stands for any number, `S` for `s o g`, `*` for any type. */
interface Expression {
  readonly pattern: string;
  value(type: GVariantType): GVariantValue;
}

/** Metadata of a commit can hardly be longer. */
const textLimit = 16 << 20;

/** Parses one value; its type is the one written or the one inferred. Errors: `formats-gvariant-text`. */
export function parseGVariant(text: string): Variant {
  if (text.length > textLimit) throw failed("the text is too long", text, 0);
  const parser = new Parser(text);
  const expression = parser.whole();
  const type = settle(expression.pattern);
  if (type.includes("*")) throw failed("unable to infer type", text, 0);
  const value = valueOf(expression, gvariantType(type));
  // Numbers out of range and malformed paths are found by the writer.
  writeGVariant(type, value);
  return { type, value };
}

function failed(message: string, text: string, at: number) {
  return formatError("gvariant-text", `${at}:${message}: ${JSON.stringify(text.slice(at, at + 40))}`);
}

/** What is still open after all is read: numbers are `i`, strings `s`. */
function settle(pattern: string): string {
  return pattern.replaceAll("N", "i").replaceAll("S", "s");
}

const numbers = "ynqiuxthd";
const strings = "sog";

/** The pattern that both sides fit; `undefined` when there is none. */
function unify(a: string, b: string): string | undefined {
  if (a === b || b === "*") return a;
  if (a === "*") return b;
  if (a[0] === "m" && b[0] !== "m") return lifted(a, b);
  if (b[0] === "m" && a[0] !== "m") return lifted(b, a);
  if (a === "N") return numbers.includes(b) ? b : undefined;
  if (b === "N") return unify(b, a);
  if (a === "S") return strings.includes(b) ? b : undefined;
  if (b === "S") return unify(b, a);
  if (a[0] !== b[0] || !"am({".includes(a[0] ?? "")) return undefined;
  const [left, right] = [memberPatterns(a), memberPatterns(b)];
  if (left.length !== right.length) return undefined;
  const members = left.map((member, index) => unify(member, right[index]!));
  if (members.includes(undefined)) return undefined;
  const close = a[0] === "(" ? ")" : a[0] === "{" ? "}" : "";
  return `${a[0]}${members.join("")}${close}`;
}

/** A plain value stands for a maybe that has it: `@ms 'x'`. */
function lifted(maybe: string, plain: string): string | undefined {
  const inner = unify(maybe.slice(1), plain);
  return inner === undefined ? undefined : `m${inner}`;
}

function valueOf(expression: Expression, type: GVariantType): GVariantValue {
  const isPlain = type.code === "m" && !expression.pattern.startsWith("m");
  return isPlain ? valueOf(expression, type.members[0]!) : expression.value(type);
}

/** The parts of a container's pattern. */
function memberPatterns(pattern: string): string[] {
  if (pattern[0] === "a" || pattern[0] === "m") return [pattern.slice(1)];
  const members: string[] = [];
  for (let at = 1; at < pattern.length - 1;) {
    const end = patternEnd(pattern, at);
    members.push(pattern.slice(at, end));
    at = end;
  }
  return members;
}

function patternEnd(pattern: string, start: number): number {
  let at = start;
  while (pattern[at] === "a" || pattern[at] === "m") at++;
  let depth = 0;
  do {
    if ("({".includes(pattern[at]!)) depth++;
    if (")}".includes(pattern[at]!)) depth--;
    at++;
  } while (depth > 0 && at < pattern.length);
  return at;
}

const keywords: Readonly<Record<string, string>> = {
  boolean: "b",
  byte: "y",
  int16: "n",
  uint16: "q",
  int32: "i",
  handle: "h",
  uint32: "u",
  int64: "x",
  uint64: "t",
  double: "d",
  string: "s",
  objectpath: "o",
  signature: "g",
};

class Parser {
  readonly #text: string;
  #at = 0;
  #depth = 0;

  constructor(text: string) {
    this.#text = text;
  }

  whole(): Expression {
    const expression = this.#expression();
    this.#blank();
    if (this.#at < this.#text.length) throw this.#failed("expected end of input");
    return expression;
  }

  #expression(): Expression {
    // A deep nest of brackets would exhaust the stack.
    if (++this.#depth > depthLimit) throw this.#failed("variant nested too deeply");
    const expression = this.#parse();
    this.#depth--;
    return expression;
  }

  #parse(): Expression {
    this.#blank();
    const next = this.#text[this.#at];
    if (next === "[") return this.#array();
    if (next === "(") return this.#tuple();
    if (next === "{") return this.#dictionary();
    if (next === "<") return this.#variant();
    if (next === "@") return this.#annotated();
    if (next === "'" || next === '"') return text(this.#quoted());
    if (/^b['"]/.test(this.#text.slice(this.#at, this.#at + 2))) return bytes(this.#byteString());
    const word = /^[-+.\w]+/.exec(this.#text.slice(this.#at, this.#at + 1000))?.[0];
    if (word === undefined) throw this.#failed("expected value");
    this.#at += word.length;
    return this.#word(word);
  }

  #word(word: string): Expression {
    if (word === "true" || word === "false") return constant("b", word === "true");
    if (word === "nothing") return constant("m*", null);
    if (word === "just") {
      const inner = this.#expression();
      return { pattern: `m${inner.pattern}`, value: ({ members }) => valueOf(inner, members[0]!) };
    }
    const type = keywords[word];
    return type === undefined ? this.#number(word) : this.#typed(type, this.#expression());
  }

  #typed(type: string, expression: Expression): Expression {
    if (unify(type, expression.pattern) !== type) throw this.#failed(`can not parse as value of type '${type}'`);
    return { pattern: type, value: (wanted) => valueOf(expression, wanted) };
  }

  #annotated(): Expression {
    const type = /^@([*?a-z({)}]+)/.exec(this.#text.slice(this.#at, this.#at + 1000))?.[1];
    if (type === undefined) throw this.#failed("invalid type declaration");
    this.#at += type.length + 1;
    return this.#typed(gvariantType(type).text, this.#expression());
  }

  #number(word: string): Expression {
    const real = /^[-+]?(?:\d+\.\d*|\.\d+|\d+(?=e)|inf|nan)(?:e[-+]?\d+)?$/i.test(word);
    if (!real && !/^[-+]?(?:0x[0-9a-f]{1,16}|\d{1,20})$/i.test(word)) throw this.#failed(`unknown keyword '${word}'`);
    const value = (type: GVariantType) => {
      if (type.code === "d") return realValue(word);
      const integer = integerValue(word);
      return type.code === "x" || type.code === "t" ? integer : Number(integer);
    };
    return { pattern: real ? "d" : "N", value };
  }

  #array(): Expression {
    const items = this.#list("]");
    let pattern = "*";
    for (const item of items) {
      const common = unify(pattern, item.pattern);
      if (common === undefined) throw this.#failed("unable to find a common type");
      pattern = common;
    }
    const value = ({ members }: GVariantType) => {
      const values = items.map((item) => valueOf(item, members[0]!));
      return members[0]!.code === "y" ? Buffer.from(values as number[]) : values;
    };
    return { pattern: `a${pattern}`, value };
  }

  #tuple(): Expression {
    const items = this.#list(")");
    return {
      pattern: `(${items.map(({ pattern }) => pattern).join("")})`,
      value: ({ members }) => items.map((item, index) => valueOf(item, members[index]!)),
    };
  }

  /** `{key: value, ...}`, or one entry `{key, value}`. */
  #dictionary(): Expression {
    this.#at++;
    const entries: [Expression, Expression][] = [];
    let [keys, values] = ["*", "*"];
    while (!this.#take("}")) {
      if (entries.length > 0) this.#expect(",");
      const key = this.#expression();
      this.#expect(":");
      const value = this.#expression();
      const [commonKey, commonValue] = [unify(keys, key.pattern), unify(values, value.pattern)];
      if (commonKey === undefined || commonValue === undefined) throw this.#failed("unable to find a common type");
      [keys, values] = [commonKey, commonValue];
      entries.push([key, value]);
    }
    return {
      pattern: entries.length === 0 ? "a{**}" : `a{${keys}${values}}`,
      value: ({ members }) => {
        const [key, value] = members[0]!.members;
        return new Map(entries.map(([k, v]) => [valueOf(k, key!) as string, valueOf(v, value!)]));
      },
    };
  }

  #variant(): Expression {
    this.#at++;
    const inner = this.#expression();
    this.#expect(">");
    const type = settle(inner.pattern);
    if (type.includes("*")) throw this.#failed("unable to infer type");
    return { pattern: "v", value: () => ({ type, value: valueOf(inner, gvariantType(type)) }) };
  }

  #list(close: string): Expression[] {
    this.#at++;
    const items: Expression[] = [];
    while (!this.#take(close)) {
      if (items.length > 0) {
        this.#expect(",");
        // A tuple of one has a comma after it.
        if (close === ")" && this.#take(close)) return items;
      }
      items.push(this.#expression());
    }
    return items;
  }

  #quoted(): string {
    const { body } = this.#literal(0);
    return body.replace(/\\(u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8}|\n|.)/gs, (_, escape: string) => {
      if (/^[uU]./.test(escape)) return this.#codePoint(Number.parseInt(escape.slice(1), 16));
      return escape === "\n" ? "" : (named[escape] ?? escape);
    });
  }

  #codePoint(code: number): string {
    if (code > 0 && code < 0x110000 && (code < 0xd800 || code > 0xdfff)) return String.fromCodePoint(code);
    throw this.#failed("invalid character escape");
  }

  /** C escapes, and the final NUL that a byte string has. */
  #byteString(): Buffer {
    const { body } = this.#literal(1);
    const plain: number[] = [];
    for (const [, escape, letter] of body.matchAll(/\\([0-7]{1,3}|\n|.)|([^\\]+)/gs)) {
      if (letter !== undefined) plain.push(...Buffer.from(letter));
      else if (/^[0-7]/.test(escape!)) plain.push(Number.parseInt(escape!, 8) & 0xff);
      else if (escape !== "\n") plain.push(...Buffer.from(named[escape!] ?? escape!));
    }
    return Buffer.from([...plain, 0]);
  }

  /** @param skip letters before the quotation mark */
  #literal(skip: number): { body: string } {
    const start = this.#at + skip;
    const mark = this.#text[start];
    let end = start + 1;
    while (end < this.#text.length && this.#text[end] !== mark) end += this.#text[end] === "\\" ? 2 : 1;
    if (end >= this.#text.length) throw this.#failed("unterminated string constant");
    this.#at = end + 1;
    return { body: this.#text.slice(start + 1, end) };
  }

  #blank(): void {
    while (/\s/.test(this.#text[this.#at] ?? "")) this.#at++;
  }

  #take(token: string): boolean {
    this.#blank();
    if (this.#text[this.#at] !== token) return false;
    this.#at++;
    return true;
  }

  #expect(token: string): void {
    if (!this.#take(token)) throw this.#failed(`expected '${token}'`);
  }

  #failed(message: string) {
    return failed(message, this.#text, this.#at);
  }
}

const named: Readonly<Record<string, string>> = {
  a: "\x07",
  b: "\b",
  f: "\f",
  n: "\n",
  r: "\r",
  t: "\t",
  v: "\v",
};

function constant(pattern: string, value: GVariantValue): Expression {
  return { pattern, value: () => value };
}

function text(value: string): Expression {
  return constant("S", value);
}

function bytes(value: Buffer): Expression {
  return constant("ay", value);
}

function realValue(word: string): number {
  const lower = word.toLowerCase().replace(/^\+/, "");
  if (lower.endsWith("inf")) return lower.startsWith("-") ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY;
  return Number(lower.replace(/^nan$/, "NaN"));
}

function integerValue(word: string): bigint {
  const [, sign, digits] = /^([-+]?)(.+)$/.exec(word)!;
  // strtoull with base 0: a leading 0 means octal.
  const octal = /^0[0-7]+$/.test(digits!) ? `0o${digits!.slice(1)}` : digits!;
  return sign === "-" ? -BigInt(octal) : BigInt(octal);
}
