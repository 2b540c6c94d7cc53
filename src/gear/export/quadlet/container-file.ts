// SPDX-License-Identifier: Apache-2.0
/** An instance as a .container file, podman-systemd.unit(5); keys that podman 5.4 lacks are options of PodmanArgs=. */
import { isIPv6 } from "node:net";
import { escapeSpecifiers } from "../../../formats/index.ts";
import { gearError } from "../../errors.ts";
import type { Container, Mount } from "../../model.ts";
import type { Name } from "../../name.ts";
import type { Instance } from "../../plan/model.ts";
import { csvField } from "../../csv-line.ts";
import { healthWords } from "../../unit/health.ts";
import { type InstanceKind, instanceKind, isActivated } from "../../unit/instance-kind.ts";
import { logRateLimitEntries } from "../../unit/log-rate-limit.ts";
import { resourceWords, weightEntries } from "../../unit/resources.ts";
import { each, type Entry, unitFile } from "../../unit/unit-file.ts";
import { instanceName, networkName, serviceUnit, socketUnit, timerUnit, volumeName } from "../../unit/unit-names.ts";
import { filesOf } from "./files.ts";
import { type QuadletScene, value, word } from "./scene.ts";

/** By name: the .container file, and the .timer or .socket that starts it. */
export function containerFile(scene: QuadletScene, instance: Instance): [name: string, content: string][] {
  const { application } = scene;
  const { id, container } = instance;
  const kind = instanceKind({ ...scene, ...noSettings }, instance);
  const content = unitFile({
    Unit: [["Description", `${application.name}: ${id}`], ...orderEntries(scene, container)],
    Container: [
      ["ContainerName", instanceName(application, id)],
      ["Image", checkImage(container.image)],
      ...processEntries(container),
      ...networkEntries(scene, instance),
      ...mountEntries(scene, instance),
      ...secretEntries(scene, container),
      ...securityEntries(container),
      ...healthEntries(scene, container),
      ...each("PodmanArgs", resourceWords("podman", container.resources).map(word)),
      ...each(
        "Label",
        container.labels.map((label) => word(`${label.name}=${label.value}`)),
      ),
    ],
    Service: [...serviceEntries(container, kind), ...weightEntries(container.resources)],
    ...(!isActivated(container) && { Install: [["WantedBy", "multi-user.target"]] }),
  });
  const files: [string, string][] = [[`${instanceName(application, id)}.container`, content]];
  if (container.schedule !== undefined) files.push([timerUnit(application, id), timer(container.schedule)]);
  if (container.sockets.length > 0) files.push([socketUnit(application, id), socket(container)]);
  return files;
}

const noSettings = { engine: "podman", pins: new Map(), tenant: undefined } as const;

function timer(schedule: string): string {
  return unitFile({
    Timer: [
      ["OnCalendar", escapeSpecifiers(schedule)],
      ["Persistent", "yes"],
    ],
    Install: [["WantedBy", "timers.target"]],
  });
}

/** podman passes the sockets on to the container (sd_listen_fds(3)). */
function socket({ sockets }: Container): string {
  return unitFile({
    Socket: sockets.map(({ listen, protocol }): Entry => [
      protocol === "stream" ? "ListenStream" : "ListenDatagram",
      escapeSpecifiers(listen),
    ]),
    Install: [["WantedBy", "sockets.target"]],
  });
}

function checkImage(image: string): string {
  if (/^[^-\s%$][^\s%$]*$/.test(image)) return image;
  throw gearError("unsupported", `${JSON.stringify(image)} is no reference of an image`);
}

function orderEntries({ application, instances }: QuadletScene, { after }: Container): Entry[] {
  const units = after.flatMap(({ on }) =>
    instances.filter(({ container }) => container.name === on).map(({ id }) => serviceUnit(application, id)),
  );
  return [...each("Requires", units), ...each("After", units)];
}

function one(key: string, text: string | undefined): Entry[] {
  return text === undefined ? [] : [[key, value(text)]];
}

function processEntries(container: Container): Entry[] {
  const [user, group] = container.user?.split(":") ?? [];
  const { entrypoint, command, stopTimeout, stopSignal } = container;
  return [
    ...one("Entrypoint", entrypoint && JSON.stringify(entrypoint)),
    ...(command === undefined ? [] : [["Exec", command.map(word).join(" ")] as const]),
    ...each(
      "Environment",
      container.environment.map((variable) => word(`${variable.name}=${variable.value}`)),
    ),
    ...each("EnvironmentFile", container.environmentFiles.map(word)),
    ...one("User", user),
    ...one("Group", group),
    ...one("WorkingDir", container.workingDirectory),
    ...one("HostName", container.hostname),
    ...one("StopTimeout", stopTimeout === undefined ? undefined : String(Math.max(1, Math.ceil(stopTimeout / 1000)))),
    ...each("PodmanArgs", stopSignal === undefined ? [] : [word(`--stop-signal=${stopSignal}`)]),
  ];
}

