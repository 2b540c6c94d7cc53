// SPDX-License-Identifier: Apache-2.0
/** Input of the benchmarks: a part of this machine's /usr, and many small files. */
import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Random } from "../fuzz/mutate.ts";

const parts = [
  ...["doc", "locale", "perl", "vim", "zoneinfo", "icons", "man", "i18n"].map((name) => `/usr/share/${name}`),
  "/usr/lib/python3",
  "/usr/lib/git-core",
  "/usr/include",
];

/** Files of all kinds and sizes, as a distribution has them. */
export function makeSystemTree(tree: string): void {
  mkdirSync(tree, { recursive: true });
  const present = parts.filter((part) => existsSync(part));
  // Links that lead nowhere make cp complain; the tree is as good without them.
  spawnSync("cp", ["-a", "--parents", ...present, tree], { stdio: "ignore" });
}

const filesPerDirectory = 100;

/** `count` files of up to 1.6 kB of words, a hundred in each directory. */
export function makeSmallFiles(tree: string, count: number): void {
  const random = new Random(7);
  const words = Array.from({ length: 2000 }, () => random.next().toString(36).padEnd(8));
  for (let number = 0; number < count; number++) {
    const directory = join(tree, String(Math.floor(number / filesPerDirectory)));
    if (number % filesPerDirectory === 0) mkdirSync(directory, { recursive: true });
    const text = Array.from({ length: 2 + random.below(200) }, () => random.pick(words));
    writeFileSync(join(directory, String(number)), `${number} ${text.join("")}`);
  }
}

/** `50000 files, 560 MB` */
export function describeTree(tree: string): string {
  const script = 'find "$0" -type f | wc -l; du -sm --apparent-size "$0"';
  const [files, megabytes] = execFileSync("sh", ["-c", script, tree]).toString().split(/\s+/);
  return `${files} files, ${megabytes} MB`;
}
