// SPDX-License-Identifier: Apache-2.0
/**
 * Feeds damaged input to every decoder that reads what others made. Usage: node --run fuzz [-- TARGET...] with
 * ATOMIC_FUZZ_RUNS (executions of each; default 1,000,000 of what the network brings, 100,000 of the rest) and
 * ATOMIC_FUZZ_SEED (default: the clock). A decoder fails when it throws anything but a refusal, when one execution takes
 * a second, or when the process grows over 256 MB.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { runTarget } from "./run-target.ts";
import { type FuzzTarget, targets } from "./targets.ts";

const memoryLimit = 256 << 20;
/** A thousand executions take a second; on a machine that does much else, many times that. */
const silenceLimit = 120_000;
const asked = process.argv.slice(2);
const child = process.env["ATOMIC_FUZZ_CHILD"] !== undefined;
const seed = Number(process.env["ATOMIC_FUZZ_SEED"] ?? Date.now() % 2 ** 31);

function runsOf(target: FuzzTarget): number {
  return Number(process.env["ATOMIC_FUZZ_RUNS"] ?? (target.remote ? 1_000_000 : 100_000));
}

async function runHere(target: FuzzTarget): Promise<void> {
  let peak = 0;
  const result = await runTarget(target, runsOf(target), seed, (done) => {
    // Only what a decoder holds counts, not how far the garbage collector is behind.
    globalThis.gc?.();
    peak = Math.max(peak, process.memoryUsage.rss());
    if (peak > memoryLimit) throw new Error(`${target.name}: ${peak >> 20} MB after ${done} executions`);
    // The parent takes silence for a hang.
    process.stdout.write(".\n");
  });
  process.stdout.write(`${JSON.stringify({ ...result, peak })}\n`);
}

/** A target in a process of its own, which is ended when it says nothing for long. */
async function runApart(target: FuzzTarget): Promise<boolean> {
  const env = { ...process.env, ATOMIC_FUZZ_CHILD: "1", ATOMIC_FUZZ_SEED: String(seed) };
  const args = ["--expose-gc", "--disable-warning=ExperimentalWarning", import.meta.filename, target.name];
  const running = spawn(process.execPath, args, { env, stdio: ["ignore", "pipe", "inherit"] });
  const last = await lastLine(running);
  const status = await new Promise<number | null>((resolve) => running.once("close", resolve));
  if (status !== 0) {
    console.log(`${target.name.padEnd(20)} FAILED, seed ${seed}`);
    return false;
  }
  const { executions, accepted, worstMilliseconds, peak } = JSON.parse(last) as Record<string, number>;
  const share = `${Math.round((100 * accepted!) / executions!)} %`;
  const columns = [String(executions), share, `${worstMilliseconds!.toFixed(1)} ms`, `${peak! >> 20} MB`];
  console.log(target.name.padEnd(20) + columns.map((column) => column.padStart(12)).join(""));
  return true;
}

async function lastLine(running: ChildProcess): Promise<string> {
  let last = "";
  let timer = setTimeout(() => running.kill("SIGKILL"), silenceLimit);
  for await (const piece of running.stdout!) {
    last = (piece as Buffer).toString().trim().split("\n").at(-1)!;
    clearTimeout(timer);
    timer = setTimeout(() => running.kill("SIGKILL"), silenceLimit);
  }
  clearTimeout(timer);
  return last;
}

const wanted = targets.filter(({ name }) => asked.length === 0 || asked.includes(name));
if (child) for (const target of wanted) await runHere(target);
else {
  const titles = ["executions", "decoded", "slowest", "peak"].map((title) => title.padStart(12));
  console.log(`seed ${seed}\n${"decoder".padEnd(20)}${titles.join("")}`);
  for (const target of wanted) if (!(await runApart(target))) process.exitCode = 1;
}
