// SPDX-License-Identifier: Apache-2.0
/** Release files of Debian archives: wiki.debian.org/DebianRepository/Format, apt-secure(8). */
import { createHash } from "node:crypto";
import { parseDeb822 } from "../../formats/index.ts";
import { packageError } from "../errors.ts";
import type { AptSource } from "../model.ts";

export interface ReleaseFile {
  readonly path: string;
  readonly size: number;
  readonly sha256: string;
}

export interface Release {
  readonly suite: string;
  readonly codename: string;
  readonly origin: string;
  readonly label: string;
  readonly version: string;
  /** Seconds since 1970. */
  readonly date: number;
  readonly validUntil: number | undefined;
  readonly architectures: readonly string[];
  readonly components: readonly string[];
  readonly byHash: boolean;
  /** Whether packages of architecture `all` are in the indices of the other architectures too. */
  readonly allInEach: boolean;
  readonly notAutomatic: boolean;
  readonly butAutomaticUpgrades: boolean;
  readonly files: ReadonlyMap<string, ReleaseFile>;
  readonly checksum: string;
}

/** @param what the file's name, for errors */
export function parseRelease(text: string, what: string): Release {
  const stanza = parseDeb822(text, what)[0];
  if (stanza === undefined) throw packageError("bad-index", `${what} is empty`);
  const get = (name: string) => stanza.get(name) ?? "";
  const words = (name: string) => get(name).split(/\s+/).filter(Boolean);
  const isYes = (name: string) => get(name).toLowerCase() === "yes";
  if (!stanza.has("SHA256")) throw packageError("bad-index", `${what} has no SHA256 sums`);
  return {
    suite: get("Suite"),
    codename: get("Codename"),
    origin: get("Origin"),
    label: get("Label"),
    version: get("Version"),
    date: time(get("Date"), "Date", what) ?? 0,
    validUntil: time(get("Valid-Until"), "Valid-Until", what),
    architectures: words("Architectures"),
    components: words("Components"),
    byHash: isYes("Acquire-By-Hash"),
    allInEach: words("No-Support-for-Architecture-all").includes("Packages") || !words("Architectures").includes("all"),
    notAutomatic: isYes("NotAutomatic"),
    butAutomaticUpgrades: isYes("ButAutomaticUpgrades"),
    files: parseFiles(get("SHA256"), what),
    checksum: createHash("sha256").update(text).digest("hex"),
  };
}

function parseFiles(text: string, what: string): Map<string, ReleaseFile> {
  const files = new Map<string, ReleaseFile>();
  for (const line of text.split("\n")) {
    if (line.trim() === "") continue;
    const [sha256 = "", size = "", path = ""] = line.trim().split(/\s+/);
    if (!/^[0-9a-f]{64}$/.test(sha256) || !/^[0-9]{1,15}$/.test(size) || path === "") {
      throw packageError("bad-index", `${what}: ${JSON.stringify(line)} is no line of check sums`);
    }
    files.set(path, { path, size: Number(size), sha256 });
  }
  return files;
}

function time(text: string, field: string, what: string): number | undefined {
  if (text === "") return undefined;
  const milliseconds = Date.parse(text);
  if (Number.isNaN(milliseconds)) throw packageError("bad-index", `${what}: ${field} is ${JSON.stringify(text)}`);
  return Math.floor(milliseconds / 1000);
}

/** Whether the signed file is of the suite that was asked for and still valid. @param now seconds since 1970 */
export function checkRelease(release: Release, source: AptSource, now: number, what: string): void {
  const { suite, codename } = release;
  const flat = source.suite.endsWith("/");
  const wanted = source.suite.replace(/\/updates$/, "");
  // As apt's pkgAcqMetaBase::VerifyVendor: an older archive may give only one of the two names.
  if (!flat && suite + codename !== "" && wanted !== suite && wanted !== codename && source.suite !== suite) {
    const called = [codename, suite].filter(Boolean).join(" or ");
    throw packageError("wrong-suite", `${what} is of ${called}, but ${source.suite} was asked for`);
  }
  if (release.validUntil !== undefined && release.validUntil < now && source.checkValidUntil !== false) {
    const until = new Date(release.validUntil * 1000).toISOString().slice(0, 16).replace("T", " ");
    throw packageError("expired", `${what} was valid until ${until} UTC`, {
      hint: "try another mirror, check the clock, or set check-valid-until to false for an archive that is frozen",
    });
  }
}

/** apt_preferences(5), "Default Priority Assignments", for a system with nothing installed. */
export function defaultPriority(release: Release): number {
  if (!release.notAutomatic) return 500;
  return release.butAutomaticUpgrades ? 100 : 1;
}
