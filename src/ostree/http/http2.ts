// SPDX-License-Identifier: Apache-2.0
import { type ClientHttp2Session, type ClientHttp2Stream, connect, type IncomingHttpHeaders } from "node:http2";
import type { Socket } from "node:net";
import type { Connection, ConnectionEvents, Pending } from "./model.ts";
import { type RateLimit, spendBytes } from "./rate-limit.ts";
import { keepPartial, ownHeaders, sinkFor } from "./requests.ts";
import type { BodySink, ResponseHead } from "./response.ts";

export interface Http2Options {
  readonly base: URL;
  readonly headers: Readonly<Record<string, string>>;
  readonly rateLimit?: RateLimit | undefined;
}

/** Streams under way when the server allows more. */
const streamLimit = 100;
/** A stream may send so much, and the connection so much, before we must have taken it (RFC 9113 section 5.2). */
const streamWindow = 4 << 20;
const sessionWindow = 16 << 20;

/** What there is of an answer. */
interface Under {
  readonly stream: ClientHttp2Stream;
  head?: ResponseHead;
  sink?: BodySink;
}

/** Requests side by side on one connection. */
export class Http2Connection implements Connection {
  readonly #session: ClientHttp2Session;
  readonly #options: Http2Options;
  readonly #events: ConnectionEvents;
  readonly #streams = new Map<Pending, Under>();
  #answered = 0;
  #received = 0;
  #closed = false;
  usable = true;

  constructor(socket: Socket, options: Http2Options, events: ConnectionEvents) {
    this.#options = options;
    this.#events = events;
    this.#session = connect(options.base.origin, {
      createConnection: () => socket,
      settings: { enablePush: false, initialWindowSize: streamWindow },
    });
    this.#session.on("connect", () => this.#session.setLocalWindowSize(sessionWindow));
    this.#session.on("remoteSettings", ({ maxConcurrentStreams }) =>
      events.ready("h2", Math.min(streamLimit, maxConcurrentStreams ?? streamLimit)),
    );
    this.#session.on("error", (error) => this.#close(error));
    // The streams that the server still answers end by themselves; the session closes after them.
    this.#session.on("goaway", () => (this.usable = false));
    this.#session.on("close", () => this.#close(new Error("the server closed the connection")));
  }

  get inFlight(): number {
    return this.#streams.size;
  }

  send(requests: Pending[]): void {
    for (const pending of requests) this.#request(pending);
  }

  destroy(): void {
    this.#closed = true;
    this.#session.destroy();
  }

  dropIfSlow(wanted: number): void {
    if (this.#streams.size > 0 && this.#received < wanted) {
      this.#close(new Error(`Operation too slow: fewer than ${wanted} bytes came in the time that is given`));
    }
    this.#received = 0;
  }

  #request(pending: Pending): void {
    const headers = { ...this.#options.headers, ...ownHeaders(pending) };
    const named = Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));
    const stream = this.#session.request({ ":path": pending.path, ...named }, { endStream: true });
    const under: Under = { stream };
    this.#streams.set(pending, under);
    const fail = (error: Error) => this.#fail(pending, under, error);
    stream.on("response", (fields) => {
      under.head = headOf(fields);
      under.sink = sinkFor(pending, under.head);
      const length = Number(under.head.headers.get("content-length") ?? 0);
      attempt(() => under.sink!.expect(length), fail);
    });
    stream.on("data", (bytes: Buffer) => {
      if (under.sink && this.#streams.has(pending)) this.#take(stream, bytes, under.sink, fail);
    });
    stream.on("error", fail);
    stream.on("close", () => fail(new Error("Transferred a partial file")));
    stream.on("end", () => {
      const { head, sink } = under;
      if (!head || !sink || stream.rstCode !== 0 || !this.#streams.delete(pending)) return;
      this.#answered++;
      this.#events.answered(pending, head, sink);
    });
  }

  #fail(pending: Pending, { stream, head, sink }: Under, error: Error): void {
    if (this.#closed || !this.#streams.delete(pending)) return;
    if ("code" in error && error.code === "base-too-large") sink?.discard();
    else keepPartial(pending, head, sink);
    stream.close();
    this.#events.failed(pending, error);
  }

  #take(stream: ClientHttp2Stream, bytes: Buffer, sink: BodySink, fail: (error: Error) => void): void {
    this.#received += bytes.length;
    attempt(() => sink.push(bytes), fail);
    const { rateLimit } = this.#options;
    const wait = rateLimit ? spendBytes(rateLimit, bytes.length) : 0;
    if (wait > 0) {
      stream.pause();
      setTimeout(() => stream.resume(), wait);
    }
  }

  #close(error: Error): void {
    if (this.#closed) return;
    this.usable = false;
    this.destroy();
    const lost = [...this.#streams.keys()];
    for (const [pending, { head, sink }] of this.#streams) keepPartial(pending, head, sink);
    this.#streams.clear();
    this.#events.closed(lost, error, this.#answered);
  }
}

function attempt(act: () => void, fail: (error: Error) => void): void {
  try {
    act();
  } catch (error) {
    fail(error as Error);
  }
}

function headOf(fields: IncomingHttpHeaders): ResponseHead {
  const headers = new Map<string, string>();
  for (const [name, value] of Object.entries(fields)) if (typeof value === "string") headers.set(name, value);
  return { status: Number(fields[":status"] ?? 0), reason: "", headers, keepAlive: true };
}
