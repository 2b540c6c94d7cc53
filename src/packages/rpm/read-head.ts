// SPDX-License-Identifier: Apache-2.0
/** What a package's header says of it, wherever the header comes from. */
import { packageError } from "../errors.ts";
import { readFileTable, type RpmFileTable } from "./file-table.ts";
import type { RpmHeader } from "./header.ts";
import { dependenciesOf, type HeaderDependency } from "./header-dependencies.ts";
import { decodeParts, type PackageParts } from "./lead.ts";
import type { Evr, RpmRelation } from "./model.ts";
import { readScripts, readTriggers, type RpmScript, type RpmTrigger } from "./scripts.ts";
import { tag } from "./tags.ts";

export interface RpmHead {
  readonly name: string;
  readonly evr: Evr;
  /** `src` for a source package. */
  readonly architecture: string;
  readonly header: RpmHeader;
  readonly signatureHeader: RpmHeader;
  readonly table: RpmFileTable;
  readonly scripts: readonly RpmScript[];
  readonly triggers: readonly RpmTrigger[];
  dependencies(relation: RpmRelation): readonly HeaderDependency[];
}

/** Lead, signature header and header of a package file, without the payload. Throws `packages-rpm`. */
export function decodeRpmHead(bytes: Buffer, what: string): RpmHead {
  return describeParts(decodeParts(bytes, what), what);
}

/** What the header of an installed package says; a database has merged the signature header into it. */
export function headOfInstalled(header: RpmHeader, what: string): RpmHead {
  return describeParts({ header, signature: header }, what);
}

export function describeParts(
  { header, signature }: Pick<PackageParts, "header" | "signature">,
  what: string,
): RpmHead {
  return {
    ...readIdentity(header, what),
    header,
    signatureHeader: signature,
    table: readFileTable(header, what),
    scripts: readScripts(header),
    triggers: readTriggers(header, what),
    dependencies: (relation) => dependenciesOf(header, relation, what),
  };
}

function readIdentity(header: RpmHeader, path: string): { name: string; evr: Evr; architecture: string } {
  const text = (one: Parameters<RpmHeader["string"]>[0], what: string) => {
    const value = header.string(one);
    if (value === undefined || value === "") throw packageError("rpm", `${path}: the header has no ${what}`);
    return value;
  };
  const version = text(tag.version, "version");
  const evr = { epoch: header.number(tag.epoch) ?? 0, version, release: text(tag.release, "release") };
  const source = isSource(header);
  return { name: text(tag.name, "name"), evr, architecture: source ? "src" : text(tag.architecture, "architecture") };
}

/** lib/package.c, `applyRetrofits`: only binary packages name the source package that they come from. */
function isSource(header: RpmHeader): boolean {
  return header.has(tag.sourcePackage) || !header.has(tag.sourceRpm);
}
