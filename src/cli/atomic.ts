// SPDX-License-Identifier: Apache-2.0
/** The program's entry. */
import { main } from "./main.ts";

process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  // The reader of a pipe may leave early (`atomic ... | head`).
  if (error.code === "EPIPE") process.exit(0);
  throw error;
});
process.on("SIGINT", () => process.exit(130));
void main(process.argv[1] ?? "atomic", process.argv.slice(2)).then((code) => {
  process.exitCode = code;
});
