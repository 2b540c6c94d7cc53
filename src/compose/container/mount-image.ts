// SPDX-License-Identifier: Apache-2.0
import { run } from "../../base/index.ts";
import { asObject, type OciObject, parseOciObject } from "../../formats/index.ts";
import { composeError } from "../errors.ts";

export interface MountedImage extends AsyncDisposable {
  readonly rootfs: string;
  /** What containers of it are run with. */
  readonly execution: OciObject;
  /** Without those that are made anew with each image. */
  readonly labels: ReadonlyMap<string, string>;
}

/** Mounts an image of podman's storage, read-only (podman-image-mount(1); rpm-ostree does so for `--from`). Needs root. */
export async function mountImage(name: string): Promise<MountedImage> {
  if (name === "" || name.startsWith("-")) throw composeError("image", `${name} is no name of an image`);
  const podman = async (...words: string[]) => (await run("podman", ["image", ...words])).stdout.trim();
  const { Labels: labels, ...execution } = parseOciObject(
    Buffer.from(await podman("inspect", "--format={{json .Config}}", name)),
    name,
  );
  const rootfs = await podman("mount", name);
  return {
    rootfs,
    execution,
    labels: ownLabels(asObject(labels ?? {}, `${name}: Labels`)),
    async [Symbol.asyncDispose]() {
      await podman("unmount", name);
    },
  };
}

function ownLabels(labels: OciObject): ReadonlyMap<string, string> {
  const own = Object.entries(labels).filter(([key]) => !/^(ostree|rpmostree|atomic)\./.test(key));
  return new Map(own.map(([key, value]) => [key, String(value)]));
}
