// SPDX-License-Identifier: Apache-2.0
/** The part of Fengari's interface that is used: the C interface of Lua 5.3, strings as bytes. */
declare module "fengari" {
  export interface State {
    readonly __state: true;
  }
  type JsFunction = (L: State) => number;
  interface Fengari {
    to_luastring(text: string): Uint8Array;
    lua: {
      readonly LUA_MASKCOUNT: number;
      readonly LUA_OK: number;
      readonly LUA_MULTRET: number;
      readonly LUA_TNIL: number;
      readonly LUA_TBOOLEAN: number;
      readonly LUA_TNUMBER: number;
      readonly LUA_TSTRING: number;
      readonly LUA_TTABLE: number;
      lua_call(L: State, arguments_: number, results: number): void;
      lua_pcall(L: State, arguments_: number, results: number, handler: number): number;
      lua_dump(L: State, writer: (L: State, bytes: Uint8Array) => number, data: null, strip: boolean): number;
      lua_createtable(L: State, list: number, fields: number): void;
      lua_error(L: State): number;
      lua_gettop(L: State): number;
      lua_isinteger(L: State, index: number): boolean;
      lua_next(L: State, index: number): number;
      lua_pop(L: State, count: number): void;
      lua_pushboolean(L: State, value: boolean): void;
      lua_pushinteger(L: State, value: number): void;
      lua_pushjsfunction(L: State, action: JsFunction): void;
      lua_pushnil(L: State): void;
      lua_pushnumber(L: State, value: number): void;
      lua_pushstring(L: State, value: Uint8Array): void;
      lua_pushvalue(L: State, index: number): void;
      lua_rawset(L: State, index: number): void;
      lua_rawseti(L: State, index: number, key: number): void;
      lua_setfield(L: State, index: number, name: Uint8Array): void;
      lua_setglobal(L: State, name: Uint8Array): void;
      lua_sethook(L: State, hook: (L: State) => void, mask: number, count: number): void;
      lua_toboolean(L: State, index: number): boolean;
      lua_tonumber(L: State, index: number): number;
      lua_tostring(L: State, index: number): Uint8Array | null;
      lua_type(L: State, index: number): number;
    };
    lauxlib: {
      luaL_newstate(): State;
      luaL_error(L: State, format: Uint8Array): never;
      luaL_loadbufferx(L: State, text: Uint8Array, size: number, name: Uint8Array, mode: Uint8Array): number;
      luaL_requiref(L: State, name: Uint8Array, open: JsFunction, global: 0 | 1): void;
      luaL_tolstring(L: State, index: number): Uint8Array;
    };
    lualib: Record<
      | "luaopen_base"
      | "luaopen_coroutine"
      | "luaopen_math"
      | "luaopen_os"
      | "luaopen_string"
      | "luaopen_table"
      | "luaopen_utf8",
      JsFunction
    >;
  }
  const fengari: Fengari;
  export default fengari;
}
