// SPDX-License-Identifier: Apache-2.0
import type { ProgressListener } from "../base/index.ts";
import type { Checksum, Repo } from "../ostree/index.ts";
import type { Choice, Installable, PackageFormat, Told } from "./format.ts";
import { inputHash } from "./input-hash.ts";
import { findLayers, layerIdentities } from "./layers.ts";
import type { ComposeOptions } from "./model.ts";

/** What a compose is made of. It holds nothing of the repositories' indices, which take more memory than all the rest. */
export interface Inputs extends Pick<Choice, "ids" | "timestamp"> {
  readonly hash: string;
  readonly previous: Checksum | undefined;
  readonly changed: boolean;
}

/** What there is to compose. */
export interface Ready extends Told {
  readonly installable: Installable;
}

/** Chooses the packages and, where there is something to compose, imports them. */
export async function gather(
  options: ComposeOptions,
  format: PackageFormat,
  progress: ProgressListener,
): Promise<Inputs & { readonly ready?: Ready }> {
  const { treefile, repo } = options;
  const choice = await format.choose(options, progress);
  const { ids, timestamp } = choice;
  const layers = findLayers(treefile, options.layerRepo ?? repo);
  const hash = inputHash(treefile, [...choice.identities, ...layerIdentities(layers)], options.executable);
  const previous = options.previous ?? repo.tryResolve(treefile.ref ?? "");
  const last =
    options.previousInputHash ?? (previous === undefined ? undefined : textOf(repo, previous, format.inputHashKey));
  const changed = options.force === true || last !== hash;
  const inputs = { ids, timestamp, hash, previous, changed };
  if (!changed || options.dryRun === true) return inputs;
  // Also of a download: a compose without network comes after it.
  const told = await choice.describe();
  if (options.downloadOnly === "packages") {
    await choice.download(progress);
    return inputs;
  }
  const installable = await choice.import(progress);
  if (options.downloadOnly === "imported") return inputs;
  return { ...inputs, ready: { ...mergeTold(told, installable.told), installable } };
}

function mergeTold(first: Told, second: Told = { metadata: new Map() }): Told {
  return {
    metadata: new Map([...first.metadata, ...second.metadata]),
    detached: new Map([...(first.detached ?? []), ...(second.detached ?? [])]),
  };
}

function textOf(repo: Repo, commit: Checksum, key: string): string | undefined {
  const value = repo.loadCommit(commit).metadata.get(key)?.value;
  return typeof value === "string" ? value : undefined;
}

export function versionOf(repo: Repo, commit: Checksum): { version?: string } {
  const version = textOf(repo, commit, "version");
  return version === undefined ? {} : { version };
}
