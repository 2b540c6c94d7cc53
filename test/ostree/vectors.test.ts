// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import {
  type CommitModifiers,
  refBinding,
  Repo,
  type RepoMode,
  scanTree,
  writeCommit,
  type WriteCommitOptions,
  writeTree,
} from "../../src/ostree/index.ts";
import { makeReferenceTree, stock, temporary } from "./fixture.ts";

const timestamp = Date.UTC(2020, 0, 2, 3, 4, 5) / 1000;

interface Vector {
  readonly checksum: string;
  readonly ref: string;
  readonly modes: readonly RepoMode[];
  readonly modifiers: CommitModifiers;
  readonly commit: Partial<WriteCommitOptions>;
}

const version = ["version", { type: "s", value: "1.0" }] as const;

/** Checksums of commits that Debian's ostree 2022.7 made of the same tree. */
const vectors: Record<string, Vector> = {
  "owner 0:0, subject, body and metadata": {
    checksum: "049959522a8f7a622f1066e97b3181b998248fd98cfbea6f6697a3dfbebb86ce",
    ref: "test/ref",
    modes: ["archive", "bare", "bare-user"],
    modifiers: { uid: 0, gid: 0 },
    commit: { subject: "Subject", body: "Body", metadata: new Map([version]) },
  },
  "real owners": {
    checksum: "f0895b72c68df918b350831aa545ebb15c3d1dc7c0e8695f532ea95c5b26167d",
    ref: "test/own",
    modes: ["archive", "bare", "bare-user"],
    modifiers: {},
    commit: { subject: "Own" },
  },
  "canonical permissions": {
    checksum: "17d7c085bc415dde2115aa94e9d77981483e1af3987f70440087b366cf68c888",
    ref: "test/canon",
    modes: ["archive", "bare", "bare-user"],
    modifiers: { canonicalPermissions: true, noXattrs: true },
    commit: { subject: "Canon" },
  },
  "bare-user-only": {
    checksum: "0af17738e35e7645f5da884e92fd190b7669308ce4e29b5f7724844962525b0a",
    ref: "test/ref",
    modes: ["bare-user-only"],
    modifiers: { uid: 0, gid: 0, canonicalPermissions: true, noXattrs: true },
    commit: { subject: "Subject", body: "Body", metadata: new Map([version]) },
  },
};

for (const [name, { checksum, ref, modes, modifiers, commit }] of Object.entries(vectors)) {
  for (const mode of modes) {
    test(`commit of the reference tree: ${name}, ${mode}`, async () => {
      using scratch = temporary();
      const path = join(scratch.path, "tree");
      makeReferenceTree(path);
      const repo = Repo.init(join(scratch.path, "repo"), mode);
      const written = await writeTree(repo, scanTree(path), modifiers);
      const metadata = new Map([...(commit.metadata ?? []), refBinding([ref])]);
      assert.equal(writeCommit(repo, { timestamp, ...commit, ...written, metadata, ref }), checksum);
      assert.equal(repo.resolve(ref), checksum);
      stock("fsck", "-q", `--repo=${repo.path}`);
    });
  }
}
