// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { commands, loadCommand } from "../../src/cli/commands/index.ts";

const root = join(import.meta.dirname, "../..");
const atomic = (...args: string[]) => spawnSync(join(root, "atomic"), args, { encoding: "utf8" });

test("--version prints the version of package.json", () => {
  const { version } = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as { version: string };
  assert.equal(atomic("--version").stdout, `atomic ${version}\n`);
});

test("a misspelt command or option is answered with the right one, exit code 2, and no page of usage", () => {
  const verb = atomic("exlpain", "x");
  assert.equal(verb.status, 2);
  assert.equal(verb.stderr, 'error[cli-usage]: unknown command "exlpain"\n  hint: did you mean  atomic explain ?\n');
  const option = atomic("explain", "--jsno");
  assert.equal(option.status, 2);
  assert.match(option.stderr, /unknown option --jsno\n {2}hint: did you mean --json\?/);
});

test("a missing or superfluous argument says which", () => {
  const { status, stderr } = atomic("explain", "a", "b");
  assert.equal(status, 2);
  assert.match(stderr, /unexpected argument "b"/);
});

test("explain knows the code that an error prints, and --json prints data", () => {
  const { stdout, status } = atomic("explain", "cli-usage", "--json");
  assert.equal(status, 0);
  const [found] = JSON.parse(stdout) as { code: string; text: string }[];
  assert.equal(found?.code, "cli-usage");
});

test("every command stands under the words that it declares, and its help shows its options", async () => {
  for (const name of Object.keys(commands)) {
    const command = await loadCommand(name);
    assert.equal(command.path.join(" "), name);
    assert.ok(command.summary.length > 0 && !command.summary.endsWith("."), name);
  }
});

test("help lists every noun, and a reader that leaves early is no error", () => {
  const { stdout, status } = atomic("help");
  assert.equal(status, 0);
  for (const noun of new Set(Object.keys(commands).map((name) => name.split(" ")[0]!)))
    assert.ok(stdout.includes(`  ${noun} `), noun);
  const piped = spawnSync("sh", ["-c", `${join(root, "atomic")} explain | head -1`], { encoding: "utf8" });
  assert.equal(piped.stderr, "");
});

test("called by the name ostree it has stock's manners: version, groups, and programs of others as verbs", () => {
  const directory = mkdtempSync(join(tmpdir(), "atomic-test-"));
  try {
    const program = join(directory, "ostree");
    writeFileSync(
      program,
      `#!/bin/sh\nexec ${process.execPath} --disable-warning=ExperimentalWarning ${join(root, "test/cli/ostree-child.ts")} "$@"\n`,
    );
    writeFileSync(join(directory, "ostree-hello"), '#!/bin/sh\necho "hello $1"\n');
    for (const file of [program, join(directory, "ostree-hello")]) chmodSync(file, 0o755);
    const env = { ...process.env, PATH: `${directory}:${process.env["PATH"]}` };
    const ostree = (...args: string[]) => spawnSync(program, args, { encoding: "utf8", env });
    assert.match(ostree("--version").stdout, /^libostree:\n Version: '\d+\.\d+'\n Features:\n( {2}- .+\n)+$/);
    assert.equal(ostree("hello", "world").stdout, "hello world\n");
    const group = ostree("remote");
    assert.equal(group.status, 1);
    assert.match(group.stderr, /^Usage:\n {2}ostree remote [^]+\nerror: No "remote" subcommand specified\n$/);
    assert.match(ostree("nosuch").stderr, /\nerror: Unknown command 'nosuch'\n$/);
  } finally {
    rmSync(directory, { recursive: true });
  }
});
