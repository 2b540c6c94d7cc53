// SPDX-License-Identifier: Apache-2.0
import { type Checksum, type Repo, Transaction } from "../../ostree/index.ts";
import { importRpm } from "../rpm/import.ts";
import type { ImportTask } from "./cache.ts";
import { importDeb } from "./import.ts";

/**
 * Imports packages in one transaction, all or none. Nothing is flushed to the disk and no ref set: that is done once for
 * all batches. @returns the commit of each
 */
export async function importBatch(tasks: readonly ImportTask[], repo: Repo): Promise<Checksum[]> {
  using transaction = Transaction.begin(repo, { fsync: false });
  const commits: Checksum[] = [];
  for (const task of tasks) {
    commits.push(await (task.format === "rpm" ? importRpm(transaction, task) : importDeb(transaction, task)));
  }
  transaction.commit();
  return commits;
}
