// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { sysusersLines } from "../../../src/compose/layout/users.ts";
import { makeDirectoryNode, makeFileNode, put } from "../../../src/compose/tree.ts";

const passwd = `root:x:0:0:root:/root:/bin/bash
_web:x:101:102:The 100% "web" server,,,:/var/lib/web:/usr/sbin/nologin
nobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin
`;
const group = "root:x:0:\nadm:x:4:\nwebgroup:x:102:\nnogroup:x:65534:\n";

test("systemd-sysusers adds a newer release's accounts to a host's own files, with the release's numbers", () => {
  const tree = makeDirectoryNode();
  put(tree, "etc/passwd", makeFileNode(passwd));
  put(tree, "etc/group", makeFileNode(group));
  const root = mkdtempSync(join(tmpdir(), "sysusers-"));
  try {
    mkdirSync(join(root, "etc"));
    writeFileSync(
      join(root, "etc/passwd"),
      "root:x:0:0:root:/root:/bin/bash\nalice:x:1000:1000::/home/alice:/bin/sh\n",
    );
    writeFileSync(join(root, "etc/group"), "root:x:0:\nalice:x:1000:\n");
    writeFileSync(join(root, "accounts.conf"), `${sysusersLines(tree).join("\n")}\n`);
    execFileSync("systemd-sysusers", [`--root=${root}`, join(root, "accounts.conf")], { stdio: "pipe" });
    const users = readFileSync(join(root, "etc/passwd"), "utf8");
    assert.match(users, /^alice:x:1000:1000:/m);
    assert.match(users, /^_web:x:101:102:The 100% "web" server:\/var\/lib\/web:\/usr\/sbin\/nologin$/m);
    assert.match(readFileSync(join(root, "etc/group"), "utf8"), /^webgroup:x:102:$/m);
  } finally {
    rmSync(root, { recursive: true });
  }
});
