// SPDX-License-Identifier: Apache-2.0
// A treefile with rpm-md repositories becomes a commit; judged by dnf, rpm and ostree. Needs root.
import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { type ComposeOptions, composeTree, parseTreefile } from "../../../src/compose/index.ts";
import { lookup, readText } from "../../../src/compose/tree.ts";
import { type DirNode, readTree, Repo } from "../../../src/ostree/index.ts";
import { makeRpms, type RpmSpec, tinyRpmBase } from "./rpms.ts";

const service: RpmSpec = {
  name: "service",
  version: "2.0~rc1",
  release: "3",
  preamble: "Epoch: 1\nRequires: library\nRequires(pre): shell",
  files: {
    "/etc/service.conf": "port=80\n",
    "/usr/bin/service": "#!/bin/sh\n",
    "/usr/share/doc/service/README": "read me\n",
    "/usr/share/locale/de/s.mo": "de",
    "/usr/share/locale/en/s.mo": "en",
    "/usr/share/service/owned": "owned",
    "/usr/lib/unwanted": "unwanted",
    "/opt/service/tool": "tool\n",
    "/var/lib/service": { directory: true },
    "/var/lib/service/state": "dropped",
    "/run/service": { directory: true },
    "/run/known": { directory: true },
    "/usr/lib/tmpfiles.d/service.conf": "d /run/known 0755 root root - -\n",
  },
  attributes: {
    "/etc/service.conf": "%config(noreplace)",
    "/usr/share/doc/service/README": "%doc",
    "/usr/share/locale/de/s.mo": "%lang(de)",
    "/usr/share/locale/en/s.mo": "%lang(en)",
    "/usr/share/service/owned": "%attr(0640,root,service)",
    "/var/lib/service": "%dir %attr(0750,service,service)",
    "/run/service": "%dir %attr(0710,service,root)",
  },
  scripts: `%pre
echo 'service:x:42:43::/:/bin/false' >> /etc/passwd; echo 'service:x:43:' >> /etc/group
%post -p <lua>
local f = io.open("/etc/service.post", "w"); f:write(rpm.expand("%%{_dbpath}"), arg[2], "\\n"); f:close()`,
};
const library: RpmSpec = {
  name: "library",
  files: { "/usr/lib64/libx.so": "x" },
  scripts: "%posttrans\ntouch /etc/library",
};
const failing: RpmSpec[] = [
  { name: "rival", files: { "/usr/bin/service": "another\n" } },
  { name: "breaks-pre", scripts: "%pre\necho no way; exit 4" },
  { name: "breaks-post", scripts: "%post -p <lua>\nprint('about to fail'); error('the reason')" },
  { name: "breaks-trigger", files: { "/usr/share/t/t": "" }, scripts: "%filetriggerin -- /usr/share/t\nexit 5" },
  { name: "no-interpreter", preamble: "Provides: /usr/bin/perl", scripts: "%post -p /usr/bin/perl\nexit 0" },
  {
    name: "strange-owner",
    files: { "/usr/share/strange": "" },
    attributes: { "/usr/share/strange": "%attr(-,nobody-knows,root)" },
  },
  { name: "elsewhere", files: { "/srv/www/index.html": "x" } },
  { name: "network", scripts: "%post\nbusybox wget -T 2 http://192.0.2.1/ || { echo no network; exit 6; }" },
  { name: "daemon", scripts: "%post\n(busybox sleep 1000; touch /etc/later) >/dev/null 2>&1 &\necho started" },
  { name: "waits", scripts: "%post\n(busybox sleep 1000; true) & wait" },
  { name: "waits-in-lua", scripts: "%post -p <lua>\nrpm.execute('/usr/bin/busybox', 'sleep', '1000')" },
  { name: "talks", scripts: "%post\nbusybox yes" },
  { name: "loops", scripts: "%post -p <lua>\nwhile true do pcall(error) end" },
];

/** Takes the next free number. */
function user(name: string): RpmSpec {
  return {
    name,
    files: { [`/usr/share/${name}`]: name },
    attributes: { [`/usr/share/${name}`]: `%attr(-,${name},${name})` },
    scripts: `%pre
grep -q '^${name}:' /etc/passwd && exit 0
id=$((500 + $(wc -l < /etc/passwd)))
echo "${name}:x:$id:$id::/:/bin/false" >> /etc/passwd; echo "${name}:x:$id:" >> /etc/group`,
  };
}

