// SPDX-License-Identifier: Apache-2.0
/**
 * Applications of 10 and 100 small containers: deployed from nothing, again, with one container changed, stopped, started and
 * deleted; by `atomic gear` and by what else there is for it on the same machine, in turns. `podman kube play` and Docker Compose do
 * the whole of it, `systemctl` starts and stops the same units.
 *
 *     ATOMIC_BENCH_SIZES=10,100    numbers of containers
 *     ATOMIC_BENCH_ROUNDS=3        of which medians are printed; 100 containers take some minutes each
 */
import { loadavg } from "node:os";
import { atomic } from "./compare.ts";
import { composeFile, gearFile, kubeFile, type Shape, unitsOf } from "./gear-application.ts";
import { GearMachine, type Measured } from "./gear-machine.ts";

const sizes = (process.env["ATOMIC_BENCH_SIZES"] ?? "10,100").split(",").map(Number);
const rounds = Number(process.env["ATOMIC_BENCH_ROUNDS"] ?? 3);

type Command = readonly [program: string, ...args: string[]];

interface Job {
  readonly name: string;
  /** Writes what the job begins with; not measured. */
  readonly given?: () => void;
  readonly ours: Command;
  readonly theirs: Command;
}

const file = "/root/shop.yaml";
const deploy = (...options: string[]): Command => ["atomic", "gear", "deploy", file, "--pull=never", ...options];
const gear = (...words: string[]): Command => ["atomic", "gear", ...words];
const shell = (script: string): Command => ["sh", "-c", script];

/** From nothing and back to nothing, each side for itself. */
function versusKube(on: GearMachine, shape: Shape): Job[] {
  const { size, health } = shape;
  const kube = "/root/kube.yaml";
  const healthy = `until [ "$(podman ps -q --filter health=healthy | wc -l)" -ge ${size} ]; do sleep 0.2; done`;
  const play = (options: string) => shell(`podman kube play ${options} ${kube}${health ? ` && ${healthy}` : ""}`);
  const write = (version: string) => () => {
    on.write(file, gearFile(shape, version));
    on.write(kube, kubeFile(shape, version));
  };
  return [
    { name: "deployed from nothing", given: write("1"), ours: deploy(), theirs: play("") },
    { name: "deployed again", ours: deploy(), theirs: play("--replace") },
    { name: "one container changed", given: write("2"), ours: deploy(), theirs: play("--replace") },
    { name: "deleted", ours: gear("delete", "shop"), theirs: ["podman", "kube", "down", kube] },
  ];
}

function versusCompose(on: GearMachine, shape: Shape): Job[] {
  const compose = (...words: string[]): Command => ["/usr/bin/docker", "compose", "-f", "/root/compose.yaml", ...words];
  const up = compose("up", "--detach", "--wait", "--quiet-pull");
  const write = (version: string) => () => {
    on.write(file, gearFile(shape, version));
    on.write("/root/compose.yaml", composeFile(shape, version));
  };
  return [
    { name: "deployed from nothing", given: write("1"), ours: deploy("--engine=docker"), theirs: up },
    { name: "deployed again", ours: deploy("--engine=docker"), theirs: up },
    { name: "one container changed", given: write("2"), ours: deploy("--engine=docker"), theirs: up },
    { name: "status", ours: gear("status", "shop"), theirs: compose("ps") },
    { name: "stopped", ours: gear("stop", "shop"), theirs: compose("stop") },
    { name: "started", ours: gear("start", "shop"), theirs: compose("start") },
    { name: "deleted", ours: gear("delete", "shop"), theirs: compose("down") },
  ];
}

