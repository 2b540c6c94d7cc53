// SPDX-License-Identifier: Apache-2.0
import { parseDeb822, type Stanza } from "../formats/index.ts";
import { parseRelations, type RelationGroup, satisfiesVersion } from "../packages/index.ts";
import { composeError } from "./errors.ts";
import { readText } from "./tree.ts";
import type { ImportedPackage } from "./packages/cache.ts";

/** A package of the tree that is being composed. */
export interface TreePackage extends ImportedPackage {
  readonly name: string;
  readonly version: string;
  readonly architecture: string;
  readonly fields: Stanza;
  /** Its name in dpkg's database: with the architecture when several may be installed (`Multi-Arch: same`). */
  readonly infoName: string;
  readonly essential: boolean;
  readonly preDepends: readonly RelationGroup[];
}

/** dpkg's lib/dpkg/pkg-show.c, `pkgbin_name_needs_arch`: where several architectures may be installed. */
export function infoNameOf(fields: Stanza): string {
  const name = fields.get("Package") ?? "";
  return fields.get("Multi-Arch") === "same" ? `${name}:${fields.get("Architecture") ?? ""}` : name;
}

export function treePackage(imported: ImportedPackage, what: string): TreePackage {
  const [fields] = parseDeb822(readText(imported.control, "control") ?? "", what);
  const field = (name: string) => fields?.get(name) ?? "";
  if (!fields || field("Package") === "") throw composeError("bad-package", `${what}: no control file`);
  const name = field("Package");
  const architecture = field("Architecture");
  return {
    ...imported,
    name,
    version: field("Version"),
    architecture,
    fields,
    infoName: infoNameOf(fields),
    essential: field("Essential") === "yes" || field("Protected") === "yes" || field("Important") === "yes",
    preDepends: parseRelations(field("Pre-Depends"), `${what}: Pre-Depends`),
  };
}

/** Whether `one` says that it takes over files of `other` (Debian Policy 7.6.1). */
export function replaces(
  one: Pick<TreePackage, "name" | "fields">,
  other: Pick<TreePackage, "name" | "version">,
): boolean {
  const groups = parseRelations(one.fields.get("Replaces") ?? "", `${one.name}: Replaces`);
  return groups.some((group) =>
    group.some((relation) => relation.name === other.name && satisfiesVersion(relation, other.version)),
  );
}

/**
 * Order in which packages are unpacked and their preinst scripts run: base-files, whose links of the merged /usr others
 * rely on, then each after what it pre-depends on (Debian Policy 7.2), else by name.
 */
export function orderForUnpack(packages: readonly TreePackage[]): TreePackage[] {
  const rank = ({ name }: TreePackage) => (name === "base-files" ? 0 : name === "base-passwd" ? 1 : 2);
  const sorted = packages.toSorted((a, b) => rank(a) - rank(b) || (a.infoName < b.infoName ? -1 : 1));
  const byName = Map.groupBy(sorted, ({ name }) => name);
  const ordered = new Set<TreePackage>();
  const entered = new Set<TreePackage>();
  const visit = (one: TreePackage) => {
    // A loop of Pre-Depends, which the archive does not allow, ends here.
    if (entered.has(one)) return;
    entered.add(one);
    for (const group of one.preDepends) {
      const first = group.flatMap(({ name }) => byName.get(name) ?? [])[0];
      if (first) visit(first);
    }
    ordered.add(one);
  };
  sorted.forEach(visit);
  return [...ordered];
}
