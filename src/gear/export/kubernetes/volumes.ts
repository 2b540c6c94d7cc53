// SPDX-License-Identifier: Apache-2.0
import type { Container, Mount } from "../../model.ts";
import type { Name } from "../../name.ts";
import { configName, fileMounts } from "./files.ts";
import { type Manifest, metadata, objectName, type Scene } from "./manifest.ts";

/** A volume of a Pod with the place where its container finds it. */
export interface PodVolume {
  readonly volume: Readonly<Record<string, unknown>> | undefined;
  readonly mount: Readonly<Record<string, unknown>>;
}

/** Containers that mount the volume. */
function usersOf({ application }: Scene, name: Name): Container[] {
  return application.containers.filter(({ mounts }) =>
    mounts.some(({ source }) => source.kind === "volume" && source.name === name),
  );
}

/** Volumes that a container has for itself: each of its instances gets its own, from a StatefulSet. */
export function ownVolumes(scene: Scene, container: Container): Name[] {
  if (container.schedule !== undefined || container.restart.when !== "always") return [];
  const names = container.mounts.flatMap(({ source }) => (source.kind === "volume" ? [source.name] : []));
  return [...new Set(names)].filter((name) => usersOf(scene, name).length === 1 && pathOf(scene, name) === undefined);
}

function pathOf({ application }: Scene, name: Name): string | undefined {
  return application.volumes.find((volume) => volume.name === name)?.path;
}

/** What a StatefulSet makes a claim of for each instance, or a claim that containers share. */
export function claimSpec({ volumeSize }: Scene, shared: boolean): Record<string, unknown> {
  const accessModes = [shared ? "ReadWriteMany" : "ReadWriteOnce"];
  return { accessModes, resources: { requests: { storage: volumeSize } } };
}

/** Claims of the volumes that no StatefulSet brings. */
export function makeClaims(scene: Scene): Manifest[] {
  const owned = new Set(scene.application.containers.flatMap((container) => ownVolumes(scene, container)));
  return scene.application.volumes
    .filter(({ name, path }) => path === undefined && !owned.has(name))
    .map(({ name }) => ({
      apiVersion: "v1",
      kind: "PersistentVolumeClaim",
      metadata: metadata(scene, objectName(scene, name)),
      spec: claimSpec(scene, usersOf(scene, name).reduce((sum, { count }) => sum + count, 0) > 1),
    }));
}

export function podVolumes(scene: Scene, container: Container): PodVolume[] {
  const claimed = ownVolumes(scene, container);
  const keys = new Map(fileMounts(container).map(({ target, key }) => [target, key]));
  return container.mounts.map((mount, index) => {
    const at = { mountPath: mount.target, readOnly: mount.readOnly ? true : undefined };
    const { source } = mount;
    if (source.kind === "volume" && claimed.includes(source.name)) {
      return { volume: undefined, mount: { name: source.name, ...at } };
    }
    const name = source.kind === "volume" ? source.name : `mount-${index}`;
    const subPath = keys.get(mount.target);
    return {
      volume: { name, ...volumeSource(scene, container, mount) },
      mount: { name, ...at, ...(source.kind === "file" && { subPath, readOnly: true }) },
    };
  });
}

function volumeSource(
  scene: Scene,
  container: Container,
  { source, target, readOnly }: Mount,
): Record<string, unknown> {
  if (source.kind === "tmpfs") {
    return { emptyDir: { medium: "Memory", sizeLimit: source.size === undefined ? undefined : String(source.size) } };
  }
  if (source.kind === "bind") return { hostPath: { path: source.path } };
  if (source.kind === "volume") {
    const path = pathOf(scene, source.name);
    if (path !== undefined) return { hostPath: { path, type: "DirectoryOrCreate" } };
    return {
      persistentVolumeClaim: { claimName: objectName(scene, source.name), readOnly: readOnly ? true : undefined },
    };
  }
  const key = fileMounts(container).find((file) => file.target === target)?.key ?? "";
  return { configMap: { name: configName(scene, container), items: [{ key, path: key, mode: source.mode }] } };
}
