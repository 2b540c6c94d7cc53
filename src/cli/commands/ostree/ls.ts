// SPDX-License-Identifier: Apache-2.0
import type { ListEntry } from "../../../ostree/index.ts";
import { defineCommand } from "../../command.ts";
import { argument, openRepo, repoOption } from "./open-repo.ts";
import { xattrsText } from "./xattrs-text.ts";

interface Listed {
  /** Read as they are printed: there may be millions. */
  readonly entries: Iterable<ListEntry>;
  readonly checksum: boolean;
  readonly xattrs: boolean;
  readonly nul: boolean;
}

export default defineCommand<Listed>({
  path: ["ostree", "ls"],
  summary: "List file paths",
  json: true,
  arguments: [
    { name: "COMMIT", optional: true },
    { name: "PATH", optional: true, repeat: true },
  ],
  options: [
    repoOption,
    { name: "dironly", short: "d", help: "Do not recurse into directory arguments" },
    { name: "recursive", short: "R", help: "Print directories recursively" },
    { name: "checksum", short: "C", help: "Print checksum" },
    { name: "xattrs", short: "X", help: "Print extended attributes" },
    { name: "nul-filenames-only", help: "Print only filenames, NUL separated" },
  ],
  async run(invocation) {
    const rev = argument(invocation, 0, "An COMMIT argument is required");
    const { listTree } = await import("../../../ostree/index.ts");
    const repo = await openRepo(invocation);
    const depth = invocation.flag("recursive") ? Number.POSITIVE_INFINITY : invocation.flag("dironly") ? 0 : 1;
    const paths = invocation.args.length > 1 ? invocation.args.slice(1) : ["/"];
    const listed = function* () {
      for (const path of paths) yield* listTree(repo, rev, path, depth);
    };
    return {
      entries: invocation.flag("json") ? [...listed()] : listed(),
      checksum: invocation.flag("checksum"),
      xattrs: invocation.flag("xattrs"),
      nul: invocation.flag("nul-filenames-only"),
    };
  },
  *render({ entries, checksum, xattrs, nul }) {
    let piece = "";
    for (const entry of entries) {
      piece += nul ? `${entry.path}\0` : `${line(entry, checksum, xattrs)}\n`;
      if (piece.length < pieceLength) continue;
      yield piece;
      piece = "";
    }
    yield piece;
  },
});

/** Characters printed at a time. */
const pieceLength = 1 << 15;

const letters = { file: "-", symlink: "l", dir: "d" } as const;

/** As print_one_file_text in ot-builtin-ls.c. */
function line(entry: ListEntry, checksum: boolean, xattrs: boolean): string {
  const mode = (entry.mode & 0o7777).toString(8).padStart(4, "0");
  const size = String(entry.size).padStart(6);
  const parts = [`${letters[entry.kind]}0${mode} ${entry.uid} ${entry.gid} ${size}`];
  if (checksum) parts.push(...(entry.meta === undefined ? [entry.checksum] : [entry.checksum, entry.meta]));
  if (xattrs) parts.push(`{ ${xattrsText(entry.xattrs)} }`);
  parts.push(entry.path);
  if (entry.symlink !== undefined) parts.push(`-> ${entry.symlink}`);
  return parts.join(" ");
}
