// SPDX-License-Identifier: Apache-2.0
/** Reads primary.xml as createrepo_c writes it, no other: what the solver's judges need of it. */
import { readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";
import type { RpmDependency, RpmOperator, RpmPackage, RpmRelation } from "../../../../src/packages/rpm/model.ts";
import { formatEvr } from "../../../../src/packages/rpm/version.ts";

const operators: Readonly<Record<string, RpmOperator>> = { LT: "<", LE: "<=", EQ: "=", GE: ">=", GT: ">" };

export function readPrimary(path: string): RpmPackage[] {
  const bytes = readFileSync(path);
  const text = (path.endsWith(".gz") ? gunzipSync(bytes) : bytes).toString();
  return text.split("<package ").slice(1).map(readPackage);
}

function readPackage(text: string): RpmPackage {
  const element = (name: string) => unescape(new RegExp(`<${name}>([^<]*)</${name}>`).exec(text)?.[1] ?? "");
  const evr = evrOf(/<version [^>]*>/.exec(text)![0])!;
  const files = new Set([...text.matchAll(/<file[^>]*>([^<]*)<\/file>/g)].map((match) => unescape(match[1]!)));
  const relations = new Map<RpmRelation, RpmDependency[]>();
  for (const [, name, entries] of text.matchAll(/<rpm:(\w+)>(.*?)<\/rpm:\1>/gs)) {
    relations.set(name as RpmRelation, [...entries!.matchAll(/<rpm:entry [^>]*>/g)].map((match) => dependencyOf(match[0])));
  }
  return {
    name: element("name"),
    version: formatEvr(evr),
    architecture: element("arch"),
    evr,
    vendor: element("rpm:vendor"),
    buildTime: Number(attribute(/<time [^>]*>/.exec(text)?.[0] ?? "", "build") ?? 0),
    installedSize: 0,
    dependencies: (relation) => relations.get(relation) ?? [],
    hasFile: (file) => files.has(file),
  };
}

function attribute(tag: string, name: string): string | undefined {
  const found = new RegExp(`\\b${name}="([^"]*)"`).exec(tag)?.[1];
  return found === undefined ? undefined : unescape(found);
}

function evrOf(tag: string) {
  const version = attribute(tag, "ver");
  if (version === undefined) return undefined;
  const release = attribute(tag, "rel");
  return { epoch: Number(attribute(tag, "epoch") ?? 0), version, ...(release !== undefined && { release }) };
}

function dependencyOf(tag: string): RpmDependency {
  const evr = evrOf(tag);
  const operator = operators[attribute(tag, "flags") ?? ""];
  return { name: attribute(tag, "name")!, ...(evr && operator && { operator, evr }) };
}

function unescape(text: string): string {
  return text.replaceAll("&lt;", "<").replaceAll("&gt;", ">").replaceAll("&quot;", '"').replaceAll("&amp;", "&");
}
