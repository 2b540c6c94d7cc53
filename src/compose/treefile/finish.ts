// SPDX-License-Identifier: Apache-2.0
import { dirname, isAbsolute, posix, resolve } from "node:path";
import { composeError } from "../errors.ts";
import { substitute, type Variables } from "./condition.ts";
import type { Values } from "./merge.ts";
import type { AddedFile, AptEntry, RemoveRule, Treefile } from "./model.ts";
import { nearest } from "./parse.ts";

interface Surroundings {
  readonly path: string;
  readonly basearch: string;
  readonly variables: Variables;
  readonly warnings: readonly string[];
}

/** Turns merged values into the model: variables put in, defaults filled in, rows given names. */
export function finish(values: Values, { path, basearch, variables, warnings }: Surroundings): Treefile {
  const list = <T = string>(key: string) => (values.get(key) ?? []) as readonly T[];
  const flag = (key: string, otherwise: boolean) => (values.get(key) as boolean | undefined) ?? otherwise;
  const text = (key: string) => {
    const value = values.get(key) as string | undefined;
    return value === undefined ? undefined : substitute(value, variables, `${path}: ${key}`);
  };
  return {
    path,
    basearch,
    apt: list<Record<string, unknown>>("apt").map((entry) => aptEntry(entry, variables)),
    packages: [...new Set(list("packages"))],
    excludePackages: [...new Set(list("exclude-packages"))],
    recommends: flag("recommends", false),
    documentation: flag("documentation", true),
    installLangs: list("install-langs"),
    removeFromPackages: list<string[]>("remove-from-packages").map((row) => removeRule(row, path)),
    addFiles: list<string[]>("add-files").map((row) => addedFile(row, path)),
    removeFiles: list("remove-files").map((name) => treePath(name, `${path}: remove-files`)),
    units: list("units"),
    postprocess: list("postprocess"),
    commitMetadata: new Map(Object.entries((values.get("add-commit-metadata") ?? {}) as object)),
    machineidCompat: flag("machineid-compat", true),
    tmpIsDir: flag("tmp-is-dir", true),
    initramfs: !flag("no-initramfs", false),
    initramfsArgs: list("initramfs-args"),
    selinux: flag("selinux", true),
    readonlyExecutables: flag("readonly-executables", false),
    warnings,
    ...defined({
      ref: text("ref"),
      releasever: text("releasever"),
      defaultTarget: text("default-target"),
      postprocessScript: values.get("postprocess-script") as string | undefined,
      mutateOsRelease: text("mutate-os-release"),
      versionPrefix: text("automatic-version-prefix"),
      versionSuffix: text("automatic-version-suffix"),
    }),
  };
}

/** Leaves out what is undefined, so that an absent key stays absent. */
function defined<T extends object>(values: T): { [K in keyof T]?: NonNullable<T[K]> } {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as never;
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

function addedFile([source = "", target = ""]: readonly string[], path: string): AddedFile {
  return { source, target: treePath(target, `${path}: add-files`) };
}

function treePath(name: string, where: string): string {
  const path = posix.normalize(`/${name}`).replace(/\/+$/, "");
  if (path === "" || name.split("/").includes("..")) {
    throw composeError("treefile-value", `${where}: ${JSON.stringify(name)} is no path inside the tree`);
  }
  return path;
}

const aptKeys = ["uri", "suites", "components", "signed-by", "priority"];

/** The key "" holds the treefile's path, put there when its layer was read. */
function aptEntry({ "": from, ...entry }: Record<string, unknown>, variables: Variables): AptEntry {
  const where = `${String(from)}: apt`;
  for (const key of Object.keys(entry)) {
    if (aptKeys.includes(key)) continue;
    const near = nearest(key, aptKeys);
    throw composeError(
      "treefile-key",
      `${where}: unknown key ${key}`,
      near === undefined ? {} : { hint: `did you mean ${near}?` },
    );
  }
  const words = (key: string): string[] => {
    const value = entry[key];
    const items = Array.isArray(value) ? value : [value];
    if (items.length === 0 || items.some((item) => typeof item !== "string" && typeof item !== "number")) {
      throw composeError("treefile-value", `${where}: ${key} must be a string or a list of strings`);
    }
    return items
      .flatMap((item) => substitute(String(item), variables, where).split(/\s+/))
      .filter((word) => word !== "");
  };
  const [uri = ""] = words("uri");
  const signedBy = entry["signed-by"];
  const priority = entry["priority"];
  if (priority !== undefined && !Number.isInteger(priority)) {
    throw composeError("treefile-value", `${where}: priority must be a whole number`);
  }
  return {
    uri,
    suites: words("suites"),
    components: entry["components"] === undefined ? ["main"] : words("components"),
    ...(typeof signedBy === "string" && {
      signedBy: isAbsolute(signedBy) ? signedBy : resolve(dirname(String(from)), signedBy),
    }),
    ...(priority !== undefined && { priority: priority as number }),
  };
}
