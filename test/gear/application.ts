// SPDX-License-Identifier: Apache-2.0
/** Applications and plans for tests: only what a test is about is said, the rest is as a file that says nothing else. */
import {
  type Application,
  type Container,
  defaultApplication,
  defaultContainer,
  defaultUpdate,
  type Instance,
  type Name,
  type Plan,
} from "../../src/gear/index.ts";

export const name = (text: string): Name => text as Name;

export function makeContainer(given: Partial<Container> = {}): Container {
  return { ...defaultContainer, name: name("web"), image: "docker.io/library/nginx:1.27", ...given };
}

export function makeApplication(given: Partial<Application> = {}): Application {
  const update = { ...defaultUpdate, keep: 3 };
  return { ...defaultApplication, name: name("shop"), containers: [makeContainer()], update, ...given };
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
