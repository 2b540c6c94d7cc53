// SPDX-License-Identifier: Apache-2.0
/** Packages by words in their names and summaries, by the rules of `rpm-ostree search` (its `search_packages_by_filter`). */
import { fnmatchPattern } from "../base/index.ts";
import type { DebPackage, PackageSet } from "./apt/package-set.ts";
import { AvailableRpm } from "./repomd/available-rpm.ts";
import type { RpmPackageSet } from "./repomd/package-set.ts";
import { compareEvr, formatEvr } from "./rpm/version.ts";

/** The newest of a name that a repository has. */
export interface OfferedPackage {
  readonly name: string;
  /** With epoch, where it is not 0, and release. */
  readonly version: string;
  readonly architecture: string;
  readonly summary: string;
  /** RPM: its id; Debian: suite and component. */
  readonly repository: string;
}

export interface SearchMatches {
  /** One word: in the name and in the summary; of several, each in the one or the other. */
  readonly both: readonly OfferedPackage[];
  /** All words in the name. */
  readonly name: readonly OfferedPackage[];
  readonly summary: readonly OfferedPackage[];
}

/** Of each kind; more would be no answer, and on D-Bus no message. */
const shownLimit = 50;

/** @param words parts of what is looked for, in any case; with `*`, `?` or `[`, patterns of the whole */
export function searchPackages(packages: Iterable<OfferedPackage>, words: readonly string[]): SearchMatches {
  const tests = words.map(wordTest);
  const every = (text: string) => tests.every((test) => test(text));
  const found: Record<keyof SearchMatches, OfferedPackage[]> = { both: [], name: [], summary: [] };
  for (const one of packages) {
    const [name, summary] = [every(one.name), every(one.summary)];
    if (name) found.name.push(one);
    if (summary) found.summary.push(one);
    const each = tests.length > 1 && tests.every((test) => test(one.name) || test(one.summary));
    if ((name && summary) || each) found.both.push(one);
  }
  return { both: best(found.both, words), name: best(found.name, words), summary: best(found.summary, words) };
}

function wordTest(word: string): (text: string) => boolean {
  if (/[*?[]/.test(word)) {
    const pattern = new RegExp(fnmatchPattern(word).source, "siu");
    return (text) => pattern.test(text);
  }
  const wanted = word.toLowerCase();
  return (text) => text.toLowerCase().includes(wanted);
}

/** What is called just so comes first. */
function best(packages: readonly OfferedPackage[], words: readonly string[]): OfferedPackage[] {
  const wanted = words.map((word) => word.toLowerCase());
  const rank = ({ name }: OfferedPackage) => (wanted.includes(name.toLowerCase()) ? 0 : 1);
  return packages
    .toSorted((a, b) => rank(a) - rank(b) || (a.name < b.name ? -1 : a.name > b.name ? 1 : 0))
    .slice(0, shownLimit);
}

/** One of each name, made when it is looked at: of 60,000 few are of interest. */
export function* offeredRpms({ repositories }: RpmPackageSet): Generator<OfferedPackage> {
  const names = new Set(repositories.flatMap((one) => [...one.names()]));
  for (const name of names) {
    const all = repositories.flatMap((repository) =>
      repository.named(name).map((number) => {
        const text = (column: "evr" | "arch" | "summary") => repository.text(number, column);
        return { repository, text, evr: repository.evr(text("evr")) };
      }),
    );
    const [first, ...others] = all;
    if (first === undefined) continue;
    const newest = others.reduce((top, one) => (compareEvr(one.evr, top.evr) > 0 ? one : top), first);
    yield {
      name,
      version: formatEvr(newest.evr),
      architecture: newest.text("arch"),
      summary: newest.text("summary"),
      repository: newest.repository.id,
    };
  }
}

/** What apt would install (apt-cache(8), policy). */
export function* offeredDebs(set: PackageSet): Generator<OfferedPackage> {
  for (const one of set.candidates()) yield offer(one);
}

/** The newest of each name and architecture (libdnf's `latest_per_arch`); of Debian packages, the first is the preferred. */
export function newestOffers(packages: readonly (AvailableRpm | DebPackage)[]): OfferedPackage[] {
  const newest = new Map<string, AvailableRpm | DebPackage>();
  for (const one of packages) {
    const key = `${one.name}.${one.architecture}`;
    const top = newest.get(key);
    if (top === undefined || (top instanceof AvailableRpm && one instanceof AvailableRpm && isNewer(one, top)))
      newest.set(key, one);
  }
  return [...newest.values()].map(offer);
}

const isNewer = (a: AvailableRpm, b: AvailableRpm): boolean => compareEvr(a.evr, b.evr) > 0;

function offer(one: AvailableRpm | DebPackage): OfferedPackage {
  const { name, version, architecture } = one;
  const isRpm = one instanceof AvailableRpm;
  const summary = isRpm ? one.text("summary") : one.field("Description");
  return { name, version, architecture, summary, repository: isRpm ? one.repository.id : one.source.info.suite };
}
