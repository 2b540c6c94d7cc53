// SPDX-License-Identifier: Apache-2.0
import type { Socket } from "node:net";
import type { Connection, ConnectionEvents, Pending } from "./model.ts";
import { type RateLimit, spendBytes } from "./rate-limit.ts";
import { keepPartial, ownHeaders, sinkFor } from "./requests.ts";
import { type BodySink, type ResponseHead, ResponseParser } from "./response.ts";

export interface Http1Options {
  readonly host: string;
  /** Sent with every request. */
  readonly headers: Readonly<Record<string, string>>;
  /** Before the path of each request: a proxy is told the whole URL. */
  readonly origin: string;
  readonly rateLimit?: RateLimit | undefined;
}

/** Pipelined requests on one connection (RFC 9112 section 9.3.2). */
export class Http1Connection implements Connection {
  readonly #socket: Socket;
  readonly #options: Http1Options;
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

  constructor(socket: Socket, options: Http1Options, events: ConnectionEvents) {
    this.#events = events;
    this.#options = options;
    this.#headers = headerLines(options.headers);
    this.#parser = new ResponseParser(
      (head) => this.#begin(head),
      () => this.#finish(),
    );
    this.#socket = socket;
    socket.on("data", (bytes: Buffer) => this.#receive(bytes));
    socket.on("error", (error) => this.#close(error));
    socket.on("end", () => this.#ended());
    socket.on("close", () => this.#close(new Error("the server closed the connection")));
    socket.resume();
  }

  get inFlight(): number {
    return this.#inFlight.length;
  }

  send(requests: Pending[]): void {
    this.#inFlight.push(...requests);
    const { host, origin } = this.#options;
    const text = requests.map((pending) => {
      const own = ownHeaders(pending);
      const more = own === undefined ? "" : headerLines(own);
      return `GET ${origin}${pending.path} HTTP/1.1\r\nHost: ${host}\r\n${this.#headers}${more}\r\n`;
    });
    this.#socket.write(text.join(""), "latin1");
  }

  destroy(): void {
    this.#closed = true;
    this.#socket.destroy();
  }

  dropIfSlow(wanted: number): void {
    if (this.#inFlight.length > 0 && this.#received < wanted) {
      this.#close(new Error(`Operation too slow: fewer than ${wanted} bytes came in the time that is given`));
    }
    this.#received = 0;
  }

  #receive(bytes: Buffer): void {
    this.#received += bytes.length;
    try {
      this.#parser.push(bytes);
    } catch (error) {
      this.#close(error as Error);
      return;
    }
    const { rateLimit } = this.#options;
    const wait = rateLimit ? spendBytes(rateLimit, bytes.length) : 0;
    if (wait > 0) {
      this.#socket.pause();
      setTimeout(() => this.#socket.resume(), wait);
    }
  }

  #begin(head: ResponseHead): BodySink {
    const pending = this.#inFlight[0];
    if (!pending) throw new Error("an answer to no request");
    this.#head = head;
    this.#sink = sinkFor(pending, head);
    return this.#sink;
  }

  #finish(): void {
    const pending = this.#inFlight.shift()!;
    const head = this.#head!;
    const sink = this.#sink!;
    this.#head = this.#sink = undefined;
    this.#answered++;
    if (!head.keepAlive) this.usable = false;
    this.#events.answered(pending, head, sink);
    if (!head.keepAlive) this.#close(new Error("the server closed the connection"));
  }

  #ended(): void {
    const complete = this.#parser.close();
    this.#close(new Error(complete ? "the server closed the connection" : "Transferred a partial file"));
  }

  #close(error: Error): void {
    if (this.#closed) return;
    this.usable = false;
    this.destroy();
    const inResponse = this.#parser.inResponse;
    if (this.#sink) this.#leave(this.#inFlight[0]!, this.#sink, error);
    this.#events.closed(this.#inFlight.splice(0), error, inResponse ? 0 : this.#answered);
  }

  #leave(pending: Pending, sink: BodySink, error: Error): void {
    if ("code" in error && error.code === "base-too-large") sink.discard();
    else keepPartial(pending, this.#head, sink);
  }
}

function headerLines(headers: Readonly<Record<string, string>>): string {
  return Object.entries(headers)
    .map(([name, value]) => `${name}: ${value}\r\n`)
    .join("");
}
