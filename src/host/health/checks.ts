// SPDX-License-Identifier: Apache-2.0
/**
 * Health checks: programs in directories. Every one in `required.d` must succeed; those in `wanted.d` are only reported.
 * greenboot's directories count as well, with its list of checks that are off.
 */
import { accessSync, constants, statSync } from "node:fs";
import { basename, join } from "node:path";
import { isErrno, listDirectory, makeDirectories, readTextIfExists, run, writeFileAtomic } from "../../base/index.ts";

export type CheckKind = "required" | "wanted";

export interface CheckResult {
  readonly name: string;
  readonly kind: CheckKind;
  /** Undefined: it succeeded. */
  readonly problem: string | undefined;
}

export interface HealthReport {
  readonly healthy: boolean;
  readonly checks: readonly CheckResult[];
}

/** A check of the same name in a directory that comes first hides the others, as with systemd's units. */
const places = [
  "etc/atomic/health",
  "usr/local/lib/atomic/health",
  "usr/lib/atomic/health",
  "etc/greenboot/check",
  "usr/lib/greenboot/check",
];

interface Check {
  readonly name: string;
  readonly path: string;
  readonly kind: CheckKind;
}

/** Programs in the order of their names, the required ones first. @param root of the system that runs */
export function findChecks(root: string): Check[] {
  const disabled = disabledChecks(root);
  const kinds: readonly CheckKind[] = ["required", "wanted"];
  return kinds.flatMap((kind) => {
    const found = new Map<string, Check>();
    for (const place of places) {
      const directory = join(root, place, `${kind}.d`);
      for (const name of listDirectory(directory)) {
        const path = join(directory, name);
        if (!found.has(name) && isProgram(path)) found.set(name, { name, path, kind });
      }
    }
    const enabled = [...found.values()].filter(({ name }) => !disabled.has(name));
    return enabled.sort((a, b) => (a.name < b.name ? -1 : 1));
  });
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch (error) {
    if (isErrno(error, "ENOENT", "EACCES")) return false;
    throw error;
  }
}

/** `DISABLED_HEALTHCHECKS=(a b)` of greenboot.conf, a file in bash's language of which only this form is read. */
function disabledChecks(root: string): Set<string> {
  const text = readTextIfExists(join(root, "etc/greenboot/greenboot.conf")) ?? "";
  const list = /^\s*DISABLED_HEALTHCHECKS=\(([^)]*)\)/m.exec(text)?.[1] ?? "";
  return new Set([...list.matchAll(/"([^"]*)"|'([^']*)'|(\S+)/g)].map((match) => match[1] ?? match[2] ?? match[3]!));
}

const secondsForOne = 300;

/** Runs all checks, the wanted ones even when a required one has failed. */
export async function runChecks(root: string, told: (result: CheckResult) => void = () => {}): Promise<HealthReport> {
  const checks: CheckResult[] = [];
  for (const { name, path, kind } of findChecks(root)) {
    const result = { name, kind, problem: await problemOf(path) };
    checks.push(result);
    told(result);
  }
  return { healthy: checks.every(({ kind, problem }) => kind === "wanted" || problem === undefined), checks };
}

async function problemOf(path: string): Promise<string | undefined> {
  try {
    await run(path, [], { cwd: "/", signal: AbortSignal.timeout(secondsForOne * 1000) });
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message.split("\n").slice(0, 4).join("; ") : String(error);
  }
}

/** greenboot's programs that are run after a good or a bad boot, `green.d` and `red.d`. Their failure is told, no more. */
export async function runHooks(root: string, colour: "green" | "red"): Promise<string[]> {
  const problems: string[] = [];
  for (const place of ["etc/greenboot", "usr/lib/greenboot"]) {
    const directory = join(root, place, `${colour}.d`);
    for (const name of listDirectory(directory).sort()) {
      const path = join(directory, name);
      const problem = isProgram(path) ? await problemOf(path) : undefined;
      if (problem !== undefined) problems.push(`${basename(path)}: ${problem}`);
    }
  }
  return problems;
}

const reportPath = (runDirectory: string) => join(runDirectory, "atomic/health.json");

/** For `status`, until the next boot. */
export function writeHealthReport(runDirectory: string, report: HealthReport): void {
  makeDirectories(join(runDirectory, "atomic"));
  writeFileAtomic(reportPath(runDirectory), JSON.stringify(report), { durable: false });
}

export function readHealthReport(runDirectory: string): HealthReport | undefined {
  const text = readTextIfExists(reportPath(runDirectory));
  try {
    return text === undefined ? undefined : (JSON.parse(text) as HealthReport);
  } catch {
    return undefined;
  }
}

/** The required checks that failed, in one line; undefined: none. */
export function troubleOf(report: HealthReport | undefined): string | undefined {
  const failed = report?.checks.filter(({ kind, problem }) => kind === "required" && problem !== undefined) ?? [];
  if (failed.length === 0) return undefined;
  return `failed health checks: ${failed.map(({ name, problem }) => `${name} (${problem})`).join(", ")}`;
}
