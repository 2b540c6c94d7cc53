// SPDX-License-Identifier: Apache-2.0
// A compose in steps by the command line, of Debian packages; judged by ostree. Needs root.
import assert from "node:assert/strict";
import { execFile, execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer, get } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { after, before, test } from "node:test";
import { type Checksum, Repo } from "../../../../src/ostree/index.ts";
import { TestArchive, tinyBase } from "../../../compose/archive.ts";

const entry = resolve(import.meta.dirname, "../../../../src/cli/atomic.ts");
let scratch: string;
let archive: TestArchive;
before(async () => {
  scratch = mkdtempSync(join(tmpdir(), "compose-steps-"));
  archive = new TestArchive(scratch);
  const files = { "/usr/bin/extra": "extra\n", "/etc/extra.conf": "a=1\n", "/var/lib/extra/seed": "seed\n" };
  await archive.publish([...tinyBase(), { name: "extra", files }]);
});
after(async () => {
  await archive[Symbol.asyncDispose]();
  rmSync(scratch, { recursive: true });
});

function atomic(...args: string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  const { promise, resolve } = Promise.withResolvers<{ code: number; stdout: string; stderr: string }>();
  const argv = ["--disable-warning=ExperimentalWarning", entry, "compose", "--progress=none", ...args];
  execFile(process.execPath, argv, { cwd: scratch }, (error, stdout, stderr) => {
    resolve({ code: typeof error?.code === "number" ? error.code : 0, stdout, stderr });
  });
  return promise;
}

async function done(...args: string[]): Promise<string> {
  const { code, stdout, stderr } = await atomic(...args);
  assert.equal(code, 0, stderr);
  return stdout;
}

function treefile(text = "", apt = archive.apt): string {
  const path = join(scratch, "tree.yaml");
  writeFileSync(path, `ref: tiny/host\nbasearch: x86_64\n${apt}packages: [extra]\n${text}`);
  return path;
}

test("install, postprocess and commit make the tree of compose tree", async () => {
  const path = treefile();
  await done("tree", path, "--repo=whole", "--cachedir=cache");
  assert.match(await done("install", path, "work", "--repo=steps", "--cachedir=cache"), /^rootfs: .*\/work\/rootfs\n$/);
  const rootfs = join(scratch, "work/rootfs");
  assert.ok(existsSync(join(rootfs, "usr/etc/extra.conf")) && existsSync(join(rootfs, "var/lib/dpkg/status")));
  assert.equal(await done("postprocess", "work/rootfs", path), "rootfs: work/rootfs\n");
  assert.equal(await done("postprocess", "work/rootfs", path), "No changes\n");
  assert.ok(!existsSync(join(rootfs, "var/lib")) && existsSync(join(rootfs, "usr/lib/sysimage/dpkg/status")));
  const marks = ["--write-commitid-to=id", "--write-composejson-to=composed.json", "--add-metadata-string=version=7"];
  const output = await done("commit", path, "work/rootfs", "--repo=steps", "--no-parent", ...marks);
  const commit = readFileSync(join(scratch, "id"), "utf8").trim() as Checksum;
  assert.equal(output, `       Ref: tiny/host\n    Commit: ${commit}\n   Version: 7\n  Packages: 4\n`);
  const [steps, whole] = ["steps", "whole"].map((name) => Repo.open(join(scratch, name)));
  assert.deepEqual([...steps!.listRefs()], []);
  const [made, expected] = [steps!.loadCommit(commit), whole!.loadCommit(whole!.resolve("tiny/host"))];
  assert.deepEqual([made.tree, made.meta], [expected.tree, expected.meta]);
  assert.deepEqual(made.metadata.get("atomic.packages"), expected.metadata.get("atomic.packages"));
  execFileSync("ostree", ["fsck", "-q", `--repo=${steps!.path}`]);
  const composed = JSON.parse(readFileSync(join(scratch, "composed.json"), "utf8")) as Record<string, unknown>;
  assert.equal(composed["ref"], undefined);
  assert.ok((composed["ostree-n-content-written"] as number) > 0);
});

test("a directory without treefile is postprocessed by the packages it has; rootfs is for containers", async () => {
  const path = treefile('automatic-version-prefix: "7"\n');
  await done("install", path, "plain", "--repo=plain-repo", "--cachedir=cache");
  await done("postprocess", "plain/rootfs");
  assert.ok(existsSync(join(scratch, "plain/rootfs/usr/lib/sysimage/dpkg/status")));
  assert.match(await done("rootfs", path, "image", "--cachedir=cache"), /^rootfs: .*\/image\nversion: 7\n$/);
  assert.ok(existsSync(join(scratch, "image/etc/extra.conf")));
  const again = await atomic("rootfs", path, "image", "--cachedir=cache");
  assert.deepEqual([again.code, /is there already/.test(again.stderr)], [1, true]);
});

test("download-only-rpms and dry runs touch the mark and leave the rest; print-only prints", async () => {
  const path = treefile();
  const options = ["--repo=dry", "--cachedir=dry-cache"];
  await done("install", path, "dry-work", ...options, "--download-only-rpms", "--touch-if-changed=downloaded");
  assert.ok(existsSync(join(scratch, "downloaded")) && !existsSync(join(scratch, "dry-work")));
  assert.deepEqual([...Repo.open(join(scratch, "dry-cache/pkgrepo")).listRefs()], []);
  assert.match(await done("tree", path, ...options, "--dry-run", "--touch-if-changed=chosen"), /^extra 1/m);
  assert.ok(existsSync(join(scratch, "chosen")));
  const rooted = await atomic("tree", path, ...options, "--source-root=/", "--dry-run");
  assert.match(rooted.stderr, /a source root is for RPM trees/);
  assert.equal((JSON.parse(await done("install", path, "x", "--print-only")) as { ref: string }).ref, "tiny/host");
});

test("a proxy is asked for what repositories have; places without effect are told", async () => {
  const asked: string[] = [];
  // Takes any host for the archive.
  const proxy = createServer((request, response) => {
    const { pathname } = new URL(request.url ?? "/");
    asked.push(request.url ?? "");
    get(`${archive.url}${pathname}`, (answer) => {
      response.writeHead(answer.statusCode ?? 500, answer.headers);
      answer.pipe(response);
    });
  });
  await new Promise<void>((listening) => proxy.listen(0, "127.0.0.1", listening));
  try {
    const apt = archive.apt.replaceAll(archive.url, "http://nowhere.invalid");
    const address = `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`;
    const options = ["--repo=proxied", "--cachedir=proxied-cache", "--dry-run", "--workdir=/tmp", "--progress=plain"];
    const { code, stderr } = await atomic("tree", treefile("", apt), ...options, `--proxy=${address}`);
    assert.equal(code, 0, stderr);
    assert.match(stderr, /--workdir has no effect/);
    assert.ok(asked.every((url) => url.startsWith("http://nowhere.invalid/")) && asked.length > 0);
    const wrong = await atomic("tree", treefile("", apt), ...options, "--proxy=socks5://x");
    assert.match(wrong.stderr, /only http and https proxies/);
  } finally {
    proxy.close();
  }
});

test("extensions are refused for Debian trees", async () => {
  writeFileSync(join(scratch, "extensions.yaml"), "extensions: {}\n");
  const base = ["--rootfs=/", "--output-dir=out", "--cachedir=cache"];
  assert.match(
    (await atomic("extensions", treefile(), "extensions.yaml", ...base)).stderr,
    /extensions are of RPM trees/,
  );
});
