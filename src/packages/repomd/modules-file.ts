// SPDX-License-Identifier: Apache-2.0
/** modules.yaml: documents of module streams, of default streams, and of what else libmodulemd knows. */
import { type ByteSource, readWhole, writeFileAtomic } from "../../base/index.ts";
import { parseYaml, type YamlNode } from "../../formats/index.ts";
import { decodeCacheFile, encodeCacheFile } from "../cache-file.ts";
import { packageError } from "../errors.ts";

/** One build of a stream of a module. */
export interface ModuleStream {
  readonly name: string;
  readonly stream: string;
  readonly version: number;
  readonly context: string;
  readonly arch: string;
  /** Alternatives; of each, the streams of other modules that will do (`[]`: any; `-x`: any but x). */
  readonly requires: readonly Readonly<Record<string, readonly string[]>>[];
  /** NAME-EPOCH:VERSION-RELEASE.ARCH of its packages, with sources. */
  readonly artifacts: readonly string[];
  /** Names of packages that are installed together. */
  readonly profiles: Readonly<Record<string, readonly string[]>>;
}

export interface Modules {
  readonly streams: readonly ModuleStream[];
  /** Module -> the stream that is on unless another is asked for; empty where a repository takes it back. */
  readonly defaults: Readonly<Record<string, string>>;
  /** Module and stream, `NAME:STREAM` -> the profiles that are meant where none is named. */
  readonly defaultProfiles: Readonly<Record<string, readonly string[]>>;
}

/** RHEL 8's AppStream has 15 MB. */
const modulesLimit = 128 << 20;
const version = "rpm-modules 2";

/** Reads a modules.yaml. Documents of kinds and versions that are not known are left out, as libmodulemd does. */
export function parseModules(source: ByteSource, what: string): Modules {
  const text = readWhole(source, modulesLimit, what).toString("utf8");
  const streams: ModuleStream[] = [];
  const defaults: Record<string, string> = Object.create(null) as Record<string, string>;
  const defaultProfiles: Record<string, readonly string[]> = Object.create(null) as Record<string, readonly string[]>;
  // One document after another: the memory of one is given back before the next.
  for (const part of text.split(/^(?:---|\.\.\.)(?=\s|$)/m)) {
    if (part.trim() === "") continue;
    const value = asRecord(parseDocument(part, what));
    const data = asRecord(value["data"]);
    if (value["document"] === "modulemd") streams.push(streamOf(data, what));
    else if (value["document"] === "modulemd-defaults") {
      const name = textOf(data["module"]);
      defaults[name] = textOf(data["stream"]);
      for (const [stream, profiles] of Object.entries(asRecord(data["profiles"]))) {
        defaultProfiles[`${name}:${stream}`] = strings(profiles);
      }
    }
  }
  return { streams, defaults, defaultProfiles };
}

/** Most of these files are lists of packages. One document of RHEL 8 has 200 kB. */
const documentLimit = 16 << 20;

function parseDocument(text: string, what: string): unknown {
  const { documents, faults } = parseYaml(indentQuotes(text), what, { merge: false, sizeLimit: documentLimit });
  const [fault] = faults;
  if (fault !== undefined) throw damaged(what, fault.message.split("\n")[0]!);
  return documents[0] && texts(documents[0]);
}

/** Maps and lists as they are, scalars as written: a stream is called 1.10. */
function texts(node: YamlNode): unknown {
  if (node.kind === "scalar") return node.text;
  if (node.kind === "list") return node.items.map(texts);
  return Object.fromEntries(node.entries.map(({ key, value }) => [key, texts(value)]));
}

/**
 * libyaml, which writes these files, puts a closing quote after an empty line at the start of its line, which YAML does
 * not allow. How far it is indented makes no difference to the value.
 */
function indentQuotes(text: string): string {
  return text.replace(/^(?=['"][ \t]*$)/gm, " ".repeat(100));
}

function streamOf(data: Readonly<Record<string, unknown>>, what: string): ModuleStream {
  const name = textOf(data["name"]);
  const stream = textOf(data["stream"]);
  const build = Number(textOf(data["version"]) || "0");
  if (name === "" || stream === "" || !Number.isSafeInteger(build)) {
    throw damaged(what, `a module without name, stream or version: ${JSON.stringify(name)}`);
  }
  const dependencies = data["dependencies"];
  // Version 1 of the format has one, version 2 a list of alternatives.
  const alternatives = Array.isArray(dependencies) ? dependencies : dependencies === undefined ? [] : [dependencies];
  return {
    name,
    stream,
    version: build,
    context: textOf(data["context"]),
    arch: textOf(data["arch"]),
    requires: alternatives.map((one) => requirements(asRecord(asRecord(one)["requires"]))),
    artifacts: strings(asRecord(data["artifacts"])["rpms"]),
    profiles: Object.fromEntries(
      Object.entries(asRecord(data["profiles"])).map(([name, one]) => [name, strings(asRecord(one)["rpms"])]),
    ),
  };
}

function requirements(record: Readonly<Record<string, unknown>>): Record<string, readonly string[]> {
  return Object.fromEntries(
    Object.entries(record).map(([name, streams]) => [name, typeof streams === "string" ? [streams] : strings(streams)]),
  );
}

function asRecord(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : {};
}

function strings(value: unknown): string[] {
  return Array.isArray(value) ? value.filter((one) => typeof one === "string") : [];
}

function textOf(value: unknown): string {
  return typeof value === "string" ? value : "";
}

function damaged(what: string, message: string) {
  return packageError("bad-index", `${what}: ${message}`);
}

/** Keeps the modules in the cache: reading YAML takes seconds. */
export function writeModules(path: string, modules: Modules): void {
  const bytes = Buffer.from(JSON.stringify(modules));
  writeFileAtomic(path, encodeCacheFile(version, {}, [bytes]), { durable: false });
}

export function decodeModules(bytes: Buffer): Modules | undefined {
  const file = decodeCacheFile<unknown>(bytes, version);
  return file?.parts.length === 1 ? (JSON.parse(file.parts[0]!.toString("utf8")) as Modules) : undefined;
}
