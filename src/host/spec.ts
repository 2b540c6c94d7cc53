// SPDX-License-Identifier: Apache-2.0
/**
 * What a host is made of as one text that people edit: what it follows, and what it has of its own. Keys and values are those
 * of the treefiles of rpm-ostree's hosts (its rust/src/treefile.rs, `DeriveConfigFields`).
 */
import { closestNames } from "../base/index.ts";
import type { LayerWish, LocalPackage, RemoteReplacement } from "../compose/index.ts";
import {
  type Keyfile,
  parseYaml,
  writeYaml,
  yamlEntry,
  type YamlEntry,
  type YamlMap,
  type YamlNode,
} from "../formats/index.ts";
import { hostError } from "./errors.ts";
import { readWish } from "./layers/wish.ts";
import { originImage, originRefspec } from "./origin.ts";
import { trackedFiles } from "./tracked-initrd.ts";

export interface HostSpec {
  /** A branch, a commit's checksum, or the words for a container image. */
  readonly follows: string;
  readonly wish: LayerWish;
  /** Files of /etc in the initramfs. */
  readonly track: readonly string[];
}

const branchKey = "base-refspec";
const imageKey = "container-image-reference";
const keys = [
  branchKey,
  imageKey,
  "packages",
  "packages-local",
  "packages-local-fileoverride",
  "override-remove",
  "override-replace-local",
  "ex-override-replace",
  "initramfs",
];

/** @throws `host-no-origin` for a deployment that follows nothing */
export function hostSpec(origin: Keyfile | undefined): HostSpec {
  const follows = originImage(origin) ?? originRefspec(origin);
  if (follows === undefined) throw hostError("no-origin", "the deployment does not say what it follows");
  return { follows, wish: readWish(origin), track: trackedFiles(origin) };
}

/** @param isImage whether the host follows a container image */
export function formatSpec({ follows, wish, track }: HostSpec, isImage: boolean): string {
  const locals = (list: readonly LocalPackage[]) =>
    Object.fromEntries(list.map(({ sha256, nevra }) => [nevra, sha256] as const));
  const initramfs = {
    ...(wish.initramfs === undefined ? {} : { regenerate: true }),
    ...(track.length > 0 ? { etc: track } : {}),
    ...((wish.initramfs ?? []).length > 0 ? { args: wish.initramfs } : {}),
  };
  const remote = wish.replaceFrom.map(({ repository, packages }) => ({ from: { repo: repository }, packages }));
  const values: readonly (readonly [key: string, value: object])[] = [
    ["packages-local", locals(wish.local)],
    ["packages-local-fileoverride", locals(wish.fileOverride)],
    ["override-remove", wish.remove],
    ["override-replace-local", locals(wish.replace)],
    ["ex-override-replace", remote],
    ["initramfs", initramfs],
  ];
  const given = values.filter(([, value]) => Object.keys(value).length > 0);
  return writeYaml([
    { [isImage ? imageKey : branchKey]: follows, packages: wish.packages, ...Object.fromEntries(given) },
  ]);
}

/** @throws `host-bad-spec` with line and column */
export function parseSpec(text: string, path: string): HostSpec {
  const { documents, faults } = parseYaml(text, path, { merge: false });
  const [fault] = faults;
  if (fault !== undefined) throw refuse(fault.at, fault.message);
  const [root, other] = documents;
  if (root?.kind !== "map" || other !== undefined) throw hostError("bad-spec", `${path}: not one map of keys`);
  for (const { key, at } of root.entries) refuseUnknown(keys, key, at);
  const initramfs = read(root, "initramfs", readInitramfs);
  return {
    follows: followed(root, path),
    wish: {
      packages: read(root, "packages", strings) ?? [],
      local: read(root, "packages-local", localPackages) ?? [],
      fileOverride: read(root, "packages-local-fileoverride", localPackages) ?? [],
      remove: read(root, "override-remove", strings) ?? [],
      replace: read(root, "override-replace-local", localPackages) ?? [],
      replaceFrom: read(root, "ex-override-replace", replacements) ?? [],
      ...(initramfs?.regenerate === true ? { initramfs: initramfs.args } : {}),
    },
    track: initramfs?.etc ?? [],
  };
}

