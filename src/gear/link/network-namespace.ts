// SPDX-License-Identifier: Apache-2.0
import { closeSync, openSync, readlinkSync } from "node:fs";
import { requireProgram, run, type RunOptions, type RunResult, unlessErrno } from "../../base/index.ts";
import { gearError } from "../errors.ts";

/**
 * A container's network namespace, held open: it stays the same one even if its process ends and another one gets the
 * number in the middle of the work.
 */
export class NetworkNamespace implements Disposable {
  readonly #fd: number;
  readonly #identity: string;

  private constructor(fd: number) {
    this.#fd = fd;
    this.#identity = readlinkSync(this.path);
  }

  /** Of a process. Throws `gear-no-namespace` when it has ended or uses the network of this one. */
  static ofProcess(pid: number): NetworkNamespace {
    return NetworkNamespace.open(`/proc/${pid}/ns/net`);
  }

  /** @param path `/proc/PID/ns/net`, `/run/netns/NAME` */
  static open(path: string): NetworkNamespace {
    const fd = unlessErrno(["ENOENT", "ESRCH"], () => openSync(path, "r"));
    if (fd === undefined) throw gearError("no-namespace", `${path} does not exist: the container does not run`);
    const namespace = new NetworkNamespace(fd);
    if (namespace.#identity !== readlinkSync("/proc/self/ns/net")) return namespace;
    namespace.close();
    // Its links would redirect every program of the host.
    throw gearError("no-namespace", `${path} is the host's network; links need a network of the container's own`);
  }

  /** Where programs find it while this process holds it open. */
  get path(): string {
    return `/proc/${process.pid}/fd/${this.#fd}`;
  }

  /** Runs a program of the host in it, as `run` does; its messages are in English. */
  run(program: string, args: readonly string[], options: RunOptions = {}): Promise<RunResult> {
    const env = { ...options.env, LC_ALL: "C" };
    return run("nsenter", [`--net=${this.path}`, "--", requireProgram(program), ...args], { ...options, env });
  }

  close(): void {
    closeSync(this.#fd);
  }

  [Symbol.dispose](): void {
    this.close();
  }
}
