// SPDX-License-Identifier: Apache-2.0
import { closeSync, constants, fstatSync, openSync, readSync, rmSync } from "node:fs";
import { baseError, unlessErrno, writeAll } from "../../base/index.ts";

/** What of a response's head the client acts upon. */
export interface ResponseHead {
  readonly status: number;
  readonly reason: string;
  readonly headers: Pick<ReadonlyMap<string, string>, "get" | "has">;
  /** Whether the connection may be used for a further request (RFC 9112 section 9.3). */
  readonly keepAlive: boolean;
}

const headEnd = Buffer.from("\r\n\r\n");
/** A server cannot make us buffer a head without end. */
export const headLimit = 64 << 10;

/** Parses a response head that ends in an empty line. `undefined` when it is not HTTP/1. */
export function parseHead(text: string): ResponseHead | undefined {
  const line = /^HTTP\/1\.([01]) (\d{3})(?: ([^\r]*))?(?:\r\n|$)/.exec(text);
  if (!line) return undefined;
  const headers = new HeaderLines(text);
  const connection = headers.get("connection")?.toLowerCase();
  const keepAlive = line[1] === "1" ? connection !== "close" : connection === "keep-alive";
  return { status: Number(line[2]), reason: line[3] ?? "", headers, keepAlive };
}

/** Looked through when one is asked for: of most answers that is two. */
class HeaderLines {
  readonly #text: string;
  readonly #lower: string;

  constructor(text: string) {
    this.#text = text;
    this.#lower = text.toLowerCase();
  }

  /** @param name in lower case; the last of several counts */
  get(name: string): string | undefined {
    const start = this.#lower.lastIndexOf(`\r\n${name}:`);
    if (start < 0) return undefined;
    const from = start + name.length + 3;
    const end = this.#text.indexOf("\r\n", from);
    return this.#text.slice(from, end < 0 ? undefined : end).trim();
  }

  has(name: string): boolean {
    return this.#lower.includes(`\r\n${name}:`);
  }
}

/** Where a response's body goes: memory while it is small, a file when it grows. */
export interface Body {
  /** The whole body, unless it is in `file`. Valid until the next turn of the event loop: it may share a socket's buffer. */
  readonly bytes: Buffer;
  readonly file?: string;
  readonly size: number;
  /** Begun by an earlier process, which may have asked for another file by the same name. */
  readonly resumed?: boolean;
}

export interface BodyOptions {
  readonly url: string;
  /** Bytes at most; a body that is longer is an error. */
  readonly limit: number;
  /** A closer limit, told by the first bytes of the body. */
  readonly limitFrom?: ((head: Buffer) => number) | undefined;
  /** Name of a file for a body over `bufferLimit`; without it everything stays in memory. */
  readonly spill?: (() => string) | undefined;
  /** One 64-bit number, to which what comes is added. */
  readonly received?: SharedArrayBuffer;
}

/** Each thread has one counter, which thousands of bodies are added to. */
let counter: BigInt64Array | undefined;

function counterOf(received: SharedArrayBuffer): BigInt64Array {
  if (counter?.buffer !== received) counter = new BigInt64Array(received);
  return counter;
}

/** A body over this many bytes goes to a file, so that memory stays bounded. */
const bufferLimit = 4 << 20;

/**
 * Collects a body piece by piece. Throws `base-too-large` as soon as the limit is passed. It outlives its connection:
 * what it has is kept when the rest can be asked for (RFC 9110 section 14.2).
 */
export class BodySink {
  readonly #options: BodyOptions;
  #limit: number;
  #pieces: Buffer[] = [];
  #fd: number | undefined;
  #file: string | undefined;
  #size = 0;
  #resumed = false;
  readonly #received: BigInt64Array | undefined;
  /** Validator of the file on the server, when the rest is to be asked for: a strong entity tag or a date. */
  validator: string | undefined;

  constructor(options: BodyOptions) {
    this.#options = options;
    this.#limit = options.limit;
    this.#received = options.received && counterOf(options.received);
  }

