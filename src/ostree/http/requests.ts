// SPDX-License-Identifier: Apache-2.0
/** What HTTP/1.1 and HTTP/2 have in common: a request's headers, and what a response's head means for its body. */
import { baseError } from "../../base/index.ts";
import { cookieHeader } from "./cookies.ts";
import type { ClientOptions, Pending } from "./model.ts";
import { basicCredentials } from "./proxy.ts";
import { BodySink, type ResponseHead } from "./response.ts";

/** Stock's, with the version of the interface that we keep to: servers and logs look for it (ostree-fetcher-curl.c). */
export const userAgent = "libostree/2026.4";

/** Headers of every request of a client. */
export function commonHeaders(base: URL, options: ClientOptions): Record<string, string> {
  const credentials = basicCredentials(base);
  const cookie = cookieHeader(options.cookies ?? [], base);
  const headers: Record<string, string> = {
    "User-Agent": userAgent,
    Accept: "*/*",
    ...(credentials === undefined ? {} : { Authorization: credentials }),
    ...(cookie === undefined ? {} : { Cookie: cookie }),
    ...options.headers,
  };
  for (const [name, value] of Object.entries(headers)) {
    if (/[^!-9;-~]/.test(name) || /[\r\n\0]/.test(value)) {
      throw baseError("http-status", `not a valid HTTP header: ${JSON.stringify(name)}`);
    }
  }
  return headers;
}

/** Headers of one request: only what is missing, only what changed. `undefined` for most. */
export function ownHeaders({ partial, options: { validators } }: Pending): Record<string, string> | undefined {
  if (partial) {
    const condition = partial.validator === undefined ? {} : { "If-Range": partial.validator };
    return { Range: `bytes=${partial.size}-`, ...condition };
  }
  if (!validators) return undefined;
  const { etag, lastModified } = validators;
  return {
    ...(etag === undefined ? {} : { "If-None-Match": etag }),
    ...(lastModified ? { "If-Modified-Since": new Date(lastModified * 1000).toUTCString() } : {}),
  };
}

/** Bytes kept of an error page. */
const errorPageLimit = 1 << 20;

/** Where the body of a response goes: on to what there is of it when the server sends only the rest. */
export function sinkFor(pending: Pending, head: ResponseHead): BodySink {
  const { partial, url, options } = pending;
  pending.partial = undefined;
  if (head.status === 206 && partial && rangeStart(head) === partial.size) return partial;
  partial?.discard();
  return new BodySink({ url, ...(head.status === 200 ? options : { limit: errorPageLimit }) });
}

function rangeStart({ headers }: ResponseHead): number | undefined {
  const match = /^bytes (\d{1,15})-/.exec(headers.get("content-range") ?? "");
  return match ? Number(match[1]) : undefined;
}

function strongValidator({ headers }: ResponseHead): string | undefined {
  const etag = headers.get("etag");
  return etag === undefined || etag.startsWith("W/") ? headers.get("last-modified") : etag;
}

/** After a broken connection: the next attempt asks for the rest. */
export function keepPartial(pending: Pending, head: ResponseHead | undefined, sink: BodySink | undefined): void {
  if (!sink || !head || (head.status !== 200 && head.status !== 206)) return;
  if (sink.size === 0) sink.discard();
  else {
    sink.keep();
    sink.validator = strongValidator(head);
    pending.partial = sink;
  }
}
