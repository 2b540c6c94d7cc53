// SPDX-License-Identifier: Apache-2.0
/**
 * `node --run e2e:power-cuts -- [COUNT] [--minutes=N] [--seed=N]`: the power of a machine that upgrades and rolls back
 * is cut COUNT times (200), or for so long, at random moments. Its disk has a volatile cache: of what was not flushed some
 * blocks are lost, others not. After each cut the machine boots from what is left: the old or the new version is what
 * would boot, whole to the last byte, `status` works, stock `ostree fsck` passes, and the next upgrade, rollback and clean-up
 * succeed. One in five is cut before it has shown all of that, and the next one shows it.
 *
 * Each life begins in the state of a machine that was saved when its kernel had booted, before it had the disk. Real are the kernel, its ext4 and our code on it. The trees are tiny, and what boots is found as boot loader and
 * ostree-prepare-root find it (`what-boots.ts`). Needs root, apt-get, QEMU and stock ostree.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { existsSync, mkdirSync, mkdtempSync, readFileSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { removeTree } from "../../src/base/index.ts";
import { chooseAccelerator, endingWithUs } from "../../src/image/index.ts";
import { Random } from "../fuzz/mutate.ts";
import { ostree } from "../host/fixture.ts";
import { bundle } from "./cut-short.ts";
import { type GuestKernel, makeExt4Disk, makeGuestKernel, makeToolsDisk } from "./guest-system.ts";
import { prepareInstalled } from "./scenarios.ts";
import { blockSize, VolatileDisk } from "./volatile-disk.ts";

const { values, positionals } = parseArgs({
  options: { seed: { type: "string" }, minutes: { type: "string" } },
  allowPositionals: true,
});
const count = Number(positionals[0] ?? 200);
const seed = Number(values.seed ?? Date.now() % 1_000_000);
const limitMs = Number(values.minutes ?? Number.POSITIVE_INFINITY) * 60_000;
const bootTimeoutMs = 300_000;
const diskMegabytes = 128;

interface Setup {
  readonly guest: GuestKernel;
  readonly tools: string;
  readonly socket: string;
  readonly accelerator: string;
  /** The state of a machine that waits for its disk. */
  readonly state: string;
}

/** One life of the machine, from power on to the cut. */
class Life {
  readonly #child: ChildProcess;
  readonly #began = performance.now();
  readonly #heard: string[] = [];
  readonly #number: number;
  #console = "";
  #wake: (() => void) | undefined;
  readonly #ended: Promise<void>;

  constructor(setup: Setup, number: number) {
    this.#number = number;
    const [command, ...args] = endingWithUs([...machineCommand(setup), "-incoming", `exec:cat ${setup.state}`]);
    this.#child = spawn(command!, args, { stdio: ["pipe", "pipe", "inherit"] });
    this.#ended = new Promise((resolve) => this.#child.once("close", () => resolve()));
    this.#child.stdout!.setEncoding("utf8").on("data", (text: string) => this.#hear(text));
    void this.#ended.then(() => this.#wake?.());
  }

