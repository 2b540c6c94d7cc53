// SPDX-License-Identifier: Apache-2.0
/**
 * The configuration that an image brings, taken apart: what it does not say is closed, what it says beyond what any container
 * has is asked for, and what nobody here knows is left out, with a warning. It is written anew, so that the runtime gets
 * nothing that was not looked at.
 */
import { engineSecurity } from "../read/engine-security.ts";
import type { Name } from "../name.ts";
import { type AskedPermission, isHostRoot, type Permission } from "../permission.ts";
import { badExports } from "./exports.ts";
import { controlGroup, type Json, maskedPaths, readonlyPaths } from "./runtime-config.ts";
import { closedSeccomp } from "./seccomp.ts";

const what = "/exports/config.json";

/** What is read of these; other keys are told of. The last ones of `linux` are of drafts of the specification, or ours to say. */
const processKeys =
  "terminal consoleSize user args env cwd capabilities noNewPrivileges rlimits apparmorProfile selinuxLabel oomScoreAdj".split(
    " ",
  );
const linuxKeys =
  "namespaces resources devices seccomp maskedPaths readonlyPaths sysctl rootfsPropagation capabilities rlimits apparmorProfile selinuxProcessLabel mountLabel cgroupsPath".split(
    " ",
  );

export interface CheckedConfig {
  readonly config: Json;
  readonly asked: readonly AskedPermission[];
  /** Directories of the host that it mounts and that are its own. */
  readonly ownDirectories: readonly string[];
  readonly unknown: readonly string[];
}

export interface ConfigScene {
  readonly name: Name;
  /** Whether a directory of the host is this container's own: of its name, and not there yet or made for it. */
  readonly isOwn: (path: string) => boolean;
}

export function checkConfig(given: Json, scene: ConfigScene): CheckedConfig {
  return new ConfigCheck(given, scene).result();
}

class ConfigCheck {
  readonly #given: Json;
  readonly #scene: ConfigScene;
  readonly #asked: AskedPermission[] = [];
  readonly #own: string[] = [];
  readonly #unknown: string[] = [];

  constructor(given: Json, scene: ConfigScene) {
    this.#given = given;
    this.#scene = scene;
  }

  result(): CheckedConfig {
    const given = this.#given;
    this.#hooks(object(given["hooks"], "hooks"));
    const linux = object(given["linux"], "linux");
    const config = {
      ociVersion: "1.0.2",
      process: this.#process(object(given["process"], "process"), linux),
      root: this.#root(object(given["root"], "root")),
      ...(given["hostname"] === undefined ? {} : { hostname: text(given["hostname"], "hostname") }),
      mounts: list(given["mounts"], "mounts").map((mount) => this.#mount(object(mount, "mounts"))),
      linux: this.#linux(linux),
    };
    this.#note("", given, ["ociVersion", "process", "root", "hostname", "mounts", "linux", "hooks", "platform"]);
    return { config, asked: this.#asked, ownDirectories: [...new Set(this.#own)], unknown: this.#unknown };
  }

  #ask(permission: Permission, words: string): void {
    this.#asked.push({ permission, what: words });
  }

  #note(path: string, value: Json, known: readonly string[]): void {
    for (const key of Object.keys(value)) if (!known.includes(key)) this.#unknown.push(path + key);
  }

