// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { inspectPackage } from "../../../src/packages/index.ts";
import { buildDeb, temporaryDirectory } from "../fixture.ts";
import { buildRpm } from "../rpm/fixture.ts";

let directory: string;
before(() => (directory = temporaryDirectory()));
after(() => rmSync(directory, { recursive: true, force: true }));

function lines(program: string, ...args: string[]): string[] {
  return execFileSync(program, args, { stdio: ["ignore", "pipe", "ignore"] })
    .toString()
    .trimEnd()
    .split("\n");
}

test("an RPM package is told as rpm tells it", async () => {
  const path = buildRpm(
    {
      name: "told",
      preamble: [
        "Epoch: 3",
        "URL: https://example.org/",
        "Requires: a >= 1, (b or c)",
        "Requires(pre,post): d",
        "Suggests: e",
      ],
      install: [
        "mkdir -p usr/bin etc",
        "echo x > usr/bin/told",
        "echo y > etc/told.conf",
        "ln usr/bin/told usr/bin/also",
      ],
      files: [
        "%caps(cap_net_raw=ep) %attr(4755,root,mail) /usr/bin/*",
        "%config(noreplace) /etc/told.conf",
        "%ghost /etc/ghost",
      ],
      sections: ["%posttrans -p <lua>\nprint(1)", "%triggerin -- bash > 5\n:"],
    },
    directory,
  );
  const told = await inspectPackage(path, {});
  assert.deepEqual([told.format, told.name, told.version, told.architecture], ["rpm", "told", "3:1.0-1", "noarch"]);
  assert.equal(told.header["url"], "https://example.org/");
  assert.deepEqual(
    told.files.map(({ path: name, user, group, size, digest }) =>
      [name, user, group, size, digest?.slice(7) ?? ""].join(" "),
    ),
    lines("rpm", "-qp", "--qf", "[%{FILENAMES} %{FILEUSERNAME} %{FILEGROUPNAME} %{FILESIZES} %{FILEDIGESTS}\\n]", path),
  );
  assert.deepEqual(
    told.files.map(({ mode, flags, capabilities, target }) => ({ mode, flags, capabilities, target })),
    [
      { mode: "0000", flags: ["ghost"], capabilities: undefined, target: undefined },
      { mode: "0644", flags: ["config", "noreplace"], capabilities: undefined, target: undefined },
      { mode: "4755", flags: [], capabilities: "cap_net_raw=ep", target: undefined },
      { mode: "4755", flags: [], capabilities: "cap_net_raw=ep", target: "/usr/bin/also" },
    ],
  );
  const requires = told.dependencies["requires"]!;
  assert.deepEqual(
    requires.map((one) => one.replace(/ \([a-z, ]+\)$/, "")),
    lines("rpm", "-qp", "--requires", path),
  );
  assert.ok(requires.includes("d (pre, post)"));
  assert.deepEqual(told.dependencies["suggests"], ["e"]);
  assert.deepEqual(told.scripts, [
    { name: "posttrans", interpreter: "<lua>", body: "print(1)" },
    { name: "triggerin", interpreter: "/bin/sh", body: ":", conditions: ["bash > 5"] },
  ]);
  assert.deepEqual(told.signatures, []);
  assert.ok(told.digests.some((one) => one.of === "payload"));
});

test("a Debian package is told as dpkg-deb tells it", async () => {
  const path = buildDeb(
    {
      name: "told",
      version: "1:2.0-1",
      fields: { Depends: "a | b, c (>= 1)", Description: "short\n long\n .\n more" },
      files: { "usr/bin/told": "#!/bin/sh\n", "etc/told.conf": "a\n" },
      scripts: {
        postinst: "#!/bin/sh\nexit 0\n",
        conffiles: "/etc/told.conf\n",
        triggers: "interest-noawait ldconfig\n",
      },
    },
    directory,
  );
  const told = await inspectPackage(path, {});
  assert.deepEqual([told.format, told.name, told.version], ["deb", "told", "1:2.0-1"]);
  assert.deepEqual([told.summary, told.description], ["short", "long\n\nmore"]);
  assert.deepEqual(told.dependencies["depends"], ["a | b", "c (>= 1)"]);
  const theirs = lines("sh", "-c", 'dpkg-deb --fsys-tarfile "$0" | tar -t', path).map((name) =>
    name.replace(/^\.|\/$/g, ""),
  );
  assert.deepEqual(
    told.files.map((file) => file.path),
    theirs.filter((name) => name !== ""),
  );
  const config = told.files.find((file) => file.path === "/etc/told.conf")!;
  assert.deepEqual(config.flags, ["config"]);
  assert.equal(config.digest, "sha256:87428fc522803d31065e7bce3cf03fe475096631e5e07bbd7a0fde60c4cf25c7");
  assert.deepEqual(told.scripts, [
    { name: "postinst", interpreter: "/bin/sh", body: "#!/bin/sh\nexit 0\n" },
    { name: "triggers", interpreter: "", conditions: ["interest-noawait ldconfig"] },
  ]);
});

test("a file whose sum is not the listed one, and what is no package, is refused", async () => {
  const sums = { md5sums: `${"0".repeat(32)}  usr/x\n` };
  const bad = buildDeb({ name: "bad", version: "1", files: { "usr/x": "x" }, scripts: sums }, directory);
  await assert.rejects(inspectPackage(bad, {}), { code: "packages-bad-digest" });
  const other = join(directory, "other.rpm");
  writeFileSync(other, readFileSync(bad).subarray(100));
  await assert.rejects(inspectPackage(other, {}), { code: "packages-rpm" });
});
