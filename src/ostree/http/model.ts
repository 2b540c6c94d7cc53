// SPDX-License-Identifier: Apache-2.0
import type { Cookie } from "./cookies.ts";
import type { RateLimit } from "./rate-limit.ts";
import type { Body, BodySink, ResponseHead } from "./response.ts";

/** What a client needs to know; plain data, so that it can be handed to a worker thread. */
export interface ClientOptions {
  /** Base of all requests; a name is appended with a slash between. */
  readonly url: string;
  /** Added to every request. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Sent with the requests that they are meant for. */
  readonly cookies?: readonly Cookie[];
  readonly connections?: number;
  /** Requests sent on a connection before the first is answered. */
  readonly depth?: number;
  /** Attempts after a failure that may pass; libostree's default is 5. */
  readonly retries?: number;
  /** Try again after broken connections and all server errors, not only after 408 and 500; default true. */
  readonly retryNetworkErrors?: boolean;
  /** A connection slower than `lowSpeed` for so long is given up (libostree: low-speed-time-seconds, 30). */
  readonly idleSeconds?: number;
  /** Bytes per second (libostree: low-speed-limit-bytes, 1000). */
  readonly lowSpeed?: number;
  readonly tls?: TlsOptions;
  /** URL of a proxy; without it the environment's (`http_proxy`, `https_proxy`, `all_proxy`, `no_proxy`) is used. */
  readonly proxy?: string;
  /** Speak HTTP/2 where the server offers it by ALPN; default true. */
  readonly http2?: boolean;
  /** One 64-bit number, to which the bytes of bodies are added as they come. */
  readonly received?: SharedArrayBuffer;
  /** Shared by all clients that together must stay below a rate. */
  readonly rateLimit?: RateLimit;
}

/** PEM texts; `permissive` trusts every server. */
export interface TlsOptions {
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
  readonly permissive?: boolean;
}

export interface GetOptions {
  readonly limit: number;
  readonly limitFrom?: (head: Buffer) => number;
  /** Name of a file for a body that grows large. */
  readonly spill?: () => string;
  /** A file that has the beginning of the body: only the rest is asked for. */
  readonly resume?: string | undefined;
  /** As in ClientOptions, which gives it. */
  readonly received?: SharedArrayBuffer;
  /** Asks only for what changed since (RFC 9110 section 13.1). */
  readonly validators?: Validators;
}

export interface Validators {
  readonly etag?: string | undefined;
  /** Seconds since 1970. */
  readonly lastModified?: number | undefined;
}

/** An answer: `body` is absent when the server says that it has no such file, or that it has not changed (304). */
export interface Answer extends Validators {
  readonly status: number;
  readonly body?: Body;
}

/** A request that waits for its answer. */
export interface Pending {
  readonly path: string;
  readonly url: string;
  readonly options: GetOptions;
  readonly done: PromiseWithResolvers<Answer>;
  failures: number;
  /** What an earlier attempt brought of the body. */
  partial?: BodySink | undefined;
}

/** What a connection tells its client. */
export interface ConnectionEvents {
  /** Which protocol the server chose, and how many requests may be under way. */
  ready(protocol: Protocol, depth?: number): void;
  answered(pending: Pending, head: ResponseHead, sink: BodySink): void;
  /** One request failed; the connection goes on. */
  failed(pending: Pending, error: Error): void;
  /** @param lost requests that were not answered @param answered how many were */
  closed(lost: Pending[], error: Error, answered: number): void;
}

export type Protocol = "h2" | "http/1.1";

/** Requests go in, answers come out, by whatever protocol. */
export interface Connection {
  readonly inFlight: number;
  readonly usable: boolean;
  send(requests: Pending[]): void;
  /** Gives the connection up when it brought fewer bytes since the last call. */
  dropIfSlow(wanted: number): void;
  destroy(): void;
}
