// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { test } from "node:test";
import { defineErrors, unlessErrno } from "../../src/base/index.ts";

const sampleError = defineErrors("sample", { broken: "It broke.", lost: "It is gone." });

test("a code carries its room, and is recognised", () => {
  const error = sampleError("broken", "the thing broke", { hint: "mend it" });
  assert.equal(error.code, "sample-broken");
  assert.equal(error.hint, "mend it");
  assert.ok(sampleError.is(error, "broken"));
  assert.ok(!sampleError.is(error, "lost"));
  assert.equal(sampleError.explanations.get("sample-lost"), "It is gone.");
});

test("unlessErrno catches only the codes it is given", () => {
  const fail = (code: string) => () => {
    throw Object.assign(new Error(code), { code });
  };
  assert.equal(unlessErrno(["ENOENT"], fail("ENOENT")), undefined);
  assert.throws(() => unlessErrno(["ENOENT"], fail("EACCES")), { code: "EACCES" });
});
