// SPDX-License-Identifier: Apache-2.0
/**
 * A real systemd to test on where the machine's first process is none: it runs as process 1 of namespaces of its own, on an
 * overlay of this machine's file system (so every program that is installed here is there, and nothing that is written there
 * stays), with a control group hierarchy, a journal and a system bus of its own. It is up in about a second.
 *
 * ATOMIC_TEST_ROOT names another file system to take instead, such as one of a later release that mmdebstrap made.
 *
 * It needs root, and the packages dbus, systemd and what is to run on it; with `podman`, also podman and runc.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, readFileSync, rmdirSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { run, type RunResult } from "../../src/base/index.ts";

/** What `after` of a test's context does; the fixture may outlive one test where a suite shares it. */
export interface Cleanup {
  after(action: () => void | Promise<void>): void;
}

export interface SystemdMachine {
  /** For `connectBus`. */
  readonly busAddress: string;
  /** Its file system as seen from here: `join(machine.root, "etc/systemd/system/x.service")`. */
  readonly root: string;
  /** The process here that is its first one. */
  readonly pid: number;
  /** Runs a program inside and to its end; throws unless it exits with 0, or as accepted. */
  run(command: string, args: readonly string[], accept?: readonly number[]): Promise<RunResult>;
  writeUnit(name: string, content: string): void;
  /** Ends it as a power cut would. */
  kill(): Promise<void>;
}

/** What a machine has besides, so that it is there again after a boot. */
export interface MachineOptions {
  /** Files and directories of this machine by the paths where they are bound; both must exist, but for what is in /run. */
  readonly mounts?: Readonly<Record<string, string>>;
  /** The unit that is booted to; default: basic.target */
  readonly target?: string;
}

/**
 * `$1` the directory to mount the overlay in, `$2` systemd, `$3` the file system below, `$4` this checkout, `$5` the unit to boot to,
 * then what is mounted and where. /etc/systemd/system is empty,
 * so that what is enabled here is not there; /tmp and /run are its own; the network is its loopback alone.
 */
const bootScript = `
set -eu
mount --make-rprivate /
mount -t tmpfs tmpfs "$1"
mkdir "$1/upper" "$1/work" "$1/root"
mount -t overlay overlay -o "lowerdir=$3,upperdir=$1/upper,workdir=$1/work" "$1/root"
cd "$1/root"
mount -t proc proc proc
# Settings of the kernel are not the machine's own, but for those of its network: units that change them see that and do not run.
mount --bind proc/sys proc/sys
mount -o remount,bind,ro proc/sys
mount --bind proc/sys/net proc/sys/net
mount -o remount,bind,rw proc/sys/net
mount -t sysfs -o ro sysfs sys
mount -t cgroup2 cgroup2 sys/fs/cgroup
mount -t tmpfs -o mode=755 tmpfs dev
mkdir dev/pts dev/shm dev/net
mount -t devpts -o newinstance,ptmxmode=0666,mode=620 devpts dev/pts
mount -t tmpfs tmpfs dev/shm
ln -s pts/ptmx dev/ptmx
ln -s /proc/self/fd dev/fd
for node in null zero full random urandom tty fuse net/tun; do
  [ -e "/dev/$node" ] || continue
  touch "dev/$node"
  mount --bind "/dev/$node" "dev/$node"
done
for own in run tmp etc/systemd/system var/log var/lib/containers var/lib/containerd var/lib/docker; do
  mkdir -p "$own"
  mount -t tmpfs tmpfs "$own"
done
chmod 1777 tmp
# Where the machine has something of its own, the checkout is not there.
if ! [ -e ".$4" ]; then
  mkdir -p ".$4"
  mount --bind "$4" ".$4"
fi
systemd=$2 unit=$5
shift 5
while [ $# -gt 0 ]; do
  if [ -d "$1" ]; then mkdir -p ".$2"; else touch ".$2"; fi
  mount --bind "$1" ".$2"
  shift 2
done
mkdir -p run/lock run/before
ip link set lo up
pivot_root . run/before
umount -l /run/before
# As whoever starts a container has to leave it: credentials are mounted in a namespace of their own, and come from there.
mount --make-rshared /
exec env -i container=atomic-test PATH=/usr/sbin:/usr/bin:/sbin:/bin "$systemd" --log-target=journal --show-status=false --unit="$unit"
`;

