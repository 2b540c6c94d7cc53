// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { type ComposeOptions, composeTree, parseTreefile } from "../../src/compose/index.ts";
import { readTree, Repo, walkTree } from "../../src/ostree/index.ts";
import { readText } from "../../src/compose/tree.ts";
import { type PackageSpec, TestArchive, tinyBase } from "./archive.ts";

const script = (text: string) => `#!/bin/sh\nset -e\n${text}\n`;

/** A service with everything that packages do to a tree. */
const service: PackageSpec = {
  name: "service",
  version: "1:2.0~rc1-3",
  fields: { "Multi-Arch": "same", Depends: "library" },
  files: {
    "/etc/service.conf": "port=80\n",
    "/usr/bin/service": "#!/bin/sh\n",
    "/usr/share/doc/service/README": "read me\n",
    "/usr/share/doc/service/copyright": "free\n",
    "/usr/share/locale/de/LC_MESSAGES/service.mo": "de",
    "/usr/share/locale/en_GB/LC_MESSAGES/service.mo": "en",
    "/usr/lib/unwanted": "unwanted",
    "/lib/aliased/file": "goes to /usr/lib\n",
    "/var/lib/service/seed": { content: "seed\n", mode: 0o600 },
    "/var/cache/service/old": "old",
    "/usr/bin/powerful": { content: "x", mode: 0o4755 },
  },
  control: {
    conffiles: "/etc/service.conf\n",
    triggers: "interest-noawait /usr/share/hooks\ninterest named\n",
    preinst: script('echo "$1 $DPKG_MAINTSCRIPT_PACKAGE" > /etc/service.preinst; test -e /etc/base.preinst'),
    postinst: script(
      'echo "$1|$2|$SOURCE_DATE_EPOCH" > /etc/service.postinst; test -e /etc/library.configured\n' +
        "rm /usr/lib/unwanted; chown 1:1 /var/lib/service; ln -s /var/lib/service /etc/link; rm -rf /usr/lib/replaced\n" +
        "mkdir /usr/lib/replaced; echo new > /usr/lib/replaced/new; date > /var/log/today 2>/dev/null || true",
    ),
  },
};
const library: PackageSpec = {
  name: "library",
  fields: { "Pre-Depends": "shell" },
  files: { "/usr/lib/replaced/old": "old", "/usr/lib/lib.so": "so" },
  control: { preinst: script("echo > /etc/base.preinst"), postinst: script("echo > /etc/library.configured") },
};

let scratch: string;
let archive: TestArchive;
before(async () => {
  scratch = mkdtempSync(join(tmpdir(), "compose-"));
  archive = new TestArchive(scratch);
  const failing: PackageSpec[] = [
    { name: "breaks-postinst", control: { postinst: script("echo about to fail; echo the reason >&2; exit 3") } },
    { name: "breaks-preinst", control: { preinst: script("echo no way; exit 4") } },
    { name: "rival", files: { "/usr/bin/service": "another\n" } },
    { name: "successor", fields: { Replaces: "service" }, files: { "/usr/bin/service": "successor\n" } },
    { name: "filler", files: { "/usr/bin/filler": "filler\n" } },
    { name: "device", files: {} },
  ];
  await archive.publish([...tinyBase(), service, library, ...failing]);
});
after(async () => {
  await archive[Symbol.asyncDispose]();
  rmSync(scratch, { recursive: true });
});

function treefile(text: string) {
  return parseTreefile(`ref: tiny/host\nbasearch: x86_64\n${archive.apt}${text}`, join(scratch, "tree.yaml"));
}

/** Composes into a repository of its own; packages stay in the cache that tests share. */
async function compose(name: string, text: string, options: Partial<ComposeOptions> = {}) {
  const repo = Repo.init(join(scratch, name), "archive");
  const cacheDir = join(scratch, "cache");
  const result = await composeTree({ treefile: treefile(text), repo, cacheDir, ...options });
  return { repo, result, tree: result.commit === undefined ? undefined : readTree(repo, result.commit) };
}

function listing(repo: Repo, commit: string): string {
  return execFileSync("ostree", ["--repo=" + repo.path, "ls", "-RC", commit], { encoding: "utf8" });
}

