// SPDX-License-Identifier: Apache-2.0
import { defaultContainer } from "../../defaults.ts";
import type { Container, HealthCheck, Port, Resources, Security } from "../../model.ts";
import { keptCapabilities } from "../capabilities.ts";
import { mountsOf } from "./mounts.ts";
import { environmentOf } from "./variables.ts";
import type { World } from "./world.ts";
import type { Workload } from "./workload.ts";

/** The container of a workload's Pods, without what Services say of it. */
export function toContainer(world: World, workload: Workload): Container {
  const { pod, source, path, count, restart, schedule, annotations } = workload;
  const { containers: container } = pod;
  const of = [...path, "containers", 0];
  const environment = environmentOf(world, workload);
  const { mounts, secrets } = mountsOf(world, workload);
  const health = healthOf(workload);
  const words = (key: "command" | "args") =>
    container[key]?.map((word, index) => environment.expand(word, [...of, key, index]));
  return {
    ...defaultContainer,
    name: source.name(["metadata", "name"], world.plain(workload.name)),
    image: container.image,
    count,
    entrypoint: words("command"),
    command: words("args"),
    environment: environment.variables,
    workingDirectory: container.workingDir,
    user: userOf(workload),
    hostname: pod.hostname,
    ports: container.ports.map((port): Port => ({
      container: port.containerPort,
      host: port.hostPort,
      address: port.hostIP,
      protocol: protocolOf(port.protocol),
    })),
    network: pod.hostNetwork ? { kind: "host" } : defaultContainer.network,
    mounts,
    secrets: [...environment.secrets, ...secrets],
    health,
    ready: health === undefined ? "started" : "healthy",
    restart,
    resources: resourcesOf(workload),
    stopTimeout: pod.terminationGracePeriodSeconds,
    schedule,
    security: securityOf(workload),
    placement: placementOf(workload),
    labels: annotations,
  };
}

export function protocolOf(word: string): Port["protocol"] {
  return word === "UDP" ? "udp" : word === "SCTP" ? "sctp" : "tcp";
}

/** Failures before the first success of a startup probe do not count, which is what a start period means. */
function healthOf({ pod, source, path }: Workload): HealthCheck | undefined {
  const { readinessProbe: ready, startupProbe: startup } = pod.containers;
  const at = [...path, "containers", 0, "startupProbe"];
  if (startup && !ready) source.unsupported(at, "needs a readinessProbe, which goes on after it");
  else if (startup && startup.exec.command.join("\0") !== ready?.exec.command.join("\0")) {
    source.unsupported(at, "must have the command of the readinessProbe");
  }
  if (ready === undefined) return undefined;
  const starting = startup ? startup.initialDelaySeconds + startup.periodSeconds * startup.failureThreshold : 0;
  return {
    test: ready.exec.command,
    interval: ready.periodSeconds,
    timeout: ready.timeoutSeconds,
    retries: ready.failureThreshold,
    startPeriod: starting + ready.initialDelaySeconds,
  };
}

function userOf({ pod, source, path }: Workload): string | undefined {
  const own = pod.containers.securityContext;
  const user = own?.runAsUser ?? pod.securityContext?.runAsUser;
  const group = own?.runAsGroup ?? pod.securityContext?.runAsGroup;
  const at = [...path, "containers", 0, "securityContext"];
  if (user === undefined && group !== undefined) source.unsupported(at, "a group needs a user: runAsUser");
  if ((own?.runAsNonRoot ?? pod.securityContext?.runAsNonRoot) === true) {
    if (user === undefined) source.unsupported(at, "runAsNonRoot needs a user here: runAsUser");
    if (user === 0) source.fault(at, "runs as root, and must not");
  }
  if (user === undefined) return undefined;
  return group === undefined ? String(user) : `${user}:${group}`;
}

/** Requests of memory are for a scheduler, which a host has none of; those of processors are weights as well. */
function resourcesOf({ pod }: Workload): Resources {
  const { limits, requests } = pod.containers.resources ?? {};
  return {
    ...defaultContainer.resources,
    memory: limits?.memory,
    cpus: limits?.cpu,
    cpuWeight: requests?.cpu === undefined ? undefined : cpuWeight(requests.cpu),
  };
}

/** kubelet's `MilliCPUToShares`, and runc's `ConvertCPUSharesToCgroupV2Value`. */
function cpuWeight(cpus: number): number {
  const shares = Math.min(262_144, Math.max(2, Math.floor(cpus * 1024)));
  return 1 + Math.floor(((shares - 2) * 9999) / 262_142);
}

function securityOf({ pod, source, path }: Workload): Security {
  const own = pod.containers.securityContext;
  const seccomp = own?.seccompProfile ?? pod.securityContext?.seccompProfile;
  const selinux = (own?.seLinuxOptions ?? pod.securityContext?.seLinuxOptions)?.type;
  if (seccomp?.type === "Localhost" && seccomp.localhostProfile === undefined) {
    source.fault([...path, "containers", 0, "securityContext"], "a Localhost profile needs its localhostProfile");
  }
  return {
    newPrivileges: own?.allowPrivilegeEscalation ?? true,
    writableRoot: !(own?.readOnlyRootFilesystem ?? false),
    capabilities: keptCapabilities(own?.capabilities?.add ?? [], own?.capabilities?.drop ?? []),
    seccomp: seccomp?.type === "Unconfined" ? "unconfined" : seccomp?.localhostProfile,
    // The type of containers that are not confined, container_selinux(8).
    selinuxType: selinux === "spc_t" ? "disable" : selinux,
    userNamespace: pod.hostUsers === true ? "host" : undefined,
    devices: [],
  };
}

function placementOf({ pod }: Workload): Container["placement"] {
  const selected = pod.nodeSelector?.["kubernetes.io/hostname"];
  const affine = pod.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms;
  return {
    hosts: selected === undefined ? (affine ?? []) : [selected],
    spread: pod.affinity?.podAntiAffinity !== undefined,
  };
}
