// SPDX-License-Identifier: Apache-2.0
/** What packages tell of their changes, the newest first. */
import { gunzipSync } from "node:zlib";
import { readRpmDatabase } from "./rpm/database/open.ts";
import type { RpmHeader } from "./rpm/header.ts";
import { tag } from "./rpm/tags.ts";

export interface ChangelogEntry {
  /** Debian's; RPM has it in `author`, if at all. */
  readonly version?: string;
  /** Name and address, with RPM mostly followed by the version. */
  readonly author: string;
  /** Seconds since 1970; undefined when what stands there is no date. */
  readonly time: number | undefined;
  readonly text: string;
}

/** The changelogs of an RPM database by the names of the packages. @param directory as `findRpmDatabase` gives it */
export function readRpmChangelogs(directory: string): Map<string, readonly ChangelogEntry[]> {
  const all = new Map<string, readonly ChangelogEntry[]>();
  for (const header of readRpmDatabase(directory)) all.set(header.string(tag.name) ?? "", headerChangelog(header));
  return all;
}

function headerChangelog(header: RpmHeader): ChangelogEntry[] {
  const [authors, texts] = [header.strings(tag.changelogName), header.strings(tag.changelogText)];
  const times = header.numbers(tag.changelogTime);
  return times.map((time, index) => ({ time, author: authors[index] ?? "", text: texts[index] ?? "" }));
}

/** Those that a package did not have before: newer than its newest of then (`rpmhdrs_diff_prnt_block`). */
export function newRpmEntries(
  before: readonly ChangelogEntry[],
  after: readonly ChangelogEntry[],
): readonly ChangelogEntry[] {
  const [newest] = before;
  const end = after.findIndex(
    (entry) =>
      (entry.time ?? 0) < (newest?.time ?? 0) || (entry.text === newest?.text && entry.author === newest.author),
  );
  return end < 0 ? after : after.slice(0, end);
}

/** Where a Debian package has its changelog; the second one is that of a package which is Debian's own (Policy 12.7). */
export function debianChangelogPaths(name: string): string[] {
  return ["changelog.Debian.gz", "changelog.gz"].map((file) => `usr/share/doc/${name}/${file}`);
}

/** A changelog that unpacks to more is no text that anybody wrote. */
const largest = 16 << 20;

/** Entries of a changelog as packages have it; none where it is damaged. */
export function readDebianChangelog(gzipped: Uint8Array): ChangelogEntry[] {
  try {
    return parseDebianChangelog(gunzipSync(gzipped, { maxOutputLength: largest }).toString());
  } catch (error) {
    const code = error instanceof Error && "code" in error ? String(error.code) : "";
    if (code.startsWith("Z_") || code === "ERR_BUFFER_TOO_LARGE") return [];
    throw error;
  }
}

/** Entries of a debian/changelog (deb-changelog(5)); lines that belong to none are passed over. */
export function parseDebianChangelog(text: string): ChangelogEntry[] {
  const entries: ChangelogEntry[] = [];
  let [version, lines]: [string | undefined, string[]] = [undefined, []];
  for (const line of text.split("\n")) {
    const head = /^\S+ \(([^()\s]+)\)(?: [-+.\w]+)+; /.exec(line);
    const end = /^ -- ([^<]*<[^>]*>) {1,2}(.*)$/.exec(line);
    if (head !== null) [version, lines] = [head[1], []];
    else if (end !== null && version !== undefined) {
      const time = Date.parse(end[2]!);
      const body = lines.join("\n").replace(/^\n+|\n+$/g, "");
      entries.push({ version, author: end[1]!, time: Number.isNaN(time) ? undefined : time / 1000, text: body });
      version = undefined;
    } else if (version !== undefined) lines.push(line.replace(/^ {2}/, ""));
  }
  return entries;
}
