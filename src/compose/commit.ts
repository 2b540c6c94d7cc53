// SPDX-License-Identifier: Apache-2.0
import { join } from "node:path";
import { type ProgressListener, readTextIfExists, stage, writeFileAtomic } from "../base/index.ts";
import type { Variant } from "../formats/index.ts";
import {
  type Checksum,
  composefsMetadata,
  type DirNode,
  gpgSigner,
  signCommit,
  storeDetached,
  Transaction,
  type TransactionStats,
  writeCommit,
  writeTree,
} from "../ostree/index.ts";
import { commitMetadata } from "./commit-metadata.ts";
import type { ComposeOptions } from "./model.ts";
import type { Layout } from "./layout/describe.ts";
import { isRootSigned } from "./signed-root.ts";

interface Composed {
  readonly tree: DirNode;
  readonly layout: Layout;
  readonly version?: string;
  readonly timestamp: number;
}

interface Origin {
  /** Of the input; unknown where the tree came from a directory. */
  readonly hash?: string;
  /** The key under which the commit has it. */
  readonly inputHashKey: string;
  /** What the commit tells of its packages. */
  readonly metadata: ReadonlyMap<string, Variant>;
  /** The same, for its detached metadata. */
  readonly detached?: ReadonlyMap<string, Variant>;
  readonly previous: Checksum | undefined;
}

/** Without a cache directory, what was labelled before is labelled again. */
type CommitOptions = Pick<ComposeOptions, "repo" | "treefile" | "parent" | "metadata" | "setRef" | "gpgHome"> &
  Partial<Pick<ComposeOptions, "cacheDir">>;

export interface WrittenCommit {
  readonly commit: Checksum;
  readonly stats: TransactionStats;
}

/** Writes the finished tree into the repository, signs it where the treefile says so, and moves the ref to it. */
export async function writeTreeCommit(
  { repo, treefile, cacheDir, parent, metadata = new Map(), setRef = true, gpgHome }: CommitOptions,
  { metadata: ofPackages, detached = new Map(), hash, inputHashKey, previous }: Origin,
  { tree, layout, version, timestamp }: Composed,
  progress: ProgressListener,
): Promise<WrittenCommit> {
  const relabelled = new RelabelCache(cacheDir);
  const { label } = layout;
  const { ref, selinuxLabelVersion, containerCmd, commitMetadata: ofTreefile, gpgKey } = treefile;
  const own = new Map<string, Variant>([
    ...ofPackages,
    ...(hash === undefined ? [] : [[inputHashKey, { type: "s", value: hash }] as const]),
    ...(containerCmd === undefined || containerCmd.length === 0
      ? []
      : [["ostree.container-cmd", { type: "as", value: [...containerCmd] }] as const]),
  ]);
  return stage(
    progress,
    "compose.commit",
    ref === undefined ? "Committing" : `Committing ${ref}`,
    async () => {
      using transaction = Transaction.begin(repo);
      const labelOption = label && { label: (path: string, mode: number) => label(labelPath(path), mode) };
      const written = await writeTree(
        repo,
        tree,
        { transaction, relabelCache: relabelled.map, ...labelOption },
        progress,
      );
      if (isRootSigned(tree)) own.set(...(await composefsMetadata(transaction, written.tree, written.meta)));
      const ancestor = parent === undefined ? previous : parent === "none" ? undefined : parent;
      const commit = writeCommit(repo, {
        tree: written.tree,
        meta: written.meta,
        timestamp,
        transaction,
        metadata: commitMetadata({
          own,
          added: new Map([...ofTreefile, ...metadata]),
          ...(version !== undefined && { version }),
          ...(layout.kernel !== undefined && { kernel: layout.kernel }),
        }),
        ...(ancestor !== undefined && { parent: ancestor }),
        ...(setRef && ref !== undefined && gpgKey === undefined && { ref }),
      });
      const stats = transaction.commit();
      relabelled.save();
      if (detached.size > 0) storeDetached(repo, commit, new Map(detached));
      if (gpgKey !== undefined) {
        await signCommit(repo, commit, gpgSigner(gpgKey, gpgHome));
        // No host may see the commit without its signature.
        if (setRef && ref !== undefined) repo.setRef(ref, commit);
      }
      return { commit, stats };
    },
    ({ commit }) => commit,
  );

  /** `selinux-label-version: 1` labels the files of /usr/etc as if they were in /etc (SELINUX_LABEL_V1). */
  function labelPath(path: string): string {
    return selinuxLabelVersion === 1 && /^\/usr\/etc(\/|$)/.test(path) ? path.slice("/usr".length) : path;
  }
}

/** Which object a package's file becomes with a label: it spares reading all files at every compose. */
class RelabelCache {
  readonly map: Map<string, string>;
  readonly #path: string | undefined;

  constructor(cacheDir: string | undefined) {
    this.#path = cacheDir === undefined ? undefined : join(cacheDir, "relabelled");
    const lines = (this.#path === undefined ? "" : (readTextIfExists(this.#path) ?? "")).split("\n");
    this.map = new Map(lines.flatMap((line) => (line.length > 65 ? [[line.slice(65), line.slice(0, 64)]] : [])));
  }

  save(): void {
    if (this.#path === undefined) return;
    const text = [...this.map].map(([key, checksum]) => `${checksum} ${key}\n`).join("");
    writeFileAtomic(this.#path, text, { durable: false });
  }
}
