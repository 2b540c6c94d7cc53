// SPDX-License-Identifier: Apache-2.0
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { ComposeOptions, ComposeResult, Treefile } from "../../../compose/index.ts";
import type { Repo } from "../../../ostree/index.ts";
import { defineCommand, type Invocation } from "../../command.ts";
import { cliError } from "../../errors.ts";
import { executablePath } from "../../executable.ts";
import { renderComposed } from "../../render/compose.ts";
import { cacheDir, composeOptions, lockfileOptions, openTreefile, readLocks } from "./shared.ts";

export default defineCommand<ComposeResult | Treefile["flattened"]>({
  path: ["compose", "tree"],
  summary: "Compose a tree from a treefile and commit it",
  description:
    "Chooses the packages, imports those that are new, runs their maintainer scripts in a sandbox, makes the initramfs, " +
    "gives the tree the shape of a deployment and commits it to the treefile's ref. Nothing is done when nothing changed.",
  examples: [
    {
      command: "atomic compose tree examples/debian-container-host.yaml --repo=repo",
      text: "Compose a container host",
    },
    { command: "atomic compose tree host.yaml --repo=repo --dry-run", text: "See which packages it would have" },
  ],
  arguments: [{ name: "TREEFILE" }],
  options: [
    { name: "repo", short: "r", value: "REPO", help: "Commit to this repository; made in mode archive when missing" },
    { name: "layer-repo", value: "REPO", help: "Take the refs of ostree-layers from there; default: --repo" },
    ...composeOptions,
    { name: "force-nocache", help: "Compose even if nothing changed" },
    { name: "download-only", help: "Download and import the packages, then stop" },
    { name: "dry-run", help: "Choose the packages and print them, then stop" },
    { name: "print-only", help: "Print the treefile with its includes merged in, then stop" },
    ...lockfileOptions,
    { name: "write-lockfile-to", value: "FILE", help: "Write the chosen packages to a lockfile" },
    { name: "ex-write-lockfile-to", value: "FILE", hidden: true, help: "As --write-lockfile-to" },
    { name: "disable-selinux", help: "Leave labels out, whatever the treefile says" },
    { name: "previous-commit", value: "COMMIT", help: "Compare with this commit instead of the one the ref is at" },
    { name: "previous-inputhash", value: "DIGEST", help: "Compare with this input hash instead of a commit's" },
    { name: "previous-version", value: "VERSION", help: "Count automatic versions on from this one" },
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
    { name: "touch-if-changed", value: "FILE", help: "Update the time stamp of a file if something was composed" },
    { name: "unchanged-exit-77", help: "Exit with 77 when nothing changed" },
    {
      name: "executable",
      value: "FILE",
      help: "Put this self-contained atomic program into the tree; default: itself",
    },
    { name: "unified-core", hidden: true, help: "Taken for rpm-ostree's sake: there is no other way" },
    { name: "ex-unified-core", hidden: true, help: "As --unified-core" },
    { name: "keep-workspace", hidden: true, help: "Leave the assembled tree in the cache directory" },
  ],
  json: true,
  async run(invocation) {
    const written = await openTreefile(invocation);
    const treefile = invocation.flag("disable-selinux") ? { ...written, selinux: false } : written;
    if (invocation.flag("print-only")) return treefile.flattened;
    const { composeTree } = await import("../../../compose/index.ts");
    const repo = await openRepo(invocation);
    const result = await composeTree({ ...(await readOptions(invocation, repo)), treefile, repo }, invocation.progress);
    await leaveMarks(invocation, repo, result);
    return result;
  },
  render: (result) => (isComposed(result) ? renderComposed(result) : JSON.stringify(result, undefined, 2)),
  exitCode: (result, invocation) =>
    isComposed(result) && !result.changed && invocation.flag("unchanged-exit-77") ? 77 : 0,
});

function isComposed(result: ComposeResult | Treefile["flattened"]): result is ComposeResult {
  return "inputHash" in result;
}

async function openRepo(invocation: Invocation): Promise<Repo> {
  const path = invocation.value("repo");
  if (path === undefined)
    throw cliError("usage", "no --repo given", { hint: "--repo=repo  makes one when it is missing" });
  const { Repo } = await import("../../../ostree/index.ts");
  return existsSync(join(path, "config")) ? Repo.open(path) : Repo.init(path, "archive");
}

async function readOptions(invocation: Invocation, repo: Repo): Promise<Omit<ComposeOptions, "treefile" | "repo">> {
  const { version, ...metadata } = addedMetadata(invocation);
  const [previousInputHash, previousVersion] = ["previous-inputhash", "previous-version"].map((name) =>
    invocation.value(name),
  );
  const writeLockfile = invocation.value("write-lockfile-to") ?? invocation.value("ex-write-lockfile-to");
  const [previous, parent] = ["previous-commit", "parent"].map((name) => {
    const rev = invocation.value(name);
    return rev === undefined ? undefined : repo.resolve(rev);
  });
  const executable = invocation.value("executable") ?? (await executablePath(invocation.progress));
  return {
    cacheDir: cacheDir(invocation),
    metadata: new Map(Object.entries(metadata)),
    ...(await readLocks(invocation)),
    ...(await layerRepo(invocation)),
    force: invocation.flag("force-nocache"),
    downloadOnly: invocation.flag("download-only"),
    dryRun: invocation.flag("dry-run"),
    offline: invocation.flag("cache-only"),
    keepWorkspace: invocation.flag("keep-workspace"),
    setRef: invocation.value("write-commitid-to") === undefined,
    ...(typeof version === "string" && { version }),
    ...(previousInputHash !== undefined && { previousInputHash }),
    ...(previousVersion !== undefined && { previousVersion }),
    ...(writeLockfile !== undefined && { writeLockfile }),
    ...(previous !== undefined && { previous }),
    ...(invocation.flag("no-parent") ? { parent: "none" as const } : parent !== undefined && { parent }),
    ...(executable !== undefined && { executable }),
    ...sourceDate(),
  };
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
function sourceDate(): { timestamp?: number } {
  const text = process.env["SOURCE_DATE_EPOCH"];
  return text !== undefined && /^\d{1,15}$/.test(text) ? { timestamp: Number(text) } : {};
}

async function leaveMarks(invocation: Invocation, repo: Repo, { ref, commit, changed }: ComposeResult): Promise<void> {
  if (commit === undefined) return;
  const marks: Record<string, () => string> = {};
  marks["write-commitid-to"] = () => `${commit}\n`;
  if (changed) {
    const { composeJson } = await import("../../../compose/index.ts");
    marks["write-composejson-to"] = () => `${JSON.stringify(composeJson(repo, commit, ref))}\n`;
    marks["touch-if-changed"] = () => "";
  }
  for (const [option, text] of Object.entries(marks)) {
    const path = invocation.value(option);
    if (path !== undefined) writeFileSync(path, text());
  }
}
