// SPDX-License-Identifier: Apache-2.0
/** A commit as `ostree log` and `ostree show` print it (ot-dump.c). */
import { encodeCommit, type Checksum, type Commit } from "../../../ostree/index.ts";
import { type GVariantValue, printGVariant, readGVariant } from "../../../formats/index.ts";

export interface ShownCommit {
  readonly checksum: Checksum;
  readonly commit?: Commit;
  readonly contentChecksum?: Checksum;
}

export function commitText({ checksum, commit, contentChecksum }: ShownCommit): string {
  if (!commit) return "<< History beyond this commit not fetched >>\n";
  const version = commit.metadata.get("version");
  const date = new Date(Number(commit.timestamp) * 1000).toISOString().replace("T", " ").replace(/\..*/, " +0000");
  const lines = [`commit ${checksum}`];
  if (commit.parent !== undefined) lines.push(`Parent:  ${commit.parent}`);
  lines.push(`ContentChecksum:  ${contentChecksum}`, `Date:  ${date}`);
  if (version?.type === "s") lines.push(`Version: ${String(version.value)}`);
  if (commit.subject === "") lines.push("(no subject)");
  else lines.push("", ...indented(commit.subject));
  if (commit.body !== "") lines.push("", ...indented(commit.body));
  return `${lines.join("\n")}\n\n`;
}

function indented(text: string): string[] {
  return text
    .replace(/\n$/, "")
    .split("\n")
    .map((line) => `    ${line}`);
}

const commitType = "(a{sv}aya(say)sstayay)";

export function rawCommitText({ checksum, commit }: ShownCommit, byteswap = true): string {
  if (!commit) return "<< History beyond this commit not fetched >>\n";
  const value: GVariantValue = readGVariant(commitType, encodeCommit(commit), checksum);
  return `commit ${checksum}\n${printGVariant(commitType, value, { byteswap })}\n`;
}
