// SPDX-License-Identifier: Apache-2.0
import { type ProgressListener, silent } from "../../base/index.ts";
import type { OciDigest, OciManifest } from "../../formats/index.ts";
import {
  type Checksum,
  encapsulate,
  type EncapsulateOptions,
  formatImage,
  type ImageReference,
  pushImage,
  type PushOptions,
  type Repo,
} from "../../ostree/index.ts";
import { composeError } from "../errors.ts";
import { componentsOf } from "./components.ts";
import { defaultLayers, fewestLayers, packLayers } from "./pack-layers.ts";

export interface EncapsulateCommitOptions extends Omit<EncapsulateOptions, "plan" | "tag"> {
  readonly repo: Repo;
  readonly commit: Checksum;
  readonly image: ImageReference;
  /** Besides the first, which has the commit. */
  readonly maxLayers?: number;
  /** Of the last build, whose packing is kept. */
  readonly previous?: OciManifest;
  readonly push?: PushOptions;
}

export interface EncapsulatedCommit {
  /** `TRANSPORT:NAME` */
  readonly image: string;
  readonly digest: OciDigest;
  readonly commit: Checksum;
  readonly layers: readonly {
    readonly digest: OciDigest;
    readonly size: number;
    readonly components: readonly string[];
  }[];
  readonly manifest: OciManifest;
}

/** Writes a container image with a commit in it, its packages parted into layers (rpm-ostree, `container_encapsulate`). */
export async function encapsulateCommit(
  options: EncapsulateCommitOptions,
  progress: ProgressListener = silent,
): Promise<EncapsulatedCommit> {
  const { repo, commit, image, maxLayers = defaultLayers, previous, push, ...how } = options;
  if (maxLayers < fewestLayers)
    throw composeError("image", `${maxLayers} layers are too few: at least ${fewestLayers} are needed`);
  const metadataLabels = {
    required: how.metadataLabels?.required ?? [],
    // So that the next build can see whether anything changed.
    optional: [...(how.metadataLabels?.optional ?? []), "rpmostree.inputhash", "atomic.inputhash"],
  };
  const { digest, manifest } = await pushImage(
    image,
    ({ layout, tag }) =>
      encapsulate(
        repo,
        commit,
        layout,
        {
          ...how,
          metadataLabels,
          plan: (objects) => packLayers(componentsOf(repo, commit, objects), maxLayers, previous),
          ...(tag === undefined ? {} : { tag }),
        },
        progress,
      ),
    push,
  );
  const layers = manifest.layers.map(({ annotations, ...layer }) => ({
    digest: layer.digest,
    size: layer.size,
    components:
      annotations
        ?.get("ostree.components")
        ?.split(",")
        .filter((name) => name !== "") ?? [],
  }));
  return { image: formatImage(image), digest, commit, layers, manifest };
}
