// SPDX-License-Identifier: Apache-2.0
/** Applications and plans for tests: only what a test is about is said, the rest is as a file that says nothing else. */
import type { Application, Container, Instance, Name, Plan } from "../../src/gear/index.ts";

export const name = (text: string): Name => text as Name;

export function makeContainer(given: Partial<Container> = {}): Container {
  return {
    name: name("web"),
    image: "docker.io/library/nginx:1.27",
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
    restart: { when: "always", delay: undefined, burst: undefined, period: undefined },
    resources: { memory: undefined, cpus: undefined, cpuWeight: undefined, ioWeight: undefined, pids: undefined },
    stopSignal: undefined,
    stopTimeout: undefined,
    sockets: [],
    schedule: undefined,
    security: {
      newPrivileges: false,
      capabilities: [],
      writableRoot: false,
      seccomp: undefined,
      selinuxType: undefined,
      userNamespace: undefined,
      devices: [],
    },
    placement: { hosts: [], spread: false },
    labels: [],
    ...given,
  };
}

export function makeApplication(given: Partial<Application> = {}): Application {
  return {
    name: name("shop"),
    tenant: undefined,
    containers: [makeContainer()],
    volumes: [],
    networks: [],
    secrets: [],
    update: {
      images: "none",
      window: undefined,
      minHealthyTime: 10_000,
      healthyDeadline: 300_000,
      autoRevert: true,
      keep: 3,
    },
    hostVersion: undefined,
    ...given,
  };
}

export interface GivenInstance extends Partial<Omit<Instance, "from" | "container">> {
  readonly from: Name;
}

/** @param instances those that are not one of its container on `localhost` without ports */
export function makePlan(application: Application, instances: readonly GivenInstance[] = []): Plan {
  const given = application.containers.flatMap((container): Instance[] => {
    const own = instances.filter(({ from }) => from === container.name);
    const all: readonly GivenInstance[] = own.length > 0 ? own : [{ from: container.name }];
    return all.map((instance) => ({
      id: container.name,
      host: "localhost",
      ports: [],
      links: [],
      added: true,
      ...instance,
      container,
    }));
  });
  return { application, instances: given, removed: [] };
}