let scratch: string;
before(() => {
  scratch = mkdtempSync(join(tmpdir(), "atomic-rpm-compose-"));
  publish([...tinyRpmBase(), service, library, ...failing, user("user-a"), user("user-z")]);
});
after(() => rmSync(scratch, { recursive: true, force: true }));

function publish(specs: readonly RpmSpec[]): void {
  const repository = join(scratch, "repository");
  mkdirSync(repository, { recursive: true });
  makeRpms(repository, specs);
  execFileSync("createrepo_c", ["-q", "--revision=7", "--set-timestamp-to-revision", repository]);
  const section = `[tiny]\nname=Tiny\nbaseurl=file://${repository}\ngpgcheck=0\n`;
  writeFileSync(join(scratch, "tiny.repo"), section);
}

function treefile(text: string) {
  const head = "ref: tiny/rpm\nbasearch: x86_64\nrepos: [tiny]\nboot-location: modules\n";
  return parseTreefile(`${head}${text}`, join(scratch, "tree.yaml"));
}

async function compose(name: string, text: string, options: Partial<ComposeOptions> = {}) {
  const repo = Repo.init(join(scratch, name), "archive");
  const result = await composeTree({ treefile: treefile(text), repo, cacheDir: join(scratch, "cache"), ...options });
  return { repo, result, tree: result.commit === undefined ? undefined : readTree(repo, result.commit) };
}

function checkout(repo: Repo, commit: string, name: string): string {
  const root = join(scratch, name);
  execFileSync("ostree", ["checkout", `--repo=${repo.path}`, commit, root]);
  return root;
}

test("a treefile's packages become a deployment that rpm verifies", async () => {
  const text = `packages: [service, shell]
documentation: false
install-langs: [en_US]
automatic-version-prefix: "7"
remove-from-packages: [[service, /usr/lib/unw.*]]
`;
  const { repo, result, tree } = await compose("shape", text);
  assert.ok(result.commit !== undefined && tree);
  assert.equal(readText(tree, "usr/etc/service.post"), "%{_dbpath}1\n");
  assert.match(
    readText(tree, "usr/lib/tmpfiles.d/atomic-autovar.conf") ?? "",
    /^d \/var\/lib\/service 0750 service service - -$/m,
  );
  assert.match(
    readText(tree, "usr/lib/tmpfiles.d/atomic-autovar.conf") ?? "",
    /^L \/var\/opt\/service - - - - \.\.\/\.\.\/usr\/lib\/opt\/service$/m,
  );
  assert.equal(readText(tree, "usr/lib/tmpfiles.d/atomic-autorun.conf"), "d /run/service 0710 service root - -\n");
  const root = checkout(repo, result.commit, "shape-root");
  const rpm = (...args: string[]) =>
    spawnSync("rpm", ["--root", root, "--define", "_dbpath /usr/share/rpm", ...args], { encoding: "utf8" });
  assert.deepEqual(rpm("-qa").stdout.trim().split("\n").sort(), [
    "filesystem-1-1.noarch",
    "library-1-1.noarch",
    "service-2.0~rc1-3.noarch",
    "setup-1-1.noarch",
    "shell-1-1.x86_64",
  ]);
  // As ostree-prepare-root has it; what a deployment makes at boot is missing for rpm, nothing else is wrong.
  renameSync(join(root, "usr/etc"), join(root, "etc"));
  const verified = rpm("-Va", "--nomtime", "--nodeps").stdout.trim().split("\n");
  assert.deepEqual(verified.map((line) => line.replace(/\s+/g, " ")).toSorted(), [
    "....L.... /home",
    "....L.... /tmp",
    "S.5...... /etc/group",
    "S.5...... /etc/passwd",
    "missing /opt/service/tool",
    "missing /run/known",
    "missing /run/service",
    "missing /var/lib",
    "missing /var/lib/service",
    "missing /var/lib/service/state",
    "missing /var/mail",
    "missing /var/tmp",
  ]);
  const { metadata } = repo.loadCommit(result.commit);
  assert.deepEqual(metadata.get("rpmostree.rpmdb.pkglist")?.value, [
    ["filesystem", "0", "1", "1", "noarch"],
    ["library", "0", "1", "1", "noarch"],
    ["service", "1", "2.0~rc1", "3", "noarch"],
    ["setup", "0", "1", "1", "noarch"],
    ["shell", "0", "1", "1", "x86_64"],
  ]);
  const show = execFileSync("ostree", [
    `--repo=${repo.path}`,
    "show",
    result.commit,
    "--print-metadata-key=rpmostree.rpmmd-repos",
  ]);
  assert.equal(show.toString(), "[{'id': <'tiny'>, 'timestamp': <uint64 7>}]\n");
});

