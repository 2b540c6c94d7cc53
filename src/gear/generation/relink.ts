// SPDX-License-Identifier: Apache-2.0
import { AtomicError } from "../../base/index.ts";
import { applyInstanceLinks, LinkStore } from "../link/index.ts";
import { linksDirectory } from "./installed.ts";
import type { Generation } from "./model.ts";
import type { Problem } from "./problem.ts";
import type { GenerationStore } from "./store.ts";

/**
 * Gives what runs on without a restart the links of the generation that its host was brought to. It has the other one's, also
 * where both are the same: that one's directory may be removed.
 */
export async function relink(store: GenerationStore, generation: Generation | undefined): Promise<readonly Problem[]> {
  if (generation === undefined) return [];
  const { rendered, number } = generation;
  const directory = `${store.ownDirectory(rendered.application, number)}/files`;
  const links = new LinkStore(store.root);
  const problems: Problem[] = [];
  for (const path of rendered.files.keys()) {
    if (!path.startsWith(linksDirectory)) continue;
    const instance = path.slice(linksDirectory.length);
    const running = links.running(instance);
    if (running === undefined || running.file === `${directory}${path}`) continue;
    try {
      await applyInstanceLinks(links, instance, `${directory}${path}`, running.pid);
    } catch (error) {
      // It may have ended meanwhile: its unit applies them when it starts again.
      if (!(error instanceof AtomicError)) throw error;
      if (links.running(instance) !== undefined) {
        problems.push({ unit: `${instance}.service`, what: `has not got its links: ${error.message}`, log: [] });
      }
    }
  }
  return problems;
}
