// SPDX-License-Identifier: Apache-2.0
import type { RpmPackageSet } from "../../../../src/packages/index.ts";

/** Random problems in the format of libsolv's test cases, the same for the same seed. */

type Random = (limit: number) => number;

export function generator(seed: number): Random {
  let state = (seed * 2_654_435_761) >>> 0;
  return (limit) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 0x1_0000_0000) * limit);
  };
}

export interface RandomCaseOptions {
  /** How many names of packages there are. */
  readonly names: number;
  /** Something is installed, and is updated, erased, synchronised. */
  readonly installed: boolean;
  /** Packages of two architectures beside each other. */
  readonly multilib: boolean;
}

export function randomCase(seed: number, { names, installed, multilib }: RandomCaseOptions): string {
  const random = generator(seed);
  const pick = <One>(list: readonly One[]): One => list[random(list.length)]!;
  const chance = (percent: number) => random(100) < percent;
  const all = Array.from({ length: names }, (_, at) => `p${String.fromCodePoint(97 + at)}`);
  const virtual = ["v1", "v2", "v3"];
  const plain = (): string => {
    const name = chance(25) ? pick(virtual) : pick(all);
    return chance(40) ? `${name} ${pick(["<", "<=", "=", ">=", ">"])} ${1 + random(3)}` : name;
  };
  const dependency = (weak: boolean): string => {
    if (!chance(weak ? 40 : 20)) return plain();
    const kind = pick(["&", "|", "<IF>", "+"]);
    if (kind !== "<IF>") return `${plain()} ${kind} ${plain()}`;
    return chance(40) ? `${plain()} <IF> (${plain()} <ELSE> ${plain()})` : `${plain()} <IF> ${plain()}`;
  };
  const tags = (name: string, version: number): string[] => {
    const found = [`#>=Prv: ${name} = ${version}-1`];
    const add = (tag: string, text: string) => found.push(`#>=${tag}: ${text}`);
    if (chance(30)) add("Prv", chance(50) ? `${pick(virtual)} = ${1 + random(3)}` : pick(virtual));
    for (let count = random(3); count > 0; count--) if (chance(60)) add("Req", dependency(false));
    if (chance(8)) add("Con", plain());
    if (chance(8)) add("Obs", `${pick(all)} < ${1 + random(3)}`);
    if (chance(25)) add("Rec", dependency(true));
    if (chance(15)) add("Sug", plain());
    if (chance(12)) add("Sup", chance(50) ? `${plain()} & ${plain()}` : plain());
    if (chance(8)) add("Enh", plain());
    return found;
  };
  const architectures = (): string[] => {
    if (!multilib) return ["noarch"];
    return pick([["noarch"], ["x86_64"], ["x86_64"], ["x86_64", "i686"], ["x86_64", "i686"], ["i686"]]);
  };
  const repository = (name: string, percent: number, versions: number): string[] => {
    const lines = ["#>=Ver: 3.0"];
    for (const one of all) {
      if (!chance(percent)) continue;
      const newest = 1 + random(versions);
      for (let version = chance(70) ? newest : 1; version <= newest; version++) {
        for (const architecture of architectures()) {
          lines.push(`#>=Pkg: ${one} ${version} 1 ${architecture}`, ...tags(one, version));
        }
      }
    }
    return [`repo ${name} ${name === "other" ? pick([0, 0, 5]) : 0} testtags <inline>`, ...lines];
  };
  const job = (): string => {
    const name = pick(all);
    if (!installed || chance(50)) {
      const version = chance(15) ? ` = ${1 + random(3)}` : "";
      return `job install name ${name}${version}${chance(50) ? " [forcebest]" : ""}`;
    }
    return pick([
      `job erase name ${name}`,
      `job erase name ${name} [cleandeps]`,
      `job update name ${name}`,
      "job update all packages",
      "job update all packages [forcebest]",
      "job distupgrade all packages",
      `job lock name ${name}`,
    ]);
  };
  const flags = ["allowvendorchange", "keeporphans", "bestobeypolicy", "yumobsoletes", "urpmreorder"];
  if (chance(30)) flags.push("ignorerecommended");
  const extra = chance(10) ? [`job ${pick(["favor", "disfavor"])} name ${pick(all)}`] : [];
  return [
    ...(installed
      ? repository("system", 45, 2)
          .join("\n")
          .replaceAll(/=Obs.*\n?/g, "=Sum: x\n")
          .split("\n")
      : ["repo system 0 empty"]),
    ...repository("available", 90, 3),
    ...(chance(40) ? repository("other", 40, 3) : []),
    "system x86_64 rpm system",
    ...(multilib ? ["poolflags implicitobsoleteusescolors"] : []),
    `solverflags ${flags.join(",")}`,
    ...Array.from({ length: 1 + random(3) }, job),
    ...extra,
    "result transaction,problems <inline>",
    "",
  ].join("\n");
}

export interface RandomRequest {
  readonly specs: readonly string[];
  readonly weak: boolean;
  readonly exclude: readonly string[];
}

/** Specs of every kind that dnf knows, about packages of a set. */
export function randomRequest(seed: number, set: RpmPackageSet): RandomRequest {
  const random = generator(seed + 7);
  const pick = <One>(list: readonly One[]): One => list[random(list.length)]!;
  const all = set.all();
  const spec = (): string => {
    const one = pick(all);
    const provides = one.dependencies("provides");
    switch (random(9)) {
      case 0:
        return `${one.name}.${one.architecture}`;
      case 1:
        return one.nevra;
      case 2:
        return `${one.name}-${one.evr.version}`;
      case 3:
        return `${one.name}-${one.evr.version}-${one.evr.release}`;
      case 4:
        return provides.length > 0 ? pick(provides).name : one.name;
      case 5:
        return one.shortFiles.length > 0 ? pick(one.shortFiles) : one.name;
      case 6:
        return `${one.name.slice(0, Math.max(4, one.name.length - 2))}*`;
      default:
        return one.name;
    }
  };
  const exclude = random(6) === 0 ? [pick(all).name] : [];
  return { specs: Array.from({ length: 1 + random(4) }, spec), weak: random(3) > 0, exclude };
}
