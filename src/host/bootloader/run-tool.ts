// SPDX-License-Identifier: Apache-2.0
import { spawnSync } from "node:child_process";
import { hostError } from "../errors.ts";

/** Runs a boot loader's own program; the menu is current already when it fails. */
export function runTool(command: string, args: readonly string[], cwd: string): void {
  const { status, error } = spawnSync(command, args, { cwd, stdio: ["ignore", "inherit", "inherit"] });
  if (status === 0) return;
  throw hostError("boot-loader", `${command}: ${error?.message ?? `Child process exited with code ${status}`}`, {
    cause: error,
  });
}
