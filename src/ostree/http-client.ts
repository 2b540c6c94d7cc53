// SPDX-License-Identifier: Apache-2.0
import { connect, type Socket } from "node:net";
import { connect as connectTls } from "node:tls";
import { baseError, download, getBytes } from "../base/index.ts";
import { type Body, BodySink, type ResponseHead, ResponseParser } from "./http-response.ts";

/** What a client needs to know; plain data, so that it can be handed to a worker thread. */
export interface ClientOptions {
  /** Base of all requests; a name is appended with a slash between. */
  readonly url: string;
  /** Added to every request. */
  readonly headers?: Readonly<Record<string, string>>;
  readonly connections?: number;
  /** Requests sent on a connection before the first is answered. */
  readonly depth?: number;
  /** Attempts after a failure that may pass; libostree's default is 5. */
  readonly retries?: number;
  /** A connection that brings fewer than 1000 bytes a second for so long is given up (libostree: low-speed-time). */
  readonly idleSeconds?: number;
  readonly tls?: { readonly ca?: string; readonly cert?: string; readonly key?: string; readonly permissive?: boolean };
}

export interface GetOptions {
  readonly limit: number;
  readonly limitFrom?: (head: Buffer) => number;
  readonly spill?: () => string;
}

/** An answer: `body` is absent when the server says that it has no such file. */
export interface Answer {
  readonly status: number;
  readonly body?: Body;
}

interface Pending {
  readonly path: string;
  readonly url: string;
  readonly options: GetOptions;
  readonly done: PromiseWithResolvers<Answer>;
  failures: number;
}

/** Bytes per second below which a transfer counts as dead (libostree: low-speed-limit-bytes). */
const lowSpeed = 1000;

/**
 * HTTP/1.1 client for many small files of one server: a few connections, each with several requests under way
 * (RFC 9112 section 9.3.2). It speaks TLS as well, reads chunked bodies, follows redirects, and falls back to one
 * request at a time where a server breaks off pipelined ones.
 */
export class HttpClient implements Disposable {
  readonly options: ClientOptions;
  readonly #base: URL;
  readonly #waiting: Pending[] = [];
  readonly #connections = new Set<Connection>();
  readonly #timer: NodeJS.Timeout;
  #depth: number;
  #transferred = 0;
  #retryAt = 0;

  constructor(options: ClientOptions) {
    this.options = options;
    this.#base = new URL(options.url.endsWith("/") ? options.url : `${options.url}/`);
    if (this.#base.protocol !== "http:" && this.#base.protocol !== "https:") {
      throw baseError("http-status", `${options.url}: only http and https are supported`);
    }
    this.#depth = options.depth ?? 16;
    this.#timer = setInterval(() => this.#dropSlow(), (options.idleSeconds ?? 30) * 1000).unref();
  }

  /** Bytes of bodies received so far. */
  get transferred(): number {
    return this.#transferred;
  }

