// SPDX-License-Identifier: Apache-2.0
import { createInterface } from "node:readline/promises";
import type { Allowed, AskedPermission } from "../../../gear/index.ts";
import type { Invocation, OptionDeclaration } from "../../command.ts";

export const consentOptions: readonly OptionDeclaration[] = [
  {
    name: "allow",
    value: "PERMISSION",
    repeat: true,
    help: "Allow this of what the image asks for; with commas several",
  },
  { name: "yes", short: "y", help: "Allow all that the image asks for" },
];

/** What was allowed on the command line. */
export async function allowedOptions(invocation: Invocation): Promise<Allowed> {
  if (invocation.flag("yes")) return "all";
  const { parsePermissions } = await import("../../../gear/index.ts");
  return new Set(invocation.values("allow").flatMap((text) => parsePermissions(text)));
}

/**
 * Has whoever is at the terminal allow what the command line did not; without one, it is refused with all that is asked for.
 * @param what who asks, with what would be done
 * @throws gear-permission
 */
export async function requireConsent(
  invocation: Invocation,
  what: string,
  asked: readonly AskedPermission[],
): Promise<void> {
  const { deniedPermissions, permissionLines, requirePermissions } = await import("../../../gear/index.ts");
  const allowed = await allowedOptions(invocation);
  if (deniedPermissions(asked, allowed).length === 0) return;
  if (process.stdin.isTTY && process.stderr.isTTY) {
    process.stderr.write(`${[what, ...permissionLines(asked).map((line) => `  ${line}`)].join("\n")}\n`);
    using terminal = createInterface({ input: process.stdin, output: process.stderr });
    // Ctrl-C and Ctrl-D are a no.
    const answer = await terminal.question("Allow all of it? [y/N] ").catch(() => "");
    if (/^y(?:es)?$/i.test(answer.trim())) return;
  }
  requirePermissions(what, asked, allowed);
}
