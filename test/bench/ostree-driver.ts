// SPDX-License-Identifier: Apache-2.0
/** One operation in a process of its own, for the benchmark: it is measured with the start of the runtime. */
import { checkout, Repo, scanTree, Transaction, writeCommit, writeTree } from "../../src/ostree/index.ts";

const [verb, repoPath = "", path = "", ...flags] = process.argv.slice(2);
const repo = Repo.open(repoPath);

if (verb === "commit") {
  using transaction = Transaction.begin(repo, { fsync: flags.includes("fsync") });
  const written = await writeTree(repo, scanTree(path), { transaction });
  writeCommit(repo, { ...written, timestamp: Math.floor(Date.now() / 1000), ref: "bench", transaction });
  transaction.commit();
} else if (verb === "checkout") {
  await checkout(repo, "bench", path, {
    user: flags.includes("-U"),
    requireHardlinks: flags.includes("-H"),
    copy: flags.includes("-C"),
  });
}
