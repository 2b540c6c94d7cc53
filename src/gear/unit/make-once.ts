// SPDX-License-Identifier: Apache-2.0
/**
 * Networks and volumes are made before each start where they are missing: a unit of their own that stays active would not notice
 * that somebody removed one, and the engine would make a volume anew with nothing of what was said of it.
 */
import { quoteCommandLine } from "../../formats/index.ts";
import type { Volume } from "../model.ts";
import type { Instance } from "../plan/model.ts";
import { networksOf } from "./network.ts";
import { atomicPath, enginePath } from "./programs.ts";
import type { Scene } from "./settings.ts";
import { networkName, volumeName } from "./unit-names.ts";

/** Command lines for ExecStartPre=. */
export function makeOnceCommands(scene: Scene, instance: Instance): string[] {
  return [
    ...networksOf(scene, instance).map((network) => networkCommand(scene, network)),
    ...volumesOf(scene, instance).flatMap((volume) => [volumeCommand(scene, volume), ...labelCommands(scene, volume)]),
  ];
}

const label = ({ application }: Scene): string => `--label=atomic.app=${application.name}`;

function networkCommand(scene: Scene, network: string): string {
  const { application } = scene;
  const internal = application.networks.some((one) => one.internal && networkName(application, one.name) === network);
  return makeOnce(scene, "network", network, [label(scene), ...(internal ? ["--internal"] : [])]);
}

function volumesOf({ application }: Scene, { container }: Instance): Volume[] {
  const used = new Set(container.mounts.map(({ source }) => (source.kind === "volume" ? source.name : undefined)));
  return application.volumes.filter(({ name }) => used.has(name));
}

function volumeCommand(scene: Scene, { name, path, labels }: Volume): string {
  if (path !== undefined) return directoryCommand(scene, path);
  const given = labels.map((one) => `--label=${one.name}=${one.value}`);
  return makeOnce(scene, "volume", volumeName(scene.application, name), [label(scene), ...given]);
}

/** Engines label a volume so that every container may use it; a tenant's is its own from before the first start. */
function labelCommands({ application, engine, tenant }: Scene, { name, path }: Volume): string[] {
  if (tenant?.level === undefined || application.tenant === undefined) return [];
  const which = path === undefined ? [`--engine=${engine}`, `--volume=${volumeName(application, name)}`] : [path];
  return [quoteCommandLine(atomicPath, ["gear", "tenant", "label", "--new", application.tenant, ...which])];
}

/** Docker makes two networks of one name for two who ask at once, and then starts no container of either. */
const makeLock = "/run/atomic-gear-make.lock";

/** podman 4.3 has no `create --ignore`. What is there, as it is nearly always, is found without waiting for anybody. */
function makeOnce({ engine }: Scene, kind: string, name: string, options: readonly string[]): string {
  const script =
    'there() { "$program" "$kind" inspect "$name" >/dev/null 2>&1; }; program=$1 kind=$2 name=$3 lock=$4; shift 4; there && exit; exec 9>"$lock"; flock 9; there || "$program" "$kind" create "$@" "$name" || there';
  return quoteCommandLine("/bin/sh", ["-c", script, "sh", enginePath(engine), kind, name, makeLock, ...options]);
}

/** A directory that is there already is whoever's it is. A made one is owned by the user that is root in the containers. */
function directoryCommand({ tenant }: Scene, path: string): string {
  const owner = String(tenant?.users?.first ?? 0);
  const script = '[ -d "$1" ] || exec install --directory --mode=0755 --owner="$2" --group="$2" -- "$1"';
  return quoteCommandLine("/bin/sh", ["-c", script, "sh", path, owner]);
}
