// SPDX-License-Identifier: Apache-2.0
import { execFileSync } from "node:child_process";
import { join } from "node:path";

/** A release of stock ostree. */
export interface Stock {
  readonly name: string;
  /** What starts it. */
  readonly command: readonly string[];
  /** What starts it in a root where `programs` is mounted on /mnt. */
  readonly inRoot: readonly string[];
  readonly programs: string | undefined;
  /** Whether it has `admin set-default`. */
  readonly setsDefault: boolean;
}

export const installed: Stock = {
  name: "the installed ostree",
  command: ["ostree"],
  inRoot: ["ostree"],
  programs: undefined,
  setsDefault: execFileSync("ostree", ["admin", "--help"], { encoding: "utf8" }).includes("set-default"),
};

/** The newest release of Debian, which `tools/newest-ostree` unpacks. */
export function newest(): Stock {
  const tool = join(import.meta.dirname, "../../../tools/newest-ostree");
  const directory = execFileSync(tool, { encoding: "utf8" }).trim();
  const library = "/mnt/usr/lib/x86_64-linux-gnu";
  const loader = [`${library}/ld-linux-x86-64.so.2`, "--library-path", `${library}:${library}/systemd`];
  return {
    name: "the newest ostree",
    command: [join(directory, "bin/ostree")],
    inRoot: [...loader, "/mnt/usr/bin/ostree"],
    programs: join(directory, "root"),
    setsDefault: true,
  };
}

/** Runs it and returns what it prints. */
export function runStock({ command: [program, ...words] }: Stock, ...args: string[]): string {
  return execFileSync(program!, [...words, ...args], { encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] });
}
