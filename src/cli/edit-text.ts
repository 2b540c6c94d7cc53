// SPDX-License-Identifier: Apache-2.0
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { removeTree } from "../base/index.ts";
import { cliError } from "./errors.ts";

/** Lets the user edit a text, which the editor shows as a file of this name (ot_editor_prompt). */
export function editText(name: string, text: string): string {
  const editor = editorCommand();
  const directory = mkdtempSync(join(tmpdir(), "atomic-edit-"));
  try {
    const path = join(directory, name);
    writeFileSync(path, text, { mode: 0o600 });
    // The editor's own command line may have options: the shell parts it.
    const result = spawnSync("/bin/sh", ["-c", `${editor} "$1"`, "sh", path], { stdio: "inherit" });
    if (result.status !== 0) throw cliError("usage", `There was a problem with the editor '${editor}'`);
    return readFileSync(path, "utf8");
  } finally {
    removeTree(directory);
  }
}

/** get_editor: vi is for terminals that can show it. */
function editorCommand(): string {
  const { OSTREE_EDITOR, VISUAL, EDITOR, TERM } = process.env;
  const dumb = TERM === undefined || TERM === "dumb";
  const editor = OSTREE_EDITOR ?? (dumb ? undefined : VISUAL) ?? EDITOR;
  if (editor !== undefined) return editor;
  if (dumb) throw cliError("usage", "Terminal is dumb, but EDITOR unset");
  return "vi";
}
