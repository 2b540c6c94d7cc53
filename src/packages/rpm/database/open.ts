// SPDX-License-Identifier: Apache-2.0
/** Where systems keep their database, and in which of rpm's formats. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { packageError } from "../../errors.ts";
import type { RpmHeader } from "../header.ts";
import { tag } from "../tags.ts";
import { readBdbDatabase } from "./bdb.ts";
import { readNdbDatabase } from "./ndb.ts";
import { readSqliteDatabase } from "./sqlite.ts";

/**
 * `%_dbpath` of distributions, relative to the root, likeliest first: rpm-ostree's, Fedora's since 36 and SUSE's, Fedora's,
 * RHEL's and Debian's older one.
 */
export const databasePlaces = ["usr/share/rpm", "usr/lib/sysimage/rpm", "var/lib/rpm"] as const;

const files = { sqlite: "rpmdb.sqlite", ndb: "Packages.db", bdb: "Packages" } as const;

/** The directory of a root's database, or `undefined` where there is none. */
export function findRpmDatabase(root: string): string | undefined {
  const places = databasePlaces.map((place) => join(root, place));
  return places.find((place) => Object.values(files).some((file) => existsSync(join(place, file))));
}

/**
 * The headers of the installed packages, without the keys that are kept among them.
 * @param directory as `findRpmDatabase` gives it
 * @throws `packages-rpmdb` for a damaged one
 */
export function* readRpmDatabase(directory: string): Generator<RpmHeader, void, undefined> {
  for (const header of open(directory)) if (header.string(tag.name) !== "gpg-pubkey") yield header;
}

function open(directory: string): Generator<RpmHeader, void, undefined> {
  const path = (format: keyof typeof files) => join(directory, files[format]);
  if (existsSync(path("sqlite"))) return readSqliteDatabase(path("sqlite"));
  if (existsSync(path("ndb"))) return readNdbDatabase(path("ndb"));
  if (existsSync(path("bdb"))) return readBdbDatabase(path("bdb"));
  throw packageError("rpmdb", `${directory}: there is no database of packages`);
}
