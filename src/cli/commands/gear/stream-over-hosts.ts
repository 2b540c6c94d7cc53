// SPDX-License-Identifier: Apache-2.0
import { once } from "node:events";
import { PassThrough, type Writable } from "node:stream";
import type { Host, HostOutcomes, TimedFormat } from "../../../gear/index.ts";
import { defineCommand, type Command, type Invocation } from "../../command.ts";
import { hostOption, namedHosts, wordsOf } from "./over-hosts.ts";

/** Formats of journalctl whose output is for programs: lines are passed on as they are. */
const forPrograms = /^(json|json-.*|export)$/;

/** A verb that prints the journal, with `--host`: lines of all hosts, each behind its host's name. */
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

type Print = (host: Host, text: string) => void;

/** @returns the exit code */
async function stream(command: Command, invocation: Invocation, hosts: readonly Host[]): Promise<number> {
  const { timedFormat, withoutControls } = await import("../../../gear/index.ts");
  const words = wordsOf(command, invocation);
  const output = invocation.value("output") ?? "short";
  const isPlain = forPrograms.test(output);
  const width = Math.max(...hosts.map(({ name }) => name.length));
  const print: Print = ({ name }, text) => {
    if (isPlain) return void process.stdout.write(`${text}\n`);
    for (const line of withoutControls(text).split("\n")) process.stdout.write(`${name.padEnd(width)}  ${line}\n`);
  };
  const format = invocation.flag("follow") ? undefined : timedFormat(output);
  const { results, failures } = await (format === undefined
    ? asTheyCome(hosts, words, print)
    : byTime(hosts, words, format, invocation.flag("reverse"), print));
  for (const { error } of failures) invocation.progress({ type: "warning", text: error.message });
  return failures.length > 0 ? 1 : Math.max(...results.map(({ result }) => result));
}

type Outcomes = HostOutcomes<unknown, number>;

async function asTheyCome(hosts: readonly Host[], words: readonly string[], print: Print): Promise<Outcomes> {
  const { eachHost } = await import("../../../gear/index.ts");
  const read = (host: Host) =>
    runOn(host, words, (lines) => {
      for (const line of lines) print(host, line);
      return drained(process.stdout);
    });
  return eachHost(hosts, read, hosts.length);
}

const draining = new WeakMap<Writable, Promise<unknown>>();

/** Undefined where more can be written at once. */
function drained(output: Writable): Promise<unknown> | undefined {
  if (!output.writableNeedDrain) return undefined;
  const under = draining.get(output);
  if (under !== undefined) return under;
  const next = once(output, "drain").finally(() => draining.delete(output));
  draining.set(output, next);
  return next;
}

/** Lines of a host that may wait for earlier ones of others; then the host itself waits. */
const mostWaiting = 64;

async function byTime(
  hosts: readonly Host[],
  words: readonly string[],
  format: TimedFormat,
  newestFirst: boolean,
  print: Print,
): Promise<Outcomes> {
  const { eachHost, mergeLines, timedLines } = await import("../../../gear/index.ts");
  const asked = words.toSpliced(words.indexOf("--"), 0, ...format.options);
  const all = hosts.map((host) => ({ host, lines: new PassThrough({ objectMode: true, highWaterMark: mostWaiting }) }));
  const read = async ({ host, lines }: (typeof all)[number]) => {
    try {
      return await runOn(host, asked, (some) => {
        for (const line of some) lines.write(line);
        return drained(lines);
      });
    } finally {
      lines.end();
    }
  };
  const outcomes = eachHost(all, read, all.length);
  const sources = all.map(({ lines }) => timedLines(lines, format, newestFirst ? Infinity : 0));
  for await (const [index, text] of mergeLines(sources, newestFirst)) {
    print(hosts[index]!, text);
    await drained(process.stdout);
  }
  return outcomes;
}

type Take = (lines: readonly string[]) => unknown;

/** Has a host run the verb; where `take` returns a promise, the host waits for it. @returns the exit code */
async function runOn(host: Host, words: readonly string[], take: Take): Promise<number> {
  const { HostSession, withoutControls } = await import("../../../gear/index.ts");
  using lines = new Lines(take);
  using errors = new Lines((some) => {
    for (const line of some) process.stderr.write(`${host.name}: ${withoutControls(line)}\n`);
  });
  const output = (from: "stdout" | "stderr", text: string) => (from === "stdout" ? lines : errors).add(text);
  using session = await HostSession.open(host, "atomic gear agent", { output });
  return (await session.request("run", { words })).code;
}

/** A line that never ends is passed on in pieces. */
const longest = 1 << 20;

class Lines implements Disposable {
  readonly #take: Take;
  #rest = "";

  constructor(take: Take) {
    this.#take = take;
  }

  /** @returns what the taker of the lines that end with this text returned */
  add(text: string): unknown {
    const lines = (this.#rest + text).split("\n");
    const rest = lines.pop()!;
    this.#rest = rest.length > longest ? "" : rest;
    return this.#take(rest.length > longest ? [...lines, rest] : lines);
  }

  [Symbol.dispose](): void {
    if (this.#rest !== "") this.#take([this.#rest]);
    this.#rest = "";
  }
}
