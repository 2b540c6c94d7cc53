// SPDX-License-Identifier: Apache-2.0
import { globSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import type { ShippedFiles } from "../compose/index.ts";

/** What of the repository the executable carries along (tools/build.ts). */
export const shippedPatterns: readonly string[] = [
  "examples/*.{yaml,repo}",
  "system/systemd/**/*.{service,path,timer,conf}",
  "system/selinux/*.cil",
  "system/modules-load.d/*.conf",
];

/** Files by their path in the repository. They lie in the executable, or beside the program: in a checkout, in the npm package. */
export function shippedFiles(): ShippedFiles {
  const sea = createRequire(import.meta.url)("node:sea") as typeof import("node:sea");
  if (sea.isSea()) {
    return {
      names: () => sea.getAssetKeys().filter((name) => /^(?:examples|system)\//.test(name)),
      read: (name) => sea.getAsset(name, "utf8"),
    };
  }
  const root = join(import.meta.dirname, "../..");
  return {
    names: () => shippedPatterns.flatMap((pattern) => globSync(pattern, { cwd: root })),
    read: (name) => readFileSync(join(root, name), "utf8"),
  };
}
