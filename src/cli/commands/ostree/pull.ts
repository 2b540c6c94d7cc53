// SPDX-License-Identifier: Apache-2.0
import type { PullStats, SignatureResult } from "../../../ostree/index.ts";
import { defineCommand, type Invocation, type OptionDeclaration } from "../../command.ts";
import { cliError } from "../../errors.ts";
import { argument, integerOption, openRepo, repoOption } from "./open-repo.ts";
import { formatSize } from "../../render/columns.ts";

/** Options that `pull` and `pull-local` share. */
export const transferOptions: readonly OptionDeclaration[] = [
  { name: "commit-metadata-only", help: "Fetch only the commit metadata" },
  { name: "disable-fsync", help: "Do not invoke fsync()" },
  { name: "per-object-fsync", help: "Perform writes in such a way that avoids stalling concurrent processes" },
  { name: "untrusted", help: "Verify checksums of local sources (always enabled for HTTP pulls)" },
  { name: "bareuseronly-files", help: "Reject regular files with mode outside of 0775 (world writable, suid, etc.)" },
  { name: "require-static-deltas", help: "Require static deltas" },
  { name: "disable-static-deltas", help: "Do not use static deltas" },
  { name: "disable-verify-bindings", help: "Do not verify commit bindings" },
  { name: "depth", value: "DEPTH", help: "Traverse DEPTH parents (-1=infinite) (default: 0)" },
];

/** What those options mean for the engine. */
export function transferChoices(invocation: Invocation) {
  const fsync = invocation.flag("disable-fsync") ? { fsync: false } : {};
  const each = invocation.flag("per-object-fsync") ? { perObjectFsync: true } : {};
  const depth = integerOption(invocation, "depth") ?? 0;
  if (depth < -1) throw cliError("usage", "--depth must be -1 or more");
  return {
    ...fsync,
    ...each,
    commitMetadataOnly: invocation.flag("commit-metadata-only"),
    untrusted: invocation.flag("untrusted"),
    bareUserOnlyFiles: invocation.flag("bareuseronly-files"),
    requireDeltas: invocation.flag("require-static-deltas"),
    disableDeltas: invocation.flag("disable-static-deltas"),
    verifyBindings: !invocation.flag("disable-verify-bindings"),
    depth,
  };
}

/** What a pull did, and what it found out about the signatures of each commit. */
interface Pulled extends PullStats {
  readonly verified: readonly string[];
}

export default defineCommand<Pulled>({
  path: ["ostree", "pull"],
  summary: "Download data from remote repository",
  json: true,
  examples: [
    { command: "atomic ostree pull origin debian/13/x86_64/container-host", text: "Pull the newest commit of a ref" },
    { command: "atomic ostree pull --mirror origin", text: "Copy every ref of a repository" },
    { command: "atomic ostree pull --limit-rate=2M origin main", text: "Leave bandwidth to others" },
  ],
  arguments: [
    { name: "REMOTE", optional: true },
    { name: "BRANCH", optional: true, repeat: true },
  ],
  options: [
    repoOption,
    ...transferOptions,
    { name: "cache-dir", value: "DIR", help: "Use custom cache dir" },
    { name: "mirror", help: "Write refs suitable for a mirror and fetches all refs if none provided" },
    { name: "subpath", value: "PATH", repeat: true, help: "Only pull the provided subpath(s)" },
    { name: "http-trusted", help: "Do not verify checksums of HTTP sources (mostly useful when mirroring)" },
    { name: "dry-run", help: "Only print information on what will be downloaded (requires static deltas)" },
    { name: "url", value: "URL", help: "Pull objects from this URL instead of the one from the remote config" },
    { name: "http-header", value: "NAME=VALUE", repeat: true, help: "Add NAME=VALUE as HTTP header to all requests" },
    {
      name: "update-frequency",
      value: "FREQUENCY",
      help: "Sets the update frequency, in milliseconds (0=1000ms) (default: 0)",
    },
    {
      name: "network-retries",
      value: "N",
      help: "Specifies how many times each download should be retried upon error (default: 5)",
    },
    {
      name: "disable-retry-on-network-errors",
      help: "Do not retry when network issues happen, instead fail automatically",
    },
    {
      name: "low-speed-limit-bytes",
      value: "N",
      help: "Bytes a second below which a transfer is slow (default: 1000)",
    },
    {
      name: "low-speed-time-seconds",
      value: "N",
      help: "Seconds after which a slow transfer is given up (default: 30)",
    },
    {
      name: "max-outstanding-fetcher-requests",
      value: "N",
      help: "The max amount of concurrent connections allowed. (default: 8)",
    },
    { name: "limit-rate", value: "SPEED", help: "Receive at most SPEED bytes a second; 500K, 2.5M (as in curl)" },
    {
      name: "localcache-repo",
      short: "L",
      value: "REPO",
      repeat: true,
      help: "Add REPO as local cache source for objects during this pull",
    },
    { name: "timestamp-check", short: "T", help: "Require fetched commits to have newer timestamps" },
    {
      name: "timestamp-check-from-rev",
      value: "REV",
      help: "Require fetched commits to have newer timestamps than given rev",
    },
    { name: "append-user-agent", value: "TEXT", hidden: true, help: "Append string to user agent" },
  ],
  async run(invocation) {
    const { remote, refs } = remoteAndRefs(invocation);
    const dryRun = invocation.flag("dry-run");
    if (dryRun && !invocation.flag("require-static-deltas")) {
      throw cliError("usage", "--dry-run requires --require-static-deltas");
    }
    const { pull, Repo, verificationText } = await import("../../../ostree/index.ts");
    const repo = await openRepo(invocation);
    const verified: string[] = [];
    const choices = {
      ...transferChoices(invocation),
      ...given(await networkChoices(invocation)),
      remote,
      refs,
      dryRun,
      mirror: invocation.flag("mirror"),
      httpTrusted: invocation.flag("http-trusted"),
      subpaths: invocation.values("subpath").map(absolute),
      localCaches: invocation.values("localcache-repo").map((path) => Repo.open(path)),
      timestampCheck: invocation.flag("timestamp-check"),
      onSignatures: (_: unknown, results: readonly SignatureResult[]) => verified.push(verificationText(results)),
    };
    return { ...(await pull(repo, choices, invocation.progress)), verified };
  },
  render: (pulled) => [...pulled.verified, pullText(pulled)].join("\n"),
});