  /** They run on the host, before or after the container does. */
  #hooks(hooks: Json): void {
    const programs = Object.values(hooks).flatMap((one) => list(one, "hooks"));
    if (programs.length > 0) throw badExports(what, "has hooks, which are programs that run on the host");
  }

  #root(root: Json): Json {
    if (root["path"] !== "rootfs") throw badExports(what, "has another root.path than rootfs");
    // The files are those of the repository: whoever changed one would change it in every checkout.
    if (root["readonly"] !== true) throw badExports(what, "has not root.readonly: true");
    return { path: "rootfs", readonly: true };
  }

  #process(process: Json, linux: Json): Json {
    const args = texts(process["args"], "process.args");
    if (args.length === 0) throw badExports(what, "names no program (process.args)");
    this.#askPrivileges(process);
    this.#note("process.", process, processKeys);
    const rlimits = process["rlimits"] ?? linux["rlimits"];
    return {
      terminal: false,
      user: runtimeUser(object(process["user"], "process.user")),
      args,
      env: texts(process["env"], "process.env"),
      cwd: text(process["cwd"] ?? "/", "process.cwd"),
      capabilities: this.#capabilities(process["capabilities"] ?? linux["capabilities"]),
      noNewPrivileges: process["noNewPrivileges"] !== false,
      ...(rlimits === undefined ? {} : { rlimits: list(rlimits, "rlimits").map(rlimit) }),
      ...(given(process["apparmorProfile"]) ? { apparmorProfile: process["apparmorProfile"] } : {}),
      ...(given(process["selinuxLabel"]) ? { selinuxLabel: process["selinuxLabel"] } : {}),
      ...(typeof process["oomScoreAdj"] === "number" ? { oomScoreAdj: process["oomScoreAdj"] } : {}),
    };
  }

  #askPrivileges(process: Json): void {
    if (process["noNewPrivileges"] === false) this.#ask("confinement", "programs of it may gain privileges (setuid)");
    for (const [key, word] of [
      ["apparmorProfile", "AppArmor profile"],
      ["selinuxLabel", "SELinux label"],
    ] as const)
      if (given(process[key])) this.#ask("confinement", `the ${word} ${text(process[key], key)}`);
  }

  /** Before 1.0 of the specification they were one list, for a time below `linux`. */
  #capabilities(value: unknown): Json {
    if (value === undefined || value === null) return {};
    const sets: Json = Array.isArray(value)
      ? { bounding: value, effective: value, permitted: value }
      : object(value, "capabilities");
    const read = Object.fromEntries(
      ["bounding", "effective", "permitted", "inheritable", "ambient"].map((set) => [
        set,
        texts(sets[set] ?? [], `capabilities.${set}`).map((name) => name.toUpperCase()),
      ]),
    );
    const usual = new Set(engineSecurity.capabilities.map((name) => `CAP_${name}`));
    const more = new Set(Object.values(read).flatMap((names) => names.filter((name) => !usual.has(name))));
    if (more.size > 0) this.#ask("capabilities", [...more].toSorted().join(", "));
    return read;
  }

  #mount(mount: Json): Json {
    const destination = text(mount["destination"], "mounts.destination");
    const options = texts(mount["options"] ?? [], "mounts.options");
    const type = mount["type"] === undefined ? "bind" : text(mount["type"], "mounts.type");
    const source = mount["source"] === undefined ? undefined : text(mount["source"], "mounts.source");
    const isBind = type === "bind" || options.some((option) => option === "bind" || option === "rbind");
    if (!destination.startsWith("/") || destination.split("/").includes(".."))
      throw badExports(what, `mounts something at ${JSON.stringify(destination)}`);
    if (!isBind) {
      if (!/^(?:proc|tmpfs|devpts|mqueue|sysfs|cgroup)$/.test(type))
        throw badExports(what, `mounts a file system of the type ${JSON.stringify(type)} at ${destination}`);
      this.#kernelFiles(type, destination, isReadOnly(options));
      return { destination, type, source: source ?? type, ...(options.length === 0 ? {} : { options }) };
    }
    if (source === undefined || !source.startsWith("/") || source.split("/").includes(".."))
      throw badExports(what, `mounts ${JSON.stringify(source)} at ${destination}, which is no whole path of the host`);
    this.#bind(source.replace(/(?<=.)\/+$/, "").replaceAll(/\/{2,}/g, "/"), destination, options);
    // `mode=` is of a tmpfs; runtimes before 1.0 passed over it.
    const kept = options.filter((option) => !option.startsWith("mode="));
    return {
      destination,
      type: "bind",
      source,
      options: kept.some((one) => one.endsWith("bind")) ? kept : ["rbind", ...kept],
    };
  }

  /** Settings of the whole machine, which root may write without any capability; /proc has those of its own place read-only. */
  #kernelFiles(type: string, destination: string, readOnly: boolean): void {
    const isUsual = type === "proc" ? /^\/+proc\/*$/.test(destination) : readOnly;
    if (isUsual || !/^(?:proc|sysfs|cgroup)$/.test(type)) return;
    this.#ask("confinement", `${type} at ${destination}, ${readOnly ? "with nothing of it hidden" : "writable"}`);
  }

  #bind(source: string, destination: string, options: readonly string[]): void {
    const readOnly = isReadOnly(options);
    // Programs of the host may look for files in any directory of /etc.
    if (this.#scene.isOwn(source) && (readOnly || !source.startsWith("/etc/"))) {
      this.#own.push(source);
      return;
    }
    if (readOnly && ["/etc/resolv.conf", "/etc/hosts", "/etc/localtime", "/etc/machine-id"].includes(source)) return;
    const how = readOnly ? "read-only" : "writable";
    if (isHostRoot(source)) this.#ask("host-root", `all files of the host at ${destination}, ${how}`);
    else this.#ask("mounts", `${source} of the host at ${destination}, ${how}`);
  }

  #linux(linux: Json): Json {
    this.#note("linux.", linux, linuxKeys);
    const devices = list(linux["devices"] ?? [], "linux.devices").map((device) => object(device, "linux.devices"));
    for (const device of devices) this.#ask("devices", text(device["path"], "linux.devices.path"));
    const propagation = linux["rootfsPropagation"];
    if (
      given(propagation) &&
      propagation !== "private" &&
      propagation !== "rprivate" &&
      propagation !== "slave" &&
      propagation !== "rslave"
    )
      this.#ask("confinement", "what it mounts is mounted on the host");
    const sysctl = object(linux["sysctl"], "linux.sysctl");
    for (const key of Object.keys(sysctl)) this.#ask("confinement", `sets ${key}=${String(sysctl[key])}`);
    return {
      namespaces: this.#namespaces(list(linux["namespaces"], "linux.namespaces")),
      resources: this.#resources(object(linux["resources"], "linux.resources")),
      ...(devices.length === 0 ? {} : { devices }),
      ...(given(propagation) ? { rootfsPropagation: text(propagation, "rootfsPropagation") } : {}),
      ...(Object.keys(sysctl).length === 0 ? {} : { sysctl }),
      seccomp: this.#seccomp(object(linux["seccomp"], "linux.seccomp")),
      maskedPaths: this.#hidden(linux["maskedPaths"], maskedPaths, "hidden"),
      readonlyPaths: this.#hidden(linux["readonlyPaths"], readonlyPaths, "read-only"),
      cgroupsPath: controlGroup(this.#scene.name),
    };
  }

  #namespaces(found: readonly unknown[]): Json[] {
    const namespaces = found.map((one) => object(one, "linux.namespaces"));
    const words = { pid: "processes", ipc: "message queues and shared memory", network: "network", uts: "name" };
    for (const [type, word] of Object.entries(words))
      if (!namespaces.some((one) => one["type"] === type)) this.#ask("host-namespaces", `the ${word} of the host`);
    // Without one of its own, its mounts would be the host's.
    if (!namespaces.some((one) => one["type"] === "mount" && !given(one["path"])))
      throw badExports(what, "has no mount namespace of its own");
    for (const one of namespaces)
      if (given(one["path"]))
        this.#ask("host-namespaces", `${text(one["type"], "type")} of ${text(one["path"], "path")}`);
    return namespaces.map(({ type, path }) => ({
      type: text(type, "linux.namespaces.type"),
      ...(given(path) ? { path } : {}),
    }));
  }

  /** Limits are systemd's to set, on the unit. */
  #resources(resources: Json): Json {
    const devices = list(resources["devices"] ?? [], "linux.resources.devices").map((one) => object(one, "devices"));
    for (const device of devices)
      if (device["allow"] === true) this.#ask("devices", `may use ${JSON.stringify(device)}`);
    const limits = Object.keys(resources).filter((key) => key !== "devices" && given(resources[key]));
    for (const key of limits) this.#unknown.push(`linux.resources.${key}`);
    return { devices: [{ allow: false, access: "rwm" }, ...devices.filter(({ allow }) => allow === true)] };
  }

  #seccomp(seccomp: Json): unknown {
    const action = seccomp["defaultAction"];
    if (!given(action)) return closedSeccomp;
    this.#ask("confinement", "a filter of system calls of its own");
    const { architectures, syscalls } = seccomp;
    return {
      defaultAction: text(action, "defaultAction"),
      ...(given(architectures) ? { architectures } : {}),
      ...(given(syscalls) ? { syscalls } : {}),
    };
  }

  #hidden(value: unknown, usual: readonly string[], word: string): readonly string[] {
    if (value === undefined || value === null) return usual;
    const paths = texts(value, word);
    const open = usual.filter((path) => !paths.includes(path));
    if (open.length > 0) this.#ask("confinement", `${open.join(", ")} not ${word}`);
    return paths;
  }
}

