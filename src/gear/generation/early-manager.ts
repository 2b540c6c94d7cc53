// SPDX-License-Identifier: Apache-2.0
import { run } from "../../base/index.ts";
import type { EarlyManager } from "./follow-host.ts";

const systemctl = async (verb: string, options: readonly string[], units: readonly string[] = []): Promise<void> => {
  await run("systemctl", [verb, ...options, "--", ...units]);
};

/** By systemctl(1), which speaks to the manager's own socket where there is no bus yet. */
export const systemctlManager: EarlyManager = {
  disable: (units) => systemctl("disable", ["--quiet", "--no-reload"], units),
  daemonReload: () => systemctl("daemon-reload", []),
  enable: (units) => systemctl("enable", ["--quiet", "--no-reload"], units),
  queueStart: (units) => systemctl("start", ["--no-block"], units),
};
