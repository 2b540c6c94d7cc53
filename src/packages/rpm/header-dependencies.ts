// SPDX-License-Identifier: Apache-2.0
import { packageError } from "../errors.ts";
import { dependencyOf } from "./dependency.ts";
import type { RpmHeader } from "./header.ts";
import type { RpmDependency, RpmRelation } from "./model.ts";
import { type Tag, tag } from "./tags.ts";

/** A dependency as the header has it: `version` keeps an epoch of 0 that is written out, `flags` all of RPMSENSE. */
export interface HeaderDependency {
  readonly name: string;
  readonly flags: number;
  readonly version: string;
}

const tags: Readonly<Record<RpmRelation, readonly [Tag<"strings">, Tag<"int32">, Tag<"strings">]>> = {
  provides: [tag.provideName, tag.provideFlags, tag.provideVersion],
  requires: [tag.requireName, tag.requireFlags, tag.requireVersion],
  conflicts: [tag.conflictName, tag.conflictFlags, tag.conflictVersion],
  obsoletes: [tag.obsoleteName, tag.obsoleteFlags, tag.obsoleteVersion],
  recommends: [tag.recommendName, tag.recommendFlags, tag.recommendVersion],
  suggests: [tag.suggestName, tag.suggestFlags, tag.suggestVersion],
  supplements: [tag.supplementName, tag.supplementFlags, tag.supplementVersion],
  enhances: [tag.enhanceName, tag.enhanceFlags, tag.enhanceVersion],
};

/** Dependencies in the header's order. Flags and versions may be missing, as in packages before rpm 3. Throws `packages-rpm`. */
export function dependenciesOf(header: RpmHeader, relation: RpmRelation, what: string): HeaderDependency[] {
  const [nameTag, flagsTag, versionTag] = tags[relation];
  const names = header.strings(nameTag);
  const flags = header.numbers(flagsTag);
  const versions = header.strings(versionTag);
  for (const length of [flags.length, versions.length]) {
    if (length !== 0 && length !== names.length)
      throw packageError("rpm", `${what}: the ${relation} do not fit together`);
  }
  return names.map((name, at) => ({ name, flags: flags[at] ?? 0, version: versions[at] ?? "" }));
}

export function parsedDependency({ name, flags, version }: HeaderDependency): RpmDependency {
  return dependencyOf(name, flags, version);
}
