// SPDX-License-Identifier: Apache-2.0
import type { ImageInfo } from "../commands/gear/info.ts";
import type { Style } from "../command.ts";
import { plainText } from "../style.ts";
import { keyLines } from "./columns.ts";
import { renderLabel } from "./gear-label.ts";

export function renderImageInfo(
  { image, id, digest, version, installed, labels, verbs }: ImageInfo,
  style: Style,
): string {
  const pairs: [string, string][] = [
    ["Image", image],
    ["Id", id],
    ...(digest === undefined ? [] : [["Digest", digest] satisfies [string, string]]),
    ...(version === undefined ? [] : [["Version", oneLine(version)] satisfies [string, string]]),
    ...(installed ? [["Installed", "by its label"] satisfies [string, string]] : []),
    ["Labels", labels.size === 0 ? "none" : [...labels].map(labelLine).join("\n")],
  ];
  const commands = verbs.map((verb) =>
    "refused" in verb ? `# ${verb.verb} is refused\n# ${verb.refused}` : renderLabel(verb, style),
  );
  return [keyLines(pairs).join("\n"), ...commands].join("\n\n");
}

/** Without what would move the cursor of who reads it. */
const oneLine = (text: string) => plainText(text.replace(/\p{Cc}+/gu, " "));

const labelLine = ([name, value]: readonly [string, string]) => oneLine(`${name}=${value}`);
