// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { type Keyring, loadKeyring, readRpm } from "../../../src/packages/index.ts";

const data = join(import.meta.dirname, "../../../../shared/data/rpm");

/** All public keys but those of kinds that OpenPGP.js does not know (ML-DSA). */
async function loadAll(): Promise<Keyring> {
  const names = readdirSync(join(data, "keys")).filter((name) => !name.includes("mldsa"));
  const keyrings = await Promise.all(names.map((name) => loadKeyring(join(data, "keys", name))));
  return { name: "all keys", keys: keyrings.flatMap(({ keys }) => keys) };
}

/** Keys that rpm 6.1 does not take for the SHA-1 in their own signatures. */
const centos6 = "0946FCA2C105B9DE";
const centos7 = "24C6A8A7F4A80EB5";

/** What our words are for rpm's. */
function statusOf(verdict: string, keyId: string): string[] {
  if (verdict === "OK") return ["good", "unchecked"];
  if (verdict === "NOTTRUSTED") return ["untrusted"];
  if (verdict !== "NOKEY") throw new Error(verdict);
  return [keyId === centos6 ? "expired-key" : keyId === centos7 ? "good" : "unknown-key"];
}

const now = Date.UTC(2026, 0, 1) / 1000;

for (const name of readdirSync(join(data, "rpms")).sort()) {
  const path = join(data, "rpms", name);
  const text = readFileSync(join(data, "expected", name.replace(/\.rpm$/, ".txt"))).toString("latin1");
  const lines = text.split("\n").filter((line) => /^(Header|Legacy) OpenPGP.*signature/.test(line));
  if (lines.length === 0) continue;
  test(`signatures are judged as rpm judges them: ${name}`, async () => {
    const keyring = await loadAll();
    if (lines.some((line) => line.includes("BAD"))) {
      return assert.rejects(readRpm(path, { keyring, now }), { code: /^packages-bad-(signature|digest)$/ });
    }
    using rpm = await readRpm(path, { allowUnsigned: true, keyring, now });
    const left = [...rpm.signatures];
    for (const line of lines) {
      const match = /^(Header|Legacy) OpenPGP V([0-9]) (\S+) signature, key \S+: [0-9a-f]+: ([A-Z]+)/.exec(
        line.replace("key ID ", "key ID: "),
      );
      const [, range, version, algorithm, verdict = ""] = match ?? [];
      const at = left.findIndex(
        (one) =>
          (one.range === "header") === (range === "Header") &&
          `V${one.version}` === `V${version}` &&
          one.algorithm === algorithm,
      );
      assert.ok(at >= 0, line);
      const [one] = left.splice(at, 1);
      assert.ok(statusOf(verdict, one!.keyId).includes(one!.status), `${line}: ${one!.status} ${one!.reason}`);
    }
    assert.deepEqual(left, []);
  });
}

test("DSA signatures of old packages are good where the policy allows them", async () => {
  const keyring = await loadAll();
  for (const name of ["centos-release-3.1-1.i386.rpm", "centos-release-4-0.1.x86_64.rpm"]) {
    const path = join(data, "rpms", name);
    await assert.rejects(readRpm(path, { keyring, now }), { code: "packages-untrusted-signature" });
    using rpm = await readRpm(path, { keyring, now: Date.UTC(2006, 0, 1) / 1000, policy: "legacy" });
    assert.deepEqual(
      rpm.signatures.map(({ status }) => status),
      ["good", "good"],
      name,
    );
  }
});
