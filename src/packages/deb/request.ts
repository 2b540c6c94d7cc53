// SPDX-License-Identifier: Apache-2.0
import type { DebPackage, PackageSet } from "../apt/package-set.ts";
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
  let closest: string[] = [];
  let limit = name.length < 5 ? 1 : 2;
  for (const other of set.names()) {
    if (Math.abs(other.length - name.length) > limit) continue;
    const distance = editDistance(name, other, limit);
    if (distance > limit) continue;
    if (distance < limit) closest = [];
    limit = distance;
    closest.push(other);
  }
  if (closest.length > 0) return `did you mean ${closest.sort().slice(0, 3).join(", ")}?`;
  return "check the spelling, and that the component that has it (main, contrib, ...) is listed";
}

/** Insertions, deletions, replacements and swaps of neighbours that make `a` into `b`; above `limit` any larger number. */
function editDistance(a: string, b: string, limit: number): number {
  let before: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, at) => at);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1];
      let cost = Math.min(last[j]! + 1, row[j - 1]! + 1, last[j - 1]! + (same ? 0 : 1));
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) cost = Math.min(cost, before[j - 2]! + 1);
      row.push(cost);
    }
    if (Math.min(...row) > limit) return limit + 1;
    before = last;
    last = row;
  }
  return last[b.length]!;
}
