// SPDX-License-Identifier: Apache-2.0
/** Packages made by the installed rpmbuild. */
import { execFileSync } from "node:child_process";
import { mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";

export interface RpmRecipe {
  readonly name: string;
  /** Lines of the preamble beside name, version, release, summary and license. */
  readonly preamble?: readonly string[];
  /** What %install does, in a shell in the build root. */
  readonly install?: readonly string[];
  /** Lines of %files. */
  readonly files?: readonly string[];
  /** Whole sections, as `%post\necho hello`. */
  readonly sections?: readonly string[];
  /** Macro definitions, as `_binary_payload w9.gzdio`. */
  readonly defines?: readonly string[];
}

/** Builds a package without architecture in `directory` and gives its path. */
export function buildRpm(recipe: RpmRecipe, directory: string): string {
  const { name, preamble = [], install = [], files = [], sections = [], defines = [] } = recipe;
  mkdirSync(directory, { recursive: true });
  const spec = join(directory, `${name}.spec`);
  const lines = [
    `Name: ${name}`,
    "Version: 1.0",
    "Release: 1",
    "Summary: A package for tests",
    "License: MIT",
    "BuildArch: noarch",
    ...preamble,
    "%description",
    "A package for tests.",
    "%install",
    "mkdir -p %{buildroot}",
    "cd %{buildroot}",
    ...install,
    "%files",
    ...files,
    ...sections,
  ];
  writeFileSync(spec, `${lines.join("\n")}\n`);
  const macros = [`_topdir ${directory}`, `_rpmdir ${directory}`, "_build_id_links none", ...defines];
  const options = macros.flatMap((one) => ["--define", one]);
  execFileSync("rpmbuild", ["-bb", "--quiet", ...options, spec], { stdio: ["ignore", "ignore", "pipe"] });
  const built = readdirSync(join(directory, "noarch")).find((file) => file.startsWith(`${name}-1.0-1.`));
  return join(directory, "noarch", built!);
}
