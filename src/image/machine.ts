// SPDX-License-Identifier: Apache-2.0
import { spawn, type ChildProcess } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import type { Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { requireProgram, type AtomicError } from "../base/index.ts";
import { chooseAccelerator, type Accelerator } from "./accelerator.ts";
import { shellCredentials, shellMark, type Credential } from "./credentials.ts";
import { imageError } from "./errors.ts";
import {
  defaultCpus,
  detectFormat,
  endingWithUs,
  hardwareArguments,
  prepareFirmware,
  type Firmware,
  type Hardware,
} from "./qemu.ts";
import { connectWhenThere, Qmp } from "./qmp.ts";
import { plainText, SerialText } from "./serial.ts";

export interface MachineOptions {
  readonly disk: string;
  /** Further disks, in the guest /dev/vdb and so on; what is written to them stays. */
  readonly moreDisks?: readonly string[];
  /** MiB; default 2048. */
  readonly memory?: number;
  /** Default: 1 under TCG, up to 4 under KVM. */
  readonly cpus?: number;
  readonly accelerator?: Accelerator | "auto";
  readonly firmware?: Firmware;
  /** Throw all changes to the disk away at the end. */
  readonly snapshot?: boolean;
  /** Faster, for disks that need not outlive a crash of this machine. */
  readonly unsafe?: boolean;
  readonly forwards?: Hardware["forwards"];
  readonly credentials?: readonly Credential[];
  /** Name of a saved state of this qcow2 disk to go on from; hardware options must be those that it was saved with. */
  readonly restore?: string;
  /** Told the text of the serial console as it comes. */
  readonly onConsole?: (text: string) => void;
}

export interface CommandOptions {
  /** Default 120. */
  readonly timeoutSeconds?: number;
  /** Exit codes that are not an error; default 0. "any" for all. */
  readonly accept?: readonly number[] | "any";
}

export interface CommandResult {
  readonly code: number;
  /** Standard output and standard error as they came. */
  readonly output: string;
}

const startSeconds = 30;
const shownLines = 40;

/** Starts a virtual machine from a disk, with a shell for this program on its second serial line. */
export async function startMachine(options: MachineOptions): Promise<Machine> {
  const program = requireProgram("qemu-system-x86_64");
  const accelerator = await chooseAccelerator(options.accelerator ?? "auto");
  const directory = mkdtempSync(join(tmpdir(), "atomic-vm-"));
  try {
    const args = [
      ...hardwareArguments({
        disk: options.disk,
        format: detectFormat(options.disk),
        moreDisks: (options.moreDisks ?? []).map((path) => ({ path, format: detectFormat(path) })),
        memory: options.memory ?? 2048,
        cpus: options.cpus ?? defaultCpus(accelerator),
        accelerator,
        firmware: prepareFirmware(options.firmware ?? "bios", directory),
        snapshot: options.snapshot ?? false,
        unsafe: options.unsafe ?? false,
        forwards: options.forwards ?? [],
        credentials: [...shellCredentials, ...(options.credentials ?? [])],
      }),
      ...lineArguments(directory),
      ...(options.restore === undefined ? [] : ["-loadvm", options.restore]),
    ];
    const [command, ...words] = endingWithUs([program, ...args]);
    const child = spawn(command!, words, { stdio: ["pipe", "pipe", "pipe"] });
    return await Machine.connect(child, { ...options, directory, accelerator });
  } catch (error) {
    rmSync(directory, { recursive: true, force: true });
    throw error;
  }
}

/** Console, shell and control. With -S it waits until all are connected, so that nothing it says gets lost. */
function lineArguments(directory: string): string[] {
  const socket = (name: string) => `unix:${directory}/${name},server=on,wait=off`;
  return ["-monitor", "none", "-serial", "stdio", "-serial", socket("shell"), "-qmp", socket("qmp"), "-S"];
}

interface Wiring {
  readonly directory: string;
  readonly accelerator: Accelerator;
  readonly restore?: string;
  readonly onConsole?: (text: string) => void;
}

/** Lines on the console after which a boot cannot succeed any more. */
const fatal =
  /Kernel panic - not syncing|Entering emergency mode|You are in emergency mode|No boot entries:|^grub rescue>/m;

/** A running virtual machine. All waiting has a limit, and a failure shows the console's last lines. */
export class Machine implements AsyncDisposable {
  readonly accelerator: Accelerator;
  readonly #child: ChildProcess;
  readonly #qmp: Qmp;
  readonly #shell: Socket;
  readonly #console = new SerialText();
  readonly #answers = new SerialText();
  readonly #ended: Promise<void>;
  readonly #broken = new AbortController();
  #ready = false;
  #number = 0;

  private constructor(child: ChildProcess, qmp: Qmp, shell: Socket, ended: Promise<void>, wiring: Wiring) {
    this.#child = child;
    this.#qmp = qmp;
    this.#shell = shell;
    this.#ended = ended;
    this.accelerator = wiring.accelerator;
    this.#ready = wiring.restore !== undefined;
    child.stdout?.setEncoding("utf8").on("data", (text: string) => {
      this.#console.add(text);
      wiring.onConsole?.(text);
    });
    shell.setEncoding("utf8").on("data", (text: string) => this.#answers.add(text));
  }

  /** @internal */
  static async connect(child: ChildProcess, wiring: Wiring): Promise<Machine> {
    let errors = "";
    child.stderr?.setEncoding("utf8").on("data", (text: string) => (errors = (errors + text).slice(-8192)));
    child.stdin?.on("error", () => {});
    const over = Promise.withResolvers<void>();
    child.on("error", () => over.resolve());
    child.on("close", () => over.resolve());
    const connecting = Promise.all([
      Qmp.connect(join(wiring.directory, "qmp"), startSeconds),
      connectWhenThere(join(wiring.directory, "shell"), startSeconds),
    ]);
    const early = over.promise.then(() => Promise.reject(new Error("ended")));
    try {
      const [qmp, shell] = await Promise.race([connecting, early]);
      const machine = new Machine(child, qmp, shell, over.promise, wiring);
      void over.promise.then(() => {
        rmSync(wiring.directory, { recursive: true, force: true });
        machine.#broken.abort(machine.#failure("machine-ended", `the machine has ended\n${errors.trim()}`.trim()));
      });
      await qmp.execute("cont");
      return machine;
    } catch (error) {
      child.kill("SIGKILL");
      await over.promise;
      throw imageError("machine-ended", `QEMU did not start: ${errors.trim()}`, { cause: error });
    } finally {
      for (const outcome of [connecting, early]) outcome.catch(() => {});
    }
  }

  /** The serial console's text so far, without control sequences. */
  get console(): string {
    return plainText(this.#console.text);
  }

  /** The control connection, for what has no method here. */
  get qmp(): Qmp {
    return this.#qmp;
  }

  /**
   * Waits until the system is up.
   * @returns what `systemctl is-system-running` says: running or degraded
   */
  async waitForBoot(timeoutSeconds = 300): Promise<string> {
    const began = performance.now();
    await this.waitForShell(timeoutSeconds);
    const left = Math.max(1, timeoutSeconds - (performance.now() - began) / 1000);
    const { output } = await this.run("systemctl is-system-running --wait", { timeoutSeconds: left, accept: "any" });
    return output.trim();
  }

  /** Waits until commands can be run, which is early: services may not be up yet. */
  async waitForShell(timeoutSeconds = 300): Promise<void> {
    if (this.#ready) return;
    const match = await this.#answer(new RegExp(`${shellMark} ready\r?\n`), timeoutSeconds);
    if (!match) throw this.#failure("machine-timeout", `the machine was not up after ${Math.round(timeoutSeconds)} s`);
    this.#ready = true;
  }

  /** Waits for what the shell says, and no longer when the console shows that the machine is lost. */
  async #answer(pattern: RegExp, seconds: number): Promise<RegExpExecArray | undefined> {
    const stopped = new AbortController();
    const signal = AbortSignal.any([stopped.signal, this.#broken.signal]);
    const answer = this.#answers.waitFor(pattern, seconds, signal);
    const trouble = this.#console.waitFor(fatal, seconds + 1, signal).then((match) => {
      if (match) throw this.#failure("machine-ended", `the machine is lost: ${match[0]}`);
      return undefined;
    });
    try {
      const match = await Promise.race([answer, trouble]);
      if (match) this.#answers.consume(match.index + match[0].length);
      return match;
    } finally {
      for (const waiting of [answer, trouble]) waiting.catch(() => {});
      stopped.abort();
    }
  }

  /** Waits for text on the serial console. */
  async waitForConsole(pattern: RegExp, timeoutSeconds = 120): Promise<void> {
    const match = await this.#console.waitFor(pattern, timeoutSeconds, this.#broken.signal);
    if (!match) throw this.#failure("machine-timeout", `no ${pattern} on the console within ${timeoutSeconds} s`);
  }

  /** Types on the serial console. */
  type(text: string): void {
    this.#child.stdin?.write(text);
  }

  /** Runs a shell script in the machine, as root. One at a time. */
  async run(script: string, options: CommandOptions = {}): Promise<CommandResult> {
    await this.waitForShell(options.timeoutSeconds);
    const number = ++this.#number;
    const seconds = options.timeoutSeconds ?? 120;
    this.#shell.write(`${number} ${Buffer.from(script).toString("base64")}\n`);
    const whole = new RegExp(`${shellMark} begin ${number}\r?\n([^]*?)\n${shellMark} end ${number} (\\d+)\r?\n`);
    const match = await this.#answer(whole, seconds);
    if (!match) {
      const partial = this.#answers.lastLines(shownLines).join("\n  ");
      throw this.#failure("machine-timeout", `not done after ${Math.round(seconds)} s: ${script}\n  ${partial}`);
    }
    const result = { code: Number(match[2]), output: (match[1] ?? "").replaceAll("\r\n", "\n") };
    const accept = options.accept ?? [0];
    if (accept === "any" || accept.includes(result.code)) return result;
    const lines = result.output.trimEnd().split("\n").slice(-shownLines);
    throw imageError("command-failed", `in the machine, exit ${result.code}: ${script}\n  ${lines.join("\n  ")}`);
  }

  /** Reboots from inside and waits until the system is up again. */
  async reboot(timeoutSeconds = 600): Promise<string> {
    const began = performance.now();
    const reset = this.#waitForEvent("RESET", timeoutSeconds);
    reset.catch(() => {});
    await this.run("systemctl reboot");
    await reset;
    return this.waitForBoot(timeoutSeconds - (performance.now() - began) / 1000);
  }

  /** Lets what the console said no longer count: a panic that was expected does not mean that the machine is lost. */
  forgetConsole(): void {
    this.#console.clear();
  }

  /** Restarts the user space under the running kernel, from what was prepared for it, and waits until it is up. */
  async softReboot(timeoutSeconds = 600): Promise<string> {
    await this.run("systemctl soft-reboot");
    this.#ready = false;
    return this.waitForBoot(timeoutSeconds);
  }

  /** Presses the reset button: nothing in the machine is told. */
  async reset(): Promise<void> {
    const reset = this.#waitForEvent("RESET", startSeconds);
    await this.#qmp.execute("system_reset");
    await reset;
  }

  /** Shuts down from inside and waits for the machine's end. */
  async powerOff(timeoutSeconds = 180): Promise<void> {
    await this.run("systemctl poweroff");
    const timer = AbortSignal.timeout(timeoutSeconds * 1000);
    const late = new Promise<never>((_, reject) =>
      timer.addEventListener("abort", () => reject(timer.reason as Error)),
    );
    await Promise.race([this.#ended, late]).catch(() => {
      throw this.#failure("machine-timeout", `still on ${timeoutSeconds} s after poweroff`);
    });
  }

  /** Pulls the plug: what the guest has not written is lost. */
  async cutPower(): Promise<void> {
    this.#child.kill("SIGKILL");
    await this.#ended;
  }

  /** Saves the running machine's state and disk under a name; needs a qcow2 disk and BIOS firmware. */
  async save(name: string): Promise<void> {
    await this.#qmp.monitor(`savevm ${name}`);
  }

  /** Goes back to a saved state. */
  async restore(name: string): Promise<void> {
    await this.#qmp.monitor(`loadvm ${name}`);
    await this.#qmp.execute("cont");
    this.#answers.clear();
    this.#ready = true;
  }

  /** Ends the machine if it still runs. */
  async stop(): Promise<void> {
    this.#qmp.execute("quit").catch(() => {});
    const timer = setTimeout(() => this.#child.kill("SIGKILL"), 5000);
    await this.#ended;
    clearTimeout(timer);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  async #waitForEvent(wanted: string, seconds: number): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const stop = this.#qmp.onEvent((name) => {
      if (name !== wanted) return;
      this.#ready = false;
      this.#answers.clear();
      this.#console.clear();
      resolve();
    });
    const late = () => reject(this.#failure("machine-timeout", `no ${wanted} within ${seconds} s`));
    const timer = setTimeout(late, seconds * 1000);
    void this.#ended.then(() => reject(this.#failure("machine-ended", "the machine has ended")));
    try {
      await promise;
    } finally {
      clearTimeout(timer);
      stop();
    }
  }

  #failure(code: "machine-ended" | "machine-timeout", what: string): AtomicError {
    const lines = this.#console.lastLines(shownLines).join("\n  ");
    return imageError(code, `${what}\nLast lines of its console:\n  ${lines}`);
  }
}
