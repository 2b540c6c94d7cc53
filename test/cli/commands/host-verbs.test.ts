// SPDX-License-Identifier: Apache-2.0
// Verbs of rpm-ostree at the command line, on a system root in a directory. Needs root.
import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { run } from "../../../src/base/index.ts";
import { deploy, Sysroot } from "../../../src/host/index.ts";
import { commitTree, newSysroot, ostree, ref, type TreeOptions } from "../../host/fixture.ts";

const program = [...process.execArgv, join(import.meta.dirname, "../../../src/cli/atomic.ts"), "host"];

/** A tree with these packages in its dpkg database. */
function withPackages(version: string, packages: Readonly<Record<string, string>>): TreeOptions {
  const entries = Object.entries(packages).map(
    ([name, number]) => `Package: ${name}\nStatus: install ok installed\nArchitecture: amd64\nVersion: ${number}\n`,
  );
  return { version, kernel: version, files: { "usr/lib/sysimage/dpkg/status": entries.join("\n") } };
}

async function twoVersions(t: TestContext) {
  const { root, path, repo, first } = newSysroot(t, withPackages("13.1", { podman: "5.4", old: "1", same: "1" }));
  await deploy(Sysroot.open(path), { rev: first, stateroot: "debian", origin: ref, kernelArgs: ["root=LABEL=root"] });
  const second = commitTree(repo, root, withPackages("13.2", { podman: "5.10", new: "1", same: "1" }));
  const host = async (words: string, args: readonly string[] = [], env: Record<string, string> = {}) => {
    const options = { accept: [0, 1, 2, 77], env };
    return run(process.execPath, [...program, ...words.split(" "), "--quiet", ...args], options);
  };
  return { root, path, repo, first, second, host, at: `--sysroot=${path}` };
}

test("db tells the packages of commits as rpm-ostree does", async (t) => {
  const { repo, first, second, host } = await twoVersions(t);
  const from = `--repo=${repo}`;
  const list = await host("db list", [from, first, second, "po*", "same"]);
  const listed = (commit: string, podman: string) =>
    `ostree commit: ${commit}\n podman-${podman}.amd64\n same-1.amd64\n`;
  assert.equal(list.stdout, listed(first, "5.4") + listed(second, "5.10"));
  const diff = await host("db diff", [from, "--format=diff", first, ref]);
  const head = `ostree diff commit from: ${first}\nostree diff commit to:   ${ref} (${second})\n`;
  assert.equal(diff.stdout, `${head}+new-1.amd64\n-old-1.amd64\n!podman-5.4.amd64\n=podman-5.10.amd64\n`);
  const json = JSON.parse((await host("db diff", [from, "--format=json", first, ref])).stdout) as unknown;
  assert.deepEqual(json, {
    "ostree-commit-from": first,
    "ostree-commit-to": second,
    pkgdiff: [
      ["new", 0, { NewPackage: ["new", "1", "amd64"] }],
      ["old", 1, { PreviousPackage: ["old", "1", "amd64"] }],
      ["podman", 2, { PreviousPackage: ["podman", "5.4", "amd64"], NewPackage: ["podman", "5.10", "amd64"] }],
    ],
    advisories: [],
  });
  assert.match(
    (await host("db version", [from, first])).stdout,
    /^ostree commit: \S+\n {2}rpmdbv is: +3:[0-9a-f]{64}\n$/,
  );
  assert.match((await host("db diff", [from, "--format=xml", first, ref])).stderr, /pick one of: diff, block, json/);
});

test("db diff tells the CVEs that a version mends", async (t) => {
  const { repo, first, second, host } = await twoVersions(t);
  const withCves = (commit: string, version: string, fixes: string) => {
    const source = `[('libpod', 'trixie', '${version}', ['podman-${version}.amd64'], '${fixes}')]`;
    const told = [`--tree=ref=${commit}`, `--add-metadata=atomic.cves=${source}`];
    return ostree("commit", `--repo=${repo}`, "--orphan", ...told).trim();
  };
  const from = withCves(first, "5.4", "");
  const to = withCves(second, "5.10", "5.9 3 2026-1000");
  const diff = async (...args: string[]) => host("db diff", [`--repo=${repo}`, ...args, from, to]);
  assert.match(
    (await diff("-a")).stdout,
    /\n {2}Security advisories \(1\): 1 important\n {4}libpod 5\.9 {2}important {2}podman-5\.10\.amd64\n {6}CVE-2026-1000\n$/,
  );
  assert.doesNotMatch((await diff()).stdout, /CVE/);
  const { advisories } = JSON.parse((await diff("--json")).stdout) as { advisories: unknown };
  const references = [["https://security-tracker.debian.org/tracker/CVE-2026-1000", "CVE-2026-1000"]];
  assert.deepEqual(advisories, [["libpod 5.9", 1, 3, ["podman-5.10.amd64"], { cve_references: references }]]);
  assert.match((await diff("-a", "--format=diff")).stderr, /diff format and --advisories not supported/);
});

