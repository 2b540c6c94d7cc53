// SPDX-License-Identifier: Apache-2.0
/** The gear file of one container that was asked for on the command line (geard's `gear install IMAGE NAME`). */
import { engineSecurity } from "./read/engine-security.ts";
import type { Name } from "./name.ts";

export interface ServiceRequest {
  readonly name: Name;
  readonly image: string;
  readonly environment: ReadonlyMap<string, string>;
  /** Files of the host with lines KEY=VALUE. */
  readonly environmentFiles: readonly string[];
  /** geard's `INTERNAL:EXTERNAL`; 0 has a port of the host allocated. */
  readonly ports: readonly string[];
  /** `/PATH`, which is a volume of its own, or `HOST:PATH[:ro]`. */
  readonly volumes: readonly string[];
  /** Its own tenant, and nothing that a container of gear does not need. */
  readonly isolate: boolean;
}

/** As text, JSON being YAML: it is read, checked and kept like a file that somebody wrote. */
export function serviceFile(request: ServiceRequest): string {
  const { name, image, environment, environmentFiles, ports, volumes, isolate } = request;
  const own = nameVolumes(volumes.filter((volume) => !volume.includes(":")));
  const mounts = [...own.map(([volume, path]) => `${volume}:${path}`), ...volumes.filter((one) => one.includes(":"))];
  const { capabilities, newPrivileges, writableRoot } = engineSecurity;
  const usual = { capabilities, "new-privileges": newPrivileges, "writable-root": writableRoot };
  const container = {
    image,
    ...(ports.length === 0 ? {} : { ports: ports.map(hostFirst) }),
    ...(environment.size === 0 ? {} : { environment: Object.fromEntries(environment) }),
    ...(environmentFiles.length === 0 ? {} : { "environment-files": environmentFiles }),
    ...(mounts.length === 0 ? {} : { volumes: mounts }),
    // As from geard's files: its image was made for what engines give.
    ...(isolate ? {} : { security: usual }),
  };
  const file = {
    application: name,
    ...(isolate ? { tenant: name } : {}),
    containers: { [name]: container },
    ...(own.length === 0 ? {} : { volumes: Object.fromEntries(own.map(([volume]) => [volume, {}])) }),
  };
  return `${JSON.stringify(file, undefined, 2)}\n`;
}

/** geard says the container's port first; a gear file the host's. */
function hostFirst(port: string): string {
  const [inner, host, ...more] = port.split(":");
  return host === undefined || more.length > 0 ? port : `${host}:${inner}`;
}

/** Each path has a volume of its own, also where `/a/b` and `/a-b` come to one name. */
function nameVolumes(paths: readonly string[]): [name: string, path: string][] {
  const taken = new Set<string>();
  return paths.map((path) => {
    const name = volumeName(path);
    let free = name;
    for (let number = 2; taken.has(free); number++) free = `${name}-${number}`;
    taken.add(free);
    return [free, path];
  });
}

const volumeName = (path: string) =>
  path
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, "-")
    .replaceAll(/^-+|-+$/g, "") || "data";
