// SPDX-License-Identifier: Apache-2.0
import { spawn } from "node:child_process";
import { accessSync, constants } from "node:fs";
import { delimiter, join } from "node:path";
import { baseError, isErrno } from "./errors.ts";

export interface RunOptions {
  readonly cwd?: string;
  /** Added to this process's environment, unless `cleanEnv`. */
  readonly env?: Readonly<Record<string, string>>;
  readonly cleanEnv?: boolean;
  readonly input?: string | Uint8Array;
  /** Exit codes that are not an error; default: 0 only. */
  readonly accept?: readonly number[];
  /** Called with each piece of output as it comes, besides being collected. */
  readonly onOutput?: (text: string) => void;
  readonly signal?: AbortSignal;
}

export interface RunResult {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

const errorLines = 20;
/** Output kept of each stream, in bytes: a program that writes without end cannot exhaust memory. */
const outputLimit = 64 << 20;

/** Runs a program to its end. Throws `base-process-failed` with its last lines unless it exits as accepted. */
export async function run(command: string, args: readonly string[], options: RunOptions = {}): Promise<RunResult> {
  const { code, stdout, stderr } = await collect(command, args, options);
  const result = { code, stdout: stdout.toString(), stderr: stderr.toString() };
  if (!(options.accept ?? [0]).includes(code)) {
    const lines = (result.stderr.trim() || result.stdout.trim()).split("\n").slice(-errorLines);
    throw baseError("process-failed", `${command} exited with ${code}\n${lines.map((line) => `  ${line}`).join("\n")}`);
  }
  return result;
}

/** As `run`, with the standard output as bytes. */
export async function runBytes(command: string, args: readonly string[], options: RunOptions = {}): Promise<Buffer> {
  const { code, stdout, stderr } = await collect(command, args, options);
  if (code !== 0) throw baseError("process-failed", `${command} exited with ${code}\n  ${stderr.toString().trim()}`);
  return stdout;
}

function collect(
  command: string,
  args: readonly string[],
  options: RunOptions,
): Promise<{ code: number; stdout: Buffer; stderr: Buffer }> {
  const { promise, resolve, reject } = Promise.withResolvers<{ code: number; stdout: Buffer; stderr: Buffer }>();
  const child = spawn(command, args, {
    cwd: options.cwd,
    env: options.cleanEnv ? options.env : { ...process.env, ...options.env },
    stdio: [options.input === undefined ? "ignore" : "pipe", "pipe", "pipe"],
    signal: options.signal,
  });
  const output: Record<"stdout" | "stderr", Buffer[]> = { stdout: [], stderr: [] };
  for (const name of ["stdout", "stderr"] as const) {
    let size = 0;
    child[name]?.on("data", (piece: Buffer) => {
      size += piece.length;
      if (size <= outputLimit) output[name].push(piece);
      options.onOutput?.(piece.toString());
    });
  }
  child.on("error", (error) => {
    reject(isErrno(error, "ENOENT") ? missing(command, error) : error);
  });
  child.on("close", (code, signal) => {
    if (signal !== null) reject(baseError("process-failed", `${command} was ended by ${signal}`));
    else resolve({ code: code ?? -1, stdout: Buffer.concat(output.stdout), stderr: Buffer.concat(output.stderr) });
  });
  if (options.input !== undefined) {
    // A program may end without reading its input; that is its exit code's matter.
    child.stdin?.on("error", () => {});
    child.stdin?.end(options.input);
  }
  return promise;
}

function missing(command: string, cause: unknown) {
  return baseError("program-missing", `${command} is not installed`, {
    cause,
    hint: "atomic doctor  lists what is missing and the packages that have it",
  });
}

const systemPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/** The path of a program, searched also where root's programs are; `undefined` when it is not installed. */
export function findProgram(name: string): string | undefined {
  for (const directory of `${process.env["PATH"] ?? ""}${delimiter}${systemPath}`.split(delimiter)) {
    if (directory === "") continue;
    const path = join(directory, name);
    try {
      accessSync(path, constants.X_OK);
      return path;
    } catch {
      continue;
    }
  }
  return undefined;
}

/** The path of a program, or `base-program-missing`. */
export function requireProgram(name: string): string {
  const path = findProgram(name);
  if (path === undefined) throw missing(name, undefined);
  return path;
}
