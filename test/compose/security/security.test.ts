// SPDX-License-Identifier: Apache-2.0
// CVEs of Debian packages, from the tracker's data or the packages' changelogs to what an update tells. Needs root.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { gzipSync, zstdCompressSync } from "node:zlib";
import type { ProgressEvent } from "../../../src/base/index.ts";
import { commitRoot, type ComposeOptions, composeTree, parseTreefile } from "../../../src/compose/index.ts";
import { releaseOfArchive } from "../../../src/compose/security/release.ts";
import { newAdvisories } from "../../../src/host/index.ts";
import { type Checksum, loadDetached, Repo } from "../../../src/ostree/index.ts";
import { decodeSourceSecurity, packageError } from "../../../src/packages/index.ts";
import { trackerJson } from "../../packages/deb/security/tracker.ts";
import { type PackageSpec, TestArchive, tinyBase } from "../archive.ts";

const json = trackerJson({
  curl: {
    "CVE-2026-1000": { trixie: { fixed_version: "8.0-1" }, sid: { fixed_version: "8.5-1" } },
    "CVE-2026-1001": { trixie: { fixed_version: "8.0-1+deb13u1", urgency: "high" } },
    "CVE-2026-1002": { trixie: { fixed_version: "8.0-1+deb13u2" } },
    "CVE-2026-1003": { trixie: { status: "open" } },
  },
  linux: { "CVE-2026-2000": { trixie: { fixed_version: "6.12.9-1" } } },
  "not-there": { "CVE-2026-3000": { trixie: { fixed_version: "1" } } },
});

const changelog = (source: string, ...entries: (readonly [version: string, text: string])[]) =>
  gzipSync(
    entries
      .map(
        ([version, text]) =>
          `${source} (${version}) trixie; urgency=medium\n\n  * ${text}\n\n -- A <a@b.c>  Tue, 17 Nov 2026 12:00:00 +0000\n`,
      )
      .join("\n"),
  );

const log = [
  ["8.0-1+deb13u1", "Mend CVE-2026-1001, CVE-2026-4000 (Closes: #1)"],
  ["8.0-1", "New upstream release: CVE-2026-1000"],
] as const;

/** curl, and a kernel that is signed by another source package. */
function packages(curl: string, linux: string): PackageSpec[] {
  const entries = log.slice(curl === "8.0-1" ? 1 : 0);
  const signed = { Source: `linux-signed-amd64 (${linux.replace("-", "+")})`, "Built-Using": `linux (= ${linux})` };
  return [
    {
      name: "curl",
      version: curl,
      files: {
        "/usr/bin/curl": curl,
        "/usr/share/doc/curl/changelog.Debian.gz": { content: changelog("curl", ...entries) },
      },
    },
    {
      name: "libcurl",
      version: `${curl}+b1`,
      fields: { Source: `curl (${curl})` },
      files: { "/usr/share/doc/libcurl": { link: "curl" } },
    },
    { name: "image", version: linux, fields: signed, files: { "/usr/lib/image": linux } },
  ];
}

const debian = { Origin: "Debian", Codename: "trixie-security", Suite: "tiny" };

let scratch: string;
let archive: TestArchive;
before(async () => {
  scratch = mkdtempSync(join(tmpdir(), "compose-security-"));
  archive = new TestArchive(scratch);
});
after(async () => {
  await archive[Symbol.asyncDispose]();
  rmSync(scratch, { recursive: true });
});

const treefile = (text: string) =>
  parseTreefile(
    `ref: tiny/host\nbasearch: x86_64\ndocumentation: false\n${archive.apt}packages: [curl, libcurl, image]\n${text}`,
    join(scratch, "tree.yaml"),
  );

function composer(name: string, text: string) {
  const repo = Repo.init(join(scratch, name), "archive");
  const warnings: string[] = [];
  const progress = (event: ProgressEvent) => void (event.type === "warning" && warnings.push(event.text));
  const compose = async (options: Partial<ComposeOptions> = {}): Promise<Checksum> => {
    const cacheDir = join(scratch, "cache");
    return (await composeTree({ treefile: treefile(text), repo, cacheDir, ...options }, progress)).commit!;
  };
  return { repo, compose, warnings };
}

const told = (repo: Repo, from: Checksum, to: Checksum) =>
  newAdvisories(repo, from, to).map(({ id, severity, packages, cves }) => [
    id,
    severity,
    packages.join(" "),
    cves.map(({ title }) => title).join(" "),
  ]);

const sources = (repo: Repo, commit: Checksum) =>
  decodeSourceSecurity(repo.loadCommit(commit).metadata.get("atomic.cves")).map(
    ({ source, release, version, fixes }) => [source, release, version, fixes.flatMap(({ cves }) => cves).join(" ")],
  );

const byChangelogs = [
  [
    "curl 8.0-1+deb13u1",
    "unknown",
    "curl-8.0-1+deb13u1.amd64 libcurl-8.0-1+deb13u1+b1.amd64",
    "CVE-2026-1001 CVE-2026-4000",
  ],
];

