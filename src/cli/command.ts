// SPDX-License-Identifier: Apache-2.0
import type { ProgressListener } from "../base/index.ts";

/** One option. Parsing, help, completion and documentation are made from it. */
export interface OptionDeclaration {
  /** Long name without dashes; `no-` and negatives are options of their own. */
  readonly name: string;
  readonly short?: string;
  /** Placeholder of the value in help (`REF`); absent for a flag. */
  readonly value?: string;
  readonly repeat?: boolean;
  readonly help: string;
  readonly hidden?: boolean;
}

export interface ArgumentDeclaration {
  /** As shown in the usage: `REF`. */
  readonly name: string;
  readonly optional?: boolean;
  /** Takes all that follow. */
  readonly repeat?: boolean;
}

export interface Example {
  readonly command: string;
  readonly text: string;
}

/** What a handler is given. */
export interface Invocation {
  readonly args: readonly string[];
  /** Whether a flag was given. */
  flag(name: string): boolean;
  /** An option's value; the last one when repeated. */
  value(name: string): string | undefined;
  values(name: string): readonly string[];
  readonly progress: ProgressListener;
}

/** How output looks; renderers are pure functions of their data and this. */
export interface Style {
  readonly terminal: boolean;
  readonly color: boolean;
  readonly columns: number;
  readonly verbose: boolean;
}

/**
 * One command. The handler returns data; `render` turns it into text; with `--json` the data itself is printed.
 * `exitCode` maps data to an exit code other than 0 (77: nothing to do, only with the flags that ask for it).
 */
export interface Command<Data = unknown> {
  /** The words that call it: `["host", "status"]`. */
  readonly path: readonly string[];
  readonly summary: string;
  /** Paragraphs below the usage. */
  readonly description?: string;
  readonly examples?: readonly Example[];
  readonly arguments?: readonly ArgumentDeclaration[];
  readonly options?: readonly OptionDeclaration[];
  /** Called by programs, not people: left out of lists. */
  readonly hidden?: boolean;
  /** Reading verbs offer `--json`. */
  readonly json?: boolean;
  run(invocation: Invocation): Promise<Data> | Data;
  /**
   * Text for standard output, without the final newline; nothing is printed for "". Or pieces of text, printed one after the
   * other as they are: for output that may be longer than memory should grow.
   */
  render?(data: Data, style: Style): string | Iterable<string>;
  exitCode?(data: Data, invocation: Invocation): number;
}

/** Keeps the data type inside the declaration; the table of commands holds `Command`. */
export function defineCommand<Data>(command: Command<Data>): Command {
  return command as Command;
}
