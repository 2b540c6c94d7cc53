// SPDX-License-Identifier: Apache-2.0
/** Which entry of a file counts, judged by podman, which says whom it would log in as. */
import assert from "node:assert/strict";
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { run } from "../../../src/base/index.ts";
import { findCredentials, registryAuth } from "../../../src/gear/engine/credentials.ts";

function scratch(t: TestContext): string {
  const directory = mkdtempSync(join(tmpdir(), "atomic-credentials-"));
  t.after(() => rmSync(directory, { recursive: true }));
  return directory;
}

const entry = (user: string) => ({ auth: Buffer.from(`${user}:secret of ${user}`).toString("base64") });

test("the nearest entry counts, as podman finds it", async (t) => {
  const directory = scratch(t);
  const file = join(directory, "auth.json");
  const auths = Object.fromEntries(
    [
      "quay.io",
      "quay.io/team",
      "quay.io/team/app",
      "registry.example:5000",
      "https://old.example/v1/",
      "docker.io",
    ].map((key) => [key, entry(key.replaceAll(/[^a-z]/g, ""))]),
  );
  writeFileSync(file, JSON.stringify({ auths }));
  const repositories = [
    "quay.io/team/app",
    "quay.io/team/app/part",
    "quay.io/team/other",
    "quay.io/teams/app",
    "quay.io/x",
    "registry.example:5000/x",
    "old.example/x",
    "docker.io/library/nginx",
    "nowhere.example/x",
  ];
  for (const repository of repositories) {
    const found = await findCredentials(repository, file);
    const { stdout } = await run("podman", ["login", "--get-login", "--authfile", file, repository], {
      accept: [0, 125],
    });
    const user = found !== undefined && "username" in found ? found.username : "";
    assert.equal(user, stdout.trim(), repository);
    if (user !== "") assert.deepEqual(found, { username: user, password: `secret of ${user}` });
  }
});

test("docker's own file: its hub, tokens, a store of the system", async (t) => {
  const directory = scratch(t);
  const file = join(directory, "config.json");
  const program = join(directory, "docker-credential-store");
  writeFileSync(
    program,
    `#!/bin/sh
read server
case $server in
known.example) echo '{"Username":"known","Secret":"s"}';;
token.example) echo '{"Username":"<token>","Secret":"t"}';;
broken.example) echo 'the store is locked'; exit 1;;
*) echo 'credentials not found in native keychain'; exit 1;;
esac
`,
  );
  chmodSync(program, 0o755);
  const before = process.env["PATH"];
  process.env["PATH"] = `${directory}:${before}`;
  t.after(() => (process.env["PATH"] = before));
  const auths = {
    "https://index.docker.io/v1/": entry("hub"),
    "idp.example": { identitytoken: "refresh" },
    "known.example": {},
  };
  writeFileSync(file, JSON.stringify({ auths, credsStore: "store" }));
  assert.deepEqual(await findCredentials("docker.io/library/x", file), { username: "hub", password: "secret of hub" });
  assert.deepEqual(await findCredentials("idp.example/x", file), { identityToken: "refresh" });
  assert.deepEqual(await findCredentials("known.example/x", file), { username: "known", password: "s" });
  assert.deepEqual(await findCredentials("token.example/x", file), { identityToken: "t" });
  assert.equal(await findCredentials("other.example/x", file), undefined);
  await assert.rejects(findCredentials("broken.example/x", file), {
    code: "gear-credentials",
    message: /the store is locked/,
  });
});

test("files that are none are told by name, and never their contents", async (t) => {
  const directory = scratch(t);
  const file = join(directory, "auth.json");
  for (const content of [
    "",
    "{",
    '"secret"x',
    `{"auths":{"a.example":{"auth":"bm9jb2xvbg=="}}}`,
    `"${"x".repeat(2 << 20)}"`,
  ]) {
    writeFileSync(file, content);
    await assert.rejects(findCredentials("a.example/x", file), (error: Error) => {
      assert.match(error.message, new RegExp(RegExp.escape(file)));
      assert.doesNotMatch(error.message, /secret|nocolon/);
      return true;
    });
  }
  await assert.rejects(findCredentials("a.example/x", join(directory, "none")), { code: "gear-credentials" });
  for (const content of [
    "{}",
    "[]",
    "null",
    '{"auths":[]}',
    '{"auths":{"a.example":"x"}}',
    '{"credHelpers":{"a.example":7}}',
  ]) {
    writeFileSync(file, content);
    assert.equal(await findCredentials("a.example/x", file), undefined, content);
  }
});

test("the header is base64 for URLs", () => {
  const header = registryAuth({ username: "u", password: "??>>~~ÿ" }, "docker.io/library/x");
  assert.match(header, /^[\w-]+=*$/);
  assert.deepEqual(JSON.parse(Buffer.from(header, "base64url").toString()), {
    username: "u",
    password: "??>>~~ÿ",
    serveraddress: "https://index.docker.io/v1/",
  });
});