function followed(root: YamlMap, path: string): string {
  const given = [branchKey, imageKey].flatMap((key) => read(root, key, text) ?? []);
  if (given.length === 1) return given[0]!;
  throw hostError("bad-spec", `${path}: one of ${branchKey} and ${imageKey} says what the host follows`);
}

function read<T>(map: YamlMap, key: string, take: (value: YamlNode, key: string) => T): T | undefined {
  const entry: YamlEntry | undefined = yamlEntry(map, key);
  const empty = entry === undefined || (entry.value.kind === "scalar" && entry.value.value === null);
  return empty ? undefined : take(entry.value, key);
}

function text(node: YamlNode, key: string): string {
  if (node.kind === "scalar" && typeof node.value === "string" && !/\p{Cc}/u.test(node.value)) return node.value;
  throw refuse(node.at, `${key}: must be a string`);
}

function flag(node: YamlNode, key: string): boolean {
  if (node.kind === "scalar" && typeof node.value === "boolean") return node.value;
  throw refuse(node.at, `${key}: must be true or false`);
}

function strings(node: YamlNode, key: string): string[] {
  if (node.kind !== "list") throw refuse(node.at, `${key}: must be a list of strings`);
  return node.items.map((item) => text(item, key));
}

function localPackages(node: YamlNode, key: string): LocalPackage[] {
  if (node.kind !== "map") throw refuse(node.at, `${key}: must be a map of packages to their SHA-256`);
  return node.entries.map(({ key: nevra, value }) => {
    // One of digits alone is a number to YAML.
    const sha256 = value.kind === "scalar" ? value.text : "";
    if (!/^[0-9a-f]{64}$/.test(sha256)) throw refuse(value.at, `${key}.${nevra}: must be a SHA-256`);
    return { nevra, sha256 };
  });
}

function replacements(node: YamlNode, key: string): RemoteReplacement[] {
  if (node.kind !== "list") throw refuse(node.at, `${key}: must be a list of {from: {repo: ID}, packages: [NAME...]}`);
  return node.items.map((item) => {
    const from = item.kind === "map" ? yamlEntry(item, "from")?.value : undefined;
    const repository = from?.kind === "map" ? read(from, "repo", text) : undefined;
    const packages = item.kind === "map" ? read(item, "packages", strings) : undefined;
    if (repository === undefined || packages === undefined)
      throw refuse(item.at, `${key}: must be {from: {repo: ID}, packages: [NAME...]}`);
    return { repository, packages };
  });
}

function readInitramfs(node: YamlNode, key: string) {
  if (node.kind !== "map") throw refuse(node.at, `${key}: must be a map of regenerate, etc and args`);
  for (const entry of node.entries) refuseUnknown(["regenerate", "etc", "args"], entry.key, entry.at);
  const args = read(node, "args", strings) ?? [];
  const regenerate = read(node, "regenerate", flag) ?? false;
  if (!regenerate && args.length > 0) throw refuse(node.at, `${key}: args are for an initramfs that is regenerated`);
  return { regenerate, args, etc: read(node, "etc", strings) ?? [] };
}

function refuseUnknown(known: readonly string[], key: string, at: YamlNode["at"]): void {
  if (known.includes(key)) return;
  const [near] = closestNames(known, key);
  throw refuse(at, `unknown key ${key}${near === undefined ? "" : ` (did you mean ${near}?)`}`);
}

function refuse({ file, line, column }: YamlNode["at"], message: string): Error {
  return hostError("bad-spec", `${file}:${line}:${column}: ${message}`);
}
