// SPDX-License-Identifier: Apache-2.0
import type { Container, Mount } from "../../model.ts";
import { type Manifest, metadata, objectName, type Scene } from "./manifest.ts";

export interface FileMount extends Mount {
  readonly source: Extract<Mount["source"], { kind: "file" }>;
  /** Of the ConfigMap, which takes letters, digits, `-`, `_` and `.` alone. */
  readonly key: string;
}

/** The files that a container finds, with a key each. */
export function fileMounts({ mounts }: Container): FileMount[] {
  return mounts.flatMap(({ source, ...mount }, index) =>
    source.kind === "file"
      ? [{ ...mount, source, key: `${index}${mount.target.replaceAll(/[^A-Za-z0-9._-]/g, "-")}`.slice(0, 253) }]
      : [],
  );
}

export function configName(scene: Scene, { name }: Container): string {
  return objectName(scene, `${name}-files`);
}

/** The ConfigMap of a container's files; undefined where it has none. */
export function makeConfigMap(scene: Scene, container: Container): Manifest | undefined {
  const files = fileMounts(container);
  if (files.length === 0) return undefined;
  return {
    apiVersion: "v1",
    kind: "ConfigMap",
    metadata: metadata(scene, configName(scene, container), container),
    data: Object.fromEntries(files.map(({ key, source }) => [key, source.content])),
  };
}
