// SPDX-License-Identifier: Apache-2.0
/** Runs the packages' maintainer scripts: preinst by us, all else by the tree's own dpkg. */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { ProgressListener } from "../base/index.ts";
import { composeError } from "./errors.ts";
import type { TreePackage } from "./package.ts";
import { runInTree, type SandboxRun, type Workspace } from "./sandbox.ts";
import { lookupFile } from "./tree.ts";

const task = "compose.scripts";
const shownLines = 20;

/** Tells maintainer scripts not to start or stop anything (invoke-rc.d(8), Debian's policy-rc.d interface). */
const policy = "#!/bin/sh\nexit 101\n";

/** Puts what only the scripts are to see below the overlay; it is not in the tree in memory, and so not in the commit. */
export function prepareLower({ lower }: Workspace): void {
  const directory = join(lower, "usr/sbin");
  mkdirSync(directory, { recursive: true });
  writeFileSync(join(directory, "policy-rc.d"), policy, { mode: 0o755, flag: "wx" });
}

/** @param packages in the order of their unpacking; @param before versions that were there of them, by name */
export async function runMaintainerScripts(
  workspace: Workspace,
  packages: readonly TreePackage[],
  env: Readonly<Record<string, string>>,
  progress: ProgressListener,
  before: ReadonlyMap<string, string> = new Map(),
): Promise<void> {
  await runPreinsts(workspace, packages, env, before);
  await configure(workspace, packages, env, progress);
}

/** Environment of dpkg(1), "Internal environment"; arguments of Debian Policy 6.5. */
const preinstLoop = `
export DPKG_MAINTSCRIPT_NAME=preinst DPKG_MAINTSCRIPT_DEBUG=0 DPKG_ROOT= DPKG_ADMINDIR=/var/lib/dpkg DPKG_FORCE=security-mac,downgrade
DPKG_RUNNING_VERSION="$1"; export DPKG_RUNNING_VERSION; shift
while [ $# -gt 0 ]; do
  DPKG_MAINTSCRIPT_PACKAGE="$1" DPKG_MAINTSCRIPT_ARCH="$2" DPKG_MAINTSCRIPT_PACKAGE_REFCOUNT=1 \\
    "/var/lib/dpkg/info/$3.preinst" "$4" \${5:+"$5"} || { echo "atomic-failed: $1" >&2; exit 1; }
  shift 5
done`;

async function runPreinsts(
  workspace: Workspace,
  packages: readonly TreePackage[],
  env: Readonly<Record<string, string>>,
  before: ReadonlyMap<string, string>,
): Promise<void> {
  const scripts = packages.filter(({ control }) => lookupFile(control, "preinst"));
  if (scripts.length === 0) return;
  const dpkg = packages.find(({ name }) => name === "dpkg")?.version ?? "1.22";
  const names = scripts.flatMap(({ name, architecture, infoName }) => {
    const old = before.get(name);
    return [name, architecture, infoName, old === undefined ? "install" : "upgrade", old ?? ""];
  });
  const result = await runInTree(workspace, ["/bin/sh", "-c", preinstLoop, "preinst", dpkg, ...names], {
    env,
    accept: anyCode,
  });
  if (result.code === 0) return;
  const failed = /^atomic-failed: (.*)$/m.exec(result.stderr)?.[1] ?? "a package";
  throw scriptFailed(
    failed,
    "preinst",
    result.code,
    `${result.stdout}${result.stderr.replace(/^atomic-failed.*$/m, "")}`,
  );
}

/** For `accept`: the caller looks at the code itself. */
export const anyCode = Array.from({ length: 256 }, (_, code) => code);

/**
 * The essential packages first, with their dependencies as far as they are met: others use them without saying so
 * (Debian Policy 3.8). Then all the rest, in the order that dpkg finds.
 */
const configureScript = `
/usr/bin/dpkg --force-depends --force-unsafe-io --log=/dev/null --no-pager --abort-after=1 --configure "$@" || exit
/usr/bin/dpkg --force-unsafe-io --log=/dev/null --no-pager --abort-after=1 --configure -a`;

async function configure(
  workspace: Workspace,
  packages: readonly TreePackage[],
  env: Readonly<Record<string, string>>,
  progress: ProgressListener,
): Promise<void> {
  const essential = packages.filter((one) => one.essential).map(({ infoName }) => infoName);
  const script = essential.length > 0 ? configureScript : configureScript.replace(/^\S+dpkg --force-depends.*\n/m, "");
  let output = "";
  let done = 0;
  const onOutput = (text: string) => {
    output += text;
    for (const [, current = ""] of text.matchAll(/^Setting up (\S+) /gm)) {
      progress({ type: "steps", task, done: ++done, total: packages.length, unit: "packages", current });
    }
  };
  const result = await runInTree(workspace, ["/bin/sh", "-c", script, "configure", ...essential], {
    env,
    onOutput,
    accept: anyCode,
  });
  if (result.code !== 0) throw configureFailed(result.code, output);
}

function configureFailed(code: number, output: string) {
  if (/exec.* dpkg|dpkg: not found/.test(output)) {
    return composeError("missing-program", "the tree has no dpkg to configure its packages with", {
      hint: "add dpkg to packages",
    });
  }
  const name = /^dpkg: error processing package (\S+)/m.exec(output)?.[1] ?? "a package";
  const start = output.lastIndexOf(`Setting up ${name} `);
  return scriptFailed(name, "postinst", code, start < 0 ? output : output.slice(start));
}

function scriptFailed(name: string, script: string, code: number, output: string) {
  return composeError("script-failed", `${name}: ${script} failed (exit code ${code})\n${lastLines(output)}`, {
    hint: `exclude-packages: [${name}], if the tree can do without it`,
  });
}

/** Runs a program of the tree that compose itself needs; its failure is worded with what it was for. */
export async function runStep(
  workspace: Workspace,
  what: string,
  command: readonly string[],
  env: Readonly<Record<string, string>> = {},
  options: Pick<SandboxRun, "input" | "show"> & { readonly code?: "step-failed" | "postprocess-failed" } = {},
): Promise<void> {
  const { code = "step-failed", ...rest } = options;
  const { code: exitCode, stdout, stderr } = await runInTree(workspace, command, { env, accept: anyCode, ...rest });
  requireSuccess(what, command, { code: exitCode, output: stdout + stderr }, code);
}

/** Throws with what a program was for unless it ended well. */
export function requireSuccess(
  what: string,
  [program = ""]: readonly string[],
  { code, output }: { readonly code: number; readonly output: string },
  failure: "step-failed" | "postprocess-failed" = "step-failed",
): void {
  if (code === 0) return;
  if (code === 127 || output.includes(`bwrap: execvp ${program}`)) {
    throw composeError("missing-program", `${what}: the tree has no ${program}`, {
      hint: "add the package that has it to packages",
    });
  }
  throw composeError(failure, `${what}: exit code ${code}\n${lastLines(output)}`);
}

/** The end of a program's output, for an error's message. */
export function lastLines(output: string): string {
  const lines = output.trim().split("\n").slice(-shownLines);
  return lines.map((line) => `  ${line}`).join("\n");
}
