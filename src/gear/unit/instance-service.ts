// SPDX-License-Identifier: Apache-2.0
import { constants } from "node:os";
import { quoteUnitLiteral } from "../../formats/index.ts";
import { gearError } from "../errors.ts";
import type { Instance } from "../plan/model.ts";
import { commandEntries } from "./commands.ts";
import type { GivenFiles } from "./given-files.ts";
import { longestUntilHealthy } from "./health.ts";
import { hasOwnMounts } from "./host-mounts.ts";
import { type InstanceKind, instanceKind, isActivated } from "./instance-kind.ts";
import { logRateLimitEntries } from "./log-rate-limit.ts";
import { isWaitedFor, providersOf } from "./order.ts";
import { weightEntries } from "./resources.ts";
import { defaultStopTimeout, wholeSeconds } from "./run-command.ts";
import type { Scene } from "./settings.ts";
import { each, type Entry, imageFields, logEntries, type LogFields, unitFile } from "./unit-file.ts";
import { instanceName, sliceUnit, socketUnit, targetUnit } from "./unit-names.ts";

/** The service of an instance, systemd.service(5). */
export function instanceService(scene: Scene, instance: Instance, given: GivenFiles): string {
  const kind = instanceKind(scene, instance);
  return unitFile({
    Unit: [...orderEntries(scene, instance), ...startLimitEntries(scene, instance, kind)],
    Service: [
      ...typeEntries(scene, kind),
      ...commandEntries(scene, instance, given),
      ...restartEntries(instance, kind),
      ...timeoutEntries(instance, kind),
      ...confinementEntries(scene, instance),
      ...killEntries(scene, instance, kind),
      // Else what the container writes would be podman's words.
      ...(hasOwnMounts(scene) ? [["SyslogIdentifier", instanceName(scene.application, instance.id)] as const] : []),
      ...logEntries(scene, instanceFields(scene, instance)),
      ...logRateLimitEntries(instance.container, scene.tenant),
    ],
    ...(isActivated(instance.container) ? {} : { Install: each("WantedBy", wantedBy(scene, instance)) }),
  });
}

function instanceFields({ application, pins }: Scene, { id, container }: Instance): LogFields {
  return {
    ...imageFields(container.name, container.image, pins),
    ATOMIC_INSTANCE: instanceName(application, id),
    ATOMIC_LINK: [...new Set(container.links.map(({ to }) => to))],
  };
}

function orderEntries(scene: Scene, instance: Instance): Entry[] {
  const { application, engine } = scene;
  const { id, container, ports } = instance;
  const providers = [
    ...providersOf(scene, instance),
    ...(container.sockets.length > 0 ? [socketUnit(application, id)] : []),
    ...(engine === "docker" ? ["docker.service"] : []),
  ];
  // An address of its own must be there; for others the network need not be up, and is not waited for.
  const online = ports.some(({ host, address }) => host !== undefined && isOfInterface(address));
  return [
    ["Description", `${application.name}: ${id}`],
    ["PartOf", targetUnit(application)],
    ...each("Requires", providers),
    ...each("Wants", online ? ["network-online.target"] : []),
    ...each("After", [...providers, online ? "network-online.target" : "network.target"]),
    ...each("RequiresMountsFor", hostPaths(scene, instance).map(quoteUnitLiteral)),
  ];
}

/** Whether it is there only once the network is up. */
const isOfInterface = (address: string | undefined): boolean =>
  address !== undefined && !/^(?:127\.|0\.0\.0\.0$|::1?$)/.test(address);

/** Units that start it when they start; enabling it tells them, so that theirs do not change with it. */
const wantedBy = (scene: Scene, instance: Instance): string[] => [
  targetUnit(scene.application),
  ...providersOf(scene, instance),
];

/** Directories of the host that are mounted. Those with control characters systemd cannot be told of. */
function hostPaths({ application }: Scene, { container }: Instance): string[] {
  const paths = container.mounts.flatMap(({ source }) => {
    if (source.kind === "bind") return [source.path];
    const volume = source.kind === "volume" ? application.volumes.find(({ name }) => name === source.name) : undefined;
    return volume?.path === undefined ? [] : [volume.path];
  });
  return paths.filter((path) => !/\p{Cc}/u.test(path));
}

/** Of a service that never gets up: it ends as failed, which others can see, and not in a loop. */
const defaultStarts = { burst: 10, period: 600_000 };

