// SPDX-License-Identifier: Apache-2.0
/** RPM packages and repositories, made with rpmbuild and createrepo_c. */
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** Lines of one subpackage's preamble, and its files with their contents. */
export interface RpmRecipe {
  readonly name: string;
  readonly version?: string;
  readonly release?: string;
  readonly summary?: string;
  readonly fields?: readonly string[];
  readonly files?: Readonly<Record<string, string>>;
}

/** Builds packages, all of one version by one run of rpmbuild, into `directory`. */
export function buildRpms(recipes: readonly RpmRecipe[], directory: string, arch = "noarch"): void {
  const work = mkdtempSync(join(tmpdir(), "atomic-rpmbuild-"));
  try {
    const spec = join(work, "set.spec");
    writeFileSync(spec, specOf(recipes, arch));
    mkdirSync(directory, { recursive: true });
    const macros = {
      _topdir: work,
      _rpmdir: directory,
      _build_name_fmt: "%%{NAME}-%%{VERSION}-%%{RELEASE}.%%{ARCH}.rpm",
      _binary_payload: "w1.gzdio",
      __os_install_post: "%{nil}",
      debug_package: "%{nil}",
    };
    const defines = Object.entries(macros).flatMap(([name, value]) => ["--define", `${name} ${value}`]);
    execFileSync("rpmbuild", ["-bb", "--quiet", ...defines, spec], {
      env: { PATH: process.env["PATH"], HOME: work, LC_ALL: "C.UTF-8" },
      stdio: ["ignore", "pipe", "pipe"],
    });
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

function specOf(recipes: readonly RpmRecipe[], arch: string): string {
  const files = recipes.flatMap(({ files = {} }) => Object.entries(files));
  const install = files.map(
    ([path, content]) => `install -D /dev/null "%{buildroot}${path}"; printf %%s '${content}' > "%{buildroot}${path}"`,
  );
  return [
    "Name: atomic-test-set\nVersion: 1.0\nRelease: 1\nSummary: set\nLicense: MIT\nURL: https://example.org/",
    arch === "noarch" ? "BuildArch: noarch" : "",
    "AutoReqProv: no\n%description\nset",
    ...recipes.map(packageSection),
    "%install",
    ...install,
    ...recipes.map(({ name, files = {} }) => `%files -n ${name}\n${Object.keys(files).map(quoted).join("\n")}`),
  ].join("\n");
}

function quoted(path: string): string {
  return `"${path}"`;
}

function packageSection({ name, version, release, summary, fields = [] }: RpmRecipe): string {
  return [
    `%package -n ${name}`,
    `Summary: ${summary ?? `test package ${name}, with an \u00e9 & <angles>`}`,
    ...(version === undefined ? [] : [`Version: ${version}`]),
    ...(release === undefined ? [] : [`Release: ${release}`]),
    ...fields,
    `%description -n ${name}\ntest package`,
  ].join("\n");
}

/** Writes the metadata of the packages below `directory`. @param options further ones of createrepo_c */
export function createRepository(directory: string, ...options: string[]): void {
  execFileSync("createrepo_c", ["--quiet", ...options, directory], { stdio: ["ignore", "pipe", "pipe"] });
}
