// SPDX-License-Identifier: Apache-2.0
import type { YamlMap } from "../../../formats/index.ts";
import { type FileKind, hasMap } from "../kind.ts";
import { readCompose } from "./read.ts";

export const composeFile: FileKind = {
  name: "Compose file",
  mark: "services",
  matches: (file) => hasMap(file, "services") || hasMap(file, "include"),
  read: ({ documents: [root], path }, options) => readCompose(root as YamlMap, path, options),
};
