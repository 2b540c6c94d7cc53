// SPDX-License-Identifier: Apache-2.0
/** Runs an operation under strace(1), to see its calls or to cut it short at one of them. */
import { spawn } from "node:child_process";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { build } from "esbuild";
import { type Call, fillable, mutating, readCalls } from "./record-calls.ts";

/** What happens at a call: the process is killed instead, or the call fails; `full` fails all later ones as well. */
export type Fault = "kill" | "EIO" | "ENOSPC" | "full";

/** Makes the operations one file, which starts in a third of the time, and the threads that they use one each. */
export async function bundleOperation(directory: string): Promise<string> {
  const outfile = join(directory, "operation.cjs");
  const files = [
    [join(import.meta.dirname, "operation.ts"), outfile],
    [join(import.meta.dirname, "../../src/ostree/pull.worker.ts"), join(directory, "ostree/pull.worker.cjs")],
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
      define: { "import.meta.url": JSON.stringify(pathToFileURL(outfile)), "import.meta.dirname": '"/"' },
      logLevel: "error",
    });
  }
  return outfile;
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

/** Runs it with a fault at `calls[at]`. */
export function cutShort(program: readonly string[], calls: readonly Call[], at: number, fault: Fault): Promise<Ended> {
  const injections = fault === "full" ? fullFrom(calls, at) : [injection(calls[at]!, fault)];
  const names = new Set(injections.map((text) => text.split(":")[0]));
  const options = ["-o", "/dev/null", "-e", `trace=${[...names].join(",")}`];
  return strace([...options, ...injections.flatMap((text) => ["-e", `inject=${text}`])], program);
}

function injection({ name, occurrence }: Call, fault: Exclude<Fault, "full">): string {
  return `${name}:${fault === "kill" ? "signal=KILL" : `error=${fault}`}:when=${occurrence}`;
}

/** From this call on nothing that takes space succeeds, but for opening files and write(2). */
function fullFrom(calls: readonly Call[], at: number): string[] {
  const first = new Map<string, number>();
  for (const { name, occurrence } of calls.slice(at))
    if (fillable.test(name) && !first.has(name)) first.set(name, occurrence);
  return [...first].map(([name, occurrence]) => `${name}:error=ENOSPC:when=${occurrence}+`);
}
