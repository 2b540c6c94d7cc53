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

export class Interpreter {
  readonly #state: State = lauxlib.luaL_newstate();

  /** @param call does a function of the host; its errors become Lua's */
  constructor(call: (name: string, args: readonly LuaValue[]) => readonly LuaValue[]) {
    for (const [name, open] of Object.entries(libraries)) {
      lauxlib.luaL_requiref(this.#state, toLuaString(name), open, 1);
      lua.lua_pop(this.#state, 1);
    }
    lua.lua_pushjsfunction(this.#state, (L) => hostCall(L, call));
    lua.lua_setglobal(this.#state, toLuaString("host"));
  }

  /**
   * Runs a chunk with arguments, which it sees as `...`.
   * @param text one character for each byte
   * @returns the message of an error that it did not catch
   */
  run(text: string, name: string, args: readonly LuaValue[] = []): string | undefined {
    const L = this.#state;
    const bytes = toLuaString(text);
    const loaded = lauxlib.luaL_loadbuffer(L, bytes, bytes.length, toLuaString(`=${name}`));
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
