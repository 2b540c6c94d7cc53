// SPDX-License-Identifier: Apache-2.0
import { readFileSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { unlessErrno } from "../../base/index.ts";
import { composeError } from "../errors.ts";
import { holds, type Variables } from "./condition.ts";
import { archPackages } from "./keys.ts";
import { mergeIncluded, type Values } from "./merge.ts";
import type { Treefile } from "./model.ts";
import { isPlainMap, type Layer, parseLayer } from "./parse.ts";
import { finish } from "./finish.ts";
import { debianArchitecture, hostArchitecture } from "../architecture.ts";

/** How deep includes may nest; an include loop ends here. As rpm-ostree's INCLUDE_MAXDEPTH. */
const depthLimit = 50;

/** Reads a treefile from disk with everything it includes. */
export function loadTreefile(path: string): Treefile {
  return parseTreefile(readText(resolve(path)), resolve(path));
}

/** Parses a treefile; includes and other files it names are looked up beside `path`. */
export function parseTreefile(text: string, path: string): Treefile {
  const warnings: string[] = [];
  const layer = parseLayer(text, path);
  const basearch = (layer.values.get("basearch") as string | undefined) ?? hostArchitecture();
  const values = expand(layer, { basearch, warnings, depth: 0, inherited: new Map([["basearch", basearch]]) });
  return finish(values, {
    path,
    basearch,
    variables: variablesOf(values, new Map([["basearch", basearch]])),
    warnings,
  });
}

interface Context {
  readonly basearch: string;
  readonly warnings: string[];
  readonly depth: number;
  /** Variables of the including files. */
  readonly inherited: Variables;
}

function expand(layer: Layer, context: Context): Values {
  if (context.depth > depthLimit) {
    throw composeError("treefile-include", `${layer.path}: includes go deeper than ${depthLimit} files`);
  }
  context.warnings.push(...layer.warnings);
  const values = absolutePaths(layer);
  foldArchPackages(values, context.basearch);
  const includes = [...((values.get("include") as string[] | undefined) ?? []), ...archIncludes(values, context)];
  for (const name of includes) include(values, readLayer(name, layer.path), context);
  for (const entry of (values.get("conditional-include") as Record<string, unknown>[] | undefined) ?? []) {
    const variables = variablesOf(values, context.inherited);
    if (!holds(entry["if"], variables, layer.path)) continue;
    for (const included of conditionalLayers(entry, layer.path)) include(values, included, context);
  }
  return values;
}

function include(values: Values, layer: Layer, context: Context): void {
  const inherited = variablesOf(values, context.inherited);
  mergeIncluded(values, expand(layer, { ...context, depth: context.depth + 1, inherited }));
}

function readLayer(name: string, from: string): Layer {
  const path = resolve(dirname(from), name);
  return parseLayer(readText(path, from), path);
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

function archIncludes(values: Values, { basearch }: Context): string[] {
  const all = (values.get("arch-include") as Record<string, unknown> | undefined) ?? {};
  const found = all[basearch] ?? all[debianArchitecture(basearch)] ?? [];
  return Array.isArray(found) ? found.map(String) : [String(found)];
}

/** `include` of a condition: a name, a list of names, or a treefile written inline. */
function conditionalLayers(entry: Record<string, unknown>, from: string): Layer[] {
  const included = entry["include"];
  if (isPlainMap(included)) return [parseLayer(JSON.stringify(included), from)];
  const names = Array.isArray(included) ? included : [included];
  return names.map((name) => {
    if (typeof name !== "string")
      throw composeError("treefile-value", `${from}: conditional-include: include is missing`);
    return readLayer(name, from);
  });
}

/** Paths in a treefile are relative to it, also when another file includes it. */
function absolutePaths(layer: Layer): Values {
  const values = new Map(layer.values);
  const directory = dirname(layer.path);
  const added = values.get("add-files") as string[][] | undefined;
  if (added)
    values.set(
      "add-files",
      added.map(([source = "", ...rest]) => [resolve(directory, source), ...rest]),
    );
  const script = values.get("postprocess-script") as string | undefined;
  if (script !== undefined) values.set("postprocess-script", resolve(directory, script));
  const apt = values.get("apt") as Record<string, unknown>[] | undefined;
  if (apt)
    values.set(
      "apt",
      apt.map((entry) => ({ ...entry, "": layer.path })),
    );
  return values;
}

function foldArchPackages(values: Values, basearch: string): void {
  for (const [key, value] of values) {
    const arch = archPackages.exec(key)?.[1];
    if (arch === undefined) continue;
    values.delete(key);
    if (arch !== basearch && arch !== debianArchitecture(basearch)) continue;
    values.set("packages", [...((values.get("packages") as string[] | undefined) ?? []), ...(value as string[])]);
  }
}

function variablesOf(values: Values, inherited: Variables): Variables {
  const own = Object.entries((values.get("variables") as Record<string, unknown> | undefined) ?? {});
  const releasever = values.get("releasever") as string | undefined;
  return new Map([
    ...own.map(([name, value]): [string, string] => [name, String(value)]),
    ...(releasever === undefined ? [] : [["releasever", releasever] as [string, string]]),
    ...inherited,
  ]);
}
