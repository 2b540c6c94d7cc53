// SPDX-License-Identifier: Apache-2.0
import type { LuaTable, LuaValue } from "./value.ts";

/** An error that the script sees as Lua's own (luaL_error). */
export class LuaError extends Error {
  override readonly name = "LuaError";
}

/** The arguments of one call, checked as Lua's auxiliary library checks them (luaL_checkstring and its kin). */
export class Arguments {
  readonly values: readonly LuaValue[];
  readonly #what: string;

  constructor(what: string, values: readonly LuaValue[]) {
    this.#what = what;
    this.values = values;
  }

  string(position: number): string {
    const value = this.values[position - 1];
    if (typeof value === "string") return value;
    if (typeof value === "number") return String(value);
    throw this.#wrong(position, "string");
  }

  optionalString(position: number, otherwise: string): string {
    return this.values[position - 1] === undefined ? otherwise : this.string(position);
  }

  number(position: number, otherwise?: number): number {
    const value = this.values[position - 1];
    if (value === undefined && otherwise !== undefined) return otherwise;
    const number = typeof value === "string" && value.trim() !== "" ? Number(value) : value;
    if (typeof number === "number" && !Number.isNaN(number)) return number;
    throw this.#wrong(position, "number");
  }

  table(position: number): LuaTable {
    const value = this.values[position - 1];
    if (typeof value === "object") return value;
    throw this.#wrong(position, "table");
  }

  bad(position: number, reason: string): LuaError {
    return new LuaError(`bad argument #${position} to '${this.#what}' (${reason})`);
  }

  #wrong(position: number, wanted: string): LuaError {
    const value = this.values[position - 1];
    const got = value === undefined ? "no value" : typeof value === "object" ? "table" : typeof value;
    return this.bad(position, `${wanted} expected, got ${got}`);
  }
}

/** A function of the host: what it returns are the results. */
export type HostFunction = (args: Arguments) => readonly LuaValue[];
export type HostLibrary = Readonly<Record<string, HostFunction>>;
