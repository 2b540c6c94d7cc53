// SPDX-License-Identifier: Apache-2.0
/** Changes of what is requested, by the rules of rpm-ostree's origin (rpmostreed-transaction-types.cxx, origin.rs). */
import type { LayerWish, LocalPackage, RemoteReplacement } from "../../compose/index.ts";
import { hostError } from "../errors.ts";

export type NamedLocal = LocalPackage & { readonly name: string };

export interface WishChange {
  readonly install?: readonly string[];
  readonly installLocal?: readonly LocalPackage[];
  readonly installFileOverride?: readonly LocalPackage[];
  readonly uninstall?: readonly string[];
  readonly overrideRemove?: readonly string[];
  readonly overrideReplace?: readonly NamedLocal[];
  /** Names of packages that a repository has. */
  readonly overrideReplaceFrom?: readonly RemoteReplacement[];
  /** Names, or all. */
  readonly overrideReset?: readonly string[] | "all";
  /** Take all layered packages back, before anything else. */
  readonly uninstallAll?: boolean;
  /** What is done already is no error. */
  readonly idempotent?: boolean;
}

/** @throws `host-layer-request` for what is requested already, or is not */
export function editWish(before: LayerWish, change: WishChange): LayerWish {
  const idempotent = change.idempotent ?? false;
  let wish = change.uninstallAll === true ? { ...before, packages: [], local: [], fileOverride: [] } : before;
  for (const name of change.uninstall ?? []) wish = withoutPackage(wish, name, idempotent);
  for (const name of change.install ?? []) {
    if (wish.packages.includes(name)) refuse(idempotent, `Package/capability '${name}' is already requested`);
    else wish = { ...wish, packages: [...wish.packages, name] };
  }
  for (const one of change.installLocal ?? []) wish = withLocal(wish, "local", one, idempotent);
  for (const one of change.installFileOverride ?? []) wish = withLocal(wish, "fileOverride", one, idempotent);
  return editOverrides(wish, change, idempotent);
}

function withLocal(wish: LayerWish, key: "local" | "fileOverride", one: LocalPackage, idempotent: boolean): LayerWish {
  const same = [...wish.local, ...wish.fileOverride].some(({ nevra }) => nevra === one.nevra);
  if (same) {
    refuse(idempotent, `Package '${one.nevra}' is already layered`);
    return wish;
  }
  return { ...wish, [key]: [...wish[key], { sha256: one.sha256, nevra: one.nevra }] };
}

function withoutPackage(wish: LayerWish, name: string, idempotent: boolean): LayerWish {
  const keep = (list: readonly LocalPackage[]) => list.filter(({ nevra }) => nevra !== name && nameOf(nevra) !== name);
  const after = {
    ...wish,
    packages: wish.packages.filter((one) => one !== name),
    local: keep(wish.local),
    fileOverride: keep(wish.fileOverride),
  };
  const count = (one: LayerWish) => one.packages.length + one.local.length + one.fileOverride.length;
  if (count(after) === count(wish)) refuse(idempotent, `Package/capability '${name}' is not currently requested`);
  return after;
}

/** NAME-[EPOCH:]VERSION-RELEASE.ARCH, or a Debian NAME-VERSION.ARCH, in which a revision may be missing. */
function nameOf(nevra: string): string {
  return /^(.+?)-(?:\d+:)?\d/.exec(nevra)?.[1] ?? nevra.replace(/-[^-]+-[^-]+$/, "");
}

function editOverrides(before: LayerWish, change: WishChange, idempotent: boolean): LayerWish {
  const isOverridden = (wish: LayerWish, name: string) =>
    wish.remove.includes(name) ||
    wish.replace.some(({ nevra }) => nevra === name || nameOf(nevra) === name) ||
    wish.replaceFrom.some(({ packages }) => packages.includes(name));
  let wish = before;
  if (change.overrideReset === "all") wish = { ...wish, remove: [], replace: [], replaceFrom: [] };
  else
    for (const name of change.overrideReset ?? []) {
      if (!isOverridden(wish, name)) refuse(false, `No overrides for package '${name}'`);
      wish = dropOverride(wish, name);
    }
  for (const name of change.overrideRemove ?? []) {
    if (isOverridden(wish, name)) refuse(idempotent, `Override already exists for package '${name}'`);
    else wish = { ...wish, remove: [...wish.remove, name] };
  }
  for (const { name, sha256, nevra } of change.overrideReplace ?? []) {
    if (wish.replace.some((one) => one.nevra === nevra))
      refuse(idempotent, `Override already exists for package '${nevra}'`);
    else {
      const rest = dropOverride(wish, name);
      wish = { ...rest, replace: [...rest.replace, { sha256, nevra }] };
    }
  }
  for (const one of change.overrideReplaceFrom ?? []) wish = withRemote(wish, one);
  return wish;
}

/** The last word counts, and saying it twice is no error (`handle_repo_packages_override_replacements`). */
function withRemote(before: LayerWish, { repository, packages }: RemoteReplacement): LayerWish {
  // Both stand in lists with commas and semicolons.
  if (!/^[\w.:/+~-]+$/.test(repository)) throw hostError("layer-request", `${repository} is no name of a repository`);
  const bad = packages.find((name) => !/^[A-Za-z0-9][\w.+-]*$/.test(name));
  if (bad !== undefined) throw hostError("layer-request", `${bad} is no name of a package`);
  const known = before.replaceFrom.find((one) => one.repository === repository)?.packages ?? [];
  if (packages.every((name) => known.includes(name))) return before;
  const rest = packages.reduce(dropOverride, before);
  const others = rest.replaceFrom.filter((one) => one.repository !== repository);
  const all = [...new Set([...known, ...packages])].toSorted();
  return { ...rest, replaceFrom: [...others, { repository, packages: all }] };
}

function dropOverride(wish: LayerWish, name: string): LayerWish {
  const stays = ({ nevra }: LocalPackage) => nevra !== name && nameOf(nevra) !== name;
  const replaceFrom = wish.replaceFrom
    .map((one) => ({ ...one, packages: one.packages.filter((other) => other !== name) }))
    .filter(({ packages }) => packages.length > 0);
  return {
    ...wish,
    remove: wish.remove.filter((one) => one !== name),
    replace: wish.replace.filter(stays),
    replaceFrom,
  };
}

function refuse(idempotent: boolean, text: string): void {
  if (idempotent) return;
  throw hostError("layer-request", text, { hint: "--idempotent  accepts what is done already" });
}
