// SPDX-License-Identifier: Apache-2.0
import { cliError } from "../../errors.ts";

/** `REGEX,REPLACEMENT`, as g_regex_replace: every match, `\1` and `\g<1>` for groups, `\0` for the whole. */
export function pathnameFilter(text: string): (path: string) => string {
  const comma = text.indexOf(",");
  if (comma < 0) throw cliError("usage", "Missing ',' in --tar-pathname-filter");
  const replacement = text
    .slice(comma + 1)
    .replaceAll("$", "$$$$")
    .replace(/\\(?:g<(\w+)>|(\d)|(.))/g, (_, group: string | undefined, digit: string | undefined, plain: string) =>
      plain === undefined ? reference(group ?? digit!) : plain,
    );
  const regex = compile(text.slice(0, comma));
  return (path) => path.replace(regex, replacement);
}

function reference(group: string): string {
  if (group === "0") return "$&";
  return /^\d+$/.test(group) ? `$${group}` : `$<${group}>`;
}

function compile(pattern: string): RegExp {
  try {
    return new RegExp(pattern, "gu");
  } catch (cause) {
    throw cliError("usage", `--tar-pathname-filter: ${cause instanceof Error ? cause.message : String(cause)}`);
  }
}
