// SPDX-License-Identifier: Apache-2.0
import { type ProgressListener, run } from "../../base/index.ts";
import type { GVariantValue } from "../../formats/index.ts";
import { Options } from "./options.ts";
import type { HostService, Work } from "./service.ts";

/** Applies to the running system what was asked for in the words of the command line. */
export type LiveRunner = (options: readonly string[], progress: ProgressListener) => Promise<void>;

/** `LiveFs` */
export function liveWork(service: HostService, given: GVariantValue | undefined): Work {
  const options = new Options(given, {
    target: "s",
    replace: "b",
    "initiating-command-line": "s",
    "output-to-self": "b",
  });
  const target = options.text("target");
  const words = [
    ...(target === undefined ? [] : [`--target=${target}`]),
    ...(options.flag("replace") ? ["--allow-replacement"] : []),
  ];
  return { title: "apply-live", run: (progress) => service.applyLive(words, progress) };
}

/** The service sees the machine read-only and has mounts of its own: a unit without these bounds does it (`unlock_transient`). */
export const applyLiveOutside: LiveRunner = async (options, progress) => {
  const words = ["--wait", "--pipe", "--collect", "--quiet", "--", process.execPath, "host", "apply-live", ...options];
  const { stdout } = await run("systemd-run", words);
  for (const text of stdout.trimEnd().split("\n")) progress({ type: "note", text });
};
