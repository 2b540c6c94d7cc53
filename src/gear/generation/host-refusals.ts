// SPDX-License-Identifier: Apache-2.0
import { satisfiesHostVersion } from "../host-version.ts";
import type { Name } from "../name.ts";
import { chooseGeneration } from "./host-binding.ts";
import type { HostDeployment } from "./model.ts";
import type { GenerationStore } from "./store.ts";

/** An application whose file asks for another version of the host. */
export interface HostRefusal {
  readonly application: Name;
  /** That goes with the host when it boots. */
  readonly generation: number;
  readonly hostVersion: string;
  /** What it was deployed from, as it was named. */
  readonly source: string;
}

/** The applications that would count as not healthy if a deployment of the host booted now. */
export function hostRefusals(store: GenerationStore, host: HostDeployment): HostRefusal[] {
  return store.applications().flatMap((application): HostRefusal[] => {
    const { current, hosts } = store.requireRecord(application);
    if (current === undefined || hosts === undefined) return [];
    const generationOf = (number: number) => store.generation(application, number);
    const generation = chooseGeneration(hosts, current, host, (number) => generationOf(number).hostVersion);
    const { hostVersion, source } = generationOf(generation);
    if (hostVersion === undefined || satisfiesHostVersion(hostVersion, host.version)) return [];
    return [{ application, generation, hostVersion, source: source.path }];
  });
}