const checkout = join(import.meta.dirname, "../..");
const bootSeconds = 300;

export async function startSystemd(t: Cleanup, options: MachineOptions = {}): Promise<SystemdMachine> {
  const directory = mkdtempSync(join(tmpdir(), "atomic-systemd-"));
  const group = join(controlGroups(), `atomic-test-${process.pid}-${directory.slice(-6)}`);
  mkdirSync(group);
  // It does not outlive this process, whatever ends that.
  // The group is entered before its namespace is made, so that it is the root of what the machine sees.
  const enter =
    'echo $$ > "$1/cgroup.procs"; shift; exec setpriv --pdeathsig KILL unshare -m -p -f -C -i -u -n --kill-child sh -c "$@"';
  const below = process.env["ATOMIC_TEST_ROOT"] ?? "/";
  const { target = "basic.target", mounts = {} } = options;
  const places = Object.entries(mounts).flatMap(([place, source]) => [source, place]);
  const boot = [bootScript, "sh", directory, "/lib/systemd/systemd", below, checkout, target, ...places];
  const child = spawn("sh", ["-c", enter, "sh", group, ...boot], { stdio: ["ignore", "pipe", "pipe"] });
  let output = "";
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (text: Buffer) => (output += text.toString()));
  const ended = once(child, "exit");
  const kill = async () => {
    child.kill("SIGKILL");
    await ended;
  };
  t.after(async () => {
    await kill();
    await removeGroup(group);
    rmSync(directory, { recursive: true, force: true });
  });
  const until = Date.now() + bootSeconds * 1000;
  for (;;) {
    if (child.exitCode !== null || Date.now() > until) throw new Error(`systemd did not come up: ${output}`);
    const pid = firstChild(child.pid!);
    if (pid !== undefined && (await isUp(pid))) return machineOf(pid, kill);
    await sleep(50);
  }
}

function machineOf(pid: number, kill: () => Promise<void>): SystemdMachine {
  const root = `/proc/${pid}/root`;
  return {
    pid,
    root,
    kill,
    busAddress: `unix:path=${root}/run/dbus/system_bus_socket`,
    run: (command, args, accept = [0]) => inside(pid, command, args, accept),
    writeUnit: (name, content) => writeFileSync(join(root, "etc/systemd/system", name), content),
  };
}

async function inside(pid: number, command: string, args: readonly string[], accept: readonly number[]) {
  // The group is entered as well: a namespace alone does not move the process, and podman reads /proc/self/cgroup.
  const enter = 'cd /; echo $$ > /sys/fs/cgroup/init.scope/cgroup.procs; exec "$@"';
  return nsenter(pid, ["sh", "-c", enter, "sh", command, ...args], accept);
}

async function nsenter(pid: number, command: readonly string[], accept: readonly number[]) {
  return run("nsenter", ["-t", `${pid}`, "-m", "-p", "-C", "-i", "-u", "-n", "-r", "-w", ...command], { accept });
}

async function isUp(pid: number): Promise<boolean> {
  const wanted = ["systemctl", "is-active", "-q", "basic.target", "dbus.socket"];
  // The namespaces may be there before their systemd is.
  const { code } = await nsenter(pid, wanted, [0, 1, 2, 3, 4]).catch(() => ({ code: -1 }));
  return code === 0;
}

/** The mount point of the unified hierarchy. */
function controlGroups(): string {
  const line = readFileSync("/proc/mounts", "utf8")
    .split("\n")
    .find((mount) => mount.split(" ")[2] === "cgroup2");
  if (line === undefined) throw new Error("no cgroup2 is mounted here");
  return line.split(" ")[1]!;
}

function firstChild(pid: number): number | undefined {
  const [first] = readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").split(" ");
  return first === undefined || first === "" ? undefined : Number(first);
}

async function removeGroup(group: string): Promise<void> {
  for (let tries = 0; tries < 100; tries++) {
    try {
      return removeGroups(group);
    } catch {
      // Its processes are still ending.
      await sleep(50);
    }
  }
}

function removeGroups(group: string): void {
  for (const entry of readdirSync(group, { withFileTypes: true }))
    if (entry.isDirectory()) removeGroups(join(group, entry.name));
  rmdirSync(group);
}
