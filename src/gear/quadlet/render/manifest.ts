// SPDX-License-Identifier: Apache-2.0
/** What a manifest of Kubernetes says that podman plays, as far as deploying has to know it before. */
import { parseYaml, type YamlMap, type YamlNode, type YamlScalar, yamlEntry } from "../../../formats/index.ts";
import { gearError } from "../../errors.ts";
import type { HostPort, Pins } from "../../generation/model.ts";

export interface Manifest {
  readonly text: string;
  readonly containers: readonly ManifestContainer[];
  readonly ports: readonly Omit<HostPort, "unit">[];
}

export interface ManifestContainer {
  /** As podman names it: `POD-CONTAINER`. */
  readonly name: string;
  readonly image: YamlScalar;
  readonly hasHealthCheck: boolean;
}

/** @throws gear-bad-file for what is no YAML */
export function readManifest(text: string, path: string): Manifest {
  const { documents, faults } = parseYaml(text, path);
  const [fault] = faults;
  if (fault !== undefined) {
    throw gearError("bad-file", `${path}:${fault.at.line}:${fault.at.column}: ${fault.message}`);
  }
  const found = documents.flatMap((document) => [...containersOf(document, podName(document))]);
  return {
    text,
    containers: found.flatMap(({ node, pod }) => {
      const image = child(node, "image");
      if (image?.kind !== "scalar" || typeof image.value !== "string") return [];
      return [
        { name: `${pod}-${word(node, "name")}`, image, hasHealthCheck: child(node, "livenessProbe") !== undefined },
      ];
    }),
    ports: found.flatMap(({ node }) => items(child(node, "ports")).flatMap(hostPort)),
  };
}

/** The manifest with its images pinned. */
export function pinManifest({ text, containers }: Manifest, pins: Pins): string {
  const lines = text.split("\n");
  const starts = lines.map(
    (
      (at) => (line: string) =>
        (at += line.length + 1) - line.length - 1
    )(0),
  );
  const edits = containers.flatMap(({ image }) => {
    const pinned = pins.get(String(image.value));
    return pinned === undefined ? [] : [{ image, pinned, start: starts[image.at.line - 1]! + image.at.column - 1 }];
  });
  let result = text;
  for (const { image, pinned, start } of edits.toSorted((a, b) => b.start - a.start)) {
    const written = new RegExp(`^(["']?)${RegExp.escape(image.text)}\\1`).exec(result.slice(start))?.[0];
    if (written === undefined) {
      const { file, line, column } = image.at;
      throw gearError(
        "unsupported",
        `${file}:${line}:${column}: an image that is not written plainly cannot be pinned`,
      );
    }
    result = result.slice(0, start) + JSON.stringify(pinned) + result.slice(start + written.length);
  }
  return result;
}

/** podman calls the pod of anything but a Pod NAME-pod (kube play). */
function podName(document: YamlNode): string {
  const name = word(child(document, "metadata"), "name");
  return word(document, "kind") === "Pod" ? name : `${name}-pod`;
}

function* containersOf(node: YamlNode, pod: string): Generator<{ node: YamlMap; pod: string }> {
  if (node.kind === "scalar") return;
  for (const item of items(node)) yield* containersOf(item, pod);
  if (node.kind !== "map") return;
  for (const { key, value } of node.entries) {
    const isList = key === "containers" || key === "initContainers";
    for (const item of isList ? items(value) : []) if (item.kind === "map") yield { node: item, pod };
    if (!isList) yield* containersOf(value, pod);
  }
}

function hostPort(node: YamlNode): Omit<HostPort, "unit">[] {
  const port = Number(word(node, "hostPort"));
  if (!(port >= 1 && port <= 65_535)) return [];
  const protocol = (word(node, "protocol") || "TCP").toLowerCase() as HostPort["protocol"];
  return [{ protocol, address: word(node, "hostIP") || undefined, port }];
}

const items = (node: YamlNode | undefined): readonly YamlNode[] => (node?.kind === "list" ? node.items : []);

const child = (node: YamlNode | undefined, key: string): YamlNode | undefined =>
  node?.kind === "map" ? yamlEntry(node, key)?.value : undefined;

function word(node: YamlNode | undefined, key: string): string {
  const value = child(node, key);
  return value?.kind === "scalar" ? value.text : "";
}
