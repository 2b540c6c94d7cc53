// SPDX-License-Identifier: Apache-2.0
/** What dnf's own library says of the packages of a repository: the judge of reading metadata. */
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type AvailableRpm, formatDependency, type RpmDependency, rpmRelations } from "../../../src/packages/index.ts";

export interface PackageFacts {
  readonly [field: string]: string | number | readonly string[];
}

const script = `
import dnf, json, sys
# libsolv adds dependencies of its own for SUSE's split packages, and it writes rich dependencies with the parentheses that they need, not those that they had.
def plain(text):
    return text.replace("(", "").replace(")", "") if text.startswith("(") else text
base = dnf.Base()
base.conf.cachedir = sys.argv[2]
base.conf.module_platform_id = "platform:none"
base.conf.substitutions["releasever"] = "1"
repo = base.repos.add_new_repo("judged", base.conf, baseurl=["file://" + sys.argv[1]])
repo.module_hotfixes = True
base.fill_sack(load_system_repo=False)
kinds = ["provides", "requires", "conflicts", "obsoletes", "recommends", "suggests", "supplements", "enhances"]
for p in base.sack.query():
    facts = {"name": p.name, "epoch": p.epoch, "version": p.version, "release": p.release, "arch": p.arch,
      "vendor": p.vendor or "", "buildTime": p.buildtime, "installedSize": p.installsize, "packageSize": p.downloadsize,
      "location": p.location, "checksum": p.chksum[1].hex() if p.chksum else "", "summary": p.summary or "",
      "license": p.license or "", "url": p.url or "", "sourceRpm": p.sourcerpm or "", "group": p.group or "",
      "files": sorted(set(p.files))}
    for kind in kinds:
        facts[kind] = sorted(set(plain(str(d)) for d in getattr(p, kind) if not str(d).startswith("namespace:")))
    print(json.dumps(facts))
`;

/** All packages of a repository that this machine's architecture can run, as dnf sees them. */
export function dnfPackages(repository: string): PackageFacts[] {
  const cache = mkdtempSync(join(tmpdir(), "atomic-dnf-"));
  try {
    const output = execFileSync("/usr/bin/python3", ["-c", script, repository, cache], {
      maxBuffer: 1 << 30,
      stdio: ["ignore", "pipe", "pipe"],
    });
    return output
      .toString()
      .trim()
      .split("\n")
      .filter(Boolean)
      .map((line) => JSON.parse(line) as PackageFacts);
  } finally {
    rmSync(cache, { recursive: true, force: true });
  }
}

/** The same facts as we read them. */
export function factsOf(one: AvailableRpm): PackageFacts {
  const { name, evr, architecture, vendor, buildTime, installedSize, packageSize, checksum } = one;
  const texts = (["location", "summary", "license", "url", "sourceRpm", "group"] as const).map(
    (column) => [column, one.text(column)] as const,
  );
  const dependencies = rpmRelations.map(
    (relation) => [relation, [...new Set(one.dependencies(relation).map(plain))].sort()] as const,
  );
  return {
    name,
    epoch: evr.epoch,
    version: evr.version,
    release: evr.release ?? "",
    arch: architecture,
    vendor,
    buildTime,
    installedSize,
    packageSize,
    checksum: checksum.hex,
    ...Object.fromEntries([...texts, ...dependencies]),
  };
}

function plain(dependency: RpmDependency): string {
  const text = formatDependency(dependency);
  return text.startsWith("(") ? text.replace(/[()]/g, "") : text;
}
