// SPDX-License-Identifier: Apache-2.0
import { posix } from "node:path";
import type { Mount, SecretUse } from "../../model.ts";
import type { PodVolume } from "./pod.ts";
import type { World } from "./world.ts";
import type { Workload } from "./workload.ts";

interface Mounted {
  readonly mounts: readonly Mount[];
  readonly secrets: readonly SecretUse[];
}

type PodMount = Workload["pod"]["containers"]["volumeMounts"][number];
type Path = readonly (string | number)[];

export function mountsOf(world: World, workload: Workload): Mounted {
  const { pod, source, path, claims } = workload;
  const volumes = new Map(pod.volumes.map((volume) => [volume.name, volume]));
  const all = pod.containers.volumeMounts.map((mount, index): Mounted => {
    const at = [...path, "containers", 0, "volumeMounts", index];
    const volume = volumes.get(mount.name);
    if (volume === undefined && claims.includes(mount.name)) return claimed(world, workload, mount, mount.name, at);
    if (volume === undefined) source.fault(at, `no volume of the Pod is called ${mount.name}`);
    return volume === undefined ? none : mounted(world, workload, mount, volume, at);
  });
  const sum = all.reduce((count, { mounts, secrets }) => count + mounts.length + secrets.length, 0);
  if (sum > mostMounts) source.fault([...path, "containers", 0, "volumeMounts"], `shows more than ${mostMounts} files`);
  return { mounts: all.flatMap(({ mounts }) => mounts), secrets: all.flatMap(({ secrets }) => secrets) };
}

/** A thousand mounts of a ConfigMap of a thousand keys would be a million files. */
const mostMounts = 1000;

const none: Mounted = { mounts: [], secrets: [] };

function mounted(world: World, workload: Workload, mount: PodMount, volume: PodVolume, at: Path): Mounted {
  const { source } = workload;
  const { configMap, secret, persistentVolumeClaim: claim, emptyDir, hostPath } = volume;
  const given = [configMap, secret, claim, emptyDir, hostPath].filter((one) => one !== undefined).length;
  if (given !== 1) return source.fault(at, `volume ${volume.name} must be of one kind, not of ${given}`) ?? none;
  if (configMap) return files(world, workload, mount, configMap, at);
  if (secret) return secretFiles(world, workload, mount, secret, at);
  if (mount.subPath !== undefined)
    return source.unsupported([...at, "subPath"], "is for ConfigMaps and Secrets alone") ?? none;
  if (claim)
    return claimed(world, workload, { ...mount, readOnly: mount.readOnly || claim.readOnly }, claim.claimName, at);
  const same = { target: mount.mountPath, readOnly: mount.readOnly };
  if (emptyDir) return one({ ...same, source: { kind: "tmpfs", size: emptyDir.sizeLimit } });
  const path = hostPath?.path ?? "/";
  if (hostPath?.type !== "DirectoryOrCreate") return one({ ...same, source: { kind: "bind", path } });
  return one({ ...same, source: { kind: "volume", name: world.volume(volume.name, path, source, at) } });
}

function one(mount: Mount): Mounted {
  return { mounts: [mount], secrets: [] };
}

function claimed(world: World, { source }: Workload, mount: PodMount, claim: string, at: Path): Mounted {
  if (mount.subPath !== undefined)
    return source.unsupported([...at, "subPath"], "is for ConfigMaps and Secrets alone") ?? none;
  const name = world.volume(claim, undefined, source, at);
  return one({ source: { kind: "volume", name }, target: mount.mountPath, readOnly: mount.readOnly });
}

/** The files of a directory of which a mount may show one alone, by `subPath`. */
function shown<T extends { readonly path: string }>({ mountPath, subPath }: PodMount, items: readonly T[]) {
  return items
    .filter(({ path }) => subPath === undefined || path === subPath)
    .map((item) => ({ item, target: subPath === undefined ? posix.join(mountPath, item.path) : mountPath }));
}

function files(
  world: World,
  { source }: Workload,
  mount: PodMount,
  { name, items, defaultMode }: NonNullable<PodVolume["configMap"]>,
  at: Path,
): Mounted {
  const data = world.configMap(name, source, at);
  if (data === undefined) return none;
  const listed = items ?? [...data.keys()].map((key) => ({ key, path: key, mode: undefined }));
  const missing = listed.find(({ key }) => !data.has(key));
  if (missing) source.fault(at, `ConfigMap ${name} has no key ${missing.key}`);
  const found = shown(mount, listed);
  if (found.length === 0 && mount.subPath !== undefined)
    source.fault([...at, "subPath"], `ConfigMap ${name} has no file ${mount.subPath}`);
  const mounts = found.map(({ item, target }): Mount => ({
    source: { kind: "file", content: data.get(item.key) ?? "", mode: item.mode ?? defaultMode },
    target,
    readOnly: true,
  }));
  return { mounts, secrets: [] };
}

function secretFiles(
  world: World,
  { source }: Workload,
  mount: PodMount,
  { secretName, items }: NonNullable<PodVolume["secret"]>,
  at: Path,
): Mounted {
  const found = shown(mount, items);
  if (found.length === 0) source.fault(at, `volume ${mount.name} has no such file`);
  const secrets = found.map(({ item, target }): SecretUse => {
    const name = world.secret(secretName, item.key, source, at);
    return { name, target: { kind: "file", path: target === `/run/secrets/${name}` ? undefined : target } };
  });
  return { mounts: [], secrets };
}
