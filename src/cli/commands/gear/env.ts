// SPDX-License-Identifier: Apache-2.0
import { readFileSync, statSync } from "node:fs";
import type { ChangeReport, DeployPreview, EnvironmentChange, EnvironmentVariable } from "../../../gear/index.ts";
import { defineCommand, type Invocation } from "../../command.ts";
import { cliError } from "../../errors.ts";
import { changeExitCode, renderChange } from "../../render/gear-change.ts";
import { renderPreview } from "../../render/gear-preview.ts";
import { rootOption } from "./root-option.ts";
import { interruption, openSurroundings, runningGeneration, unchangedOption, who } from "./shared.ts";

interface Environment {
  readonly application: string;
  readonly container: string;
  readonly environment: readonly EnvironmentVariable[];
}

export default defineCommand<ChangeReport | DeployPreview | Environment>({
  path: ["gear", "env"],
  summary: "Show or set the environment of a container without editing its file",
  description:
    "Without KEY=VALUE, what its unit gives the container is shown; what its image has is not known. A change is a generation of its own: the container is restarted with it, watched, and `rollback` takes it back. An update of images keeps it; the next deployment of a file is what the file says. Values are kept in the clear, and can be seen with `podman inspect`: what is secret belongs in `secrets` of the file.",
  examples: [
    { command: "atomic gear env shop web", text: "What is set?" },
    { command: "atomic gear env shop web LOG_LEVEL=debug --preview", text: "What would it change?" },
    { command: "atomic gear env shop web --reset", text: "As the file says:" },
  ],
  arguments: [{ name: "APPLICATION" }, { name: "CONTAINER" }, { name: "KEY=VALUE", optional: true, repeat: true }],
  options: [
    { name: "file", value: "PATH", repeat: true, help: "Set the variables of this file, one KEY=VALUE on each line" },
    { name: "reset", help: "Take back what was set, before anything else is" },
    { name: "unset", value: "KEY", repeat: true, help: "Take back what was set of this one" },
    { name: "preview", short: "n", help: "Show what would change; change nothing" },
    { name: "message", short: "m", value: "TEXT", help: "What for; `history` shows it" },
    unchangedOption,
    rootOption,
  ],
  json: true,
  async run(invocation) {
    const { application, generation } = await runningGeneration(invocation);
    const container = invocation.args[1]!;
    const set = new Map([
      ...invocation.values("file").flatMap(fileVariables),
      ...invocation.args.slice(2).map(variable),
    ]);
    const reset = invocation.flag("reset") ? "all" : invocation.values("unset");
    const { changeEnvironment, environmentOf, gearError, previewEnvironment, unitsOfContainer } =
      await import("../../../gear/index.ts");
    if (generation === undefined) throw gearError("no-generation", `nothing of ${application} runs`);
    if (set.size === 0 && reset.length === 0) {
      const { rendered } = generation;
      const [unit] = unitsOfContainer(rendered, container);
      return { application, container, environment: environmentOf(rendered, unit!) };
    }
    const change: EnvironmentChange = { application, container, set, reset };
    warnOfSecrets(invocation, set);
    using surroundings = await openSurroundings(invocation, application);
    if (invocation.flag("preview")) return previewEnvironment(surroundings, change);
    using interrupt = await interruption(invocation);
    const given = { ...who(), message: invocation.value("message"), signal: interrupt.signal };
    return await changeEnvironment(surroundings, { ...change, ...given, command: commandText(change) });
  },
  render(report, style) {
    if ("environment" in report) return renderEnvironment(report);
    return "outcome" in report ? renderChange(report, style) : renderPreview(report, style);
  },
  exitCode: (report, invocation) => ("outcome" in report ? changeExitCode(report, invocation) : 0),
});

function renderEnvironment({ application, container, environment }: Environment): string {
  if (environment.length === 0) return `${application}: the unit of ${container} sets no variables.`;
  return environment
    .map(
      ({ name, value, isSet }) =>
        `${name}${value === undefined ? "  (a secret)" : `=${value}`}${isSet ? "  (set)" : ""}`,
    )
    .join("\n");
}

function variable(text: string): [string, string] {
  const [, name, value] = /^([A-Za-z_][A-Za-z0-9_]*)=([^]*)$/.exec(text) ?? [];
  if (name !== undefined && value !== undefined && !value.includes("\0")) return [name, value];
  throw cliError("usage", `${JSON.stringify(text.slice(0, 80))} is not KEY=VALUE`);
}

const fileLimit = 1 << 20;

/** As `podman run --env-file` reads it: a value is all behind the first `=`, and lines with `#` at their start are comments. */
function fileVariables(path: string): [string, string][] {
  if (statSync(path).size > fileLimit) throw cliError("usage", `${path}: larger than ${fileLimit} bytes`);
  const lines = readFileSync(path, "utf8").split(/\r?\n/);
  return lines.filter((line) => !/^\s*(?:#|$)/.test(line)).map((line) => variable(line.trimStart()));
}

function warnOfSecrets({ progress }: Invocation, set: ReadonlyMap<string, string>): void {
  const secret = [...set.keys()].filter((name) => /PASS|SECRET|TOKEN|CREDENTIAL|PRIVATE|API_?KEY/i.test(name));
  if (secret.length === 0) return;
  const text = `${secret.join(", ")}: a value that is set here can be read in the unit and with podman inspect; for a secret, use \`secrets\` of the file`;
  progress({ type: "warning", text });
}

/** As it is kept in the history and the journal: without values, which may be nobody else's business. */
function commandText({ application, container, set, reset }: EnvironmentChange): string {
  const taken = reset === "all" ? ["--reset"] : reset.map((name) => `--unset=${name}`);
  return ["atomic gear env", application, container, ...taken, ...[...set.keys()].map((name) => `${name}=...`)].join(
    " ",
  );
}
