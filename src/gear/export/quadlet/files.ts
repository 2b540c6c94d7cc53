// SPDX-License-Identifier: Apache-2.0
import type { Mount } from "../../model.ts";
import type { Instance } from "../../plan/model.ts";
import type { QuadletScene } from "./scene.ts";

type FileSource = Extract<Mount["source"], { kind: "file" }>;

export interface InstanceFile {
  /** Below the directory of the Quadlet files. */
  readonly path: string;
  readonly source: FileSource;
  readonly mount: Mount;
}

/** The files that a container finds, each beside the Quadlet files. */
export function filesOf({ application }: QuadletScene, { container }: Instance): InstanceFile[] {
  return container.mounts.flatMap((mount, index) =>
    mount.source.kind === "file"
      ? [{ path: `${application.name}-${container.name}.files/${index}`, source: mount.source, mount }]
      : [],
  );
}
