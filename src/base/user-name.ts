// SPDX-License-Identifier: Apache-2.0
import { userInfo } from "node:os";

/** Who runs this; a number where the user has no entry in passwd, as in a sandbox. */
export function userName(): string {
  try {
    return userInfo().username;
  } catch {
    return String(process.getuid?.());
  }
}
