// SPDX-License-Identifier: Apache-2.0
/**
 * Runs libostree's own test suite (Debian's newest `ostree-tests`) against this program under the name `ostree`, and
 * compares with what stock ostree passes. Usage: node --run suite:ostree [-- SCRIPT-NAME-GLOB...]
 * Exit status 0: no assertion failed.
 */
import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const root = join(import.meta.dirname, "../..");
const shared = join(root, "../shared");
const runner = join(shared, "tools/run-ostree-suite.sh");

interface Result {
  readonly script: string;
  readonly status: string;
  readonly ok: number;
  readonly notOk: number;
  readonly skip: number;
}

/** Columns: script, status, ok, not ok, skip, plan, seconds, exit code, reason. */
function readResults(file: string): Result[] {
  const lines = readFileSync(file, "utf8").trim().split("\n");
  return lines.map((line) => {
    const [script, status, ok, notOk, skip] = line.split("\t");
    return { script: script!, status: status!, ok: Number(ok), notOk: Number(notOk), skip: Number(skip) };
  });
}

function runSuite(directory: string, globs: readonly string[]): Result[] {
  // What drives the command line: the C and JavaScript tests drive stock's library.
  if (globs.length > 0) return runScripts(join(directory, "some"), globs);
  const found = runScripts(join(directory, "all"), ["test-*.sh", "test-concurrency.py"]);
  // test-basic.sh runs only where its SELinux check is loosened.
  const basic = runScripts(join(directory, "basic"), ["test-basic.sh"], "-x");
  return [...found.filter(({ script }) => script !== "test-basic.sh"), ...basic];
}

/**
 * A script that is this program under the name `ostree`. The scripts commit what `which ostree` names, and count on a
 * small file: above 4 MB a static delta leaves it to be fetched by itself, which they do not expect of it.
 */
function makeLauncher(directory: string): string {
  const own = join(directory, "launcher");
  mkdirSync(own, { recursive: true });
  symlinkSync(join(root, "dist/atomic"), join(own, "ostree"));
  writeFileSync(join(own, "launch"), `#!/bin/sh\nexec '${own}/ostree' "$@"\n`, { mode: 0o755 });
  return join(own, "launch");
}

function runScripts(directory: string, globs: readonly string[], ...options: string[]): Result[] {
  const stock = execFileSync(join(root, "tools/newest-ostree"), { encoding: "utf8" }).trim();
  const httpd = join(import.meta.dirname, "trivial-httpd");
  const places = ["-t", join(stock, "tests"), "-H", httpd, "-w", directory];
  const words = [runner, ...places, "-T", "300", "-j", "2", ...options, makeLauncher(directory), ...globs];
  // The composefs tools and gjs, which some scripts look for; this program comes before them.
  const env = { ...process.env, PATH: `${process.env["PATH"]}:${join(stock, "bin")}` };
  spawnSync("bash", words, { stdio: "inherit", env });
  return readResults(join(directory, "results.tsv"));
}

function report(results: readonly Result[]): boolean {
  const stock = new Map(
    readResults(join(shared, "data/ostree-suite-2026.4.tsv")).map((result) => [result.script, result]),
  );
  for (const { script, ok, notOk } of results) {
    const peer = stock.get(script);
    if (notOk > 0 || (peer !== undefined && ok < peer.ok))
      console.log(`${script.padEnd(48)} ok ${ok} of ${ok + notOk}, stock ${peer?.ok ?? "?"}`);
  }
  const sum = (key: "ok" | "notOk" | "skip") => results.reduce((total, result) => total + result[key], 0);
  console.log(`\n${sum("ok")} passed, ${sum("notOk")} failed, ${sum("skip")} skipped`);
  return sum("notOk") === 0 && results.every(({ status }) => status === "PASS" || status === "SKIP");
}

if (!existsSync(runner)) {
  console.error(`${runner} is not there: the suite's runner comes with the project's shared data`);
  process.exit(1);
}
execFileSync("node", ["--run", "build"], { cwd: root, stdio: ["ignore", "ignore", "inherit"] });
const directory = mkdtempSync(join(tmpdir(), "atomic-suite-"));
try {
  process.exitCode = report(runSuite(directory, process.argv.slice(2))) ? 0 : 1;
} finally {
  if (process.exitCode === 0) rmSync(directory, { recursive: true, force: true });
}
