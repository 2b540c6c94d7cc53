// SPDX-License-Identifier: Apache-2.0
/** What the compose verbs have in common. */
import type { Treefile } from "../../../compose/index.ts";
import type { Invocation, OptionDeclaration } from "../../command.ts";
import { cliError } from "../../errors.ts";

export const composeOptions: readonly OptionDeclaration[] = [
  {
    name: "cachedir",
    value: "DIR",
    help: "Keep repository indices and packages there; default: /var/cache/atomic/compose",
  },
  { name: "cache-only", help: "Use what the cache directory has; no network" },
];

export function cacheDir(invocation: Invocation): string {
  return invocation.value("cachedir") ?? "/var/cache/atomic/compose";
}

export async function openTreefile(invocation: Invocation): Promise<Treefile> {
  const [path] = invocation.args;
  if (path === undefined)
    throw cliError("usage", "no treefile given", { hint: `write one, or try examples/debian-container-host.yaml` });
  const { loadTreefile } = await import("../../../compose/index.ts");
  return loadTreefile(path);
}
