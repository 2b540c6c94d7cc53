// SPDX-License-Identifier: Apache-2.0
import { dirname, posix } from "node:path";
import { composeError } from "../errors.ts";
import { aptEntry } from "./apt.ts";
import type { Variables } from "./condition.ts";
import { type Externals, withValues } from "./externals.ts";
import { flatten } from "./flatten.ts";
import { isPlainMap } from "./kinds.ts";
import type { Values } from "./merge.ts";
import type { AccountCheck, AddedFile, RemoveRule, RepoPackages, SecurityTracker, Treefile } from "./model.ts";
import { substituteVariables } from "./substitute.ts";
import { deprecations, validate } from "./validate.ts";

interface Surroundings {
  readonly path: string;
  readonly basearch: string;
  readonly variables: Variables;
  readonly unknown: ReadonlyMap<string, unknown>;
  readonly warnings: readonly string[];
}

/** Turns merged values into the model: variables put in, defaults filled in, rows given names. */
export function finish(values: Values, externals: Externals, surroundings: Surroundings): Treefile {
  const { path, basearch, variables, unknown, warnings } = surroundings;
  substituteVariables(values, variables, path);
  validate(values, path);
  const debian = values.has("apt");
  const reader = new Reader(values);
  return {
    path,
    format: debian ? "deb" : "rpm",
    edition: reader.value("edition", debian ? "2024" : "2014"),
    basearch,
    variables: new Map(variables),
    apt: reader.list<object>("apt").map((entry, at) => aptEntry({ ...entry }, externals.apt[at] ?? path, variables)),
    ...withValues({ securityTracker: securityTracker(reader, externals) }),
    ...packageKeys(reader, debian, path),
    ...treeKeys(reader, debian),
    ...accountKeys(reader, externals),
    ...contentKeys(reader, externals, path),
    ...releaseKeys(reader),
    flattened: flatten(values, unknown),
    warnings: [...warnings, ...(debian ? [] : deprecations(values, path))],
  };
}

class Reader {
  readonly #values: Values;

  constructor(values: Values) {
    this.#values = values;
  }

  get<T = string>(key: string): T | undefined {
    return this.#values.get(key) as T | undefined;
  }