/** The last word counts, to the runtime as well. */
const isReadOnly = (options: readonly string[]): boolean =>
  options.findLast((option) => option === "ro" || option === "rw") === "ro";

/** Go writes what is not set as null, an empty list or an empty string. */
function given(value: unknown): boolean {
  return value !== undefined && value !== null && value !== "" && !(Array.isArray(value) && value.length === 0);
}

function object(value: unknown, key: string): Json {
  if (value === undefined || value === null) return {};
  if (typeof value === "object" && !Array.isArray(value)) return value as Json;
  throw badExports(what, `has ${key}, which is not an object`);
}

function list(value: unknown, key: string): readonly unknown[] {
  if (value === undefined || value === null) return [];
  if (Array.isArray(value)) return value;
  throw badExports(what, `has ${key}, which is not a list`);
}

function text(value: unknown, key: string): string {
  if (typeof value === "string") return value;
  throw badExports(what, `has ${key}, which is not a string`);
}

const texts = (value: unknown, key: string): string[] => list(value, key).map((one) => text(one, key));

function whole(value: unknown, key: string): number {
  if (typeof value === "number" && Number.isSafeInteger(value) && value >= 0) return value;
  throw badExports(what, `has ${key}, which is not a whole number`);
}

function runtimeUser({ uid, gid, additionalGids }: Json): Json {
  const groups = list(additionalGids, "additionalGids").map((one) => whole(one, "additionalGids"));
  return {
    uid: whole(uid ?? 0, "uid"),
    gid: whole(gid ?? 0, "gid"),
    ...(groups.length === 0 ? {} : { additionalGids: groups }),
  };
}

function rlimit(value: unknown): Json {
  const { type, hard, soft } = object(value, "rlimits");
  return { type: text(type, "rlimits.type"), hard: whole(hard, "rlimits.hard"), soft: whole(soft, "rlimits.soft") };
}
