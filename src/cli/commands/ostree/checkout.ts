// SPDX-License-Identifier: Apache-2.0
import { readFileSync } from "node:fs";
import type { CheckoutOptions, Repo, UnionMode } from "../../../ostree/index.ts";
import { defineCommand, type Invocation } from "../../command.ts";
import { cliError } from "../../errors.ts";
import { argument, booleanOption, openRepo, repoOption } from "./open-repo.ts";

export default defineCommand({
  path: ["ostree", "checkout"],
  summary: "Check out a commit into a filesystem tree",
  examples: [{ command: "atomic ostree checkout -U -H main tree", text: "By hard link, as any user" }],
  arguments: [
    { name: "COMMIT", optional: true },
    { name: "DESTINATION", optional: true },
  ],
  options: [
    repoOption,
    { name: "user-mode", short: "U", help: "Do not change file ownership or initialize extended attributes" },
    { name: "disable-cache", help: "Do not update or use the internal repository uncompressed object cache" },
    { name: "subpath", value: "PATH", help: "Checkout sub-directory PATH" },
    { name: "union", help: "Keep existing directories, overwrite existing files" },
    { name: "union-add", help: "Keep existing files/directories, only add new" },
    {
      name: "union-identical",
      help: "When layering checkouts, error out if a file would be replaced with a different version",
    },
    { name: "whiteouts", help: "Process 'whiteout' (Docker style) entries" },
    { name: "process-passthrough-whiteouts", help: "Enable overlayfs whiteout extraction into char 0:0 devices" },
    { name: "allow-noent", help: "Do nothing if specified path does not exist" },
    { name: "from-stdin", help: "Process many checkouts from standard input" },
    { name: "from-file", value: "FILE", help: "Process many checkouts from input file" },
    { name: "fsync", value: "POLICY", help: "Specify how to invoke fsync()" },
    { name: "require-hardlinks", short: "H", help: "Do not fall back to full copies if hardlinking fails" },
    { name: "force-copy", short: "C", help: "Never hardlink (but may reflink if available)" },
    { name: "force-copy-zerosized", short: "z", hidden: true, help: "Accepted; empty files are always copied" },
    {
      name: "bareuseronly-dirs",
      short: "M",
      help: "Suppress mode bits outside of 0775 for directories (suid, world writable, etc.)",
    },
    { name: "skip-list", value: "FILE", help: "File containing list of files to skip" },
    {
      name: "selinux-policy",
      value: "PATH",
      help: "Set SELinux labels based on policy in root filesystem PATH (may be /); implies --force-copy",
    },
    {
      name: "selinux-prefix",
      value: "PREFIX",
      help: "When setting SELinux labels, prefix all paths by PREFIX",
    },
    { name: "composefs", help: "Only create a composefs blob" },
    { name: "composefs-noverity", help: "Only create a composefs blob, and disable fsverity" },
  ],
  async run(invocation) {
    const commit = argument(invocation, 0, "COMMIT must be specified");
    const options = readOptions(invocation);
    const repo = await openRepo(invocation);
    if (invocation.flag("composefs") || invocation.flag("composefs-noverity")) {
      return checkoutImage(invocation, repo, commit);
    }
    const list = invocation.flag("from-stdin") ? 0 : invocation.value("from-file");
    if (list !== undefined) return checkoutMany(repo, readFileSync(list), commit, options);
    const subpath = invocation.value("subpath");
    const one = subpath === undefined ? options : { ...options, subpath };
    const { checkout, tryFindInCommit } = await import("../../../ostree/index.ts");
    if (invocation.flag("allow-noent") && !tryFindInCommit(repo, repo.resolve(commit), subpath ?? "/")) return;
    await checkout(repo, commit, invocation.args[1] ?? commit, one);
  },
});

