// SPDX-License-Identifier: Apache-2.0
// What keys of treefiles do to a commit of RPM packages; judged by ostree, gpg and rpm. Needs root.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { composeJson, type ComposeOptions, composeTree, parseTreefile } from "../../../src/compose/index.ts";
import { addAltfiles } from "../../../src/compose/layout/altfiles.ts";
import { isSymlink, lookup, readText } from "../../../src/compose/tree.ts";
import { type Checksum, readTree, Repo } from "../../../src/ostree/index.ts";
import { makeRpms, type RpmSpec, tinyRpmBase } from "./rpms.ts";

const program = (name: string): RpmSpec => ({
  name,
  files: { [`/usr/bin/${name}`]: `#!/bin/sh\necho ${name}\n` },
  attributes: { [`/usr/bin/${name}`]: "%attr(0755,root,root)" },
});
const specs: RpmSpec[] = [
  program("rpm"),
  program("rpm-ostree"),
  program("kernel-install"),
  {
    name: "local",
    files: { "/opt/local/tool": "tool", "/usr/local/bin/mine": "mine", "/usr/share/local": "" },
    list: "%dev(c,1,5) %attr(0666,root,root) /usr/share/null-device",
  },
  {
    name: "systemd",
    files: {
      "/usr/lib/systemd/systemd": "",
      "/usr/bin/systemctl": "#!/bin/sh\nmkdir -p /etc/systemd/system/sockets.target.wants\n",
    },
    attributes: { "/usr/bin/systemctl": "%attr(0755,root,root)" },
  },
  { name: "transient", files: { "/usr/lib/ostree/prepare-root.conf": "[root]\ntransient = true\n" } },
  {
    name: "ostree",
    files: {
      "/usr/lib/ostree/prepare-root.conf": "[composefs]\nenabled = yes\n",
      "/usr/lib/os-release": "VERSION='1 (one of 1)'\nPRETTY_NAME=\"Tiny 1\"\nVERSION_ID=1\n",
      "/usr/lib/systemd/system/ostree-state-overlay@.service": "[Service]\n",
    },
  },
];

/** Of three advisories two are of security, one of which has nothing that is in the tree. */
const updateinfo = `<updates>
<update type="security"><id>A-1</id><severity>Important</severity><references>
<reference href="https://b/2" id="2" type="bugzilla" title="CVE-2024-1 again"/>
<reference href="https://b/1" id="1" type="bugzilla" title="local: CVE-2024-1 and CVE-2024-2"/>
<reference href="https://b/3" id="3" type="bugzilla" title="CVE-2024-3"/>
<reference href="https://c" id="CVE-2024-1" type="cve" title="CVE-2024-1"/></references>
<pkglist><collection><package name="local" version="1" release="1" epoch="0" arch="noarch"/>
<package name="gone" version="1" release="1" epoch="0" arch="noarch"/></collection></pkglist></update>
<update type="bugfix"><id>A-2</id><pkglist><collection>
<package name="local" version="1" release="1" epoch="0" arch="noarch"/></collection></pkglist></update>
<update type="security"><id>A-3</id><pkglist><collection>
<package name="local" version="2" release="1" epoch="0" arch="noarch"/></collection></pkglist></update></updates>`;

let scratch: string;
before(() => {
  scratch = mkdtempSync(join(tmpdir(), "atomic-keys-"));
  const repository = join(scratch, "repository");
  mkdirSync(repository);
  makeRpms(repository, [...tinyRpmBase(), ...specs]);
  execFileSync("createrepo_c", ["-q", "--revision=7", "--set-timestamp-to-revision", repository]);
  writeFileSync(join(scratch, "updateinfo.xml"), updateinfo);
  execFileSync("modifyrepo_c", [join(scratch, "updateinfo.xml"), join(repository, "repodata")], { stdio: "ignore" });
  writeFileSync(join(scratch, "tiny.repo"), `[tiny]\nbaseurl=file://${repository}\ngpgcheck=0\n`);
});
after(() => rmSync(scratch, { recursive: true, force: true }));

let count = 0;
async function compose(text: string, options: Partial<ComposeOptions> = {}) {
  const repo = Repo.init(join(scratch, `repo-${++count}`), "archive");
  const treefile = parseTreefile(`ref: tiny/rpm\nbasearch: x86_64\n${text}`, join(scratch, "tree.yaml"));
  const result = await composeTree({ treefile, repo, cacheDir: join(scratch, "cache"), ...options });
  const show = (...args: string[]) =>
    execFileSync("ostree", [`--repo=${repo.path}`, "show", result.commit ?? "", ...args], { encoding: "utf8" });
  return { repo, result, show, tree: readTree(repo, result.commit as Checksum) };
}
const base = "repos: [tiny]\nboot-location: modules\n";

