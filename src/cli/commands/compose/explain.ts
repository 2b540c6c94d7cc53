// SPDX-License-Identifier: Apache-2.0
import { defineCommand } from "../../command.ts";
import { cliError } from "../../errors.ts";
import { chooseOptions, choosePackages } from "./choose-packages.ts";

interface Explained {
  readonly package: string;
  /** From the package to the request. */
  readonly chain: readonly string[];
}

export default defineCommand<Explained>({
  path: ["compose", "explain"],
  summary: "Tell why a package is among those of a treefile or a request",
  examples: [
    { command: "atomic compose explain libslirp0 host.yaml", text: "Why one package of a treefile is in" },
    {
      command: "atomic compose explain glibc --repofrompath=base,/srv/repo bash",
      text: "Why bash brings it",
    },
  ],
  arguments: [{ name: "PACKAGE" }, { name: "TREEFILE|SPEC", repeat: true }],
  options: chooseOptions,
  json: true,
  async run(invocation) {
    const [name, ...args] = invocation.args;
    if (name === undefined) throw cliError("usage", "no package given");
    const { explain } = await choosePackages(invocation, args);
    const chain = explain(name);
    if (chain.length === 0) {
      const { packageError } = await import("../../../packages/index.ts");
      throw packageError("unknown", `${name} is not among the packages of ${args.join(" ")}`);
    }
    return { package: name, chain };
  },
  render: ({ chain }) => chain.join("\n"),
});
