// SPDX-License-Identifier: Apache-2.0
import type { Host } from "../../../gear/index.ts";
import { defineCommand, type Command, type Invocation, type OptionDeclaration, type Style } from "../../command.ts";
import { cliError } from "../../errors.ts";
import { paint } from "../../style.ts";

export const hostOption: OptionDeclaration = {
  name: "host",
  value: "HOST",
  repeat: true,
  help: "On this host, by ssh, instead of here; several times for several hosts",
};

/** What a verb came to on one host. */
interface OnHost {
  readonly host: string;
  /** As the verb gives it on that host. */
  readonly result: unknown;
  /** Why there is none. */
  readonly error: string | undefined;
}

class HostResults {
  readonly hosts: readonly OnHost[];

  constructor(hosts: readonly OnHost[]) {
    this.hosts = hosts;
  }

  toJSON(): readonly OnHost[] {
    return this.hosts;
  }
}

/** The same verb with `--host`: run on each by its own `atomic`, some at the same time, and shown with the host's name above. */
export function overHosts(command: Command): Command {
  return defineCommand({
    ...command,
    options: [...(command.options ?? []), hostOption],
    async run(invocation) {
      const hosts = await namedHosts(invocation);
      return hosts === undefined ? command.run(invocation) : runOnHosts(command, invocation, hosts);
    },
    render(data, style) {
      if (!(data instanceof HostResults)) return command.render?.(data, style) ?? "";
      return data.hosts.map((one) => renderHost(command, one, style)).join("\n\n");
    },
    exitCode(data, invocation) {
      if (!(data instanceof HostResults)) return command.exitCode?.(data, invocation) ?? 0;
      const codes = data.hosts.map(({ result, error }) =>
        error === undefined ? (command.exitCode?.(result, invocation) ?? 0) : 1,
      );
      return Math.max(...codes);
    },
  });
}

/** Undefined: this one. */
export async function namedHosts(invocation: Invocation): Promise<readonly Host[] | undefined> {
  const named = invocation.values("host");
  if (named.length === 0) return undefined;
  if (invocation.value("root") !== undefined) throw cliError("usage", "--host and --root exclude each other");
  const { parseHosts } = await import("../../../gear/index.ts");
  return parseHosts(named);
}

/** The words by which a host's `atomic` is called. */
export function wordsOf({ path, options = [] }: Command, invocation: Invocation): string[] {
  const given = options.flatMap(({ name, value }) => {
    if (name === "host") return [];
    if (value !== undefined) return invocation.values(name).map((one) => `--${name}=${one}`);
    return invocation.flag(name) ? [`--${name}`] : [];
  });
  return [...path.slice(1), ...given, "--", ...invocation.args];
}

async function runOnHosts(command: Command, invocation: Invocation, hosts: readonly Host[]): Promise<HostResults> {
  const { eachHost, HostSession, withoutControls } = await import("../../../gear/index.ts");
  const words = wordsOf(command, invocation);
  const told = words.indexOf("--");
  const { results, failures } = await eachHost(hosts, async (host) => {
    const output = { stdout: "", stderr: "" };
    const listen = (stream: "stdout" | "stderr", text: string) => {
      if (output[stream].length < outputLimit) output[stream] += text;
    };
    using session = await HostSession.open(host, "atomic gear agent", { output: listen });
    await session.request("run", { words: words.toSpliced(told, 0, "--json", "--progress=plain") });
    return withoutControls(answerOf(output.stdout, output.stderr));
  });
  const all = [
    ...results.map(({ item, result }) => ({ host: item.name, ...result })),
    ...failures.map(({ item, error }) => ({ host: item.name, result: undefined, error: error.message })),
  ];
  return new HostResults(hosts.flatMap(({ name }) => all.filter(({ host }) => host === name)));
}

/** Of a host's answer; a mebibyte is a history of years. */
const outputLimit = 16 << 20;

function answerOf(stdout: string, stderr: string): Omit<OnHost, "host"> {
  try {
    return { result: JSON.parse(stdout), error: undefined };
  } catch {
    const lines = stderr.split("\n");
    const first = Math.max(
      0,
      lines.findIndex((line) => line.startsWith("error[")),
    );
    return { result: undefined, error: lines.slice(first).join("\n").trim() || "it did not answer" };
  }
}

function renderHost(command: Command, { host, result, error }: OnHost, style: Style): string {
  const head = paint(style, "bold", `${host}:`);
  if (error !== undefined) return `${head}\n${paint(style, "red", error)}`;
  const text = command.render?.(result, style) ?? "";
  return `${head}\n${typeof text === "string" ? text : [...text].join("")}`;
}
