// SPDX-License-Identifier: Apache-2.0
/** Package files that a host's owner names: imported into the repository, where a ref keeps them as long as they are asked for. */
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { type Stanza, parseDeb822 } from "../../formats/index.ts";
import { type Checksum, type Repo, readTree, Transaction } from "../../ostree/index.ts";
import { formatEvr, readDeb, readRpm } from "../../packages/index.ts";
import { composeError } from "../errors.ts";
import { importBatch } from "../packages/import-batch.ts";
import { packageRef, rpmPackageRef } from "../packages/escape.ts";
import type { RpmImportOptions } from "../rpm/import.ts";
import { readText } from "../tree.ts";
import type { LocalPackage } from "./model.ts";

/** Namespaces of imported packages: rpm-ostree's, and ours of Debian packages. */
const packageRefs = /^(rpmostree\/pkg|atomic\/deb)\//;

/** A host's packages are imported as they are. */
export const layerImport: RpmImportOptions = {
  documentation: true,
  readonlyExecutables: false,
  ima: false,
  ignoreDevices: true,
};

/** Imports a package file. Its digests are checked; nobody needs to have signed it (rpm-ostree: LocalPackages). */
export async function importLocalPackage(repo: Repo, path: string): Promise<LocalPackage & { readonly name: string }> {
  const bytes = readFileSync(path);
  const sha256 = createHash("sha256").update(bytes).digest("hex");
  if (bytes.subarray(0, 7).toString("latin1") === "!<arch>") return importLocalDeb(repo, path, sha256);
  using rpm = await readRpm(path, { allowUnsigned: true });
  if (rpm.architecture === "src") throw composeError("bad-package", `${path} is a source package`);
  const id = { name: rpm.name, version: formatEvr(rpm.evr), architecture: rpm.architecture };
  const task = { format: "rpm", path, checksum: `sha256:${sha256}`, ...layerImport } as const;
  const commit = await store(repo, rpmPackageRef(id), task);
  const header = repo.loadCommit(commit).metadata.get("rpmostree.metadata_sha256")?.value;
  return { sha256: String(header), nevra: nevraText(id), name: id.name };
}

async function importLocalDeb(repo: Repo, path: string, sha256: string) {
  using deb = readDeb(path);
  const [name, version, architecture] = ["Package", "Version", "Architecture"].map(
    (field) => deb.control.get(field) ?? "",
  );
  const id = { name: name!, version: version!, architecture: architecture! };
  await store(repo, packageRef(id), { format: "deb", path, sha256 });
  return { sha256, nevra: nevraText(id), name: id.name };
}

function nevraText({ name, version, architecture }: { name: string; version: string; architecture: string }): string {
  return `${name}-${version}.${architecture}`;
}

async function store(repo: Repo, ref: string, task: Parameters<typeof importBatch>[0][number]): Promise<Checksum> {
  const [commit] = await importBatch([task], repo);
  if (commit === undefined) throw new Error(`${ref} was not imported`);
  using transaction = Transaction.begin(repo);
  transaction.setRef(ref, commit);
  transaction.commit();
  return commit;
}

/** The commit of a package that was imported earlier. */
export function findLocalPackage(repo: Repo, { sha256, nevra }: LocalPackage): Checksum {
  for (const [ref, commit] of repo.listRefs()) {
    if (!packageRefs.test(ref) || !repo.has(commit, "commit")) continue;
    const { metadata } = repo.loadCommit(commit);
    const sums = ["rpmostree.metadata_sha256", "atomic.deb.sha256"].map((key) => metadata.get(key)?.value);
    if (sums.includes(sha256)) return commit;
  }
  throw composeError("missing-layer", `the local package ${nevra} is no longer in ${repo.path}`, {
    hint: "install its file again, or uninstall it",
  });
}

/** The control file of an imported Debian package. */
export function controlOf(repo: Repo, commit: Checksum, what: string): Stanza {
  const [stanza] = parseDeb822(readText(readTree(repo, commit), "control/control") ?? "", what);
  if (stanza === undefined) throw composeError("bad-package", `${what} is no imported Debian package`);
  return stanza;
}