  value<T>(key: string, otherwise: T): T {
    return (this.#values.get(key) as T | undefined) ?? otherwise;
  }

  list<T = string>(key: string): readonly T[] {
    return this.value<readonly T[]>(key, []);
  }

  entries<T>(key: string): ReadonlyMap<string, T> {
    return new Map(Object.entries(this.value<Record<string, T>>(key, {})));
  }
}

function securityTracker(reader: Reader, { securityTracker: data }: Externals): SecurityTracker | undefined {
  const written = reader.get<Partial<SecurityTracker>>("security-tracker");
  return written === undefined || data === undefined ? undefined : { ...written, data };
}

function packageKeys(reader: Reader, debian: boolean, path: string) {
  const modules = reader.get<{ enable?: string[]; install?: string[] }>("modules");
  return {
    repoDirectory: dirname(path),
    lockfileRepos: reader.list("lockfile-repos"),
    repovars: reader.entries<string>("repovars"),
    packages: reader.list("packages"),
    excludePackages: [...new Set(reader.list("exclude-packages"))],
    repoPackages: reader.list<RepoPackages>("repo-packages"),
    ostreeLayers: reader.list("ostree-layers"),
    ostreeOverrideLayers: reader.list("ostree-override-layers"),
    recommends: reader.value("recommends", !debian),
    documentation: reader.value("documentation", true),
    installLangs: reader.list("install-langs"),
    removeFromPackages: reader.list<string[]>("remove-from-packages").map((row) => removeRule(row, path)),
    ...withValues({
      repos: reader.get<string[]>("repos"),
      modules: modules && { enable: modules.enable ?? [], install: modules.install ?? [] },
      platformModule: reader.get("platform-module"),
    }),
  };
}

function treeKeys(reader: Reader, debian: boolean) {
  return {
    container: reader.value("container", false),
    bootLocation: reader.value<Treefile["bootLocation"]>("boot-location", debian ? "modules" : "new"),
    tmpIsDir: reader.value("tmp-is-dir", debian),
    optUsrlocal: reader.value<Treefile["optUsrlocal"]>("opt-usrlocal", "var"),
    ignoreDevices: reader.value("ignore-devices", true),
    initramfs: !reader.value("no-initramfs", false),
    initramfsArgs: reader.list("initramfs-args"),
    selinux: reader.value("selinux", true),
    selinuxLabelVersion: reader.value<0 | 1>("selinux-label-version", 0),
    ima: reader.value("ima", false),
    readonlyExecutables: reader.value("readonly-executables", false),
    cliwrap: reader.value("cliwrap", false),
    cliwrapBinaries: reader.list("cliwrap-binaries"),
    rpmdb: reader.value<Treefile["rpmdb"]>("rpmdb", "target"),
    rpmdbNormalize: reader.value("rpmdb-normalize", false),
    ...withValues({ containerCmd: reader.get<string[]>("container-cmd") }),
  };
}

function accountKeys(reader: Reader, externals: Externals) {
  return {
    sysusers: reader.value<Treefile["sysusers"]>("sysusers", "compose-auto"),
    etcGroupMembers: reader.list("etc-group-members"),
    preservePasswd: reader.value("preserve-passwd", true),
    checkPasswd: accountCheck(reader.get<object>("check-passwd"), externals.checkPasswd),
    checkGroups: accountCheck(reader.get<object>("check-groups"), externals.checkGroups),
    ignoreRemovedUsers: reader.list("ignore-removed-users"),
    ignoreRemovedGroups: reader.list("ignore-removed-groups"),
  };
}

function accountCheck(written: object | undefined, path: string | undefined): AccountCheck {
  const { type = "previous", entries } = (written ?? {}) as { type?: string; entries?: unknown };
  if (type === "file" && path !== undefined) return { type, path };
  if (type === "data" && isPlainMap(entries)) return { type, entries: new Map(Object.entries(entries)) as never };
  return { type: type === "none" ? "none" : "previous" };
}

function contentKeys(reader: Reader, externals: Externals, path: string) {
  return {
    addFiles: reader.list<string[]>("add-files").map(([, target = ""], at): AddedFile => {
      return { source: externals.addFiles[at] ?? "", target: treePath(target, `${path}: add-files`) };
    }),
    removeFiles: reader.list("remove-files").map((name) => treePath(name, `${path}: remove-files`)),
    units: reader.list("units"),
    machineidCompat: reader.value("machineid-compat", true),
    postprocess: reader.list("postprocess"),
    finalizeScripts: [...externals.finalize].toSorted().map(([, program]) => program),
    ...withValues({
      defaultTarget: reader.get("default-target"),
      postprocessScript: externals.postprocessScript,
      mutateOsRelease: reader.get("mutate-os-release"),
    }),
  };
}

function releaseKeys(reader: Reader) {
  const releasever = reader.get<string | number>("releasever");
  return {
    commitMetadata: reader.entries<unknown>("add-commit-metadata"),
    repoMetadata: reader.value<Treefile["repoMetadata"]>("repo-metadata", "inline"),
    advisoriesMetadata: reader.value<Treefile["advisoriesMetadata"]>("advisories-metadata", "inline"),
    ...withValues({
      ref: reader.get("ref"),
      releasever: releasever === undefined ? undefined : String(releasever),
      versionPrefix: reader.get("automatic-version-prefix"),
      versionSuffix: reader.get("automatic-version-suffix"),
      gpgKey: reader.get("gpg-key"),
    }),
  };
}

function removeRule([name = "", ...patterns]: readonly string[], path: string): RemoveRule {
  for (const pattern of patterns) {
    try {
      new RegExp(pattern);
    } catch (error) {
      throw composeError("treefile-value", `${path}: remove-from-packages: ${pattern} is no regular expression`, {
        cause: error,
      });
    }
  }
  return { package: name, patterns };
}

function treePath(name: string, where: string): string {
  const path = posix.normalize(`/${name}`).replace(/\/+$/, "");
  if (path === "" || name.split("/").includes("..")) {
    throw composeError("treefile-value", `${where}: ${JSON.stringify(name)} is no path inside the tree`);
  }
  return path;
}
