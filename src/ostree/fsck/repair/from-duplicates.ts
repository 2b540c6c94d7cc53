// SPDX-License-Identifier: Apache-2.0
import { Inventory } from "../../inventory.ts";
import { loadContent, type LoadedFile } from "../../load-content.ts";
import { type Checksum, isSymlinkMode } from "../../model.ts";
import type { Repo } from "../../repo.ts";
import { Transaction } from "../../transaction.ts";
import { fileChecksum } from "../../verify-object.ts";
import type { FsckFinding } from "../model.ts";
import { unlessUnreadable } from "../unless-unreadable.ts";
import { copyLimit } from "./from-repository.ts";
import type { RepairSource } from "./model.ts";
import type { DamagedObjects } from "./set-aside.ts";

/**
 * Files that differ in owner, mode or attributes only have the same content: where the damaged object still tells its own
 * header, another's content of the same size may fit.
 */
export function duplicateSource(repo: Repo, damaged: DamagedObjects): RepairSource {
  return {
    name: "objects of the same content",
    help({ objects }) {
      const wanted = objects.flatMap((object) => stored(repo, object, damaged) ?? []);
      if (wanted.length === 0) return Promise.resolve();
      using transaction = Transaction.begin(repo);
      for (const checksum of Inventory.read(repo).of("file")) tryContent(transaction, checksum, wanted);
      transaction.commit();
      return Promise.resolve();
    },
  };
}

interface Stored extends Pick<LoadedFile, "header" | "size"> {
  readonly checksum: Checksum;
}

function stored(repo: Repo, object: FsckFinding, damaged: DamagedObjects): Stored | undefined {
  if (object.type !== "file") return undefined;
  const file = unlessUnreadable(() => loadContent(damaged.pathOf(object), repo.mode));
  if (!file || isSymlinkMode(file.header.mode) || file.size > copyLimit) return undefined;
  return { checksum: object.checksum, header: file.header, size: file.size };
}

function tryContent(transaction: Transaction, candidate: Checksum, wanted: readonly Stored[]): void {
  const file = unlessUnreadable(() => transaction.repo.loadFile(candidate));
  const fitting = file ? wanted.filter(({ size }) => size === file.size) : [];
  const content = fitting.length > 0 ? unlessUnreadable(() => file!.content()) : undefined;
  if (!content) return;
  for (const { checksum, header } of fitting) {
    if (fileChecksum(header, content) === checksum) transaction.writeContent(header, content);
  }
}