  /**
   * Gets `name`, relative to the base. A missing file (403, 404, 410) is an answer without a body; every other status
   * but 200 is an error, after retries where they can help.
   */
  get(name: string, options: GetOptions): Promise<Answer> {
    const target = new URL(name, this.#base);
    const done = Promise.withResolvers<Answer>();
    const path = `${target.pathname}${target.search}`;
    this.#waiting.push({ path, url: target.href, options, done, failures: 0 });
    this.#pump();
    return done.promise;
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer);
    for (const connection of this.#connections) connection.destroy();
  }

  #pump(): void {
    if (this.#waiting.length === 0) return;
    const pause = this.#retryAt - Date.now();
    if (pause > 0) {
      setTimeout(() => this.#pump(), pause);
      return;
    }
    for (const connection of this.#connections) this.#fill(connection);
    while (this.#waiting.length > 0 && this.#connections.size < (this.options.connections ?? 4)) {
      this.#fill(this.#open());
    }
  }

  #fill(connection: Connection): void {
    const room = this.#depth - connection.inFlight;
    if (room <= 0 || !connection.usable) return;
    // Half-empty first: requests leave in bunches, one write(2) for many.
    if (room < this.#depth / 2 && connection.inFlight > 0) return;
    connection.send(this.#waiting.splice(0, room));
  }

  #open(): Connection {
    const connection: Connection = new Connection(this.#base, this.options, {
      answered: (pending, head, body) => {
        this.#transferred += body.size;
        this.#answer(pending, head, body);
        this.#fill(connection);
      },
      closed: (lost, error, answered) => {
        this.#connections.delete(connection);
        this.#lose(lost, error, answered);
      },
    });
    this.#connections.add(connection);
    return connection;
  }

  #answer(pending: Pending, head: ResponseHead, body: Body): void {
    const { status } = head;
    if (status === 200) pending.done.resolve({ status, body });
    else if (status === 403 || status === 404 || status === 410) pending.done.resolve({ status });
    else if (head.headers.has("location") && status >= 300 && status < 400) {
      void this.#redirected(pending, new URL(head.headers.get("location")!, pending.url).href);
    } else if (status >= 500 || status === 408 || status === 429) {
      this.#retry(pending, baseError("http-failed", answeredText(pending.url, head)));
      this.#pump();
    } else pending.done.reject(baseError("http-status", answeredText(pending.url, head)));
  }

  /** A redirect leaves the pipeline: few servers answer objects so. Its own limit ends a loop. */
  async #redirected(pending: Pending, url: string): Promise<void> {
    const { limit, spill } = pending.options;
    const headers = this.#redirectHeaders(url);
    try {
      if (spill && limit > 64 << 20) {
        const file = spill();
        await download(url, file, { limit, headers });
        pending.done.resolve({ status: 200, body: { bytes: Buffer.alloc(0), file, size: 0 } });
        return;
      }
      const bytes = await getBytes(url, limit, { headers });
      if (bytes) this.#transferred += bytes.length;
      pending.done.resolve(bytes ? { status: 200, body: { bytes, size: bytes.length } } : { status: 404 });
    } catch (error) {
      pending.done.reject(error);
    }
  }

  /** Headers given for one server (they may hold a secret) are not sent to another. */
  #redirectHeaders(url: string): Record<string, string> {
    return new URL(url).origin === this.#base.origin ? { ...this.options.headers } : {};
  }

  /**
   * Requests without an answer when a connection ended. A server may close after any answer; only when it answered
   * nothing is that a failure, of the first request.
   */
  #lose(lost: Pending[], error: Error, answered: number): void {
    const [first, ...others] = lost;
    if (!first) return this.#pump();
    if (others.length > 0 && answered <= 1) this.#depth = 1;
    this.#waiting.unshift(...others);
    if (answered > 0 && !("code" in error && error.code === "base-too-large")) this.#waiting.unshift(first);
    else this.#retry(first, error);
    this.#pump();
  }

  #retry(pending: Pending, error: Error): void {
    const final = "code" in error && ["base-too-large", "ENOSPC", "EDQUOT", "EIO"].includes(String(error.code));
    pending.failures++;
    if (!final && pending.failures <= (this.options.retries ?? 5)) {
      this.#retryAt = Date.now() + Math.min(50 * 2 ** pending.failures, 5000);
      this.#waiting.push(pending);
    } else if (final || ("code" in error && error.code === "base-http-failed")) pending.done.reject(error);
    else pending.done.reject(baseError("http-failed", `${pending.url}: ${error.message}`, { cause: error }));
  }

  #dropSlow(): void {
    const wanted = lowSpeed * (this.options.idleSeconds ?? 30);
    for (const connection of this.#connections) connection.dropIfSlow(wanted);
  }
}

function answeredText(url: string, head: ResponseHead): string {
  return `${url}: the server answered ${head.status} ${head.reason}`.trimEnd();
}

interface ConnectionEvents {
  answered(pending: Pending, head: ResponseHead, body: Body): void;
  /** @param lost requests that were not answered @param answered how many were */
  closed(lost: Pending[], error: Error, answered: number): void;
}

/** Bytes kept of an error page. */
const errorPageLimit = 1 << 20;

class Connection {
  readonly #socket: Socket;
  readonly #host: string;
  readonly #headers: string;
  readonly #events: ConnectionEvents;
  readonly #parser: ResponseParser;
  readonly #inFlight: Pending[] = [];
  #head: ResponseHead | undefined;
  #sink: BodySink | undefined;
  #answered = 0;
  #received = 0;
  #closed = false;
  usable = true;

