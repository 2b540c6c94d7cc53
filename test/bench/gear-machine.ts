// SPDX-License-Identifier: Apache-2.0
/**
 * A machine of `startSystemd` with podman and Docker, the shipped executable as /usr/bin/atomic, Docker Compose of Debian trixie, and
 * an image of busybox. What is measured is all of it: the time that a command takes until it ends, the CPU time of
 * every process of the machine meanwhile (engine, systemd and containers, by its control group), and the command's own memory.
 */
import { execFileSync } from "node:child_process";
import { copyFileSync, globSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { importImage, usePodman } from "../gear/podman-fixture.ts";
import { startSystemd, type SystemdMachine } from "../gear/systemd-fixture.ts";
import { atomic } from "./compare.ts";

export interface Measured {
  readonly seconds: number;
  /** Of all processes of the machine. */
  readonly cpuSeconds: number;
  /** Of the command and what it waited for. */
  readonly ownCpuSeconds: number;
  /** Peak resident memory of the command, in MB. */
  readonly memory: number;
  readonly stdout: string;
}

export class GearMachine implements AsyncDisposable {
  readonly machine: SystemdMachine;
  readonly #ends: (() => void | Promise<void>)[];

  private constructor(machine: SystemdMachine, ends: (() => void | Promise<void>)[]) {
    this.machine = machine;
    this.#ends = ends;
  }

  static async start(): Promise<GearMachine> {
    const ends: (() => void | Promise<void>)[] = [];
    const machine = await startSystemd({ after: (end) => void ends.push(end) });
    const started = new GearMachine(machine, ends);
    await usePodman(machine);
    await importImage(machine, "localhost/box:1", {}, ["ENV PATH=/bin"]);
    copyFileSync(atomic, join(machine.root, "usr/bin/atomic"));
    return started;
  }

  /** Also starts Docker, with the same image, and makes `docker compose` of its package. */
  async useDocker(): Promise<void> {
    const { machine } = this;
    const plugins = join(machine.root, "usr/libexec/docker/cli-plugins");
    mkdirSync(plugins, { recursive: true });
    const directory = mkdtempSync(join(tmpdir(), "atomic-docker-compose-"));
    this.#ends.push(() => rmSync(directory, { recursive: true }));
    copyFileSync(downloadCompose(directory), join(plugins, "docker-compose"));
    await machine.run("systemctl", ["start", "docker.service"]);
    await machine.run("sh", ["-c", "podman save localhost/box:1 | /usr/bin/docker load"]);
  }

  write(path: string, content: string): void {
    const file = join(this.machine.root, path);
    mkdirSync(join(file, ".."), { recursive: true });
    writeFileSync(file, content);
  }

  async measure(command: string, args: readonly string[]): Promise<Measured> {
    const before = this.#cpuSeconds();
    const began = performance.now();
    const { stdout, stderr } = await this.machine.run("/usr/bin/time", ["-f", "%M %U %S", command, ...args]);
    const seconds = (performance.now() - began) / 1000;
    const [memory, user, system] = stderr.trim().split("\n").at(-1)!.split(" ").map(Number);
    const cpuSeconds = this.#cpuSeconds() - before;
    return { seconds, cpuSeconds, ownCpuSeconds: user! + system!, memory: memory! / 1024, stdout };
  }

  #cpuSeconds(): number {
    const text = readFileSync(join(this.machine.root, "sys/fs/cgroup/cpu.stat"), "utf8");
    return Number(/^usage_usec (\d+)$/m.exec(text)![1]) / 1e6;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const end of this.#ends) await end();
  }
}

/** The program from its Debian package, which cannot be installed beside an older release's. */
export function downloadCompose(directory: string): string {
  for (const name of ["state/lists/partial", "cache/archives/partial", "parts"])
    mkdirSync(join(directory, name), { recursive: true });
  const list = join(directory, "sources.list");
  writeFileSync(list, "deb http://deb.debian.org/debian trixie main\n");
  const options = [
    `Dir::Etc::sourcelist=${list}`,
    `Dir::Etc::sourceparts=${directory}/parts`,
    `Dir::State=${directory}/state`,
    `Dir::State::status=/var/lib/dpkg/status`,
    `Dir::Cache=${directory}/cache`,
  ].flatMap((option) => ["-o", option]);
  const quietly = { cwd: directory, stdio: "ignore" } as const;
  execFileSync("apt-get", [...options, "update"], quietly);
  execFileSync("apt-get", [...options, "download", "docker-compose"], quietly);
  const [archive = ""] = globSync("docker-compose_*.deb", { cwd: directory });
  execFileSync("dpkg-deb", ["-x", archive, "root"], quietly);
  return join(directory, "root/usr/libexec/docker/cli-plugins/docker-compose");
}
