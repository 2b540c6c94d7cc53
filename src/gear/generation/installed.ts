// SPDX-License-Identifier: Apache-2.0
import { join } from "node:path";
import { listDirectory, readTextIfExists, removeIfExists, syncDirectory, writeFileAtomic } from "../../base/index.ts";
import { gearError } from "../errors.ts";
import type { Generation, Rendered } from "./model.ts";
import { placeUnit } from "./place-units.ts";
import type { GenerationStore } from "./store.ts";

const placeholder = "%GENERATION%";

/** Where a generation has the links of its instances, by name; what runs on is given them without a restart. */
export const linksDirectory = "/links/";

/**
 * Unit files are copied here, not linked: systemd reads those that start with the host before /var has to be mounted, and an
 * update of the host carries /etc along.
 */
const place = "etc/systemd/system";

export const unitDirectory = (store: GenerationStore): string => join(store.root, place);

/** Path by which systemd knows a unit file of ours. */
export const unitPath = (name: string): string => `/${place}/${name}`;

/** What has to be in place for a generation, by name of the unit; nothing for none. */
export function unitTexts(store: GenerationStore, generation: Generation | undefined): ReadonlyMap<string, string> {
  if (generation === undefined) return new Map();
  const { rendered, number } = generation;
  const files = `${store.ownDirectory(rendered.application, number)}/files`;
  return new Map([...rendered.units].map(([name, text]) => [name, placeUnit(text, files, number)]));
}

/** What of a unit decides whether it has to be restarted: its text, and the files of the generation that it names. */
export function unitEssence(rendered: Rendered, name: string): string | undefined {
  const text = rendered.units.get(name);
  if (text === undefined || !text.includes(placeholder)) return text;
  const named = [...rendered.files].filter(([path]) => text.includes(`${placeholder}${path}`));
  const used = (named.length === 0 ? [...rendered.files] : named).filter(([path]) => !path.startsWith(linksDirectory));
  return `${text}\0${JSON.stringify(used)}`;
}

export function readUnit(store: GenerationStore, name: string): string | undefined {
  return readTextIfExists(join(unitDirectory(store), checkedUnitName(name)));
}

/** Units whose files are not as they were deployed. */
export function editedUnits(store: GenerationStore, generation: Generation | undefined): readonly string[] {
  const texts = unitTexts(store, generation);
  return [...texts.keys()].filter((name) => readUnit(store, name) !== texts.get(name));
}

/** Brings unit files to what they have to be, each at once; what stands so already is not touched. */
export function writeUnits(
  store: GenerationStore,
  units: ReadonlyMap<string, string>,
  removed: readonly string[],
): void {
  const directory = unitDirectory(store);
  for (const [name, text] of units) {
    if (readUnit(store, name) !== text) writeFileAtomic(join(directory, checkedUnitName(name)), text);
  }
  removeTemporary(directory, [...units.keys(), ...removed]);
  const gone = removed.map((name) => removeIfExists(join(directory, checkedUnitName(name))));
  if (gone.includes(true)) syncDirectory(directory);
}

/** What writing these files left when it was killed; systemd does not read hidden files. */
function removeTemporary(directory: string, names: readonly string[]): void {
  for (const name of listDirectory(directory).filter((entry) => entry.startsWith("."))) {
    if (names.includes(name.slice(1).replace(/\.[0-9a-f]+$/, ""))) removeIfExists(join(directory, name));
  }
}

/** systemd.unit(5); it keeps a rendering from naming a file elsewhere. */
export function checkedUnitName(name: string): string {
  if (/^[A-Za-z0-9:_.\\@-]{1,240}\.(service|socket|timer|path|slice|target|mount|automount|swap)$/.test(name))
    return name;
  throw gearError("store", `${JSON.stringify(name.slice(0, 80))} is not a name of a unit`);
}