  constructor(base: URL, options: ClientOptions, events: ConnectionEvents) {
    this.#events = events;
    this.#host = base.host;
    this.#headers = headerLines(base, options);
    this.#parser = new ResponseParser(
      (head) => this.#begin(head),
      () => this.#finish(),
    );
    this.#socket = openSocket(base, options);
    this.#socket.setNoDelay(true);
    this.#socket.on("data", (bytes: Buffer) => this.#receive(bytes));
    this.#socket.on("error", (error) => this.#close(error));
    this.#socket.on("end", () => this.#ended());
    this.#socket.on("close", () => this.#close(new Error("the server closed the connection")));
  }

  get inFlight(): number {
    return this.#inFlight.length;
  }

  send(requests: Pending[]): void {
    this.#inFlight.push(...requests);
    const text = requests.map(({ path }) => `GET ${path} HTTP/1.1\r\nHost: ${this.#host}\r\n${this.#headers}\r\n`);
    this.#socket.write(text.join(""), "latin1");
  }

  destroy(): void {
    this.#closed = true;
    this.#parser.discard();
    this.#socket.destroy();
  }

  dropIfSlow(wanted: number): void {
    if (this.#inFlight.length > 0 && this.#received < wanted) {
      this.#close(new Error(`fewer than ${lowSpeed} bytes a second, given up`));
    }
    this.#received = 0;
  }

  #receive(bytes: Buffer): void {
    this.#received += bytes.length;
    try {
      this.#parser.push(bytes);
    } catch (error) {
      this.#close(error as Error);
    }
  }

  #begin(head: ResponseHead): BodySink {
    const pending = this.#inFlight[0];
    if (!pending) throw new Error("an answer to no request");
    this.#head = head;
    const options = head.status === 200 ? pending.options : { limit: errorPageLimit };
    this.#sink = new BodySink({ url: pending.url, ...options });
    return this.#sink;
  }

  #finish(): void {
    const pending = this.#inFlight.shift()!;
    const head = this.#head!;
    this.#answered++;
    if (!head.keepAlive) this.usable = false;
    this.#events.answered(pending, head, this.#sink!.finish());
    if (!head.keepAlive) this.#close(new Error("the server closed the connection"));
  }

  #ended(): void {
    const complete = this.#parser.close();
    this.#close(new Error(complete ? "the server closed the connection" : "the answer ended too early"));
  }

  #close(error: Error): void {
    if (this.#closed) return;
    this.usable = false;
    this.destroy();
    this.#events.closed(this.#inFlight.splice(0), error, this.#parser.inResponse ? 0 : this.#answered);
  }
}

function headerLines(base: URL, options: ClientOptions): string {
  const headers: Record<string, string> = { "User-Agent": "atomic-host", Accept: "*/*", ...options.headers };
  if (base.username !== "") {
    const credentials = `${decodeURIComponent(base.username)}:${decodeURIComponent(base.password)}`;
    headers["Authorization"] = `Basic ${Buffer.from(credentials).toString("base64")}`;
  }
  for (const [name, value] of Object.entries(headers)) {
    if (/[^!-9;-~]/.test(name) || /[\r\n\0]/.test(value)) {
      throw baseError("http-status", `not a valid HTTP header: ${JSON.stringify(name)}`);
    }
  }
  return Object.entries(headers)
    .map(([name, value]) => `${name}: ${value}\r\n`)
    .join("");
}

function openSocket(base: URL, options: ClientOptions): Socket {
  const host = base.hostname.replace(/^\[|\]$/g, "");
  if (base.protocol === "http:") return connect({ host, port: Number(base.port || 80) });
  const { ca, cert, key, permissive } = options.tls ?? {};
  return connectTls({
    host,
    port: Number(base.port || 443),
    servername: host,
    ALPNProtocols: ["http/1.1"],
    rejectUnauthorized: permissive !== true,
    ...(ca === undefined ? {} : { ca }),
    ...(cert === undefined ? {} : { cert }),
    ...(key === undefined ? {} : { key }),
  });
}
