// SPDX-License-Identifier: Apache-2.0
import { homedir } from "node:os";
import { dirname, resolve } from "node:path";
import type { YamlNode } from "../../../formats/index.ts";
import type { Mount } from "../../model.ts";
import type { Place } from "../faults.ts";
import { either, list, mapped, type Shape, size, text } from "../shape/index.ts";
import { parseSize, pathPattern } from "../value/index.ts";
import { may, must, oneOrMore, specified, toName, truth } from "./shapes.ts";

const target = text("an absolute path", pathPattern);
const wholePath = new RegExp(`^(?:${pathPattern})$`, "u");

/** Where a path of the host begins that a short volume names (compose-go, format/volume.go `isFilePath`). */
const hostPath = /^(?:\.|\/|~(?:\/|$))/;

/** Options of a short volume; those that say nothing of Linux are taken as they are (docker-run(1), --volume). */
const options = new Map<string, { readonly readOnly?: boolean }>([
  ["ro", { readOnly: true }],
  ["rw", {}],
  ["cached", {}],
  ["delegated", {}],
  ["consistent", {}],
]);

function short(word: string, place: Place, node: YamlNode): Mount | undefined {
  const [source = "", inside, written = "", ...more] = word.split(":");
  if (inside === undefined) {
    return place.unsupported(node.at, "volumes without a name are not supported", "give it a name: NAME:/path");
  }
  if (more.length > 0 || !wholePath.test(inside)) {
    return place.fault(node.at, `must be NAME-OR-PATH:/path[:ro], not ${JSON.stringify(word.slice(0, 80))}`);
  }
  const words = written === "" ? [] : written.split(",");
  const unknown = words.find((option) => !options.has(option));
  if (unknown !== undefined) {
    const labelled = unknown === "z" || unknown === "Z" ? "leave it out: labels are the tenant's" : undefined;
    return place.unsupported(
      node.at,
      `the option ${JSON.stringify(unknown.slice(0, 40))} of a volume is not supported`,
      labelled,
    );
  }
  const readOnly = words.includes("ro");
  if (hostPath.test(source)) return { source: { kind: "bind", path: onHost(source, node) }, target: inside, readOnly };
  if (!/^[A-Za-z0-9][A-Za-z0-9._-]*$/.test(source))
    return place.fault(node.at, `${JSON.stringify(source)} is no name of a volume`);
  return { source: { kind: "volume", name: toName(source) }, target: inside, readOnly };
}

/** A path of the host, which may be relative to the file that has it. */
export function onHost(path: string, node: YamlNode): string {
  return resolve(dirname(node.at.file), path.replace(/^~(?=\/|$)/, homedir()));
}

const long = specified(
  "volume",
  {
    type: must(text("volume, bind or tmpfs", "volume|bind|tmpfs")),
    source: may(text("a name or a path", "[^\\u0000-\\u001f]+")),
    target: must(target),
    read_only: may(truth, false),
    // The directory must be there in any case.
    bind: may(specified("bind", { create_host_path: may(truth) }, { propagation: "", selinux: "" })),
    volume: may(specified("named-volume", {}, { nocopy: "", subpath: "" })),
    tmpfs: may(specified("tmpfs", { size: may(size) }, { mode: "" })),
    consistency: may(text("consistent, cached or delegated", "consistent|cached|delegated")),
  },
  { image: "" },
);

const mount: Shape<Mount> = either(
  mapped(text(), short),
  mapped(long, ({ type, source, target: inside, read_only: readOnly, tmpfs }, place, node): Mount | undefined => {
    if (type === "tmpfs") return { source: { kind: "tmpfs", size: tmpfs?.size }, target: inside, readOnly };
    if (source === undefined) {
      if (type === "bind") return place.fault(node.at, "source is missing");
      return place.unsupported(node.at, "volumes without a name are not supported", "give it a name with source");
    }
    if (type === "bind") return { source: { kind: "bind", path: onHost(source, node) }, target: inside, readOnly };
    return { source: { kind: "volume", name: toName(source) }, target: inside, readOnly };
  }),
);

export const volumes: Shape<Mount[]> = list(mount, "a list of volumes");

/** `/path[:size=64m]` */
const memory: Shape<Mount> = mapped(text("an absolute path"), (word, place, node): Mount | undefined => {
  const [path = "", written, ...more] = word.split(":");
  const bytes = written === undefined ? undefined : parseSize(/^size=(.*)$/.exec(written)?.[1] ?? "");
  if (!wholePath.test(path) || more.length > 0)
    return place.fault(node.at, "must be an absolute path, perhaps with :size=64m");
  if (written !== undefined && bytes === undefined) {
    return place.unsupported(
      node.at,
      `the options ${JSON.stringify(written.slice(0, 40))} of a tmpfs are not supported`,
    );
  }
  return { source: { kind: "tmpfs", size: bytes }, target: path, readOnly: false };
});

export const tmpfs: Shape<Mount[]> = oneOrMore(memory, "a path or a list of paths");
