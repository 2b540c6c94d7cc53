// SPDX-License-Identifier: Apache-2.0
import type { Application, Container } from "../model.ts";
import type { Name } from "../name.ts";
import { didYouMean } from "./faults.ts";

/** What is wrong between the parts of an application, each of which is right by itself. */
export interface Inconsistency {
  readonly container: Name;
  readonly part: "links" | "after" | "mounts" | "secrets" | "network" | "ports";
  /** Of the item in that list of the model. */
  readonly index: number;
  /** The name that the item has, where it is about that. */
  readonly name: string | undefined;
  readonly message: string;
  readonly hint: string | undefined;
}

type Finding = Omit<Inconsistency, "container">;

/** Names that lead nowhere, circles, and waiting for what never comes; whatever kind of file the application is of. */
export function inconsistencies(application: Application): Inconsistency[] {
  const containers = new Map(application.containers.map((container) => [container.name, container]));
  const circle = new Set(circles(containers));
  return application.containers.flatMap((container) =>
    [
      ...linkFindings(container, containers),
      ...afterFindings(container, containers, circle),
      ...nameFindings(container, application),
      ...twice("mounts", container.mounts, ({ target }) => `${target} is mounted twice`),
      ...twice("ports", container.ports, portTwice),
    ].map((finding) => ({ container: container.name, ...finding })),
  );
}

function linkFindings(container: Container, containers: ReadonlyMap<Name, Container>): Finding[] {
  return container.links.flatMap(({ to, ports }, index) => {
    const target = containers.get(to);
    if (target === undefined) return [nowhere("links", index, "container", to, containers.keys())];
    if (ports.length > 0 || target.ports.length > 0) return [];
    const hint = `say which: ${to}:PORT, or give ${to} its ports`;
    return [finding("links", index, `${to} has no ports that the link could lead to`, hint)];
  });
}

function afterFindings(
  container: Container,
  containers: ReadonlyMap<Name, Container>,
  circle: ReadonlySet<Name>,
): Finding[] {
  return container.after.flatMap(({ on, condition }, index) => {
    const target = containers.get(on);
    if (target === undefined) return [nowhere("after", index, "container", on, containers.keys())];
    if (circle.has(container.name) && circle.has(on)) {
      return [awaiting(index, on, `${container.name} would start after itself`)];
    }
    if (condition === "completed" && target.restart.when === "always") {
      const hint = `give ${on} restart: on-failure, or restart: no`;
      return [awaiting(index, on, `${on} is always started again, so that it is never completed`, hint)];
    }
    if (condition === "healthy" && target.health === "none") {
      return [awaiting(index, on, `${on} has its health check turned off, so that it never becomes healthy`)];
    }
    if (target.schedule !== undefined) {
      return [awaiting(index, on, `${on} runs by a schedule, for which nothing can wait`)];
    }
    return [];
  });
}

function nameFindings(container: Container, { volumes, secrets, networks }: Application): Finding[] {
  const names = (items: readonly { readonly name: Name }[]) => items.map(({ name }) => name);
  const unless = (known: readonly Name[], part: Finding["part"], index: number, what: string, name: Name) =>
    known.includes(name) ? [] : [nowhere(part, index, what, name, known)];
  const joined = container.network.kind === "own" ? container.network.networks : [];
  return [
    ...container.mounts.flatMap(({ source }, index) =>
      source.kind === "volume" ? unless(names(volumes), "mounts", index, "volume", source.name) : [],
    ),
    ...container.secrets.flatMap(({ name }, index) => unless(names(secrets), "secrets", index, "secret", name)),
    ...joined.flatMap(({ name }, index) => unless(names(networks), "network", index, "network", name)),
  ];
}

/** Items of which there may not be two, by what is told of the second. */
function twice<T>(part: Finding["part"], items: readonly T[], message: (item: T) => string | undefined): Finding[] {
  const messages = items.map(message);
  return messages.flatMap((text, index) =>
    text !== undefined && messages.indexOf(text) < index ? [finding(part, index, text)] : [],
  );
}

function portTwice({ host, address, protocol }: Container["ports"][number]): string | undefined {
  if (host === undefined || host === 0) return undefined;
  return `port ${host}/${protocol} of ${address ?? "the host"} is taken twice`;
}

function finding(part: Finding["part"], index: number, message: string, hint?: string): Finding {
  return { part, index, name: undefined, message, hint };
}

function awaiting(index: number, name: Name, message: string, hint?: string): Finding {
  return { part: "after", index, name, message, hint };
}

function nowhere(part: Finding["part"], index: number, what: string, name: Name, known: Iterable<Name>): Finding {
  return { part, index, name, message: `no ${what} is called ${name}`, hint: didYouMean(name, known) };
}

/** Containers that start after themselves, over however many others. */
function circles(containers: ReadonlyMap<Name, Container>): Name[] {
  return [...containers.keys()].filter((start) => {
    const seen = new Set<Name>();
    const open = [start];
    for (let name = open.pop(); name !== undefined; name = open.pop()) {
      for (const { on } of containers.get(name)?.after ?? []) {
        if (on === start) return true;
        if (!seen.has(on)) open.push(on);
        seen.add(on);
      }
    }
    return false;
  });
}
