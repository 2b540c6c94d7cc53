// SPDX-License-Identifier: Apache-2.0
import ffi, { type FunctionDefinitions } from "node:ffi";
import { locateErrno } from "./errno.ts";

/**
 * Functions of the C library, each looked up when it is first used: a process uses few of those that are declared, and
 * looking one up costs as much as reading a small file.
 */
export function libcFunctions<const T extends FunctionDefinitions>(definitions: T) {
  const functions = {};
  for (const [name, definition] of Object.entries(definitions)) {
    const get = () => {
      locateErrno();
      const value: unknown = ffi.dlopen("libc.so.6", { [name]: definition }).functions[name];
      Object.defineProperty(functions, name, { value });
      return value;
    };
    Object.defineProperty(functions, name, { get, configurable: true });
  }
  return functions as ReturnType<typeof ffi.dlopen<T>>["functions"];
}