/** The same units by `systemctl` alone: what gear adds. */
async function versusSystemctl(on: GearMachine, shape: Shape, record: Recorder): Promise<void> {
  on.write(file, gearFile(shape, "1"));
  await on.measure(...split(deploy()));
  const units = unitsOf(shape);
  for (let round = 0; round < rounds; round++) {
    for (const [verb, name] of [
      ["stop", "stopped"],
      ["start", "started"],
    ] as const) {
      record(name, "ours", await on.measure(...split(gear(verb, "shop"))));
      await on.measure("systemctl", [verb === "stop" ? "start" : "stop", ...units]);
      record(name, "theirs", await on.measure("systemctl", [verb, ...units]));
    }
    record("status", "ours", await on.measure(...split(gear("status", "shop"))));
    record("status", "theirs", await on.measure("systemctl", ["status", "--no-pager", ...units]));
    record("list", "ours", await on.measure(...split(gear("list"))));
    record("list", "theirs", await on.measure("systemctl", ["list-units", "shop-*"]));
  }
  await on.measure(...split(gear("delete", "shop")));
}

type Side = "ours" | "theirs";
type Recorder = (name: string, side: Side, measured: Measured) => void;

const split = ([program, ...args]: Command): [string, string[]] => [program, args];

async function runJobs(on: GearMachine, jobs: readonly Job[], record: Recorder): Promise<void> {
  for (let round = 0; round < rounds; round++) {
    for (const side of round % 2 === 0 ? (["ours", "theirs"] as const) : (["theirs", "ours"] as const)) {
      for (const job of jobs) {
        job.given?.();
        record(job.name, side, await on.measure(...split(job[side])));
      }
    }
  }
}

/** Collects, and prints a line for each job: medians, and the median of the rounds' ratios. */
class Table {
  readonly #title: string;
  readonly #samples = new Map<string, Record<Side, Measured[]>>();

  constructor(title: string) {
    this.#title = title;
  }

  record: Recorder = (name, side, measured) => {
    const samples = this.#samples.get(name) ?? { ours: [], theirs: [] };
    this.#samples.set(name, samples);
    samples[side].push(measured);
  };

  print(theirs: string): void {
    const load = loadavg()[0]!.toFixed(1);
    const titles = ["ours", theirs, "ratio", "CPU", "CPU", "ratio", "own CPU", "our peak"];
    console.log(`\n${`${this.#title} (load ${load})`.padEnd(40)}${titles.map((title) => title.padStart(12)).join("")}`);
    for (const [name, samples] of this.#samples) console.log(name.padEnd(40) + columns(samples).join(""));
  }
}

function columns({ ours, theirs }: Record<Side, Measured[]>): string[] {
  const of = (samples: readonly Measured[], key: "seconds" | "cpuSeconds" | "ownCpuSeconds" | "memory") =>
    median(samples.map((sample) => sample[key]));
  const ratio = (key: "seconds" | "cpuSeconds") =>
    median(ours.map((sample, index) => theirs[index]![key] / sample[key]));
  return [
    `${of(ours, "seconds").toFixed(2)} s`,
    `${of(theirs, "seconds").toFixed(2)} s`,
    `${ratio("seconds").toFixed(2)}x`,
    `${of(ours, "cpuSeconds").toFixed(2)} s`,
    `${of(theirs, "cpuSeconds").toFixed(2)} s`,
    `${ratio("cpuSeconds").toFixed(2)}x`,
    `${of(ours, "ownCpuSeconds").toFixed(2)} s`,
    `${Math.round(of(ours, "memory"))} MB`,
  ].map((text) => text.padStart(12));
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)]!;
}

if (!atomic.endsWith("dist/atomic")) throw new Error("ATOMIC_BENCH_PROGRAM has to name the executable: dist/atomic");
for (const size of sizes) {
  for (const health of [false, true]) {
    const text = `${size} containers${health ? " with checks" : ""}`;
    await using on = await GearMachine.start();
    const kube = new Table(`podman, ${text}`);
    const shape = { size, health, interval: 30 };
    await runJobs(on, versusKube(on, shape), kube.record);
    kube.print("kube play");
    const systemctl = new Table(`podman, ${text}`);
    await versusSystemctl(on, shape, systemctl.record);
    systemctl.print("systemctl");
    await on.useDocker();
    const compose = new Table(`Docker, ${text}`);
    // Docker makes the first check after the interval.
    await runJobs(on, versusCompose(on, { ...shape, interval: 5 }), compose.record);
    compose.print("Compose");
  }
}
