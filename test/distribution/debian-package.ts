// SPDX-License-Identifier: Apache-2.0
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { makeDirectories } from "../../src/base/index.ts";
import { downloadPackages, loadApt, type PackageSet, readDeb, solve } from "../../src/packages/index.ts";
import { trixie } from "../packages/deb/requests.ts";
import type { DebianPackage, PackagedFile } from "./model.ts";

/** Where composes of Debian hosts keep packages: what they have downloaded is there already. */
const aptCache = process.env["ATOMIC_COMPOSE_CACHE"] ?? "/var/cache/atomic/compose";

/** Resolves the names and all that they depend on, downloads the packages and reads them. */
export async function fetchDebianPackages(names: readonly string[], cacheDir: string): Promise<DebianPackage[]> {
  const set: PackageSet = await loadApt(trixie, aptCache);
  const { packages } = solve(set, { install: names, recommends: false, essential: false });
  const paths = await downloadPackages(
    packages.map((one) => one.package),
    aptCache,
  );
  return [...paths.values()].map((path) => readCached(path, cacheDir));
}

/** Listing a large package takes seconds, so what was read is kept. The file's name is its SHA-256. */
function readCached(path: string, cacheDir: string): DebianPackage {
  const directory = join(cacheDir, "listings");
  const cached = join(directory, `${basename(path, ".deb")}.json`);
  if (existsSync(cached)) return { ...(JSON.parse(readFileSync(cached, "utf8")) as DebianPackage), path };
  makeDirectories(directory);
  const read = readDebianPackage(path);
  writeFileSync(cached, JSON.stringify(read));
  return read;
}

export function readDebianPackage(path: string): DebianPackage {
  using deb = readDeb(path);
  const text = (name: string) => deb.controlFiles.get(name)?.bytes.toString("utf8") ?? "";
  const files: PackagedFile[] = [];
  let epoch = 0;
  let sysusers = "";
  for (const entry of deb.files()) {
    epoch = Math.max(epoch, entry.mtime);
    if (entry.path === "") continue;
    if (/^usr\/lib\/sysusers\.d\/.*\.conf$/.test(entry.path)) sysusers += `${entry.content().toString("utf8")}\n`;
    const { userName: user, groupName: group } = entry;
    files.push({ path: entry.path, isDirectory: entry.type === "directory", user, group });
  }
  return {
    path,
    sha256: basename(path, ".deb"),
    name: deb.control.get("Package")!,
    fields: Object.fromEntries(deb.control.entries()),
    scripts: { preinst: text("preinst"), postinst: text("postinst"), triggers: text("triggers") },
    // Lines may start with the flag `remove-on-upgrade` (deb-conffiles(5)): such a file is not in the package.
    conffiles: text("conffiles")
      .split("\n")
      .filter((line) => line.startsWith("/"))
      .map((line) => line.slice(1)),
    files,
    sysusers,
    epoch,
  };
}
