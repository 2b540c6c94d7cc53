// SPDX-License-Identifier: Apache-2.0
/**
 * Runs scriptlets one after the other upon one overlay, in a worker thread: programs in the sandbox, Lua in this very
 * thread with the overlay as its root directory, as rpm itself does it (rpmChrootIn).
 */
import { spawnSync } from "node:child_process";
import { closeSync, constants, openSync, writeFileSync } from "node:fs";
import { constants as systemConstants } from "node:os";
import { join } from "node:path";
import { changeDirectory, mount, ThreadRoot, unmount } from "../../../base/index.ts";
import { composeError } from "../../errors.ts";
import {
  outOfTime,
  overlayOptions,
  prepareMounts,
  requireRunnable,
  sandboxCommand,
  type Workspace,
} from "../../sandbox.ts";
import { compiledPrelude, type ProgramEnd } from "../lua/host.ts";
import { type ProcessView, runLua } from "../lua/run-lua.ts";
import { findInPath, type Redirection } from "../lua/rpm.ts";
import { systemError } from "../lua/system-errors.ts";

export type ScriptTask = ProgramTask | LuaTask | { readonly kind: "start" | "open" | "close" };

interface Task {
  readonly env: Readonly<Record<string, string>>;
  /** Lines for a file trigger. */
  readonly lines?: readonly string[];
}

export interface ProgramTask extends Task {
  readonly kind: "program";
  /** The interpreter with its arguments. */
  readonly command: readonly string[];
  /** Written to a file, whose path is the next argument. */
  readonly script?: string;
  /** Come after that. */
  readonly args: readonly string[];
}

export interface LuaTask extends Task {
  readonly kind: "lua";
  readonly script: string;
  /** Macros that the composer defines beside those of the tree's files. */
  readonly macros: Readonly<Record<string, string>>;
  /** For messages. */
  readonly name: string;
  readonly args: readonly string[];
  /** Instructions that it may take. */
  readonly instructions?: number;
}

export interface ScriptEnd extends ProgramEnd {
  /** What it printed, standard output and error. */
  readonly output: string;
}

/** Output of one scriptlet that is kept; one that writes without end is stopped. */
const outputLimit = 16 << 20;
const scriptPath = "/run/scriptlet";
const done: ScriptEnd = { code: 0, output: "" };
const ENOENT = 2;

export class ScriptRoot {
  readonly #workspace: Workspace;
  readonly #root: ThreadRoot;
  readonly #merged: string;

  constructor(workspace: Workspace) {
    this.#workspace = workspace;
    this.#merged = join(workspace.path, "merged");
    this.#root = new ThreadRoot();
  }

