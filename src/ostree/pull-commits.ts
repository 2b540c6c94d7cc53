// SPDX-License-Identifier: Apache-2.0
import { utcTime } from "../base/index.ts";
import { checkBindings } from "./bindings.ts";
import { markPartial } from "./delete-object.ts";
import { ostreeError } from "./errors.ts";
import { linkInto, metadataFetchLimit, readStored } from "./get-object.ts";
import type { SignatureResult } from "./sign/gpg-verify.ts";
import { type Trust, verifyCommitTrust } from "./sign/trust.ts";
import { decodeCommit } from "./metadata-objects.ts";
import type { Checksum, Commit, ObjectType } from "./model.ts";
import { loosePath } from "./object-path.ts";
import type { PullSource } from "./pull-source.ts";
import type { WantedCommit } from "./resolved-refs.ts";
import type { IncomingStore } from "./store-fetched.ts";
import { storeHas } from "./store-content.ts";
import type { Repo } from "./repo.ts";
import { compareChecksum } from "./verify-object.ts";
import { hash } from "node:crypto";

/** What commits must fulfil. */
export interface CommitRules {
  /** What every commit must be signed by. */
  readonly trust: Trust;
  readonly onSignatures?: (commit: Checksum, results: readonly SignatureResult[]) => void;
  readonly verifyBindings: boolean;
  /** A repository of this machine, whose objects are taken without hashing them. */
  readonly trusted: boolean;
  /** Repositories of this machine that are looked into first. */
  readonly caches: readonly Repo[];
  /** The remote says of commits that it deleted that it did. */
  readonly tombstones: boolean;
  readonly collectionId?: string | undefined;
}

/** A commit that is in the transaction now, and whether its tree must be looked at. */
export interface PulledCommit {
  readonly checksum: Checksum;
  readonly commit: Commit;
  readonly scan: boolean;
  /** Where it came from; nothing when it was here. */
  readonly from?: "source" | "cache";
}

/** Brings commits with their detached metadata, each verified before anything of it is kept (scan_commit_object). */
export class CommitPull {
  readonly #repo: Repo;
  readonly #source: PullSource;
  readonly #incoming: IncomingStore;
  readonly #rules: CommitRules;

  constructor(repo: Repo, source: PullSource, incoming: IncomingStore, rules: CommitRules) {
    this.#repo = repo;
    this.#source = source;
    this.#incoming = incoming;
    this.#rules = rules;
  }

  /** @param depth parents to follow, -1 for all; a parent that the source lacks ends the line */
  async *pull(wanted: WantedCommit, depth: number): AsyncGenerator<PulledCommit> {
    let next: Checksum | undefined = wanted.commit;
    let left = depth < 0 ? Number.POSITIVE_INFINITY : depth;
    for (let first = true; next !== undefined && left >= 0; left--, first = false) {
      const pulled: PulledCommit | undefined = await this.#one(next, first ? wanted : { commit: next }, first);
      if (!pulled) return;
      yield pulled;
      next = pulled.commit.parent;
    }
  }

