// SPDX-License-Identifier: Apache-2.0
import { spawn } from "node:child_process";
import { networkInterfaces } from "node:os";
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
    { name: "reached", value: "ADDRESS", help: "Where ssh reached this host" },
  ],
  async run(invocation) {
    const reached = invocation.value("reached") ?? addressOf(process.env["SSH_CONNECTION"]);
    const words = ["gear", "agent", `--reached=${reached}`, ...(invocation.flag("change") ? ["--change"] : [])];
    if (process.getuid?.() !== 0) return runInstead("sudo", ["-n", "--", atomic, ...words]);
    if (invocation.flag("change") && !invocation.flag("served")) {
      return runInstead("systemd-run", [...service, "--", atomic, ...words, "--served"]);
    }
    await serve(invocation, reached);
    return 0;
  },
  exitCode: (code) => code,
});

async function serve(invocation: Invocation, address: string): Promise<void> {
  const { serveHost } = await import("../../../gear/index.ts");
  await serveHost({
    input: process.stdin,
    output: process.stdout,
    version,
    address,
    connect: (engine, progress) => connectSurroundings({ ...invocation, progress }, engine),
    runProgram,
  });
}

/** ssh(1): the client's address and port, then this host's; for a host that is reached by itself, its first other address. */
function addressOf(connection: string | undefined): string {
  const address = connection?.split(" ")[2] ?? "127.0.0.1";
  if (address !== "::1" && !address.startsWith("127.")) return address;
  const all = Object.values(networkInterfaces()).flatMap((found) => found ?? []);
  return all.find(({ internal, family }) => !internal && family === "IPv4")?.address ?? address;
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
  const pass = async (stream: "stdout" | "stderr") => {
    const decoder = new StringDecoder();
    for await (const piece of child[stream]) await output(stream, decoder.write(piece as Buffer));
  };
  if (ends) signal.addEventListener("abort", () => child.kill());
  const { promise, resolve, reject } = Promise.withResolvers<number>();
  child.on("error", reject);
  child.on("close", (code) => resolve(code ?? 1));
  const [code] = await Promise.all([promise, pass("stdout"), pass("stderr")]);
  return code;
};
