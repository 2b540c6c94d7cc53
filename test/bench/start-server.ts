// SPDX-License-Identifier: Apache-2.0
import { spawn } from "node:child_process";
import { join } from "node:path";
import { createInterface } from "node:readline";

/** Serves a repository. Stock's server is not used: it is a different program for each side to wait for. */
export async function startServer(repo: string): Promise<{ url: string; stop: () => void }> {
  const child = spawn(process.execPath, ["--no-warnings", join(import.meta.dirname, "serve-repository.ts"), repo], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  for await (const url of createInterface(child.stdout)) return { url, stop: () => child.kill() };
  throw new Error("the server did not start");
}
