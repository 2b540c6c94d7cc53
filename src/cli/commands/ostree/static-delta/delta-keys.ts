// SPDX-License-Identifier: Apache-2.0
/** The keys by which deltas are checked. */
import type { DeltaKeys } from "../../../../ostree/index.ts";
import type { Invocation, OptionDeclaration } from "../../../command.ts";

export const deltaKeyOptions: readonly OptionDeclaration[] = [
  { name: "sign-type", value: "NAME", help: "Signature type to use (defaults to 'ed25519')" },
  { name: "keys-file", value: "NAME", help: "Read key(s) from file" },
  {
    name: "keys-dir",
    value: "NAME",
    help: "Redefine system-wide directories with public and revoked keys for verification",
  },
];

/** Keys given as arguments, then those of the file; without any, those of the directory or the system's. */
export async function deltaKeys(invocation: Invocation, texts: readonly string[]): Promise<DeltaKeys> {
  const { defaultSignType, keySet, loadSystemKeys, parseSignType, readPublicKeys } =
    await import("../../../../ostree/index.ts");
  const type = parseSignType(invocation.value("sign-type") ?? defaultSignType);
  const given = keySet(type, ...texts);
  const file = invocation.value("keys-file");
  if (file === undefined && texts.length > 0) return { type, keys: given };
  if (file === undefined) return { type, keys: loadSystemKeys(type, invocation.value("keys-dir")) };
  return { type, keys: { trusted: [...given.trusted, ...readPublicKeys(type, file)], revoked: given.revoked } };
}
