// SPDX-License-Identifier: Apache-2.0
import { join } from "node:path";
import { lstatIfExists } from "../../base/index.ts";
import { badExports, readInside } from "./exports.ts";

export interface RuntimeUser {
  readonly uid: number;
  readonly gid: number;
}

/** `USER[:GROUP]` of an image's configuration, whose names are those of its own /etc/passwd and /etc/group. */
export function findUser(rootfs: string, words: string): RuntimeUser {
  const [user = "", group] = words.split(":");
  const entry = find(rootfs, "passwd", user === "" ? "0" : user);
  const uid = number(user) ?? (user === "" ? 0 : Number(entry?.[2]));
  const gid =
    group === undefined ? Number(entry?.[3] ?? 0) : (number(group) ?? Number(find(rootfs, "group", group)?.[2]));
  if (isId(uid) && isId(gid)) return { uid, gid };
  throw badExports("the user", `is ${JSON.stringify(words.slice(0, 80))}, which its /etc/passwd does not have`);
}

const number = (text: string): number | undefined => (/^\d{1,10}$/.test(text) ? Number(text) : undefined);

const isId = (value: number) => Number.isInteger(value) && value >= 0 && value < 2 ** 32 - 1;

/** Fields of the line of a name or number. */
function find(rootfs: string, file: string, wanted: string): string[] | undefined {
  // A directory of links would lead out of the image.
  if (lstatIfExists(join(rootfs, "etc"))?.isDirectory() !== true) return undefined;
  const lines =
    readInside(join(rootfs, "etc", file), `/etc/${file}`)
      ?.toString()
      .split("\n") ?? [];
  return lines.map((line) => line.split(":")).find(([name, , id]) => name === wanted || id === wanted);
}
