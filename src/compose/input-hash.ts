// SPDX-License-Identifier: Apache-2.0
import { createHash } from "node:crypto";
import { closeSync, openSync, readSync, statSync } from "node:fs";
import { scanTree, walkTree } from "../ostree/index.ts";
import { unlessErrno } from "../base/index.ts";
import { composeError } from "./errors.ts";
import type { Treefile } from "./treefile/model.ts";

/** Changes when the same input would give another tree. */
const composeVersion = 6;

/**
 * Names everything that decides what a tree will be: the packages, the treefile with its includes, the files it names,
 * and how we compose. Release files are not in it: a repository that was only signed anew gives the same tree.
 * @param packages a text for each that changes with its content
 */
export function inputHash(treefile: Treefile, packages: readonly string[], executable: string | undefined): string {
  const parts = {
    version: composeVersion,
    content: content(treefile),
    packages: packages.toSorted(),
    files: treefile.addFiles.map(({ source, target }) => [target, contentHash(source)]),
    scripts: [treefile.postprocessScript ?? [], treefile.finalizeScripts].flat().map(fileHash),
    accounts: [treefile.checkPasswd, treefile.checkGroups].map((one) =>
      one.type === "file" ? fileHash(one.path) : null,
    ),
    executable: executable === undefined ? null : fileHash(executable),
  };
  return createHash("sha256").update(JSON.stringify(parts, mapsAsEntries)).digest("hex");
}

/** What the treefile says of the tree; where it lies, whence packages come and what the release is called is no part. */
const outside = new Set([
  "path",
  "flattened",
  "warnings",
  "variables",
  "apt",
  "securityTracker",
  "repos",
  "repoDirectory",
  "repovars",
  "ref",
  "versionPrefix",
  "versionSuffix",
  "gpgKey",
  "ostreeLayers",
  "ostreeOverrideLayers",
  "addFiles",
  "postprocessScript",
  "finalizeScripts",
]);

function mapsAsEntries(_: string, value: unknown): unknown {
  return value instanceof Map ? [...value] : value;
}

function content(treefile: Treefile): [string, unknown][] {
  return Object.entries(treefile)
    .filter(([key]) => !outside.has(key))
    .toSorted(([a], [b]) => (a < b ? -1 : 1));
}

/** Hash of a file, or of all names, modes and contents below a directory. */
function contentHash(path: string): string {
  const stat = unlessErrno(["ENOENT"], () => statSync(path));
  if (!stat)
    throw composeError("treefile-include", `${path}: no such file`, {
      hint: "add-files and postprocess-script name it",
    });
  if (!stat.isDirectory()) return `${stat.mode & 0o755} ${fileHash(path)}`;
  const hash = createHash("sha256");
  for (const { path: name, node } of walkTree(scanTree(path))) {
    const mode = node.kind === "dir" ? node.meta.mode : node.header.mode;
    const content =
      node.kind === "file" && node.source.type === "path" && node.header.symlink === ""
        ? fileHash(node.source.path)
        : "";
    hash.update(JSON.stringify([name, mode, node.kind === "file" ? node.header.symlink : "", content]));
  }
  return hash.digest("hex");
}

function fileHash(path: string): string {
  const fd = unlessErrno(["ENOENT"], () => openSync(path, "r"));
  if (fd === undefined) throw composeError("treefile-include", `${path}: no such file`);
  try {
    const hash = createHash("sha256");
    const piece = Buffer.allocUnsafe(1 << 20);
    for (let size = readSync(fd, piece); size > 0; size = readSync(fd, piece)) hash.update(piece.subarray(0, size));
    return hash.digest("hex");
  } finally {
    closeSync(fd);
  }
}
