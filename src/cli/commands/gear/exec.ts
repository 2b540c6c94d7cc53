// SPDX-License-Identifier: Apache-2.0
import type { Rendered, RenderedInstance } from "../../../gear/index.ts";
import { defineCommand } from "../../command.ts";
import { cliError } from "../../errors.ts";
import { runAttached } from "./run-attached.ts";
import { rootOption } from "./root-option.ts";
import { runningGeneration } from "./shared.ts";

export default defineCommand({
  path: ["gear", "exec"],
  summary: "Run a program in a container of an application",
  description:
    "In the container that runs, with this terminal where there is one. Options of the program go behind `--`. The exit code is the program's.",
  examples: [
    { command: "atomic gear exec shop web sh", text: "A shell:" },
    { command: "atomic gear exec shop db -- psql --command 'select 1'", text: "A program with options:" },
  ],
  arguments: [{ name: "APPLICATION" }, { name: "INSTANCE" }, { name: "COMMAND", repeat: true }],
  options: [
    { name: "user", short: "u", value: "USER", help: "As this user of the image" },
    { name: "workdir", short: "w", value: "PATH", help: "In this directory of the container" },
    rootOption,
  ],
  async run(invocation) {
    const { generation } = await runningGeneration(invocation);
    const [, instance = "", ...command] = invocation.args;
    const { container } = instanceOf(generation?.rendered, instance);
    const terminal = process.stdin.isTTY && process.stdout.isTTY ? ["--tty"] : [];
    const given = ["user", "workdir"].flatMap((name) => {
      const value = invocation.value(name);
      return value === undefined ? [] : [`--${name}=${value}`];
    });
    return runAttached(generation!.engine, ["exec", "--interactive", ...terminal, ...given, container, ...command]);
  },
  exitCode: (code) => code,
});

function instanceOf(rendered: Rendered | undefined, id: string): RenderedInstance {
  const found = rendered?.instances.find((instance) => instance.id === id);
  if (found !== undefined) return found;
  const known = rendered?.instances.map((instance) => instance.id).join(", ") ?? "";
  throw cliError("usage", `there is no instance ${id}`, known === "" ? {} : { hint: `there are: ${known}` });
}
