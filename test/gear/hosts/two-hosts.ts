// SPDX-License-Identifier: Apache-2.0
/** An application on two hosts, `one` and `two`, for the tests of deployments on several. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { RunResult } from "../../../src/base/index.ts";
import type { ApplicationRecord, HostsReport } from "../../../src/gear/index.ts";
import type { Cleanup, SystemdMachine } from "../systemd-fixture.ts";
import { atomicWords, type Hosts, pushImage, registry, startHosts, startRegistryAt } from "./hosts-fixture.ts";

export interface Shop {
  readonly web?: number;
  readonly db?: number | string;
  /** Where the database runs. */
  readonly on?: string;
  readonly port?: string;
}

export const deployWords = ["gear", "deploy", "/root/shop.yaml", "one", "two", "--patience=15"];

export class TwoHosts {
  readonly all: Hosts;
  readonly one: SystemdMachine;
  readonly two: SystemdMachine;

  private constructor(all: Hosts) {
    this.all = all;
    [this.one, this.two] = [all.hosts["one"]!, all.hosts["two"]!];
  }

  static async start(t: Cleanup): Promise<TwoHosts> {
    const all = await startHosts(t, ["one", "two"]);
    const found = new TwoHosts(all);
    await startRegistryAt(all);
    const serve = ['CMD ["/bin/httpd", "-f", "-p", "8080", "-h", "/www"]'];
    for (const version of [1, 2]) {
      for (const name of ["web", "db"]) {
        await pushImage(found.one, `${name}:${version}`, { "www/index.html": `${name} ${version}\n` }, serve);
      }
    }
    await pushImage(found.one, "db:broken", {}, ['CMD ["/bin/false"]']);
    await all.workstation.run("mkdir", ["/tmp/tap"]);
    const tap = join(import.meta.dirname, "tap.ts");
    const call = `#!/bin/sh\nexec ${atomicWords[0]} ${atomicWords[1]} ${tap} "$@"\n`;
    writeFileSync(join(all.workstation.root, "tmp/tap/ssh"), call, { mode: 0o755 });
    return found;
  }

  /** The web server connects to port 9000 of its own, which leads to the database, wherever that runs. */
  write({ web = 1, db = 1, on = "two", port = "8080" }: Shop): void {
    const text = `
application: shop
containers:
  web: {image: "${registry}/web:${web}", ports: [8080], links: ["db:8080:9000"], stop-timeout: 1s, placement: {hosts: [one]}}
  db: {image: "${registry}/db:${db}", ports: ["${port}"], stop-timeout: 1s, placement: {hosts: [${on}]}}
update: {min-healthy-time: 2s, healthy-deadline: 2m}
`;
    writeFileSync(join(this.all.workstation.root, "root/shop.yaml"), text);
  }

  async deploy(shop: Shop, accept: readonly number[] = [0]): Promise<HostsReport> {
    this.write(shop);
    return JSON.parse((await this.all.atomic([...deployWords, "--json"], accept)).stdout) as HostsReport;
  }

  /** Deploys with something going wrong at a message (tap.ts). */
  deployTapped(tap: string, shop: Shop, accept: readonly number[]): Promise<RunResult> {
    this.write(shop);
    const env = ["PATH=/tmp/tap:/usr/sbin:/usr/bin:/sbin:/bin", `ATOMIC_TAP=${tap}`, "ATOMIC_PROGRESS=none"];
    return this.all.workstation.run("env", [...env, ...atomicWords, ...deployWords, "--json"], accept);
  }

  /** Of the web server, and at the port of its container that leads to the database. */
  async versions(): Promise<string> {
    return `${await this.get(8080)}, ${await this.get(9000)}`;
  }

  /** What answers at a port in the web server's container. */
  async get(port: number): Promise<string> {
    const enter = `nsenter -t "$(podman inspect -f '{{.State.Pid}}' shop-web)" -n`;
    return (await this.one.run("sh", ["-c", `${enter} curl -sS -m 5 http://127.0.0.1:${port}/`])).stdout.trim();
  }

  /** Waits until neither host has a change that is not decided. */
  async decided(): Promise<void> {
    for (const machine of [this.one, this.two]) {
      while ((await recordOf(machine)).change !== undefined) await sleep(200);
    }
  }
}

export async function recordOf(machine: SystemdMachine): Promise<ApplicationRecord> {
  const { stdout } = await machine.run("cat", ["/var/lib/atomic/gear/applications/shop/application.json"]);
  return JSON.parse(stdout) as ApplicationRecord;
}

/** Waits until a host has recorded that its change begins. */
export async function begun(machine: SystemdMachine): Promise<void> {
  while ((await recordOf(machine)).change === undefined) await sleep(50);
}
