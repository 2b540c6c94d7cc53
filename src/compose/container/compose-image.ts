// SPDX-License-Identifier: Apache-2.0
import { type ProgressListener, silent } from "../../base/index.ts";
import {
  type ImageReference,
  imageLabels,
  inspectImage,
  type InspectedImage,
  formatImage,
} from "../../ostree/index.ts";
import { composeTree } from "../compose-tree.ts";
import { composeError } from "../errors.ts";
import type { ComposeOptions } from "../model.ts";
import { encapsulateCommit, type EncapsulateCommitOptions, type EncapsulatedCommit } from "./encapsulate-commit.ts";
import { diffManifests, type ManifestDiff } from "./manifest-diff.ts";

/** Whether there must be an image already, whose packing is kept and which is left alone when nothing changed. */
export type InitializeMode = "query" | "always" | "never" | "if-not-exists";

export interface ComposeImageOptions extends Pick<
  EncapsulateCommitOptions,
  "labels" | "execution" | "maxLayers" | "push" | "image"
> {
  /** The repository in it keeps the commits of the images. */
  readonly compose: ComposeOptions;
  readonly initialize: InitializeMode;
}

export interface ComposedImage {
  readonly image: string;
  readonly changed: boolean;
  readonly version?: string;
  /** Absent when nothing changed. */
  readonly written?: EncapsulatedCommit;
  /** What hosts of the image before fetch of this one. */
  readonly difference?: ManifestDiff;
}

/** The branch of commits that their treefile gives none. */
const unnamedRef = "atomic/compose-image";

/** Composes a treefile, and writes the commit as a container image (rpm-ostree, `compose_image`). */
export async function composeImage(
  { compose, initialize, image, ...how }: ComposeImageOptions,
  progress: ProgressListener = silent,
): Promise<ComposedImage> {
  const previous = await previousImage(image, initialize, how.push?.authFile);
  const hash = previous && inputHash(previous);
  const version = previous?.config.labels.get(imageLabels.version);
  const treefile = { ...compose.treefile, ref: compose.treefile.ref ?? unnamedRef };
  const composed = await composeTree(
    {
      ...compose,
      treefile,
      ...(hash === undefined ? {} : { previousInputHash: hash }),
      ...(version === undefined ? {} : { previousVersion: version }),
    },
    progress,
  );
  const named = composed.version === undefined ? {} : { version: composed.version };
  const { commit } = composed;
  if (commit === undefined || (!composed.changed && previous !== undefined))
    return { image: formatImage(image), changed: false, ...named };
  const before = previous === undefined ? {} : { previous: previous.manifest };
  const command = treefile.containerCmd === undefined ? {} : { command: treefile.containerCmd };
  const written = await encapsulateCommit(
    { ...how, ...before, ...command, repo: compose.repo, commit, image },
    progress,
  );
  return {
    image: written.image,
    changed: true,
    ...named,
    written,
    ...(previous === undefined ? {} : { difference: diffManifests(previous.manifest, written.manifest) }),
  };
}

async function previousImage(
  image: ImageReference,
  mode: InitializeMode,
  authFile: string | undefined,
): Promise<InspectedImage | undefined> {
  if (mode === "always") return undefined;
  const found = await inspectImage(image, authFile === undefined ? {} : { authFile });
  if (found === undefined && mode === "query")
    throw composeError("image", `there is no ${formatImage(image)} yet`, { hint: "--initialize  makes the first" });
  if (found !== undefined && mode === "never") throw composeError("image", `${formatImage(image)} exists already`);
  return found;
}

/** Of an image that this made: of any other nobody knows whether anything changed (`fetch_previous_metadata`). */
function inputHash({ config: { labels } }: InspectedImage): string {
  const hash = labels.get("rpmostree.inputhash") ?? labels.get("atomic.inputhash");
  if (hash !== undefined) return hash;
  throw composeError("image", "the image that is there has no label rpmostree.inputhash", {
    hint: "--initialize  overwrites it",
  });
}
