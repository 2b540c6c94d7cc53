// SPDX-License-Identifier: Apache-2.0
import { readFileSync, realpathSync, statSync } from "node:fs";
import { sep } from "node:path";
import { errnoText, isErrno } from "../../base/index.ts";
import type { YamlPosition } from "../../formats/index.ts";
import type { Place } from "./faults.ts";

/** Of a file that becomes part of an application: it is kept in every generation. */
const contentLimit = 1 << 20;

export interface ContentOptions {
  /** Directory that it must not lie outside of, by symbolic links either. */
  readonly root?: string;
  /** Whether it may be missing, which then is no fault. */
  readonly mayBeMissing?: boolean;
}

/** Text of a file that another file names; what hinders is told at `at`. */
export function fileContent(
  path: string,
  at: YamlPosition,
  place: Place,
  { root, mayBeMissing = false }: ContentOptions = {},
): string | undefined {
  try {
    if (root !== undefined && !realpathSync(path).startsWith(`${realpathSync(root)}${sep}`)) {
      return place.fault(at, `${path} leads outside of ${root}`);
    }
    if (!statSync(path).isFile()) return place.fault(at, `${path} is not a file`);
    const bytes = readFileSync(path);
    if (bytes.length > contentLimit) return place.fault(at, `${path} is larger than ${contentLimit} bytes`);
    const text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
    if (text.includes("\0")) return place.fault(at, `${path} has a character of code 0`);
    place.faults.files.set(path, text);
    return text;
  } catch (error) {
    if (error instanceof TypeError) return place.fault(at, `${path} is not text in UTF-8`);
    if (mayBeMissing && isErrno(error, "ENOENT")) return undefined;
    if (!(error instanceof Error) || !("errno" in error)) throw error;
    const { errno } = error as NodeJS.ErrnoException;
    return place.fault(at, `${path} cannot be read: ${errno === undefined ? error.message : errnoText(errno)}`);
  }
}
