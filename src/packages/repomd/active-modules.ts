// SPDX-License-Identifier: Apache-2.0
/** Which streams of modules are on, and which packages are there because of it: libdnf's ModulePackageContainer. */
import { packageError } from "../errors.ts";
import { formatEvr } from "../rpm/version.ts";
import type { LoadedRepository } from "./loaded-repository.ts";
import type { Modules, ModuleStream } from "./modules-file.ts";

export interface ModuleRequest {
  /** `NAME:STREAM` each. */
  readonly enabled?: readonly string[];
  /** Modules whose default stream is off. */
  readonly disabled?: readonly string[];
  /** As `module_platform_id` of dnf.conf(5): `platform:el9`. Without it no stream that needs a platform is on. */
  readonly platform?: string;
  /** `$basearch`; streams of others are left out. */
  readonly arch?: string;
}

/** The builds of streams that are on. Throws where one that was asked for is not there or lacks what it requires. */
export function activeModules(all: readonly Modules[], request: ModuleRequest): ModuleStream[] {
  const chosen = new Map<string, string>();
  const asked = new Set<string>();
  for (const { defaults } of all) for (const [name, stream] of Object.entries(defaults)) chosen.set(name, stream);
  for (const name of request.disabled ?? []) chosen.delete(name);
  for (const spec of request.enabled ?? []) {
    const [name = "", stream = ""] = spec.split(":");
    if (name === "" || stream === "") throw packageError("unknown", `${spec} is not NAME:STREAM of a module`);
    chosen.set(name, stream);
    asked.add(name);
  }
  const builds = buildsByName(all, request.arch);
  const context = { builds, platform: request.platform, disabled: request.disabled ?? [] };
  const pulled = enableRequired(chosen, context);
  return needed(settle(chosen, pulled, asked, context), new Set(pulled.keys()));
}

function buildsByName(all: readonly Modules[], arch: string | undefined): Map<string, ModuleStream[]> {
  const builds = new Map<string, ModuleStream[]>();
  for (const one of all.flatMap(({ streams }) => streams)) {
    if (arch !== undefined && one.arch !== "" && one.arch !== arch && one.arch !== "noarch") continue;
    const same = builds.get(one.name);
    if (same === undefined) builds.set(one.name, [one]);
    else same.push(one);
  }
  // The newest first.
  for (const list of builds.values()) list.sort((a, b) => b.version - a.version || (a.context < b.context ? -1 : 1));
  return builds;
}

interface Context {
  readonly builds: ReadonlyMap<string, readonly ModuleStream[]>;
  readonly platform: string | undefined;
  readonly disabled: readonly string[];
}

/**
 * For streams that cannot be on otherwise: what they require and nobody chose, each in the newest stream that will do.
 * @returns module -> stream
 */
function enableRequired(chosen: ReadonlyMap<string, string>, context: Context): Map<string, string> {
  const { builds, disabled } = context;
  const pulled = new Map<string, string>();
  const queue = [...chosen];
  for (let next = queue.pop(); next !== undefined; next = queue.pop()) {
    const [name, stream] = next;
    if (fittingBuilds(name, stream, chosen, context).length > 0) continue;
    const build = builds.get(name)?.find((one) => one.stream === stream);
    for (const [required, streams] of Object.entries(build?.requires[0] ?? {})) {
      if (required === "platform" || chosen.has(required) || pulled.has(required)) continue;
      const found = builds.get(required)?.find((one) => allows(streams, one.stream));
      if (found === undefined || disabled.includes(required)) continue;
      pulled.set(required, found.stream);
      queue.push([required, found.stream]);
    }
  }
  return pulled;
}

/**
 * The builds of a stream that are on together: all of those with one set of requirements that are met, of several sets
 * the smallest, then the one of the newest build.
 */
function fittingBuilds(name: string, stream: string, chosen: ReadonlyMap<string, string>, context: Context) {
  const { builds, platform } = context;
  const fit = (builds.get(name) ?? []).filter((one) => one.stream === stream && fits(one, chosen, platform));
  const groups = Map.groupBy(fit, ({ requires }) => JSON.stringify(requires));
  const sizeOf = ([{ requires } = { requires: [] }]: readonly Pick<ModuleStream, "requires">[]) =>
    Object.keys(requires[0] ?? {}).length;
  return [...groups.values()].sort((a, b) => sizeOf(a) - sizeOf(b))[0] ?? [];
}

