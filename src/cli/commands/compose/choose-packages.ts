// SPDX-License-Identifier: Apache-2.0
/** What `compose resolve` and `compose explain` have in common: packages chosen for a treefile, or for names of packages. */
import { existsSync } from "node:fs";
import { resolve } from "node:path";
import type { RpmChange, RpmSolution, SolvedRpm } from "../../../packages/index.ts";
import type { Invocation, OptionDeclaration } from "../../command.ts";
import { cliError } from "../../errors.ts";
import { changesSystem, systemOptions, systemRequest } from "./change-system.ts";
import { cacheDir, composeOptions, lockfileOptions, openTreefile, readLocks } from "./shared.ts";

export const chooseOptions: readonly OptionDeclaration[] = [
  {
    name: "repofrompath",
    value: "ID,DIR",
    repeat: true,
    help: "Take RPM packages from the repository in this directory or URL",
  },
  { name: "releasever", value: "VERSION", help: "What $releasever stands for in repositories" },
  { name: "arch", value: "ARCH", help: "Choose for this architecture, as RPM names it; default: that of this machine" },
  { name: "no-recommends", help: "Leave out what is only recommended" },
  { name: "exclude", value: "SPEC", repeat: true, help: "Do as if these packages were not there; globs allowed" },
  ...systemOptions,
  ...composeOptions,
  ...lockfileOptions,
];

export interface ChosenPackage {
  readonly name: string;
  /** `[EPOCH:]VERSION-RELEASE`, or Debian's version. */
  readonly version: string;
  readonly architecture: string;
  /** Of RPM packages: `NAME-[EPOCH:]VERSION-RELEASE.ARCH`. */
  readonly nevra?: string;
  readonly repository?: string;
  /** Bytes to download. */
  readonly size: number;
  /** As dnf keeps it; of RPM packages. */
  readonly reason?: "user" | "dependency" | "weak-dependency";
  readonly why: string;
}

export interface Chosen {
  readonly install: readonly ChosenPackage[];
  /** With --installed. */
  readonly update?: readonly (ChosenPackage & { readonly replaces: string })[];
  readonly downgrade?: readonly (ChosenPackage & { readonly replaces: string })[];
  readonly erase?: readonly string[];
  /** Bytes that the installed packages occupy, as they say. */
  readonly installedSize: number;
  /** From a package to the request, one line each. */
  readonly explain: (name: string) => readonly string[];
}

/** @param args a treefile alone, or names of packages with --repofrompath */
export async function choosePackages(invocation: Invocation, args: readonly string[]): Promise<Chosen> {
  if (invocation.values("repofrompath").length > 0) return chooseRpms(invocation, args);
  const [path, ...others] = args;
  if (path !== undefined && others.length === 0 && existsSync(path)) return chooseForTreefile(invocation, path);
  if (path !== undefined && others.length > 0 && existsSync(path)) {
    throw cliError("usage", `${others.join(" ")}: a treefile says itself which packages it has`, {
      hint: `atomic compose explain ${others[0]} ${path}  tells why a package is in`,
    });
  }
  if (path !== undefined && /\.(ya?ml|json)$/.test(path)) await openTreefile({ ...invocation, args });
  throw cliError("usage", "no treefile and no repository given", {
    hint: "name a treefile, or a repository: --repofrompath=ID,DIR PACKAGE...",
  });
}

/** What stands in a treefile, or is no matter of one. */
const withoutTreefile = ["releasever", "arch", "exclude", "no-recommends", ...systemOptions.map(({ name }) => name)];

