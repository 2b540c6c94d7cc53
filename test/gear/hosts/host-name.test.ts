// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { test } from "node:test";
import { gearError, parseHost, parseHosts } from "../../../src/gear/index.ts";

test("a host is what ssh takes, without a word that ssh would take for more", () => {
  assert.deepEqual(parseHost("core@web1.example.org"), { target: "core@web1.example.org", name: "web1.example.org" });
  for (const name of ["web1", "10.0.0.1", "fe80::1", "a_b", "WEB-1"]) assert.equal(parseHost(name).name, name);
  const bad = [
    "",
    "-v",
    "-oProxyCommand=id",
    "root@-v",
    "a b",
    "a;b",
    "$(id)",
    "a\nb",
    "a@b@c",
    "a/b",
    "web:22",
    "x".repeat(300),
  ];
  for (const text of bad)
    assert.throws(
      () => parseHost(text),
      (error) => gearError.is(error, "bad-host"),
      text,
    );
});

test("a host is named once, under whatever user", () => {
  assert.throws(() => parseHosts(["web1", "core@web1"]), /host web1 is named twice/);
  assert.throws(() => parseHosts(Array.from({ length: 101 }, (_, index) => `web${index}`)), /100 is the most/);
});