const advisories =
  "[('A-1', uint32 1, uint32 3, ['local-1-1.noarch'], " +
  "{'cve_references': <[('https://b/1', 'local: CVE-2024-1 and CVE-2024-2'), ('https://b/3', 'CVE-2024-3')]>})]\n";

test("advisories and repositories are told inline, in detached metadata or not at all", async () => {
  const inline = await compose(`${base}packages: [shell, local]\n`);
  // Stored big-endian; ostree shows it so.
  assert.equal(inline.show("--print-metadata-key=rpmostree.advisories"), advisories);
  const text = `${base}packages: [shell, local]\nadvisories-metadata: detached\nrepo-metadata: detached\n`;
  const detached = await compose(text);
  assert.equal(detached.show("--print-detached-metadata-key=rpmostree.advisories"), advisories);
  const repositories = detached.show("--print-detached-metadata-key=rpmostree.rpmmd-repos");
  assert.match(repositories, /^\[\{'id': <'tiny'>, 'timestamp': <uint64 \d+>\}\]$/m);
  const { metadata } = detached.repo.loadCommit(detached.result.commit!);
  assert.deepEqual([metadata.has("rpmostree.advisories"), metadata.has("rpmostree.rpmmd-repos")], [false, false]);
  const none = await compose(text.replaceAll("detached", "disabled"));
  assert.ok(!existsSync(none.repo.objectPath(none.result.commit!, "commitmeta")));
  const unaffected = await compose(`${base}packages: [shell]\n`);
  assert.ok(!unaffected.repo.loadCommit(unaffected.result.commit!).metadata.has("rpmostree.advisories"));
});

test("a commit is signed with gpg-key before its ref is set", async () => {
  const home = join(scratch, "gnupg");
  mkdirSync(home, { mode: 0o700 });
  const gpg = (...args: string[]) => execFileSync("gpg", ["--homedir", home, "--batch", "--quiet", ...args]);
  gpg("--passphrase", "", "--quick-gen-key", "test@example.org", "ed25519", "sign", "never");
  writeFileSync(join(scratch, "key.asc"), gpg("--armor", "--export"));
  const key = /^fpr:+([0-9A-F]{40})/m.exec(gpg("--list-keys", "--with-colons").toString())?.[1] ?? "";
  const text = `${base}packages: [shell]\ngpg-key: ${key}\n`;
  const { repo } = await compose(text, { gpgHome: home });
  const target = join(scratch, "pulled");
  const ostree = (...args: string[]) => execFileSync("ostree", [`--repo=${target}`, ...args], { stdio: "pipe" });
  ostree("init", "--mode=bare-user");
  ostree("remote", "add", "origin", `file://${repo.path}`, `--gpg-import=${join(scratch, "key.asc")}`);
  ostree("pull", "origin", "tiny/rpm");
  const unknown = `${base}packages: [shell]\ngpg-key: 0123456789ABCDEF\n`;
  const failed = Repo.init(join(scratch, "unsigned"), "archive");
  await assert.rejects(compose(unknown, { gpgHome: home, repo: failed }));
  assert.deepEqual([...failed.listRefs()], []);
  execFileSync("gpgconf", ["--homedir", home, "--kill", "all"]);
});

test("cliwrap puts scripts in front of programs, of which the tree must have rpm-ostree", async () => {
  const { tree } = await compose(`${base}packages: [shell, rpm, rpm-ostree, kernel-install]\ncliwrap: true\n`);
  for (const name of ["rpm", "dnf", "yum", "kernel-install"]) {
    assert.match(readText(tree, `usr/bin/${name}`) ?? "", /\nexec \/usr\/bin\/rpm-ostree cliwrap \$0 "\$@"\n$/, name);
  }
  assert.equal(readText(tree, "usr/libexec/rpm-ostree/wrapped/rpm"), "#!/bin/sh\necho rpm\n");
  assert.deepEqual(
    [lookup(tree, "usr/libexec/rpm-ostree/wrapped/dnf"), lookup(tree, "usr/sbin/grubby")],
    [undefined, undefined],
  );
  const some = await compose(
    `${base}packages: [shell, rpm, rpm-ostree, kernel-install]\ncliwrap-binaries: [kernel-install]\n`,
  );
  assert.equal(readText(some.tree, "usr/bin/rpm"), "#!/bin/sh\necho rpm\n");
  assert.match(readText(some.tree, "usr/bin/kernel-install") ?? "", /cliwrap/);
  const alone = `${base}packages: [shell, rpm]\ncliwrap: true\n`;
  await assert.rejects(compose(alone), { code: "compose-missing-program", message: /no \/usr\/bin\/rpm-ostree/ });
  const unknown = `${base}packages: [shell, rpm-ostree]\ncliwrap-binaries: [vi]\n`;
  await assert.rejects(compose(unknown), { code: "compose-treefile-value", message: /vi cannot be wrapped/ });
});

