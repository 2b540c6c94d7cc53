// SPDX-License-Identifier: Apache-2.0
/** sources.list(5) of a root: both forms of its files, and the keyrings that they mean. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { listDirectory, readTextIfExists } from "../../base/index.ts";
import { parseDeb822, type Stanza } from "../../formats/index.ts";
import { type AptSource, defaultKeyrings } from "../../packages/index.ts";
import { hostError } from "../errors.ts";

/** In apt's order: sources.list, then the files of sources.list.d by name. */
export function readAptSources(root: string, architecture: string): AptSource[] {
  const directory = "etc/apt/sources.list.d";
  const names = listDirectory(join(root, directory)).filter((name) => /^[\w.-]+\.(list|sources)$/.test(name));
  const files = ["etc/apt/sources.list", ...names.toSorted().map((name) => `${directory}/${name}`)];
  return files.flatMap((path) => {
    const text = readTextIfExists(join(root, path)) ?? "";
    const context = { root, architecture, what: `/${path}` };
    if (path.endsWith(".sources")) return parseDeb822(text, context.what).flatMap((one) => stanzaSources(one, context));
    return text.split("\n").flatMap((line) => lineSources(line, context));
  });
}

interface Context {
  readonly root: string;
  readonly architecture: string;
  readonly what: string;
}

/** `deb [option=value ...] uri suite [component ...]` */
function lineSources(line: string, context: Context): AptSource[] {
  const text = line.replace(/#.*/, "").trim();
  if (text === "" || text.startsWith("deb-src")) return [];
  const match = /^deb\s+(?:\[([^\]]*)\]\s+)?(\S+)\s+(\S+)\s*(.*)$/.exec(text);
  if (match === null) throw hostError("bad-config", `${context.what}: ${text} is no line of sources.list(5)`);
  const [, options = "", uri = "", suite = "", components = ""] = match;
  const pairs = words(options).map((option): [string, string] => {
    const [key = "", ...value] = option.split("=");
    return [key.toLowerCase(), value.join("=")];
  });
  return sourceOf({ uri, suite, components: words(components) }, new Map(pairs), context);
}

function stanzaSources(stanza: Stanza, context: Context): AptSource[] {
  const field = (name: string) => words(stanza.get(name) ?? "");
  if (/^(no|false|off|0)$/i.test(stanza.get("Enabled") ?? "yes") || !field("Types").includes("deb")) return [];
  const names = {
    arch: "Architectures",
    "signed-by": "Signed-By",
    trusted: "Trusted",
    "check-valid-until": "Check-Valid-Until",
  };
  const options = new Map(
    Object.entries(names).flatMap(([key, name]) => {
      const value = stanza.get(name);
      return value === undefined ? [] : [[key, value] as const];
    }),
  );
  return field("URIs").flatMap((uri) =>
    field("Suites").flatMap((suite) => sourceOf({ uri, suite, components: field("Components") }, options, context)),
  );
}

function words(text: string): string[] {
  return text.split(/\s+/).filter((word) => word !== "");
}

function sourceOf(
  { uri, suite, components }: Pick<AptSource, "uri" | "suite" | "components">,
  options: ReadonlyMap<string, string>,
  context: Context,
): AptSource[] {
  const { architecture, what } = context;
  const architectures = options.get("arch")?.split(/[\s,]+/);
  if (architectures !== undefined && !architectures.includes(architecture)) return [];
  if (/^(yes|true|on|1)$/i.test(options.get("trusted") ?? ""))
    throw hostError("not-supported", `${what}: a source that is trusted without signature is not used`, {
      hint: "sign the repository, and name its key with Signed-By",
    });
  const signedBy = keyringOf(options.get("signed-by"), context);
  const expires = /^(no|false|off|0)$/i.test(options.get("check-valid-until") ?? "");
  return [
    {
      uri: uri.replaceAll("$(ARCH)", architecture),
      suite: suite.replaceAll("$(ARCH)", architecture),
      components,
      architecture,
      ...(signedBy !== undefined && { signedBy }),
      ...(expires && { checkValidUntil: false }),
    },
  ];
}

/** Keys are those of the root, not of the machine that reads it. */
function keyringOf(signedBy: string | undefined, { root, what }: Context): string | undefined {
  if (signedBy === undefined) return trustedKeyrings(root);
  if (signedBy.trimStart().startsWith("-----BEGIN PGP")) return signedBy;
  const paths = signedBy.split(/[\s,]+/).filter((path) => path !== "");
  const other = paths.find((path) => !path.startsWith("/"));
  if (other !== undefined)
    throw hostError("not-supported", `${what}: Signed-By: ${other} is no path of a keyring`, {
      hint: "write the path of a keyring file, or the key itself",
    });
  return paths.map((path) => join(root, path)).join(",");
}

/** apt-secure(8): what is trusted for all sources. */
function trustedKeyrings(root: string): string | undefined {
  const directory = join(root, "etc/apt/trusted.gpg.d");
  const parts = listDirectory(directory).filter((name) => /\.(gpg|asc|pgp)$/.test(name));
  const single = join(root, "etc/apt/trusted.gpg");
  const found = [...(existsSync(single) ? [single] : []), ...parts.map((name) => join(directory, name))];
  const own = defaultKeyrings.map((path) => join(root, path)).filter((path) => existsSync(path));
  const all = found.length > 0 ? found : own.slice(0, 1);
  return all.length === 0 ? undefined : all.join(",");
}
