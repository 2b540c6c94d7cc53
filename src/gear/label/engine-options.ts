// SPDX-License-Identifier: Apache-2.0
/**
 * Options of `podman run` and `docker run` that a label may have, with what each asks for. One that is not here is refused:
 * there are some that read and write files of the host, name programs of it, or hand out its environment (`--env-file`,
 * `--cidfile`, `--pidfile`, `--runtime`, `--hooks-dir`, `--log-opt`, `--annotation`, `--env-host`, `--rootfs`, `--replace`).
 */
import { parseCsvLine } from "../csv-line.ts";
import { type AskedPermission, isHostRoot, type Permission } from "../permission.ts";
import { gearError } from "../errors.ts";

export interface EngineOption {
  readonly name: string;
  readonly short?: string;
  /** Takes a value; a flag otherwise. */
  readonly value?: boolean;
  ask?(value: string): readonly AskedPermission[];
}

const flags = (...names: readonly string[]): EngineOption[] => names.map((name) => ({ name }));
const values = (...names: readonly string[]): EngineOption[] => names.map((name) => ({ name, value: true }));

function asks(permission: Permission, what: (value: string) => string | undefined) {
  return (value: string): AskedPermission[] => {
    const asked = what(value);
    return asked === undefined ? [] : [{ permission, what: asked }];
  };
}

/** `host`, and those of other containers and paths. */
const namespace = (name: string, word: string): EngineOption => ({
  name,
  value: true,
  ask: asks("host-namespaces", (value) => {
    if (value === "host") return `the ${word} of the host`;
    return /^(?:container:|ns:)/.test(value) ? `the ${word} of ${value}` : undefined;
  }),
});

const users = {
  name: "user",
  short: "u",
  value: true,
  ask: asks("root", (value) => (/^(?:root|0+)(?:$|:)/.test(value) ? `runs as ${value}` : undefined)),
} satisfies EngineOption;

const privileged: EngineOption = {
  name: "privileged",
  ask: asks(
    "privileged",
    () => "every capability and device, without SELinux, AppArmor and seccomp: as root of the host",
  ),
};

const common: readonly EngineOption[] = [
  { name: "interactive", short: "i" },
  { name: "tty", short: "t" },
  { name: "env", short: "e", value: true },
  { name: "workdir", short: "w", value: true },
  { name: "detach", short: "d" },
  privileged,
  users,
];

const runOptions: readonly EngineOption[] = [
  ...common,
  ...flags("rm", "init", "read-only", "no-healthcheck", "sig-proxy", "no-hosts"),
  { name: "publish-all", short: "P" },
  { name: "publish", short: "p", value: true },
  { name: "hostname", short: "h", value: true },
  { name: "label", short: "l", value: true },
  { name: "memory", short: "m", value: true },
  { name: "cpu-shares", short: "c", value: true },
  { name: "attach", short: "a", value: true },
  ...values("name", "entrypoint", "restart", "expose", "ip", "mac-address", "network-alias", "add-host"),
  ...values("dns", "dns-search", "dns-option", "tmpfs", "shm-size", "stop-signal", "stop-timeout", "ulimit", "tz"),
  ...values("memory-swap", "memory-reservation", "cpus", "cpuset-cpus", "cpuset-mems", "cpu-quota", "cpu-period"),
  ...values("pids-limit", "blkio-weight", "cap-drop", "group-add", "systemd", "health-cmd", "health-interval"),
  ...values("health-retries", "health-timeout", "health-start-period"),
  ...["network", "net"].map((name) => ({ name, value: true, ask: askNetwork })),
  namespace("pid", "processes"),
  namespace("ipc", "message queues and shared memory"),
  namespace("uts", "name"),
  namespace("userns", "users"),
  namespace("cgroupns", "control groups"),
  { name: "volume", short: "v", value: true, ask: askVolume },
  { name: "mount", value: true, ask: askMount },
  { name: "volumes-from", value: true, ask: asks("mounts", (value) => `what ${value} has mounted`) },
  { name: "device", value: true, ask: asks("devices", (value) => value) },
  { name: "device-cgroup-rule", value: true, ask: asks("devices", (value) => value) },
  { name: "gpus", value: true, ask: asks("devices", (value) => `graphics processors: ${value}`) },
  { name: "cap-add", value: true, ask: asks("capabilities", (value) => value.toUpperCase()) },
  { name: "sysctl", value: true, ask: asks("confinement", (value) => `sets ${value}`) },
  { name: "secret", value: true, ask: asks("secrets", (value) => value) },
  {
    name: "security-opt",
    value: true,
    ask: asks("confinement", (value) => (/^no-new-privileges(?:[:=]true)?$/.test(value) ? undefined : value)),
  },
];

