// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import {
  parseRepoFile,
  readRepoFiles,
  repoVariables,
  type RpmSource,
  substituteVariables,
} from "../../../src/packages/index.ts";

const variables = repoVariables({ arch: "x86_64", releasever: "9.4", environment: { DNF_VAR_site: "mirror" } });
const parse = (text: string) => parseRepoFile(text, "test.repo", variables);

const script = `
import dnf, json, sys
base = dnf.Base()
base.conf.reposdir = [sys.argv[1]]
base.conf.substitutions.update({"releasever": "9.4", "arch": "x86_64", "basearch": "x86_64", "site": "mirror"})
base.read_all_repos()
for r in base.repos.all():
    print(json.dumps({"id": r.id, "name": r.name, "baseUrls": list(r.baseurl), "mirrorList": r.mirrorlist or "",
      "metalink": r.metalink or "", "enabled": r.enabled, "priority": r.priority, "cost": r.cost,
      "excludes": list(r.excludepkgs), "includes": list(r.includepkgs), "gpgKeys": list(r.gpgkey),
      "repoGpgCheck": r.repo_gpgcheck, "moduleHotfixes": r.module_hotfixes, "skipIfUnavailable": r.skip_if_unavailable,
      "metadataExpire": r.metadata_expire, "sslVerify": r.sslverify, "timeout": r.timeout}))
`;

/** What dnf makes of the .repo files of a directory. */
function judged(directory: string): Record<string, unknown>[] {
  const output = execFileSync("/usr/bin/python3", ["-c", script, directory], { stdio: ["ignore", "pipe", "pipe"] });
  return output
    .toString()
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as Record<string, unknown>);
}

/** The same, of what we made of them; dnf's own defaults stand for what is not said. */
function facts({ connection = {}, ...source }: RpmSource): Record<string, unknown> {
  const expire = source.metadataExpire ?? 48 * 3600;
  return {
    id: source.id,
    name: source.name ?? source.id,
    baseUrls: source.baseUrls,
    mirrorList: source.mirrorList ?? "",
    metalink: source.metalink ?? "",
    enabled: source.enabled ?? true,
    priority: source.priority ?? 99,
    cost: source.cost ?? 1000,
    excludes: source.excludes ?? [],
    includes: source.includes ?? [],
    gpgKeys: source.gpgKeys ?? [],
    repoGpgCheck: source.repoGpgCheck ?? false,
    moduleHotfixes: source.moduleHotfixes ?? false,
    skipIfUnavailable: source.skipIfUnavailable ?? false,
    metadataExpire: Number.isFinite(expire) ? expire : -1,
    sslVerify: connection.sslVerify ?? true,
    timeout: connection.timeout ?? 30,
  };
}

const fedora = `# a comment
[main]
gpgcheck=1
[fedora]
name=Fedora $releasever - $basearch
#baseurl=http://download.example/pub/fedora/linux/releases/$releasever/Everything/$basearch/os/
metalink=https://mirrors.fedoraproject.org/metalink?repo=fedora-$releasever&arch=$basearch
enabled=1
countme=1
metadata_expire=7d
repo_gpgcheck=0
type=rpm
gpgcheck=1
gpgkey=file:///etc/pki/rpm-gpg/RPM-GPG-KEY-fedora-$releasever-$basearch
skip_if_unavailable=False

[list-of.things:1]
baseurl = http://$site/a/$unknown/
   http://\${site}/b
  http://c/, http://d/
mirrorlist=http://mirror/list?arch=$arch
enabled=no
priority = 10
cost=5
excludepkgs=kernel*, *.i686
exclude=more
includepkgs=a b
  c
gpgkey=https://a/key https://b/key
metadata_expire=never
module_hotfixes=true
sslverify=0
timeout=1m
`;

