// SPDX-License-Identifier: Apache-2.0
import { dirname, join } from "node:path";
import type { YamlNode } from "../../../formats/index.ts";
import type { Mount } from "../../model.ts";
import type { Place } from "../faults.ts";
import { fileContent } from "../file-content.ts";
import { either, entries, mapped, optional, record, type Shape, text } from "../shape/index.ts";
import { path } from "./words.ts";

const pathName = "(?!\\.\\.(?:/|$))[^/\\u0000-\\u001f]+";
const relativePath = text(
  "the path of a file in the gear file's directory",
  // Each name begins with its own slash: what does not fit fails in one pass.
  `${pathName}(?:/${pathName})*/?`,
);
const modeText = text('permissions in quotes, such as "0644"', "0?[0-7]{3}");

const longFile = record(
  "file",
  {
    content: optional(text(), "What it has in it"),
    from: optional(relativePath, "File in the gear file's directory that has it"),
    mode: optional(modeText, "Permissions", "0644"),
  },
  { exactlyOne: ["content", "from"] },
);

type FileSource = Extract<Mount["source"], { kind: "file" }>;

const file: Shape<FileSource> = either(
  mapped(relativePath, (from, place, node) => read(from, 0o644, node, place)),
  mapped(longFile, ({ content, from, mode: written }, place, node): FileSource | undefined => {
    const mode = Number.parseInt(written, 8);
    return from === undefined ? { kind: "file", content: content ?? "", mode } : read(from, mode, node, place);
  }),
);

function read(from: string, mode: number, node: YamlNode, place: Place): FileSource | undefined {
  const directory = dirname(node.at.file);
  const content = fileContent(join(directory, from), node.at, place, { root: directory });
  return content === undefined ? undefined : { kind: "file", content, mode };
}

/** Files that the container finds; their content is here, or beside the gear file. */
export const files: Shape<Mount[]> = mapped(entries(path, file, "a map of paths in the container to files"), (all) =>
  all.map(({ name: target, value: source }): Mount => ({ source, target, readOnly: true })),
);
