// SPDX-License-Identifier: Apache-2.0
/** Real network namespaces: a host with a bridge's address, and a container behind it. Programs in them, and their end. */
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import type { TestContext } from "node:test";

const atomic = resolve(import.meta.dirname, "../../../src/cli/atomic.ts");
const nodeArguments = ["--disable-warning=ExperimentalWarning"];

export interface Finished {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** `10.77.0.1` and `fd77::1` are the host's, `10.77.0.2` and `fd77::2` the container's. */
export class Network {
  readonly root: string;
  readonly #names: { readonly host: string; readonly container: string };
  readonly #children: ChildProcess[] = [];
  readonly #others: string[] = [];

  constructor(t: Pick<TestContext, "after">) {
    this.root = mkdtempSync(join(tmpdir(), "atomic-link-"));
    const unique = this.root.slice(-6);
    this.#names = { host: `atomic-h-${unique}`, container: `atomic-c-${unique}` };
    t.after(() => this.#remove());
    const { host, container } = this.#names;
    for (const name of [host, container]) ip("netns", "add", name);
    ip("-n", host, "link", "add", "bridge0", "type", "bridge");
    ip("-n", host, "address", "add", "10.77.0.1/24", "dev", "bridge0");
    ip("-n", host, "address", "add", "fd77::1/64", "dev", "bridge0", "nodad");
    for (const up of ["bridge0", "lo"]) ip("-n", host, "link", "set", up, "up");
    this.#connect(container, "10.77.0.2");
    ip("-n", container, "address", "add", "fd77::2/64", "dev", "eth0", "nodad");
  }

  #connect(name: string, address: string): void {
    const { host } = this.#names;
    const port = `port${address.split(".").at(-1)}`;
    ip("link", "add", "eth0", "netns", name, "type", "veth", "peer", "name", port, "netns", host);
    ip("-n", host, "link", "set", port, "master", "bridge0", "up");
    ip("-n", name, "address", "add", `${address}/24`, "dev", "eth0");
    for (const up of ["eth0", "lo"]) ip("-n", name, "link", "set", up, "up");
    ip("-n", name, "route", "add", "default", "via", "10.77.0.1");
  }

  /** Another container on the bridge, with servers as those of `serve`. */
  async addContainer(address: string, ...ports: number[]): Promise<{ readonly pid: number }> {
    const name = `${this.#names.container}-${address.split(".").at(-1)}`;
    ip("netns", "add", name);
    this.#others.push(name);
    this.#connect(name, address);
    return this.#serve(name, ports);
  }

  /** Starts a program that goes on; its id is that of a process in the namespace. */
  start(where: "host" | "container", ...command: string[]): ChildProcess & { readonly pid: number } {
    return this.#spawn(this.#names[where], command);
  }

  #spawn(name: string, command: readonly string[]): ChildProcess & { readonly pid: number } {
    const child = spawn("ip", ["netns", "exec", name, ...command], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    this.#children.push(child);
    return Object.assign(child, { pid: child.pid! });
  }

  /** Runs a program to its end. */
  async run(where: "host" | "container", ...command: string[]): Promise<Finished> {
    const child = spawn("ip", ["netns", "exec", this.#names[where], ...command], { stdio: ["ignore", "pipe", "pipe"] });
    const [stdout, stderr] = [child.stdout, child.stderr].map((stream) => stream.toArray());
    const { promise, resolve: done } = Promise.withResolvers<number>();
    child.on("close", (code) => done(code ?? -1));
    return { code: await promise, stdout: (await stdout!).join(""), stderr: (await stderr!).join("") };
  }

  /** Runs `atomic gear ...` on the host. */
  gear(...args: string[]): Promise<Finished> {
    return this.run("host", process.execPath, ...nodeArguments, atomic, "gear", ...args);
  }

  /** Servers on the host that answer every request with their own port. */
  async serve(...ports: number[]): Promise<void> {
    await this.#serve(this.#names.host, ports);
  }

  async #serve(name: string, ports: readonly number[]): Promise<{ readonly pid: number }> {
    const program = `
      const http = require("node:http");
      let waiting = process.argv.length - 1;
      for (const port of process.argv.slice(1))
        http.createServer((_, reply) => reply.end(port)).listen(Number(port), "::", () => --waiting || console.log("up"));
    `;
    const { pid, stdout } = this.#spawn(name, [process.execPath, "-e", program, ...ports.map(String)]);
    await new Promise((up) => stdout!.once("data", up));
    return { pid };
  }

  /** What answers in the container at an address: the body, or curl's exit code (7: refused, 28: no answer). */
  async get(url: string): Promise<string> {
    const { code, stdout } = await this.run("container", "curl", "-g", "-s", "-m", "5", `http://${url}/`);
    return code === 0 ? stdout : `curl ${code}`;
  }

  #remove(): void {
    for (const child of this.#children) child.kill("SIGKILL");
    for (const name of [...Object.values(this.#names), ...this.#others]) ip("netns", "delete", name);
    rmSync(this.root, { recursive: true });
  }
}

function ip(...args: string[]): void {
  execFileSync("ip", args);
}