test("a tree has the shape of a deployment, with the work of its maintainer scripts", async () => {
  const { repo, result, tree } = await compose(
    "shape",
    `packages: [service]
documentation: false
install-langs: [en_GB]
automatic-version-prefix: "7"
mutate-os-release: "1"
remove-files: [/usr/lib/aliased/gone]
add-files: [[added, /usr/share/added]]
postprocess:
  - "#!/bin/sh\\necho post > /usr/share/post"
add-commit-metadata: {team: hosts, count: 3}
`.replace("[[added,", `[[${write("added", "added\n")},`),
  );
  assert.ok(tree && result.commit);
  execFileSync("ostree", ["fsck", "-q", `--repo=${repo.path}`]);
  const text = (path: string) => readText(tree, path);
  assert.equal(text("usr/etc/service.preinst"), "install service\n");
  assert.equal(text("usr/etc/service.postinst"), "configure||1\n");
  assert.equal(text("usr/lib/aliased/file"), "goes to /usr/lib\n");
  assert.equal(text("usr/share/added"), "added\n");
  assert.equal(text("usr/share/post"), "post\n");
  assert.equal(text("usr/share/doc/service/copyright"), "free\n");
  assert.equal(text("usr/share/factory/var/lib/service/seed"), "seed\n");
  assert.match(
    text("usr/lib/os-release") ?? "",
    /VERSION="7 \(small\)"\nPRETTY_NAME="Tiny Linux 7"\nID=tiny\nOSTREE_VERSION='7'\n/,
  );
  assert.match(text("usr/etc/shadow") ?? "", /^root:\*::0:/);
  assert.equal(text("usr/etc/machine-id"), "");
  const paths = new Map([...walkTree(tree)].map(({ path, node }) => [path, node]));
  for (const gone of [
    "/etc",
    "/usr/lib/unwanted",
    "/usr/lib/replaced/old",
    "/usr/share/doc/service/README",
    "/usr/share/locale/de",
    "/var/lib",
    "/usr/sbin/policy-rc.d",
    "/usr/share/factory/var/cache/service",
  ]) {
    assert.ok(!paths.has(gone), gone);
  }
  assert.ok(paths.has("/usr/lib/replaced/new"));
  assert.ok(paths.has("/usr/share/locale/en_GB/LC_MESSAGES/service.mo"));
  const links = {
    "/home": "var/home",
    "/root": "var/roothome",
    "/usr/local": "../var/usrlocal",
    "/ostree": "sysroot/ostree",
  };
  for (const [path, target] of Object.entries(links)) {
    const node = paths.get(path);
    assert.ok(node?.kind === "file" && node.header.symlink === target, path);
  }
  const powerful = paths.get("/usr/bin/powerful");
  assert.ok(powerful?.kind === "file" && powerful.header.mode === 0o104755);
  const tmpfiles = text("usr/lib/tmpfiles.d/atomic-autovar.conf") ?? "";
  assert.match(tmpfiles, /^d \/var\/lib\/service 0755 daemon daemon - -$/m);
  assert.match(
    tmpfiles,
    /^C \/var\/lib\/service\/seed 0600 root root - \/usr\/share\/factory\/var\/lib\/service\/seed$/m,
  );
  const { metadata } = repo.loadCommit(result.commit);
  assert.deepEqual(metadata.get("version"), { type: "s", value: "7" });
  assert.deepEqual(metadata.get("team"), { type: "s", value: "hosts" });
  const packages = metadata.get("atomic.packages")?.value;
  assert.ok(Array.isArray(packages) && packages.length === 5);
  checkDatabase(repo, result.commit);
});

function write(name: string, content: string): string {
  writeFileSync(join(scratch, name), content);
  return join(scratch, name);
}

/** The stock dpkg reads the database that came out. */
function checkDatabase(repo: Repo, commit: string): void {
  const root = join(scratch, "checkout");
  execFileSync("ostree", ["checkout", `--repo=${repo.path}`, commit, root]);
  const admin = `--admindir=${join(root, "usr/lib/sysimage/dpkg")}`;
  const query = (...args: string[]) => execFileSync("dpkg-query", [admin, ...args], { encoding: "utf8" });
  assert.equal(
    query("-W", "-f", "${Package} ${Version} ${Status}\n", "service"),
    "service 1:2.0~rc1-3 install ok installed\n",
  );
  assert.match(query("-L", "service"), /^\/lib\/aliased\/file$/m);
  assert.match(query("-W", "-f", "${Conffiles}", "service"), /\/etc\/service.conf [0-9a-f]{32}/);
  assert.match(query("-S", "/usr/bin/powerful"), /^service/);
  execFileSync("dpkg", [admin, "--audit"]);
  const triggers = join(root, "usr/lib/sysimage/dpkg/triggers");
  assert.ok(existsSync(join(triggers, "named")));
  assert.ok(!readdirSync(triggers).includes("Lock"));
}

test("the same input gives the same commit, in other directories and from an empty cache", async () => {
  const one = await compose("same-1", "packages: [service]");
  const two = await compose("same-2", "packages: [service]", { cacheDir: join(scratch, "other-cache") });
  assert.equal(listing(one.repo, one.result.commit ?? ""), listing(two.repo, two.result.commit ?? ""));
  assert.equal(one.result.commit, two.result.commit);
});

