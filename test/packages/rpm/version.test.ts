// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { test } from "node:test";
import { compareEvr, formatEvr, parseEvr, parseNevra } from "../../../src/packages/index.ts";

const pieces = ["1", "0", "01", "10", "a", "rc", "Z", "~", "^", ".", "-", "_", "+", "~~", "^^", "20240101", "git"];

/** Texts of a few pieces each, the same every time. */
function* texts(count: number): Generator<string> {
  let state = 42;
  const next = (limit: number) => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
    return (state >>> 16) % limit;
  };
  for (let index = 0; index < count; index++) {
    const epoch = ["", "", "0:", "1:"][next(4)]!;
    yield epoch + Array.from({ length: 1 + next(5) }, () => pieces[next(pieces.length)]!).join("");
  }
}

test("pairs of versions compare as the installed rpm compares them", () => {
  const all = [...texts(600)];
  // Words of the same beginning reach the later rules.
  const pairs = all.map((a, index) => [
    a,
    index % 2 === 0 ? all[(index + 1) % all.length]! : `${a}${pieces[index % 17]}`,
  ]);
  const lua = pairs.map(([a, b]) => `print(rpm.vercmp('${a}','${b}')..' ')`).join(" ");
  // One process answers all; `rpm.vercmp` compares `[EPOCH:]VERSION[-RELEASE]` (rpm-lua(7)).
  const answers = execFileSync("rpm", ["--eval", `%{lua: ${lua}}`])
    .toString()
    .trim()
    .split(/\s+/);
  assert.equal(answers.length, pairs.length);
  for (const [index, [a = "", b = ""]] of pairs.entries()) {
    assert.equal(compareEvr(parseEvr(a), parseEvr(b)), Number(answers[index]), `${a} against ${b}`);
  }
});

test("versions are taken apart and put together again", () => {
  assert.deepEqual(parseEvr("1:2.0-3.fc40"), { epoch: 1, version: "2.0", release: "3.fc40" });
  assert.deepEqual(parseEvr("2.0"), { epoch: 0, version: "2.0" });
  assert.deepEqual(parseEvr("2-0-3"), { epoch: 0, version: "2-0", release: "3" });
  assert.deepEqual(parseEvr("a:1"), { epoch: 0, version: "a:1" });
  assert.deepEqual(parseEvr(":1"), { epoch: 0, version: "1" });
  for (const text of ["1:2.0-3.fc40", "2.0", "2.0~rc1^git-1"]) assert.equal(formatEvr(parseEvr(text)), text);
  assert.equal(formatEvr(parseEvr("0:1-1")), "1-1");
  assert.throws(() => parseEvr(""), { code: "packages-bad-version" });
  assert.throws(() => parseEvr("99999999999:1"), { code: "packages-bad-version" });
});

test("names of packages are taken apart", () => {
  const evr = { epoch: 2, version: "1.0~rc", release: "3.el9_2" };
  assert.deepEqual(parseNevra("gtk-doc-2:1.0~rc-3.el9_2.x86_64"), { name: "gtk-doc", evr, architecture: "x86_64" });
  for (const text of ["bash", "bash-1-1", "bash.x86_64", "", "-1-1.noarch"])
    assert.equal(parseNevra(text), undefined, text);
});
