// SPDX-License-Identifier: Apache-2.0
/** The file that says an instance's links: part of its generation, read when the container starts. */
import { gearError } from "../errors.ts";
import { checkLinks, parseLink, parseSource, sourceText, targetText } from "./endpoint.ts";
import type { InstanceLink, LinkChange } from "./model.ts";

/** Stops a file that would fill memory; 4096 links are less than half of it. */
const sizeLimit = 1 << 20;

/** One `ADDRESS:PORT[/PROTOCOL]=HOST:PORT` a line, sorted: the same links are the same bytes. */
export function encodeLinks(links: readonly InstanceLink[]): string {
  const lines = checkLinks(links).map(({ from, to }) => `${sourceText(from)}=${targetText(to)}\n`);
  return lines.sort().join("");
}

/** @param what name of the input, for errors */
export function decodeLinks(text: string, what: string): InstanceLink[] {
  return checkLinks(linesOf(text, what).map(({ line, where }) => located(where, () => parseLink(line))));
}

/** As links; a link that was taken away has nothing after the `=`. */
export function encodeChanges(changes: readonly LinkChange[]): string {
  const lines = changes.map(({ from, to }) => `${sourceText(from)}=${to === undefined ? "" : targetText(to)}\n`);
  return lines.sort().join("");
}

export function decodeChanges(text: string, what: string): LinkChange[] {
  return linesOf(text, what).map(({ line, where }) =>
    located(where, () =>
      line.endsWith("=") ? { from: parseSource(line.slice(0, -1)), to: undefined } : parseLink(line),
    ),
  );
}

function linesOf(text: string, what: string): { line: string; where: string }[] {
  if (text.length > sizeLimit) throw gearError("bad-link", `${what} is larger than ${sizeLimit} bytes`);
  const lines = text.split("\n").map((line, index) => ({ line, where: `${what}:${index + 1}` }));
  return lines.filter(({ line }) => line !== "");
}

function located<T>(where: string, action: () => T): T {
  try {
    return action();
  } catch (error) {
    if (!gearError.is(error, "bad-link")) throw error;
    throw gearError("bad-link", `${where}: ${error.message}`, { cause: error });
  }
}