/** Whether a stream is one of those: `[]` allows any, `-x` any but x. */
function allows(streams: readonly string[], stream: string): boolean {
  if (streams.includes(`-${stream}`)) return false;
  return streams.every((one) => one.startsWith("-")) || streams.includes(stream);
}

/** Takes out, again and again, what lacks something; where that was asked for, it is an error. */
function settle(
  chosen: Map<string, string>,
  pulled: ReadonlyMap<string, string>,
  asked: ReadonlySet<string>,
  context: Context,
): ModuleStream[] {
  for (;;) {
    const active: ModuleStream[] = [];
    const lacking: string[] = [];
    const all = new Map([...chosen, ...pulled]);
    for (const [name, stream] of all) {
      // All builds of the stream; those that need what only others pulled in are second choice.
      const direct = fittingBuilds(name, stream, chosen, context);
      const fit = direct.length > 0 ? direct : fittingBuilds(name, stream, all, context);
      if (fit.length > 0) active.push(...fit);
      else if (asked.has(name)) throw unfit(name, stream, context);
      else if (chosen.has(name)) lacking.push(name);
    }
    if (lacking.length === 0) return active;
    for (const name of lacking) chosen.delete(name);
  }
}

function unfit(name: string, stream: string, { builds }: Context) {
  const build = builds.get(name)?.find((one) => one.stream === stream);
  if (build === undefined) return packageError("unknown", `no repository has the module ${name}:${stream}`);
  return packageError("unsolvable", `the module ${name}:${stream} lacks what it requires: ${needsOf(build)}`);
}

/** Leaves out what is on only for others that are not. */
function needed(active: readonly ModuleStream[], pulled: ReadonlySet<string>): ModuleStream[] {
  const required = new Set(active.flatMap(({ requires }) => requires.flatMap((one) => Object.keys(one))));
  const kept = active.filter(({ name }) => !pulled.has(name) || required.has(name));
  return kept.length === active.length ? kept : needed(kept, pulled);
}

function fits({ requires }: ModuleStream, chosen: ReadonlyMap<string, string>, platform: string | undefined): boolean {
  const satisfied = ([name, streams]: [string, readonly string[]]) => {
    const stream = name === "platform" ? platform?.replace(/^platform:/, "") : chosen.get(name);
    return stream !== undefined && allows(streams, stream);
  };
  return requires.length === 0 || requires.some((alternative) => Object.entries(alternative).every(satisfied));
}

function needsOf({ requires }: ModuleStream): string {
  const entries = Object.entries(requires[0] ?? {});
  return entries.map(([name, streams]) => `${name}:${streams.length === 0 ? "any" : streams.join("|")}`).join(", ");
}

/**
 * Hides the packages of streams that are not on, and the others of the same name as one of a stream that is on, or that
 * provide it (libdnf: setModuleExcludes). Repositories with `module_hotfixes` are left as they are.
 */
export function applyModules(
  repositories: readonly LoadedRepository[],
  all: readonly Modules[],
  active: readonly ModuleStream[],
): void {
  const on = new Set(active.flatMap(({ artifacts }) => artifacts));
  const known = new Set(all.flatMap(({ streams }) => streams.flatMap(({ artifacts }) => artifacts)));
  if (known.size === 0) return;
  const names = new Set([...on].filter((one) => !/\.(?:no)?src$/.test(one)).map(nameOf));
  const modular = new Set([...known].map(nameOf));
  for (const repository of repositories.filter(({ source }) => source.moduleHotfixes !== true)) {
    const candidates = new Set([...modular].flatMap((name) => repository.named(name)));
    const hidden = [...candidates].filter((number) => {
      const nevra = nevraOf(repository, number);
      return !on.has(nevra) && (known.has(nevra) || names.has(repository.text(number, "name")));
    });
    const providers = [...names].flatMap((name) => repository.providing(name));
    repository.hide([...hidden, ...providers.filter((number) => !on.has(nevraOf(repository, number)))]);
  }
}

function nameOf(nevra: string): string {
  return nevra.replace(/-[^-]*-[^-]*$/, "");
}

/** As artifacts are written: always with the epoch. */
function nevraOf(repository: LoadedRepository, number: number): string {
  const evr = repository.evr(repository.text(number, "evr"));
  const epoch = evr.epoch === 0 ? "0:" : "";
  return `${repository.text(number, "name")}-${epoch}${formatEvr(evr)}.${repository.text(number, "arch")}`;
}
