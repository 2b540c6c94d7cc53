// SPDX-License-Identifier: Apache-2.0
import { yamlEntry } from "../../../formats/index.ts";
import type { FileKind } from "../kind.ts";
import { readKubernetes } from "./read-kubernetes.ts";

export const kubernetesFile: FileKind = {
  name: "Kubernetes objects",
  mark: "apiVersion and kind",
  matches: ({ documents }) =>
    documents.length > 0 &&
    documents.every((node) => node.kind === "map" && yamlEntry(node, "apiVersion") && yamlEntry(node, "kind")),
  read: (file, options) => ({ application: readKubernetes(file, options) }),
};
