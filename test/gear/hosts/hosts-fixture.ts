// SPDX-License-Identifier: Apache-2.0
/**
 * Several hosts on one machine: each a systemd of its own with podman and a real sshd, joined by a bridge, and a workstation that
 * reaches them by ssh. Host keys and the key that logs in are made for the test.
 */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { run, type RunResult } from "../../../src/base/index.ts";
import { importImage, usePodman } from "../podman-fixture.ts";
import { type Cleanup, startSystemd, type SystemdMachine } from "../systemd-fixture.ts";

const program = join(import.meta.dirname, "../../../src/cli/atomic.ts");
export const atomicWords = [process.execPath, "--disable-warning=ExperimentalWarning", program];
export const registry = "10.79.0.1:5000";

export interface Hosts {
  /** Where commands are typed; it has no engine. */
  readonly workstation: SystemdMachine;
  /** By the names that ssh knows them by, `one`, `two`, ...; their addresses are 10.79.0.11, 10.79.0.12, ... */
  readonly hosts: Readonly<Record<string, SystemdMachine>>;
  /** `atomic` at the workstation. */
  atomic(args: readonly string[], accept?: readonly number[]): Promise<RunResult>;
}

const sshdConfig = `
HostKey /etc/ssh/test_key
PermitRootLogin prohibit-password
AuthorizedKeysFile /etc/ssh/test_authorized
UsePAM no
StrictModes no
`;

const sshdUnit = `
[Service]
ExecStart=/usr/sbin/sshd -D -e -f /etc/ssh/test_config
RuntimeDirectory=sshd
`;

export async function startHosts(t: Cleanup, names: readonly string[]): Promise<Hosts> {
  const workstation = await startSystemd(t);
  const user = join(workstation.root, "root/.ssh");
  mkdirSync(user, { recursive: true, mode: 0o700 });
  await workstation.run("sh", ["-c", "rm -f /root/.ssh/*; ssh-keygen -q -t ed25519 -N '' -f /root/.ssh/test_key"]);
  const publicKey = (await workstation.run("cat", ["/root/.ssh/test_key.pub"])).stdout;
  await network(
    workstation,
    "ip link add bridge0 type bridge && ip address add 10.79.0.1/24 dev bridge0 && ip link set bridge0 up",
  );
  const hosts: Record<string, SystemdMachine> = {};
  let known = "";
  let config = "";
  for (const [index, name] of names.entries()) {
    const address = `10.79.0.${11 + index}`;
    const host = await startSystemd(t);
    hosts[name] = host;
    await connectHost(workstation, host, name, address);
    await startSshd(host, publicKey);
    known += `${address} ${(await host.run("cat", ["/etc/ssh/test_key.pub"])).stdout}`;
    config += `Host ${name}\nHostName ${address}\nUser root\n`;
    await usePodman(host);
    writeAtomic(host);
  }
  writeFileSync(join(user, "known_hosts"), known);
  writeFileSync(join(user, "config"), `${config}Host *\nIdentityFile /root/.ssh/test_key\n`, { mode: 0o600 });
  const atomic = (args: readonly string[], accept?: readonly number[]) =>
    workstation.run(atomicWords[0]!, [...atomicWords.slice(1), ...args], accept);
  return { workstation, hosts, atomic };
}

const network = (machine: SystemdMachine, script: string) =>
  run("nsenter", ["-t", `${machine.pid}`, "-n", "sh", "-ec", script]);

async function connectHost(workstation: SystemdMachine, host: SystemdMachine, name: string, address: string) {
  const port = `port-${name}`;
  await network(
    workstation,
    `ip link add ${port} type veth peer name eth0 netns ${host.pid} && ip link set ${port} master bridge0 up`,
  );
  await network(
    host,
    `ip address add ${address}/24 dev eth0 && ip link set eth0 up && ip route add default via 10.79.0.1`,
  );
}

/** As a cable that is pulled, and put back. */
export const setLink = (workstation: SystemdMachine, name: string, state: "up" | "down") =>
  network(workstation, `ip link set port-${name} ${state}`);

async function startSshd(host: SystemdMachine, publicKey: string): Promise<void> {
  const etc = join(host.root, "etc/ssh");
  writeFileSync(join(etc, "test_config"), sshdConfig);
  writeFileSync(join(etc, "test_authorized"), publicKey);
  await host.run("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-f", "/etc/ssh/test_key"]);
  host.writeUnit("test-sshd.service", sshdUnit);
  await host.run("systemctl", ["daemon-reload"]);
  await host.run("systemctl", ["start", "test-sshd.service"]);
  await host.run("bash", ["-c", "until (exec 3<>/dev/tcp/127.0.0.1/22) 2>/dev/null; do sleep 0.05; done"]);
}

function writeAtomic(host: SystemdMachine): void {
  const call = `#!/bin/sh\nexec ${atomicWords.join(" ")} "$@"\n`;
  writeFileSync(join(host.root, "usr/bin/atomic"), call, { mode: 0o755 });
  const directory = join(host.root, "etc/containers/registries.conf.d");
  mkdirSync(directory, { recursive: true });
  writeFileSync(join(directory, "test.conf"), `[[registry]]\nlocation = "${registry}"\ninsecure = true\n`);
}

/** Debian's docker-registry at the workstation. */
export async function startRegistryAt({ workstation }: Hosts): Promise<void> {
  const config = {
    version: 0.1,
    storage: { filesystem: { rootdirectory: "/tmp/registry" } },
    http: { addr: registry },
  };
  writeFileSync(join(workstation.root, "etc/registry.json"), JSON.stringify(config));
  await workstation.run("systemd-run", ["--unit=registry", "docker-registry", "serve", "/etc/registry.json"]);
  const address = registry.replace(":", "/");
  await workstation.run("bash", ["-c", `until (exec 3<>/dev/tcp/${address}) 2>/dev/null; do sleep 0.05; done`]);
}

/** Makes an image of busybox on a host and has the registry have it. */
export async function pushImage(
  host: SystemdMachine,
  name: string,
  files: Record<string, string>,
  changes: readonly string[],
) {
  await importImage(host, `${registry}/${name}`, files, changes);
  await host.run("podman", ["push", "-q", `${registry}/${name}`]);
  await host.run("podman", ["rmi", "-f", `${registry}/${name}`]);
}
