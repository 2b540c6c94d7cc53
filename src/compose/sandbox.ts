// SPDX-License-Identifier: Apache-2.0
/**
 * Runs programs of a tree inside that tree. What they see: the checked-out packages (`lower`, hardlinks of cached
 * objects, never written) under an overlay that takes all changes (`upper`); a /proc and a minimal /dev of their own;
 * empty /run and /tmp. What they do not: any other file of this machine, its devices, its network, its processes.
 */
import { chmodSync, mkdirSync, rmSync } from "node:fs";
import { join, resolve } from "node:path";
import { requireProgram, run, type RunResult } from "../base/index.ts";
import { composeError } from "./errors.ts";
import { requireNative } from "./foreign.ts";

/** Directories of one assembly; all on one file system. */
export interface Workspace {
  readonly path: string;
  readonly lower: string;
  readonly upper: string;
  /** What the tree's programs are for; absent: this machine. */
  readonly basearch?: string;
  /**
   * Seconds that a script, or a program that runs many, may take without a word; what takes longer is ended, for a compose
   * must not hang for ever.
   */
  readonly timeLimit: number;
}

/** Rebuilding all locales or an initramfs on a slow machine takes minutes. */
export const defaultTimeLimit = 3600;

export interface SandboxRun {
  readonly env?: Readonly<Record<string, string>>;
  readonly input?: string;
  /** Outside path -> path inside, read-only. */
  readonly show?: ReadonlyMap<string, string>;
  /** Current directory in the tree; default: its root. */
  readonly cwd?: string;
  readonly onOutput?: (text: string) => void;
  readonly accept?: readonly number[];
  readonly signal?: AbortSignal;
}

export function outOfTime(what: string, timeLimit: number): Error {
  return composeError("script-time", `${what} was ended: it took longer than ${timeLimit} seconds`, {
    hint: "--script-timeout=SECONDS  gives scripts more time",
  });
}

/** Makes the directories, emptying what an interrupted compose left. */
export function makeWorkspace(directory: string, basearch?: string, timeLimit = defaultTimeLimit): Workspace {
  // Scriptlets are run by a thread that has another current directory.
  const path = resolve(directory);
  rmSync(path, { recursive: true, force: true });
  const workspace = {
    path,
    lower: join(path, "lower"),
    upper: join(path, "upper"),
    timeLimit,
    ...(basearch !== undefined && { basearch }),
  };
  for (const name of [path, workspace.lower, workspace.upper]) mkdirSync(name, { recursive: true, mode: 0o755 });
  return workspace;
}

export function requireRoot(): void {
  if (process.getuid?.() === 0) return;
  throw composeError("not-root", "a compose must run as root", { hint: "sudo atomic compose tree ..." });
}

/** Refuses what this machine cannot run. */
export function requireRunnable({ basearch }: Workspace, [program = ""]: readonly string[]): void {
  if (basearch !== undefined) requireNative(basearch, program);
}

/** Runs one program to its end. @param command path inside the tree, with arguments */
export async function runInTree(
  workspace: Workspace,
  command: readonly string[],
  options: SandboxRun = {},
): Promise<RunResult> {
  requireRunnable(workspace, command);
  prepareMounts(workspace);
  const shell = `mount -t overlay overlay -o ${overlayOptions} merged && exec "$@"`;
  const bwrap = sandboxCommand(command, options);
  const clock = new AbortController();
  // dpkg runs many scripts and tells of each: only silence counts.
  const timer = setTimeout(() => clock.abort(), workspace.timeLimit * 1000);
  try {
    return await run(
      requireProgram("unshare"),
      ["--mount", "--propagation", "private", "--", "/bin/sh", "-c", shell, "sh", ...bwrap],
      {
        cwd: workspace.path,
        accept: options.accept ?? [0],
        ...(options.input !== undefined && { input: options.input }),
        onOutput(text) {
          timer.refresh();
          options.onOutput?.(text);
        },
        signal: options.signal ? AbortSignal.any([options.signal, clock.signal]) : clock.signal,
      },
    );
  } catch (error) {
    throw clock.signal.aborted ? outOfTime(command[0] ?? "", workspace.timeLimit) : error;
  } finally {
    clearTimeout(timer);
  }
}

/** Makes the directories anew that the overlay and the sandbox are mounted on. */
export function prepareMounts({ path }: Workspace): void {
  for (const name of ["merged", "work", "tmp", "vartmp"]) {
    rmSync(join(path, name), { recursive: true, force: true });
    mkdirSync(join(path, name));
    chmodSync(join(path, name), name.endsWith("tmp") ? 0o1777 : 0o755);
  }
}

/** The program that runs a command in the sandbox; it is started in the workspace, with the overlay on `merged`. */
export function sandboxCommand(command: readonly string[], options: SandboxRun): [string, ...string[]] {
  return [requireProgram("bwrap"), ...bwrapArguments(options), "--", ...command];
}

/**
 * Every directory and file that is changed is copied up whole, with no overlay feature that would make `upper` hard to
 * read (Documentation/filesystems/overlayfs.rst). `volatile` leaves out fsync: an interrupted assembly is thrown away.
 */
export const overlayOptions = [
  "lowerdir=lower",
  "upperdir=upper",
  "workdir=work",
  "redirect_dir=off",
  "metacopy=off",
  "index=off",
  "xino=off",
  "volatile",
].join(",");

/** What a maintainer script may do as root; not among them: mounting, devices, modules, the clock, raw sockets. */
const capabilities = [
  "CAP_CHOWN",
  "CAP_DAC_OVERRIDE",
  "CAP_FOWNER",
  "CAP_FSETID",
  "CAP_KILL",
  "CAP_SETFCAP",
  "CAP_SETGID",
  "CAP_SETPCAP",
  "CAP_SETUID",
  "CAP_SYS_CHROOT",
];

const fixedEnvironment: Readonly<Record<string, string>> = {
  PATH: "/usr/sbin:/usr/bin:/sbin:/bin",
  HOME: "/root",
  LANG: "C.UTF-8",
  LC_ALL: "C.UTF-8",
  TZ: "UTC0",
  // systemctl and systemd-tmpfiles then work on files alone (systemd docs/ENVIRONMENT.md).
  SYSTEMD_OFFLINE: "1",
};

function bwrapArguments({ env = {}, show = new Map(), cwd = "/" }: SandboxRun): string[] {
  return [
    ...fixedArguments.join(" ").split(" "),
    "--chdir",
    cwd,
    ...capabilities.flatMap((name) => ["--cap-add", name]),
    ...Object.entries({ ...fixedEnvironment, ...env }).flatMap(([name, value]) => ["--setenv", name, value]),
    ...[...show].flatMap(([outside, inside]: [string, string]) => ["--ro-bind", outside, inside]),
  ];
}

const fixedArguments = [
  "--bind merged / --dev /dev --proc /proc",
  // Files there obey root without any capability; /proc/sys/kernel/core_pattern would run a program outside.
  "--ro-bind /proc/sys /proc/sys --ro-bind-try /proc/sysrq-trigger /proc/sysrq-trigger",
  "--tmpfs /run --dir /run/lock --bind tmp /tmp --bind vartmp /var/tmp",
  "--unshare-pid --unshare-net --unshare-ipc --unshare-uts --unshare-cgroup-try",
  // When the program is process 1, nothing of what it started outlives it; bwrap's own process 1 would wait for that.
  "--as-pid-1",
  "--hostname localhost --die-with-parent --new-session --cap-drop ALL --clearenv",
];
