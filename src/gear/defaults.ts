// SPDX-License-Identifier: Apache-2.0
/** What a file that says nothing gets. Readers spread these and add what their file says. */
import type { Application, Container, HealthCheck, RestartPolicy, Security, UpdatePolicy } from "./model.ts";

export const defaultUpdate: UpdatePolicy = {
  images: "none",
  window: undefined,
  minHealthyTime: 10_000,
  healthyDeadline: 300_000,
  autoRevert: true,
  keep: 5,
};

/** Of `podman run` and `docker run` (--health-interval and its like). */
export const defaultHealth: Omit<HealthCheck, "test"> = {
  interval: 30_000,
  timeout: 30_000,
  retries: 3,
  startPeriod: 0,
};

/** Time that a limit of messages is of: journald's (journald.conf(5), RateLimitIntervalSec=). */
export const defaultLogPeriod = 30_000;

export const defaultRestart: RestartPolicy = { when: "always", delay: undefined, burst: undefined, period: undefined };

/** Nothing is loosened. */
export const defaultSecurity: Security = {
  newPrivileges: false,
  capabilities: [],
  writableRoot: false,
  seccomp: undefined,
  selinuxType: undefined,
  userNamespace: undefined,
  devices: [],
};

export const defaultApplication: Omit<Application, "name" | "containers"> = {
  tenant: undefined,
  volumes: [],
  networks: [],
  secrets: [],
  update: defaultUpdate,
  hostVersion: undefined,
};

export const defaultContainer: Omit<Container, "name" | "image"> = {
  count: 1,
  entrypoint: undefined,
  command: undefined,
  environment: [],
  environmentFiles: [],
  workingDirectory: undefined,
  user: undefined,
  hostname: undefined,
  ports: [],
  links: [],
  network: { kind: "own", networks: [] },
  mounts: [],
  secrets: [],
  after: [],
  health: undefined,
  ready: "started",
  restart: defaultRestart,
  resources: { memory: undefined, cpus: undefined, cpuWeight: undefined, ioWeight: undefined, pids: undefined },
  logRateLimit: undefined,
  stopSignal: undefined,
  stopTimeout: undefined,
  sockets: [],
  schedule: undefined,
  security: defaultSecurity,
  placement: { hosts: [], spread: false },
  labels: [],
};
