// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdtempSync, readdirSync, readFileSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { request } from "node:https";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { entryReceiver } from "../../../src/gear/journal/index.ts";
import { pruneRemote } from "../../../src/gear/journal/remote-files.ts";
import { makeAuthority, makeCertificate } from "./certificates.ts";

const full = (host: string, number: number) => `remote-${host}@${"0".repeat(32)}-${number}-0.journal`;

function directoryWith(t: TestContext, names: readonly string[]): string {
  const directory = mkdtempSync(join(tmpdir(), "atomic-remote-"));
  t.after(() => rmSync(directory, { recursive: true }));
  for (const [age, name] of names.entries()) {
    writeFileSync(join(directory, name), Buffer.alloc(1 << 20, 1));
    utimesSync(join(directory, name), age, age);
  }
  return directory;
}

test("a host's space is its own, whatever namespaces it names: full files go first, what is written stays", (t) => {
  const others = [full("web10", 1), "remote-web10.journal"];
  const names = [...others, "remote-web1+a.journal", "remote-web1+b.journal", full("web1", 1), full("web1", 2)];
  const directory = directoryWith(t, names);
  const left = (limit: number) => {
    pruneRemote("web1", limit << 20, new Set(["remote-web1+a.journal"]), directory);
    return readdirSync(directory).filter((name) => !others.includes(name));
  };
  assert.equal(left(4).length, 4);
  assert.deepEqual(left(3), ["remote-web1+a.journal", "remote-web1+b.journal", full("web1", 2)]);
  assert.deepEqual(left(1), ["remote-web1+a.journal"]);
  assert.deepEqual(left(0), ["remote-web1+a.journal"]);
  assert.deepEqual(readdirSync(directory).sort(), [...others, "remote-web1+a.journal"].sort());
});

test("a batch that never ends is held to the limit as well", async (t) => {
  const pki = mkdtempSync(join(tmpdir(), "atomic-pki-"));
  t.after(() => rmSync(pki, { recursive: true }));
  makeAuthority(pki, "ca");
  for (const name of ["logs", "web1"]) makeCertificate(pki, name, { authority: "ca", host: "localhost" });
  // It reads to the end, as the writer of journals does.
  const reader = join(pki, "reader");
  writeFileSync(reader, "#!/bin/sh\nexec cat >/dev/null\n", { mode: 0o755 });
  const pem = (file: string) => readFileSync(join(pki, file));
  const directory = directoryWith(t, [full("localhost", 1)]);
  const server = entryReceiver({
    key: pem("logs.key"),
    certificate: pem("logs.pem"),
    trust: pem("ca.pem"),
    directory,
    maxUse: 0,
    program: reader,
    tell: () => {},
  }).listen(0, "localhost");
  await once(server, "listening");
  const sent = request({
    port: (server.address() as AddressInfo).port,
    path: "/upload",
    method: "POST",
    headers: { "content-type": "application/vnd.fdo.journal" },
    ca: pem("ca.pem"),
    key: pem("web1.key"),
    cert: pem("web1.pem"),
  });
  sent.on("error", () => {});
  const piece = Buffer.alloc(1 << 20);
  for (let tries = 0; readdirSync(directory).length > 0; tries++) {
    assert.ok(tries < 600, "nothing was removed while entries came");
    if (sent.writableLength < 4 << 20) sent.write(piece);
    await sleep(10);
  }
  sent.destroy();
  server.close();
  server.closeAllConnections();
  await once(server, "close");
});
