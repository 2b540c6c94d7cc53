// SPDX-License-Identifier: Apache-2.0
import { baseError, download, getBytes } from "../../base/index.ts";
import { openRoute, type Route } from "./connect.ts";
import { Http1Connection } from "./http1.ts";
import { Http2Connection } from "./http2.ts";
import type { Answer, ClientOptions, Connection, ConnectionEvents, GetOptions, Pending, Protocol } from "./model.ts";
import { commonHeaders } from "./requests.ts";
import { type Body, BodySink, type ResponseHead } from "./response.ts";

/** What stands in the pool before the way to the server is there. */
class OpeningConnection implements Connection {
  readonly #waiting: Pending[] = [];
  #connection: Connection | undefined;
  #dead = false;

  get inFlight(): number {
    return this.#connection?.inFlight ?? this.#waiting.length;
  }

  get usable(): boolean {
    return !this.#dead && (this.#connection?.usable ?? true);
  }

  send(requests: Pending[]): void {
    if (this.#connection) this.#connection.send(requests);
    else this.#waiting.push(...requests);
  }

  /** @returns false when it was given up meanwhile */
  opened(connection: Connection): boolean {
    if (this.#dead) return false;
    this.#connection = connection;
    const waiting = this.#waiting.splice(0);
    if (waiting.length > 0) connection.send(waiting);
    return true;
  }

  /** @returns the requests that were to go this way */
  failed(): Pending[] {
    this.#dead = true;
    return this.#waiting.splice(0);
  }

  dropIfSlow(wanted: number): void {
    this.#connection?.dropIfSlow(wanted);
  }

  destroy(): void {
    this.#dead = true;
    this.#connection?.destroy();
  }
}

/** A relative name that means the same in a URL, as those of all objects: not each needs to be parsed. */
const plainName = /^[a-z0-9]+(?:\/[a-z0-9]+)*(?:\.[a-z]+)?$/;

/** Bytes that an attempt must have brought to count as progress, so that a large file survives many broken connections. */
const progressBytes = 1 << 20;

/**
 * HTTP client for many small files of one server: HTTP/2 where it is offered, else a few connections of HTTP/1.1, each
 * with several requests under way. It follows redirects, goes on with bodies that were cut off, and falls back to one
 * request at a time where a server breaks off pipelined ones.
 */
export class HttpClient implements Disposable {
  readonly options: ClientOptions;
  readonly #base: URL;
  /** What a plain name is put behind. */
  readonly #plainBase: { readonly path: string; readonly url: string };
  readonly #headers: Record<string, string>;
  readonly #waiting: Pending[] = [];
  readonly #connections = new Set<OpeningConnection>();
  readonly #timer: NodeJS.Timeout;
  #protocol: Protocol | undefined;
  #depth: number;
  #transferred = 0;
  #retryAt = 0;

  constructor(options: ClientOptions) {
    this.options = options;
    this.#base = new URL(options.url.endsWith("/") ? options.url : `${options.url}/`);
    if (this.#base.protocol !== "http:" && this.#base.protocol !== "https:") {
      throw baseError("http-status", `Invalid URI scheme in ${options.url}`);
    }
    const directory = new URL(".", this.#base);
    directory.username = directory.password = "";
    this.#plainBase = { path: directory.pathname, url: directory.href };
    this.#headers = commonHeaders(this.#base, options);
    this.#depth = options.depth ?? 32;
    this.#timer = setInterval(() => this.#dropSlow(), (options.idleSeconds ?? 30) * 1000).unref();
  }

  /** Bytes of bodies received so far. */
  get transferred(): number {
    return this.#transferred;
  }

  /** What was agreed on with the server; `undefined` before the first answer. */
  get protocol(): Protocol | undefined {
    return this.#protocol;
  }

  /**
   * Gets `name`, relative to the base. A missing file (403, 404, 410) is an answer without a body, as is 304 when
   * validators were given; every other status but 200 is an error, after retries where they can help.
   */
  get(name: string, options: GetOptions): Promise<Answer> {
    const { path, url } = this.#target(name);
    const done = Promise.withResolvers<Answer>();
    const { received } = this.options;
    const counted = received ? { ...options, received } : options;
    const pending: Pending = { path, url, options: counted, done, failures: 0 };
    const { resume } = options;
    if (resume !== undefined) pending.partial = BodySink.resume({ url, ...options }, resume);
    this.#waiting.push(pending);
    this.#pump();
    return done.promise;
  }

  #target(name: string): { path: string; url: string } {
    if (plainName.test(name)) return { path: `${this.#plainBase.path}${name}`, url: `${this.#plainBase.url}${name}` };
    const target = new URL(name, this.#base);
    target.username = target.password = "";
    return { path: `${target.pathname}${target.search}`, url: target.href };
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer);
    for (const connection of this.#connections) connection.destroy();
    for (const { partial } of this.#waiting) partial?.abandon();
  }

  /** One connection will do for HTTP/2, so the answer to that is awaited first. */
  get #connectionLimit(): number {
    const mayMultiplex = this.#base.protocol === "https:" && this.options.http2 !== false;
    const single = this.#protocol === "h2" || (mayMultiplex && this.#protocol === undefined);
    return single ? 1 : (this.options.connections ?? 4);
  }

  #pump(): void {
    if (this.#waiting.length === 0) return;
    const pause = this.#retryAt - Date.now();
    if (pause > 0) {
      setTimeout(() => this.#pump(), pause);
      return;
    }
    for (const connection of this.#connections) this.#fill(connection);
    while (this.#waiting.length > 0 && this.#connections.size < this.#connectionLimit) this.#fill(this.#open());
  }

  #fill(connection: Connection): void {
    const room = this.#depth - connection.inFlight;
    if (room <= 0 || !connection.usable) return;
    // Half-empty first: requests leave in bunches, one write(2) for many.
    if (this.#protocol !== "h2" && room < this.#depth / 2 && connection.inFlight > 0) return;
    const requests = this.#waiting.splice(0, room);
    if (requests.length > 0) connection.send(requests);
  }

  #open(): OpeningConnection {
    const opening = new OpeningConnection();
    this.#connections.add(opening);
    const events = this.#events(opening);
    openRoute(this.#base, this.options).then(
      (route) => {
        this.#protocol = route.protocol;
        if (!opening.opened(this.#connect(route, events))) route.socket.destroy();
        else this.#pump();
      },
      (error: Error) => events.closed(opening.failed(), error, 0),
    );
    return opening;
  }

  #connect({ socket, protocol, absolute, headers }: Route, events: ConnectionEvents): Connection {
    const base = this.#base;
    const { rateLimit } = this.options;
    if (protocol === "h2") return new Http2Connection(socket, { base, headers: this.#headers, rateLimit }, events);
    const origin = absolute ? base.origin : "";
    return new Http1Connection(
      socket,
      { host: base.host, headers: { ...headers, ...this.#headers }, origin, rateLimit },
      events,
    );
  }

  #events(connection: OpeningConnection): ConnectionEvents {
    return {
      ready: (protocol, depth) => {
        this.#protocol = protocol;
        if (depth !== undefined) this.#depth = depth;
        this.#pump();
      },
      answered: (pending, head, sink) => {
        this.#answer(pending, head, sink);
        this.#fill(connection);
      },
      failed: (pending, error) => {
        this.#retry(pending, error);
        this.#pump();
      },
      closed: (lost, error, answered) => {
        this.#connections.delete(connection);
        this.#lose(lost, error, answered);
      },
    };
  }

  #answer(pending: Pending, head: ResponseHead, sink: BodySink): void {
    const { status } = head;
    if (status === 200 || (status === 206 && sink.size > 0)) {
      const body = sink.finish();
      this.#transferred += body.size;
      pending.done.resolve(new ReceivedAnswer(200, head, body));
      return;
    }
    sink.discard();
    if (status === 403 || status === 404 || status === 410) pending.done.resolve({ status });
    else if (status === 304 && pending.options.validators) pending.done.resolve(new ReceivedAnswer(status, head));
    else if (head.headers.has("location") && status >= 300 && status < 400) {
      void this.#redirected(pending, new URL(head.headers.get("location")!, pending.url).href);
    } else if (this.#mayPass(status)) {
      this.#retry(pending, baseError("http-failed", answeredText(pending.url, status)));
      this.#pump();
    } else pending.done.reject(baseError("http-status", answeredText(pending.url, status)));
  }

  /** 416: what there was of the body is more than the server has; it was dropped. */
  #mayPass(status: number): boolean {
    if (status === 408 || status === 416 || status === 500) return true;
    return this.options.retryNetworkErrors !== false && (status > 500 || status === 429);
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
    if (this.#protocol !== "h2" && others.length > 0 && answered <= 1) this.#depth = 1;
    this.#waiting.unshift(...others);
    if (answered > 0 && !isFinal(error)) this.#waiting.unshift(first);
    else this.#retry(first, error);
    this.#pump();
  }

  #retry(pending: Pending, error: Error): void {
    const broken = !("code" in error && error.code === "base-http-failed");
    const final = isFinal(error) || (broken && this.options.retryNetworkErrors === false);
    if ((pending.partial?.size ?? 0) > progressBytes * (pending.failures + 1)) pending.failures = 0;
    pending.failures++;
    if (!final && pending.failures <= (this.options.retries ?? 5)) {
      this.#retryAt = Date.now() + Math.min(50 * 2 ** pending.failures, 5000);
      this.#waiting.push(pending);
      return;
    }
    pending.partial?.abandon();
    if (isFinal(error) || !broken) pending.done.reject(error);
    else
      pending.done.reject(
        baseError("http-failed", `While fetching ${pending.url}: ${error.message}`, { cause: error }),
      );
  }

  #dropSlow(): void {
    const { idleSeconds = 30, lowSpeed = 1000, rateLimit } = this.options;
    // A rate that is wanted slow is no sign of a dead connection.
    const speed = Math.min(lowSpeed, (rateLimit?.bytesPerSecond ?? Number.POSITIVE_INFINITY) / 100);
    for (const connection of this.#connections) connection.dropIfSlow(speed * idleSeconds);
  }
}

/** Its validators are read when they are asked for: those of objects never are. */
class ReceivedAnswer implements Answer {
  readonly status: number;
  readonly body?: Body;
  readonly #headers: ResponseHead["headers"];

  constructor(status: number, { headers }: ResponseHead, body?: Body) {
    this.status = status;
    this.#headers = headers;
    if (body) this.body = body;
  }

  get etag(): string | undefined {
    return this.#headers.get("etag");
  }

  get lastModified(): number | undefined {
    const modified = Date.parse(this.#headers.get("last-modified") ?? "");
    return Number.isNaN(modified) ? undefined : Math.floor(modified / 1000);
  }
}

/** Errors that another attempt cannot mend. */
function isFinal(error: Error): boolean {
  return "code" in error && ["base-too-large", "ENOSPC", "EDQUOT", "EIO"].includes(String(error.code));
}

function answeredText(url: string, status: number): string {
  return `While fetching ${url}: Server returned HTTP ${status}`;
}