test("nothing is done when nothing changed; an added package makes a child commit and the next version", async () => {
  const prefix = 'automatic-version-prefix: "3"\n';
  const first = await compose("changes", `${prefix}packages: [library]`);
  const again = await compose("changes", `${prefix}packages: [library]`);
  assert.equal(again.result.changed, false);
  assert.equal(again.result.commit, first.result.commit);
  const more = await compose("changes", `${prefix}packages: [library, filler]`);
  assert.equal(more.result.changed, true);
  assert.equal(more.result.version, "3.1");
  assert.equal(more.repo.loadCommit(more.repo.resolve("tiny/host")).parent, first.result.commit);
  const forced = await compose("changes", `${prefix}packages: [library, filler]`, { force: true, parent: "none" });
  assert.equal(forced.result.version, "3.2");
  assert.equal(forced.repo.loadCommit(forced.repo.resolve("tiny/host")).parent, undefined);
});

test("a dry run and a download leave the repository as it was", async () => {
  const dry = await compose("dry", "packages: [service]", { dryRun: true });
  assert.deepEqual([...dry.repo.listRefs()], []);
  assert.ok(dry.result.packages.some(({ name }) => name === "library"));
  const download = await compose("dry", "packages: [service]", { downloadOnly: "imported" });
  assert.deepEqual([...download.repo.listRefs()], []);
});

const failures: [name: string, text: string, code: string, message: RegExp][] = [
  [
    "a failing postinst",
    "packages: [breaks-postinst]",
    "compose-script-failed",
    /breaks-postinst: postinst failed.*\n(.*\n)*.*the reason/,
  ],
  [
    "a failing preinst",
    "packages: [breaks-preinst]",
    "compose-script-failed",
    /breaks-preinst: preinst failed \(exit code 1\)\n  no way/,
  ],
  [
    "a file of two packages",
    "packages: [service, rival]",
    "compose-file-conflict",
    /\/usr\/bin\/service is in .* and in /,
  ],
  [
    "a failing postprocess",
    'packages: [library]\npostprocess: ["#!/bin/sh\\necho hm; exit 7"]',
    "compose-postprocess-failed",
    /postprocess script 1: exit code 7\n  hm/,
  ],
  [
    "an unknown unit's systemctl",
    "packages: [library]\nunits: [a.service]",
    "compose-missing-program",
    /no \/usr\/bin\/systemctl/,
  ],
  [
    "a missing file",
    "packages: [library]\nadd-files: [[/nowhere, /x]]",
    "compose-treefile-include",
    /\/nowhere: no such file/,
  ],
  ["an unknown package", "packages: [no-such-thing]", "packages-unknown", /no-such-thing/],
  ["no packages' source", "apt: []", "compose-treefile-incomplete", /no apt/],
];

for (const [name, text, code, message] of failures) {
  test(`refused, and nothing committed: ${name}`, async () => {
    const repo = Repo.init(join(scratch, "failures"), "archive");
    const file = text.startsWith("apt:")
      ? parseTreefile(`ref: tiny/host\n${text}`, join(scratch, "tree.yaml"))
      : treefile(text);
    await assert.rejects(composeTree({ treefile: file, repo, cacheDir: join(scratch, "cache") }), { code, message });
    assert.deepEqual([...repo.listRefs()], []);
    assert.deepEqual([...repo.objects()], []);
    assert.ok(!existsSync(join(scratch, "cache/work")));
  });
}

test("a package that replaces another takes its files over, in any order", async () => {
  const { tree } = await compose("replaces", "packages: [service, successor]");
  assert.ok(tree);
  assert.equal(readText(tree, "usr/bin/service"), "successor\n");
  const lists = "usr/lib/sysimage/dpkg/info";
  assert.match(readText(tree, `${lists}/successor.list`) ?? "", /^\/usr\/bin\/service$/m);
  assert.doesNotMatch(readText(tree, `${lists}/service:amd64.list`) ?? "", /^\/usr\/bin\/service$/m);
});

test("a directory of added files keeps its modes and becomes root's", async () => {
  const directory = join(scratch, "overlay");
  mkdirSync(join(directory, "bin"), { recursive: true });
  writeFileSync(join(directory, "bin/tool"), "#!/bin/sh\n", { mode: 0o755 });
  const { tree } = await compose("overlaid", `packages: [library]\nadd-files: [[${directory}, /usr/share/overlay]]`);
  assert.ok(tree);
  assert.equal(readText(tree, "usr/share/overlay/bin/tool"), "#!/bin/sh\n");
});
