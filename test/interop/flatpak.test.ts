// SPDX-License-Identifier: Apache-2.0
/** flatpak installs from a repository that this program wrote, and this program mirrors one that flatpak wrote. */
import assert from "node:assert/strict";
import { execFile, execFileSync } from "node:child_process";
import { chmodSync, copyFileSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { promisify } from "node:util";
import {
  commitDirectory,
  fsck,
  generateDelta,
  pull,
  Repo,
  serveDirectory,
  updateSummary,
} from "../../src/ostree/index.ts";
import { temporary } from "../ostree/fixture.ts";

const runtimeRef = "runtime/org.example.Runtime/x86_64/1";
const appRef = "app/org.example.App/x86_64/stable";
const runtime = "org.example.Runtime/x86_64/1";

function metadataOf(kind: "Runtime" | "Application"): string {
  const own = kind === "Runtime" ? ["name=org.example.Runtime"] : ["name=org.example.App", "command=hello"];
  return [`[${kind}]`, ...own, `runtime=${runtime}`, `sdk=${runtime}`, ""].join("\n");
}

/** A runtime that is a shell, and an application that prints `greeting`. */
function makeTrees(directory: string, greeting: string): void {
  for (const name of ["runtime/files/bin", "app/files/bin", "app/export"]) {
    mkdirSync(join(directory, name), { recursive: true });
  }
  writeFileSync(join(directory, "runtime/metadata"), metadataOf("Runtime"));
  writeFileSync(join(directory, "app/metadata"), metadataOf("Application"));
  copyFileSync("/bin/busybox", join(directory, "runtime/files/bin/sh"));
  writeFileSync(join(directory, "app/files/bin/hello"), `#!/bin/sh\necho ${greeting}\n`);
  for (const name of ["runtime/files/bin/sh", "app/files/bin/hello"]) chmodSync(join(directory, name), 0o755);
}

function commitFlatpak(repo: Repo, tree: string, branch: string, kind: "Runtime" | "Application") {
  return commitDirectory(repo, tree, {
    branch,
    canonicalPermissions: true,
    metadata: new Map([
      ["xa.metadata", { type: "s", value: metadataOf(kind) }],
      ["xa.installed-size", { type: "t", value: 0n }],
      ["xa.download-size", { type: "t", value: 0n }],
    ]),
  });
}

/** flatpak with an installation of its own; asynchronous, for the server is in this process. */
function flatpakIn(home: string) {
  mkdirSync(home, { recursive: true });
  const env = { ...process.env, HOME: home, XDG_DATA_HOME: join(home, "data"), XDG_CACHE_HOME: join(home, "cache") };
  return async (...args: string[]) => (await promisify(execFile)("flatpak", ["--user", ...args], { env })).stdout;
}

test("flatpak installs, runs and updates an application from a repository of ours, by static delta too", async () => {
  using scratch = temporary();
  makeTrees(scratch.path, "first");
  const repo = Repo.init(join(scratch.path, "repo"), "archive");
  await commitFlatpak(repo, join(scratch.path, "runtime"), runtimeRef, "Runtime");
  const first = await commitFlatpak(repo, join(scratch.path, "app"), appRef, "Application");
  await generateDelta(repo, { to: first });
  await updateSummary(repo);
  const requests: string[] = [];
  await using server = await serveDirectory(repo.path, { onRequest: (_method, path) => requests.push(path) });
  const flatpak = flatpakIn(join(scratch.path, "home"));
  await flatpak("remote-add", "--no-gpg-verify", "site", `http://127.0.0.1:${server.port}/`);
  assert.match(await flatpak("remote-ls", "site"), /org\.example\.App/);
  await flatpak("install", "--noninteractive", "site", "org.example.App");
  assert.equal(await flatpak("run", "org.example.App"), "first\n");

  makeTrees(scratch.path, "second");
  const second = await commitFlatpak(repo, join(scratch.path, "app"), appRef, "Application");
  await generateDelta(repo, { from: first, to: second });
  await updateSummary(repo);
  requests.length = 0;
  await flatpak("update", "--noninteractive");
  assert.equal(await flatpak("run", "org.example.App"), "second\n");
  assert.match(await flatpak("info", "--show-commit", "org.example.App"), new RegExp(second));
  // The client may ask for objects while the part is on its way, as it does with a delta of libostree's own.
  assert.ok(requests.some((path) => /deltas\/.+\/superblock$/.test(path)));
  assert.ok(requests.some((path) => /deltas\/.+\/0$/.test(path)));
});

test("a repository that flatpak wrote is mirrored, and flatpak installs from the mirror", async () => {
  using scratch = temporary();
  makeTrees(scratch.path, "from flatpak");
  const theirs = join(scratch.path, "theirs");
  const quietly = (...args: string[]) => execFileSync("flatpak", args, { stdio: "pipe" });
  quietly("build-export", theirs, join(scratch.path, "app"), "stable");
  quietly("build-export", "--runtime", "--files=files", theirs, join(scratch.path, "runtime"), "1");
  quietly("build-update-repo", "--generate-static-deltas", theirs);
  await using origin = await serveDirectory(theirs);
  const mirror = Repo.init(join(scratch.path, "mirror"), "archive");
  await pull(mirror, { url: `http://127.0.0.1:${origin.port}/`, mirror: true, gpgVerify: false });
  const { findings } = await fsck(mirror);
  assert.deepEqual(findings, []);
  await updateSummary(mirror);
  await using server = await serveDirectory(mirror.path);
  const flatpak = flatpakIn(join(scratch.path, "home"));
  await flatpak("remote-add", "--no-gpg-verify", "site", `http://127.0.0.1:${server.port}/`);
  await flatpak("install", "--noninteractive", "site", "org.example.App");
  assert.equal(await flatpak("run", "org.example.App"), "from flatpak\n");
});
