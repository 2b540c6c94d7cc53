// SPDX-License-Identifier: Apache-2.0
import { closestNames } from "../../base/index.ts";
import type { YamlFault, YamlNode, YamlPosition } from "../../formats/index.ts";
import { gearError } from "../errors.ts";

export interface Fault {
  readonly at: YamlPosition;
  /** Of the key that it is about, `containers.web.ports[0]`; empty for the file. */
  readonly path: string;
  readonly message: string;
  readonly hint: string | undefined;
  /** Whether the file is right, but asks for what is not done here. */
  readonly unsupported: boolean;
}

/** Told at once; a file that is of another kind altogether has one for every line. */
const told = 20;

/** What one reading has found: what is wrong, collected so that all of it can be mended in one go, and further files. */
export class Faults {
  readonly #faults = new Map<string, Fault>();
  /** Contents of the files that were read because the file names them, by path. */
  readonly files = new Map<string, string>();

  get found(): boolean {
    return this.#faults.size > 0;
  }

  add(fault: Fault): void {
    this.#faults.set(`${place(fault.at)} ${fault.path} ${fault.message}`, fault);
  }

  addSyntax(faults: readonly YamlFault[]): void {
    for (const { at, message } of faults) this.add({ at, path: "", message, hint: undefined, unsupported: false });
  }

  /** @throws gear-bad-file or gear-unsupported with every fault, in the order of the file, when there is one */
  raise(): void {
    const faults = [...this.#faults.values()].toSorted(
      (a, b) => compare(a.at.file, b.at.file) || a.at.line - b.at.line || a.at.column - b.at.column,
    );
    const [first] = faults;
    if (first === undefined) return;
    const code = faults.every(({ unsupported }) => unsupported) ? "unsupported" : "bad-file";
    if (faults.length === 1) throw gearError(code, text(first), first.hint === undefined ? {} : { hint: first.hint });
    const lines = faults
      .slice(0, told)
      .map((fault) => text(fault) + (fault.hint === undefined ? "" : ` (${fault.hint})`));
    if (faults.length > told) lines.push(`and ${faults.length - told} more`);
    throw gearError(code, lines.join("\n"));
  }
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

function place({ file, line, column }: YamlPosition): string {
  return `${file}:${line}:${column}`;
}

function text({ at, path, message }: Fault): string {
  return `${place(at)}: ${path === "" ? "" : `${path}: `}${message}`;
}

/** Where in a file a reader is, for what it finds wrong. */
export class Place {
  readonly faults: Faults;
  readonly path: readonly (string | number)[];

  constructor(faults: Faults, path: readonly (string | number)[] = []) {
    this.faults = faults;
    this.path = path;
  }

  in(step: string | number): Place {
    return new Place(this.faults, [...this.path, step]);
  }

  /** @returns undefined, which is what a reader gives when it has found a fault */
  fault(at: YamlPosition, message: string, hint?: string): undefined {
    this.faults.add({ at, path: pathText(this.path), message, hint, unsupported: false });
    return undefined;
  }

  unsupported(at: YamlPosition, message: string, hint?: string): undefined {
    this.faults.add({ at, path: pathText(this.path), message, hint, unsupported: true });
    return undefined;
  }
}

/** `containers.web.ports[0]` */
export function pathText(path: readonly (string | number)[]): string {
  return path
    .map((step, index) => (typeof step === "number" ? `[${step}]` : `${index === 0 ? "" : "."}${shown(step)}`))
    .join("");
}

/** A key as it is quoted in a message: of bounded length, and without what would move a terminal's cursor. */
export function shown(word: string): string {
  const short = word.length > 80 ? `${word.slice(0, 80)}...` : word;
  return /^[\w./-]+$/.test(short) ? short : JSON.stringify(short);
}

/** A value in a few words, for "must be ..., not ...". */
export function described(node: YamlNode): string {
  if (node.kind === "list") return "a list";
  if (node.kind === "map") return "a map";
  if (node.value === null) return "nothing";
  return typeof node.value === "string" ? JSON.stringify(shortened(node.value)) : node.text;
}

function shortened(value: string): string {
  return value.length > 80 ? `${value.slice(0, 80)}...` : value;
}

/** Looked for as it is written, and as keys are: in lower case, with `-` for the `_` that often stands for it. */
export function didYouMean(written: string, known: Iterable<string>): string | undefined {
  const names = [...known];
  const word = written.slice(0, 80);
  const [near] = [word, word.toLowerCase().replaceAll("_", "-")].flatMap((form) => closestNames(names, form));
  return near === undefined ? undefined : `did you mean ${near}?`;
}
