// SPDX-License-Identifier: Apache-2.0
/** Subject and body of a commit: from options, from a file, or written in an editor (ot-builtin-commit.c, ot-editor.c). */
import { readFileSync } from "node:fs";
import type { Invocation } from "../../command.ts";
import { editText } from "../../edit-text.ts";
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
  return parseMessage(editText("COMMIT_EDITMSG", `${lines.join("\n")}\n`));
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
