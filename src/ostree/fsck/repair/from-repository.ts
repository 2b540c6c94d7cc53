// SPDX-License-Identifier: Apache-2.0
import { hash } from "node:crypto";
import { isSymlinkMode } from "../../model.ts";
import type { Repo } from "../../repo.ts";
import { Transaction } from "../../transaction.ts";
import { verifyObject } from "../../verify-object.ts";
import type { FsckFinding } from "../model.ts";
import type { RepairSource } from "./model.ts";

/** Objects larger than this are left to a pull, which streams them. */
export const copyLimit = 512 << 20;

/** Copies objects from another repository of this machine, of whatever mode. Its own damage does not come along. */
export function repositorySource(repo: Repo, source: Repo): RepairSource {
  return {
    name: `repository ${source.path}`,
    async help({ objects }) {
      using transaction = Transaction.begin(repo);
      for (const finding of objects)
        if (source.holds(finding.checksum, finding.type)) await copy(transaction, source, finding);
      transaction.commit();
    },
  };
}

async function copy(transaction: Transaction, source: Repo, { checksum, type }: FsckFinding): Promise<void> {
  const holder = source.holder(checksum, type);
  try {
    await verifyObject(holder.objectPath(checksum, type), checksum, type, holder.mode);
  } catch {
    return;
  }
  if (type === "file") {
    const { header, size, content } = holder.loadFile(checksum);
    if (size <= copyLimit) transaction.writeContent(header, isSymlinkMode(header.mode) ? new Uint8Array() : content());
  } else if (type === "commit" || type === "dirtree" || type === "dirmeta") {
    const bytes = holder.loadMetadata(checksum, type);
    if (hash("sha256", bytes, "hex") === checksum) transaction.writeMetadata(type, bytes);
  }
}
