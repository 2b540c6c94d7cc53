// SPDX-License-Identifier: Apache-2.0
import { AtomicError } from "../../../base/index.ts";
import type { HostDeployment, HostRefusal } from "../../../gear/index.ts";
import type { Sysroot } from "../../../host/index.ts";
import type { Invocation } from "../../command.ts";

/**
 * Applications of this host that ask for another version of it than the one that was deployed. It is there already, so that trouble with
 * what is known of them is no more than a warning.
 */
export async function refusedBy(
  sysroot: Sysroot,
  host: HostDeployment,
  invocation: Invocation,
): Promise<readonly HostRefusal[]> {
  // Those of another system root are not known here.
  if (sysroot.booted === undefined) return [];
  const { GenerationStore, hostRefusals } = await import("../../../gear/index.ts");
  try {
    return hostRefusals(new GenerationStore(), host);
  } catch (error) {
    if (!(error instanceof AtomicError)) throw error;
    const text = `which versions of the host applications ask for is not known: ${error.message}`;
    invocation.progress({ type: "warning", text });
    return [];
  }
}
