// SPDX-License-Identifier: Apache-2.0
/** Measures two ways to do one job on the same input in the same run, interleaved, and prints the ratio. */
import { execFileSync, spawnSync } from "node:child_process";
import { join } from "node:path";

export const root = join(import.meta.dirname, "../..");
/** `./atomic`, or the program in ATOMIC_BENCH_PROGRAM (the shipped executable starts faster). */
export const atomic = process.env["ATOMIC_BENCH_PROGRAM"] ?? join(root, "atomic");

/** Debian's newest stock ostree, or the program in ATOMIC_BENCH_OSTREE. */
export function stockOstree(): string {
  const given = process.env["ATOMIC_BENCH_OSTREE"];
  if (given !== undefined) return given;
  return join(execFileSync(join(root, "tools/newest-ostree"), { encoding: "utf8" }).trim(), "bin/ostree");
}

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
  /** User and system time of all threads. */
  readonly cpuSeconds: number;
  /** Peak resident memory of the process, in MB. */
  readonly memory: number;
}

/** Prints one line: medians of both, the median of the rounds' ratios (above 1: ours is faster), and our peak memory. */
export function compare(job: Job): void {
  const rounds: { ours: Sample; theirs: Sample }[] = [];
  for (let round = 0; round < (job.runs ?? 3); round++) {
    const [ours, theirs] = (["ours", "theirs"] as const).map((side) => {
      job.prepare?.(side);
      execFileSync("sync");
      return measure(job[side]);
    });
    rounds.push({ ours: ours!, theirs: theirs! });
  }
  const ratio = (key: "seconds" | "cpuSeconds") => median(rounds.map(({ ours, theirs }) => theirs[key] / ours[key]));
  const columns = [
    job.name.padEnd(36),
    `${median(rounds.map(({ ours }) => ours.seconds)).toFixed(2)} s`,
    `${median(rounds.map(({ theirs }) => theirs.seconds)).toFixed(2)} s`,
    `${ratio("seconds").toFixed(2)}x`,
    `${ratio("cpuSeconds").toFixed(2)}x`,
    `${Math.round(median(rounds.map(({ ours }) => ours.memory)))} MB`,
  ];
  console.log(columns.map((text, index) => (index === 0 ? text : text.padStart(10))).join(""));
}

export function heading(theirs: string): void {
  const titles = ["ours", theirs, "ratio", "CPU", "our peak"].map((title) => title.padStart(10));
  console.log(`\n${"job (medians)".padEnd(36)}${titles.join("")}`);
}

function measure({ command, args, env }: Contender): Sample {
  const began = performance.now();
  const { status, stderr } = spawnSync("/usr/bin/time", ["-f", "%M %U %S", command, ...args], {
    env: { ...process.env, ...env },
    encoding: "utf8",
    maxBuffer: 1 << 28,
  });
  const seconds = (performance.now() - began) / 1000;
  if (status !== 0) throw new Error(`${command} ${args.join(" ")} exited with ${status}\n${stderr}`);
  const [memory, user, system] = stderr.trim().split("\n").at(-1)!.split(" ").map(Number);
  return { seconds, cpuSeconds: user! + system!, memory: memory! / 1024 };
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)]!;
}