test("opt-usrlocal: links into /var, directories of the release, or with an overlay", async () => {
  const text = `${base}packages: [shell, local, ostree]\n`;
  const link = (tree: Parameters<typeof lookup>[0], path: string) => {
    const node = lookup(tree, path);
    return isSymlink(node) ? node.header.symlink : node?.kind;
  };
  const { tree: usual } = await compose(text);
  assert.deepEqual([link(usual, "opt"), link(usual, "usr/local")], ["var/opt", "../var/usrlocal"]);
  const { tree: root } = await compose(`${text}opt-usrlocal: root\n`);
  assert.deepEqual([link(root, "opt"), link(root, "usr/local")], ["dir", "dir"]);
  assert.deepEqual([link(root, "opt/local"), readText(root, "usr/local/bin/mine")], ["../usr/lib/opt/local", "mine"]);
  assert.equal(readText(root, "usr/lib/opt/local/tool"), "tool");
  assert.doesNotMatch(readText(root, "usr/lib/tmpfiles.d/atomic-autovar.conf") ?? "", /opt|usrlocal/);
  const { tree: overlay } = await compose(`${text}opt-usrlocal: state-overlay\n`);
  assert.deepEqual([link(overlay, "opt"), link(overlay, "usr/local")], ["usr/lib/opt", "dir"]);
  assert.equal(link(overlay, "usr/lib/opt/local"), "dir");
  for (const name of ["usr-lib-opt", "usr-local"]) {
    const unit = `ostree-state-overlay@${name}.service`;
    assert.equal(link(overlay, `usr/lib/systemd/system/local-fs.target.requires/${unit}`), `../${unit}`);
  }
  const integration = readText(overlay, "usr/lib/tmpfiles.d/atomic-0-integration.conf") ?? "";
  assert.match(integration, /^L \/var\/opt - - - - \.\.\/usr\/lib\/opt$/m);
  await assert.rejects(compose(`${base}packages: [shell, local]\nopt-usrlocal: state-overlay\n`), {
    code: "compose-missing-program",
  });
});

test("units are in multi-user.target.wants, whatever they say; a /tmp that nobody can write to is told", async () => {
  const warnings: string[] = [];
  const text = `ref: tiny/rpm\nbasearch: x86_64\n${base}packages: [shell, systemd]\nunits: [a.socket]\n`;
  const make = (more: string) =>
    composeTree(
      {
        treefile: parseTreefile(text + more, join(scratch, "tree.yaml")),
        repo: Repo.init(join(scratch, `repo-${++count}`), "archive"),
        cacheDir: join(scratch, "cache"),
      },
      (event) => {
        if (event.type === "warning") warnings.push(event.text);
      },
    );
  const { commit } = await make("");
  const node = lookup(
    readTree(Repo.open(join(scratch, `repo-${count}`)), commit!),
    "usr/etc/systemd/system/multi-user.target.wants/a.socket",
  );
  assert.ok(isSymlink(node) && node.header.symlink === "/usr/lib/systemd/system/a.socket");
  assert.match(warnings.join("\n"), /tmp-is-dir is false: .*read-only/);
  warnings.length = 0;
  await make("tmp-is-dir: true\n");
  assert.doesNotMatch(warnings.join("\n"), /tmp-is-dir/);
});

test("a root that may be written to until the next boot has directories", async () => {
  const { tree } = await compose(`${base}packages: [shell, transient]\ntmp-is-dir: true\n`);
  for (const path of ["opt", "media", "mnt", "srv", "usr/local", "tmp"])
    assert.equal(lookup(tree, path)?.kind, "dir", path);
  for (const path of ["home", "root", "ostree"]) assert.ok(isSymlink(lookup(tree, path)), path);
  await assert.rejects(compose(`${base}packages: [shell, transient]\n`), {
    code: "compose-treefile-value",
    message: /tmp-is-dir must be true/,
  });
});

