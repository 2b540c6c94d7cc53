// SPDX-License-Identifier: Apache-2.0
import { type YamlNode, yamlEntry } from "../../formats/index.ts";
import type { Application } from "../model.ts";
import type { InstanceNaming, PlacedInstance } from "../plan/index.ts";

/** A file as its text has been parsed, for the kinds to look at. */
export interface ParsedFile {
  /** For messages, and what paths in it are relative to. */
  readonly path: string;
  readonly text: string;
  /** Its YAML or JSON documents, those that are not empty. */
  readonly documents: readonly YamlNode[];
}

export interface ReadOptions {
  /** Variables that a file of a kind that has them refers to, such as process.env. */
  readonly environment?: Readonly<Record<string, string | undefined>>;
  /** Name of the application where the file has none; default: made of the file's name. */
  readonly name?: string;
}

/** What a file describes, and, where it is of a kind that says so, what of it has been deployed. */
export interface Deployment {
  readonly application: Application;
  /** Contents of the other files that it names and that became part of it, by path. */
  readonly files?: ReadonlyMap<string, string>;
  readonly previous?: readonly PlacedInstance[];
  readonly naming?: InstanceNaming;
}

/** One kind of file that describes an application: to add one is to write it and list it in kinds.ts. */
export interface FileKind {
  /** As users call it, for messages: `gear file`. */
  readonly name: string;
  /** By what keys it is known, for the message of a file that is of no kind. */
  readonly mark: string;
  matches(file: ParsedFile): boolean;
  read(file: ParsedFile, options: ReadOptions): Deployment;
}

/** Whether the file is one map that has this key. */
export function hasKey(file: ParsedFile, key: string): boolean {
  return valueOf(file, key) !== undefined;
}

/** Whether the file is one map that has a map at this key. */
export function hasMap(file: ParsedFile, key: string): boolean {
  return valueOf(file, key)?.kind === "map";
}

function valueOf({ documents }: ParsedFile, key: string): YamlNode | undefined {
  const [root] = documents;
  return documents.length === 1 && root?.kind === "map" ? yamlEntry(root, key)?.value : undefined;
}
