// SPDX-License-Identifier: Apache-2.0
/** Base packages that come from one repository (rpm-ostree's remote overrides). */
import type { LayerOptions, Layered, Replacement } from "./model.ts";

export interface RemoteOverrides {
  /** By the name of a base package: the repository of the one in its place. */
  readonly active: ReadonlyMap<string, string>;
  readonly inactive: Layered["inactive"];
}

/** Names that the base does not have are inactive until it has them (`finalize_replacement_overrides`). */
export function remoteOverrides(
  { replaceFrom }: Pick<LayerOptions, "replaceFrom">,
  isInBase: (name: string) => boolean,
): RemoteOverrides {
  const all = replaceFrom.flatMap(({ repository, packages }) => packages.map((name) => [name, repository] as const));
  return {
    active: new Map(all.filter(([name]) => isInBase(name))),
    inactive: all.map(([name]) => name).filter((name) => !isInBase(name)),
  };
}

/** As the solvers ask for them. */
export function replacedFrom({ active }: RemoteOverrides): { name: string; repository: string }[] {
  return [...active].map(([name, repository]) => ({ name, repository }));
}

export function withRepository(one: Replacement, { active }: RemoteOverrides): Replacement {
  const repository = active.get(one.from.name);
  return repository === undefined ? one : { ...one, repository };
}
