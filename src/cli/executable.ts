// SPDX-License-Identifier: Apache-2.0
import { existsSync, globSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { lstatIfExists, type ProgressListener, run, stage } from "../base/index.ts";
import { shippedPatterns } from "./shipped.ts";

const root = join(import.meta.dirname, "../..");

/**
 * The self-contained program that goes into a tree as /usr/bin/atomic: this process when it is one, else the one that
 * the checkout builds, made anew when something that goes into it is newer. `undefined` where there is no checkout (an npm package).
 */
export async function executablePath(progress: ProgressListener): Promise<string | undefined> {
  const { isSea } = createRequire(import.meta.url)("node:sea") as typeof import("node:sea");
  if (isSea()) return process.execPath;
  const built = join(root, "dist/atomic");
  const tool = join(root, "tools/build.ts");
  if (!import.meta.url.endsWith(".ts") || !existsSync(tool)) return undefined;
  if (!isCurrent(root)) {
    await stage(progress, "build", "Building the executable", () =>
      run(process.execPath, ["--disable-warning=ExperimentalWarning", tool, "--executable"]),
    );
  }
  return built;
}

/** What goes into the executable: the program, what it is built by, and the files that it carries. */
const inputs = ["src/**/*.ts", "tools/build.ts", "package.json", ...shippedPatterns];

/** Whether a checkout's executable is newer than all that goes into it. */
export function isCurrent(checkout: string): boolean {
  const built = lstatIfExists(join(checkout, "dist/atomic"));
  if (built === undefined) return false;
  return inputs.every((pattern) =>
    globSync(pattern, { cwd: checkout }).every(
      (file) => (lstatIfExists(join(checkout, file))?.mtimeMs ?? Infinity) < built.mtimeMs,
    ),
  );
}
