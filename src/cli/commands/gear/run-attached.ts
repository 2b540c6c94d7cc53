// SPDX-License-Identifier: Apache-2.0
import { spawn } from "node:child_process";
import { once } from "node:events";
import { requireProgram } from "../../../base/index.ts";

/** Runs a program with this one's terminal or pipes; gives its exit code, 128 and the signal's number when one ended it. */
export async function runAttached(program: string, args: readonly string[]): Promise<number> {
  const child = spawn(requireProgram(program), args, { stdio: "inherit" });
  // Ctrl-C is for the program, which decides what comes of it.
  const ignore = () => {};
  const ends = process.listeners("SIGINT");
  for (const end of ends) process.off("SIGINT", end);
  process.on("SIGINT", ignore);
  const [code, signal] = (await once(child, "exit")) as [number | null, NodeJS.Signals | null];
  process.off("SIGINT", ignore);
  for (const end of ends) process.on("SIGINT", end);
  if (code !== null) return code;
  return 128 + (signal === "SIGINT" ? 2 : signal === "SIGTERM" ? 15 : 9);
}
