// SPDX-License-Identifier: Apache-2.0
// A tree of RPM packages equals what the stock rpm lays down, apart from where a deployment has it. Needs root.
import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { parseTreefile } from "../../../src/compose/index.ts";
import { materialize } from "../../../src/compose/materialize.ts";
import { importBatch } from "../../../src/compose/packages/import-batch.ts";
import { installRpms } from "../../../src/compose/rpm/install.ts";
import { readImportedRpm } from "../../../src/compose/rpm/package.ts";
import { makeWorkspace } from "../../../src/compose/sandbox.ts";
import { Repo } from "../../../src/ostree/index.ts";
import { makeRpms, type RpmSpec, tinyRpmBase } from "./rpms.ts";

let scratch: string;
before(() => {
  scratch = mkdtempSync(join(tmpdir(), "atomic-rpm-install-"));
});
after(() => rmSync(scratch, { recursive: true, force: true }));

async function install(name: string, specs: readonly RpmSpec[], keys = "") {
  const rpms = makeRpms(mkdir(`${name}-rpms`), specs);
  const repo = Repo.init(join(scratch, `${name}-repo`), "bare");
  const treefile = parseTreefile(`packages: [x]\nrepos: [x]\nbasearch: x86_64\n${keys}`, join(scratch, "tree.yaml"));
  const { documentation, readonlyExecutables, ima, ignoreDevices } = treefile;
  const decisions = { documentation, readonlyExecutables, ima, ignoreDevices };
  const common = { format: "rpm", checksum: "sha256:x", ...decisions } as const;
  const commits = await importBatch(
    rpms.map((path) => ({ path, ...common })),
    repo,
  );
  const packages = commits.map((commit) => readImportedRpm(repo, commit));
  const workspace = makeWorkspace(join(scratch, `${name}-work`));
  const base = { previous: undefined, layers: [] };
  const { tree } = await installRpms(workspace, treefile, packages, base, () => {});
  const root = mkdir(`${name}-root`);
  materialize(tree, root);
  return { rpms, tree, root };
}

function mkdir(name: string): string {
  mkdirSync(join(scratch, name), { recursive: true });
  return join(scratch, name);
}

/** What the stock rpm makes of the same packages. */
function stock(name: string, rpms: readonly string[], options: readonly string[] = []): string {
  const root = mkdir(`${name}-stock`);
  const args = ["--root", root, "--define", "_dbpath /usr/lib/sysimage/rpm", "--nosignature", ...options];
  const { status, stdout, stderr } = spawnSync("rpm", [...args, "-Uvh", ...rpms], { encoding: "utf8" });
  assert.equal(status, 0, stdout + stderr);
  return root;
}

/** Type, mode, owner, links, path, target, content, capabilities of what is there, but for places in /var and the database. */
function listing(root: string): string[] {
  const script = `find . \\( -path ./usr/lib/sysimage -o -path ./usr/lib/rpm-ostree -o -path ./var/lib/rpm \\) -prune -o -type d -printf '%y %m %U %G %p \\n' -o -printf '%y %m %U %G %p %l\\n'
find . -path ./usr/lib/sysimage -prune -o -path ./usr/lib/rpm-ostree -prune -o -type f -print | xargs sha256sum
getcap -r . 2>/dev/null`;
  return execFileSync("sh", ["-c", script], { cwd: root, encoding: "utf8" }).split("\n").sort();
}

/** Directories that only one of the two makes for the scripts. */
const made = /^d \d+ 0 0 \.(|\/(boot|dev|mnt|proc|root|run|srv|sys|home|usr\/lib|var|var\/lib|var\/tmp)) $/;

function compare(theirs: string, mine: string, differences: RegExp = /^$/): void {
  const relevant = (root: string) => listing(root).filter((line) => !made.test(line) && !differences.test(line));
  assert.deepEqual(relevant(mine), relevant(theirs));
}