  /** Goes on with what an earlier process had received of a large body; `undefined` when there is nothing. */
  static resume(options: BodyOptions, path: string): BodySink | undefined {
    const fd = unlessErrno(["ENOENT"], () => openSync(path, constants.O_RDWR | constants.O_APPEND));
    if (fd === undefined) return undefined;
    const sink = new BodySink(options);
    sink.#fd = fd;
    sink.#file = path;
    sink.#size = fstatSync(fd).size;
    sink.#resumed = true;
    const head = Buffer.alloc(Math.min(sink.#size, headBytes));
    readSync(fd, head, 0, head.length, 0);
    sink.#narrow(head);
    if (sink.#size > 0 && sink.#size <= sink.#limit) return sink;
    sink.discard();
    return undefined;
  }

  get size(): number {
    return this.#size;
  }

  push(piece: Buffer): void {
    if (this.#size === 0) this.#narrow(piece);
    this.expect(piece.length);
    this.#size += piece.length;
    if (this.#received) Atomics.add(this.#received, 0, BigInt(piece.length));
    if (this.#fd !== undefined) {
      writeAll(this.#fd, piece);
      return;
    }
    this.#pieces.push(piece);
    if (this.#size > bufferLimit && this.#options.spill) this.#openFile(this.#options.spill());
  }

  /** Checks an announced size before any byte of it is taken. */
  expect(more: number): void {
    if (this.#size + more > this.#limit) {
      throw baseError("too-large", `URI ${this.#options.url} exceeded maximum size of ${this.#limit} bytes`);
    }
  }

  finish(): Body {
    this.#close();
    const bytes = this.#pieces.length === 1 ? this.#pieces[0]! : Buffer.concat(this.#pieces);
    if (this.#file === undefined) return { bytes, size: this.#size };
    return { bytes, size: this.#size, file: this.#file, ...(this.#resumed ? { resumed: true } : {}) };
  }

  /** Keeps what was received for another attempt. */
  keep(): void {
    // Copies: a piece is a view of a socket's buffer.
    if (this.#pieces.length > 0) this.#pieces = [Buffer.concat(this.#pieces)];
  }

  /** Leaves a large body's file where it is, for another process. */
  abandon(): void {
    this.#close();
    this.#pieces = [];
  }

  /** Drops what was received. */
  discard(): void {
    this.#close();
    if (this.#file !== undefined) rmSync(this.#file, { force: true });
    this.#file = undefined;
    this.#pieces = [];
    this.#size = 0;
  }

  #narrow(head: Buffer): void {
    if (this.#options.limitFrom) this.#limit = Math.min(this.#limit, this.#options.limitFrom(head));
  }

  #close(): void {
    if (this.#fd !== undefined) closeSync(this.#fd);
    this.#fd = undefined;
  }

  #openFile(path: string): void {
    this.#fd = openSync(path, "w", 0o600);
    this.#file = path;
    for (const piece of this.#pieces) writeAll(this.#fd, piece);
    this.#pieces = [];
  }
}

/** Bytes of a body's beginning that tell its limit. */
const headBytes = 1024;

/** How the end of a body is known (RFC 9112 section 6.3). */
type Framing = { kind: "length"; left: number } | { kind: "chunked" } | { kind: "close" };

export function framingOf(head: ResponseHead): Framing {
  if (head.status === 204 || head.status === 304) return { kind: "length", left: 0 };
  if (head.headers.get("transfer-encoding")?.toLowerCase().includes("chunked") === true) return { kind: "chunked" };
  const length = head.headers.get("content-length");
  if (length === undefined) return { kind: "close" };
  const left = /^\d{1,15}$/.test(length) ? Number(length) : Number.NaN;
  if (!Number.isSafeInteger(left)) throw new Error(`not a content length: ${length}`);
  return { kind: "length", left };
}

/**
 * Cuts the byte stream of a connection into responses. `onHead` gives the sink of the body, `onEnd` is told that it is
 * complete. Pieces of a body are views of what was pushed: nothing is copied that arrives whole.
 */
export class ResponseParser {
  readonly #onHead: (head: ResponseHead) => BodySink;
  readonly #onEnd: () => void;
  #pending: Buffer = Buffer.alloc(0);
  #framing: Framing | undefined;
  #sink: BodySink | undefined;
  #chunkLeft = 0;
  /** In the lines after the last chunk. */
  #trailer = false;

  constructor(onHead: (head: ResponseHead) => BodySink, onEnd: () => void) {
    this.#onHead = onHead;
    this.#onEnd = onEnd;
  }

  /** Whether a response has begun and not ended. */
  get inResponse(): boolean {
    return this.#framing !== undefined || this.#pending.length > 0;
  }

  push(bytes: Buffer): void {
    let input = this.#pending.length > 0 ? Buffer.concat([this.#pending, bytes]) : bytes;
    for (;;) {
      const rest = this.#framing ? this.#body(input) : this.#head(input);
      if (rest === undefined) break;
      input = rest;
    }
  }

  /** The peer closed: that ends a body without a length, and is an error within any other. @returns whether all is well */
  close(): boolean {
    if (this.#framing?.kind === "close") {
      this.#end();
      return true;
    }
    return !this.inResponse;
  }

  #wait(input: Buffer): undefined {
    if (input.length > headLimit) throw new Error("a head or chunk line without end");
    // A copy: the piece of a socket's buffer would keep all of it alive.
    this.#pending = Buffer.from(input);
    return undefined;
  }

  #head(input: Buffer): Buffer | undefined {
    const end = input.indexOf(headEnd);
    if (end < 0) return input.length === 0 ? this.#idle() : this.#wait(input);
    this.#pending = Buffer.alloc(0);
    const head = parseHead(input.toString("latin1", 0, end));
    if (!head) throw new Error("the answer is not HTTP/1.1");
    const rest = input.subarray(end + 4);
    if (head.status < 200) return rest;
    this.#framing = framingOf(head);
    this.#sink = this.#onHead(head);
    if (this.#framing.kind === "length") this.#sink.expect(this.#framing.left);
    return rest;
  }

  #idle(): undefined {
    this.#pending = Buffer.alloc(0);
    return undefined;
  }

  #body(input: Buffer): Buffer | undefined {
    const framing = this.#framing!;
    if (framing.kind === "chunked") return this.#chunk(input);
    this.#pending = Buffer.alloc(0);
    if (framing.kind === "close") {
      if (input.length > 0) this.#sink!.push(input);
      return undefined;
    }
    const taken = input.subarray(0, Math.min(framing.left, input.length));
    if (taken.length > 0) this.#sink!.push(taken);
    framing.left -= taken.length;
    if (framing.left > 0) return undefined;
    this.#end();
    return input.subarray(taken.length);
  }

  #chunk(input: Buffer): Buffer | undefined {
    this.#pending = Buffer.alloc(0);
    if (this.#chunkLeft > 0) {
      const taken = input.subarray(0, Math.min(this.#chunkLeft, input.length));
      if (taken.length > 0) this.#sink!.push(Buffer.from(taken));
      this.#chunkLeft -= taken.length;
      return this.#chunkLeft > 0 ? undefined : input.subarray(taken.length);
    }
    const end = input.indexOf("\r\n");
    if (end < 0) return input.length === 0 ? undefined : this.#wait(input);
    const line = input.toString("latin1", 0, end);
    const rest = input.subarray(end + 2);
    if (this.#trailer) {
      if (line === "") this.#end();
      return rest;
    }
    if (line === "") return rest; // the line end after a chunk's data
    const size = /^([0-9a-fA-F]{1,8})(?:[;\s].*)?$/.exec(line)?.[1];
    if (size === undefined) throw new Error("a malformed chunk");
    this.#chunkLeft = Number.parseInt(size, 16);
    this.#trailer = this.#chunkLeft === 0;
    return rest;
  }

  #end(): void {
    this.#framing = undefined;
    this.#sink = undefined;
    this.#trailer = false;
    this.#onEnd();
  }
}
