// SPDX-License-Identifier: Apache-2.0
/** The source packages that a binary package is made of: what security advisories and changelogs speak of. */

export interface SourceVersion {
  readonly name: string;
  readonly version: string;
}

/** Fields of a binary package, folded or not. */
interface Fields {
  get(name: string): string | undefined;
}

/** The field `Source`, which is left out where it would repeat name and version (deb-control(5)). */
export function sourceOf(name: string, version: string, source: string): SourceVersion {
  const match = /^(\S+)(?:\s*\((.*)\))?$/.exec(source.trim());
  return { name: match?.[1] ?? name, version: match?.[2] ?? version };
}

/**
 * The source package, and what it only signs: linux-signed-amd64 has no code of its own, its kernel is that of the
 * `linux` which Built-Using names (Debian Policy 7.8).
 */
export function sourcesOf(fields: Fields): SourceVersion[] {
  const own = sourceOf(fields.get("Package") ?? "", fields.get("Version") ?? "", fields.get("Source") ?? "");
  if (!/-signed(-|$)/.test(own.name)) return [own];
  const signed = (fields.get("Built-Using") ?? "").matchAll(/([^\s,(]+)\s*\(\s*=\s*([^\s)]+)\s*\)/g);
  return [own, ...[...signed].map(([, name = "", version = ""]) => ({ name, version }))];
}
