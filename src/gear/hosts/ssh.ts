// SPDX-License-Identifier: Apache-2.0
import { type ChildProcessByStdio, spawn } from "node:child_process";
import type { Readable, Writable } from "node:stream";
import { requireProgram } from "../../base/index.ts";
import { gearError } from "../errors.ts";
import { printable } from "../generation/problem.ts";
import type { Host } from "./host-name.ts";

/** What a host is called to do; its words go through the user's shell there, so they are never made of anything. */
export type RemoteCommand = "atomic gear agent" | "atomic gear agent --change";

/**
 * ssh_config(5). What the user's files say of hosts, keys and jumps counts, but nobody is asked anything, nothing is
 * forwarded, and a connection that is dead is noticed.
 */
const options = [
  "BatchMode=yes",
  "RequestTTY=no",
  "RemoteCommand=none",
  "ClearAllForwardings=yes",
  "ForwardAgent=no",
  "ForwardX11=no",
  "Tunnel=no",
  "PermitLocalCommand=no",
  "ConnectTimeout=10",
  "ServerAliveInterval=5",
  "ServerAliveCountMax=3",
  "LogLevel=ERROR",
];

export const sshWords = ({ target }: Host, command: RemoteCommand): string[] => [
  "-T",
  ...options.flatMap((option) => ["-o", option]),
  "--",
  target,
  command,
];

export interface SshConnection {
  readonly stdin: Writable;
  readonly stdout: Readable;
  /** Comes when it has ended, with why, as an error to throw. */
  readonly ended: Promise<Error>;
  /** Ends the input: what was written before still arrives. */
  end(): void;
  kill(): void;
}

/** Each is a process of its own session: a Ctrl-C at the terminal is for this program, which then has hosts go back. */
export function connectSsh(host: Host, command: RemoteCommand): SshConnection {
  const program = requireProgram("ssh");
  const child = spawn(program, sshWords(host, command), { stdio: ["pipe", "pipe", "pipe"], detached: true });
  // Written to when it has ended: `ended` says so.
  child.stdin.on("error", () => {});
  const { stdin, stdout } = child;
  return {
    stdin,
    stdout,
    ended: ending(host, child),
    end() {
      stdin.end();
      // Its end is not waited for: the host may still have something to do.
      for (const one of [child, stdin, stdout, child.stderr] as { unref?(): void }[]) one.unref?.();
    },
    kill: () => void child.kill("SIGKILL"),
  };
}

/** Kept of what ssh writes to standard error, which has its reasons at the end. */
const tailLength = 2000;

function ending({ name }: Host, child: ChildProcessByStdio<Writable, Readable, Readable>): Promise<Error> {
  let tail = "";
  child.stderr.on("data", (piece: Buffer) => (tail = (tail + piece.toString()).slice(-tailLength)));
  const { promise, resolve } = Promise.withResolvers<Error>();
  child.on("error", (cause) => resolve(gearError("host", `${name}: ssh could not be started`, { cause })));
  child.on("close", (code) => resolve(endingError(name, code, tail)));
  return promise;
}

/** ssh(1): 255 is its own failure, else the exit code is the command's; a shell has 127 for a command that it does not find. */
function endingError(name: string, code: number | null, tail: string): Error {
  const lines = tail
    .split("\n")
    .map(printable)
    .filter((line) => line !== "");
  if (code === 127) return gearError("host-version", `${name}: there is no atomic on it`);
  const unknown = lines.find((line) => line.startsWith("error[cli-usage]"));
  if (unknown !== undefined) return gearError("host-version", `${name}: its atomic is too old for this`);
  const said = lines.slice(-3).join("; ");
  return gearError("host", `${name}: ${said === "" ? `the connection ended (${code ?? "killed"})` : said}`);
}
