// SPDX-License-Identifier: Apache-2.0
import type { Arguments } from "./arguments.ts";
import { luaTable, type LuaValue } from "./value.ts";

/** One field by the selector that an argument may be, or a table of all (lposix.c `doselection`). */
export function select(args: Arguments, position: number, fields: Record<string, LuaValue>): LuaValue[] {
  if (args.values.length < position) return [luaTable([], fields)];
  const name = args.string(position);
  if (!Object.hasOwn(fields, name)) throw args.bad(position, `invalid option '${name}'`);
  return [fields[name]];
}
