// SPDX-License-Identifier: Apache-2.0
/**
 * The environment of containers as their units say it, and variables that are set over what the file says. Those stand at the end of
 * the options, behind a label with their names: so a unit alone tells what was changed, an update carries it along, and it can be
 * taken back.
 */
import { escapeSpecifiers, quoteUnitWords, splitUnitWords } from "../../formats/index.ts";
import { gearError } from "../errors.ts";
import type { Rendered } from "./model.ts";

export interface EnvironmentVariable {
  readonly name: string;
  /** Undefined where it is a secret's. */
  readonly value: string | undefined;
  /** Whether it was set over what the file says. */
  readonly isSet: boolean;
}

const marker = "--label=atomic.environment=";
/** Renderers write each command in one line. */
const command = "ExecStart=";

/** Units of a container (`web`, all its instances) or of one instance. @throws gear-no-application where there is none */
export function unitsOfContainer(rendered: Rendered, name: string): readonly string[] {
  const { instances, application } = rendered;
  const label = `--label=atomic.component=${name}`;
  const found = instances.filter(({ id, unit }) => id === name || optionsOf(rendered, unit).includes(label));
  if (found.length > 0) return [...new Set(found.map(({ unit }) => unit))];
  throw gearError("no-application", `${application} has no container ${name}`, {
    hint: `there are: ${instances.map(({ id }) => id).join(", ")}`,
  });
}

/** What a unit gives its container, in the order of names. What the image has, and what is in files, is not known here. */
export function environmentOf(rendered: Rendered, unit: string): readonly EnvironmentVariable[] {
  const options = optionsOf(rendered, unit);
  const at = options.findIndex((word) => word.startsWith(marker));
  const found = new Map<string, EnvironmentVariable>();
  for (const [index, word] of options.entries()) {
    const isNext = options[index - 1] === "--env";
    const given = word.startsWith("--env=") ? word.slice("--env=".length) : isNext ? word : undefined;
    if (given === undefined) continue;
    const [, name = "", value] = /^([^=]*)(?:=([^]*))?$/.exec(plain(given))!;
    found.set(name, { name, value, isSet: at >= 0 && index > at });
  }
  return [...found.values()].toSorted((a, b) => (a.name < b.name ? -1 : 1));
}

/** @param set what is set over the file from now on: all of it */
export function withEnvironment(
  rendered: Rendered,
  units: readonly string[],
  set: ReadonlyMap<string, string>,
): Rendered {
  const changed = new Map(rendered.units);
  for (const unit of units) changed.set(unit, changeUnit(rendered, unit, set));
  return { ...rendered, units: changed };
}

function changeUnit(rendered: Rendered, name: string, set: ReadonlyMap<string, string>): string {
  let found = false;
  const lines = rendered.units
    .get(name)!
    .split("\n")
    .map((line) => {
      const words = wordsOf(line);
      const end = endOfOptions(rendered, name, words);
      if (end === undefined) return line;
      found = true;
      return command + quoteUnitWords([...changeWords(words.slice(0, end), set), ...words.slice(end)]);
    });
  if (found) return lines.join("\n");
  throw gearError("unsupported", `${name} does not run one container, whose environment could be set`);
}

function changeWords(options: readonly string[], set: ReadonlyMap<string, string>): string[] {
  const at = options.findIndex((word) => word.startsWith(marker));
  const kept = at < 0 ? [...options] : options.slice(0, at);
  if (set.size === 0) return kept;
  const names = [...set.keys()].toSorted();
  return [...kept, `${marker}${names.join(",")}`, ...names.map((name) => `--env=${name}=${escaped(set.get(name)!)}`)];
}

/** As systemd reads the words of a command: specifiers and variables are doubled. */
const escaped = (text: string) => escapeSpecifiers(text).replaceAll("$", "$$$$");
const plain = (word: string) => word.replaceAll("%%", "%").replaceAll("$$", "$");

/** The words before the image in the command that runs the container. */
function optionsOf(rendered: Rendered, unit: string): readonly string[] {
  for (const line of (rendered.units.get(unit) ?? "").split("\n")) {
    const words = wordsOf(line);
    const end = endOfOptions(rendered, unit, words);
    if (end !== undefined) return words.slice(0, end);
  }
  return [];
}

const wordsOf = (line: string): readonly string[] =>
  line.startsWith(command) ? splitUnitWords(line.slice(command.length)) : [];

/** Index of the image; what is behind it is the container's own. Undefined where the words run none. */
function endOfOptions({ images, instances }: Rendered, unit: string, words: readonly string[]): number | undefined {
  const image = instances.find((instance) => instance.unit === unit)?.image;
  const pinned = images.find(({ reference }) => reference === image)?.pinned ?? image;
  const run = words.indexOf("run");
  const end = words.findIndex((word, index) => index > run && plain(word) === pinned);
  return run < 0 || end < 0 ? undefined : end;
}
