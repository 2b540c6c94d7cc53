// SPDX-License-Identifier: Apache-2.0
/** rpm's own library for Lua (rpmio/rpmlua, rpm-lua(7)), and what else runs programs. */
import { globSync, statSync } from "node:fs";
import { readTextIfExists } from "../../../base/index.ts";
import { compareEvr, parseEvr } from "../../../packages/index.ts";
import { type Arguments, type HostLibrary, LuaError } from "./arguments.ts";
import { addContent, openStream, type OpenFiles } from "./files.ts";
import type { LuaHost, ProgramEnd } from "./host.ts";
import type { Macros } from "./macros.ts";
import { luaTable, type LuaValue } from "./value.ts";

/** Paths in the tree to which a program's standard files are bound. */
export interface Redirection {
  readonly stdin?: string;
  readonly stdout?: string;
  readonly stderr?: string;
  /** Returns standard output instead. */
  readonly capture?: boolean;
}

/** Runs a program of the tree, found in PATH, to its end. A program that is not there is a system error. */
export type RunProgram = (
  command: readonly string[],
  redirection: Redirection,
) => ProgramEnd & { readonly output: Buffer };

export function rpmLibrary(
  files: OpenFiles,
  macros: Macros,
  run: RunProgram,
  lines: readonly string[] | undefined,
): HostLibrary {
  let line = 0;
  const next = () => [lines?.[line++]];
  return {
    b64decode: (args) => [Buffer.from(args.string(1), "base64").toString("latin1")],
    b64encode: (args) => [encodeBase64(args.string(1), args.number(2, 64))],
    call: () => unavailable("call"),
    define: (args) => {
      if (!macros.define(args.string(1))) throw new LuaError(`error in macro definition: ${args.string(1)}`);
      return [];
    },
    execute: (args) =>
      endResult(
        run(
          args.values.map((_, index) => args.string(index + 1)),
          {},
        ),
      ),
    expand: (args) => [macros.expand(args.string(1))],
    glob: (args) => [glob(args)],
    interactive: () => unavailable("interactive"),
    isdefined: (args) => [macros.isDefined(args.string(1)), false],
    load: (args) => {
      macros.load(readTextIfExists(args.string(1)) ?? "");
      return [];
    },
    open: (args) => [openStream(files, args.values.length < 2 ? withMode(args) : args)],
    redirect2null: () => unavailable("redirect2null"),
    register: () => unavailable("register"),
    spawn: (args) => spawn(args, run),
    splitargs: (args) => [
      luaTable(
        args
          .string(1)
          .split(/[ \t]+/)
          .filter((word) => word !== ""),
      ),
    ],
    undefine: (args) => {
      macros.undefine(args.string(1));
      return [];
    },
    unregister: () => unavailable("unregister"),
    unsplitargs: (args) => [args.table(1).list.map(String).join(" ")],
    vercmp: (args) => [compareEvr(parseEvr(args.string(1)), parseEvr(args.string(2)))],
    // File triggers only: the code has the first name, its manual page the second (rpmscript.cc `next_file`).
    ...(lines && { next_file: next, next_line: next }),
  };
}

/** posix.exec, os.execute and io.popen. */
export function programLibraries(
  files: OpenFiles,
  host: LuaHost,
  run: RunProgram,
): { readonly posix: HostLibrary; readonly os: HostLibrary; readonly io: HostLibrary } {
  const ends = new Map<number, ProgramEnd>();
  return {
    posix: {
      exec: (args) => {
        if (!host.inChild) throw new LuaError("exec not permitted in this context");
        run(
          args.values.map((_, index) => args.string(index + 1)),
          {},
        );
        return host.endChild();
      },
    },
    os: {
      execute: (args) => {
        if (args.values.length === 0) return [true];
        return luaEnd(run(["/bin/sh", "-c", args.string(1)], {}));
      },
    },
    io: {
      popen: (args) => {
        if (args.optionalString(2, "r") !== "r") throw new LuaError("io.popen: only mode 'r' is supported");
        const { output, ...end } = run(["/bin/sh", "-c", args.string(1)], { capture: true });
        const number = addContent(files, output, () => end.code);
        ends.set(number, end);
        return [number];
      },
      pclose: (args) => {
        files.close(args.number(1));
        return luaEnd(ends.get(args.number(1)) ?? { code: 0 });
      },
    },
  };
}

function withMode(args: Arguments): Arguments {
  return Object.assign(Object.create(Object.getPrototypeOf(args)) as Arguments, args, {
    values: [...args.values, "r"],
  });
}

/** Base64 in lines, each ended, as rpmBase64Encode has it; a length of 0 makes one line. */
function encodeBase64(text: string, length: number): string {
  const encoded = Buffer.from(text, "latin1").toString("base64");
  if (length <= 0) return encoded;
  return encoded.replaceAll(new RegExp(`.{1,${length}}`, "g"), "$&\n");
}

function glob(args: Arguments): LuaValue {
  const pattern = args.string(1);
  const found = globSync(pattern, { cwd: "/" }).sort();
  if (found.length > 0 || !args.optionalString(2, "").includes("c")) return luaTable(found);
  return luaTable([pattern]);
}

/** rpmlua.cc `rpm_execute`: 0, or nil with the reason. */
function endResult({ code, signal }: ProgramEnd): LuaValue[] {
  if (signal !== undefined) return [undefined, "exit signal", signal];
  return code === 0 ? [0] : [undefined, "exit code", code];
}

/** luaL_execresult */
function luaEnd({ code, signal }: ProgramEnd): LuaValue[] {
  if (signal !== undefined) return [undefined, "signal", signal];
  return [code === 0 ? true : undefined, "exit", code];
}

const streams = new Set(["stdin", "stdout", "stderr"]);

function spawn(args: Arguments, run: RunProgram): LuaValue[] {
  const command = args.table(1).list.map(String);
  if (command.length === 0) throw new LuaError("command not supplied");
  const actions = args.values[1] === undefined ? new Map<string, LuaValue>() : args.table(2).fields;
  for (const name of actions.keys()) if (!streams.has(name)) throw new LuaError(`invalid spawn directive: ${name}`);
  const redirection = Object.fromEntries([...actions].map(([name, path]) => [name, String(path)]));
  return endResult(run(command, redirection));
}

function unavailable(name: string): never {
  throw new LuaError(`rpm.${name} is not available in scriptlets of a compose`);
}

/** Whether a program can be executed: what execvp(3) would find. */
export function findInPath(name: string, path: string): boolean {
  const candidates = name.includes("/") ? [name] : path.split(":").map((directory) => `${directory}/${name}`);
  return candidates.some((candidate) => {
    const stat = statSync(candidate, { throwIfNoEntry: false });
    return stat?.isFile() === true && (stat.mode & 0o111) !== 0;
  });
}