test("files, modes, owners, links and capabilities are those of the stock rpm", async () => {
  const specs: RpmSpec[] = [
    ...tinyRpmBase(),
    {
      name: "service",
      preamble: "Requires(pre): shell",
      files: {
        "/etc/service.conf": "port=80\n",
        "/etc/service.d": { directory: true },
        "/usr/bin/service": "#!/bin/sh\n",
        "/usr/bin/powerful": "x",
        "/usr/bin/capable": "y",
        "/usr/share/service/a": "hard\n",
        "/usr/lib64/libservice.so": "so",
        "/lib/aliased/file": "in /usr/lib\n",
        "/usr/share/doc/service/README": "read me\n",
        "/usr/share/locale/de/LC_MESSAGES/s.mo": "de",
        "/usr/share/service/data": "owned\n",
        "/usr/share/service/link": { link: "data" },
        "/var/lib/service": { directory: true },
      },
      attributes: {
        "/etc/service.conf": "%config(noreplace) %attr(0640,root,service)",
        "/etc/service.d": "%dir %attr(2750,service,service)",
        "/usr/bin/service": "%attr(0755,root,root)",
        "/usr/bin/powerful": "%attr(4755,root,service)",
        "/usr/bin/capable": "%attr(0755,root,root) %caps(cap_net_raw=ep)",
        "/usr/share/doc/service/README": "%doc",
        "/usr/share/locale/de/LC_MESSAGES/s.mo": "%lang(de)",
        "/usr/share/service/data": "%attr(0600,service,service)",
        "/usr/share/service/link": "%attr(-,service,service)",
        "/var/lib/service": "%dir %attr(0700,service,service)",
      },
      list: "/usr/share/service/b\n%ghost /etc/ghost\n%ghost %attr(0700,service,service) /var/lib/service/ghost",
      install: "ln %{buildroot}/usr/share/service/a %{buildroot}/usr/share/service/b",
      scripts: `%pre
echo 'service:x:42:43::/:/bin/false' >> /etc/passwd; echo 'service:x:43:' >> /etc/group
%post
echo "$1 $(id -u)" > /etc/post
%posttrans -p <lua>
local f = io.open("/etc/posttrans", "w"); f:write(arg[2], "\\n"); f:close()`,
    },
  ];
  const { rpms, root } = await install("files", specs);
  compare(stock("files", rpms), root);
  const inodes = ["a", "b"].map((name) => statSync(join(root, "usr/share/service", name)).ino);
  assert.equal(inodes[0], inodes[1]);
});

test("scriptlets and triggers run in the order of the stock rpm, with the same arguments and paths", async () => {
  const note = (text: string) => `echo "${text} $*" >> /etc/log`;
  const paths = (text: string) =>
    `echo "${text} $1" >> /etc/log; sort | while read p; do echo "  $p"; done >> /etc/log`;
  const one: RpmSpec = {
    name: "one",
    preamble: "Requires(post): shell",
    files: { "/usr/share/one/a": "", "/usr/share/one/b": "" },
    scripts: `%post\n${note("one post")}
%posttrans\n${note("one posttrans")}
%triggerin -- two > 0.5, three\n${note("one triggerin")}
%triggerprein -- two, shell\n${note("one triggerprein")}
%triggerin -- two > 5\n${note("never")}
%filetriggerin -- /usr/share/two /usr/share/nothing\n${paths("one filetrigger")}
%filetriggerin -P 20000000 -- /usr/share\n${paths("one early")}
%filetriggerin -P 2000 -- /usr/share/two\n${paths("one late")}
%transfiletriggerin -- /usr/share\n${paths("one transaction")}
%transfiletriggerin -P 10 -- /usr/share/t\n${paths("one last")}`,
  };
  const two: RpmSpec = {
    name: "two",
    preamble: "Requires(post): one",
    files: { "/usr/share/two/c": "", "/etc/two": "" },
    scripts: `%post\n${note("two post")}
%triggerprein -- one\n${note("two triggerprein")}
%triggerin -- one\n${note("two triggerin")}
%filetriggerin -p <lua> -- /usr/share/one
local log = io.open("/etc/log", "a"); log:write("two lua ", arg[2], "\\n")
local path = rpm.next_file(); while path do log:write("  ", path, "\\n"); path = rpm.next_file() end; log:close()
%transfiletriggerin -- /usr/nothing\n${note("never")}
%posttrans\n${note("two posttrans")}`,
  };
  const three: RpmSpec = { name: "three", preamble: "Requires: two", scripts: `%post -p /usr/bin/true`, list: "" };
  const { rpms, root } = await install("order", [...tinyRpmBase(), one, two, three]);
  const theirs = stock("order", rpms);
  const log = (at: string, wanted: (line: string) => boolean) =>
    readFileSync(join(at, "etc/log"), "utf8").split("\n").filter(wanted).join("\n");
  // All that comes before a package's files is done for all packages first.
  const early = (line: string) => line.includes("triggerprein");
  assert.equal(log(root, early), log(theirs, early));
  const late = (line: string) => !early(line);
  // The first argument of file triggers is 0 up to 4.18, and what it is for others since 4.20.
  assert.equal(log(root, late), log(theirs, late).replaceAll(/ 0$/gm, " 1"));
  compare(theirs, root, /etc\/log$/);
});