test("the tree is what dnf installs, apart from where a deployment has it", async () => {
  const { repo, result } = await compose("dnf", "packages: [service, shell]");
  const mine = checkout(repo, result.commit ?? "", "dnf-mine");
  renameSync(join(mine, "usr/etc"), join(mine, "etc"));
  const theirs = join(scratch, "dnf-theirs");
  const from = `--repofrompath=l,file://${join(scratch, "repository")}`;
  const options = ["--setopt=reposdir=/nonexistent", "--setopt=l.gpgcheck=0", "--releasever=1", from];
  const home = { ...process.env, HOME: join(scratch, "home") };
  mkdirSync(home.HOME);
  writeFileSync(join(home.HOME, ".rpmmacros"), "%_dbpath /usr/lib/sysimage/rpm\n");
  const dnf = spawnSync("dnf", ["-y", `--installroot=${theirs}`, ...options, "install", "service", "shell"], {
    env: home,
  });
  assert.equal(dnf.status, 0, dnf.stderr.toString());
  const listing = (root: string) => {
    const script = `find etc usr -path usr/lib/sysimage -prune -o -type d -printf '%y %m %U %G %p\\n' -o -type l -printf '%y %U %G %p %l\\n' -o -printf '%y %m %U %G %p\\n'
find etc usr -path usr/lib/sysimage -prune -o -type f -print | xargs sha256sum`;
    return execFileSync("sh", ["-c", script], { cwd: root, encoding: "utf8" }).trim().split("\n").sort();
  };
  const own =
    / (etc\/dnf|usr\/lib\/(opt|rpm|rpm-ostree|tmpfiles\.d|sysusers\.d)|usr\/share\/rpm(-ostree)?)(\/|$)| usr\/lib$| usr\/local | etc\/(service\.post|machine-id)$/;
  const relevant = (root: string) => listing(root).filter((line) => !own.test(line));
  assert.deepEqual(relevant(mine), relevant(theirs));
});

test("the same input gives the same commit, from an empty cache; nothing changed is nothing done", async () => {
  const one = await compose("same-1", "packages: [service, shell]");
  const two = await compose("same-2", "packages: [service, shell]", { cacheDir: join(scratch, "other") });
  assert.equal(one.result.commit, two.result.commit);
  const again = await compose("same-1", "packages: [service, shell]");
  assert.deepEqual([again.result.changed, again.result.commit], [false, one.result.commit]);
  const refs = Repo.open(join(scratch, "cache/pkgrepo")).listRefs();
  assert.ok([...refs].some(([ref]) => ref === "rpmostree/pkg/service/1_3A2.0_7Erc1-3.noarch"));
});

const failures: [name: string, text: string, code: string, message: RegExp][] = [
  [
    "a failing %pre",
    "packages: [breaks-pre]",
    "script-failed",
    /breaks-pre: %prein failed \(exit code 4\)\n {2}no way/,
  ],
  ["a failing Lua script", "packages: [breaks-post]", "script-failed", /%post failed[^]*about to fail\n[^]*the reason/],
  [
    "a failing trigger",
    "packages: [breaks-trigger]",
    "script-failed",
    /breaks-trigger: %filetriggerin failed \(exit code 5\)/,
  ],
  [
    "files that differ",
    "packages: [service, rival]",
    "file-conflict",
    /\/usr\/bin\/service is in (rival and in service|service and in rival)/,
  ],
  ["a missing interpreter", "packages: [no-interpreter]", "missing-program", /%post needs \/usr\/bin\/perl/],
  ["an unknown owner", "packages: [strange-owner]", "unknown-account", /belongs to the user nobody-knows/],
  [
    "a file elsewhere",
    "packages: [elsewhere]",
    "bad-package",
    /\/srv\/www\/index.html lies where a deployment has no files/,
  ],
  ["a script that wants the network", "packages: [network]", "script-failed", /no network/],
  ["a script that does not end", "packages: [waits]", "script-time", /^waits: %post: .* longer than 1 seconds/],
  ["a program of a Lua script that does not end", "packages: [waits-in-lua]", "script-time", /^waits-in-lua: %post: /],
  ["an endless loop", "packages: [loops]", "script-failed", /^loops: %post[^]*was ended when its time was over/],
  ["a script that prints without end", "packages: [talks]", "script-failed", /^talks: %post: .* prints more than/],
];
/** Seconds; others take less, or fail before. */
const limits: Readonly<Record<string, number>> = { "script-time": 1, "an endless loop": 1 };

