// SPDX-License-Identifier: Apache-2.0
import { basename, dirname, join } from "node:path";
import { formatError, splitUnitWords, SystemdUnit } from "../../formats/index.ts";
import { gearError } from "../errors.ts";
import { kindOf, kinds, quadletKeys, type QuadletKind } from "./kinds.ts";

/**
 * A Quadlet file with its drop-ins, and the values of its own section as podman's parser looks them up. What is not
 * understood in a value of words is reported to `warn` and the value left out, as podman does.
 */
export class QuadletFile {
  /** `web.container` */
  readonly name: string;
  /** Where it was read; what it names relatively is beside it. */
  readonly path: string;
  readonly kind: QuadletKind;
  readonly unit: SystemdUnit;

  /** @throws gear-bad-file for a name of no kind */
  constructor(path: string, unit: SystemdUnit, name = basename(path)) {
    const kind = kindOf(name);
    if (kind === undefined) throw gearError("bad-file", `${path}: not the name of a Quadlet file`);
    this.name = name;
    this.path = path;
    this.kind = kind;
    this.unit = unit;
  }

  /** @param part its name and first line where the text is a part of the file at `path` */
  static parse(text: string, path: string, part?: { readonly name: string; readonly firstLine: number }): QuadletFile {
    return new QuadletFile(path, parseUnit(text, path, part?.firstLine), part?.name);
  }

  get section(): string {
    return kinds[this.kind].section;
  }

  /** NAME of `NAME@INSTANCE.container`, and the instance: `""` for the template, undefined for what is neither. */
  get parts(): { readonly name: string; readonly instance: string | undefined } {
    const [, name = "", instance] = /^([^@]*)(?:@(.*))?$/.exec(this.stem) ?? [];
    return { name, instance };
  }

  /** The name without its ending. */
  get stem(): string {
    return this.name.slice(0, -this.kind.length - 1);
  }

  /** The image that an `.image` or `.build` file stands for. */
  get imageName(): string | undefined {
    return this.kind === "build" ? this.all("ImageTag")[0] : this.filled("Image");
  }

  /** The last value, without white space behind it and one pair of quotes around it (podman's Lookup). */
  text(key: string, section = this.section): string | undefined {
    const value = this.unit.get(section, key)?.trimEnd();
    return value !== undefined && /^".*"$/s.test(value) && value.length > 1 ? value.slice(1, -1) : value;
  }

  /** As `text`, undefined where it is empty. */
  filled(key: string, section?: string): string | undefined {
    return this.text(key, section) || undefined;
  }

  /** Undefined where it is not said. @throws gear-bad-file for a word that means neither */
  boolean(key: string, section = this.section): boolean | undefined {
    const value = this.text(key, section)?.toLowerCase();
    if (value === undefined) return undefined;
    if (["1", "yes", "true", "on"].includes(value)) return true;
    if (["0", "no", "false", "off", ""].includes(value)) return false;
    throw this.error(`${key}=${value} should be yes or no`, key, section);
  }

  /** Not negative; decimal, or octal and hexadecimal as strtol(3) reads them. */
  number(key: string): number | undefined {
    const value = this.text(key);
    if (value === undefined) return undefined;
    const number = /^\+?0[0-7]+$/.test(value) ? Number.parseInt(value, 8) : Number(value);
    if (/^\+?(?:0x[0-9a-f]+|\d+)$/i.test(value) && number < 2 ** 32) return number;
    throw this.error(`${key}=${value} should be a number`, key);
  }

  all(key: string): string[] {
    return this.unit.getAll(this.section, key);
  }

  /** Words in which a backslash is a letter (podman's LookupAllStrv). */
  words(key: string, section = this.section): string[] {
    const values = this.unit.getAll(section, key);
    return values.flatMap((value) => this.#split(key, section, () => splitUnitWords(value, { unescape: false })));
  }

  /** Words of all values as those of a command line (LookupAllArgs); `warn` hears of those that are left out. */
  args(key: string, warn: (message: string) => void): string[] {
    return this.all(key).flatMap((value) => this.#argsOf(key, value, warn) ?? []);
  }

  /** Words of the last value (LookupLastArgs). */
  lastArgs(key: string, warn: (message: string) => void): string[] | undefined {
    const value = this.unit.get(this.section, key);
    return value === undefined ? undefined : this.#argsOf(key, value, warn);
  }

  /** `KEY=VALUE` words, the last of each key, sorted by it (LookupAllKeyVal, addKeys). */
  pairs(key: string, warn: (message: string) => void): string[] {
    const pairs = new Map(this.args(key, warn).map((word) => [word.split("=", 1)[0]!, word]));
    return [...pairs].toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([, word]) => word);
  }

  /** A path of the file: absolute, or one that begins with a specifier of systemd, as it is; else beside it. */
  resolve(path: string): string {
    return path.startsWith("/") || startsWithSpecifier(path) ? path : join(dirname(this.path), path);
  }

  /** @throws gear-bad-file where its own section or [Quadlet] has a key that podman does not know */
  checkKeys(): void {
    for (const [section, known] of [
      [this.section, kinds[this.kind].keys] as const,
      ["Quadlet", quadletKeys] as const,
    ]) {
      const unknown = this.unit.keys(section).find((key) => !known.has(key));
      if (unknown !== undefined)
        throw this.error(`unsupported key '${unknown}' in group '${section}'`, unknown, section);
    }
  }

  /** An error with the file, and the line of the key that it is about. */
  error(message: string, key?: string, section = this.section) {
    const entry = this.unit.entries(section).findLast((one) => one.key === key);
    return gearError("bad-file", `${entry?.where ?? this.path}: ${message}`);
  }

  #argsOf(key: string, value: string, warn: (message: string) => void): string[] | undefined {
    try {
      return splitUnitWords(value, { relaxed: true });
    } catch (error) {
      if (!formatError.is(error, "systemd-unit")) throw error;
      warn(`${this.error(error.message, key).message}; ${key}=${value} is left out, as podman does`);
      return undefined;
    }
  }

  #split(key: string, section: string, split: () => string[]): string[] {
    try {
      return split();
    } catch (error) {
      if (formatError.is(error, "systemd-unit")) throw this.error(error.message, key, section);
      throw error;
    }
  }
}

/** A unit file in podman's dialect. @throws gear-bad-file */
export function parseUnit(text: string, path: string, firstLine = 1): SystemdUnit {
  try {
    return SystemdUnit.parse(text, path, "podman", firstLine);
  } catch (error) {
    if (formatError.is(error, "systemd-unit")) throw gearError("bad-file", error.message, { cause: error });
    throw error;
  }
}

/** `%%` is a percent sign. */
export const startsWithSpecifier = (path: string): boolean => /^%(?!%)/.test(path);
