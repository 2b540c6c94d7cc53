// SPDX-License-Identifier: Apache-2.0
/** What a layered commit says of itself, in rpm-ostree's keys (rpmostree-core.cxx, `rpmostree_context_commit`). */
import { createHash } from "node:crypto";
import type { GVariantValue, Variant } from "../../formats/index.ts";
import type { Checksum, Repo } from "../../ostree/index.ts";
import { type PackageId, parseEvr } from "../../packages/index.ts";
import type { LayerChoice, LayerOptions } from "./model.ts";

/** The version of rpm-ostree's keys that is written. */
const clientLayerVersion = 6;
/** Changes when the same input would give another tree. */
const layeringVersion = 1;

export const stateKey = "rpmostree.state-sha512";

/** Names all that decides what the tree will be; equal, and nothing needs to be done. */
export function stateOf(options: LayerOptions, { identities }: LayerChoice): string {
  const { base, packages, local, fileOverride, remove, replace, replaceFrom, initramfs } = options;
  const parts = [
    layeringVersion,
    base,
    packages.toSorted(),
    [local, fileOverride, replace].map((list) => list.map(({ sha256 }) => sha256).toSorted()),
    remove.toSorted(),
    initramfs ?? null,
    identities.toSorted(),
    // Only where there are some: what others have stays as it is.
    ...(replaceFrom.length > 0 ? [replaceFrom] : []),
  ];
  return createHash("sha512").update(JSON.stringify(parts)).digest("hex");
}

export function layeredMetadata(
  options: LayerOptions,
  choice: LayerChoice,
  state: string,
  kernel: string | undefined,
): Map<string, Variant> {
  const { packages, initramfs } = options;
  const isPresent = (one: string) => choice.present.some(({ request }) => request === one);
  return new Map<string, Variant>([
    ...versionOf(options.repo, options.base),
    ["rpmostree.clientlayer", { type: "b", value: true }],
    // Without requests that the base meets (`finalize_requested_packages`).
    ["rpmostree.packages", { type: "as", value: packages.filter((one) => !isPresent(one)) }],
    ["rpmostree.modules", { type: "as", value: [] }],
    ["rpmostree.removed-base-packages", { type: "av", value: choice.removed.map(nevraVariant) }],
    ["rpmostree.replaced-base-packages", replacements(choice, undefined)],
    ["rpmostree.replaced-base-remote-packages", { type: "a{sv}", value: remoteReplacements(choice) }],
    ...(initramfs === undefined || initramfs.length === 0
      ? []
      : [["rpmostree.initramfs-args", { type: "as", value: [...initramfs] }] as const]),
    ...choice.metadata,
    ["rpmostree.clientlayer_version", { type: "u", value: clientLayerVersion }],
    [stateKey, { type: "s", value: state }],
    ...(kernel === undefined
      ? []
      : ([
          ["ostree.linux", { type: "s", value: kernel }],
          ["ostree.bootable", { type: "b", value: true }],
        ] as const)),
  ]);
}

/** Those of package files, or of one repository. */
function replacements({ replaced }: LayerChoice, repository: string | undefined): Variant {
  const some = replaced.filter((one) => one.repository === repository);
  return { type: "a(vv)", value: some.map(({ from, to }) => [nevraVariant(to), nevraVariant(from)]) };
}

/** By source, which is named as the origin does it. */
function remoteReplacements(choice: LayerChoice): Map<string, Variant> {
  const repositories = new Set(choice.replaced.flatMap(({ repository = [] }) => repository));
  return new Map([...repositories].map((one) => [`repo=${one}`, replacements(choice, one)]));
}

function versionOf(repo: Repo, base: Checksum): [string, Variant][] {
  const version = repo.loadCommit(base).metadata.get("version");
  return version === undefined ? [] : [["version", version]];
}

/** (NEVRA, name, epoch, version, release, architecture), as `rpmostree.nevra` has it; Debian's revision is the release. */
function nevraVariant({ name, version, architecture }: PackageId): Variant & GVariantValue {
  const { epoch, version: upstream, release = "" } = parseEvr(version);
  return {
    type: "(sstsss)",
    value: [`${name}-${version}.${architecture}`, name, BigInt(epoch), upstream, release, architecture],
  } as Variant & GVariantValue;
}
