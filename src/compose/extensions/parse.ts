// SPDX-License-Identifier: Apache-2.0
/** extensions.yaml: packages that go with a release and are not in it (rpm-ostree docs/extensions.md, rust/src/extensions.rs). */
import { plainYaml } from "../../formats/index.ts";
import { composeError } from "../errors.ts";
import { isPlainMap } from "../treefile/kinds.ts";
import { yamlDocument } from "../yaml-document.ts";

export interface Extension {
  /** With `match-base-evr`, each with the version of that package. */
  readonly packages: readonly string[];
  readonly architectures?: readonly string[];
  readonly matchBaseEvr?: string;
  /** To be layered on the base, with what it needs; or to build for it, as it is. */
  readonly kind: "os-extension" | "development";
}

export interface Extensions {
  /** Those of the architecture, by name. */
  readonly extensions: ReadonlyMap<string, Extension>;
  /** Repositories besides the treefile's; absent where nothing names any. */
  readonly repos?: readonly string[];
  /** Keys that nobody knows: rpm-ostree reads over them. */
  readonly warnings: readonly string[];
}

/** @param base EVRs of the packages of the base, by name */
export function parseExtensions(
  text: string,
  path: string,
  { basearch, base }: { readonly basearch: string; readonly base: ReadonlyMap<string, string> },
): Extensions {
  const reader = new Reader(path);
  const root = yamlDocument(text, path, "extensions");
  const file = reader.record(root && plainYaml(root), "", ["extensions", "repos"]);
  const written = reader.record(file["extensions"], "extensions", undefined);
  const repos = reader.strings(file["repos"], "repos");
  const extensions = new Map<string, Extension>();
  let all = repos;
  for (const [name, value] of Object.entries(written).toSorted(([a], [b]) => (a < b ? -1 : 1))) {
    const keys = ["kind", "packages", "repos", "architectures", "match-base-evr"];
    const entry = reader.record(value, `extensions: ${name}`, keys);
    const extension = reader.extension(entry, name);
    if (extension.architectures?.includes(basearch) === false) continue;
    const own = reader.strings(entry["repos"], `extensions: ${name}: repos`);
    if (own !== undefined) all = [...(all ?? []), ...own];
    extensions.set(name, againstBase(extension, base, `${path}: extensions: ${name}`));
  }
  return { extensions, warnings: reader.warnings, ...(all !== undefined && { repos: all }) };
}

function againstBase(extension: Extension, base: ReadonlyMap<string, string>, where: string): Extension {
  const { kind, packages, matchBaseEvr } = extension;
  const there = kind === "os-extension" ? packages.find((name) => base.has(name)) : undefined;
  if (there !== undefined) {
    throw composeError("extensions", `${where}: ${there} is in the base already`, {
      hint: "take it out, or make the extension one of  kind: development",
    });
  }
  if (matchBaseEvr === undefined) return extension;
  const evr = base.get(matchBaseEvr);
  if (evr === undefined) throw composeError("extensions", `${where}: match-base-evr: the base has no ${matchBaseEvr}`);
  return { ...extension, packages: packages.map((name) => `${name}-${evr}`) };
}

class Reader {
  readonly warnings: string[] = [];
  readonly #path: string;

  constructor(path: string) {
    this.#path = path;
  }

  record(value: unknown, where: string, keys: readonly string[] | undefined): Record<string, unknown> {
    if (!isPlainMap(value)) throw this.#wrong(where, "must be a map");
    for (const key of keys === undefined ? [] : Object.keys(value).filter((key) => !keys.includes(key))) {
      this.warnings.push(`${this.#path}: ${where === "" ? "" : `${where}: `}unknown key ${key}`);
    }
    return value;
  }

  strings(value: unknown, where: string): string[] | undefined {
    if (value === undefined || value === null) return undefined;
    if (Array.isArray(value) && value.every((one) => typeof one === "string")) return value;
    throw this.#wrong(where, "must be a list of strings");
  }

  extension(entry: Readonly<Record<string, unknown>>, name: string): Extension {
    const where = `extensions: ${name}`;
    const { kind = "os-extension", "match-base-evr": matchBaseEvr } = entry;
    if (kind !== "os-extension" && kind !== "development") {
      throw this.#wrong(`${where}: kind`, "must be os-extension or development");
    }
    if (matchBaseEvr !== undefined && typeof matchBaseEvr !== "string") {
      throw this.#wrong(`${where}: match-base-evr`, "must be a string");
    }
    const packages = this.strings(entry["packages"], `${where}: packages`);
    if (packages === undefined) throw this.#wrong(where, "has no packages");
    const architectures = this.strings(entry["architectures"], `${where}: architectures`);
    return {
      kind,
      packages,
      ...(architectures !== undefined && { architectures }),
      ...(matchBaseEvr !== undefined && { matchBaseEvr }),
    };
  }

  #wrong(where: string, what: string) {
    return composeError("extensions", `${this.#path}: ${where === "" ? "it" : where} ${what}`);
  }
}

/** `extensions.json`: what was made, with versions put in (extensions.rs `serialize_to_dir`). */
export function formatExtensions({ extensions, repos }: Extensions): string {
  const entry = ({ packages, architectures, matchBaseEvr, kind }: Extension) => ({
    packages,
    ...(architectures !== undefined && { architectures }),
    ...(matchBaseEvr !== undefined && { "match-base-evr": matchBaseEvr }),
    kind,
  });
  const entries = [...extensions].map(([name, one]) => [name, entry(one)] as const);
  return JSON.stringify({ extensions: Object.fromEntries(entries), ...(repos && { repos }) }, undefined, 2);
}
