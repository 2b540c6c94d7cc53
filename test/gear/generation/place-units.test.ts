// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { test } from "node:test";
import { quoteUnitLiteral } from "../../../src/formats/index.ts";
import { placeUnit } from "../../../src/gear/index.ts";

test("a unit is told its generation, and a value that has the same words is left alone", () => {
  const hostile = ["%GENERATION%", "%%GENERATION_NUMBER%", "%GENERATION_NUMBER%%"].map(quoteUnitLiteral).join("\n");
  const text = `A=%GENERATION%/x\nB=%GENERATION_NUMBER%\n${hostile}\n`;
  assert.equal(placeUnit(text, "/var/lib/g/7/files", 7), `A=/var/lib/g/7/files/x\nB=7\n${hostile}\n`);
});
