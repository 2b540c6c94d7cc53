// SPDX-License-Identifier: Apache-2.0
import { defineCommand } from "../command.ts";
import { nearest } from "../did-you-mean.ts";
import { cliError } from "../errors.ts";

/** Explanations of all rooms, by full code. */
async function allExplanations(): Promise<ReadonlyMap<string, string>> {
  const rooms = await Promise.all([
    import("../../base/index.ts"),
    import("../../formats/index.ts"),
    import("../../bus/index.ts"),
    import("../../ostree/index.ts"),
    import("../../packages/index.ts"),
    import("../../compose/index.ts"),
    import("../../host/index.ts"),
    import("../../image/index.ts"),
    import("../../gear/index.ts"),
  ]);
  const [base, formats, bus, ostree, packages, compose, host, image, gear] = rooms;
  const factories = [
    base.baseError,
    formats.formatError,
    bus.busError,
    ostree.ostreeError,
    packages.packageError,
    compose.composeError,
    host.hostError,
    image.imageError,
    gear.gearError,
    cliError,
  ];
  return new Map(factories.flatMap(({ explanations }) => [...explanations]));
}

export default defineCommand({
  path: ["explain"],
  summary: "Say what an error code means and what to do",
  examples: [{ command: "atomic explain base-busy", text: "After error[base-busy]:" }],
  arguments: [{ name: "CODE", optional: true }],
  async run({ args: [code] }) {
    const explanations = await allExplanations();
    if (code === undefined)
      return [...explanations.keys()].sort().map((name) => ({ code: name, text: explanations.get(name)! }));
    const text = explanations.get(code);
    if (text !== undefined) return [{ code, text }];
    const meant = nearest(code, explanations.keys());
    throw cliError("unknown-code", `no error has the code ${code}`, {
      hint: meant ? `atomic explain ${meant}` : "atomic explain  lists all",
    });
  },
  json: true,
  render: (found) =>
    found.length === 1 ? found[0]!.text : found.map(({ code, text }) => `${code.padEnd(28)} ${text}`).join("\n"),
});
