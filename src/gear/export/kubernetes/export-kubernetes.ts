// SPDX-License-Identifier: Apache-2.0
import { writeYaml } from "../../../formats/index.ts";
import type { Application } from "../../model.ts";
import type { Export } from "../model.ts";
import { makeConfigMap } from "./files.ts";
import { type Manifest, type Scene, without } from "./manifest.ts";
import { applicationNotes, containerNotes } from "./notes.ts";
import { makeServices } from "./services.ts";
import { makeClaims } from "./volumes.ts";
import { makeWorkload } from "./workload.ts";

export interface KubernetesOptions {
  /** Size of each volume, of which the application says none: a quantity such as `1Gi`. */
  readonly volumeSize?: string;
}

/**
 * The application as one file for `kubectl apply`: a ConfigMap for the files of each container, PersistentVolumeClaims, Services,
 * and a Deployment, StatefulSet, Job or CronJob for each container.
 * @throws gear-unsupported for what has no counterpart and without which a container would not do its work
 */
export function exportKubernetes(application: Application, { volumeSize = "1Gi" }: KubernetesOptions = {}): Export {
  const scene: Scene = { application, volumeSize, notes: new Set() };
  applicationNotes(scene);
  for (const container of application.containers) containerNotes(scene, container);
  const manifests: Manifest[] = [
    ...application.containers.flatMap((container) => makeConfigMap(scene, container) ?? []),
    ...makeClaims(scene),
    ...application.containers.flatMap((container) => [
      ...makeServices(scene, container),
      makeWorkload(scene, container),
    ]),
  ];
  return {
    files: new Map([[`${application.name}.yaml`, { content: writeYaml(manifests.map(without)), mode: 0o644 }]]),
    notes: [...scene.notes],
  };
}