/** How to talk to the server; what was not said is `undefined`. */
async function networkChoices(invocation: Invocation) {
  return {
    url: invocation.value("url"),
    timestampCheckFrom: invocation.value("timestamp-check-from-rev"),
    cacheDirectory: invocation.value("cache-dir"),
    appendUserAgent: invocation.value("append-user-agent"),
    httpHeaders: Object.fromEntries(invocation.values("http-header").map(header)),
    retries: positive(invocation, "network-retries"),
    retryNetworkErrors: invocation.flag("disable-retry-on-network-errors") ? false : undefined,
    lowSpeed: positive(invocation, "low-speed-limit-bytes"),
    idleSeconds: positive(invocation, "low-speed-time-seconds") || undefined,
    maxRequests: positive(invocation, "max-outstanding-fetcher-requests") || undefined,
    updateFrequency: positive(invocation, "update-frequency") || undefined,
    limitRate: await rateOption(invocation),
  };
}

function given<T extends object>(choices: T) {
  const entries = Object.entries(choices).filter(([, value]) => value !== undefined);
  return Object.fromEntries(entries) as { [Key in keyof T]: Exclude<T[Key], undefined> };
}

/** As GLib's integers of libostree: a negative one means that the default is meant. */
function positive(invocation: Invocation, name: string): number | undefined {
  const value = integerOption(invocation, name);
  return value === undefined || value < 0 ? undefined : value;
}

async function rateOption(invocation: Invocation): Promise<number | undefined> {
  const text = invocation.value("limit-rate");
  if (text === undefined || text === "0") return undefined;
  const { parseRate } = await import("../../../ostree/index.ts");
  const rate = parseRate(text);
  if (rate === undefined) throw cliError("usage", `--limit-rate=${text} is no rate like 500K or 2.5M`);
  return rate;
}

function absolute(path: string): string {
  if (path.startsWith("/")) return path;
  throw cliError("usage", `--subpath=${path} must begin with a slash`);
}

/** `REMOTE BRANCH...` or `REMOTE:BRANCH`. */
function remoteAndRefs(invocation: Invocation): { remote: string; refs: string[] } {
  const first = argument(invocation, 0, "REMOTE must be specified");
  const colon = first.indexOf(":");
  if (colon < 0) return { remote: first, refs: invocation.args.slice(1) };
  return { remote: first.slice(0, colon), refs: [first.slice(colon + 1)] };
}

function header(text: string): [string, string] {
  const equals = text.indexOf("=");
  if (equals < 0) throw cliError("usage", "Missing '=' in --http-header");
  return [text.slice(0, equals), text.slice(equals + 1)];
}

/** The line that stock prints when its output is not a terminal (ostree-repo-pull.c). */
export function pullText(stats: PullStats): string {
  if (stats.dryRun) return dryRunText(stats.dryRun);
  const { local, importedMetadata, importedContent, transferred } = stats;
  if (local) {
    const counts = `${importedMetadata} metadata, ${importedContent} content objects imported`;
    return `${counts}; ${formatSize(stats.contentWritten)} content written`;
  }
  const loose = stats.fetchedMetadata + stats.fetchedContent;
  const fetched =
    stats.deltaParts > 0
      ? `${stats.deltaParts} delta parts, ${loose} loose fetched`
      : `${stats.fetchedMetadata} metadata, ${stats.fetchedContent} content objects fetched`;
  const near =
    importedMetadata + importedContent > 0 ? ` (${importedMetadata} meta, ${importedContent} content local)` : "";
  const amount = transferred < 1024 ? `${transferred} B` : `${Math.floor(transferred / 1024)} KiB`;
  const moved = transferred > 0 ? `; ${amount} transferred in ${Math.floor(stats.seconds)} seconds` : "";
  return `${fetched}${near}${moved}; ${formatSize(stats.contentWritten)} content written`;
}

function dryRunText(cost: NonNullable<PullStats["dryRun"]>): string {
  const { parts, partBytes, uncompressedBytes, presentParts, presentBytes } = cost;
  const sizes = `${formatSize(presentBytes)}/${formatSize(partBytes)}, ${formatSize(uncompressedBytes)} total uncompressed`;
  return `Delta update: ${presentParts}/${parts} parts, ${sizes}`;
}
