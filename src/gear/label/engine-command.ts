// SPDX-License-Identifier: Apache-2.0
import { gearError } from "../errors.ts";
import type { AskedPermission } from "../permission.ts";
import { type EngineOption, engineOptions } from "./engine-options.ts";
import type { LabelSubject } from "./model.ts";

export interface EngineCommand {
  readonly command: readonly string[];
  readonly asked: readonly AskedPermission[];
}

/** The words that stand for the engine; a path elsewhere could be a program of the host. */
const engineWord = /^(?:(?:\/usr)?\/bin\/)?(?:docker|podman)$|^atomic$/;

/**
 * Takes the words of a label for a command of the engine with its own image and container, and writes it anew, with every
 * value bound to its option, so that the engine cannot read it otherwise than it was read here.
 * @param variables for `-e NAME`
 * @throws gear-bad-label
 */
export function engineCommand(
  words: readonly string[],
  subject: LabelSubject,
  variables: ReadonlyMap<string, string>,
): EngineCommand {
  const [first = "", verb = "", ...rest] = words;
  if (!engineWord.test(first)) throw bad(`${JSON.stringify(first)} is not the container engine (docker or podman)`);
  const options = engineOptions.get(verb);
  if (options === undefined)
    throw bad(`${JSON.stringify(verb)} is none of the engine's commands ${[...engineOptions.keys()].join(", ")}`);
  const { given, operands } = readOptions(rest, options, verb);
  const kept = given.filter(({ option }) => subject.terminal || option.name !== "tty");
  const asked = given.flatMap(({ option, value }) => (value === "false" ? [] : (option.ask?.(value ?? "") ?? [])));
  const written = kept.map(({ option, value }) => writeOption(option, value, variables));
  const isRun = verb === "run" || verb === "create";
  checkOperands(verb, operands, isRun, subject);
  const named = given.find(({ option, value }) => option.name === "name" && value !== subject.name);
  if (named !== undefined)
    throw bad(`it calls its container ${JSON.stringify(named.value)}; its own name is ${subject.name}`);
  if (!isRun) return { command: [subject.engine, verb, ...written, ...operands], asked };
  // Podman calls the image of a container by its name where it was given the digits alone.
  const id = subject.id.replace(/^sha256:/, "");
  return { command: [subject.engine, verb, "--pull=never", ...written, id, ...operands.slice(1)], asked };
}

interface GivenOption {
  readonly option: EngineOption;
  readonly value: string | undefined;
}

/** Up to the first word that is none: what follows is for the container. */
function readOptions(words: readonly string[], options: readonly EngineOption[], verb: string) {
  const given: GivenOption[] = [];
  let at = 0;
  for (; at < words.length; at++) {
    const word = words[at]!;
    if (!word.startsWith("-") || word === "-") break;
    if (word === "--") {
      at++;
      break;
    }
    for (const { option, value } of readWord(word, options, verb)) {
      if (option.value !== true || value !== undefined) {
        given.push({ option, value });
        continue;
      }
      const next = words[++at];
      if (next === undefined) throw bad(`${word} needs a value`);
      given.push({ option, value: next });
    }
  }
  return { given, operands: words.slice(at) };
}

/** `--name`, `--name=value`, `-n`, `-nvalue`, `-itd` */
function readWord(word: string, options: readonly EngineOption[], verb: string): GivenOption[] {
  if (word.startsWith("--")) {
    const [name = "", ...rest] = word.slice(2).split("=");
    const option = options.find((one) => one.name === name);
    if (option === undefined) throw unknown(verb, `--${name}`);
    const value = rest.length === 0 ? undefined : rest.join("=");
    if (option.value !== true && value !== undefined && value !== "true" && value !== "false")
      throw bad(`--${name}=${value}: true or false`);
    return [{ option, value }];
  }
  const given: GivenOption[] = [];
  for (let at = 1; at < word.length; at++) {
    const option = options.find((one) => one.short === word[at]);
    if (option === undefined) throw unknown(verb, `-${word[at]}`);
    if (option.value !== true) given.push({ option, value: undefined });
    else {
      const value = word.slice(at + 1).replace(/^=/, "");
      return [...given, { option, value: value === "" ? undefined : value }];
    }
  }
  return given;
}

function writeOption(option: EngineOption, value: string | undefined, variables: ReadonlyMap<string, string>): string {
  if (value === undefined) return `--${option.name}`;
  if (option.name !== "env" || value.includes("=")) return `--${option.name}=${value}`;
  // The engine would take it from the environment of whoever asks.
  const known = variables.get(value);
  if (known === undefined) throw bad(`-e ${value} would give the image a variable of your environment`);
  return `--env=${value}=${known}`;
}

function checkOperands(verb: string, operands: readonly string[], isRun: boolean, subject: LabelSubject): void {
  const [first] = operands;
  if (first === undefined) throw bad(`${verb} names no ${isRun ? "image" : "container"}`);
  if (isRun && first !== subject.image) throw bad(`it runs ${JSON.stringify(first)}, not the image that it is of`);
  const containers = verb === "exec" ? [first] : operands;
  const other = isRun ? undefined : containers.find((name) => name !== subject.name);
  if (other !== undefined)
    throw bad(`it would ${verb} the container ${JSON.stringify(other)}; its own is ${subject.name}`);
}

const unknown = (verb: string, option: string) => bad(`${option} of ${verb} is not among what a label may ask for`);

function bad(problem: string) {
  return gearError("bad-label", `the label cannot be run: ${problem}`, {
    hint: "atomic gear info IMAGE  shows it; what you trust can be typed by hand",
  });
}
