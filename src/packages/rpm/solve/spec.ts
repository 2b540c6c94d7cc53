// SPDX-License-Identifier: Apache-2.0
/** What a person means by a package, as dnf understands it (dnf(8), "Specifying Packages"; libdnf's Subject). */
import { fnmatchPattern } from "../../../base/index.ts";
import { rpmvercmp } from "../../../formats/index.ts";
import { parseDependency } from "../dependency.ts";
import { type Evr } from "../model.ts";
import { formatEvr } from "../version.ts";
import { type Id, type Pool } from "./pool.ts";

/** The packages that a text selects; more than one list where a pattern selects packages of several names. */
export type Selection = readonly (readonly Id[])[];

interface Form {
  readonly name: string;
  readonly epoch?: string;
  readonly version?: string;
  readonly release?: string;
  readonly architecture?: string;
}

/** In the order in which they are tried: NEVRA, NA, NAME, NEVR, NEV (HY_FORMS_MOST_SPEC). */
const forms: readonly RegExp[] = [
  /^(?<name>.+)-(?:(?<epoch>\d+):)?(?<version>[^-]+)-(?<release>[^-]+)\.(?<architecture>[^-.]+)$/,
  /^(?<name>.+)\.(?<architecture>[^-.]+)$/,
  /^(?<name>.+)$/,
  /^(?<name>.+)-(?:(?<epoch>\d+):)?(?<version>[^-]+)-(?<release>[^-]+)$/,
  /^(?<name>.+)-(?:(?<epoch>\d+):)?(?<version>[^-]+)$/,
];

/**
 * @param text NAME, NAME.ARCH, NAME-VERSION[-RELEASE[.ARCH]], each with globs; what packages provide; the path of a file
 * @param alsoObsoleters whether a plain name means also what has taken the place of its packages
 */
export function select(pool: Pool, text: string, alsoObsoleters: boolean): Selection {
  const isPath = text.startsWith("/") || text.startsWith("*/");
  if (!isPath) {
    for (const form of forms) {
      const found = matching(pool, form, text, alsoObsoleters);
      if (found.length > 0) return found;
    }
  }
  const provided = providing(pool, text);
  return provided.length === 0 ? [] : [provided];
}

function matching(pool: Pool, form: RegExp, text: string, alsoObsoleters: boolean): Selection {
  const match = form.exec(text);
  if (match === null) return [];
  const wanted = match.groups as unknown as Form;
  const named = isGlob(wanted.name) ? namesLike(pool, wanted.name) : [wanted.name];
  const justName = wanted.version === undefined && wanted.architecture === undefined;
  const lists = named.map((name) => {
    const found = pool.named(name).filter((id) => fits(pool, id, wanted));
    return found.length > 0 && justName && alsoObsoleters ? withObsoleters(pool, found) : found;
  });
  return lists.filter((list) => list.length > 0);
}

function namesLike(pool: Pool, pattern: string): string[] {
  const glob = fnmatchPattern(pattern);
  return [...pool.names()].filter((name) => glob.test(name)).sort();
}

function fits(pool: Pool, id: Id, { epoch, version, release, architecture }: Form): boolean {
  const one = pool.package(id);
  return (
    (architecture === undefined || fitsText(one.architecture, architecture)) &&
    (epoch === undefined || one.evr.epoch === Number(epoch)) &&
    (version === undefined || fitsVersion(one.evr.version, version)) &&
    (release === undefined || fitsVersion(one.evr.release ?? "", release))
  );
}

function fitsText(text: string, wanted: string): boolean {
  return isGlob(wanted) ? fnmatchPattern(wanted).test(text) : text === wanted;
}

function fitsVersion(text: string, wanted: string): boolean {
  return isGlob(wanted) ? fnmatchPattern(wanted).test(text) : rpmvercmp(text, wanted) === 0;
}

/** Who asks for a package by its name alone accepts what has taken its place. */
function withObsoleters(pool: Pool, found: readonly Id[]): Id[] {
  const obsoleters = found.flatMap((id) => pool.obsoletersOf(id));
  return [...new Set([...found, ...obsoleters])].sort((a, b) => a - b);
}

function providing(pool: Pool, text: string): readonly Id[] {
  if (/^\S+\s+[<=>]+\s+\S+$/.test(text)) return pool.providers(pool.table.of(parseDependency(text)));
  if (/\s/.test(text) && !text.startsWith("(")) return [];
  return pool.providers(pool.table.of({ name: text }));
}

function isGlob(text: string): boolean {
  return /[*?[]/.test(text);
}

/** `[EPOCH:]VERSION-RELEASE`, as locks write it, with or without the epoch of 0. */
export function isVersion(evr: Evr, text: string): boolean {
  return formatEvr(evr) === text.replace(/^0:/, "");
}