  async #one(checksum: Checksum, wanted: WantedCommit, required: boolean): Promise<PulledCommit | undefined> {
    const { store } = this.#incoming;
    const here = storeHas(store, checksum, "commit");
    const bytes = here ? readStored(store, checksum, "commit") : await this.#commit(checksum, wanted);
    if (!bytes) {
      if (!required) return await this.#missingParent(checksum);
      throw this.#missing(checksum);
    }
    const url = `${this.#source.name}/objects/${loosePath(checksum, "commit", this.#source.mode)}`;
    if (!here && !this.#rules.trusted) this.#checkBytes(checksum, bytes, url);
    // New signatures may have appeared for a commit that is here.
    const detached = wanted.brought?.detached ?? (await this.#detached(checksum));
    const commit = decodeCommit(bytes, url);
    await this.#verify(checksum, commit, bytes, detached, wanted);
    if (!here) {
      markPartial(this.#repo, checksum);
      if (wanted.brought || !this.#link(checksum))
        this.#incoming.metadata("commit", checksum, bytes, this.#rules.trusted);
    }
    if (detached) this.#incoming.detached(checksum, detached);
    const staged = !this.#repo.has(checksum, "commit");
    const scan = staged || this.#repo.isPartial(checksum);
    if (here) return { checksum, commit, scan };
    return { checksum, commit, scan, from: this.#cacheWith(checksum) ? "cache" : "source" };
  }

  /** A repository on this machine shares the file. */
  #link(checksum: Checksum): boolean {
    const { objects } = this.#source;
    if (objects.type !== "local") return false;
    const path = `${objects.path}/objects/${loosePath(checksum, "commit", objects.mode)}`;
    return linkInto(this.#incoming.store, path, checksum, "commit");
  }

  async #commit(checksum: Checksum, wanted: WantedCommit): Promise<Buffer | undefined> {
    if (wanted.brought) return wanted.brought.commit;
    const near = this.#cacheWith(checksum);
    if (near) return near.loadMetadata(checksum, "commit");
    return this.#source.readContent(this.#path(checksum, "commit"), metadataFetchLimit);
  }

  #cacheWith(checksum: Checksum): Repo | undefined {
    return this.#rules.caches.find((cache) => cache.has(checksum, "commit"));
  }

  #detached(checksum: Checksum): Promise<Buffer | undefined> {
    return this.#source.read(this.#path(checksum, "commitmeta"), metadataFetchLimit);
  }

  #path(checksum: Checksum, type: ObjectType): string {
    return `objects/${loosePath(checksum, type, this.#source.mode)}`;
  }

  #missing(checksum: Checksum) {
    const url = this.#source.contentUrl(this.#path(checksum, "commit"));
    if (this.#source.objects.type === "http") {
      return ostreeError("no-such-object", `While fetching ${url}: Server returned HTTP 404`);
    }
    return ostreeError("no-such-object", `Importing ${checksum}.commit: ${url}: No such file or directory`);
  }

  /** A parent may be gone. Where the remote keeps tombstones there must be one, and it is kept (scan_one_metadata_object). */
  async #missingParent(checksum: Checksum): Promise<undefined> {
    if (!this.#rules.tombstones) return undefined;
    const tombstone = await this.#source.readContent(this.#path(checksum, "tombstone-commit"), metadataFetchLimit);
    if (!tombstone) throw this.#missing(checksum);
    this.#incoming.tombstone(checksum, tombstone);
    return undefined;
  }

  #checkBytes(checksum: Checksum, bytes: Buffer, url: string): void {
    try {
      compareChecksum("commit", checksum, hash("sha256", bytes, "hex"));
    } catch (error) {
      throw ostreeError("corrupt-object", `${url}: ${(error as Error).message}`);
    }
  }

  async #verify(
    checksum: Checksum,
    commit: Commit,
    bytes: Buffer,
    detached: Buffer | undefined,
    wanted: WantedCommit,
  ): Promise<void> {
    const { verifyBindings, collectionId } = this.#rules;
    await this.#verifyTrust(checksum, bytes, detached);
    if (verifyBindings)
      checkBindings(commit, checksum, { ref: wanted.ref, collectionId: wanted.collection ?? collectionId });
    for (const older of wanted.notOlderThan ?? []) this.#checkTimestamp(checksum, commit, older);
  }

  /** New signatures may come with a commit that is here; without any, those that are here count. */
  async #verifyTrust(checksum: Checksum, bytes: Buffer, detached: Buffer | undefined): Promise<void> {
    const here = () =>
      this.#repo.has(checksum, "commitmeta") ? this.#repo.loadMetadata(checksum, "commitmeta") : undefined;
    const { gpg } = await verifyCommitTrust(this.#rules.trust, checksum, bytes, detached ?? here());
    if (gpg) this.#rules.onSignatures?.(checksum, gpg);
  }

  /** As _ostree_compare_timestamps: an older commit would be a downgrade that the user did not ask for. */
  #checkTimestamp(checksum: Checksum, commit: Commit, older: Checksum): void {
    const current = this.#repo.loadCommit(older).timestamp;
    if (commit.timestamp >= current || checksum === older) return;
    const text = (seconds: bigint) => utcTime(new Date(Number(seconds) * 1000));
    throw ostreeError(
      "pull-refused",
      `Upgrade target revision '${checksum}' with timestamp '${text(commit.timestamp)}' is chronologically older than current revision '${older}' with timestamp '${text(current)}'; use --allow-downgrade to permit`,
    );
  }
}
