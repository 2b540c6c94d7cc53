// SPDX-License-Identifier: Apache-2.0
/**
 * Compose files (`judged/`) with what Docker Compose 2.26.1 (Debian trixie's docker-compose) makes of them: all is written out
 * in full, with variables, defaults, includes and extended services put in. docker-compose.mirror.ts makes them anew.
 */
import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Application } from "../../../../src/gear/index.ts";

export const directory = import.meta.dirname;
export const judged = globSync("judged/**/*.yaml", { cwd: directory }).filter((path) => !/\/(ext|inc)\//.test(path));
export const refused = globSync("refused/*.yaml", { cwd: directory });

/** What `docker-compose config --format json` printed of the file, with this directory as a word. */
export function recordOf(path: string): string {
  return join(directory, path.replace(/\.yaml$/, ".json"));
}

/** The record as a file to read: without the names of Docker's objects, which would be refused. */
export function canonicalFile(path: string): string {
  const printed = readFileSync(recordOf(path), "utf8").replaceAll("@DIRECTORY@", directory);
  const file = JSON.parse(printed) as Record<string, Record<string, Record<string, unknown>>>;
  for (const section of ["networks", "volumes", "secrets", "configs"]) {
    for (const entry of Object.values(file[section] ?? {})) {
      delete entry["name"];
      delete entry["ipam"];
    }
  }
  return JSON.stringify(file, undefined, 1);
}

/** With what has no order in one order: Docker Compose sorts maps. */
export function ordered(application: Application): unknown {
  const byName = <T extends { readonly name: string }>(items: readonly T[]) =>
    items.toSorted((a, b) => (a.name < b.name ? -1 : 1));
  return {
    ...application,
    volumes: byName(application.volumes),
    networks: byName(application.networks),
    secrets: byName(application.secrets),
    containers: byName(application.containers).map(({ network, ...container }) => ({
      ...container,
      environment: byName(container.environment),
      labels: byName(container.labels),
      after: container.after.toSorted((a, b) => (a.on < b.on ? -1 : 1)),
      network: network.kind === "own" ? { kind: "own", networks: byName(network.networks) } : network,
    })),
  };
}
