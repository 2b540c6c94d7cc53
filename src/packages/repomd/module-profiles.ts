// SPDX-License-Identifier: Apache-2.0
/** Profiles of modules: names of packages that belong together. */
import { packageError } from "../errors.ts";
import type { RpmPackageSet } from "./package-set.ts";

/** A module as it is asked for: `NAME[:STREAM][/PROFILE]`. */
interface ModuleSpec {
  readonly name: string;
  readonly stream?: string;
  readonly profile?: string;
}

function parseModuleSpec(spec: string): ModuleSpec {
  const match = /^([^:/]+)(?::([^:/]+))?(?:\/([^:/]+))?$/.exec(spec);
  if (!match) throw packageError("unknown", `${spec} is not NAME[:STREAM][/PROFILE] of a module`);
  const [, name = "", stream, profile] = match;
  return { name, ...(stream !== undefined && { stream }), ...(profile !== undefined && { profile }) };
}

/** The streams that must be on to install from modules: `NAME:STREAM`. Those without a stream have their default one. */
export function streamsOf(specs: readonly string[]): string[] {
  return specs.map(parseModuleSpec).flatMap(({ name, stream }) => (stream === undefined ? [] : [`${name}:${stream}`]));
}

/**
 * The packages of profiles (libdnf: `ModulePackageContainer::install`): of the one that is named, else of those that
 * modulemd-defaults names for the stream, else of the one called `default`.
 */
export function profilePackages(set: RpmPackageSet, specs: readonly string[]): string[] {
  const defaults = Object.assign(
    {},
    ...set.repositories.map(({ modules }) => modules?.defaultProfiles ?? {}),
  ) as Record<string, readonly string[]>;
  return specs.map(parseModuleSpec).flatMap(({ name, profile }) => {
    const builds = set.modules.filter((one) => one.name === name);
    const [first] = builds;
    if (first === undefined) throw packageError("unknown", `no stream of the module ${name} is on`);
    const asked = profile === undefined ? (defaults[`${name}:${first.stream}`] ?? ["default"]) : [profile];
    return asked.flatMap((one) => {
      const found = builds.find(({ profiles }) => Object.hasOwn(profiles, one));
      if (found !== undefined) return found.profiles[one] ?? [];
      const known = [...new Set(builds.flatMap(({ profiles }) => Object.keys(profiles)))].sort();
      throw packageError("unknown", `the module ${name}:${first.stream} has no profile ${one}`, {
        hint: known.length === 0 ? "it has no profiles: name its packages" : `it has ${known.join(", ")}`,
      });
    });
  });
}
