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

  constructor(file: QuadletFile, conversion: Conversion, ...words: string[]) {
    this.#file = file;
    this.#conversion = conversion;
    this.#words = [conversion.podman, ...file.all("ContainersConfModule").map((module) => `--module=${module}`)];
    this.add(...file.args("GlobalArgs", conversion.warn), ...words);
  }

  add(...words: readonly string[]): void {
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
    this.add(...this.#file.args("PodmanArgs", this.#conversion.warn));
  }

  /** As a unit has it, with systemd's prefixes before it. */
  line(prefix = ""): string {
    return prefix + quoteUnitWords(this.#words);
  }
}
