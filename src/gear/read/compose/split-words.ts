// SPDX-License-Identifier: Apache-2.0
/**
 * Splits a command line as a shell would, without expanding anything (go-shellwords, which Compose parses `command` and
 * `entrypoint` with).
 * @returns undefined when a quote is not closed
 */
export function splitWords(line: string): string[] | undefined {
  const words: string[] = [];
  let word: string | undefined;
  for (let at = 0; at < line.length; at++) {
    const character = line.charAt(at);
    if (character === '"' || character === "'") {
      const end = closing(line, at);
      if (end === -1) return undefined;
      const inside = line.slice(at + 1, end);
      word = (word ?? "") + (character === '"' ? inside.replaceAll(/\\(.)/gs, "$1") : inside);
      at = end;
    } else if (/\s/.test(character)) {
      if (word !== undefined) words.push(word);
      word = undefined;
    } else {
      if (character === "\\") at++;
      word = (word ?? "") + line.charAt(at);
    }
  }
  return word === undefined ? words : [...words, word];
}

function closing(line: string, start: number): number {
  const quote = line.charAt(start);
  for (let at = start + 1; at < line.length; at++) {
    if (line.charAt(at) === "\\" && quote === '"') at++;
    else if (line.charAt(at) === quote) return at;
  }
  return -1;
}