for (const [name, text, code, message] of failures) {
  test(`refused: ${name}`, async () => {
    const limit = limits[code] ?? limits[name];
    const options = limit === undefined ? {} : { scriptTimeout: limit };
    await assert.rejects(compose(`refused-${code}`, text.replace("[", "[shell, "), options), {
      code: `compose-${code}`,
      message,
    });
  });
}

test("users keep their numbers from one release to the next; those that drift or go with their files are an error", async () => {
  const first = await compose("users", "packages: [shell, user-z]");
  const number = (tree: DirNode | undefined) => {
    assert.ok(tree);
    return /^user-z:x:(\d+)/m.exec(readText(tree, "usr/etc/passwd") ?? "")?.[1];
  };
  const second = await compose("users", "packages: [shell, user-z, user-a]");
  assert.equal(number(second.tree), number(first.tree));
  const fresh = await compose("users-fresh", "packages: [shell, user-z, user-a]");
  assert.notEqual(number(fresh.tree), number(first.tree));
  const loose = "preserve-passwd: false\n";
  await assert.rejects(compose("users", `${loose}packages: [shell, user-a]`), {
    code: "compose-account-drift",
    message: /passwd: user-z is gone, but \/usr\/share\/user-a belongs to \d+/,
  });
  const data = `check-passwd: {type: data, entries: {user-a: 7}}\n`;
  await assert.rejects(compose("users-data", `${data}packages: [shell, user-a]`), {
    code: "compose-account-drift",
    message: /the UID of user-a changed from 7 to \d+/,
  });
});

test("documentation and languages are left out as rpm leaves them out", async () => {
  const text = "documentation: false\ninstall-langs: [de_DE]\npackages: [service, shell]";
  const { tree } = await compose("languages", text);
  assert.ok(tree);
  const rpms = ["filesystem", "setup", "library", "service"].map((name) => {
    const file = name === "service" ? "service-2.0~rc1-3.noarch.rpm" : `${name}-1-1.noarch.rpm`;
    return join(scratch, "repository", file);
  });
  const root = join(scratch, "languages-stock");
  mkdirSync(root);
  const defines = ["--define", "_dbpath /usr/lib/sysimage/rpm", "--define", "_install_langs de_DE"];
  const options = ["--root", root, ...defines, "--excludedocs", "--noscripts", "--nodeps", "--nosignature"];
  execFileSync("rpm", [...options, "-i", ...rpms], { stdio: "ignore" });
  for (const path of ["usr/share/doc/service/README", "usr/share/locale/de/s.mo", "usr/share/locale/en/s.mo"]) {
    assert.equal(lookup(tree, path) !== undefined, existsSync(join(root, path)), path);
  }
});

test("a package that was imported before signatures were asked for is verified all the same", async () => {
  await compose("signed", "packages: [library, shell]");
  const repository = join(scratch, "tiny.repo");
  const before = readFileSync(repository, "utf8");
  const home = join(scratch, "gnupg");
  mkdirSync(home, { mode: 0o700 });
  const gpg = (...args: string[]) => execFileSync("gpg", ["--homedir", home, "--batch", "--quiet", ...args]);
  gpg("--passphrase", "", "--quick-gen-key", "test@example.org", "ed25519", "sign", "never");
  writeFileSync(join(scratch, "key"), gpg("--armor", "--export"));
  execFileSync("gpgconf", ["--homedir", home, "--kill", "all"]);
  writeFileSync(repository, before.replace("gpgcheck=0", `gpgcheck=1\ngpgkey=file://${join(scratch, "key")}`));
  try {
    await assert.rejects(compose("signed", "packages: [library, shell]", { force: true }), {
      code: "packages-unsigned",
    });
  } finally {
    writeFileSync(repository, before);
  }
});

test("what a scriptlet leaves running ends with it", async () => {
  const { tree } = await compose("daemon", "packages: [daemon, shell]");
  assert.ok(tree && lookup(tree, "usr/etc/later") === undefined);
});
