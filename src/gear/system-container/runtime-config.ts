// SPDX-License-Identifier: Apache-2.0
/** Configurations of the OCI runtime (runtime-spec, config.md): one for an image that brings none, and what each has. */
import type { OciImageConfig } from "../../formats/index.ts";
import type { Name } from "../name.ts";
import { badExports } from "./exports.ts";
import { closedSeccomp } from "./seccomp.ts";
import { findUser } from "./user.ts";

export type Json = Record<string, unknown>;

export interface GivenConfig {
  readonly name: Name;
  readonly rootfs: string;
  readonly stateDirectory: string;
  /** It shares the host's network; else it has one of its own, with nothing but its loopback. */
  readonly hostNetwork: boolean;
}

/** What podman and docker hide of /proc and /sys (moby, oci/defaults.go). */
export const maskedPaths = [
  "/proc/acpi",
  "/proc/asound",
  "/proc/interrupts",
  "/proc/kcore",
  "/proc/keys",
  "/proc/latency_stats",
  "/proc/sched_debug",
  "/proc/scsi",
  "/proc/timer_list",
  "/proc/timer_stats",
  "/sys/devices/virtual/powercap",
  "/sys/firmware",
  "/sys/fs/selinux",
];
export const readonlyPaths = ["/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger"];

/** Below the unit's own, so that systemd counts and kills what is in it. */
export const controlGroup = (name: Name): string => `/system.slice/${name}.service/container`;

const usualPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/** Nothing but what the image says of its program: no capabilities or new privileges, a read-only root, namespaces. */
export function generateConfig({ execution }: OciImageConfig, given: GivenConfig): Json {
  const args = [...texts(execution["Entrypoint"]), ...texts(execution["Cmd"])];
  if (args.length === 0) throw badExports("/exports/config.json", "is missing, and it names no program to run");
  const env = texts(execution["Env"]);
  return {
    ociVersion: "1.0.2",
    process: {
      terminal: false,
      user: findUser(given.rootfs, typeof execution["User"] === "string" ? execution["User"] : ""),
      args,
      env: env.some((one) => one.startsWith("PATH=")) ? env : [`PATH=${usualPath}`, ...env],
      cwd:
        typeof execution["WorkingDir"] === "string" && execution["WorkingDir"] !== "" ? execution["WorkingDir"] : "/",
      capabilities: {},
      noNewPrivileges: true,
    },
    root: { path: "rootfs", readonly: true },
    hostname: given.name,
    mounts: [...apiMounts(), ...memoryMounts, ...networkMounts(given), ...volumeMounts(execution["Volumes"], given)],
    linux: {
      namespaces: namespaces(given).map((type) => ({ type })),
      resources: { devices: [{ allow: false, access: "rwm" }] },
      seccomp: closedSeccomp,
      maskedPaths,
      readonlyPaths,
      cgroupsPath: controlGroup(given.name),
    },
  };
}

function namespaces({ hostNetwork }: GivenConfig): string[] {
  return ["pid", "ipc", "uts", "mount", "cgroup", ...(hostNetwork ? [] : ["network"])];
}

const hidden = ["nosuid", "noexec", "nodev"];

function apiMounts(): Json[] {
  return [
    { destination: "/proc", type: "proc", source: "proc", options: hidden },
    {
      destination: "/dev",
      type: "tmpfs",
      source: "tmpfs",
      options: ["nosuid", "strictatime", "mode=755", "size=65536k"],
    },
    {
      destination: "/dev/pts",
      type: "devpts",
      source: "devpts",
      options: ["nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620"],
    },
    { destination: "/dev/shm", type: "tmpfs", source: "shm", options: [...hidden, "mode=1777", "size=65536k"] },
    { destination: "/dev/mqueue", type: "mqueue", source: "mqueue", options: hidden },
    { destination: "/sys", type: "sysfs", source: "sysfs", options: [...hidden, "ro"] },
    { destination: "/sys/fs/cgroup", type: "cgroup", source: "cgroup", options: [...hidden, "relatime", "ro"] },
  ];
}

/** As podman has them where the root is read-only. */
const memoryMounts: readonly Json[] = ["/run", "/tmp", "/var/tmp"].map((destination) => ({
  destination,
  type: "tmpfs",
  source: "tmpfs",
  options: ["nosuid", "nodev", `mode=${destination === "/run" ? "755" : "1777"}`],
}));

function networkMounts({ hostNetwork }: GivenConfig): Json[] {
  if (!hostNetwork) return [];
  return ["/etc/resolv.conf", "/etc/hosts"].map((path) => bind(path, path, ["ro", ...hidden]));
}

export interface StateDirectory {
  readonly source: string;
  readonly destination: string;
}

/** Directories that the image wants to outlive it: they are below the host's, one for each. */
export function stateDirectories(volumes: unknown, { name, stateDirectory }: GivenConfig): StateDirectory[] {
  const paths = typeof volumes === "object" && volumes !== null ? Object.keys(volumes) : [];
  return paths.map((path) => {
    const parts = path.split("/").filter((part) => part !== "");
    // They are words of a tmpfiles.d(5) file, of which nobody is asked: no blanks, line breaks or specifiers.
    if (!path.startsWith("/") || parts.length === 0 || !parts.every((part) => /^(?!\.\.?$)[\w.@+-]+$/.test(part)))
      throw badExports("a volume", `is ${JSON.stringify(path)}`);
    return { source: `${stateDirectory}/${name}/${parts.join("-")}`, destination: `/${parts.join("/")}` };
  });
}

function volumeMounts(volumes: unknown, given: GivenConfig): Json[] {
  return stateDirectories(volumes, given).map(({ source, destination }) =>
    bind(source, destination, ["rw", "nosuid", "nodev"]),
  );
}

function bind(source: string, destination: string, options: readonly string[]): Json {
  return { destination, type: "bind", source, options: ["bind", ...options] };
}

function texts(value: unknown): string[] {
  return Array.isArray(value) ? value.map(String) : [];
}
