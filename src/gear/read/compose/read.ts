// SPDX-License-Identifier: Apache-2.0
import { basename, dirname, resolve } from "node:path";
import { type YamlMap, yamlEntry } from "../../../formats/index.ts";
import { defaultApplication } from "../../defaults.ts";
import type { Application, Container, Secret } from "../../model.ts";
import { type Name, parseName } from "../../name.ts";
import { inconsistencies, type Inconsistency } from "../consistency.ts";
import { Faults, Place, shown } from "../faults.ts";
import { fileContent } from "../file-content.ts";
import type { Deployment, ReadOptions } from "../kind.ts";
import { deepest } from "../locate.ts";
import { type Surroundings, toContainer } from "./container.ts";
import { type ComposeFile, file } from "./file.ts";
import { loadCompose } from "./load.ts";
import { toName } from "./shapes.ts";
import type { Variables } from "./substitute.ts";

/**
 * Reads a Compose file with `.env` and all that it includes and extends.
 * @throws gear-bad-file or, when all else is right, gear-unsupported with all that is not done here, by name, line and column
 */
export function readCompose(written: YamlMap, path: string, options: ReadOptions): Deployment {
  const faults = new Faults();
  const set = Object.entries(options.environment ?? {}).flatMap(([key, value]): [string, string][] =>
    value === undefined ? [] : [[key, value]],
  );
  const loaded = loadCompose(written, resolve(path), new Map(set), faults);
  faults.raise();
  const { root, variables } = loaded!;
  const value = file.read(root, new Place(faults));
  faults.raise();
  const application = toApplication(value!, root, variables, projectName(value!, variables, path, options), faults);
  faults.raise();
  for (const found of inconsistencies(application)) tell(found, root, faults);
  faults.raise();
  return { application, files: faults.files };
}

/** compose-spec, 04-version-and-name.md; the environment wins over the file. */
function projectName(value: ComposeFile, variables: Variables, path: string, { name }: ReadOptions): Name {
  if (name !== undefined) return parseName(name, "an application");
  return toName(variables.get("COMPOSE_PROJECT_NAME") || value.name || basename(dirname(resolve(path))));
}

function toApplication(
  value: ComposeFile,
  root: YamlMap,
  variables: Variables,
  name: Name,
  faults: Faults,
): Application {
  const profiles = (variables.get("COMPOSE_PROFILES") ?? "").split(",").map((word) => word.trim());
  const active = value.services.filter(
    ({ value: { profiles: needed } }) =>
      needed.length === 0 || profiles.includes("*") || needed.some((one) => profiles.includes(one)),
  );
  const around: Surroundings = {
    variables,
    configs: configs(value, faults),
    services: new Set(active.map((service) => toName(service.name))),
  };
  const containers = active.flatMap(({ name: key, value: service }): Container[] => {
    const place = new Place(faults, ["services", key]);
    const { at } = deepest(root, ["services", key]);
    if (service.network_mode !== undefined && service.networks !== undefined) {
      place.fault(at, "has network_mode and networks, of which only one may be");
    }
    if (service.image === undefined) return (place.fault(at, "image is missing"), []);
    return [toContainer(key, service, service.image, around, place)];
  });
  clashes(root, faults);
  return {
    ...defaultApplication,
    name,
    containers,
    volumes: value.volumes.map(({ name: key, value: volume }) => ({
      name: toName(key),
      path: undefined,
      labels: volume?.labels ?? [],
    })),
    networks: networks(value, containers),
    secrets: value.secrets.map(({ name: key, value: { file: path } }): Secret => ({
      name: toName(key),
      source: { kind: "file", path },
    })),
  };
}

/** The default network is there where a service joins it. */
function networks(value: ComposeFile, containers: readonly Container[]): Application["networks"] {
  const declared = value.networks.map(({ name, value: network }) => ({
    name: toName(name),
    internal: network?.internal ?? false,
  }));
  const implied = toName("default");
  const used = containers.some(
    ({ network }) => network.kind === "own" && network.networks.some(({ name }) => name === implied),
  );
  const missing = used && !declared.some(({ name }) => name === implied);
  return missing ? [...declared, { name: implied, internal: false }] : declared;
}

function configs(value: ComposeFile, faults: Faults): ReadonlyMap<string, string> {
  const contents = value.configs.map(({ name, value: { path, content, at } }) => {
    const place = new Place(faults, ["configs", name]);
    const text = path === undefined ? content : fileContent(path, at, place);
    return [name, text ?? ""] as const;
  });
  return new Map(contents);
}

/** Two names that become one, such as `a_b` and `a-b`. */
function clashes(root: YamlMap, faults: Faults): void {
  for (const section of ["services", "volumes", "networks", "secrets"]) {
    const value = yamlEntry(root, section)?.value;
    const seen = new Map<Name, string>();
    for (const { key, at } of value?.kind === "map" ? value.entries : []) {
      const name = toName(key);
      const before = seen.get(name);
      const place = new Place(faults, [section, key]);
      if (before !== undefined) place.fault(at, `is called ${name} here, as ${shown(before)} is`);
      seen.set(name, key);
    }
  }
}

const keys: Record<Inconsistency["part"], string> = {
  links: "links",
  after: "depends_on",
  mounts: "volumes",
  secrets: "secrets",
  network: "networks",
  ports: "ports",
};

function tell({ container, part, index, name, message, hint }: Inconsistency, root: YamlMap, faults: Faults): void {
  const services = yamlEntry(root, "services")?.value;
  const written =
    services?.kind === "map" ? services.entries.find(({ key }) => toName(key) === container)?.key : undefined;
  const { at, path } = deepest(root, ["services", written ?? container, keys[part], [index, name]]);
  new Place(faults, path).fault(at, message, hint);
}