  #hear(text: string): void {
    this.#console += text;
    for (let end = this.#console.indexOf("\n"); end >= 0; end = this.#console.indexOf("\n")) {
      const line = this.#console.slice(0, end).trim();
      this.#console = this.#console.slice(end + 1);
      if (line === "@@ ready" && !this.#heard.includes(line))
        this.#child.stdin!.write(`${this.#number} ${randomUUID()}\n`);
      this.#heard.push(line);
      if (/^@@ failed|Kernel panic/.test(line)) this.#wake?.();
    }
    if (this.#heard.some((line) => line === "@@ whole")) this.#wake?.();
  }

  get seconds(): number {
    return (performance.now() - this.#began) / 1000;
  }

  get step(): string {
    return this.#heard.findLast((line) => line.startsWith("@@ "))?.slice(3) ?? "boot";
  }

  get whole(): boolean {
    return this.#heard.includes("@@ whole");
  }

  /** Until the machine has proved itself, or so long. Throws when something is wrong. */
  async untilWhole(timeoutMs: number): Promise<void> {
    const woken = new Promise<void>((resolve) => (this.#wake = resolve));
    const timer = setTimeout(() => this.#wake?.(), timeoutMs);
    if (!this.whole) await woken;
    clearTimeout(timer);
    this.check();
  }

  check(): void {
    const trouble = this.#heard.find((line) => /^@@ failed|Kernel panic/.test(line));
    if (trouble === undefined && this.#child.exitCode === null) return;
    throw new Error(`${trouble ?? "the machine has ended"}\n  ${this.#heard.slice(-30).join("\n  ")}`);
  }

  async cut(): Promise<void> {
    this.#child.kill("SIGKILL");
    await this.#ended;
  }
}

function machineCommand({ guest, tools, socket, accelerator }: Omit<Setup, "state">): string[] {
  const sizes = `logical_block_size=${blockSize},physical_block_size=${blockSize}`;
  const fast = accelerator === "kvm" ? "kvm -cpu host" : "tcg,tb-size=256,thread=single -cpu max,-cx16";
  return `qemu-system-x86_64 -machine q35 -accel ${fast} -smp 1 -m 768
    -nodefaults -display none -no-reboot -serial stdio -kernel ${guest.kernel} -initrd ${guest.initramfs}
    -drive file=${tools},if=none,id=tools,format=raw,readonly=on -device virtio-blk-pci,drive=tools
    -drive file=nbd:unix:${socket},if=none,id=disk,format=raw,cache=writeback -device virtio-blk-pci,drive=disk,${sizes}`
    .split(/\s+/)
    .concat("-append", kernelArguments);
}

/** Boots a machine, and saves it when it waits for its disk. */
async function saveBooted(directory: string, setup: Omit<Setup, "state">): Promise<string> {
  const [state, monitor] = [join(directory, "state"), join(directory, "monitor")];
  const [command, ...args] = endingWithUs([...machineCommand(setup), "-monitor", `unix:${monitor},server,nowait`]);
  const child = spawn(command!, args, { stdio: ["ignore", "pipe", "inherit"] });
  let heard = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    const was = heard;
    heard += text;
    if (was.includes("@@ ready") || !heard.includes("@@ ready")) return;
    const words = connect(monitor).setEncoding("utf8").resume();
    words.write(`migrate "exec:cat >${state}"\nquit\n`);
  });
  await once(child, "close");
  if (!existsSync(state)) throw new Error(`the machine did not come up:\n${heard}`);
  return state;
}

const kernelArguments = "console=ttyS0 quiet panic=-1 mitigations=off cryptomgr.notests random.trust_cpu=on nowatchdog";

async function prepare(directory: string): Promise<{ setup: Setup; disk: VolatileDisk }> {
  const content = join(directory, "disk");
  mkdirSync(content);
  await prepareInstalled(content);
  const site = join(content, "site");
  ostree("config", `--repo=${content}/sysroot/ostree/repo`, "set", 'remote "site".url', "file:///site");
  const guest = join(directory, "guest");
  await bundle(join(import.meta.dirname, "guest.ts"), join(guest, "guest.cjs"), "/guest/guest.cjs");
  const tools = makeToolsDisk(directory, guest, site, content);
  const image = join(directory, "disk.img");
  makeExt4Disk(image, content, diskMegabytes);
  const socket = join(directory, "nbd");
  const disk = new VolatileDisk(readFileSync(image));
  await disk.listen(socket);
  const accelerator = await chooseAccelerator("auto");
  const setup = { guest: makeGuestKernel(directory), tools, socket, accelerator };
  return { setup: { ...setup, state: await saveBooted(directory, setup) }, disk };
}

async function main(directory: string): Promise<void> {
  const random = new Random(seed);
  const { setup, disk } = await prepare(directory);
  const steps = new Map<string, number>();
  let [unflushed, lost, early] = [0, 0, 0];
  /** Milliseconds that the machine took last to prove itself. */
  let usual = 0;
  const began = performance.now();
  let cuts = 0;
  for (let number = 1; number <= count && performance.now() - began < limitMs; number++) {
    const life = new Life(setup, number);
    try {
      // One in five is cut before it has proved itself: while it boots, replays the journal or repairs.
      if (usual > 0 && random.below(5) === 0) await life.untilWhole(random.below(usual));
      else {
        await life.untilWhole(bootTimeoutMs);
        if (!life.whole) throw new Error(`not whole after ${Math.round(life.seconds)} s: ${life.step}`);
        usual = life.seconds * 1000;
        await sleepWatching(life, random.below(Math.max(2000, usual / 2)));
      }
    } catch (error) {
      await life.cut();
      throw new Error(`cut ${number - 1}, seed ${seed}`, { cause: error });
    }
    if (!life.whole) early++;
    await life.cut();
    const step = life.step.startsWith("step ") ? life.step.slice(5) : life.whole ? "between" : "boot";
    steps.set(step, (steps.get(step) ?? 0) + 1);
    const cut = disk.cutPower(random);
    cuts = number;
    unflushed += cut.unflushed;
    lost += cut.lost;
    if (number % 10 === 0) console.log(`${number} cuts, ${Math.round((performance.now() - began) / 1000)} s`);
  }
  const last = new Life(setup, cuts + 1);
  await last.untilWhole(bootTimeoutMs);
  const whole = last.whole;
  await last.cut();
  disk.close();
  if (!whole) throw new Error(`not whole after the last cut, seed ${seed}: ${last.step}`);
  const told = [...steps].map(([step, times]) => `${times} in ${step}`).join(", ");
  console.log(`${cuts} power cuts (${told}; ${early} before the machine had proved itself), seed ${seed}.`);
  console.log(`${unflushed} blocks were not flushed, ${lost} of them lost. After each the machine was whole.`);
}

async function sleepWatching(life: Life, ms: number): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, ms));
  life.check();
}

const directory = mkdtempSync(join(tmpdir(), "atomic-power-"));
try {
  await main(directory);
} finally {
  removeTree(directory);
}
