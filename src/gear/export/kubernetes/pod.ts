// SPDX-License-Identifier: Apache-2.0
import { gearError } from "../../errors.ts";
import type { Container, HealthCheck } from "../../model.ts";
import { literal, type Scene, seconds, some } from "./manifest.ts";
import { secretVariables, secretVolumes } from "./secrets.ts";
import { securityContext } from "./security.ts";
import { podVolumes } from "./volumes.ts";

export function podSpec(scene: Scene, container: Container): Record<string, unknown> {
  const volumes = [...podVolumes(scene, container), ...secretVolumes(scene, container)];
  const distinct = new Map(volumes.map(({ volume }) => [volume?.["name"], volume]));
  const { hostname, stopTimeout, network, security } = container;
  return {
    containers: [{ ...containerSpec(scene, container), volumeMounts: some(volumes.map(({ mount }) => mount)) }],
    volumes: some([...distinct.values()].filter((volume) => volume !== undefined)),
    hostname: hostname?.split(".")[0],
    hostNetwork: network.kind === "host" ? true : undefined,
    // Users of its own, as gear has them; the API takes that of a Pod on the host's network for a mistake.
    hostUsers: security.userNamespace === "host" || network.kind === "host" ? undefined : false,
    terminationGracePeriodSeconds: stopTimeout === undefined ? undefined : seconds(stopTimeout),
    // Gear's containers know nothing of a cluster; a token of its API would be a key for nothing.
    automountServiceAccountToken: false,
    enableServiceLinks: false,
  };
}

function containerSpec(scene: Scene, container: Container): Record<string, unknown> {
  const variables = container.environment.map(({ name, value }) => ({ name, value: literal(value) }));
  return {
    name: container.name,
    image: registryImage(container),
    command: container.entrypoint?.map(literal),
    args: container.command?.map(literal),
    workingDir: container.workingDirectory,
    env: some([...variables, ...secretVariables(scene, container)]),
    ports: some(
      container.ports.map(({ container: containerPort, protocol }) => ({
        containerPort,
        protocol: protocol.toUpperCase(),
      })),
    ),
    resources: limits(container),
    readinessProbe: readiness(container),
    securityContext: securityContext(container),
  };
}

function registryImage({ name, image }: Container): string {
  const reference = image.replace(/^docker:\/\//, "");
  if (!/^[a-z-]+:\//.test(reference)) return reference;
  throw gearError("unsupported", `${name}: Kubernetes cannot pull ${image}`, {
    hint: "push it to a registry, and name it there",
  });
}

/** Bytes are a quantity as they are; processors are told in thousandths. */
function limits({ resources: { memory, cpus } }: Container): Record<string, unknown> | undefined {
  if (memory === undefined && cpus === undefined) return undefined;
  return {
    limits: {
      memory: memory === undefined ? undefined : String(memory),
      cpu: cpus === undefined ? undefined : `${Math.max(1, Math.round(cpus * 1000))}m`,
    },
  };
}

/**
 * An unhealthy container is not restarted by gear either: it gets no traffic, which is what readiness means. Nothing counts the
 * failures of its start, so that the start period needs no startup probe, which would have the container killed at its end.
 */
function readiness({ health }: Container): Record<string, unknown> | undefined {
  if (health === undefined || health === "none") return undefined;
  return {
    exec: { command: testCommand(health) },
    timeoutSeconds: seconds(health.timeout),
    periodSeconds: seconds(health.interval),
    failureThreshold: Math.max(1, health.retries),
  };
}

/** A probe's command is run as it is, without variables being put in. */
function testCommand({ test }: HealthCheck): readonly string[] {
  return typeof test === "string" ? ["/bin/sh", "-c", test] : test;
}
