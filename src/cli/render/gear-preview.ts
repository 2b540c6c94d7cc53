// SPDX-License-Identifier: Apache-2.0
import type { DeployPreview } from "../../gear/index.ts";
import type { Style } from "../command.ts";
import { paint } from "../style.ts";
import { imageLines } from "./gear-change.ts";
import { fileDiff } from "./gear-diff.ts";

/** What would change, unit by unit, and what would be done. */
export function renderPreview(preview: DeployPreview, style: Style): string {
  const { application, from, files, images, commands, unknown, units } = preview;
  const head = `${application}: ${from === undefined ? "first generation" : `a generation after ${from}`}`;
  if (files.length === 0 && images.length === 0) return `${head}: nothing would change.`;
  const open = unknown.map((name) => `  image ${name} is not here yet; its digest is known when it is pulled`);
  const known = images.filter(({ reference }) => !unknown.includes(reference));
  const same = units.same.length === 0 ? [] : [`  left alone: ${units.same.join(" ")}`];
  return [
    [paint(style, "bold", head), ...imageLines(known), ...open, ...same].join("\n"),
    ...files.map((file) => fileDiff(file, "", style)),
    [paint(style, "bold", "Would be done:"), ...commands.map((command) => `  ${command}`)].join("\n"),
    "Nothing was changed.",
  ].join("\n\n");
}
