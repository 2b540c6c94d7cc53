// SPDX-License-Identifier: Apache-2.0
import { resolve } from "node:path";
import type { CertificatePaths } from "../../../../gear/index.ts";
import type { Invocation, OptionDeclaration } from "../../../command.ts";
import { cliError } from "../../../errors.ts";

export const certificateOptions: readonly OptionDeclaration[] = [
  { name: "key", value: "FILE", help: "This host's private key, in PEM" },
  { name: "certificate", value: "FILE", help: "This host's certificate, in PEM" },
  { name: "trust", value: "FILE", help: "Certificates of the authorities that the other end's is of, in PEM" },
];

/** All three: neither end goes without. */
export function certificatePaths(invocation: Invocation): CertificatePaths {
  const [key = "", certificate = "", trust = ""] = ["key", "certificate", "trust"].map((name) => {
    const path = invocation.value(name);
    if (path === undefined || path === "") throw cliError("usage", `--${name} is missing`);
    return resolve(path);
  });
  return { key, certificate, trust };
}

const day = 24 * 60 * 60 * 1000;

/** `certificate web1.example, until 2027-01-31`, and in its last weeks how many days are left. */
export function certificateText(
  { name, expires }: { readonly name: string; readonly expires: number },
  now: number,
): string {
  const days = Math.floor((expires - now) / day);
  const left = days < 21 ? ` (${days} days; systemctl restart the service when it has been renewed)` : "";
  return `certificate ${name}, until ${new Date(expires).toISOString().slice(0, 10)}${left}`;
}
