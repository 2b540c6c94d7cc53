// SPDX-License-Identifier: Apache-2.0
/** Options of the verbs that make trees and commits: `compose tree`, and the steps it can be done in. */
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { ComposeOptions, ComposeResult } from "../../../compose/index.ts";
import type { Repo } from "../../../ostree/index.ts";
import type { Invocation, OptionDeclaration } from "../../command.ts";
import { cliError } from "../../errors.ts";
import { executablePath } from "../../executable.ts";
import { cacheDir, composeOptions, lockfileOptions, readLocks } from "./shared.ts";

const repoOption: OptionDeclaration = {
  name: "repo",
  short: "r",
  value: "REPO",
  help: "Commit to this repository; made in mode archive when missing",
};

/** rpm-ostree has ways and places that are no choice here. */
const compatibilityOptions: readonly OptionDeclaration[] = [
  { name: "unified-core", hidden: true, help: "Taken for rpm-ostree's sake: there is no other way" },
  { name: "ex-unified-core", hidden: true, help: "As --unified-core" },
];

export const installOptions: readonly OptionDeclaration[] = [
  repoOption,
  { name: "layer-repo", value: "REPO", help: "Take the refs of ostree-layers from there; default: --repo" },
  ...composeOptions,
  {
    name: "source-root",
    value: "ROOT",
    help: "Take .repo files, their variables and keys, and the release number from this root instead of the treefile's directory",
  },
  { name: "proxy", value: "URL", help: "Use this proxy for repositories that name none of their own" },
  { name: "force-nocache", help: "Compose even if nothing changed" },
  { name: "download-only", help: "Download and import the packages, then stop" },
  { name: "download-only-rpms", help: "Download the packages, then stop" },
  { name: "dry-run", help: "Choose the packages and print them, then stop" },
  { name: "print-only", help: "Print the treefile with its includes merged in, then stop" },
  ...lockfileOptions,
  { name: "write-lockfile-to", value: "FILE", help: "Write the chosen packages to a lockfile" },
  { name: "ex-write-lockfile-to", value: "FILE", hidden: true, help: "As --write-lockfile-to" },
  { name: "disable-selinux", help: "Leave labels out, whatever the treefile says" },
  { name: "previous-commit", value: "COMMIT", help: "Compare with this commit instead of the one the ref is at" },
  { name: "previous-inputhash", value: "DIGEST", help: "Compare with this input hash instead of a commit's" },
  { name: "previous-version", value: "VERSION", help: "Count automatic versions on from this one" },
  { name: "touch-if-changed", value: "FILE", help: "Update the time stamp of a file if something was composed" },
  {
    name: "executable",
    value: "FILE",
    help: "Put this self-contained atomic program into the tree; default: itself",
  },
  {
    name: "script-timeout",
    value: "SECONDS",
    help: "End a package's script, or a program of the tree, that takes longer; default: 3600",
  },
  ...compatibilityOptions,
  { name: "workdir", value: "DIR", hidden: true, help: "No effect, as with rpm-ostree --unified-core" },
  { name: "workdir-tmpfs", hidden: true, help: "No effect, as with rpm-ostree" },
  { name: "keep-workspace", hidden: true, help: "Leave the assembled tree in the cache directory" },
];

export const commitOptions: readonly OptionDeclaration[] = [
  { name: "parent", value: "REV", help: "Parent of the commit; default: the commit that the ref is at" },
  { name: "no-parent", help: "Make a commit without parent" },
  {
    name: "add-metadata-string",
    value: "KEY=VALUE",
    repeat: true,
    help: "Add metadata to the commit; `version` too",
  },
  {
    name: "add-metadata-from-json",
    value: "FILE",
    repeat: true,
    help: "Add the keys of a JSON object to the commit's metadata",
  },
  { name: "write-commitid-to", value: "FILE", help: "Write the commit's checksum to a file; the ref is left alone" },
  {
    name: "write-composejson-to",
    value: "FILE",
    help: "Write what was composed, and which packages changed, as JSON",
  },
];

/** The options of `compose commit`, which installs nothing. */
export const commitRootOptions: readonly OptionDeclaration[] = [repoOption, ...commitOptions, ...compatibilityOptions];

export async function openRepo(invocation: Invocation): Promise<Repo> {
  const path = invocation.value("repo");
  if (path === undefined)
    throw cliError("usage", "no --repo given", { hint: "--repo=repo  makes one when it is missing" });
  const { Repo } = await import("../../../ostree/index.ts");
  return existsSync(join(path, "config")) ? Repo.open(path) : Repo.init(path, "archive");
}

export async function readInstallOptions(
  invocation: Invocation,
  repo: Repo,
): Promise<Omit<ComposeOptions, "treefile" | "repo">> {
  warnOfPlaces(invocation);
  useProxy(invocation.value("proxy"));
  const [previousInputHash, previousVersion, sourceRoot] = [
    "previous-inputhash",
    "previous-version",
    "source-root",
  ].map((name) => invocation.value(name));
  const writeLockfile = invocation.value("write-lockfile-to") ?? invocation.value("ex-write-lockfile-to");
  const previous = revision(invocation, repo, "previous-commit");
  const executable = invocation.value("executable") ?? (await executablePath(invocation.progress));
  const downloadOnly = downloadOf(invocation);
  return {
    cacheDir: cacheDir(invocation),
    ...(await readLocks(invocation)),
    ...(await layerRepo(invocation)),
    force: invocation.flag("force-nocache"),
    dryRun: invocation.flag("dry-run"),
    offline: invocation.flag("cache-only"),
    keepWorkspace: invocation.flag("keep-workspace"),
    ...(downloadOnly !== undefined && { downloadOnly }),
    ...(sourceRoot !== undefined && { sourceRoot }),
    ...(previousInputHash !== undefined && { previousInputHash }),
    ...(previousVersion !== undefined && { previousVersion }),
    ...(writeLockfile !== undefined && { writeLockfile }),
    ...(previous !== undefined && { previous }),
    ...(executable !== undefined && { executable }),
    ...scriptTimeout(invocation),
    ...sourceDate(),
  };
}

