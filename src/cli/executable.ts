// SPDX-License-Identifier: Apache-2.0
import { existsSync, globSync, statSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { type ProgressListener, run, stage } from "../base/index.ts";

const root = join(import.meta.dirname, "../..");

/**
 * The self-contained program that goes into a tree as /usr/bin/atomic: this process when it is one, else the one that
 * the checkout builds, made anew when a source is newer. `undefined` where there is no checkout (an npm package).
 */
export async function executablePath(progress: ProgressListener): Promise<string | undefined> {
  const { isSea } = createRequire(import.meta.url)("node:sea") as typeof import("node:sea");
  if (isSea()) return process.execPath;
  const built = join(root, "dist/atomic");
  const tool = join(root, "tools/build.ts");
  if (!import.meta.url.endsWith(".ts") || !existsSync(tool)) return undefined;
  if (!isCurrent(built)) {
    await stage(progress, "build", "Building the executable", () =>
      run(process.execPath, ["--disable-warning=ExperimentalWarning", tool, "--executable"]),
    );
  }
  return built;
}

function isCurrent(built: string): boolean {
  if (!existsSync(built)) return false;
  const { mtimeMs } = statSync(built);
  return globSync("src/**/*.ts", { cwd: root }).every((file) => statSync(join(root, file)).mtimeMs < mtimeMs);
}
