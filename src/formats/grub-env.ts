// SPDX-License-Identifier: Apache-2.0
/**
 * GRUB's environment block (GNU GRUB manual, "Environment block"): 1024 bytes that GRUB overwrites in place, `NAME=VALUE`
 * lines filled up with `#`. Backslashes and line feeds in values have a backslash before them (grub's util/grub-editenv.c,
 * grub-core/lib/envblk.c).
 */
const signature = "# GRUB Environment Block\n";

export const grubEnvSize = 1024;

/** Undefined: this is no environment block. */
export function decodeGrubEnv(bytes: Buffer): Map<string, string> | undefined {
  const text = bytes.toString("latin1");
  if (bytes.length !== grubEnvSize || !text.startsWith(signature)) return undefined;
  const variables = new Map<string, string>();
  for (const [, name, value] of text
    .slice(signature.length)
    .matchAll(/([^#=\n][^=\n]*)=((?:\\[^]|[^\\\n])*)\n|#[^\n]*\n?/g))
    if (name !== undefined) variables.set(name, value!.replace(/\\([^])/g, "$1"));
  return variables;
}

/** Throws when the variables do not fit. */
export function encodeGrubEnv(variables: ReadonlyMap<string, string>): Buffer {
  const lines = [...variables].map(([name, value]) => `${name}=${value.replace(/[\\\n]/g, "\\$&")}\n`);
  const text = signature + lines.join("");
  if (text.length > grubEnvSize) throw new Error(`${text.length} bytes are too many for GRUB's environment block`);
  return Buffer.from(text.padEnd(grubEnvSize, "#"), "latin1");
}
