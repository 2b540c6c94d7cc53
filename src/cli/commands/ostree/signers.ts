// SPDX-License-Identifier: Apache-2.0
/** The options by which commands that write something are told to sign it. */
import type { Signer } from "../../../ostree/index.ts";
import type { Invocation, OptionDeclaration } from "../../command.ts";

/** @param what is signed: `commit`, `summary` */
export function signOptions(what: string): OptionDeclaration[] {
  return [
    { name: "gpg-sign", value: "KEY-ID", repeat: true, help: `GPG Key ID to sign the ${what} with` },
    { name: "gpg-homedir", value: "HOMEDIR", help: "GPG Homedir to use when looking for keyrings" },
    { name: "sign", value: "KEY-ID", repeat: true, help: `Secret key to sign the ${what} with` },
    { name: "sign-type", value: "NAME", help: "Signature type to use (defaults to 'ed25519')" },
  ];
}

export const signFromFileOption: OptionDeclaration = {
  name: "sign-from-file",
  value: "PATH",
  repeat: true,
  help: "Sign the commit with key from the provided file",
};

/** Signers in stock's order: keys that are given, the first key of each file, then GPG's. */
export async function signersOf(invocation: Invocation, files: readonly string[] = []): Promise<Signer[]> {
  const keys = invocation.values("sign");
  const gpgKeys = invocation.values("gpg-sign");
  const own = keys.length + files.length === 0 ? [] : await keySigners(invocation, keys, files);
  if (gpgKeys.length === 0) return own;
  const { gpgSigner } = await import("../../../ostree/index.ts");
  return [...own, ...gpgKeys.map((key) => gpgSigner(key, invocation.value("gpg-homedir")))];
}

async function keySigners(
  invocation: Invocation,
  keys: readonly string[],
  files: readonly string[],
): Promise<Signer[]> {
  const { defaultSignType, keySigner, ostreeError, parseSecretKey, parseSignType, readSecretKeys } =
    await import("../../../ostree/index.ts");
  const type = parseSignType(invocation.value("sign-type") ?? defaultSignType);
  const fromFiles = files.map((path) => {
    const [secret] = readSecretKeys(type, path);
    if (!secret) throw ostreeError("sign-keys", `Reading ${path}: it holds no key`);
    return secret;
  });
  return [...keys.map((key) => parseSecretKey(type, key)), ...fromFiles].map((secret) => keySigner(type, secret));
}
