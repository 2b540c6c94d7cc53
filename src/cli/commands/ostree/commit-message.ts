// SPDX-License-Identifier: Apache-2.0
/** Subject and body of a commit: from options, from a file, or written in an editor (ot-builtin-commit.c, ot-editor.c). */
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { removeTree } from "../../../base/index.ts";
import type { Invocation } from "../../command.ts";
import { cliError } from "../../errors.ts";

export interface Message {
  readonly subject: string;
  readonly body: string;
}

export function commitMessage(invocation: Invocation): Message {
  if (invocation.flag("editor")) return editedMessage(invocation);
  const file = invocation.value("body-file");
  const body = file === undefined ? (invocation.value("body") ?? "") : readFileSync(file, "utf8");
  return { subject: invocation.value("subject") ?? "", body };
}

function editedMessage(invocation: Invocation): Message {
  const branch = invocation.value("branch");
  const lines = [
    "",
    "# Please enter the commit message for your changes. The first line will",
    "# become the subject, and the remainder the body. Lines starting",
    "# with '#' will be ignored, and an empty message aborts the commit.",
    ...(branch === undefined ? [] : ["#", `# Branch: ${branch}`]),
    ...["subject", "body"].flatMap((name) => invocation.value(name) ?? []),
  ];
  return parseMessage(edit(`${lines.join("\n")}\n`));
}

/** The first line that is no comment is the subject; blank lines before the body do not count (commit_editor). */
export function parseMessage(text: string): Message {
  const lines = text.split("\n").map((line) => line.trimEnd());
  const kept = lines.filter((line) => !line.startsWith("#"));
  const first = kept.findIndex((line) => line !== "");
  if (first < 0) throw cliError("usage", "Aborting commit due to empty commit subject.");
  const rest = kept.slice(first + 1);
  const body = rest.findIndex((line) => line !== "");
  return { subject: kept[first]!, body: body < 0 ? "" : rest.slice(body).join("\n").trimEnd() };
}

/** Lets the user edit a text (ot_editor_prompt). */
function edit(text: string): string {
  const editor = editorCommand();
  const directory = mkdtempSync(join(tmpdir(), "ostree-commit-"));
  try {
    const path = join(directory, "COMMIT_EDITMSG");
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
