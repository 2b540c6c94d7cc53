// SPDX-License-Identifier: Apache-2.0
import type { UpdatePolicy } from "../model.ts";
import type { QuadletSet } from "./quadlet-set.ts";

/**
 * Where newer images of the application are looked for, as `AutoUpdate=` says. An application is updated as a whole, so that
 * containers which do not say the same are not updated by themselves.
 */
export function quadletUpdate(set: QuadletSet, warn: (message: string) => void = () => {}): UpdatePolicy["images"] {
  const said = new Set<string>();
  for (const file of set.files) {
    const image = file.filled("Image");
    const pulled = file.kind === "container" && image !== undefined && !image.endsWith(".build");
    if (pulled) said.add(file.filled("AutoUpdate") ?? "none");
    if (file.kind === "kube") for (const update of kubeUpdates(file.words("AutoUpdate"))) said.add(update);
  }
  const [only, ...others] = said;
  if (others.length > 0)
    warn("AutoUpdate= is not the same for all containers, so that they are updated only when they are told to");
  else if (only === "registry" || only === "local") return only;
  return "none";
}

/** `POLICY` is all containers', `CONTAINER/POLICY` one's. */
function kubeUpdates(words: readonly string[]): string[] {
  return words.length === 0 ? ["none"] : words.map((word) => (word.includes("/") ? "none" : word));
}
