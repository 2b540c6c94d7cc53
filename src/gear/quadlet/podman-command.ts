// SPDX-License-Identifier: Apache-2.0
import { quoteUnitWords } from "../../formats/index.ts";
import type { Conversion } from "./conversion.ts";
import type { QuadletFile } from "./quadlet-file.ts";

type Options = Readonly<Record<string, string>>;

/** A command line of podman that grows out of the keys of a file. */
export class PodmanCommand {
  readonly #file: QuadletFile;
  readonly #conversion: Conversion;
  readonly #words: string[];
  /** How many of them come before podman's verb. */
  readonly #base: number;

  constructor(file: QuadletFile, conversion: Conversion, ...words: string[]) {
    this.#file = file;
    this.#conversion = conversion;
    this.#words = [conversion.podman, ...file.all("ContainersConfModule").map((module) => `--module=${module}`)];
    this.addAll(file.args("GlobalArgs", conversion.warn));
    this.#base = this.#words.length;
    this.addAll(words);
  }

  add(...words: readonly string[]): void {
    this.addAll(words);
  }

  /** Of a file, which may have more than a call can have arguments. */
  addAll(words: readonly string[]): void {
    for (const word of words) this.#words.push(word);
  }

  /** An option for each value. */
  addEach(option: string, values: readonly string[]): void {
    for (const value of values) this.add(option, value);
  }

  /** Keys of one value, none where it is empty. */
  addTexts(options: Options): void {
    for (const [key, option] of Object.entries(options)) {
      const value = this.#file.filled(key);
      if (value !== undefined) this.add(option, value);
    }
  }

  addLists(options: Options): void {
    for (const [key, option] of Object.entries(options)) this.addEach(option, this.#file.all(key));
  }

  addBooleans(options: Options): void {
    for (const [key, option] of Object.entries(options)) {
      const value = this.#file.boolean(key);
      if (value !== undefined) this.add(value ? option : `${option}=false`);
    }
  }

  addPairs(options: Options): void {
    for (const [key, option] of Object.entries(options)) {
      this.addEach(option, this.#file.pairs(key, this.#conversion.warn));
    }
  }

  addPodmanArgs(): void {
    this.addAll(this.#file.args("PodmanArgs", this.#conversion.warn));
  }

  /** `create` of a volume or network, which may be there: `--ignore` says so to podman from 4.4 on, a look before it to each. */
  static create(file: QuadletFile, conversion: Conversion, kind: "network" | "volume"): PodmanCommand {
    return new PodmanCommand(file, conversion, kind, "create", ...(conversion.anyPodman ? [] : ["--ignore"]));
  }

  /** The line of `create`. */
  createLine(name: string): string {
    this.add(name);
    if (!this.#conversion.anyPodman) return this.line();
    const base = this.#words.slice(0, this.#base);
    // Words are the script's arguments, never a part of it: a specifier may bring anything.
    const [named, ...before] = [name, ...base].map((_, index) => `"\${${index + 1}}"`);
    const look = [...before, this.#words[this.#base]!, "exists", named].join(" ");
    const script = `${look} || { shift ${base.length + 1}; exec "$@"; }`;
    const words = ["/bin/sh", "-c", script.replaceAll("$", "$$$$"), "sh", name, ...base, ...this.#words];
    return quoteUnitWords(words);
  }

  /** As a unit has it, with systemd's prefixes before it. */
  line(prefix = ""): string {
    return prefix + quoteUnitWords(this.#words);
  }
}
