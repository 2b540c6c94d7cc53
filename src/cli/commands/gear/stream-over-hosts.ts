// SPDX-License-Identifier: Apache-2.0
import type { Host } from "../../../gear/index.ts";
import { defineCommand, type Command, type Invocation } from "../../command.ts";
import { hostOption, namedHosts, wordsOf } from "./over-hosts.ts";

/** Formats of journalctl whose output is for programs: lines are passed on as they are. */
const forPrograms = /^(json|json-.*|export)$/;

/** A verb that prints lines as they come, with `--host`: those of all hosts, each behind its host's name. */
export function streamOverHosts(command: Command): Command {
  return defineCommand<unknown>({
    ...command,
    options: [...(command.options ?? []), hostOption],
    async run(invocation) {
      const hosts = await namedHosts(invocation);
      return hosts === undefined ? command.run(invocation) : stream(command, invocation, hosts);
    },
  });
}

/** @returns the exit code */
async function stream(command: Command, invocation: Invocation, hosts: readonly Host[]): Promise<number> {
  const { eachHost, HostSession, withoutControls } = await import("../../../gear/index.ts");
  const words = wordsOf(command, invocation);
  const isPlain = forPrograms.test(invocation.value("output") ?? "");
  const width = Math.max(...hosts.map(({ name }) => name.length));
  const follow = async (host: Host) => {
    using lines = new Lines((line) => {
      process.stdout.write(isPlain ? `${line}\n` : `${host.name.padEnd(width)}  ${withoutControls(line)}\n`);
    });
    using errors = new Lines((line) => process.stderr.write(`${host.name}: ${withoutControls(line)}\n`));
    const output = (from: "stdout" | "stderr", text: string) => (from === "stdout" ? lines : errors).add(text);
    using session = await HostSession.open(host, "atomic gear agent", { output });
    return (await session.request("run", { words })).code;
  };
  const { results, failures } = await eachHost(hosts, follow, hosts.length);
  for (const { error } of failures) invocation.progress({ type: "warning", text: error.message });
  return failures.length > 0 ? 1 : Math.max(...results.map(({ result }) => result));
}

/** A line that never ends is passed on in pieces. */
const longest = 1 << 20;

class Lines implements Disposable {
  readonly #write: (line: string) => void;
  #rest = "";

  constructor(write: (line: string) => void) {
    this.#write = write;
  }

  add(text: string): void {
    const lines = (this.#rest + text).split("\n");
    this.#rest = lines.pop()!;
    for (const line of lines) this.#write(line);
    if (this.#rest.length > longest) this[Symbol.dispose]();
  }

  [Symbol.dispose](): void {
    if (this.#rest !== "") this.#write(this.#rest);
    this.#rest = "";
  }
}
