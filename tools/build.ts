// SPDX-License-Identifier: Apache-2.0
/**
 * Builds the shipped program: dist/bundle (JavaScript for Node.js) and, with `--executable`, dist/atomic: one
 * self-contained file that needs no Node.js. Usage: node tools/build.ts [--executable]
 */
import { execFileSync } from "node:child_process";
import { chmodSync, copyFileSync, globSync, mkdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { findProgram } from "../src/base/index.ts";
import { shippedPatterns } from "../src/cli/shipped.ts";
import { build, type BuildOptions } from "esbuild";

const root = join(import.meta.dirname, "..");
const bundleDirectory = join(root, "dist/bundle");
const node = process.execPath;

/** Modules of Node.js that take milliseconds to load, and that most commands never use. */
const heavyModules = ["child_process", "crypto", "http", "http2", "https", "net", "tls", "worker_threads", "zlib"];

/** A `require` that loads heavy modules when one of their exports is first used, not where they are imported. */
function lazyRequire(): string {
  const load = createRequire(import.meta.url);
  const names = heavyModules.map((name) => [`node:${name}`, Object.keys(load(`node:${name}`) as object)]);
  return `{
  const load = require, heavy = ${JSON.stringify(Object.fromEntries(names))}, lazy = {};
  require = (id) => (heavy[id] === undefined ? load(id) : (lazy[id] ??= make(id)));
  const make = (id) => {
    const module = {};
    for (const name of heavy[id]) Object.defineProperty(module, name, { get: () => load(id)[name], enumerable: true });
    return module;
  };
}
`;
}

const common: BuildOptions = {
  bundle: true,
  platform: "node",
  target: "node26",
  minifySyntax: true,
  minifyWhitespace: true,
  // Less to read at the start; stack traces have the names that `keepNames` keeps.
  minifyIdentifiers: true,
  keepNames: true,
  legalComments: "none",
  logLevel: "warning",
};

/** The names that `WorkerPool` is given. */
const workers = globSync("src/**/*.worker.ts", { cwd: root }).map((file) =>
  file.slice("src/".length, -".worker.ts".length),
);

async function bundle(): Promise<void> {
  rmSync(bundleDirectory, { recursive: true, force: true });
  await build({
    ...common,
    entryPoints: [join(root, "src/cli/atomic.ts")],
    // CommonJS, so that what a command does not use is not even loaded of Node's own modules: static imports of ES
    // modules are all loaded at the start, wherever in the bundle they stand.
    format: "cjs",
    supported: { "dynamic-import": false },
    define: { "import.meta.url": "$url", "import.meta.dirname": "__dirname" },
    outfile: join(bundleDirectory, "atomic.cjs"),
    banner: {
      js: `#!/usr/bin/env node\n${lazyRequire()}const $url = require("node:url").pathToFileURL(__filename).href;`,
    },
  });
  chmodSync(join(bundleDirectory, "atomic.cjs"), 0o755);
  for (const worker of workers) {
    await build({
      ...common,
      entryPoints: [join(root, `src/${worker}.worker.ts`)],
      format: "cjs",
      define: { "import.meta.url": '"file:///atomic"' },
      banner: { js: lazyRequire() },
      outfile: workerFile(worker),
    });
  }
}

/** Files that `atomic compose init` writes. */
const shipped = shippedPatterns.flatMap((pattern) => globSync(pattern, { cwd: root }));

function workerFile(worker: string): string {
  return join(bundleDirectory, `${worker}.worker.cjs`);
}

/** https://nodejs.org/api/single-executable-applications.html */
function executable(): void {
  const directory = join(root, ".tsbuild/sea");
  mkdirSync(directory, { recursive: true });
  const stripped = join(directory, "node");
  copyFileSync(node, stripped);
  // Only before the program is added: a finished executable does not survive strip.
  if (findProgram("strip") !== undefined) execFileSync("strip", [stripped]);
  const config = {
    main: join(bundleDirectory, "atomic.cjs"),
    executable: stripped,
    output: join(directory, "atomic"),
    disableExperimentalSEAWarning: true,
    useCodeCache: true,
    execArgv: ["--disable-warning=ExperimentalWarning"],
    // A service starts itself again with a smaller heap; the environment has no say.
    execArgvExtension: "cli",
    assets: {
      ...Object.fromEntries(workers.map((worker) => [`${worker}.worker.cjs`, workerFile(worker)])),
      ...Object.fromEntries(shipped.map((name) => [name, join(root, name)])),
    },
  };
  writeFileSync(join(directory, "config.json"), JSON.stringify(config));
  execFileSync(node, ["--build-sea", join(directory, "config.json")], { stdio: ["ignore", "ignore", "inherit"] });
  chmodSync(config.output, 0o755);
  renameSync(config.output, join(root, "dist/atomic"));
}

await bundle();
if (process.argv.includes("--executable")) executable();
