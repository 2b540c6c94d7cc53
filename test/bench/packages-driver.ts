// SPDX-License-Identifier: Apache-2.0
/** One operation in a process of its own, for the benchmark: it is measured with the start of the runtime. */
import { downloadPackages, loadApt, readDeb, solve } from "../../src/packages/index.ts";
import { containerHost, trixie } from "../packages/deb/requests.ts";

const [verb, ...args] = process.argv.slice(2);

if (verb === "solve") {
  const [cacheDir = "", download] = args;
  const set = await loadApt(trixie, cacheDir, { offline: download === undefined });
  const { packages } = solve(set, { install: containerHost, recommends: false, essential: false });
  if (download !== undefined) {
    const paths = await downloadPackages(
      packages.map((one) => one.package),
      cacheDir,
    );
    console.log([...paths.values()].join("\n"));
  }
} else if (verb === "expand") {
  for (const path of args) {
    using deb = readDeb(path);
    for (const entry of deb.files()) for (const piece of entry.pieces()) void piece;
  }
}
