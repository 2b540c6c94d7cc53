// SPDX-License-Identifier: Apache-2.0
import { readFileSync, statSync } from "node:fs";
import { parseYaml, yamlSizeLimit } from "../../formats/index.ts";
import { gearError } from "../errors.ts";
import type { Application } from "../model.ts";
import { Faults } from "./faults.ts";
import type { Deployment, ParsedFile, ReadOptions } from "./kind.ts";
import { kinds } from "./kinds.ts";

/**
 * Reads the application that a file describes, whatever kind of file it is: its content tells.
 * @throws gear-bad-file and gear-unsupported with all that is wrong, each with file, line and column
 */
export function readApplication(path: string, options: ReadOptions = {}): Application {
  return readDeployment(path, options).application;
}

/** As {@link readApplication}, with what the file says of earlier deployments. */
export function readDeployment(path: string, options: ReadOptions = {}): Deployment {
  const { size } = statSync(path);
  if (size > yamlSizeLimit) throw gearError("bad-file", `${path}: larger than ${yamlSizeLimit} bytes`);
  return parseDeployment(readFileSync(path, "utf8"), path, options);
}

/** @param path for messages, and what paths in the file are relative to */
export function parseApplication(text: string, path: string, options: ReadOptions = {}): Application {
  return parseDeployment(text, path, options).application;
}

/** @param path as of {@link parseApplication} */
export function parseDeployment(text: string, path: string, options: ReadOptions = {}): Deployment {
  const file = parseFile(text, path);
  const kind = kinds.find((candidate) => candidate.matches(file));
  if (kind !== undefined) return kind.read(file, options);
  const known = kinds.map(({ name, mark }) => `${name} (${mark})`).join(", ");
  throw gearError("bad-file", `${path}: is of no kind that describes containers`, {
    hint: `these are read, known by their keys: ${known}`,
  });
}

function parseFile(text: string, path: string): ParsedFile {
  const { documents, faults: syntax } = parseYaml(text, path);
  const faults = new Faults();
  faults.addSyntax(syntax);
  faults.raise();
  return { path, text, documents: documents.filter((node) => node.kind !== "scalar" || node.value !== null) };
}
