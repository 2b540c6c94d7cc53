// SPDX-License-Identifier: Apache-2.0
import { createHash } from "node:crypto";
import { globSync, mkdtempSync, renameSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { lstatIfExists, makeDirectories, run } from "../../src/base/index.ts";
import type { Recipe } from "./model.ts";

/** Nothing of the machine or the hour gets into a package: neither rpm 4.18's names of the settings nor 4.20's. */
const macros = {
  _buildhost: "localhost",
  use_source_date_epoch_as_buildtime: "1",
  clamp_mtime_to_source_date_epoch: "1",
  build_mtime_policy: "clamp_to_source_date_epoch",
  _binary_payload: "w3.zstdio",
  debug_package: "%{nil}",
  __os_install_post: "%{nil}",
  _build_id_links: "none",
  // Only what shared objects need and give is found out; scripts in Perl name more modules than they need.
  __requires_exclude: "^(perl|python|pkgconfig|/)",
  __provides_exclude: "^(perl|python|pkgconfig)",
};

/** Builds each recipe that the cache does not have, and gives the paths of all packages, in the recipes' order. */
export async function buildPackages(recipes: readonly Recipe[], cacheDir: string): Promise<string[]> {
  const { stdout: version } = await run("rpmbuild", ["--version"]);
  const built: string[][] = recipes.map(() => []);
  const queue = [...recipes.entries()];
  const worker = async () => {
    for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
      const [place, recipe] = next;
      built[place] = await buildCached(recipe, join(cacheDir, "built", inputHash(recipe, version)));
    }
  };
  await Promise.all(Array.from({ length: availableParallelism() }, worker));
  return built.flat();
}

function inputHash(recipe: Recipe, version: string): string {
  const { spec, epoch, target, deb } = recipe;
  return createHash("sha256")
    .update(JSON.stringify([version, macros, spec, epoch, target, deb?.sha256]))
    .digest("hex");
}

async function buildCached(recipe: Recipe, into: string): Promise<string[]> {
  if (lstatIfExists(into) === undefined) {
    makeDirectories(join(into, ".."));
    const scratch = mkdtempSync(`${into}.`);
    try {
      await build(recipe, scratch);
      renameSync(join(scratch, "packages"), into);
    } finally {
      rmSync(scratch, { recursive: true, force: true });
    }
  }
  return globSync("*.rpm", { cwd: into })
    .toSorted()
    .map((name) => join(into, name));
}

async function build({ name, spec, epoch, target, deb }: Recipe, scratch: string): Promise<void> {
  const specFile = join(scratch, `${name}.spec`);
  const packages = join(scratch, "packages");
  makeDirectories(packages);
  writeFileSync(specFile, spec);
  const defines = {
    ...macros,
    _topdir: scratch,
    _rpmdir: packages,
    _build_name_fmt: "%%{NAME}-%%{VERSION}-%%{RELEASE}.%%{ARCH}.rpm",
    ...(deb && { deb: deb.path }),
  };
  await run(
    "rpmbuild",
    [
      "-bb",
      "--quiet",
      "--nodeps",
      `--target=${target}`,
      ...Object.entries(defines).flatMap(([macro, value]) => ["--define", `${macro} ${value}`]),
      specFile,
    ],
    // No ~/.rpmmacros.
    { env: { SOURCE_DATE_EPOCH: String(epoch), HOME: scratch, LC_ALL: "C.UTF-8" } },
  );
  for (const path of globSync("*.rpm", { cwd: packages })) utimesSync(join(packages, path), epoch, epoch);
}
