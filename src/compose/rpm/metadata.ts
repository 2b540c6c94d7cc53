// SPDX-License-Identifier: Apache-2.0
/** What a commit of RPM packages says of them, in rpm-ostree's keys. */
import type { GVariantValue, Variant } from "../../formats/index.ts";
import type { AvailableRpm, Evr, RepositoryInfo, RpmPackageSet } from "../../packages/index.ts";
import type { Told } from "../format.ts";
import type { MetadataPlace, Treefile } from "../treefile/model.ts";
import { advisoriesValue } from "./advisories.ts";

type Entries = Map<string, Variant>;

/** Name, epoch, version, release, architecture (rpmostree-rpm-util.cxx `rpmostree_create_rpmdb_pkglist_variant`). */
export function packageListValue(
  packages: readonly { readonly name: string; readonly evr: Evr; readonly architecture: string }[],
): GVariantValue {
  return packages
    .map(({ name, evr, architecture }) => [name, String(evr.epoch), evr.version, evr.release ?? "", architecture])
    .toSorted((a, b) => (a.join("\0") < b.join("\0") ? -1 : 1));
}

export function initramfsMetadata({ initramfsArgs }: Treefile): Entries {
  return new Map(
    initramfsArgs.length === 0 ? [] : [["rpmostree.initramfs-args", { type: "as", value: initramfsArgs }]],
  );
}

/** What a commit is to tell, where `repo-metadata` and `advisories-metadata` want it. */
export async function describeCommit(
  treefile: Treefile,
  set: RpmPackageSet,
  chosen: readonly AvailableRpm[],
): Promise<Told> {
  const { repoMetadata, advisoriesMetadata } = treefile;
  const packages = ["rpmostree.rpmdb.pkglist", { type: "a(sssss)", value: packageListValue(chosen) }] as const;
  const metadata: Entries = new Map<string, Variant>([packages, ...initramfsMetadata(treefile)]);
  const detached: Entries = new Map();
  const places: Partial<Record<MetadataPlace, Entries>> = { inline: metadata, detached };
  const repositories = set.repositories.map(({ info }) => repositoryEntry(info));
  places[repoMetadata]?.set("rpmostree.rpmmd-repos", { type: "aa{sv}", value: repositories });
  const advisories = advisoriesMetadata === "disabled" ? [] : advisoriesValue(await set.loadAdvisories(), chosen);
  if (advisories.length > 0) {
    places[advisoriesMetadata]?.set("rpmostree.advisories", { type: "a(suuasa{sv})", value: advisories });
  }
  return { metadata, detached };
}

/** Numbers are big-endian, as all of a composed commit's metadata in rpm-ostree (`rpmostree_compose_commit`). */
export function repositoryEntry({ id, timestamp }: RepositoryInfo): GVariantValue {
  return new Map<string, Variant>([
    ["id", { type: "s", value: id }],
    ["timestamp", { type: "t", value: byteSwapped(timestamp) }],
  ]);
}

function byteSwapped(value: number): bigint {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(BigInt(value));
  return bytes.readBigUInt64BE();
}
