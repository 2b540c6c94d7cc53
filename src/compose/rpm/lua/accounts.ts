// SPDX-License-Identifier: Apache-2.0
/** Users and groups of the tree, for rpm's posix library. */
import { readTextIfExists } from "../../../base/index.ts";
import type { HostLibrary } from "./arguments.ts";
import { select } from "./select.ts";
import { luaTable, type LuaValue } from "./value.ts";

/** The fields of the first account of this name or number in passwd(5) or group(5). */
function find(path: string, wanted: LuaValue): string[] | undefined {
  const column = typeof wanted === "number" || /^\d+$/.test(String(wanted)) ? 2 : 0;
  const lines = (readTextIfExists(path) ?? "").split("\n").map((line) => line.split(":"));
  return lines.find((fields) => fields.length > 2 && fields[column] === String(wanted));
}

/** What chown(2) takes for "leave it". */
const unchanged = 0xffffffff;

function idOf(path: string, value: LuaValue): number {
  if (value === undefined) return unchanged;
  if (typeof value === "number" || /^\d+$/.test(String(value))) return Number(value);
  return Number(find(path, value)?.[2] ?? unchanged);
}

export function userId(value: LuaValue): number {
  return idOf("/etc/passwd", value);
}

export function groupId(value: LuaValue): number {
  return idOf("/etc/group", value);
}

export const accountLibrary: HostLibrary = {
  getpasswd: (args) => {
    const [name, passwd, uid, gid, gecos, dir, shell] = find("/etc/passwd", args.values[0] ?? 0) ?? [];
    if (name === undefined) return [undefined];
    return select(args, 2, { name, uid: Number(uid), gid: Number(gid), dir, shell, gecos, passwd });
  },
  getgroup: (args) => {
    const [name, , gid, members = ""] = find("/etc/group", args.values[0] ?? 0) ?? [];
    if (name === undefined) return [undefined];
    const list = members.split(",").filter((member) => member !== "");
    return [luaTable(list, { name, gid: Number(gid) })];
  },
};
