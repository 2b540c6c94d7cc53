// SPDX-License-Identifier: Apache-2.0
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { run } from "../../src/base/index.ts";

const root = join(import.meta.dirname, "../..");

/** A block of commands of a page. */
export interface Block {
  /** What stands behind its opening fence: `sh`, `host reboot`. */
  readonly kind: string;
  readonly text: string;
}

/** @param page below `docs` */
export function readBlocks(page: string): Block[] {
  const text = readFileSync(join(root, "docs", page), "utf8");
  return [...text.matchAll(/^```(\w+)( \w+)?\n([^]*?)^```$/gm)].map(([, kind, mode, commands]) => ({
    kind: `${kind}${mode ?? ""}`,
    text: commands!,
  }));
}

/** Runs a block of the kind `sh` as its reader would. @returns what it printed */
export async function runHere(script: string, cwd: string): Promise<string> {
  const env = { PATH: `${root}:${process.env["PATH"]}` };
  return (await run("sh", ["-euc", script], { cwd, env })).stdout;
}
