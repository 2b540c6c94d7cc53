// SPDX-License-Identifier: Apache-2.0
import { type Checksum, type DirNode, readTree, type Repo } from "../../ostree/index.ts";
import {
  decodeRpmHead,
  dependencyOf,
  fileFlag,
  formatEvr,
  type RpmFileInfo,
  type RpmHead,
} from "../../packages/index.ts";
import { composeError } from "../errors.ts";
import type { Orderable } from "./order.ts";

/** A package of the tree that is being composed: what its header says, and its files as they were imported. */
export interface TreeRpm extends Orderable {
  readonly name: string;
  /** `[EPOCH:]VERSION-RELEASE` */
  readonly version: string;
  readonly architecture: string;
  readonly head: RpmHead;
  readonly data: DirNode;
}

export function readImportedRpm(repo: Repo, commit: Checksum): TreeRpm {
  const bytes = repo.loadCommit(commit).metadata.get("rpmostree.metadata")?.value;
  if (!(bytes instanceof Uint8Array)) throw composeError("bad-package", `${commit} is no imported RPM package`);
  const head = decodeRpmHead(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length), commit);
  return treeRpm(head, readTree(repo, commit));
}

export function treeRpm(head: RpmHead, data: DirNode): TreeRpm {
  const { files } = head.table;
  return {
    name: head.name,
    version: formatEvr(head.evr),
    architecture: head.architecture,
    head,
    data,
    provides: head.dependencies("provides").map(({ name, flags, version }) => dependencyOf(name, flags, version)),
    requires: head.dependencies("requires"),
    weak: [...head.dependencies("recommends"), ...head.dependencies("suggests")],
    reverseWeak: [...head.dependencies("supplements"), ...head.dependencies("enhances")],
    files: files.map(({ path }) => path),
    color: files.reduce((color, file) => color | file.color, 0),
  };
}

/** A file of the list that a package leaves to others to make. */
export function isGhost({ flags }: RpmFileInfo): boolean {
  return (flags & fileFlag.ghost) !== 0;
}

/** `NAME-[EPOCH:]VERSION-RELEASE.ARCH` */
export function nevraOf({ name, version, architecture }: Pick<TreeRpm, "name" | "version" | "architecture">): string {
  return `${name}-${version}.${architecture}`;
}
