// SPDX-License-Identifier: Apache-2.0
import { defineCommand } from "../../command.ts";
import { cacheDir, composeOptions, lockfileOptions, openTreefile, readLocks } from "./shared.ts";

interface Resolved {
  readonly packages: readonly {
    readonly name: string;
    readonly version: string;
    readonly architecture: string;
    readonly size: number;
    readonly why: string;
  }[];
  /** Bytes that the packages occupy when installed, as they say. */
  readonly installedSize: number;
  /** With a package named: the chain from it to the request. */
  readonly chain?: readonly string[];
}

export default defineCommand<Resolved>({
  path: ["compose", "resolve"],
  summary: "List the packages that a treefile comes to, and why each is in",
  examples: [
    { command: "atomic compose resolve host.yaml", text: "All packages with their reasons" },
    { command: "atomic compose resolve host.yaml libslirp0", text: "Why one of them is in" },
  ],
  arguments: [{ name: "TREEFILE" }, { name: "PACKAGE", optional: true }],
  options: [...composeOptions, ...lockfileOptions],
  json: true,
  async run(invocation) {
    const treefile = await openTreefile(invocation);
    const { resolvePackages } = await import("../../../compose/index.ts");
    const { explainChoice, packageError } = await import("../../../packages/index.ts");
    const options = {
      cacheDir: cacheDir(invocation),
      offline: invocation.flag("cache-only"),
      ...(await readLocks(invocation)),
    };
    const { solution } = await resolvePackages(treefile, options, invocation.progress);
    const [, asked] = invocation.args;
    const chain = asked === undefined ? undefined : explainChoice(solution, asked);
    if (chain?.length === 0) throw packageError("unknown", `${asked} is not among the packages of ${treefile.path}`);
    return {
      packages: solution.packages.map(({ package: { name, version, architecture, size }, why }) => {
        return { name, version, architecture, size, why };
      }),
      installedSize: solution.installedSize,
      ...(chain && { chain }),
    };
  },
  render({ packages, chain }) {
    if (chain) return chain.join("\n");
    const width = Math.max(...packages.map(({ name, version }) => name.length + version.length + 1));
    return packages.map(({ name, version, why }) => `${`${name} ${version}`.padEnd(width)}  ${why}`).join("\n");
  },
});