function scriptTimeout(invocation: Invocation): { scriptTimeout?: number } {
  const text = invocation.value("script-timeout");
  if (text === undefined) return {};
  // A timer holds no more milliseconds than 31 bits have, and one of them runs for twice the time.
  if (/^[1-9]\d{0,5}$/.test(text)) return { scriptTimeout: Number(text) };
  throw cliError("usage", `--script-timeout=${text}: a number of seconds up to 999999 wanted`);
}

export function readCommitOptions(
  invocation: Invocation,
  repo: Repo,
): Pick<ComposeOptions, "metadata" | "setRef" | "version" | "parent"> {
  const { version, ...metadata } = addedMetadata(invocation);
  const parent = revision(invocation, repo, "parent");
  return {
    metadata: new Map(Object.entries(metadata)),
    setRef: invocation.value("write-commitid-to") === undefined,
    ...(typeof version === "string" && { version }),
    ...(invocation.flag("no-parent") ? { parent: "none" as const } : parent !== undefined && { parent }),
  };
}

function revision(invocation: Invocation, repo: Repo, option: string) {
  const rev = invocation.value(option);
  return rev === undefined ? undefined : repo.resolve(rev);
}

function downloadOf(invocation: Invocation): ComposeOptions["downloadOnly"] {
  if (invocation.flag("download-only-rpms")) return "packages";
  return invocation.flag("download-only") ? "imported" : undefined;
}

/** The workspace is always below the cache directory, whose objects it shares. */
function warnOfPlaces({ value, flag, progress }: Invocation): void {
  if (value("workdir") !== undefined) progress({ type: "warning", text: "--workdir has no effect" });
  if (flag("workdir-tmpfs")) progress({ type: "warning", text: "--workdir-tmpfs has no effect" });
}

/** A repository's own `proxy` still counts (libdnf: `dnf_context_set_http_proxy`). */
function useProxy(proxy: string | undefined): void {
  if (proxy === undefined) return;
  const url = URL.parse(/^[a-z][a-z0-9+.-]*:\/\//i.test(proxy) ? proxy : `http://${proxy}`);
  if (url === null || !/^https?:$/.test(url.protocol)) {
    throw cliError("usage", `--proxy=${proxy}: only http and https proxies are used`);
  }
  process.env["http_proxy"] = process.env["https_proxy"] = url.href;
}

async function layerRepo(invocation: Invocation): Promise<{ layerRepo?: Repo }> {
  const path = invocation.value("layer-repo");
  if (path === undefined) return {};
  const { Repo } = await import("../../../ostree/index.ts");
  return { layerRepo: Repo.open(path) };
}

/** What the command line adds to the commit's metadata; a version is no metadata but decides it. */
function addedMetadata(invocation: Invocation): Record<string, unknown> {
  const files = invocation.values("add-metadata-from-json").map((path): Record<string, unknown> => {
    const value = parseJson(path);
    if (typeof value !== "object" || value === null || Array.isArray(value)) {
      throw cliError("usage", `--add-metadata-from-json=${path}: not a JSON object`);
    }
    return { ...value };
  });
  return Object.assign({}, ...files, Object.fromEntries(invocation.values("add-metadata-string").map(keyValue)));
}

function parseJson(path: string): unknown {
  try {
    return JSON.parse(readFileSync(path, "utf8"));
  } catch (error) {
    throw cliError("usage", `--add-metadata-from-json=${path}: ${(error as Error).message}`, { cause: error });
  }
}

function keyValue(text: string): [string, string] {
  const equals = text.indexOf("=");
  if (equals < 1) throw cliError("usage", `--add-metadata-string=${text}: KEY=VALUE wanted`);
  return [text.slice(0, equals), text.slice(equals + 1)];
}

/** https://reproducible-builds.org/specs/source-date-epoch/ */
export function sourceDate(): { timestamp?: number } {
  const text = process.env["SOURCE_DATE_EPOCH"];
  return text !== undefined && /^\d{1,15}$/.test(text) ? { timestamp: Number(text) } : {};
}

/** Leaves what the options for scripts ask for. */
export async function leaveMarks(
  invocation: Invocation,
  repo: Repo,
  { ref, commit, changed, stats }: Pick<ComposeResult, "ref" | "commit" | "changed" | "stats">,
): Promise<void> {
  if (changed) mark(invocation, "touch-if-changed", () => "");
  if (commit === undefined) return;
  mark(invocation, "write-commitid-to", () => `${commit}\n`);
  if (!changed) return;
  const { composeJson } = await import("../../../compose/index.ts");
  // The ref that was written: none where the commit's checksum goes to a file.
  const written = invocation.value("write-commitid-to") === undefined ? ref : undefined;
  mark(
    invocation,
    "write-composejson-to",
    () => `${JSON.stringify(composeJson(repo, commit, { ref: written, stats }))}\n`,
  );
}

function mark(invocation: Invocation, option: string, text: () => string): void {
  const path = invocation.value(option);
  if (path !== undefined) writeFileSync(path, text());
}