function networkEntries({ application }: QuadletScene, { id, container, ports }: Instance): Entry[] {
  const { network, name } = container;
  if (network.kind !== "own") return [["Network", network.kind]];
  const joined = network.networks.length === 0 ? [undefined] : network.networks;
  const published = ports.flatMap(({ container: inside, host, address, protocol }) => {
    const before = address === undefined ? "" : `${isIPv6(address) ? `[${address}]` : address}:`;
    return host === undefined ? [] : [`${before}${host}:${inside}/${protocol}`];
  });
  const aliases = (use: (typeof joined)[number]) =>
    [...new Set([name, id, ...(use?.aliases ?? [])])].map((alias) => `alias=${alias}`).join(",");
  return [
    ...joined.map((use): Entry => ["Network", value(`${networkName(application, use?.name)}.network:${aliases(use)}`)]),
    ...each("PublishPort", published.map(value)),
  ];
}

function mountEntries(scene: QuadletScene, instance: Instance): Entry[] {
  const files = filesOf(scene, instance).map(({ path, mount }) => ["type=bind", `src=./${path}`, ...ending(mount)]);
  const own = instance.container.mounts.flatMap((mount) => mountFields(scene, mount));
  return [...own, ...files].map(mountEntry);
}

/** The generator drops the quotes of a field with a comma (resolveContainerMountParams), which an option of podman's keeps. */
function mountEntry(fields: readonly string[]): Entry {
  const text = fields.map(csvField).join(",");
  if (text === fields.join(",")) return ["Mount", word(text)];
  if (fields[1]?.startsWith("src=/") === true) return ["PodmanArgs", word(`--mount=${text}`)];
  throw gearError("unsupported", `Quadlet cannot mount ${JSON.stringify(fields.join(","))}: it has a comma or a quote`);
}

function mountFields({ application }: QuadletScene, mount: Mount): string[][] {
  const { source } = mount;
  switch (source.kind) {
    case "file":
      return [];
    case "bind":
      return [["type=bind", `src=${source.path}`, ...ending(mount)]];
    case "tmpfs":
      return [["type=tmpfs", ...ending(mount), ...(source.size === undefined ? [] : [`tmpfs-size=${source.size}`])]];
    case "volume": {
      const path = application.volumes.find(({ name }) => name === source.name)?.path;
      if (path !== undefined) return [["type=bind", `src=${path}`, ...ending(mount)]];
      return [["type=volume", `src=${volumeName(application, source.name)}.volume`, ...ending(mount)]];
    }
  }
}

const ending = ({ target, readOnly }: Mount): string[] => [`dst=${target}`, ...(readOnly ? ["ro"] : [])];

export function secretName({ application }: QuadletScene, name: Name): string {
  return `${application.name}.${name}`;
}

function secretEntries(scene: QuadletScene, { secrets }: Container): Entry[] {
  return secrets.map(({ name, target }): Entry => {
    const use =
      target.kind === "file" ? `type=mount,target=${target.path ?? name}` : `type=env,target=${target.variable}`;
    return ["Secret", word(`${secretName(scene, name)},${use}`)];
  });
}

function securityEntries({ security }: Container): Entry[] {
  return [
    ["NoNewPrivileges", String(!security.newPrivileges)],
    ["ReadOnly", String(!security.writableRoot)],
    ["DropCapability", "ALL"],
    ...each("AddCapability", security.capabilities),
    ...one("SeccompProfile", security.seccomp),
    ...(security.selinuxType === "disable"
      ? [["SecurityLabelDisable", "true"] as const]
      : one("SecurityLabelType", security.selinuxType)),
    ...one("UserNS", security.userNamespace),
    ...each("AddDevice", security.devices.map(word)),
  ];
}

/** Who is waited for until it is healthy says that it is ready when it is. */
function healthEntries({ application }: QuadletScene, { name, health, ready }: Container): Entry[] {
  const awaited = application.containers.some(({ after }) =>
    after.some(({ on, condition }) => on === name && condition === "healthy"),
  );
  const notify: Entry[] =
    ready === "healthy" || awaited ? [["Notify", "healthy"]] : ready === "notify" ? [["Notify", "true"]] : [];
  return [...healthWords("podman", health).map(healthEntry), ...notify];
}

/** `--health-start-period=1ms` is HealthStartPeriod=; a check of `none` is turned off. */
function healthEntry(option: string): Entry {
  const [, name = "", text = ""] = /^--health-([a-z-]+)=(.*)$/s.exec(option) ?? [];
  if (name === "") return ["HealthCmd", "none"];
  const key = name.split("-").map((part) => part.charAt(0).toUpperCase() + part.slice(1));
  return [`Health${key.join("")}`, value(text)];
}

/** Restart= of what runs to its end may not be `always`, systemd.service(5). */
function serviceEntries(container: Container, kind: InstanceKind): Entry[] {
  const { restart, stopTimeout } = container;
  const when = kind === "service" || restart.when !== "always" ? restart.when : kind === "job" ? "on-failure" : "no";
  return [
    ...(kind === "service" ? [] : [["Type", "oneshot"] as const]),
    ...(kind === "job" ? [["RemainAfterExit", "yes"] as const] : []),
    ["Restart", when],
    ...logRateLimitEntries(container),
    ...(restart.delay === undefined || when === "no" ? [] : [["RestartSec", `${restart.delay}ms`] as const]),
    // The image may have to be pulled, and the container to become healthy.
    ["TimeoutStartSec", "900"],
    ["TimeoutStopSec", String(Math.ceil((stopTimeout ?? 10_000) / 1000) + 30)],
  ];
}
