// SPDX-License-Identifier: Apache-2.0
/** A Lua state that can reach nothing but what its host gives it. */
import fengari, { type State } from "fengari";
import { LuaError } from "./arguments.ts";
import { fromLuaString, type LuaValue, push, read, toLuaString } from "./value.ts";

const { lua, lauxlib, lualib } = fengari;

/** Without `package`, `debug` and Fengari's own `io`; what is left of `os` tells the time. */
const libraries = {
  _G: lualib.luaopen_base,
  coroutine: lualib.luaopen_coroutine,
  math: lualib.luaopen_math,
  os: lualib.luaopen_os,
  string: lualib.luaopen_string,
  table: lualib.luaopen_table,
  utf8: lualib.luaopen_utf8,
};

/** A chunk that is compiled already. */
export type Bytecode = Uint8Array & { readonly __bytecode: true };

/**
 * Hooks are on but while one runs. Fengari's own flag is off after the first error that a coroutine catches: lapi.js,
 * `lua_pcallk`, keeps a wrong bit for it, which ldo.js, `recover`, believes.
 */
let inHook = false;
const statePrototype = Object.getPrototypeOf(lauxlib.luaL_newstate()) as object;
Object.defineProperty(statePrototype, "allowhook", {
  get: () => (inHook ? 0 : 1),
  set(on: number) {
    // ldo.js, `luaD_hook`, after the hook.
    if (on === 1) inHook = false;
  },
});

const [textMode, binaryMode] = [toLuaString("t"), toLuaString("b")];
/** How many instructions are run between two looks at the limits. */
const step = 1 << 16;

/** What ends a script that would not end by itself. */
export interface Limits {
  /** Of Lua's virtual machine, which does some ten millions in a second. */
  readonly instructions: number;
  /** In the time of `performance.now()`. */
  readonly deadline: number;
}

export class Interpreter {
  readonly #state: State = lauxlib.luaL_newstate();
  #left: number;

  /** @param call does a function of the host; its errors become Lua's */
  constructor(call: (name: string, args: readonly LuaValue[]) => readonly LuaValue[], limits: Limits) {
    this.#left = limits.instructions;
    lua.lua_sethook(this.#state, (L) => this.#count(L, limits), lua.LUA_MASKCOUNT, step);
    for (const [name, open] of Object.entries(libraries)) {
      lauxlib.luaL_requiref(this.#state, toLuaString(name), open, 1);
      lua.lua_pop(this.#state, 1);
    }
    lua.lua_pushjsfunction(this.#state, (L) => hostCall(L, call));
    lua.lua_setglobal(this.#state, toLuaString("host"));
  }

  /** Coroutines inherit the hook, with a count of their own. */
  #count(L: State, { instructions, deadline }: Limits): void {
    this.#left -= step;
    const late = performance.now() >= deadline;
    if (this.#left > 0 && !late) {
      inHook = true;
      return;
    }
    this.#left = 0;
    // A script that catches the error gets it again at its next instruction. One that hides in coroutines within
    // coroutines goes on until its thread is ended (ScriptSession).
    const hook = (state: State) => this.#count(state, { instructions, deadline });
    for (const state of new Set([this.#state, L])) lua.lua_sethook(state, hook, lua.LUA_MASKCOUNT, 1);
    const reason = late ? "when its time was over" : `after ${instructions} instructions`;
    lauxlib.luaL_error(L, toLuaString(`the script was ended ${reason}: it may have an endless loop`));
  }

  /**
   * Runs a chunk with arguments, which it sees as `...`.
   * @param chunk text with one character for each byte; bytecode is taken from `compile` only, as what is made up can do harm
   * @returns the message of an error that it did not catch
   */
  run(chunk: string | Bytecode, name: string, args: readonly LuaValue[] = []): string | undefined {
    const L = this.#state;
    const isText = typeof chunk === "string";
    const bytes = isText ? toLuaString(chunk) : chunk;
    const mode = isText ? textMode : binaryMode;
    const loaded = lauxlib.luaL_loadbufferx(L, bytes, bytes.length, toLuaString(`=${name}`), mode);
    if (loaded !== lua.LUA_OK) return this.#message();
    for (const value of args) push(L, value);
    return lua.lua_pcall(L, args.length, 0, 0) === lua.LUA_OK ? undefined : this.#message();
  }

  #message(): string {
    const message = fromLuaString(lauxlib.luaL_tolstring(this.#state, -1));
    lua.lua_pop(this.#state, 2);
    return message;
  }
}

/** Compiles a chunk of our own, for the many scripts of a compose. */
export function compile(text: string, name: string): Bytecode {
  const L = lauxlib.luaL_newstate();
  const bytes = toLuaString(text);
  const loaded = lauxlib.luaL_loadbufferx(L, bytes, bytes.length, toLuaString(`=${name}`), textMode);
  if (loaded !== lua.LUA_OK) throw new Error(fromLuaString(lauxlib.luaL_tolstring(L, -1)));
  const pieces: Uint8Array[] = [];
  lua.lua_dump(L, (_, piece) => (pieces.push(Uint8Array.from(piece)), 0), null, false);
  return Buffer.concat(pieces) as Uint8Array as Bytecode;
}

/** rpm's posix library and what runs programs give all numbers as floats (lua_pushnumber), as one sees in `tostring`. */
const pushesFloats = /^posix\.|^rpm\.(execute|spawn)$/;

function hostCall(L: State, call: (name: string, args: readonly LuaValue[]) => readonly LuaValue[]): number {
  const count = lua.lua_gettop(L);
  const [name, ...args] = Array.from({ length: count }, (_, index) => read(L, index + 1));
  let results: readonly LuaValue[];
  try {
    results = call(String(name), args);
  } catch (error) {
    if (!(error instanceof LuaError)) throw error;
    push(L, error.message);
    return lua.lua_error(L);
  }
  for (const value of results) push(L, value, pushesFloats.test(String(name)));
  return results.length;
}