test("kernel arguments are edited in an editor", async (t) => {
  const { root, host, at } = await twoVersions(t);
  const editor = join(root, "editor");
  writeFileSync(editor, '#!/bin/sh\ngrep -q "^root=LABEL=root$" "$1" && echo "$NEW" > "$1"\n', { mode: 0o755 });
  const edit = async (text: string) => host("kargs", [at, "--editor"], { EDITOR: editor, VISUAL: editor, NEW: text });
  assert.match((await edit("rw ostree=x")).stderr, /'ostree' argument in your input/);
  assert.match((await edit("# nothing")).stderr, /can not be empty/);
  assert.match((await edit("# a comment\nrw\n quiet ")).stdout, /Kernel arguments: rw quiet/);
  assert.equal((await host("kargs", [at])).stdout, "rw quiet\n");
  assert.match(
    (await host("kargs", [at, "--editor", "--append=x"])).stderr,
    /Cannot specify both --editor and --append/,
  );
  assert.match((await host("kargs", [at, "--delete=x", "--replace=x=1"])).stderr, /both --delete and --replace/);
  assert.match((await host("kargs", [at, "--reboot"])).stderr, /Cannot reboot when kernel arguments not changed/);
  assert.equal((await host("kargs", [at, "--delete-if-present=absent", "--unchanged-exit-77"])).code, 77);
  assert.equal((await host("kargs", [at, "--unchanged-exit-77"])).code, 0);
});

test("status answers JSONPath; rebase, deploy and reset say what they need", async (t) => {
  const { second, host, at } = await twoVersions(t);
  const version = await host("status", [at, "--jsonpath=$.deployments[0].version"]);
  assert.deepEqual(JSON.parse(version.stdout), ["13.1"]);
  assert.match((await host("status", [at, "--json", "-J", "$"])).stderr, /both --json and --jsonpath/);
  assert.match((await host("status", [at, "-J", "x"])).stderr, /error\[formats-json-path\]/);
  assert.match((await host("rebase", [at])).stderr, /Must specify refspec, or -b branch or -m remote/);
  const unsigned = await host("rebase", [at, "ostree-image-signed:docker://x/y"]);
  assert.match(unsigned.stderr, /error\[/, "no policy of this machine asks for a signature of it");
  assert.match((await host("rebase", [at, "x", "--custom-origin-url=x"])).stderr, /must be supplied with/);
  assert.match((await host("deploy", [at, "13.2", "--preview"])).stdout, /13\.1 → 13\.2[^]*Upgraded \(1\)[^]*podman/);
  assert.match((await host("deploy", [at, "13.2", "--preview", "--karg=x"])).stderr, /do not go together/);
  assert.match((await host("rebase", [at, second])).stdout, /13\.2 .* boots next/);
  assert.equal((await host("deploy", [at, "--unchanged-exit-77", second])).code, 1, "it is pinned to a commit");
  assert.equal((await host("reset", [at])).stdout, "No changes.\n");
  assert.match((await host("finalize-deployment", [at])).stderr, /Must provide expected CHECKSUM/);
});

test("etc is compared and reset at the command line", async (t) => {
  const { path, first, host, at } = await twoVersions(t);
  const etc = join(path, `ostree/deploy/debian/deploy/${first}.0/etc`);
  assert.equal((await host("etc diff", [at])).stdout, "/etc is as the version shipped it.\n");
  writeFileSync(join(etc, "motd"), "mine\n");
  assert.equal((await host("etc diff", [at])).stdout, "M    motd\n");
  const stock = ostree("admin", "config-diff", at, "--os=debian");
  assert.equal((await host("etc diff", [at])).stdout, stock, "as stock ostree has it");
  assert.match((await host("etc diff", [at, "-p"])).stdout, /^--- version\/etc\/motd\n\+\+\+ etc\/motd\n[^]*\+mine\n$/);
  assert.match((await host("etc reset", [at])).stderr, /say which files below \/etc, or --all/);
  assert.match((await host("etc keep", [at, "motd"])).stdout, /^motd\n/);
  assert.match((await host("etc reset", [at, "--all"])).stdout, /Nothing to reset\.\n {2}3 paths stay/);
  assert.match((await host("etc reset", [at, "motd"])).stdout, /Reset 1 path in \/etc\.\n {2}What was there is in/);
  assert.match((await host("reset", [at, "--factory=some"])).stderr, /--factory is etc or all/);
  assert.match((await host("reset", [at, "--factory=all"])).stdout, /13\.1 .* boots next/);
});