/** By subcommand of the engine. */
export const engineOptions: ReadonlyMap<string, readonly EngineOption[]> = new Map([
  ["run", runOptions],
  ["create", runOptions],
  ["exec", common],
  ["start", [...flags("sig-proxy"), { name: "attach", short: "a" }, { name: "interactive", short: "i" }]],
  ["stop", [{ name: "time", short: "t", value: true }]],
  ["restart", [{ name: "time", short: "t", value: true }]],
  ["kill", [{ name: "signal", short: "s", value: true }]],
  [
    "rm",
    [
      { name: "force", short: "f" },
      { name: "volumes", short: "v" },
    ],
  ],
]);

/** Those that every container may have; any other is the host's, or one that others are on. */
function askNetwork(value: string): readonly AskedPermission[] {
  if (/^(?:bridge|default|none|private|slirp4netns|pasta)$/.test(value)) return [];
  const what = value === "host" ? "the network of the host" : `the network ${value}`;
  return [{ permission: "host-namespaces", what }];
}

/** What a mount of the host may be said with and does not reach farther; a driver, an overlay's upper directory (`O`) or `U` would. */
const volumeOptions =
  /^(?:rw|ro|[zZ]|r?(?:private|shared|slave)|r?bind|(?:no)?(?:exec|dev|suid|copy)|cached|delegated|consistent)$/;

function askVolume(value: string): readonly AskedPermission[] {
  const [source = "", target = source, options = ""] = value.split(":");
  // Only a target: a volume without a name.
  if (!value.includes(":")) return [];
  const words = options.split(",").filter((word) => word !== "");
  const unknown = words.find((word) => !volumeOptions.test(word));
  if (unknown !== undefined) throw refused(`--volume=${value}`, unknown);
  return [mounted(source, target, words.includes("ro"))];
}

const mountKeys: Readonly<Record<string, string>> = {
  type: "type",
  source: "source",
  src: "source",
  target: "target",
  destination: "target",
  dst: "target",
  ro: "ro",
  readonly: "ro",
  "bind-propagation": "bind-propagation",
  consistency: "consistency",
  "tmpfs-size": "tmpfs-size",
  "tmpfs-mode": "tmpfs-mode",
};

/** `type=bind,source=/x,target=/y,ro`, a line of CSV in both engines. Docker takes capital letters for small ones; there they are refused. */
function askMount(value: string): readonly AskedPermission[] {
  const fields = parseCsvLine(value);
  if (fields === undefined) throw gearError("bad-label", `--mount=${value} is not one line of KEY=VALUE`);
  const given = new Map<string, string>();
  for (const field of fields) {
    const [word = "", ...rest] = field.split("=");
    const key = Object.hasOwn(mountKeys, word) ? mountKeys[word]! : undefined;
    // One that comes twice could be read otherwise by the engine.
    if (key === undefined || given.has(key)) throw refused(`--mount=${value}`, field);
    given.set(key, rest.join("="));
  }
  const type = given.get("type") ?? "volume";
  if (!["bind", "volume", "tmpfs", "ramfs"].includes(type)) throw refused(`--mount=${value}`, `type=${type}`);
  const source = given.get("source");
  if (type === "tmpfs" || type === "ramfs" || (type === "volume" && source === undefined)) return [];
  const readOnly = ["", "true"].includes(given.get("ro") ?? "false");
  return [mounted(source ?? type, given.get("target") ?? "?", readOnly)];
}

const refused = (option: string, word: string) =>
  gearError("bad-label", `${JSON.stringify(word)} of ${option} is not among what a label may ask for`);

function mounted(source: string, target: string, readOnly: boolean): AskedPermission {
  const how = readOnly ? "read-only" : "writable";
  if (isHostRoot(source)) return { permission: "host-root", what: `all files of the host at ${target}, ${how}` };
  const what = /^[/.]/.test(source) ? `${source} of the host` : `volume ${source}`;
  return { permission: "mounts", what: `${what} at ${target}, ${how}` };
}
