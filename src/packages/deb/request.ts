// SPDX-License-Identifier: Apache-2.0
import type { DebPackage, PackageSet } from "../apt/package-set.ts";
import { closestNames } from "../../base/index.ts";
import { packageError } from "../errors.ts";
import type { DebUniverse } from "./universe.ts";

/** Finds what a request means, in the words of apt-get(8): `name`, `name=version`, `name/suite`, each with `:arch`. */
export function findRequested(universe: DebUniverse, text: string): DebPackage {
  const { set } = universe;
  const match = /^([A-Za-z0-9][A-Za-z0-9+.-]*)(?::([a-z0-9-]+))?(?:=(\S+)|\/(\S+))?$/.exec(text);
  const [, name = "", architecture, version, suite] = match ?? [];
  if (match === null || (architecture !== undefined && architecture !== set.architecture && architecture !== "all")) {
    throw packageError("unknown", `${JSON.stringify(text)} is no package of architecture ${set.architecture}`);
  }
  if (version === undefined && suite === undefined) return universe.candidate(name) ?? onlyProvider(universe, name);
  const fits = (one: DebPackage) =>
    version === undefined
      ? [one.source.info.suite, one.source.info.codename].includes(suite!)
      : one.version === version;
  const versions = universe.versions(name);
  const chosen = versions.find(fits);
  if (chosen === undefined) {
    const there = versions.map((one) => `${one.version} (${one.source.info.suite})`).join(", ");
    throw packageError("unknown", `${text} is not in the repositories`, {
      hint: there === "" ? didYouMean(set, name) : `there is ${there}`,
    });
  }
  universe.choose(chosen);
  return chosen;
}

/** A virtual package with one provider means that one; among several apt does not choose either. */
function onlyProvider(universe: DebUniverse, name: string): DebPackage {
  const providers = universe.providers(name);
  if (providers.length === 1) return providers[0]!;
  if (providers.length > 1) {
    const names = providers.map((one) => one.name).sort();
    throw packageError("unknown", `${name} is a virtual package with several providers`, {
      hint: `ask for one of them: ${names.join(", ")}`,
    });
  }
  throw packageError("unknown", `no package is called ${name}`, { hint: didYouMean(universe.set, name) });
}

function didYouMean(set: PackageSet, name: string): string {
  const closest = closestNames(set.names(), name);
  if (closest.length > 0) return `did you mean ${closest.join(", ")}?`;
  return "check the spelling, and that the component that has it (main, contrib, ...) is listed";
}
