// SPDX-License-Identifier: Apache-2.0
import { readFileSync, statSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { unlessErrno } from "../../base/index.ts";
import { yamlSizeLimit } from "../../formats/index.ts";
import { debianArchitecture, hostArchitecture } from "../architecture.ts";
import { composeError } from "../errors.ts";
import { holds, type Variable } from "./condition.ts";
import { type Externals, externalsOf, mergeExternals } from "./externals.ts";
import { finish } from "./finish.ts";
import { isPlainMap, sorted } from "./kinds.ts";
import { mergeIncluded, type Values } from "./merge.ts";
import type { Treefile } from "./model.ts";
import { inlineLayer, type Layer, parseLayer } from "./parse.ts";

/** How deep includes may nest. As rpm-ostree's INCLUDE_MAXDEPTH; each file is read once, so there is no loop. */
const depthLimit = 50;

export interface TreefileOptions {
  /** What the tree is for, as the kernel calls it; default: what the treefile says, else this machine's. */
  readonly basearch?: string;
}

/** Reads a treefile from disk with everything it includes. */
export function loadTreefile(path: string, options: TreefileOptions = {}): Treefile {
  return parseTreefile(readText(resolve(path)), resolve(path), options);
}

/** Parses a treefile; includes and other files it names are looked up beside `path`. */
export function parseTreefile(text: string, path: string, options: TreefileOptions = {}): Treefile {
  const layer = parseLayer(text, path);
  const basearch = options.basearch ?? (layer.values.get("basearch") as string | undefined) ?? hostArchitecture();
  const reading: Reading = { basearch, warnings: [], files: new Map(), variables: new Map([["basearch", basearch]]) };
  seeOnce(path, reading);
  const { values, externals } = expand(layer, reading, 0);
  values.set("basearch", basearch);
  return finish(values, externals, { path, unknown: layer.unknown, ...reading });
}

/** What the files of one treefile share. */
interface Reading {
  readonly basearch: string;
  readonly warnings: string[];
  /** Device and inode of the files read so far. */
  readonly files: Map<string, string>;
  /** Of all files so far; the outer and earlier ones win. */
  readonly variables: Map<string, Variable>;
}

interface Expanded {
  readonly values: Values;
  readonly externals: Externals;
}

/** treefile.rs `treefile_parse_recurse`: conditions are decided before any include is read. */
function expand(layer: Layer, reading: Reading, depth: number): Expanded {
  if (depth > depthLimit) {
    throw composeError("treefile-include", `${layer.path}: includes go deeper than ${depthLimit} files`);
  }
  const values = ownValues(layer, reading);
  const externals = externalsOf(layer);
  const includes = [...((values.get("include") ?? []) as string[]), ...archIncludes(values, reading)];
  for (const entry of (values.get("conditional-include") ?? []) as Record<string, unknown>[]) {
    if (!holds(entry["if"], reading.variables, layer.path)) continue;
    const included = entry["include"];
    if (isPlainMap(included)) mergeIncluded(values, inlineValues(included, layer.path, reading));
    else includes.push(...conditionalNames(included, layer.path));
  }
  for (const key of ["include", "arch-include", "conditional-include"]) values.delete(key);
  for (const name of includes) {
    const included = expand(readLayer(name, layer.path, reading), reading, depth + 1);
    mergeIncluded(values, included.values);
    mergeExternals(externals, included.externals);
  }
  return { values, externals };
}

/** A file's own values with what they imply (treefile.rs `treefile_parse_stream`). */
function ownValues(layer: Layer, { basearch, warnings, variables }: Reading): Values {
  warnings.push(...layer.warnings);
  const values = new Map(layer.values);
  const other = values.get("basearch") as string | undefined;
  if (other !== undefined && other !== basearch) {
    throw composeError("treefile-value", `${layer.path}: basearch ${other}, where the treefile is for ${basearch}`);
  }
  takeVariables(values, layer.path, variables);
  if (values.get("container") === true) {
    for (const [key, value] of containerImplies) values.set(key, value);
  }
  if (values.get("edition") === "2024") {
    for (const [key, value] of edition2024) if (!values.has(key)) values.set(key, value);
  }
  const lists = [values.get("packages"), values.get("bootstrap-packages"), ...ofArchitecture(layer, basearch)];
  values.delete("bootstrap-packages");
  values.set("packages", sorted(lists.flatMap((list) => (list ?? []) as string[])));
  return values;
}

const containerImplies: readonly [string, unknown][] = [
  ["boot-location", "modules"],
  ["selinux", false],
  ["tmp-is-dir", true],
  ["preserve-passwd", false],
  ["check-passwd", { type: "none" }],
  ["check-groups", { type: "none" }],
];

const edition2024: readonly [string, unknown][] = [
  ["boot-location", "modules"],
  ["tmp-is-dir", true],
];

function ofArchitecture({ archPackages }: Layer, basearch: string): (readonly string[] | undefined)[] {
  return [archPackages.get(basearch), archPackages.get(debianArchitecture(basearch))];
}

function takeVariables(values: Values, path: string, variables: Map<string, Variable>): void {
  const own = Object.entries((values.get("variables") ?? {}) as Record<string, Variable>);
  const reserved = own.find(([name]) => name === "releasever" || name === "basearch");
  if (reserved) {
    throw composeError("treefile-value", `${path}: variables: ${reserved[0]} is reserved`, {
      hint: `it has the value of the key ${reserved[0]}`,
    });
  }
  const releasever = values.get("releasever") as Variable | undefined;
  if (releasever !== undefined) own.push(["releasever", releasever]);
  for (const [name, value] of own) if (!variables.has(name)) variables.set(name, value);
}

function inlineValues(written: Record<string, unknown>, path: string, reading: Reading): Values {
  const layer = inlineLayer(written, path);
  for (const key of ["include", "arch-include", "conditional-include", "add-files", "postprocess-script"]) {
    if (!layer.values.has(key)) continue;
    throw composeError("treefile-unsupported", `${path}: conditional-include: ${key} cannot stand in place`, {
      hint: "put it into a file of its own and include that",
    });
  }
  return ownValues(layer, reading);
}

function conditionalNames(included: unknown, from: string): string[] {
  const names = Array.isArray(included) ? included : [included];
  if (names.some((name) => typeof name !== "string")) {
    throw composeError("treefile-value", `${from}: conditional-include: include is missing`);
  }
  return names as string[];
}

function archIncludes(values: Values, { basearch }: Reading): string[] {
  const all = (values.get("arch-include") ?? {}) as Record<string, string[]>;
  return all[basearch] ?? all[debianArchitecture(basearch)] ?? [];
}

function readLayer(name: string, from: string, reading: Reading): Layer {
  const path = resolve(dirname(from), name);
  requireFile(path, from);
  const text = readText(path, from);
  seeOnce(path, reading);
  return parseLayer(text, path);
}

/** Including a file twice is an error, a loop with it (docs/treefile.md, `include`). */
function seeOnce(path: string, { files }: Reading): void {
  const stat = unlessErrno(["ENOENT", "ENOTDIR"], () => statSync(path));
  if (stat === undefined) return;
  const key = `${stat.dev}:${stat.ino}`;
  if (files.has(key)) throw composeError("treefile-include", `${path}: is included twice, or includes itself`);
  files.set(key, path);
}

/** An include may come with a repository of treefiles: a device, a pipe or a disk image would take all memory, or never end. */
function requireFile(path: string, from: string): void {
  const stat = unlessErrno(["ENOENT", "ENOTDIR"], () => statSync(path));
  if (stat === undefined || (stat.isFile() && stat.size <= yamlSizeLimit)) return;
  throw composeError(
    "treefile-include",
    `${from}: includes ${path}, which is no file of at most ${yamlSizeLimit} bytes`,
  );
}

function readText(path: string, from?: string): string {
  const text = unlessErrno(["ENOENT", "EISDIR", "ENOTDIR"], () => readFileSync(path, "utf8"));
  if (text === undefined) {
    throw composeError(
      "treefile-include",
      from === undefined ? `${path}: no such file` : `${from}: includes ${path}, which is missing`,
    );
  }
  return text;
}
