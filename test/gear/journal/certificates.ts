// SPDX-License-Identifier: Apache-2.0
/** Authorities and certificates as an operator has them, made by openssl. */
import { execFileSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const openssl = (...args: string[]) => execFileSync("openssl", args, { stdio: ["ignore", "ignore", "pipe"] });
const curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"];

/** `NAME.key` and `NAME.pem` of an authority in a directory. */
export function makeAuthority(directory: string, name: string, days = 2): void {
  mkdirSync(directory, { recursive: true });
  const paths = ["-keyout", join(directory, `${name}.key`), "-out", join(directory, `${name}.pem`)];
  openssl("req", "-x509", ...curve, ...paths, "-days", String(days), "-subj", `/CN=${name}`);
}

/** `NAME.key` and `NAME.pem` that an authority has signed for a host. */
export function makeCertificate(
  directory: string,
  name: string,
  { authority, host, days = 2 }: { readonly authority: string; readonly host: string; readonly days?: number },
): void {
  const at = (suffix: string) => join(directory, `${name}.${suffix}`);
  openssl("req", ...curve, "-keyout", at("key"), "-out", at("csr"), "-subj", `/O=Example/CN=${host}`);
  writeFileSync(at("ext"), `subjectAltName=DNS:${host}\n`);
  const [ca, key] = [join(directory, `${authority}.pem`), join(directory, `${authority}.key`)];
  const signed = ["-CA", ca, "-CAkey", key, "-CAcreateserial", "-extfile", at("ext"), "-out", at("pem")];
  openssl("x509", "-req", "-in", at("csr"), "-days", String(days), ...signed);
}
