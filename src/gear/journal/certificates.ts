// SPDX-License-Identifier: Apache-2.0
import { createPrivateKey, X509Certificate } from "node:crypto";
import { readFileSync, statSync } from "node:fs";
import { isAbsolute } from "node:path";
import { gearError } from "../errors.ts";

/** Where both ends of an upload find theirs, absolute paths of PEM files. */
export interface CertificatePaths {
  readonly key: string;
  readonly certificate: string;
  /** Certificates of the authorities that the other end's may be of. */
  readonly trust: string;
}

export interface CertificateReport {
  /** The certificate's common name: by which a collector knows a host. */
  readonly name: string;
  /** Milliseconds since the epoch. */
  readonly expires: number;
}

/** More than any chain of certificates has. */
const sizeLimit = 1 << 20;

/**
 * Reads what an end of an upload is given and refuses what would fail later, in a service: a key of another certificate, one
 * that is not valid now, a key that everybody can read. Services get them as credentials, which systemd reads as root.
 * @throws gear-bad-certificate
 */
export function checkCertificates(paths: CertificatePaths, now: number): CertificateReport {
  for (const path of Object.values<string>({ ...paths })) {
    if (!isAbsolute(path)) throw bad(path, "is not an absolute path");
  }
  const [certificate] = certificatesOf(paths.certificate);
  checkTime(certificate!, paths.certificate, now);
  const authorities = certificatesOf(paths.trust);
  // A bundle keeps those that have expired, and has those that are not valid yet.
  if (!authorities.some((one) => isValid(one, now))) checkTime(authorities[0]!, paths.trust, now);
  const key = privateKey(paths.key);
  if (statSync(paths.key).mode & 0o004) throw bad(paths.key, "can be read by everybody", `chmod 600 ${paths.key}`);
  if (!certificate!.checkPrivateKey(key)) {
    throw bad(paths.key, `is not the key of ${paths.certificate}`);
  }
  return { name: commonName(certificate!, paths.certificate), expires: certificate!.validToDate.getTime() };
}

function privateKey(path: string) {
  try {
    return createPrivateKey(readText(path));
  } catch (cause) {
    // Without the cause's words: they may have a part of the key.
    if (gearError.is(cause, "bad-certificate")) throw cause;
    throw bad(path, "is not a private key in PEM, or has a passphrase, which nobody could type");
  }
}

function certificatesOf(path: string): X509Certificate[] {
  const found = readText(path).match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? [];
  if (found.length === 0) throw bad(path, "has no certificate in PEM");
  try {
    return found.map((pem) => new X509Certificate(pem));
  } catch (cause) {
    throw bad(path, "does not read as certificates", undefined, cause);
  }
}

function readText(path: string): string {
  try {
    if (statSync(path).size > sizeLimit) throw bad(path, `is larger than ${sizeLimit} bytes`);
    return readFileSync(path, "utf8");
  } catch (cause) {
    if (gearError.is(cause, "bad-certificate")) throw cause;
    throw bad(path, "cannot be read", undefined, cause);
  }
}

const isValid = ({ validFromDate: from, validToDate: to }: X509Certificate, now: number): boolean =>
  from.getTime() <= now && now <= to.getTime();

function checkTime(certificate: X509Certificate, path: string, now: number): void {
  if (isValid(certificate, now)) return;
  const { validFromDate: from, validToDate: to, subject } = certificate;
  const name = subject.replaceAll("\n", ", ");
  const when =
    now > to.getTime() ? `that expired on ${to.toISOString()}` : `that is valid from ${from.toISOString()} on`;
  throw bad(path, `has a certificate (${name}) ${when}`);
}

/** A name that a collector takes as that of a file. */
export const hostName = /^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$/;

function commonName(certificate: X509Certificate, path: string): string {
  const name = /^CN=(.*)$/m.exec(certificate.subject)?.[1] ?? "";
  if (hostName.test(name)) return name;
  throw bad(path, `has no common name that is one of a host: ${JSON.stringify(name.slice(0, 100))}`);
}

function bad(path: string, why: string, hint?: string, cause?: unknown) {
  const more = { ...(hint === undefined ? {} : { hint }), ...(cause === undefined ? {} : { cause }) };
  return gearError("bad-certificate", `${path} ${why}`, more);
}
