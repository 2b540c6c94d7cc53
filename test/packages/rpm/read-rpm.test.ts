// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { readRpm } from "../../../src/packages/index.ts";
import { temporaryDirectory } from "../fixture.ts";
import { buildRpm, type RpmRecipe } from "./fixture.ts";

let directory: string;
before(() => (directory = temporaryDirectory()));
after(() => rmSync(directory, { recursive: true, force: true }));

const recipe: RpmRecipe = {
  name: "sample",
  preamble: ["Epoch: 1", "Requires: a >= 1, (b if c)", "Recommends: d", "Provides: sample(x) = 2"],
  install: [
    "mkdir -p usr/bin usr/lib/sample etc",
    "head -c 500000 /dev/zero | tr '\\0' x > usr/lib/sample/large",
    "echo one > usr/bin/sample; chmod 755 usr/bin/sample",
    "echo linked > usr/lib/sample/a; ln usr/lib/sample/a usr/lib/sample/b; ln usr/lib/sample/a usr/lib/sample/c",
    "ln -s ../bin/sample usr/lib/sample/link; echo c > etc/sample.conf; touch usr/lib/sample/ghost",
  ],
  files: [
    "%caps(cap_net_raw=ep) /usr/bin/sample",
    "%dir %attr(0750, daemon, mail) /usr/lib/sample",
    "/usr/lib/sample/[abcl]*",
    "%ghost /usr/lib/sample/ghost",
    "%config(noreplace) /etc/sample.conf",
  ],
  sections: [
    "%post\necho post $1",
    "%postun -p /sbin/ldconfig",
    "%posttrans -p <lua>\nprint('x')",
    "%triggerin -- bash > 4, zsh\necho trigger",
    "%transfiletriggerin -P 2000 -- /usr/lib/a /usr/lib/b\ncat",
  ],
};

function query(path: string, format: string): string[] {
  return execFileSync("rpm", ["-qp", "--qf", format, path], { stdio: ["ignore", "pipe", "ignore"] })
    .toString()
    .trimEnd()
    .split("\n");
}

for (const [compression, payload] of [
  ["none", "w.ufdio"],
  ["gzip", "w6.gzdio"],
  ["bzip2", "w6.bzdio"],
  ["xz", "w2.xzdio"],
  ["lzma", "w2.lzdio"],
  ["zstd", "w3.zstdio"],
]) {
  test(`reads what rpmbuild packs with ${compression} as rpm reads it`, async () => {
    const path = buildRpm({ ...recipe, defines: [`_binary_payload ${payload}`] }, join(directory, compression!));
    using rpm = await readRpm(path, { allowUnsigned: true });
    assert.equal(rpm.compression, compression);
    assert.deepEqual(
      rpm.table.files.map(({ path: name, mode, user, group, size, flags, digest, capabilities }) =>
        [name, mode.toString(8), user, group, size, flags, digest, capabilities].join("|"),
      ),
      query(
        path,
        "[%{FILENAMES}|%{FILEMODES:octal}|%{FILEUSERNAME}|%{FILEGROUPNAME}|%{FILESIZES}|%{FILEFLAGS}|%{FILEDIGESTS}|%{FILECAPS}\\n]",
      ).map((line) => line.replace("(none)", "")),
    );
    const contents = new Map<string, string>();
    for (const entry of rpm.files()) {
      const hash = createHash("sha256");
      for (const piece of entry.pieces()) hash.update(piece);
      const sum = entry.type === "hardlink" ? contents.get(entry.target)! : hash.digest("hex");
      contents.set(entry.path, sum);
      if (entry.file.digest !== "") assert.equal(sum, entry.file.digest, entry.path);
    }
    assert.equal(contents.size, 8);
    assert.ok(!contents.has("usr/lib/sample/ghost"));
  });
}

test("links, capabilities, scripts, triggers and dependencies are told", async () => {
  const path = buildRpm(recipe, join(directory, "told"));
  using rpm = await readRpm(path, { allowUnsigned: true });
  const entries = [...rpm.files()];
  const find = (name: string) => entries.find((one) => one.path === name)!;
  const types = ["a", "b", "c", "link"].map((name) => find(`usr/lib/sample/${name}`).type);
  assert.deepEqual(types.sort(), ["file", "hardlink", "hardlink", "symlink"]);
  const content = entries.findIndex((one) => one.type === "file" && /sample\/[abc]$/.test(one.path));
  assert.ok(content < entries.findIndex((one) => one.type === "hardlink"));
  assert.equal(find("usr/lib/sample/link").target, "../bin/sample");
  assert.deepEqual(find("usr/bin/sample").xattrs, [
    { name: "security.capability", value: Buffer.from("0100000200200000000000000000000000000000", "hex") },
  ]);
  const { mode, userName, groupName } = find("usr/lib/sample");
  assert.deepEqual({ mode, userName, groupName }, { mode: 0o750, userName: "daemon", groupName: "mail" });
  assert.deepEqual(
    rpm.scripts.map(({ kind, interpreter, body }) => [kind, interpreter.join(" "), body]),
    [
      ["postin", "/bin/sh", "echo post $1"],
      ["postun", "/sbin/ldconfig", undefined],
      ["posttrans", "<lua>", "print('x')"],
    ],
  );
  const [trigger, fileTrigger] = rpm.triggers;
  assert.deepEqual(trigger?.conditions, [
    { name: "bash", operator: ">", evr: { epoch: 0, version: "4" } },
    { name: "zsh" },
  ]);
  assert.deepEqual([trigger?.type, trigger?.moment, trigger?.body], ["package", "in", "echo trigger"]);
  assert.deepEqual([fileTrigger?.type, fileTrigger?.priority], ["transaction-file", 2000]);
  assert.deepEqual(
    fileTrigger?.conditions.map((one) => one.name),
    ["/usr/lib/a", "/usr/lib/b"],
  );
  assert.deepEqual(
    rpm.dependencies("requires").map(({ name, flags, version }) => `${name}|${flags}|${version}`),
    query(path, "[%{REQUIRENAME}|%{REQUIREFLAGS}|%{REQUIREVERSION}\\n]"),
  );
});

test("a package that is cut off or changed anywhere is refused", async () => {
  const built = buildRpm(recipe, join(directory, "cut"));
  const whole = readFileSync(built);
  using rpm = await readRpm(built, { allowUnsigned: true });
  // Before it is space that signing may use: only a signature can vouch for the header of signatures.
  const start = rpm.payloadOffset - rpm.header.bytes.length;
  const path = join(directory, "cut.rpm");
  const readAll = async () => {
    using rpm = await readRpm(path, { allowUnsigned: true });
    for (const entry of rpm.files()) for (const piece of entry.pieces()) void piece;
  };
  for (const length of [0, 50, 96, 110, 300, 2000, whole.length >> 1, whole.length - 20, whole.length - 1]) {
    writeFileSync(path, whole.subarray(0, length));
    await assert.rejects(readAll, { name: "AtomicError" }, `${length} of ${whole.length}`);
  }
  for (let at = start; at < whole.length; at += 997) {
    const changed = Buffer.from(whole);
    changed[at]! ^= 0x10;
    writeFileSync(path, changed);
    await assert.rejects(readAll, { name: "AtomicError" }, `changed at ${at}`);
  }
});