/** What an image cannot be made with: what process_one_checkout refuses, and what it would ignore. */
const flagsNotForImages = [
  "disable-cache",
  "whiteouts",
  "require-hardlinks",
  "union-add",
  "force-copy",
  "force-copy-zerosized",
  "bareuseronly-dirs",
  "union-identical",
  "process-passthrough-whiteouts",
  "from-stdin",
];
const valuesNotForImages = ["skip-list", "selinux-policy", "selinux-prefix", "subpath", "from-file"];

async function checkoutImage(invocation: Invocation, repo: Repo, commit: string): Promise<void> {
  const given =
    flagsNotForImages.some((name) => invocation.flag(name)) ||
    valuesNotForImages.some((name) => invocation.value(name) !== undefined);
  if (given) throw cliError("usage", "Specified options are incompatible with --composefs");
  const { composefsImage } = await import("../../../ostree/index.ts");
  const verity = invocation.flag("composefs-noverity") ? "none" : "compute";
  await composefsImage(repo, commit, invocation.args[1] ?? commit, { verity });
}

/** Pairs of revision and subpath, each ended by a NUL (process_many_checkouts). */
async function checkoutMany(repo: Repo, list: Buffer, destination: string, options: CheckoutOptions): Promise<void> {
  const { checkout } = await import("../../../ostree/index.ts");
  const items = list.toString().split("\0");
  for (let at = 0; at < items.length && items[at] !== ""; at += 2) {
    const subpath = items[at + 1];
    await checkout(repo, items[at]!, destination, subpath ? { ...options, subpath } : options);
  }
}

const unions: Readonly<Record<string, UnionMode>> = {
  union: "overwrite",
  "union-add": "add",
  "union-identical": "identical",
};

function readOptions(invocation: Invocation): CheckoutOptions {
  const given = Object.keys(unions).filter((name) => invocation.flag(name));
  if (given.length > 1) throw cliError("usage", `Cannot specify both --${given[0]} and --${given[1]}`);
  const policy = readPolicy(invocation);
  const copy = invocation.flag("force-copy") || policy !== undefined;
  const requireHardlinks = invocation.flag("require-hardlinks");
  if (copy && requireHardlinks) throw cliError("usage", "Cannot specify both --require-hardlinks and --force-copy");
  if (given[0] === "union-identical" && !requireHardlinks) {
    throw cliError("usage", "--union-identical requires --require-hardlinks");
  }
  const skipFile = invocation.value("skip-list");
  const skipped = new Set(skipFile === undefined ? [] : readFileSync(skipFile, "utf8").split("\n"));
  return {
    union: unions[given[0] ?? ""] ?? "none",
    user: invocation.flag("user-mode"),
    copy,
    requireHardlinks,
    whiteouts: invocation.flag("whiteouts"),
    passthroughWhiteouts: invocation.flag("process-passthrough-whiteouts"),
    fsync: booleanOption(invocation, "fsync") ?? false,
    bareUserOnlyDirs: invocation.flag("bareuseronly-dirs"),
    cache: !cacheless.some((name) => invocation.flag(name)),
    ...(policy === undefined ? {} : { policy }),
    ...(skipped.size > 0 ? { filter: (path: string) => !skipped.has(path) } : {}),
  };
}

/** Any of these sends stock down a path that does not know the cache (process_one_checkout, `new_options_set`). */
const cacheless = [
  "disable-cache",
  "whiteouts",
  "require-hardlinks",
  "union-add",
  "union-identical",
  "force-copy",
  "force-copy-zerosized",
  "bareuseronly-dirs",
  "skip-list",
  "selinux-policy",
  "process-passthrough-whiteouts",
];

function readPolicy(invocation: Invocation): CheckoutOptions["policy"] {
  const root = invocation.value("selinux-policy");
  const prefix = invocation.value("selinux-prefix");
  if (root !== undefined) return prefix === undefined ? { root } : { root, prefix };
  if (prefix !== undefined) throw cliError("usage", "Cannot specify --selinux-prefix without --selinux-policy");
  return undefined;
}
