// SPDX-License-Identifier: Apache-2.0
/** What a commit of RPM packages says of them, in rpm-ostree's keys. */
import type { GVariantValue, Variant } from "../../formats/index.ts";
import type { AvailableRpm, Evr, RepositoryInfo, RpmPackageSet } from "../../packages/index.ts";
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

/** Where `repo-metadata` and `advisories-metadata` want what the repositories say. */
export async function repositoryMetadata(
  { repoMetadata, advisoriesMetadata }: Treefile,
  set: RpmPackageSet,
  chosen: readonly AvailableRpm[],
): Promise<{ get(place: "inline" | "detached"): Entries }> {
  const places = new Map<MetadataPlace, Entries>([
    ["inline", new Map()],
    ["detached", new Map()],
  ]);
  const repositories = set.repositories.map(({ info }) => repositoryEntry(info));
  places.get(repoMetadata)?.set("rpmostree.rpmmd-repos", { type: "aa{sv}", value: repositories });
  const advisories = advisoriesMetadata === "disabled" ? [] : advisoriesValue(await set.loadAdvisories(), chosen);
  if (advisories.length > 0) {
    places.get(advisoriesMetadata)?.set("rpmostree.advisories", { type: "a(suuasa{sv})", value: advisories });
  }
  return { get: (place) => places.get(place) ?? new Map() };
}

/** Numbers are big-endian, as all of a composed commit's metadata in rpm-ostree (`rpmostree_compose_commit`). */
function repositoryEntry({ id, timestamp }: RepositoryInfo): GVariantValue {
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
