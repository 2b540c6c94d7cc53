// SPDX-License-Identifier: Apache-2.0
import { lstatIfExists } from "../../base/index.ts";
import { gearError } from "../errors.ts";

/**
 * The path of systemd-journal-upload or systemd-journal-remote, which distributions have in a package of their own.
 * @throws gear-no-journal-program
 */
export function journalProgram(name: "systemd-journal-upload" | "systemd-journal-remote"): string {
  const path = ["/usr/lib/systemd", "/lib/systemd"].map((directory) => `${directory}/${name}`).find(lstatIfExists);
  if (path !== undefined) return path;
  throw gearError("no-journal-program", `${name} is not installed`, {
    hint: "its package is systemd-journal-remote, on Debian as on Fedora",
  });
}
