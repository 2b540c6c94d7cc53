// SPDX-License-Identifier: Apache-2.0
// Trees for another architecture; judged by what of them needs a program of their own. Needs root.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { hostArchitecture } from "../../src/compose/architecture.ts";
import { requireNative } from "../../src/compose/foreign.ts";
import { composeTree, parseTreefile } from "../../src/compose/index.ts";
import { readText } from "../../src/compose/tree.ts";
import { readTree, Repo } from "../../src/ostree/index.ts";
import { makeRpms, tinyRpmBase } from "./rpm/rpms.ts";

const foreign = hostArchitecture() === "s390x" ? "ppc64le" : "s390x";
let scratch: string;
before(() => {
  scratch = mkdtempSync(join(tmpdir(), "atomic-foreign-"));
  const repository = join(scratch, "repository");
  mkdirSync(repository);
  makeRpms(repository, [
    ...tinyRpmBase().filter(({ name }) => name !== "shell"),
    { name: "in-lua", scripts: '%post -p <lua>\nlocal f = io.open("/etc/made", "w"); f:write("in Lua\\n"); f:close()' },
    { name: "in-shell", preamble: "Provides: /bin/sh", scripts: "%post\necho made > /etc/made" },
  ]);
  execFileSync("createrepo_c", ["-q", repository]);
  writeFileSync(join(scratch, "tiny.repo"), `[tiny]\nname=Tiny\nbaseurl=file://${repository}\ngpgcheck=0\n`);
});
after(() => rmSync(scratch, { recursive: true, force: true }));

function compose(packages: string) {
  const text = `ref: tiny/foreign\nbasearch: ${foreign}\nrepos: [tiny]\nselinux: false\npackages: [${packages}]\n`;
  const treefile = parseTreefile(text, join(scratch, "tree.yaml"));
  const repo = Repo.init(join(scratch, "repo"), "archive");
  return composeTree({ treefile, repo, cacheDir: join(scratch, "cache") }).then((result) => ({ repo, result }));
}

test("a tree for another machine is composed where no program of it must run", async () => {
  const { repo, result } = await compose("filesystem, in-lua");
  assert.equal(readText(readTree(repo, result.commit!), "usr/etc/made"), "in Lua\n");
});

test("the first program that must run is refused by name", async () => {
  await assert.rejects(compose("filesystem, in-shell"), {
    code: "compose-foreign",
    message: new RegExp(`^/bin/sh of the tree is a program for ${foreign}, and this machine is ${hostArchitecture()}$`),
  });
});

test("an emulator counts that the kernel has opened, and that is switched on", () => {
  const handlers = join(scratch, "binfmt_misc");
  mkdirSync(handlers);
  const machine = foreign === "s390x" ? "0016" : "1500";
  const magic = `7f454c46020201000000000000000000${"0002"}${machine}`;
  const register = (state: string, flags: string, bytes: string) =>
    writeFileSync(
      join(handlers, "emulator"),
      `${state}\ninterpreter /usr/bin/qemu\nflags: ${flags}\noffset 0\nmagic ${bytes}\nmask ff\n`,
    );
  const refused = () => assert.throws(() => requireNative(foreign, "/bin/sh", handlers), { code: "compose-foreign" });
  writeFileSync(join(handlers, "status"), "enabled\n");
  refused();
  register("disabled", "F", magic);
  refused();
  register("enabled", "P", magic);
  refused();
  register("enabled", "PF", magic.replace(machine, "0800"));
  refused();
  register("enabled", "PF", magic);
  requireNative(foreign, "/bin/sh", handlers);
  requireNative(hostArchitecture(), "/bin/sh", join(scratch, "nowhere"));
});
