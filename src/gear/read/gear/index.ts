// SPDX-License-Identifier: Apache-2.0
import { type FileKind, hasKey, hasMap } from "../kind.ts";
import { readGear } from "./read.ts";

export { gearKeys, gearSchema } from "./application.ts";

export const gearFile: FileKind = {
  name: "gear file",
  mark: "application",
  // Kubernetes has `containers` deeper down, and geard's is a list.
  matches: (file) => hasKey(file, "application") || hasMap(file, "containers"),
  read: ({ documents: [root] }) => readGear(root!),
};