async function chooseForTreefile(invocation: Invocation, path: string): Promise<Chosen> {
  const refused = withoutTreefile.find((name) => invocation.flag(name) || invocation.values(name).length > 0);
  if (refused !== undefined) {
    throw cliError("usage", `--${refused} is for requests without a treefile`, {
      hint: `a treefile fills an empty root: ${path} says with what`,
    });
  }
  const treefile = await openTreefile({ ...invocation, args: [path] });
  const { resolvePackages, resolveRpmTreefile } = await import("../../../compose/index.ts");
  const { explainChoice } = await import("../../../packages/index.ts");
  const options = {
    cacheDir: cacheDir(invocation),
    offline: invocation.flag("cache-only"),
    ...(await readLocks(invocation)),
  };
  if (treefile.format === "rpm") {
    return chosenRpms((await resolveRpmTreefile(treefile, options, invocation.progress)).solution);
  }
  const { solution } = await resolvePackages(treefile, options, invocation.progress);
  return {
    install: solution.packages.map(({ package: { name, version, architecture, size }, why }) => {
      return { name, version, architecture, size, why };
    }),
    installedSize: solution.installedSize,
    explain: (name) => explainChoice(solution, name),
  };
}

async function chooseRpms(invocation: Invocation, specs: readonly string[]): Promise<Chosen> {
  const system = await systemRequest(invocation);
  if (specs.length === 0 && !changesSystem(system)) throw cliError("usage", "no package given");
  const { hostArchitecture } = await import("../../../compose/index.ts");
  const { loadRepomd, resolveRpms } = await import("../../../packages/index.ts");
  const architecture = invocation.value("arch") ?? hostArchitecture();
  const sources = invocation.values("repofrompath").map((text) => repositoryOf(text, invocation, architecture));
  const offline = invocation.flag("cache-only");
  const set = await loadRepomd(sources, cacheDir(invocation), { offline }, invocation.progress);
  const solution = await resolveRpms(set, {
    install: specs,
    exclude: invocation.values("exclude"),
    recommends: !invocation.flag("no-recommends"),
    architecture,
    ...system,
    ...(await readLocks(invocation)),
  });
  return chosenRpms(solution);
}

function repositoryOf(text: string, invocation: Invocation, architecture: string) {
  const [, id, place] = /^([-\w.:]+),(.+)$/.exec(text) ?? [];
  if (id === undefined || place === undefined) {
    throw cliError("usage", `--repofrompath=${text}: ID,DIR wanted`, { hint: "--repofrompath=local,/srv/repository" });
  }
  const variables: Readonly<Record<string, string | undefined>> = {
    releasever: invocation.value("releasever"),
    basearch: architecture,
    arch: architecture,
  };
  const url = place.replaceAll(/\$(?:\{(\w+)\}|(\w+))/g, (whole, braced?: string, bare?: string) => {
    const value = variables[(braced ?? bare)!];
    if (value === undefined && (braced ?? bare) === "releasever") {
      throw cliError("usage", `--repofrompath=${text} needs --releasever`);
    }
    return value ?? whole;
  });
  return { id, baseUrls: [/^[a-z]+:\/\//.test(url) ? url : resolve(url)] };
}

async function chosenRpms(solution: RpmSolution): Promise<Chosen> {
  const { explainRpm } = await import("../../../packages/index.ts");
  const { install, update, downgrade, erase } = solution;
  const changes = (list: readonly RpmChange[]) =>
    list.map(({ from, to }) => ({ ...chosenRpm(to), replaces: `${from.name}-${from.version}.${from.architecture}` }));
  return {
    install: install.map(chosenRpm),
    ...(update.length > 0 && { update: changes(update) }),
    ...(downgrade.length > 0 && { downgrade: changes(downgrade) }),
    ...(erase.length > 0 && { erase: erase.map((one) => `${one.name}-${one.version}.${one.architecture}`) }),
    installedSize: install.reduce((sum, one) => sum + one.package.installedSize, 0),
    explain: (name) => explainRpm(solution, name),
  };
}

function chosenRpm({ package: one, reason, why }: SolvedRpm): ChosenPackage {
  const { name, version, architecture, nevra, packageSize } = one;
  return { name, version, architecture, nevra, repository: one.repository.id, size: packageSize, reason, why };
}