function startLimitEntries(scene: Scene, instance: Instance, kind: InstanceKind): Entry[] {
  const { burst, period } = instance.container.restart;
  if (kind === "scheduled") return [];
  const starts = burst ?? defaultStarts.burst;
  const within = burst === undefined ? (period ?? defaultStarts.period) : period;
  // While it waits to be restarted, systemd starts what it wants (retroactively_start_dependencies), which asks for its start,
  // which is put off and counted all the same: each start but the first counts twice.
  const counted = isWaitedFor(scene, instance) ? 2 * starts - 1 : starts;
  return [
    ["StartLimitIntervalSec", within === undefined ? "infinity" : `${within}ms`],
    ["StartLimitBurst", String(counted)],
  ];
}

function typeEntries({ engine }: Scene, kind: InstanceKind): Entry[] {
  if (kind === "scheduled") return [["Type", "oneshot"]];
  if (kind === "job")
    return [
      ["Type", "oneshot"],
      ["RemainAfterExit", "yes"],
    ];
  if (engine === "docker") return [["Type", "exec"]];
  return [
    ["Type", "notify"],
    // podman's conmon says that it is the main process, or the container that it is ready.
    ["NotifyAccess", "all"],
  ];
}

const defaultRestartDelay = 5000;

/** Exit code of what was killed by SIGKILL, as engines give it. */
export const killedStatus = 128 + constants.signals.SIGKILL;

/**
 * systemd refuses `always` for what runs to its end: a job is started again when it failed, a scheduled run is the next one.
 */
function restartEntries({ container: { restart, stopSignal } }: Instance, kind: InstanceKind): Entry[] {
  const always = { service: "always", job: "on-failure", scheduled: "no" }[kind];
  const when = restart.when === "always" ? always : restart.when;
  const endsOfStop = new Set([128 + signalNumber(stopSignal ?? "SIGTERM"), killedStatus]);
  return [
    ["Restart", when],
    ...(when === "no" ? [] : [["RestartSec", `${restart.delay ?? defaultRestartDelay}ms`] as const]),
    // What ends by the signal that it is stopped with has not failed; the engine gives it as a shell does, with 128 added. Nor has
    // what the engine had to kill then; whether that was so is told by a command after the stop. What runs to its end has not come there.
    ...(kind === "service" ? [["SuccessExitStatus", [...endsOfStop].join(" ")] as const] : []),
  ];
}

/** By its name with or without SIG, or its number, as `--stop-signal` takes it. */
function signalNumber(signal: string): number {
  const name = signal.toUpperCase().replace(/^(?:SIG)?/, "SIG");
  const number = /^\d{1,2}$/.test(signal) ? Number(signal) : constants.signals[name as NodeJS.Signals];
  if (typeof number === "number") return number;
  throw gearError("unsupported", `${JSON.stringify(signal)} is no signal`);
}

/** Images are pulled before, so that it is short: but for the first start in a user namespace, which may copy the image. */
const startTimeout = 300_000;

function timeoutEntries({ container }: Instance, kind: InstanceKind): Entry[] {
  const { ready, health, stopTimeout } = container;
  const start = startTimeout + (ready === "healthy" ? longestUntilHealthy(health) : 0);
  return [
    ["TimeoutStartSec", kind === "service" ? String(wholeSeconds(start)) : "infinity"],
    // Above the engine's: that kills the container and takes down its network and mounts, systemd would only kill.
    ["TimeoutStopSec", String(wholeSeconds(stopTimeout ?? defaultStopTimeout) + 30)],
  ];
}

function confinementEntries({ application, engine }: Scene, { container }: Instance): Entry[] {
  return [
    ["Slice", sliceUnit(application)],
    ...(engine === "podman" ? weightEntries(container.resources) : []),
    // --cgroups=split makes groups below the unit's.
    ...(engine === "podman" ? [["Delegate", "yes"] as const] : []),
  ];
}

/** Of podman's monitor, the main process: it passes these on to the container, and dies of others (conmon's on_sig_exit). */
const passedOn = ["SIGINT", "SIGQUIT", "SIGTERM"] as const;

/**
 * The container's processes get their signal from the engine, and SIGKILL from systemd if that does not end them. But a service that is
 * stopped before it is ready, or does not get there in time, has no ExecStop= (systemd's service_stop): its main process is signalled.
 */
function killEntries({ engine }: Scene, { container }: Instance, kind: InstanceKind): Entry[] {
  const number = signalNumber(container.stopSignal ?? "SIGTERM");
  const signal = passedOn.find((one) => constants.signals[one] === number);
  const isMonitors = engine === "podman" && kind === "service";
  return [
    ["KillMode", "mixed"],
    ...(isMonitors && signal !== undefined && signal !== "SIGTERM" ? [["KillSignal", signal] as const] : []),
  ];
}
