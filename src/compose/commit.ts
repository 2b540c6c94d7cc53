// SPDX-License-Identifier: Apache-2.0
import { join } from "node:path";
import { type ProgressListener, readTextIfExists, stage, writeFileAtomic } from "../base/index.ts";
import type { Variant } from "../formats/index.ts";
import { type Checksum, type DirNode, Transaction, writeCommit, writeTree } from "../ostree/index.ts";
import { commitMetadata } from "./commit-metadata.ts";
import type { ComposeOptions } from "./model.ts";
import type { Layout } from "./layout/index.ts";

interface Composed {
  readonly inputHashKey: string;
  readonly tree: DirNode;
  readonly layout: Layout;
  readonly version?: string;
  readonly timestamp: number;
}

interface Origin {
  readonly hash: string;
  /** What the commit tells of its packages. */
  readonly metadata: ReadonlyMap<string, Variant>;
  readonly previous: Checksum | undefined;
}

/** Writes the finished tree into the repository and moves the ref to it. */
export async function writeTreeCommit(
  { repo, treefile, cacheDir, parent, metadata = new Map(), setRef = true }: ComposeOptions,
  { metadata: ofPackages, hash, previous }: Origin,
  { tree, layout, version, timestamp, inputHashKey }: Composed,
  progress: ProgressListener,
): Promise<Checksum> {
  const relabelled = new RelabelCache(cacheDir);
  const { label } = layout;
  return stage(
    progress,
    "compose.commit",
    `Committing ${treefile.ref}`,
    async () => {
      using transaction = Transaction.begin(repo);
      const labelOption = label && { label: (path: string, mode: number) => label(path, mode) };
      const written = await writeTree(
        repo,
        tree,
        { transaction, relabelCache: relabelled.map, ...labelOption },
        progress,
      );
      const ancestor = parent === undefined ? previous : parent === "none" ? undefined : parent;
      const commit = writeCommit(repo, {
        tree: written.tree,
        meta: written.meta,
        timestamp,
        transaction,
        metadata: commitMetadata({
          own: new Map<string, Variant>([...ofPackages, [inputHashKey, { type: "s", value: hash }]]),
          added: new Map([...treefile.commitMetadata, ...metadata]),
          ...(version !== undefined && { version }),
          ...(layout.kernel !== undefined && { kernel: layout.kernel }),
        }),
        ...(ancestor !== undefined && { parent: ancestor }),
        ...(setRef && treefile.ref !== undefined && { ref: treefile.ref }),
      });
      transaction.commit();
      relabelled.save();
      return commit;
    },
    (commit) => commit,
  );
}

/** Which object a package's file becomes with a label: it spares reading all files at every compose. */
class RelabelCache {
  readonly map: Map<string, string>;
  readonly #path: string;

  constructor(cacheDir: string) {
    this.#path = join(cacheDir, "relabelled");
    const lines = (readTextIfExists(this.#path) ?? "").split("\n");
    this.map = new Map(lines.flatMap((line) => (line.length > 65 ? [[line.slice(65), line.slice(0, 64)]] : [])));
  }

  save(): void {
    const text = [...this.map].map(([key, checksum]) => `${checksum} ${key}\n`).join("");
    writeFileAtomic(this.#path, text, { durable: false });
  }
}
