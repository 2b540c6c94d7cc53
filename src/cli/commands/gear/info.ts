// SPDX-License-Identifier: Apache-2.0
import { type LabelCommand, type LabelSubject } from "../../../gear/index.ts";
import { defineCommand } from "../../command.ts";
import { renderImageInfo } from "../../render/gear-image-info.ts";
import { openImage } from "./label/open-image.ts";
import { engineDeclaration, nameDeclaration, pullDeclaration } from "./label/options.ts";
import { rootOption } from "./root-option.ts";

export interface ImageInfo {
  readonly image: string;
  readonly id: string;
  readonly digest: string | undefined;
  /** What it calls itself: `NAME-VERSION-RELEASE` of its labels. */
  readonly version: string | undefined;
  readonly installed: boolean;
  readonly labels: ReadonlyMap<string, string>;
  /** What its verbs come to; a label that would be refused has the reason. */
  readonly verbs: readonly (LabelCommand | { readonly verb: string; readonly refused: string })[];
}

export default defineCommand({
  path: ["gear", "info"],
  summary: "Show what an image says of itself, and what its labels would do",
  examples: [{ command: "atomic gear info registry.example.org/tools", text: "Version, labels and commands:" }],
  arguments: [{ name: "IMAGE" }],
  options: [nameDeclaration, pullDeclaration, engineDeclaration, rootOption],
  json: true,
  async run(invocation): Promise<ImageInfo> {
    const { InstalledImages, labelVerbs } = await import("../../../gear/index.ts");
    const { image, subject } = await openImage(invocation, invocation.args[0]!);
    const verbs = await Promise.all(labelVerbs.map((verb) => describe(verb, image.labels, subject)));
    const { id, digest, labels } = image;
    const installed = new InstalledImages(invocation.value("root")).find(subject.image) !== undefined;
    return { image: subject.image, id, digest, version: versionOf(labels), installed, labels, verbs: verbs.flat() };
  },
  render: renderImageInfo,
});

async function describe(verb: LabelCommand["verb"], labels: ReadonlyMap<string, string>, subject: LabelSubject) {
  const { gearError, labelCommand } = await import("../../../gear/index.ts");
  try {
    return labelCommand({ verb, labels }, subject) ?? [];
  } catch (error) {
    if (!gearError.is(error, "bad-label")) throw error;
    return { verb, refused: (error as Error).message };
  }
}

/** Labels of the container build systems of Red Hat, or OCI's. */
function versionOf(labels: ReadonlyMap<string, string>): string | undefined {
  const get = (name: string) => labels.get(name) ?? labels.get(name.charAt(0).toUpperCase() + name.slice(1));
  const words = [get("name"), get("version"), get("release")].filter((word) => word !== undefined);
  return words.length > 0 ? words.join("-") : labels.get("org.opencontainers.image.version");
}