test("options are read as dnf reads them", () => {
  const directory = mkdtempSync(join(tmpdir(), "atomic-repos-"));
  writeFileSync(join(directory, "a.repo"), fedora);
  writeFileSync(
    join(directory, "b.repo"),
    "[other]\nbaseurl=file:///srv/repo\nmetadata_expire=90m\n[fedora]\nbaseurl=/x\n",
  );
  writeFileSync(join(directory, "c.txt"), "no repo file");
  const { sources, warnings } = readRepoFiles(directory, variables);
  assert.deepEqual(
    sources.map(({ id }) => id),
    ["fedora", "list-of.things:1", "other"],
  );
  assert.deepEqual(
    new Map(sources.map((one) => [one.id, facts(one)])),
    new Map(judged(directory).map((one) => [one["id"], one])),
  );
  assert.match(warnings.join("\n"), /fedora is there more than once/);
  assert.equal(sources[0]!.gpgCheck, true);
  rmSync(directory, { recursive: true });
});

test("what dnf does not know is warned of, as is what has no effect", () => {
  const { warnings } = parse("[a]\nbaseurl=/a\nbaseulr=/b\nthrottle=10k\ncountme=1\n[b@d]\nbaseurl=/c\n");
  assert.equal(warnings.length, 3);
  assert.match(warnings[0]!, /\[a\]: unknown option baseulr=\/b/);
  assert.match(warnings[1]!, /throttle has no effect/);
  assert.match(warnings[2]!, /\[b@d\] is no id/);
});

test("values that are not of their kind, and what is not done, are refused by name", () => {
  const refuses = (line: string, message: RegExp) =>
    assert.throws(() => parse(`[a]\nbaseurl=/a\n${line}\n`), { code: "packages-repo-file", message });
  refuses("enabled=maybe", /\[a\]: enabled=maybe: neither true nor false/);
  refuses("priority=high", /no whole number/);
  refuses("metadata_expire=soon", /no time/);
  refuses("type=yast2", /only rpm-md/);
  refuses("proxy_auth_method=ntlm", /only any, basic/);
  refuses("sslverifystatus=1", /revocation/);
  refuses("proxy=socks5://a:1", /only http and https proxies/);
  refuses("ip_resolve=5", /only 4/);
  assert.throws(() => parse("[a]\nname=x\n"), { code: "packages-repo-file", message: /neither baseurl/ });
});

test("lines that are none of a .repo file are refused", () => {
  const refuses = (text: string, message: RegExp) => assert.throws(() => parse(text), { code: "formats-ini", message });
  refuses("baseurl=/a\n", /line 1: a key before/);
  refuses("[a\n", /section/);
  refuses("[a] b\n", /section/);
  refuses("[a]\nbaseurl\n", /line 2: "baseurl" is no key=value/);
  refuses("[a]\n  /b\n", /goes on with nothing/);
  refuses("[a]\nbaseurl=/a\n# a comment\n  /b\n", /line 4: .*goes on with nothing/);
});

test("variables are replaced as libdnf does", () => {
  const cases: readonly (readonly [string, string])[] = [
    ["$releasever/$basearch", "9.4/x86_64"],
    ["${releasever_major}-${releasever_minor}", "9-4"],
    ["$site$site", "mirrormirror"],
    ["$unknown ${unknown} $ ${ $", "$unknown ${unknown} $ ${ $"],
    ["${unknown:-${site:-x}/y}", "mirror/y"],
    ["${site:+alternative} ${unknown:+z}.", "alternative ."],
    ["${unknown:-open", "${unknown:-open"],
    ["\\$site", "$site"],
  ];
  for (const [text, expected] of cases) assert.equal(substituteVariables(text, variables), expected, text);
  const deep = "${unknown:-".repeat(1000) + "}".repeat(1000);
  assert.ok(substituteVariables(deep, variables).length > 0);
});

test("variables come from files and the environment, but not the architecture", () => {
  const directory = mkdtempSync(join(tmpdir(), "atomic-vars-"));
  mkdirSync(join(directory, "vars"));
  for (const [name, value] of [
    ["stream", "9-stream\nmore"],
    ["basearch", "z80"],
    ["not a name", "x"],
  ]) {
    writeFileSync(join(directory, "vars", name!), value!);
  }
  const made = repoVariables({ arch: "i686", directories: [join(directory, "vars")], environment: { DNF0: "zero" } });
  assert.deepEqual(Object.fromEntries(made), { stream: "9-stream", basearch: "i386", DNF0: "zero", arch: "i686" });
  rmSync(directory, { recursive: true });
});
