// SPDX-License-Identifier: Apache-2.0
import { copyFileSync, mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { SystemdMachine } from "./systemd-fixture.ts";

/**
 * Settings of podman on a machine of `startSystemd`. runc is used because crun 1.8 gives up where it may not raise the limit
 * of locked memory, and no limit of processes is set, because the hierarchy may have no controllers.
 */
const containersConf = `
[containers]
pids_limit = 0
log_driver = "journald"
[engine]
cgroup_manager = "systemd"
events_logger = "file"
runtime = "runc"
`;

const storageConf = `
[storage]
driver = "overlay"
graphroot = "/var/lib/containers/storage"
runroot = "/run/containers/storage"
`;

/** Sets podman up, with networks that stay in the machine, and starts its API on /run/podman/podman.sock. */
export async function usePodman(machine: SystemdMachine): Promise<void> {
  const etc = join(machine.root, "etc/containers");
  mkdirSync(etc, { recursive: true });
  writeFileSync(join(etc, "containers.conf"), containersConf);
  writeFileSync(join(etc, "storage.conf"), storageConf);
  writeFileSync(join(etc, "policy.json"), JSON.stringify({ default: [{ type: "insecureAcceptAnything" }] }));
  await machine.run("systemctl", ["start", "podman.socket"]);
}

const applets = [
  "sh",
  "cat",
  "echo",
  "env",
  "false",
  "httpd",
  "id",
  "kill",
  "ls",
  "nc",
  "sleep",
  "test",
  "touch",
  "true",
  "wget",
];

/**
 * Makes an image of busybox in the machine's podman.
 * @param files beside busybox, by path; the scripts among them are programs
 * @param changes as `podman import --change`: `CMD ["/bin/httpd", "-f"]`
 */
export async function importImage(
  machine: SystemdMachine,
  name: string,
  files: Readonly<Record<string, string>> = {},
  changes: readonly string[] = [],
): Promise<void> {
  const directory = `tmp/image-${Math.random().toString(36).slice(2)}`;
  const root = join(machine.root, directory);
  mkdirSync(join(root, "bin"), { recursive: true });
  for (const empty of ["etc", "proc", "run", "sys", "tmp", "dev"]) mkdirSync(join(root, empty));
  copyFileSync("/bin/busybox", join(root, "bin/busybox"));
  for (const applet of applets) symlinkSync("busybox", join(root, "bin", applet));
  for (const [path, content] of Object.entries(files)) {
    mkdirSync(join(root, path, ".."), { recursive: true });
    writeFileSync(join(root, path), content, { mode: content.startsWith("#!") ? 0o755 : 0o644 });
  }
  const quoted = changes.flatMap((change) => ["--change", change]);
  const script = 'cd "$1"; shift; tar -c . | podman import "$@"';
  await machine.run("sh", ["-c", script, "sh", `/${directory}`, ...quoted, "-", name]);
}
