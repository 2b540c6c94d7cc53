// SPDX-License-Identifier: Apache-2.0
import type { Chosen, ChosenPackage } from "../commands/compose/choose-packages.ts";

/** One line a package; what changes in an installed system below headings of their own. */
export function renderChosen({ install, update = [], downgrade = [], erase = [] }: Omit<Chosen, "explain">): string {
  const all = [...install, ...update, ...downgrade];
  const width = Math.max(0, ...all.map((one) => titleOf(one).length));
  const line = (one: ChosenPackage) => `${titleOf(one).padEnd(width)}  ${one.why}`;
  const changes = (heading: string, list: readonly (ChosenPackage & { readonly replaces: string })[]) =>
    list.length === 0 ? [] : [heading, ...list.map((one) => `${titleOf(one).padEnd(width)}  replaces ${one.replaces}`)];
  return [
    ...install.map(line),
    ...changes("Updated:", update),
    ...changes("Downgraded:", downgrade),
    ...(erase.length === 0 ? [] : ["Erased:", ...erase]),
  ].join("\n");
}

function titleOf({ name, version, nevra }: ChosenPackage): string {
  return nevra ?? `${name} ${version}`;
}
