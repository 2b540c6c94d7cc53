// SPDX-License-Identifier: Apache-2.0
import { spawn } from "node:child_process";
import { StringDecoder } from "node:string_decoder";
import type { AgentOptions } from "../../../gear/index.ts";
import { defineCommand, type Invocation } from "../../command.ts";
import { version } from "../../version.ts";
import { connectSurroundings } from "./shared.ts";

/** As units call it. */
const atomic = "/usr/bin/atomic";

/** systemd.service(5): a service outlives the login that it was started from, and what runs after it also runs when it was killed. */
const service = [
  "--quiet",
  "--pipe",
  "--wait",
  "--collect",
  "--service-type=exec",
  "--description=Change an application for another host's atomic",
  `--property=ExecStopPost=${atomic} gear recover --undecided`,
  "--property=TimeoutStopSec=infinity",
];

export default defineCommand<number>({
  path: ["gear", "agent"],
  summary: "Answer another host's atomic, which has called this one by ssh",
  hidden: true,
  options: [
    { name: "change", help: "Changes may be asked for: as a service, which outlives the connection" },
    { name: "served", help: "This is that service" },
  ],
  async run(invocation) {
    const words = ["gear", "agent", ...(invocation.flag("change") ? ["--change"] : [])];
    if (process.getuid?.() !== 0) return runInstead("sudo", ["-n", "--", atomic, ...words]);
    if (invocation.flag("change") && !invocation.flag("served")) {
      const reached = `--setenv=SSH_CONNECTION=${process.env["SSH_CONNECTION"] ?? ""}`;
      return runInstead("systemd-run", [...service, reached, "--", atomic, ...words, "--served"]);
    }
    await serve(invocation);
    return 0;
  },
  exitCode: (code) => code,
});

async function serve(invocation: Invocation): Promise<void> {
  const { serveHost } = await import("../../../gear/index.ts");
  await serveHost({
    input: process.stdin,
    output: process.stdout,
    version,
    connect: (engine, progress) => connectSurroundings({ ...invocation, progress }, engine),
    runProgram,
  });
}

function runInstead(program: string, words: readonly string[]): Promise<number> {
  const child = spawn(program, words, { stdio: "inherit" });
  const { promise, resolve, reject } = Promise.withResolvers<number>();
  child.on("error", reject);
  child.on("close", (code) => resolve(code ?? 1));
  return promise;
}

/** Verbs that other hosts may ask for, and whether they end when nobody reads any more. */
const verbs: Readonly<Record<string, boolean>> = {
  delete: false,
  history: true,
  list: true,
  logs: true,
  restart: false,
  rollback: false,
  start: false,
  status: true,
  stop: false,
};

const runProgram: AgentOptions["runProgram"] = async (words, output, signal) => {
  const [verb = "", ...rest] = words.map(String);
  const ends = Object.hasOwn(verbs, verb) ? verbs[verb] : undefined;
  if (ends === undefined) {
    const { gearError } = await import("../../../gear/index.ts");
    throw gearError("host-version", `there is no ${JSON.stringify(verb)} for other hosts`);
  }
  const child = spawn(atomic, ["gear", verb, ...rest], { stdio: ["ignore", "pipe", "pipe"] });
  for (const stream of ["stdout", "stderr"] as const) {
    const decoder = new StringDecoder();
    child[stream].on("data", (piece: Buffer) => output(stream, decoder.write(piece)));
  }
  if (ends) signal.addEventListener("abort", () => child.kill());
  const { promise, resolve, reject } = Promise.withResolvers<number>();
  child.on("error", reject);
  child.on("close", (code) => resolve(code ?? 1));
  return promise;
};