  run(task: ScriptTask): ScriptEnd {
    switch (task.kind) {
      case "program":
        return this.#runProgram(task);
      case "lua":
        return this.#runLua(task);
      case "start":
        compiledPrelude();
        return done;
      case "open":
        this.#open();
        return done;
      case "close":
        unmount(this.#merged);
        return done;
    }
  }

  #open(): void {
    prepareMounts(this.#workspace);
    writeFileSync(join(this.#workspace.path, "ostree-booted"), "");
    // The directories in the options are relative: names with a comma could not be written there.
    changeDirectory(this.#workspace.path);
    mount("overlay", "merged", "overlay", 0, overlayOptions);
  }

  #runProgram({ command, script, args, env, lines }: ProgramTask): ScriptEnd {
    const show = new Map([[join(this.#workspace.path, "ostree-booted"), "/run/ostree-booted"]]);
    if (script !== undefined) {
      writeFileSync(join(this.#workspace.path, "scriptlet"), script, { encoding: "latin1", mode: 0o755 });
      show.set(join(this.#workspace.path, "scriptlet"), scriptPath);
    }
    const full = [...command, ...(script === undefined ? [] : [scriptPath]), ...args];
    const input = lines?.map((line) => `${line}\n`).join("") ?? "";
    const { end, output } = this.#start(full, { env, show }, input);
    return { ...end, output };
  }

  /** @param streams standard output and error; by default both are returned */
  #start(
    command: readonly string[],
    options: Parameters<typeof sandboxCommand>[1],
    input: string | number,
    streams: readonly ["pipe" | number, "pipe" | number] = ["pipe", "pipe"],
  ): { end: ProgramEnd; output: string; stdout: Buffer } {
    requireRunnable(this.#workspace, command);
    const [bwrap, ...args] = sandboxCommand(command, options);
    const result = spawnSync(bwrap, args, {
      cwd: this.#workspace.path,
      stdio: [typeof input === "number" ? input : "pipe", ...streams],
      ...(typeof input === "string" && { input: Buffer.from(input, "latin1") }),
      maxBuffer: outputLimit,
      timeout: this.#workspace.timeLimit * 1000,
      // The sandbox ends with the one who started it, and all that runs in it with the sandbox.
      killSignal: "SIGKILL",
    });
    const { code } = (result.error ?? {}) as NodeJS.ErrnoException;
    if (code === "ETIMEDOUT") throw outOfTime(command[0] ?? "", this.#workspace.timeLimit);
    if (code === "ENOBUFS") throw composeError("script-failed", `${command[0]} prints more than ${outputLimit} bytes`);
    // A reader that ends early is no error of the script.
    if (result.error && code !== "EPIPE") throw result.error;
    const stdout = result.stdout ?? Buffer.alloc(0);
    const output = `${stdout.toString()}${result.stderr?.toString() ?? ""}`;
    return { end: endOf(result.status, result.signal), output, stdout };
  }

  #runLua(script: LuaTask): ScriptEnd {
    const { timeLimit } = this.#workspace;
    let output = "";
    const print = (text: string) => {
      output += text;
      if (output.length > outputLimit)
        throw composeError("script-failed", `${script.name} prints more than ${outputLimit} bytes`);
    };
    const message = this.#within("/", initialMask, () =>
      runLua({ ...script, timeLimit }, print, (command, redirection, view) =>
        this.#runForLua(command, redirection, view, print),
      ),
    );
    return { code: message === undefined ? 0 : 1, output: message === undefined ? output : `${output}${message}\n` };
  }

  #within<T>(cwd: string, mask: number, action: () => T): T {
    return this.#root.within(this.#merged, cwd, mask, action);
  }

  /** Called from within the root, which it leaves for as long as the program runs. */
  #runForLua(command: readonly string[], redirection: Redirection, view: ProcessView, print: (text: string) => void) {
    const [program = ""] = command;
    if (!findInPath(program, view.env["PATH"] ?? "")) throw systemError(ENOENT, program);
    const opened: number[] = [];
    const open = (path: string | undefined, flags: number): "pipe" | number => {
      if (path === undefined) return "pipe";
      const fd = path === "/dev/null" ? this.#root.outside(() => openSync(path, "r+")) : openSync(path, flags, 0o644);
      opened.push(fd);
      return fd;
    };
    const { O_RDONLY, O_WRONLY, O_APPEND, O_CREAT } = constants;
    const append = O_WRONLY | O_APPEND | O_CREAT;
    try {
      const input = redirection.stdin === undefined ? "" : open(redirection.stdin, O_RDONLY);
      const silent = (number: number, path: string | undefined) => (view.silenced.has(number) ? "/dev/null" : path);
      const streams = [
        open(silent(1, redirection.stdout), append),
        open(silent(2, redirection.stderr), append),
      ] as const;
      const { end, output, stdout } = this.#root.outside(() =>
        this.#start(command, { env: view.env, cwd: view.cwd }, input, streams),
      );
      if (redirection.capture !== true) print(output);
      return { ...end, output: stdout };
    } finally {
      opened.forEach(closeSync);
    }
  }
}

const initialMask = 0o022;

function endOf(status: number | null, signal: NodeJS.Signals | null): ProgramEnd {
  if (status !== null && status <= 128) return { code: status };
  // bwrap exits with 128 and the number of the signal that ended the program, as a shell does.
  if (status !== null) return { code: status, signal: status - 128 };
  return { code: 128, signal: systemConstants.signals[signal ?? "SIGKILL"] };
}
