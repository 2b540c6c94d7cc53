// SPDX-License-Identifier: Apache-2.0
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { isErrno, requireProgram } from "../base/index.ts";
import { Repo, type RunningServer, serveDirectory } from "../ostree/index.ts";
import { chooseAccelerator, type Accelerator } from "./accelerator.ts";
import { servePort } from "./build.ts";
import { loginCredentials } from "./credentials.ts";
import { imageError } from "./errors.ts";
import { defaultCpus, detectFormat, endingWithUs, hardwareArguments, prepareFirmware, type Firmware } from "./qemu.ts";

export interface RunOptions {
  readonly disk: string;
  /** MiB. */
  readonly memory: number;
  readonly cpus?: number;
  readonly accelerator: Accelerator | "auto";
  readonly firmware: Firmware;
  readonly snapshot: boolean;
  /** Repository to serve to the guest. */
  readonly serve?: string;
  readonly servePort?: number;
  /** Port of this machine that leads to the guest's SSH server. */
  readonly sshPort?: number;
  /** Log root in on the serial console without asking for a password. */
  readonly login: boolean;
  /** Told once what the machine is run with, before it starts. */
  readonly onStart?: (facts: { accelerator: Accelerator; cpus: number; served: string | undefined }) => void;
}

/** Runs a disk in QEMU with this terminal as its serial console. @returns QEMU's exit code */
export async function runImage(options: RunOptions): Promise<number> {
  const program = requireProgram("qemu-system-x86_64");
  const accelerator = await chooseAccelerator(options.accelerator);
  const cpus = options.cpus ?? defaultCpus(accelerator);
  const format = detectFormat(options.disk);
  await using server = await serveRepository(options.serve, options.servePort ?? servePort);
  const directory = mkdtempSync(join(tmpdir(), "atomic-vm-"));
  try {
    const hardware = hardwareArguments({
      disk: options.disk,
      format,
      memory: options.memory,
      cpus,
      accelerator,
      firmware: prepareFirmware(options.firmware, directory),
      snapshot: options.snapshot,
      unsafe: false,
      forwards: options.sshPort === undefined ? [] : [{ host: options.sshPort, guest: 22 }],
      credentials: options.login ? loginCredentials : [],
    });
    options.onStart?.({ accelerator, cpus, served: server && `http://10.0.2.2:${server.port}/` });
    // On a terminal, Ctrl-A X ends the machine and Ctrl-C goes to the guest.
    const console = process.stdin.isTTY ? ["-serial", "mon:stdio"] : ["-monitor", "none", "-serial", "stdio"];
    return await exitOf([program, ...hardware, ...console]);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

async function serveRepository(path: string | undefined, port: number): Promise<RunningServer | undefined> {
  if (path === undefined) return undefined;
  Repo.open(path);
  try {
    return await serveDirectory(path, { port });
  } catch (error) {
    if (!isErrno(error, "EADDRINUSE", "EACCES")) throw error;
    throw imageError("unusable-option", `port ${port} cannot be used: ${error.message}`, {
      cause: error,
      hint: "give another --serve-port, and the machine's remote the same",
    });
  }
}

function exitOf(words: readonly string[]): Promise<number> {
  const { promise, resolve, reject } = Promise.withResolvers<number>();
  const [command, ...args] = endingWithUs(words);
  const child = spawn(command!, args, { stdio: "inherit" });
  child.on("error", reject);
  child.on("close", (code) => resolve(code ?? 1));
  return promise;
}
