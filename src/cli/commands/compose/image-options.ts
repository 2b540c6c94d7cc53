// SPDX-License-Identifier: Apache-2.0
/** Options of the verbs that write container images. */
import { readFileSync } from "node:fs";
import type { EncapsulateCommitOptions, EncapsulatedCommit, ManifestDiff } from "../../../compose/index.ts";
import type { Invocation, OptionDeclaration } from "../../command.ts";
import { cliError } from "../../errors.ts";
import { formatBytes } from "../../style.ts";

export const labelOption: OptionDeclaration = {
  name: "label",
  short: "l",
  value: "KEY=VALUE",
  repeat: true,
  help: "Add a label to the image",
};

export const imageConfigOption: OptionDeclaration = {
  name: "image-config",
  value: "FILE",
  help: "Start from this JSON, the member `config` of an image's configuration: what a container of it is run with",
};

export const maxLayersOption: OptionDeclaration = {
  name: "max-layers",
  value: "N",
  help: "Layers besides the one with the commit; default: 64",
};

export const formatVersionOption: OptionDeclaration = {
  name: "format-version",
  value: "1|2",
  help: "2: every layer has the directories that its files stand in; default: 1",
};

type ImageOptions = Pick<EncapsulateCommitOptions, "labels" | "execution" | "maxLayers" | "formatVersion">;

export async function readImageOptions(invocation: Invocation): Promise<ImageOptions> {
  const labels = new Map(invocation.values("label").map(keyValue));
  const [config, layers, version] = ["image-config", "max-layers", "format-version"].map((name) =>
    invocation.value(name),
  );
  if (layers !== undefined && !/^[1-9]\d{0,2}$/.test(layers))
    throw cliError("usage", `--max-layers=${layers}: a number wanted`);
  if (version !== undefined && version !== "1" && version !== "2")
    throw cliError("usage", `--format-version=${version}: there are 1 and 2`);
  const { parseOciObject } = await import("../../../formats/index.ts");
  return {
    labels,
    ...(config === undefined ? {} : { execution: parseOciObject(readFileSync(config), config) }),
    ...(layers === undefined ? {} : { maxLayers: Number(layers) }),
    ...(version === undefined ? {} : { formatVersion: version === "2" ? 2 : 1 }),
  };
}

function keyValue(text: string): readonly [string, string] {
  const equals = text.indexOf("=");
  if (equals < 1) throw cliError("usage", `--label=${text}: KEY=VALUE wanted`);
  return [text.slice(0, equals), text.slice(equals + 1)];
}

/** What was written, for people; `--json` has each layer. */
export function imageLines({ image, digest, commit, layers }: Omit<EncapsulatedCommit, "manifest">): string[] {
  const size = layers.reduce((sum, layer) => sum + layer.size, 0);
  return [
    `Image: ${image}`,
    `Digest: ${digest}`,
    `Commit: ${commit}`,
    `Layers: ${layers.length} (${formatBytes(size)})`,
  ];
}

export function differenceLines({ layers, size, removed, removedSize, added, addedSize }: ManifestDiff): string[] {
  return [
    `Total new layers: ${layers} (${formatBytes(size)})`,
    `Removed layers: ${removed} (${formatBytes(removedSize)})`,
    `Added layers: ${added} (${formatBytes(addedSize)})`,
  ];
}
