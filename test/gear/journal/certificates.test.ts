// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { checkCertificates } from "../../../src/gear/journal/certificates.ts";
import { makeAuthority, makeCertificate } from "./certificates.ts";

test("a bundle of authorities may have some that are not valid any more, or not yet, but not only those", (t) => {
  const directory = mkdtempSync(join(tmpdir(), "atomic-certificates-"));
  t.after(() => rmSync(directory, { recursive: true }));
  makeAuthority(directory, "ca", 20);
  makeAuthority(directory, "brief", 1);
  makeCertificate(directory, "web1", { authority: "ca", host: "web1.example", days: 20 });
  const at = (name: string) => join(directory, name);
  const pem = (name: string) => readFileSync(at(`${name}.pem`), "utf8");
  writeFileSync(at("both.pem"), pem("brief") + pem("ca"));
  const later = Date.now() + 7 * 86_400_000;
  const check = (trust: string) =>
    checkCertificates({ key: at("web1.key"), certificate: at("web1.pem"), trust: at(`${trust}.pem`) }, later);
  assert.equal(check("both").name, "web1.example");
  assert.throws(() => check("brief"), /brief\.pem has a certificate \(CN=brief\) that expired on/);
});
