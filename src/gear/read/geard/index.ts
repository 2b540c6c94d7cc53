// SPDX-License-Identifier: Apache-2.0
import type { FileKind } from "../kind.ts";
import { readGeard } from "./read-geard.ts";

export const geardFile: FileKind = {
  name: "geard deployment",
  mark: "Containers, a list",
  matches: ({ documents: [root, ...more] }) =>
    more.length === 0 &&
    root?.kind === "map" &&
    root.entries.some(({ key, value }) => /^(containers|instances)$/i.test(key) && value.kind === "list"),
  read: readGeard,
};
