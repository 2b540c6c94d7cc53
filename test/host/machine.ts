// SPDX-License-Identifier: Apache-2.0
/**
 * A machine that runs a deployment, as far as programs see it: mounts as ostree-prepare-root makes them, this system's
 * /usr, and a `systemctl` that only takes down what it is asked for. Needs root and bwrap.
 */
import { type ChildProcess, spawn, type StdioOptions } from "node:child_process";
import { copyFileSync, mkdirSync, realpathSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import type { TestContext } from "node:test";
import { readTextIfExists, run, type RunResult } from "../../src/base/index.ts";
import { deploy, Sysroot } from "../../src/host/index.ts";
import type { Checksum } from "../../src/ostree/index.ts";
import { commitTree, newSysroot, ref, type TreeOptions } from "./fixture.ts";

const project = resolve(import.meta.dirname, "../..");
const program = [process.execPath, ...process.execArgv, join(project, "src/cli/atomic.ts")];

/** Directories at the top in which this project's files are. */
const tops = [project, realpathSync(join(project, "node_modules")), process.execPath]
  .map((path) => realpathSync(path).split("/")[1]!)
  .filter((top, at, all) => top !== "usr" && all.indexOf(top) === at);

export interface TestMachine {
  /** Of the system root, and of what is /run there. */
  readonly path: string;
  readonly run: string;
  /** The root directory of what runs. */
  readonly root: string;
  readonly booted: Checksum;
  /** Commits another version to the branch that the machine follows. */
  release(options: TreeOptions): Checksum;
  /** Runs `atomic host WORDS` there. */
  host(words: string): Promise<RunResult>;
  /** The same, not waited for. */
  start(words: string, stdio: StdioOptions): ChildProcess;
  /** Runs a script of busybox there, which needs nothing of /usr; `$ATOMIC` is the program. */
  script(text: string): Promise<RunResult>;
  /** What systemctl was asked for so far. */
  asked(): string[];
}

/** A machine that runs version 13.1. */
export async function testMachine(t: TestContext): Promise<TestMachine> {
  const files = Object.fromEntries(tops.map((top) => [`${top}/.keep`, ""]));
  const { root: scratch, path, repo, first } = newSysroot(t, { version: "13.1", files });
  const { deployment } = await deploy(Sysroot.open(path), { rev: first, stateroot: "debian", origin: ref });
  const root = Sysroot.open(path).directory(deployment);
  const runDirectory = join(scratch, "run");
  mkdirSync(join(runDirectory, "bin"), { recursive: true });
  writeFileSync(join(runDirectory, "ostree-booted"), "");
  writeFileSync(join(runDirectory, "bin/systemctl"), '#!/bin/sh\necho "$*" >> /run/asked\n', { mode: 0o755 });
  copyFileSync("/bin/busybox", join(runDirectory, "bin/busybox"));
  const mounts = [
    ["--bind", root, "/"],
    ["--ro-bind", "/usr", "/usr"],
    ["--bind", path, "/sysroot"],
    ["--bind", join(path, "boot"), "/boot"],
    ["--bind", runDirectory, "/run"],
    ["--proc", "/proc"],
    ["--dev", "/dev"],
    ...tops.map((top) => ["--ro-bind", `/${top}`, `/${top}`]),
  ];
  const words = ["--cap-add", "ALL", "--setenv", "PATH", `/run/bin:${process.env["PATH"]}`, ...mounts.flat()];
  const host = (text: string) => [...program, "host", ...text.split(" ")];
  return {
    path,
    run: runDirectory,
    root,
    booted: first,
    release: (options) => commitTree(repo, scratch, { ...options, files: { ...files, ...options.files } }),
    host: (text) => run("bwrap", [...words, ...host(text)], { accept: [0, 1, 2, 77, 130] }),
    script: (text) =>
      run("bwrap", [...words, "--setenv", "ATOMIC", program.join(" "), "/run/bin/busybox", "sh", "-c", text], {
        accept: [0, 1],
      }),
    start: (text, stdio) => spawn("bwrap", [...words, ...host(text)], { stdio }),
    asked: () => (readTextIfExists(join(runDirectory, "asked")) ?? "").split("\n").filter(Boolean),
  };
}
