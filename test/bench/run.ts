// SPDX-License-Identifier: Apache-2.0
/** Runs every `*.bench.ts` beside it, or those named on the command line. Needs `time` and the stock tools. */
import { globSync } from "node:fs";
import { join } from "node:path";

const wanted = process.argv.slice(2);
for (const file of globSync("*.bench.ts", { cwd: import.meta.dirname }).sort()) {
  if (wanted.length > 0 && !wanted.some((name) => file.startsWith(name))) continue;
  await import(join(import.meta.dirname, file));
}
