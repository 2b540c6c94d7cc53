// SPDX-License-Identifier: Apache-2.0
import type { PullStats } from "../../../ostree/index.ts";
import { defineCommand, type Invocation, type OptionDeclaration } from "../../command.ts";
import { cliError } from "../../errors.ts";
import { argument, formatSize, integerOption, openRepo, refuse, repoOption } from "./open-repo.ts";

/** Options that `pull` and `pull-local` share. */
export const transferOptions: readonly OptionDeclaration[] = [
  { name: "commit-metadata-only", help: "Fetch only the commit metadata" },
  { name: "disable-fsync", help: "Do not invoke fsync()" },
  { name: "per-object-fsync", hidden: true, help: "Not supported: a transaction's objects are flushed together" },
  { name: "untrusted", help: "Verify checksums of local sources (always enabled for HTTP pulls)" },
  { name: "bareuseronly-files", help: "Reject regular files with mode outside of 0775 (world writable, suid, etc.)" },
  { name: "require-static-deltas", hidden: true, help: "Not supported" },
  { name: "disable-verify-bindings", help: "Do not verify commit bindings" },
  { name: "depth", value: "DEPTH", help: "Traverse DEPTH parents (-1=infinite) (default: 0)" },
];

/** What those options mean for the engine. */
export function transferChoices(invocation: Invocation) {
  const fsync = invocation.flag("disable-fsync") ? { fsync: false } : {};
  return {
    ...fsync,
    commitMetadataOnly: invocation.flag("commit-metadata-only"),
    untrusted: invocation.flag("untrusted"),
    bareUserOnlyFiles: invocation.flag("bareuseronly-files"),
    verifyBindings: !invocation.flag("disable-verify-bindings"),
    depth: integerOption(invocation, "depth") ?? 0,
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
  ],
  arguments: [
    { name: "REMOTE", optional: true },
    { name: "BRANCH", optional: true, repeat: true },
  ],
  options: [
    repoOption,
    ...transferOptions,
    { name: "cache-dir", value: "DIR", hidden: true, help: "Not supported" },
    { name: "disable-static-deltas", help: "Do not use static deltas" },
    { name: "mirror", help: "Write refs suitable for a mirror and fetches all refs if none provided" },
    { name: "subpath", value: "PATH", repeat: true, help: "Only pull the provided subpath(s)" },
    { name: "http-trusted", help: "Accepted; checksums are verified all the same" },
    { name: "dry-run", hidden: true, help: "Not supported" },
    { name: "url", value: "URL", help: "Pull objects from this URL instead of the one from the remote config" },
    { name: "http-header", value: "NAME=VALUE", repeat: true, help: "Add NAME=VALUE as HTTP header to all requests" },
    {
      name: "update-frequency",
      value: "FREQUENCY",
      hidden: true,
      help: "Not supported: progress is shown as it comes",
    },
    {
      name: "network-retries",
      value: "N",
      help: "Specifies how many times each download should be retried upon error (default: 5)",
    },
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
  ],
  async run(invocation) {
    refuse(invocation, "cache-dir", "dry-run", "per-object-fsync", "require-static-deltas", "update-frequency");
    const { remote, refs } = remoteAndRefs(invocation);
    const { pull, Repo, verificationText } = await import("../../../ostree/index.ts");
    const repo = await openRepo(invocation);
    const verified: string[] = [];
    const optional = {
      url: invocation.value("url"),
      timestampCheckFrom: invocation.value("timestamp-check-from-rev"),
      retries: integerOption(invocation, "network-retries"),
    };
    const given = Object.fromEntries(Object.entries(optional).filter(([, value]) => value !== undefined));
    const stats = await pull(
      repo,
      {
        ...transferChoices(invocation),
        ...given,
        remote,
        refs,
        mirror: invocation.flag("mirror"),
        subpaths: invocation.values("subpath"),
        localCaches: invocation.values("localcache-repo").map((path) => Repo.open(path)),
        httpHeaders: Object.fromEntries(invocation.values("http-header").map(header)),
        timestampCheck: invocation.flag("timestamp-check"),
        onSignatures: (_, results) => verified.push(verificationText(results)),
      },
      invocation.progress,
    );
    return { ...stats, verified };
  },
  render: (pulled) => [...pulled.verified, pullText(pulled)].join("\n"),
});

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
  const { local, importedMetadata, importedContent, transferred } = stats;
  if (local) {
    const counts = `${importedMetadata} metadata, ${importedContent} content objects imported`;
    return `${counts}; ${formatSize(stats.contentWritten)} content written`;
  }
  const fetched = `${stats.fetchedMetadata} metadata, ${stats.fetchedContent} content objects fetched`;
  const near =
    importedMetadata + importedContent > 0 ? ` (${importedMetadata} meta, ${importedContent} content local)` : "";
  const amount = transferred < 1024 ? `${transferred} B` : `${Math.floor(transferred / 1024)} KiB`;
  const moved = transferred > 0 ? `; ${amount} transferred in ${Math.floor(stats.seconds)} seconds` : "";
  return `${fetched}${near}${moved}; ${formatSize(stats.contentWritten)} content written`;
}
