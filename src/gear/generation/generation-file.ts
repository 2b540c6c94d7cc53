// SPDX-License-Identifier: Apache-2.0
/** `generation.json` and `application.json`. Both are root's own, and are checked all the same: a disk may give back anything. */
import { gearError } from "../errors.ts";
import type { ApplicationRecord, Generation } from "./model.ts";

const version = 1;

/** What of a generation is in files beside it. */
export interface GenerationFiles {
  readonly units: ReadonlyMap<string, string>;
  readonly files: ReadonlyMap<string, string>;
  readonly source: ReadonlyMap<string, string>;
}

/** Without the contents of units, files and sources, which are files of their own so that people and systemd can read them. */
export function encodeGeneration(generation: Generation): string {
  const { rendered, source } = generation;
  const { units: _units, files, ...rest } = rendered;
  const facts = Object.fromEntries([...files].map(([path, { content: _content, ...known }]) => [path, known]));
  const described = { version, ...generation, rendered: { ...rest, files: facts }, source: source.path };
  return `${JSON.stringify(described, undefined, 2)}\n`;
}

/** @param what its path, for errors */
export function decodeGeneration(text: string, files: GenerationFiles, what: string): Generation {
  const keys = ["number", "rendered", "policy"];
  const { version: _version, source, rendered, policy, ...rest } = parse(text, what, keys);
  const { files: facts, ...known } = rendered as Record<string, unknown> & { files: Record<string, object> };
  return {
    message: undefined,
    hostVersion: undefined,
    withHost: false,
    ...rest,
    policy: { window: undefined, ...(policy as object) },
    rendered: {
      tenant: undefined,
      ...known,
      units: files.units,
      files: new Map([...files.files].map(([path, content]) => [path, { content, mode: 0o600, ...facts[path] }])),
    },
    source: { path: source, files: files.source },
  } as unknown as Generation;
}

export function encodeRecord(record: ApplicationRecord): string {
  return `${JSON.stringify({ version, ...record }, undefined, 2)}\n`;
}

export function decodeRecord(text: string, what: string): ApplicationRecord {
  const { version: _version, ...record } = parse(text, what, ["generations", "events"]);
  return { current: undefined, change: undefined, hosts: undefined, ...record } as unknown as ApplicationRecord;
}

function parse(text: string, what: string, keys: readonly string[]): Record<string, unknown> {
  const value = json(text, what);
  if (value["version"] !== version) {
    throw gearError("store", `${what} has version ${JSON.stringify(value["version"])}; this program reads ${version}`);
  }
  const missing = keys.find((key) => typeof value[key] === "undefined" || value[key] === null);
  if (missing !== undefined) throw gearError("store", `${what} has no ${missing}`);
  return value;
}

function json(text: string, what: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === "object" && value !== null) return value as Record<string, unknown>;
  } catch (cause) {
    throw gearError("store", `${what} is no JSON`, { cause });
  }
  throw gearError("store", `${what} is no JSON object`);
}
