// SPDX-License-Identifier: Apache-2.0
import type { Container } from "../../model.ts";
import { cronSchedule } from "./cron-schedule.ts";
import { type Manifest, metadata, objectName, type Scene, seconds, selector } from "./manifest.ts";
import { podSpec } from "./pod.ts";
import { claimSpec, ownVolumes } from "./volumes.ts";

/** What keeps the container's Pods running, or runs them once or at times. */
export function makeWorkload(scene: Scene, container: Container): Manifest {
  if (container.schedule !== undefined) return makeCronJob(scene, container, container.schedule);
  if (container.restart.when !== "always") return makeJob(scene, container);
  return ownVolumes(scene, container).length > 0 ? makeStatefulSet(scene, container) : makeDeployment(scene, container);
}

function makeDeployment(scene: Scene, container: Container): Manifest {
  const { minHealthyTime, healthyDeadline, keep } = scene.application.update;
  const minReadySeconds = seconds(minHealthyTime);
  return {
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: metadata(scene, objectName(scene, container.name), container),
    spec: {
      replicas: container.count,
      selector: { matchLabels: selector(scene, container) },
      minReadySeconds,
      // It must be greater than minReadySeconds (apps/validation `ValidateDeploymentSpec`).
      progressDeadlineSeconds: Math.max(minReadySeconds + 1, seconds(healthyDeadline)),
      revisionHistoryLimit: keep,
      template: template(scene, container, "Always"),
    },
  };
}

function makeStatefulSet(scene: Scene, container: Container): Manifest {
  const { minHealthyTime, keep } = scene.application.update;
  return {
    apiVersion: "apps/v1",
    kind: "StatefulSet",
    metadata: metadata(scene, objectName(scene, container.name), container),
    spec: {
      replicas: container.count,
      selector: { matchLabels: selector(scene, container) },
      serviceName: objectName(scene, container.name),
      minReadySeconds: seconds(minHealthyTime),
      revisionHistoryLimit: keep,
      template: template(scene, container, "Always"),
      volumeClaimTemplates: ownVolumes(scene, container).map((name) => ({
        metadata: { name },
        spec: claimSpec(scene, false),
      })),
    },
  };
}

function makeJob(scene: Scene, container: Container): Manifest {
  return {
    apiVersion: "batch/v1",
    kind: "Job",
    metadata: metadata(scene, objectName(scene, container.name), container),
    spec: jobSpec(scene, container),
  };
}

function makeCronJob(scene: Scene, container: Container, calendar: string): Manifest {
  return {
    apiVersion: "batch/v1",
    kind: "CronJob",
    metadata: metadata(scene, objectName(scene, container.name), container),
    spec: {
      schedule: cronSchedule(calendar, container.name),
      // A unit that still runs is not started again by its timer.
      concurrencyPolicy: "Forbid",
      jobTemplate: { spec: jobSpec(scene, container) },
    },
  };
}

function jobSpec(scene: Scene, container: Container): Record<string, unknown> {
  const { restart, count } = container;
  return {
    completions: count,
    parallelism: count,
    // Tries after the first one; without a limit, the highest number that the API takes.
    backoffLimit: restart.when === "no" ? 0 : restart.burst === undefined ? 2 ** 31 - 1 : restart.burst - 1,
    template: template(scene, container, restart.when === "no" ? "Never" : "OnFailure"),
  };
}

function template(scene: Scene, container: Container, restartPolicy: string): Record<string, unknown> {
  const { labels } = container;
  const annotations =
    labels.length > 0 ? Object.fromEntries(labels.map(({ name, value }) => [name, value])) : undefined;
  return {
    metadata: { labels: selector(scene, container), annotations },
    spec: { ...podSpec(scene, container), restartPolicy, affinity: affinity(scene, container) },
  };
}

function affinity(scene: Scene, container: Container): Record<string, unknown> | undefined {
  const { hosts, spread } = container.placement;
  const topologyKey = "kubernetes.io/hostname";
  if (!spread && hosts.length === 0) return undefined;
  const onHosts = { matchExpressions: [{ key: topologyKey, operator: "In", values: hosts }] };
  return {
    nodeAffinity:
      hosts.length > 0
        ? { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: [onHosts] } }
        : undefined,
    podAntiAffinity: spread
      ? {
          requiredDuringSchedulingIgnoredDuringExecution: [
            { labelSelector: { matchLabels: selector(scene, container) }, topologyKey },
          ],
        }
      : undefined,
  };
}
