// SPDX-License-Identifier: Apache-2.0
import { closeSync, openSync, rmSync, statSync } from "node:fs";
import type { IncomingMessage } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";
import { agentFor, type ConnectionSettings } from "./connection.ts";
import { baseError, unlessErrno } from "./errors.ts";
import { writeAll } from "./files.ts";

export interface RequestOptions {
  readonly headers?: Readonly<Record<string, string>>;
  /** Seconds without any byte after which an attempt fails; default 30. */
  readonly idleSeconds?: number;
  /** Attempts after a broken connection, a time-out or a 5xx/408/429 answer; default 4. */
  readonly retries?: number;
  readonly signal?: AbortSignal;
  readonly connection?: ConnectionSettings;
}

const redirectLimit = 10;

/** Gets a URL whole, `undefined` on 404 or 410. @param limit bytes at most: a server cannot exhaust our memory. */
export async function getBytes(url: string, limit: number, options: RequestOptions = {}): Promise<Buffer | undefined> {
  return retrying(url, options, async () => {
    const response = await request(url, options.headers ?? {}, options);
    if (response.statusCode === 404 || response.statusCode === 410) {
      response.resume();
      return undefined;
    }
    expectStatus(response, url, 200);
    const pieces: Buffer[] = [];
    let size = 0;
    for await (const piece of response as AsyncIterable<Buffer>) {
      size += piece.length;
      if (size > limit) throw baseError("too-large", `${url}: more than ${limit} bytes`);
      pieces.push(piece);
    }
    return Buffer.concat(pieces);
  });
}

export interface DownloadOptions extends RequestOptions {
  /** Exact size in bytes, when known; more is an error, less is resumed. */
  readonly size?: number;
  /** Bytes at most when the size is unknown. */
  readonly limit?: number;
  /** Told the bytes on disk so far. */
  readonly onBytes?: (done: number) => void;
}

/**
 * Downloads a URL to `path`, going on where an earlier attempt (of this or a former process) stopped.
 * The content is not verified: the caller checks it and removes what is wrong.
 */
export async function download(url: string, path: string, options: DownloadOptions = {}): Promise<void> {
  await retrying(url, options, async () => {
    const have = unlessErrno(["ENOENT"], () => statSync(path).size) ?? 0;
    if (options.size !== undefined && have === options.size) return;
    const start = options.size !== undefined && have > options.size ? 0 : have;
    const range = start > 0 ? { range: `bytes=${start}-` } : {};
    const response = await request(url, { ...options.headers, ...range }, options);
    if (response.statusCode === 416) {
      response.resume();
      rmSync(path, { force: true });
      throw baseError("http-failed", `${url}: the server's file is shorter than what was downloaded of it before`);
    }
    const resumed = response.statusCode === 206;
    if (!resumed) expectStatus(response, url, 200);
    await receive(response, url, path, resumed ? start : 0, options);
  });
}

async function receive(response: IncomingMessage, url: string, path: string, start: number, options: DownloadOptions) {
  const limit = options.size ?? options.limit ?? Number.MAX_SAFE_INTEGER;
  const fd = openSync(path, start > 0 ? "a" : "w");
  let size = start;
  try {
    for await (const piece of response as AsyncIterable<Buffer>) {
      size += piece.length;
      if (size > limit) throw baseError("too-large", `${url}: more than the announced ${limit} bytes`);
      writeAll(fd, piece);
      options.onBytes?.(size);
    }
  } finally {
    closeSync(fd);
  }
  if (options.size !== undefined && size < options.size) {
    throw baseError("http-failed", `${url}: ended after ${size} of ${options.size} bytes`);
  }
}

function expectStatus(response: IncomingMessage, url: string, wanted: number): void {
  if (response.statusCode === wanted) return;
  response.resume();
  const status = response.statusCode ?? 0;
  const code = status >= 500 || status === 408 || status === 429 ? "http-failed" : "http-status";
  throw baseError(code, `${url}: the server answered ${status} ${response.statusMessage ?? ""}`.trimEnd());
}

async function retrying<T>(url: string, options: RequestOptions, attempt: () => Promise<T>): Promise<T> {
  const retries = options.retries ?? 4;
  for (let failures = 0; ;) {
    try {
      return await attempt();
    } catch (error) {
      if (error instanceof Error && "code" in error && isFinal(String(error.code))) throw error;
      options.signal?.throwIfAborted();
      if (++failures > retries) {
        if (baseError.is(error, "http-failed")) throw error;
        throw baseError("http-failed", `${url}: ${(error as Error).message}`, { cause: error });
      }
      await sleep(Math.min(200 * 2 ** failures, 5000));
    }
  }
}

/** Errors that another attempt cannot mend: ours, and those of the local disk. */
function isFinal(code: string): boolean {
  return [
    "base-http-status",
    "base-too-large",
    "ENOSPC",
    "EDQUOT",
    "EROFS",
    "EACCES",
    "EIO",
    "ENOENT",
    "ERR_INVALID_URL",
  ].includes(code);
}

async function request(
  url: string,
  headers: Record<string, string>,
  options: RequestOptions,
  depth = 0,
  origin = new URL(url).origin,
): Promise<IncomingMessage> {
  const target = new URL(url);
  if (target.protocol !== "http:" && target.protocol !== "https:") {
    throw baseError("http-status", `${url}: only http and https are supported`);
  }
  // Loaded when needed: it costs 30 ms of every start-up.
  const { get } = target.protocol === "https:" ? await import("node:https") : await import("node:http");
  const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
  const idle = (options.idleSeconds ?? 30) * 1000;
  const own = await connectionOptions(target, origin, options.connection);
  const sent = get(
    target,
    { ...own.options, headers: { ...own.headers, ...headers }, signal: options.signal },
    resolve,
  );
  sent.setTimeout(idle, () => sent.destroy(new Error(`no data for ${idle / 1000} s`)));
  sent.on("error", reject);
  const response = await promise;
  const location = response.headers.location;
  if (location !== undefined && [301, 302, 303, 307, 308].includes(response.statusCode ?? 0)) {
    response.resume();
    if (depth >= redirectLimit) throw baseError("http-status", `${url}: more than ${redirectLimit} redirects`);
    return request(new URL(location, target).href, headers, options, depth + 1, origin);
  }
  return response;
}

/** Of requests that say nothing else: proxies are as the environment has them, which node's own agent does not look at. */
const defaultSettings: ConnectionSettings = {};

async function connectionOptions(target: URL, origin: string, settings = defaultSettings) {
  const headers = { "user-agent": settings.userAgent ?? "atomic-host" };
  const agent = await agentFor(settings, target.protocol as "http:" | "https:");
  // A redirect may lead to a server that the password is not for.
  const auth = settings.auth !== undefined && target.origin === origin ? { auth: settings.auth } : {};
  return { headers, options: { agent, ...auth } };
}
