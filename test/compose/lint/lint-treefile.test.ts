// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { after, afterEach, before, beforeEach, test } from "node:test";
import { allLints, lints, lintTreefile } from "../../../src/compose/index.ts";
import { Repo } from "../../../src/ostree/index.ts";

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "lint-treefile-"));
});
afterEach(() => rmSync(directory, { recursive: true }));

/** Serves an empty repository of each format, and nothing else. */
const server = createServer((request, response) => {
  const repomd = '<repomd xmlns="http://linux.duke.edu/metadata/repo"><revision>1</revision></repomd>';
  const pages: Record<string, string> = { "/good/repodata/repomd.xml": repomd, "/debian/dists/trixie/InRelease": "x" };
  const page = pages[request.url ?? ""];
  response.writeHead(page === undefined ? 404 : 200).end(page);
});
let url: string;
before(async () => {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
after(() => void server.close());

function write(files: Record<string, string>): string {
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(directory, name)), { recursive: true });
    writeFileSync(join(directory, name), text);
  }
  return join(directory, "tree.yaml");
}

const good = 'ref: tiny/host\nrepos: [good]\npackages: [bash]\nedition: "2024"\n';
const repoFile = () => `[good]\nbaseurl=${url}/good\ngpgcheck=1\ngpgkey=file:///key\n`;

async function found(files: Record<string, string>, options = {}): Promise<string[]> {
  const { findings } = await lintTreefile(write({ "good.repo": repoFile(), ...files }), options);
  return findings.map(
    ({ lint, path, text }) => `${lint}: ${path === undefined ? "" : `${path.slice(directory.length)} `}${text}`,
  );
}

test("nothing is missing of a treefile whose repositories answer", async () => {
  assert.deepEqual(await found({ "tree.yaml": good }), []);
});

type Case = [lint: string, files: () => Record<string, string>, expected: RegExp];
const tree = (text: string) => () => ({ "tree.yaml": good + text });

const cases: Case[] = [
  ["treefile", tree("nonsense: 1\n"), /tree.yaml:5:1: unknown key nonsense/],
  ["treefile-unsupported", tree("override-remove: [a]\n"), /override-remove: it belongs to a host's own treefile/],
  ["treefile-incomplete", () => ({ "tree.yaml": "repos: [good]\n" }), /no ref/],
  ["missing-file", tree("add-files: [[motd, /etc/motd]]\n"), /\/motd is missing/],
  ["missing-file", tree("check-passwd: {type: file, filename: users}\n"), /\/users is missing/],
  ["missing-layer", tree("ostree-layers: [overlay/a]\n"), /overlay\/a: no --repo given/],
  ["contradiction", tree("exclude-packages: [bash]\n"), /bash is in both lists/],
  ["script-interpreter", tree('postprocess: ["echo 1"]\n'), /postprocess: "echo 1"/],
  ["units-without-effect", tree("units: [a.service]\nmachineid-compat: false\n"), /units has a.service/],
  ["tmp-not-writable", tree("tmp-is-dir: false\n"), /tmp-is-dir is false/],
  ["treefile-warning", tree("cliwrap: true\n"), /cliwrap is deprecated/],
  ["missing-repo", tree("lockfile-repos: [pool]\n"), /pool is in no .repo file/],
  ["repo-file", () => ({ "tree.yaml": good, "bad.repo": "[bad]\nenabled=1\n" }), /neither baseurl nor/],
  ["unverified-repo", () => ({ "tree.yaml": good, "good.repo": repoFile().replace("=1", "=0") }), /good: gpgcheck=0/],
  [
    "unreachable-repo",
    () => ({ "tree.yaml": good, "good.repo": repoFile().replace("/good\n", "/bad\n") }),
    /good: there is no/,
  ],
];

for (const [lint, files, expected] of cases) {
  test(`${lint}: ${expected.source}`, async () => {
    const lines = await found(files());
    assert.ok(
      lines.some((line) => line.startsWith(`${lint}: `) && expected.test(line)),
      lines.join("\n"),
    );
    if (lint !== "treefile")
      assert.ok(!(await found(files(), { skip: [lint] })).some((line) => line.startsWith(`${lint}:`)));
  });
}

test("layers are looked for in the repository", async () => {
  const repo = Repo.init(join(directory, "repo"), "archive");
  const lines = await found({ "tree.yaml": `${good}ostree-layers: [overlay/a]\n` }, { repo });
  assert.match(lines.join(), /overlay\/a is not in .*\/repo/);
});

test("without repos all enabled ones are meant; Debian's are asked too; offline none is", async () => {
  const files = { "tree.yaml": good.replace("repos: [good]\n", "") };
  assert.deepEqual(await found(files), []);
  const debian = (suite: string) => good.replace("repos: [good]", `apt: [{uri: ${url}/debian, suites: [${suite}]}]`);
  assert.deepEqual(await found({ "tree.yaml": debian("trixie") }), []);
  assert.match(
    (await found({ "tree.yaml": debian("forky") })).join(),
    /unreachable-repo: .*dists\/forky: there is no Release/,
  );
  assert.deepEqual(await found({ "tree.yaml": debian("forky") }, { offline: true }), []);
});

test("every lint of treefiles has a case", () => {
  const names = new Set(cases.map(([name]) => name));
  const ofTrees = new Set(lints.map(({ name }) => name));
  assert.deepEqual(
    allLints.map(({ name }) => name).filter((name) => !ofTrees.has(name) && !names.has(name)),
    [],
  );
});
