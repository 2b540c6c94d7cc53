// SPDX-License-Identifier: Apache-2.0
import { hash } from "node:crypto";

const alphabet = "ybndrfg8ejkmcpqxot1uwisza345h769";

/** z-base-32 of a whole number of 5-bit groups. */
function encodeZBase32(bytes: Uint8Array): string {
  let bits = 0;
  let held = 0;
  let text = "";
  for (const byte of bytes) {
    held = (held << 8) | byte;
    for (bits += 8; bits >= 5; bits -= 5) text += alphabet[(held >> (bits - 5)) & 31];
    held &= 31;
  }
  return text;
}

/**
 * Where the key of a mail address is published (draft-koch-openpgp-webkey-service 3.1); `undefined` when it is no
 * address (ot_gpg_wkd_urls).
 */
export function keyDirectoryUrls(email: string): { advanced: string; direct: string } | undefined {
  const [local, domain, ...rest] = email.split("@");
  if (!local || !domain || rest.length > 0) return undefined;
  const name = encodeZBase32(hash("sha1", local.toLowerCase(), "buffer"));
  const path = `hu/${name}?l=${encodeURIComponent(local)}`;
  const place = "/.well-known/openpgpkey";
  return {
    advanced: `https://openpgpkey.${domain}${place}/${domain.toLowerCase()}/${path}`,
    direct: `https://${domain}${place}/${path}`,
  };
}
