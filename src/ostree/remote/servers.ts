// SPDX-License-Identifier: Apache-2.0
/** The servers of a remote: from its URL, a list of mirrors, or a metalink (compute_effective_mirrorlist). */
import { readFileSync } from "node:fs";
import { ostreeError } from "../errors.ts";
import { HttpClient } from "../http/client.ts";
import type { ClientOptions, TlsOptions } from "../http/model.ts";
import { userAgent } from "../http/requests.ts";
import { newRateLimit, parseRate } from "../http/rate-limit.ts";
import type { PullOptions } from "../pull-options.ts";
import type { Remote } from "../remotes.ts";
import type { Repo } from "../repo.ts";
import { listCookies } from "./cookie-jar.ts";
import { checkMetalinked, metalinkLimit, parseMetalink } from "./metalink.ts";

/** libostree's default: 8 requests at a time. */
export const connectionLimit = 8;

/** What all requests of a pull have in common. */
export type TransferOptions = Omit<ClientOptions, "url">;

export function transferOptions(
  repo: Repo,
  remote: Remote | undefined,
  options: PullOptions,
  received?: SharedArrayBuffer,
): TransferOptions {
  const agent =
    options.appendUserAgent === undefined ? {} : { "User-Agent": `${userAgent} ${options.appendUserAgent}` };
  const rate = limitRate(repo, remote, options);
  const proxy = remote?.option("proxy");
  const given = {
    connections: options.maxRequests ?? connectionLimit,
    retries: options.retries,
    retryNetworkErrors: options.retryNetworkErrors,
    idleSeconds: options.idleSeconds,
    lowSpeed: options.lowSpeed,
    tls: remote && tlsOptions(remote),
    proxy: proxy === "" ? undefined : proxy,
    http2: remote?.boolean("http2"),
    received,
    cookies: remote && listCookies(repo, remote.name),
    rateLimit: rate === undefined ? undefined : newRateLimit(rate),
  };
  const known = Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined));
  return { ...known, headers: { ...agent, ...options.httpHeaders } };
}

/** The option, else the remote's `limit-rate`, else the repository's. */
function limitRate(repo: Repo, remote: Remote | undefined, options: PullOptions): number | undefined {
  if (options.limitRate !== undefined) return options.limitRate;
  const text = remote?.option("limit-rate") ?? repo.config.get("core", "limit-rate");
  if (text === undefined || text === "" || text === "0") return undefined;
  const rate = parseRate(text);
  if (rate === undefined) throw ostreeError("bad-config", `limit-rate=${text} is no rate like 500K or 2M`);
  return rate;
}

function tlsOptions(remote: Remote): TlsOptions {
  const [ca, cert, key] = ["tls-ca-path", "tls-client-cert-path", "tls-client-key-path"].map(remote.option);
  if ((cert === undefined) !== (key === undefined)) {
    throw ostreeError(
      "remote",
      `Remote "${remote.name}" must specify both "tls-client-cert-path" and "tls-client-key-path"`,
    );
  }
  for (const path of [cert, key]) {
    if (path?.startsWith("pkcs11:")) throw ostreeError("unsupported", `${path}: keys on tokens are not supported`);
  }
  const read = (path: string) => readFileSync(path, "utf8");
  return {
    ...(ca === undefined ? {} : { ca: read(ca) }),
    ...(cert === undefined ? {} : { cert: read(cert) }),
    ...(key === undefined ? {} : { key: read(key) }),
    permissive: remote.boolean("tls-permissive") ?? false,
  };
}

const mirrorPrefix = "mirrorlist=";
/** A list longer than this is none; more mirrors than these are not asked. */
const listLimit = 1 << 20;
const mirrorLimit = 100;

/** The servers that a URL of a remote's configuration stands for. */
export async function resolveServers(url: string, options: TransferOptions): Promise<ClientOptions[]> {
  if (!url.startsWith(mirrorPrefix)) return [{ ...options, url: checkedUrl(url) }];
  const list = url.slice(mirrorPrefix.length);
  const text = (await fetchWhole(list, listLimit, options, `While fetching mirrorlist '${list}': `)).toString("utf8");
  const mirrors = text
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => /^https?:\/\//.test(line) && URL.canParse(line))
    .slice(0, mirrorLimit);
  // Those before the first that works are left out: every request would be tried on them in vain.
  const working = await firstWorking(mirrors, options);
  if (working < 0) throw ostreeError("remote", `No valid mirrors were found in mirrorlist '${list}'`);
  return mirrors.slice(working).map((mirror) => ({ ...options, url: mirror }));
}

function checkedUrl(url: string): string {
  const parsed = URL.parse(url);
  if (parsed?.protocol === "http:" || parsed?.protocol === "https:") return url;
  throw ostreeError("remote", `Invalid URI scheme in ${url}`, { hint: "http, https and file are supported" });
}

/** A config file larger than this is none. */
const configLimit = 1 << 20;

async function firstWorking(mirrors: readonly string[], options: TransferOptions): Promise<number> {
  for (const [index, url] of mirrors.entries()) {
    using client = new HttpClient({ ...options, url, connections: 1 });
    const answer = await client.get("config", { limit: configLimit }).catch(() => undefined);
    if (answer?.body) return index;
  }
  return -1;
}

/** A file by its whole URL; it must be there. */
async function fetchWhole(url: string, limit: number, options: TransferOptions, prefix = ""): Promise<Buffer> {
  const place = new URL(checkedUrl(url));
  using client = new HttpClient({ ...options, url: new URL(".", place).href, connections: 1 });
  const { body, status } = await client.get(`${place.pathname.split("/").at(-1)}${place.search}`, { limit });
  if (body) return body.bytes;
  throw ostreeError("remote", `${prefix}While fetching ${url}: Server returned HTTP ${status}`);
}

/** Bytes of a summary at most (libostree: OSTREE_MAX_METADATA_SIZE). */
const summaryLimit = 128 << 20;

/** The first of a metalink's places that has the summary as it should be, and the repository around it. */
export async function resolveMetalink(
  url: string,
  options: TransferOptions,
): Promise<{ servers: ClientOptions[]; summary: Buffer }> {
  const file = parseMetalink((await fetchWhole(url, metalinkLimit, options)).toString("utf8"), "summary");
  let last = "";
  for (const place of file.urls) {
    try {
      const summary = await fetchWhole(place, summaryLimit, options);
      checkMetalinked(file, summary);
      return { summary, servers: [{ ...options, url: new URL(".", place).href.replace(/\/$/, "") }] };
    } catch (error) {
      last = (error as Error).message;
    }
  }
  throw ostreeError("remote", `Exhausted ${file.urls.length} metalink targets, last error: ${last}`);
}
