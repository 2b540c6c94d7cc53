// SPDX-License-Identifier: Apache-2.0
/** Measures two ways to do one job on the same input in the same run, interleaved, and prints the ratio. */
import { execFileSync, spawnSync } from "node:child_process";
import { join } from "node:path";

export const root = join(import.meta.dirname, "../..");
/** `./atomic`, or the program in ATOMIC_BENCH_PROGRAM (the shipped executable starts faster). */
export const atomic = process.env["ATOMIC_BENCH_PROGRAM"] ?? join(root, "atomic");

export interface Contender {
  readonly command: string;
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

export interface Job {
  readonly name: string;
  readonly ours: Contender;
  readonly theirs: Contender;
  /** Brings the input into the state before the job; not measured. */
  readonly prepare?: (side: "ours" | "theirs") => void;
  readonly runs?: number;
}

interface Sample {
  readonly seconds: number;
  /** Peak resident memory of the process, in MB. */
  readonly memory: number;
}

/** Prints one line: medians of both, the ratio (above 1: ours is faster), and our peak memory. */
export function compare(job: Job): void {
  const samples: Record<"ours" | "theirs", Sample[]> = { ours: [], theirs: [] };
  for (let round = 0; round < (job.runs ?? 3); round++) {
    for (const side of ["ours", "theirs"] as const) {
      job.prepare?.(side);
      execFileSync("sync");
      samples[side].push(measure(job[side]));
    }
  }
  const [ours, theirs] = [median(samples.ours), median(samples.theirs)];
  const ratio = (theirs.seconds / ours.seconds).toFixed(2);
  const columns = [
    job.name.padEnd(36),
    `${ours.seconds.toFixed(2)} s`,
    `${theirs.seconds.toFixed(2)} s`,
    `${ratio}x`,
    `${Math.round(ours.memory)} MB`,
  ];
  console.log(columns.map((text, index) => (index === 0 ? text : text.padStart(10))).join(""));
}

export function heading(theirs: string): void {
  console.log(
    `\n${"job (median wall time)".padEnd(36)}${["ours", theirs, "ratio", "our peak"].map((text) => text.padStart(10)).join("")}`,
  );
}

function measure({ command, args, env }: Contender): Sample {
  const began = performance.now();
  const { status, stderr } = spawnSync("/usr/bin/time", ["-f", "%M", command, ...args], {
    env: { ...process.env, ...env },
    encoding: "utf8",
    maxBuffer: 1 << 28,
  });
  const seconds = (performance.now() - began) / 1000;
  if (status !== 0) throw new Error(`${command} ${args.join(" ")} exited with ${status}\n${stderr}`);
  return { seconds, memory: Number(stderr.trim().split("\n").at(-1)) / 1024 };
}

function median(samples: readonly Sample[]): Sample {
  return samples.toSorted((a, b) => a.seconds - b.seconds)[Math.floor(samples.length / 2)]!;
}
