// SPDX-License-Identifier: Apache-2.0
/** A Debian package made here becomes an RPM package; rpm says what is in it. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { buildDeb } from "../packages/fixture.ts";
import { convert } from "./convert.ts";
import { readDebianPackage } from "./debian-package.ts";
import { specConflicts, specDependencies } from "./relations.ts";
import { buildPackages } from "./rpmbuild.ts";
import { collectOffers } from "./scriptlets.ts";

const scratch = mkdtempSync(join(tmpdir(), "atomic-convert-"));
let path: string;

before(async () => {
  const deb = buildDeb(
    {
      name: "odd-tool",
      version: "2:1.0~rc1-3+deb1",
      architecture: "amd64",
      fields: {
        Depends: "libc6 (>= 2.38), one | two (<< 2), three:any (= 1)",
        Provides: "tool (= 5)",
        Breaks: "older (<< 1)",
        Conflicts: "rival",
      },
      files: {
        "usr/bin/odd-tool": "#!/bin/sh\n",
        "etc/odd.conf": "key\n",
        "usr/share/locale/de/LC_MESSAGES/odd.mo": "x",
        "usr/share/odd/a [bracket] {brace} 100% *?": "x",
      },
      scripts: {
        conffiles: "/etc/odd.conf\n",
        postinst: `#!/bin/sh
update-alternatives --install /usr/bin/tool tool /usr/bin/odd-tool 10 \\
  --slave /usr/share/man/man1/tool.1.gz tool.1.gz /usr/share/man/man1/odd-tool.1.gz
deb-systemd-helper enable 'odd.service' >/dev/null || true
if deb-systemd-helper debian-installed 'odd.socket'; then deb-systemd-helper enable 'odd.socket'; fi
`,
      },
    },
    scratch,
  );
  const read = readDebianPackage(deb);
  const shared = new Set(["etc", "usr", "usr/bin", "usr/share"]);
  const recipe = convert(read, { shared, offers: collectOffers([read]) });
  [path = ""] = await buildPackages([recipe], join(scratch, "cache"));
});
after(() => rmSync(scratch, { recursive: true, force: true }));

function query(...args: string[]): string {
  return execFileSync("rpm", ["-qp", "--nosignature", ...args, path], { encoding: "utf8" });
}

function lines(...args: string[]): string[] {
  return query(...args)
    .split("\n")
    .filter((line) => line !== "" && !line.startsWith("rpmlib("));
}

test("versions and dependencies mean the same", () => {
  assert.equal(query("--qf", "%{NAME}|%{EPOCH}|%{VERSION}|%{RELEASE}|%{ARCH}"), "odd-tool|2|1.0~rc1|3+deb1|x86_64");
  const requires = [
    "(one or two < 2-0)",
    "/bin/sh",
    "base-files",
    "config(odd-tool) = 2:1.0~rc1-3+deb1",
    "libc6 >= 2.38-0",
    "three = 1-0",
  ];
  assert.deepEqual([...new Set(lines("--requires"))].sort(), requires);
  assert.ok(lines("--provides").includes("tool = 5-0"));
  assert.deepEqual(lines("--conflicts"), ["rival"]);
});

test("a version without revision is below all that have one, as in Debian", () => {
  assert.deepEqual(specDependencies("a (>> 2.41), b (<< 1:2-3)", "test"), ["a > 2.41-0", "b < 1:2-3"]);
  assert.deepEqual(specConflicts("a (<< 2), b", "test"), ["b"]);
});

test("files have their paths, kinds and languages", () => {
  assert.deepEqual(lines("-l"), [
    "/etc/odd.conf",
    "/usr/bin/odd-tool",
    "/usr/share/locale",
    "/usr/share/locale/de",
    "/usr/share/locale/de/LC_MESSAGES",
    "/usr/share/locale/de/LC_MESSAGES/odd.mo",
    "/usr/share/odd",
    "/usr/share/odd/a [bracket] {brace} 100% *?",
  ]);
  assert.deepEqual(lines("-c"), ["/etc/odd.conf"]);
  assert.match(query("--qf", "[%{FILELANGS} %{FILENAMES}\\n]"), /^de .*odd\.mo$/m);
});

test("alternatives become links in Lua, enabled units a preset", () => {
  const scripts = query("--scripts");
  assert.match(scripts, /alternative\("\/usr\/bin\/tool", "\/usr\/bin\/odd-tool"\)/);
  assert.match(scripts, /alternative\("\/usr\/share\/man\/man1\/tool\.1\.gz", /);
  assert.match(scripts, /preset odd\.service >/);
});
