// SPDX-License-Identifier: Apache-2.0
/** Values that cross between Lua and its host. */
import fengari, { type State } from "fengari";

const { lua } = fengari;

/** A string has one character (U+0000 to U+00FF) for each byte of Lua's; `undefined` is nil. */
export type LuaValue = undefined | boolean | number | string | LuaTable;

export interface LuaTable {
  readonly list: readonly LuaValue[];
  readonly fields: ReadonlyMap<string, LuaValue>;
}

export function luaTable(list: readonly LuaValue[], fields: Readonly<Record<string, LuaValue>> = {}): LuaTable {
  return { list, fields: new Map(Object.entries(fields)) };
}

/** What a table may hold when it is handed to the host, and how deep; a table may contain itself. */
const depthLimit = 4;

export function toLuaString(text: string): Uint8Array {
  return Uint8Array.from(Buffer.from(text, "latin1"));
}

export function fromLuaString(bytes: Uint8Array | null): string {
  return bytes === null ? "" : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString("latin1");
}

/** @param float whether whole numbers are pushed as floats, too (lua_pushnumber) */
export function push(L: State, value: LuaValue, float = false): void {
  if (value === undefined) lua.lua_pushnil(L);
  else if (typeof value === "boolean") lua.lua_pushboolean(L, value);
  else if (typeof value === "string") lua.lua_pushstring(L, toLuaString(value));
  else if (typeof value === "number") pushNumber(L, value, float);
  else pushTable(L, value, float);
}

/** Fengari's integers have 32 bits: what is larger becomes a float, as a whole number it stays exact up to 2^53. */
function pushNumber(L: State, value: number, float: boolean): void {
  if (!float && (value | 0) === value) lua.lua_pushinteger(L, value);
  else lua.lua_pushnumber(L, value);
}

function pushTable(L: State, { list, fields }: LuaTable, float: boolean): void {
  lua.lua_createtable(L, list.length, fields.size);
  list.forEach((item, index) => {
    push(L, item, float);
    lua.lua_rawseti(L, -2, index + 1);
  });
  for (const [name, item] of fields) {
    push(L, item, float);
    lua.lua_setfield(L, -2, toLuaString(name));
  }
}

export function read(L: State, index: number, depth = 0): LuaValue {
  switch (lua.lua_type(L, index)) {
    case lua.LUA_TBOOLEAN:
      return lua.lua_toboolean(L, index);
    case lua.LUA_TNUMBER:
      return lua.lua_tonumber(L, index);
    case lua.LUA_TSTRING:
      return fromLuaString(lua.lua_tostring(L, index));
    case lua.LUA_TTABLE:
      return depth < depthLimit ? readTable(L, index, depth + 1) : undefined;
    default:
      return undefined;
  }
}

function readTable(L: State, index: number, depth: number): LuaTable {
  const list: LuaValue[] = [];
  const fields = new Map<string, LuaValue>();
  lua.lua_pushvalue(L, index);
  lua.lua_pushnil(L);
  while (lua.lua_next(L, -2) !== 0) {
    const key = read(L, -2, depthLimit);
    const value = read(L, -1, depth);
    if (typeof key === "number" && key === list.length + 1) list.push(value);
    else if (typeof key === "string") fields.set(key, value);
    lua.lua_pop(L, 1);
  }
  lua.lua_pop(L, 1);
  return { list, fields };
}