test("devices of packages are left out, or an error", async () => {
  const { tree } = await compose(`${base}packages: [shell, local]\n`);
  assert.equal(lookup(tree, "usr/share/null-device"), undefined);
  assert.ok(lookup(tree, "usr/share/local"));
  await assert.rejects(compose(`${base}packages: [shell, local]\nignore-devices: false\n`), {
    code: "compose-bad-package",
    message: /null-device is a/,
  });
});

test("a source root gives repositories, variables, keys and the release number", async () => {
  const root = join(scratch, "source-root");
  for (const path of ["etc/yum.repos.d", "etc/dnf/vars", "etc/pki", "usr/lib"])
    mkdirSync(join(root, path), { recursive: true });
  const url = `file://${join(scratch, "$dir")}$releasever`;
  const keys = "gpgcheck=1\ngpgkey=file:///etc/pki/key\n";
  writeFileSync(join(root, "etc/yum.repos.d/a.repo"), `[a]\nbaseurl=${url}\n${keys}`);
  writeFileSync(join(root, "etc/dnf/vars/dir"), "reposi\n");
  writeFileSync(join(root, "usr/lib/os-release"), 'ID=tiny\nVERSION_ID="tory"\n');
  const text = "repos: [a]\nboot-location: modules\npackages: [shell]\n";
  await assert.rejects(compose(text, { sourceRoot: root }), { message: /the key \/etc\/pki\/key does not exist/ });
  writeFileSync(join(root, "etc/pki/key"), readFileSync(join(scratch, "key.asc")));
  await assert.rejects(compose(text, { sourceRoot: root }), { code: "packages-unsigned" });
  const path = join(root, "etc/yum.repos.d/a.repo");
  writeFileSync(path, readFileSync(path, "utf8").replace("gpgcheck=1", "gpgcheck=0"));
  const { result } = await compose(text, { sourceRoot: root });
  assert.equal(result.packages.length, 3);
});

test("packages can be downloaded without being imported", async () => {
  const cacheDir = join(scratch, "only-packages");
  const repo = Repo.init(join(scratch, "untouched"), "archive");
  const text = `ref: tiny/rpm\nbasearch: x86_64\n${base}packages: [local]\n`;
  const treefile = parseTreefile(text, join(scratch, "tree.yaml"));
  const result = await composeTree({ treefile, repo, cacheDir, downloadOnly: "packages" });
  assert.deepEqual([result.changed, result.commit], [true, undefined]);
  assert.deepEqual([...Repo.open(join(cacheDir, "pkgrepo")).listRefs()], []);
});

test("the counts of a compose are those of its objects", async () => {
  const { repo, result } = await compose(`${base}packages: [shell]\n`);
  const json = composeJson(repo, result.commit!, { ref: "tiny/rpm", stats: result.stats }) as Record<string, number>;
  const objects = readdirSync(join(repo.path, "objects")).flatMap((name) =>
    readdirSync(join(repo.path, "objects", name)),
  );
  const written = objects.filter((name) => name.endsWith(".filez")).length;
  assert.deepEqual(
    [json["ostree-n-content-written"], json["ostree-n-metadata-written"]],
    [written, objects.length - written],
  );
  const again = await composeTree({
    treefile: parseTreefile(`ref: tiny/rpm\nbasearch: x86_64\n${base}packages: [shell]\n`, join(scratch, "tree.yaml")),
    repo,
    cacheDir: join(scratch, "cache"),
    force: true,
  });
  assert.equal(again.stats?.contentWritten, 0);
});

test("os-release has the version where mutate-os-release asks for it; a package's prepare-root.conf stays", async () => {
  const text = `${base}packages: [shell, ostree]\nautomatic-version-prefix: "7"\n`;
  const { tree: plain } = await compose(text);
  assert.match(readText(plain, "usr/lib/os-release") ?? "", /VERSION_ID=1\n$/);
  const { tree } = await compose(`${text}mutate-os-release: "1"\n`);
  assert.equal(
    readText(tree, "usr/lib/os-release"),
    "VERSION='7 (one of 7)'\nPRETTY_NAME=\"Tiny 7\"\nVERSION_ID=1\nOSTREE_VERSION='7'\n",
  );
  assert.match(readText(tree, "usr/lib/ostree/prepare-root.conf") ?? "", /composefs/);
});

test("altfiles comes after files, or last", () => {
  assert.equal(
    addAltfiles("# x\npasswd:     sss files systemd\ngroup: sss\nhosts: files\n"),
    "# x\npasswd: sss files altfiles systemd\ngroup: sss altfiles\nhosts: files\n",
  );
  const done = "passwd: files altfiles\ngroup: files\n";
  assert.equal(addAltfiles(done), done);
});
