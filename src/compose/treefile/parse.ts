// SPDX-License-Identifier: Apache-2.0
import { plainYaml, yamlSizeLimit } from "../../formats/index.ts";
import { composeError } from "../errors.ts";
import { yamlDocument } from "../yaml-document.ts";
import { didYouMean } from "./did-you-mean.ts";
import { archPackages, keyRules, legacyNames } from "./keys.ts";
import { words } from "./kinds.ts";

/** One treefile's own keys, checked; nothing included yet. */
export interface Layer {
  readonly path: string;
  readonly values: ReadonlyMap<string, unknown>;
  /** Keys of a JSON treefile that nobody knows; rpm-ostree prints those of the outermost file. */
  readonly unknown: ReadonlyMap<string, unknown>;
  /** `packages-ARCH`, by architecture. */
  readonly archPackages: ReadonlyMap<string, readonly string[]>;
  readonly warnings: readonly string[];
}

/** utils.rs `InputFormat::detect_from_filename`: what is not called YAML is JSON. */
export function isYaml(path: string): boolean {
  return /\.ya?ml$/.test(path);
}

/**
 * Parses one treefile, YAML or JSON.
 * @param path for messages, and to tell JSON from YAML: only in JSON unknown keys are ignored
 */
export function parseLayer(text: string, path: string): Layer {
  if (text.length > yamlSizeLimit) throw composeError("treefile-syntax", `${path}: larger than ${yamlSizeLimit} bytes`);
  if (path.endsWith(".ks")) throw kickstart(path);
  const yaml = isYaml(path);
  if (!yaml) requireJson(text, path);
  const root = yamlDocument(text, path, "treefile-syntax");
  if (root?.kind !== "map") throw composeError("treefile-syntax", `${path}: not a map of keys`);
  const reader = new LayerReader(path, yaml);
  for (const { key, at, value } of root.entries) reader.take(key, plainYaml(value), `${path}:${at.line}:${at.column}`);
  return reader;
}

/** A treefile written in place, in a `conditional-include`. */
export function inlineLayer(values: Record<string, unknown>, path: string): Layer {
  const reader = new LayerReader(path, true);
  for (const [key, value] of Object.entries(values)) reader.take(key, value, `${path}: conditional-include`);
  return reader;
}

function kickstart(path: string) {
  return composeError("treefile-unsupported", `${path}: kickstart files are not read`, {
    hint: "write its %packages as `packages:` and the names with a minus as `exclude-packages:` of a YAML treefile",
  });
}

function requireJson(text: string, path: string): void {
  try {
    JSON.parse(text);
  } catch (error) {
    throw composeError("treefile-syntax", `${path}: ${(error as Error).message}`, {
      cause: error,
      hint: "a treefile in YAML has a name that ends in .yaml",
    });
  }
}

class LayerReader implements Layer {
  readonly path: string;
  readonly values = new Map<string, unknown>();
  readonly unknown = new Map<string, unknown>();
  readonly archPackages = new Map<string, readonly string[]>();
  readonly warnings: string[] = [];
  readonly #strict: boolean;

  constructor(path: string, strict: boolean) {
    this.path = path;
    this.#strict = strict;
  }

  take(written: string, value: unknown, where: string): void {
    const key = legacyNames.get(written) ?? written;
    const rule = keyRules.get(key);
    const architecture = rule ? undefined : archPackages.exec(key)?.[1];
    if (!rule && architecture === undefined) return this.#takeUnknown(written, value, where);
    if (this.values.has(key)) throw composeError("treefile-key", `${where}: ${written} is given twice`);
    if (value === null || value === undefined) return;
    const fault = faultOf(value);
    if (fault !== undefined) throw composeError("treefile-value", `${where}: ${written}: ${fault}`);
    const kind = rule?.kind ?? words;
    const read = kind.read(value);
    if (read === undefined) {
      throw composeError(
        "treefile-value",
        `${where}: ${written}: must be ${kind.expected}, not ${JSON.stringify(value)}`,
      );
    }
    if (architecture === undefined) this.values.set(key, read);
    else this.archPackages.set(architecture, read as string[]);
  }

  #takeUnknown(written: string, value: unknown, where: string): void {
    if (!this.#strict) {
      this.unknown.set(written, value);
      this.warnings.push(`${where}: unknown key ${written} ignored`);
      return;
    }
    throw composeError("treefile-key", `${where}: unknown key ${written}`, didYouMean(written, keyRules.keys()));
  }
}

/** The deepest key has four levels; a YAML alias to what it stands in has no end. */
const nestingLimit = 16;

/** No path, argument or line of a script can have a NUL. */
function faultOf(value: unknown, depth = 0): string | undefined {
  if (typeof value === "string") return value.includes("\0") ? "has a character of code 0" : undefined;
  if (typeof value !== "object" || value === null) return undefined;
  if (depth === nestingLimit) return `is nested more than ${nestingLimit} deep`;
  for (const inner of Object.entries(value).flat()) {
    const fault = faultOf(inner, depth + 1);
    if (fault !== undefined) return fault;
  }
  return undefined;
}
