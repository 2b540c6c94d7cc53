// SPDX-License-Identifier: Apache-2.0
/** The part of rpm's posix library that is about the process: its environment, its identity and its programs. */
import { arch, cpuUsage } from "node:process";
import { type HostLibrary, LuaError } from "./arguments.ts";
import type { LuaHost } from "./host.ts";
import { changeMode, formatMode } from "./mode-text.ts";
import { select } from "./select.ts";
import { luaTable, type LuaValue } from "./value.ts";

const machines: Readonly<Record<string, string>> = { x64: "x86_64", arm64: "aarch64", ppc64: "ppc64le" };

/** As the sandbox shows them; the composing machine's are nobody's business and would be another in each tree. */
const names: Readonly<Record<string, string>> = {
  "%": "%",
  m: machines[arch] ?? arch,
  n: "localhost",
  r: "0",
  s: "Linux",
  v: "0",
};

const identity = { egid: 0, euid: 0, gid: 0, uid: 0, pgrp: 1, pid: 1, ppid: 0 };

/** Values of Linux with glibc (limits.h, sysconf(3), pathconf(3)). */
const sysconf = {
  arg_max: 2097152,
  child_max: -1,
  clk_tck: 100,
  ngroups_max: 65536,
  stream_max: 16,
  tzname_max: -1,
  open_max: 1024,
  job_control: 1,
  saved_ids: 1,
  version: 200809,
};
const pathconf = {
  link_max: 65000,
  max_canon: 255,
  max_input: 255,
  name_max: 255,
  path_max: 4096,
  pipe_buf: 4096,
  chown_restricted: 1,
  no_trunc: 1,
  vdisable: 0,
};

export function processLibrary(host: LuaHost): HostLibrary {
  return {
    ...environmentLibrary(host),
    ctermid: () => ["/dev/tty"],
    getcwd: () => [host.process.cwd],
    getlogin: () => [undefined],
    getprocessid: (args) => select(args, 1, identity),
    kill: () => refuse("kill"),
    pathconf: (args) => select(args, 2, pathconf),
    redirect2null: (args) => {
      if (!host.inChild) throw new LuaError("redirect2null not permitted in this context");
      host.process.silenced.add(args.number(1));
      return [args.number(1)];
    },
    setgid: () => refuse("setgid"),
    setuid: () => refuse("setuid"),
    sleep: () => [0],
    sysconf: (args) => select(args, 1, sysconf),
    times: (args) => {
      const { user, system } = cpuUsage();
      const elapsed = Date.now() / 1000;
      return select(args, 1, { utime: user / 1e6, stime: system / 1e6, cutime: 0, cstime: 0, elapsed });
    },
    ttyname: () => [undefined],
    umask: (args) => {
      const mode = ~host.process.umask & 0o777;
      const changed = args.values.length === 0 ? mode : changeMode(mode, args.string(1));
      if (changed === undefined) return [undefined];
      host.setUmask(~changed & 0o777);
      return [formatMode(changed & 0o777)];
    },
    uname: (args) => [
      args.optionalString(1, "%s %n %r %v %m").replaceAll(/%(.?)/g, (_, letter: string) => {
        const text = names[letter];
        if (text === undefined) throw args.bad(1, `unknown format option '${letter}'`);
        return text;
      }),
    ],
  };
}

function environmentLibrary(host: LuaHost): HostLibrary {
  return {
    getenv: (args): LuaValue[] =>
      args.values.length === 0
        ? [luaTable([], Object.fromEntries(host.process.env))]
        : [host.process.env.get(args.string(1))],
    putenv: (args) => {
      const [, name = args.string(1), value] = /^([^=]*)=(.*)$/s.exec(args.string(1)) ?? [];
      if (value === undefined) host.process.env.delete(name);
      else host.process.env.set(name, value);
      return [0];
    },
    setenv: (args) => {
      const [name, value, overwrite = true] = [args.string(1), args.string(2), args.values[2]];
      if (overwrite !== false || !host.process.env.has(name)) host.process.env.set(name, value);
      return [0];
    },
    unsetenv: (args) => {
      host.process.env.delete(args.string(1));
      return [];
    },
  };
}

function refuse(name: string): never {
  throw new LuaError(`posix.${name} is refused: a scriptlet of a compose has no process of its own`);
}
