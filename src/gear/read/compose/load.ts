// SPDX-License-Identifier: Apache-2.0
import { existsSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import {
  parseYaml,
  type YamlEntry,
  type YamlMap,
  type YamlNode,
  type YamlPosition,
  yamlEntry,
} from "../../../formats/index.ts";
import { described, type Faults, Place, shown } from "../faults.ts";
import { fileContent } from "../file-content.ts";
import { parseEnvFile } from "./env-file.ts";
import { mergeNodes } from "./merge.ts";
import { substitute, type Variables } from "./substitute.ts";

/** Files that one may bring in by `include` and `extends`, over all levels: a file that includes itself has no end. */
const fileLimit = 100;

/** Services that one extends, each of which extends the next: every link is a merge, for every service of the chain. */
const extendLimit = 32;

/** The sections whose entries `include` brings in. */
const sections = ["services", "volumes", "networks", "secrets", "configs"];

/** A Compose file with what it includes and extends put in, and its variables. */
export interface LoadedCompose {
  readonly root: YamlMap;
  readonly variables: Variables;
}

/** @returns undefined when something is wrong, which has been told to `faults` */
export function loadCompose(
  root: YamlMap,
  path: string,
  environment: Variables,
  faults: Faults,
): LoadedCompose | undefined {
  const loader = new Loader(faults);
  const variables = loader.variables(dirname(path), environment, root.at);
  const loaded = loader.complete(loader.substituted(root, variables, new Place(faults)), path, variables);
  return faults.found ? undefined : { root: loaded, variables };
}

class Loader {
  readonly #faults: Faults;
  #files = 0;

  constructor(faults: Faults) {
    this.#faults = faults;
  }

  /** Variables of `.env` beside a file, under those of the environment (compose-spec, "Local .env file versus project"). */
  variables(directory: string, environment: Variables, at: YamlPosition): Variables {
    const path = join(directory, ".env");
    if (!existsSync(path)) return environment;
    const values = this.#envFile(path, environment, at, new Place(this.#faults));
    return new Map([...values, ...environment]);
  }

  #envFile(path: string, environment: Variables, at: YamlPosition, place: Place): ReadonlyMap<string, string> {
    const text = fileContent(path, at, place);
    if (text === undefined) return new Map();
    const { values, faults } = parseEnvFile(text, environment);
    for (const { line, message } of faults) place.fault({ file: path, line, column: 1 }, message);
    return values;
  }

  substituted<N extends YamlNode>(node: N, variables: Variables, place: Place): N;
  substituted(node: YamlNode, variables: Variables, place: Place): YamlNode {
    if (node.kind === "list") {
      return { ...node, items: node.items.map((item, index) => this.substituted(item, variables, place.in(index))) };
    }
    if (node.kind === "map") {
      const entries = node.entries.map((entry) => ({
        ...entry,
        value: entry.key.startsWith("x-") ? entry.value : this.substituted(entry.value, variables, place.in(entry.key)),
      }));
      return { ...node, entries };
    }
    if (typeof node.value !== "string" || !node.value.includes("$")) return node;
    const { text, fault } = substitute(node.value, variables);
    if (fault) place.fault(node.at, fault.message, fault.hint);
    return { ...node, value: text, text };
  }

  /** The file with what it includes and what its services extend. */
  complete(root: YamlMap, path: string, variables: Variables): YamlMap {
    const services = yamlEntry(root, "services");
    const extended = services?.value.kind === "map" ? this.#extendAll(services.value, path, variables) : undefined;
    const own = root.entries
      .filter(({ key }) => key !== "include")
      .map((entry) => (entry === services && extended ? { ...entry, value: extended } : entry));
    const included = this.#included(root, path, variables);
    return included.reduce((into, other) => this.#brought(into, other), { ...root, entries: own });
  }

  #included(root: YamlMap, path: string, variables: Variables): YamlMap[] {
    const include = yamlEntry(root, "include")?.value;
    if (include === undefined) return [];
    const place = new Place(this.#faults, ["include"]);
    if (include.kind !== "list") return (place.fault(include.at, `must be a list, not ${described(include)}`), []);
    return include.items.flatMap((item, index) => this.#includeOne(item, path, variables, place.in(index)));
  }

  #includeOne(item: YamlNode, path: string, variables: Variables, place: Place): YamlMap[] {
    const names = includedPaths(item, place);
    return names.flatMap((name) => {
      const file = resolve(dirname(path), name);
      const inner = this.variables(dirname(file), variables, item.at);
      const root = this.#open(file, inner, item.at, place);
      return root ? [this.complete(root, file, inner)] : [];
    });
  }

  #open(file: string, variables: Variables, at: YamlPosition, place: Place): YamlMap | undefined {
    if (++this.#files > fileLimit) return place.fault(at, `more than ${fileLimit} files are brought in`);
    const text = fileContent(file, at, place);
    if (text === undefined) return undefined;
    const { documents, faults } = parseYaml(text, file);
    this.#faults.addSyntax(faults);
    const [root] = documents;
    if (root?.kind === "map") return this.substituted(root, variables, new Place(this.#faults));
    return faults.length > 0 ? undefined : place.fault(at, `${file} is no Compose file`);
  }

  #brought(into: YamlMap, other: YamlMap): YamlMap {
    const entries = new Map(into.entries.map((entry) => [entry.key, entry]));
    for (const section of other.entries.filter(({ key }) => sections.includes(key))) {
      const before = entries.get(section.key);
      entries.set(section.key, before ? this.#united(before, section) : section);
    }
    return { ...into, entries: [...entries.values()] };
  }

  #united(own: YamlEntry, included: YamlEntry): YamlEntry {
    if (own.value.kind !== "map" || included.value.kind !== "map") return own;
    for (const { key, at } of included.value.entries) {
      const before = yamlEntry(own.value, key);
      if (!before) continue;
      const place = new Place(this.#faults, [own.key, key]);
      place.fault(before.at, `is in an included file as well, ${at.file}:${at.line}`);
    }
    return { ...own, value: { ...own.value, entries: [...own.value.entries, ...included.value.entries] } };
  }

  #extendAll(services: YamlMap, path: string, variables: Variables): YamlMap {
    const entries = services.entries.map((entry) => ({
      ...entry,
      value: this.#extended(entry, services, path, variables, []),
    }));
    return { ...services, entries };
  }

  /** @param trail services that extend this one, to find a circle */
  #extended(
    { key, value }: YamlEntry,
    services: YamlMap,
    path: string,
    variables: Variables,
    trail: readonly string[],
  ): YamlNode {
    const extend = value.kind === "map" ? yamlEntry(value, "extends") : undefined;
    if (value.kind !== "map" || extend === undefined) return value;
    const place = new Place(this.#faults, ["services", key, "extends"]);
    const own: YamlMap = { ...value, entries: value.entries.filter((entry) => entry !== extend) };
    const here = `${path}:${key}`;
    if (trail.includes(here)) return (place.fault(extend.at, "extends itself"), own);
    if (trail.length >= extendLimit) return (place.fault(extend.at, `extends more than ${extendLimit} services`), own);
    const target = extension(extend.value, place);
    const file = target?.file === undefined ? path : resolve(dirname(path), target.file);
    const from = file === path ? services : this.#servicesOf(file, variables, extend.at, place);
    const base = target && from ? yamlEntry(from, target.service) : undefined;
    if (target === undefined || from === undefined) return own;
    if (!base) return (place.fault(extend.at, `${file} has no service ${shown(target.service)}`), own);
    return mergeNodes(this.#extended(base, from, file, variables, [...trail, here]), own, "");
  }

  #servicesOf(file: string, variables: Variables, at: YamlPosition, place: Place): YamlMap | undefined {
    const root = this.#open(file, variables, at, place);
    const services = root && yamlEntry(root, "services")?.value;
    if (services?.kind === "map") return services;
    return root && place.fault(at, `${file} has no services`);
  }
}

function includedPaths(item: YamlNode, place: Place): string[] {
  if (item.kind === "scalar" && typeof item.value === "string") return [item.value];
  if (item.kind !== "map") return (place.fault(item.at, `must be a path or a map of path, not ${described(item)}`), []);
  for (const { key, at } of item.entries) {
    if (key !== "path") place.unsupported(at, `${shown(key)} of an include is not supported`);
  }
  const path = yamlEntry(item, "path")?.value;
  if (path?.kind === "scalar" && typeof path.value === "string") return [path.value];
  if (path?.kind === "list") place.unsupported(path.at, "several files of one include are not supported");
  else place.fault(item.at, "path is missing");
  return [];
}

function extension(
  node: YamlNode,
  place: Place,
): { readonly service: string; readonly file: string | undefined } | undefined {
  if (node.kind === "scalar" && typeof node.value === "string") return { service: node.value, file: undefined };
  if (node.kind !== "map")
    return place.fault(node.at, `must be the name of a service or a map, not ${described(node)}`);
  const text = (key: string) => {
    const value = yamlEntry(node, key)?.value;
    return value?.kind === "scalar" && typeof value.value === "string" ? value.value : undefined;
  };
  for (const { key, at } of node.entries) {
    if (key !== "service" && key !== "file") place.fault(at, `unknown key ${shown(key)}`);
  }
  const service = text("service");
  return service === undefined ? place.fault(node.at, "service is missing") : { service, file: text("file") };
}
