// SPDX-License-Identifier: Apache-2.0
/** The program's entry. */
import { main } from "./main.ts";

process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  // The reader of a pipe may leave early (`atomic ... | head`).
  if (error.code === "EPIPE") process.exit(0);
  throw error;
});
process.on("SIGINT", () => process.exit(130));
// Node ends without a word when nothing is left to wait for: an answer that never comes must not look like success.
const unfinished = () => {
  process.stderr.write("defect: the program ended before its work was done\n");
  process.exitCode = 1;
};
process.once("beforeExit", unfinished);
void main(process.argv[1] ?? "atomic", process.argv.slice(2)).then((code) => {
  process.off("beforeExit", unfinished);
  process.exitCode = code;
});
