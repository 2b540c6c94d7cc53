// SPDX-License-Identifier: Apache-2.0
/** Runs an operation under strace(1), to see its calls or to cut it short at one of them. */
import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { pathToFileURL } from "node:url";
import { build } from "esbuild";
import { type Call, fillable, mutating, readCalls } from "./record-calls.ts";

/** What happens at a call: the process is killed instead, or the call fails; `full` fails all later ones as well. */
export type Fault = "kill" | "EIO" | "ENOSPC" | "full";

/** Makes the operations one file, which starts in a third of the time, and the threads that they use one each. */
export async function bundleOperation(directory: string): Promise<string> {
  const outfile = join(directory, "operation.cjs");
  await bundle(join(import.meta.dirname, "operation.ts"), outfile, outfile);
  return outfile;
}

/** Bundles a program that pulls. @param place where it will be when it runs, with the thread's file beside it */
export async function bundle(program: string, outfile: string, place: string): Promise<void> {
  const files = [
    [program, outfile],
    [join(import.meta.dirname, "../../src/ostree/pull.worker.ts"), join(dirname(outfile), "ostree/pull.worker.cjs")],
  ] as const;
  for (const [entry, file] of files) {
    await build({
      entryPoints: [entry],
      outfile: file,
      bundle: true,
      platform: "node",
      format: "cjs",
      external: ["esbuild"],
      supported: { "dynamic-import": false },
      define: { "import.meta.url": JSON.stringify(pathToFileURL(place)), "import.meta.dirname": '"/"' },
      logLevel: "error",
    });
  }
}

interface Ended {
  readonly code: number | null;
  readonly signal: string | null;
  readonly errors: string;
}

/** One thread for asynchronous file work: strace counts the calls of each thread by itself. */
const environment = { ...process.env, UV_THREADPOOL_SIZE: "1" };

function strace(options: readonly string[], program: readonly string[]): Promise<Ended> {
  const child = spawn("strace", ["-f", "-qq", ...options, process.execPath, ...program], {
    env: environment,
    stdio: ["ignore", "ignore", "pipe"],
  });
  let errors = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => (errors += text));
  return new Promise((done, failed) => {
    child.on("error", failed);
    child.on("close", (code, signal) => done({ code, signal, errors }));
  });
}

/** Runs it to its end; all calls that change what is below `directory`. */
export async function recordCalls(program: readonly string[], directory: string, log: string): Promise<Call[]> {
  const options = ["-y", "-s", "4194304", "-o", log, "-e", `trace=${mutating.join(",")}`];
  const { code, errors } = await strace(options, program);
  if (code !== 0) throw new Error(`the operation alone failed with ${code}: ${errors}`);
  return readCalls(log, directory);
}

export interface Cut {
  readonly calls: readonly Call[];
  /** Index of the call that meets the fault. */
  readonly at: number;
  readonly fault: Fault;
  /** An error meets the call by its path, whichever thread makes it. */
  readonly byPath: boolean;
  /** Where the calls were recorded, and where it works now; a log is written beside that. */
  readonly directories: { readonly recorded: string; readonly work: string };
}

export interface CutShort extends Ended {
  /** False: what else the program does had varied, and the fault met a call that changes nothing, or none. */
  readonly hit: boolean;
}

/** Runs it with a fault at one of the recorded calls. */
export async function cutShort(program: readonly string[], cut: Cut): Promise<CutShort> {
  const { calls, at, fault } = cut;
  const { name, occurrence } = calls[at]!;
  const path = cut.byPath && fault !== "kill" ? pathOf(calls[at]!) : undefined;
  const when = path === undefined ? occurrence : countOf(calls.slice(0, at + 1), name, path);
  const injections = fault === "full" ? fullFrom(calls, at) : [injection(name, when, fault)];
  const names = new Set(injections.map((text) => text.split(":")[0]));
  const log = `${cut.directories.work}.log`;
  const only = path?.replace(cut.directories.recorded, cut.directories.work);
  const options = ["-o", log, "-e", `trace=${[...names].join(",")}`, ...(only === undefined ? [] : ["-P", only])];
  const ended = await strace([...options, ...injections.flatMap((text) => ["-e", `inject=${text}`])], program);
  return { ...ended, hit: fault === "kill" ? ended.code !== 0 : hasInjected(log) };
}

function pathOf({ names, paths }: Call): string {
  return names.at(-1) ?? paths[0]!;
}

function countOf(calls: readonly Call[], name: string, path: string): number {
  return calls.filter((call) => call.name === name && call.paths.includes(path)).length;
}

/** Whether a call that changes something was made to fail. */
function hasInjected(log: string): boolean {
  const injected = readFileSync(log, "latin1")
    .split("\n")
    .filter((line) => line.endsWith("(INJECTED)"));
  return injected.some((line) => !/ open(at)?\(/.test(line) || /O_CREAT|O_TRUNC/.test(line));
}

function injection(name: string, occurrence: number, fault: Exclude<Fault, "full">): string {
  return `${name}:${fault === "kill" ? "signal=KILL" : `error=${fault}`}:when=${occurrence}`;
}

/** From this call on nothing that takes space succeeds, but for opening files and write(2). */
function fullFrom(calls: readonly Call[], at: number): string[] {
  const first = new Map<string, number>();
  for (const { name, occurrence } of calls.slice(at))
    if (fillable.test(name) && !first.has(name)) first.set(name, occurrence);
  return [...first].map(([name, occurrence]) => `${name}:error=ENOSPC:when=${occurrence}+`);
}
