// SPDX-License-Identifier: Apache-2.0
/** What the origin of a deployment asks for beyond its base: the keys are rpm-ostree's (its rust/src/origin.rs). */
import type { LayerWish, LocalPackage, RemoteReplacement } from "../../compose/index.ts";
import type { Keyfile } from "../../formats/index.ts";
import { hostError } from "../errors.ts";
import { asksForLayers } from "../origin.ts";

export function readWish(origin: Keyfile | undefined): LayerWish {
  const list = (group: string, key: string) => origin?.getList(group, key) ?? [];
  if (list("modules", "install").length + list("modules", "enable").length > 0)
    throw hostError("not-supported", "the origin asks for modules, which are not layered");
  const regenerate = origin?.getBoolean("rpmostree", "regenerate-initramfs") === true;
  return {
    packages: list("packages", "requested"),
    local: list("packages", "requested-local").map(parseLocal),
    fileOverride: list("packages", "requested-local-fileoverride").map(parseLocal),
    remove: list("overrides", "remove"),
    replace: list("overrides", "replace-local").map(parseLocal),
    replaceFrom: list("overrides", "replace").map(parseRemote),
    ...(regenerate ? { initramfs: list("rpmostree", "initramfs-args") } : {}),
  };
}

/** SHA256:NEVRA (`rpmostree_decompose_sha256_nevra`) */
function parseLocal(entry: string): LocalPackage {
  const match = /^([0-9a-f]{64}):(.+)$/.exec(entry);
  if (match === null) throw hostError("bad-sysroot", `the origin has a local package without check sum: ${entry}`);
  return { sha256: match[1]!, nevra: match[2]! };
}

/** repo=ID,NAME,... (`parse_override_source` and origin.rs); repositories are the only source that there is */
function parseRemote(entry: string): RemoteReplacement {
  const [source = "", ...packages] = entry.split(",");
  const repository = /^repo=(.+)$/.exec(source)?.[1];
  if (repository === undefined) throw hostError("bad-sysroot", `the origin has overrides of unknown source: ${entry}`);
  return { repository, packages };
}

/** Notes packages in the origin; which key has the branch tells whether a commit is made here. */
export function writeWish(origin: Keyfile, wish: Omit<LayerWish, "initramfs">): void {
  const texts = (list: readonly LocalPackage[]) => list.map(({ sha256, nevra }) => `${sha256}:${nevra}`);
  setOrRemove(origin, "packages", "requested", wish.packages);
  setOrRemove(origin, "packages", "requested-local", texts(wish.local));
  setOrRemove(origin, "packages", "requested-local-fileoverride", texts(wish.fileOverride));
  setOrRemove(origin, "overrides", "remove", wish.remove);
  setOrRemove(origin, "overrides", "replace-local", texts(wish.replace));
  const remote = wish.replaceFrom.map(({ repository, packages }) => [`repo=${repository}`, ...packages].join(","));
  setOrRemove(origin, "overrides", "replace", remote);
  for (const group of ["packages", "overrides"]) if (origin.keys(group).length === 0) origin.removeGroup(group);
  nameBase(origin);
}

function setOrRemove(origin: Keyfile, group: string, key: string, values: readonly string[]): void {
  if (values.length > 0) origin.setList(group, key, values);
  else origin.removeKey(group, key);
}

/** `baserefspec` keeps stock `ostree admin upgrade` from deploying the bare base (`may_require_local_assembly`). */
export function nameBase(origin: Keyfile): void {
  const [wanted, other] = asksForLayers(origin) ? ["baserefspec", "refspec"] : ["refspec", "baserefspec"];
  const refspec = origin.get("origin", other!);
  if (refspec === undefined) return;
  origin.removeKey("origin", other!);
  origin.set("origin", wanted!, refspec);
}
