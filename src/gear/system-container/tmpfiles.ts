// SPDX-License-Identifier: Apache-2.0
import { tmpfilesPaths } from "../../formats/index.ts";
import type { AskedPermission } from "../permission.ts";
import { requirePlainLines } from "./exports.ts";

/** Lines of tmpfiles.d(5) that make directories of the container's own; any other is asked for. */
export function tmpfilesPermissions(text: string, isOwn: (path: string) => boolean): AskedPermission[] {
  requirePlainLines(text, "/exports/tmpfiles.template");
  const lines = text.split("\n").filter((line) => line.trim() !== "" && !line.trim().startsWith("#"));
  return lines
    .filter((line) => {
      const [path] = tmpfilesPaths(line);
      return path === undefined || !/^\s*[dD]\s/.test(line) || !isOwn(path);
    })
    .map((line) => ({ permission: "host-files", what: `tmpfiles.d: ${line.trim().replaceAll(/\s+/g, " ")}` }));
}

/** Paths that lines make directories at. */
export function tmpfilesDirectories(text: string): string[] {
  return text.split("\n").flatMap((line) => (/^\s*[dD]\s/.test(line) ? tmpfilesPaths(line) : []));
}