test("an update tells the CVEs that the tracker's data, or changelogs, say it mends", async () => {
  let asked = 0;
  const server = createServer((request, response) => {
    asked++;
    const zipped = request.headers["accept-encoding"] === "gzip";
    response.writeHead(200, zipped ? { "content-encoding": "gzip" } : {}).end(zipped ? gzipSync(json) : json);
  });
  await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/tracker/data/json`;
  writeFileSync(join(scratch, "tracker.json.zst"), zstdCompressSync(json));
  try {
    await archive.publish([...tinyBase(), ...packages("8.0-1", "6.12.8-1")], debian);
    const online = composer("online", `security-tracker: {data: "${url}"}\n`);
    const file = composer("file", "security-tracker: {data: tracker.json.zst, release: trixie}\n");
    const detached = composer(
      "detached",
      "security-tracker: {data: tracker.json.zst}\nadvisories-metadata: detached\n",
    );
    const disabled = composer("disabled", "security-tracker: {data: missing}\nadvisories-metadata: disabled\n");
    const logs = composer("logs", "");
    const all = [online, file, detached, disabled, logs];
    const before: Checksum[] = [];
    for (const { compose } of all) before.push(await compose());
    assert.deepEqual(
      sources(online.repo, before[0]!).filter(([name]) => !["base-files", "shell", "dpkg"].includes(name!)),
      [
        ["curl", "trixie", "8.0-1", "CVE-2026-1000"],
        ["linux", "trixie", "6.12.8-1", ""],
        ["linux-signed-amd64", "trixie", "6.12.8+1", ""],
      ],
    );

    await archive.publish(packages("8.0-1+deb13u1", "6.12.10-1"), debian);
    const now: Checksum[] = [];
    for (const { compose } of all) now.push(await compose());
    const byTracker = [
      ["curl 8.0-1+deb13u1", "important", "curl-8.0-1+deb13u1.amd64 libcurl-8.0-1+deb13u1+b1.amd64", "CVE-2026-1001"],
      ["linux 6.12.9-1", "unknown", "image-6.12.10-1.amd64", "CVE-2026-2000"],
    ];
    const expected = [byTracker, byTracker, byTracker, [], byChangelogs];
    for (const [at, { repo }] of all.entries()) assert.deepEqual(told(repo, before[at]!, now[at]!), expected[at]);
    assert.deepEqual(told(online.repo, now[0]!, before[0]!), [], "a rollback mends nothing");
    assert.deepEqual(told(online.repo, now[0]!, now[0]!), []);
    assert.ok(!detached.repo.loadCommit(now[2]!).metadata.has("atomic.cves"));
    assert.ok(loadDetached(detached.repo, now[2]!).has("atomic.cves"));
    assert.deepEqual(
      all.flatMap(({ warnings }) => warnings),
      [],
    );

    assert.equal(asked, 2, "a compose of what changed fetches the data once");
    assert.equal((await online.compose()) === now[0] && asked, 2, "one of what did not, fetches nothing");
    const offline = await online.compose({ offline: true, force: true });
    assert.deepEqual(told(online.repo, before[0]!, offline), byTracker);
    assert.equal(asked, 2);
    await assert.rejects(
      composer("never-seen", 'security-tracker: {data: "http://127.0.0.1:1/x"}\n').compose({ offline: true }),
      (error) => packageError.is(error, "offline"),
    );
  } finally {
    server.close();
  }
});

test("data of which nothing is of these packages are told of; what is no data ends the compose", async () => {
  const other = composer("other", "security-tracker: {data: tracker.json.zst, release: bookworm}\n");
  await other.compose();
  assert.match(other.warnings.join(), /tells of no CVE that is mended in these packages \(release: bookworm\)/);
  writeFileSync(join(scratch, "page.html"), "<html>");
  await assert.rejects(composer("page", "security-tracker: {data: page.html}\n").compose(), (error) =>
    packageError.is(error, "bad-tracker"),
  );
  await assert.rejects(composer("gone", "security-tracker: {data: gone.json}\n").compose(), /there is no such file/);
});

test("a directory is committed with what its own database and changelogs tell", async () => {
  const rootfs = join(scratch, "rootfs");
  const { repo, compose } = composer("steps", "");
  const composed = await compose();
  execFileSync("ostree", ["checkout", `--repo=${repo.path}`, composed, rootfs]);
  mkdirSync(join(rootfs, "usr/share/doc/curl"), { recursive: true });
  writeFileSync(join(rootfs, "usr/share/doc/curl/changelog.Debian.gz"), changelog("curl", ...log));
  const commit = async (text: string) =>
    (await commitRoot({ treefile: treefile(`container: true\n${text}`), repo, rootfs })).commit!;
  const curl = (made: Checksum) => sources(repo, made).find(([name]) => name === "curl");
  assert.deepEqual(curl(await commit("")), ["curl", "", "8.0-1+deb13u1", "CVE-2026-1001 CVE-2026-4000 CVE-2026-1000"]);
  assert.deepEqual(curl(await commit("security-tracker: {data: tracker.json.zst, release: trixie}\n")), [
    "curl",
    "trixie",
    "8.0-1+deb13u1",
    "CVE-2026-1001 CVE-2026-1000",
  ]);
});

test("the tracker speaks of Debian's archives, each by its release", () => {
  const release = (origin: string, codename: string, named?: string) =>
    Object.values(
      releaseOfArchive({ origin, codename }, { data: "x", ...(named !== undefined && { release: named }) }),
    );
  assert.deepEqual(release("Debian", "trixie"), ["trixie", true]);
  assert.deepEqual(release("Debian", "trixie-security"), ["trixie", true]);
  assert.deepEqual(release("Debian", "trixie-updates"), ["trixie", true]);
  assert.deepEqual(release("Debian Backports", "trixie-backports"), ["sid", true]);
  assert.deepEqual(release("Docker", "trixie"), ["trixie", false]);
  assert.deepEqual(release("My mirror", "mine", "trixie"), ["trixie", true]);
});
