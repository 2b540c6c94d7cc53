// SPDX-License-Identifier: Apache-2.0
import { gearError } from "../errors.ts";

/** A label is a command line; longer ones are somebody's attempt at something else. */
const longestLabel = 64 << 10;

/**
 * Splits a label into words as sh(1) would, with its variables, and runs nothing: no shell sees it. Blanks, quotes and
 * backslashes mean what they do there, and so does a variable: in double quotes or within a word it is one word, alone as
 * many as it has. What else a shell would act on (`;`, `|`, `&`, `<`, `>`, parentheses, backticks, `$(`, line breaks) is
 * refused; `*`, `?`, `~`, `#`, `!` and braces are themselves.
 * @param lookUp value of a variable; throws for one that there is not
 * @throws gear-bad-label
 */
export function splitLabel(text: string, lookUp: (name: string) => string): string[] {
  if (text.length > longestLabel) throw bad("it is too long", text);
  // They would move the cursor of whoever is shown the command, or turn its words round.
  if (/[\p{Cf}\p{Zl}\p{Zp}]|[^\P{Cc}\t]/u.test(text.trim()))
    throw bad("it has control characters or line breaks", text);
  return new LabelReader(text, lookUp).words();
}

class LabelReader {
  readonly #text: string;
  readonly #lookUp: (name: string) => string;
  #at = 0;
  #word: string | undefined;
  readonly #words: string[] = [];

  constructor(text: string, lookUp: (name: string) => string) {
    this.#text = text.trim();
    this.#lookUp = lookUp;
  }

  words(): string[] {
    while (this.#at < this.#text.length) this.#step(this.#text[this.#at++]!);
    this.#end();
    return this.#words;
  }

  #step(letter: string): void {
    if (letter === " " || letter === "\t") this.#end();
    else if (letter === "'") this.#append(this.#until("'"));
    else if (letter === '"') this.#quoted();
    else if (letter === "\\") this.#escaped();
    else if (letter === "$") this.#variable();
    else if (/[;&|<>()`]/.test(letter)) throw this.#refuse(letter);
    else this.#append(letter);
  }

  #append(text: string): void {
    this.#word = (this.#word ?? "") + text;
  }

  #end(): void {
    if (this.#word !== undefined) this.#words.push(this.#word);
    this.#word = undefined;
  }

  #until(quote: string): string {
    const end = this.#text.indexOf(quote, this.#at);
    if (end === -1) throw bad(`a ${quote} does not end`, this.#text);
    const inside = this.#text.slice(this.#at, end);
    this.#at = end + 1;
    return inside;
  }

  #escaped(): void {
    const letter = this.#text[this.#at++];
    if (letter === undefined) throw bad("it ends with a backslash", this.#text);
    this.#append(letter);
  }

  /** Within double quotes: a backslash only escapes what has a meaning there. */
  #quoted(): void {
    this.#append("");
    for (;;) {
      const letter = this.#text[this.#at++];
      if (letter === undefined) throw bad('a " does not end', this.#text);
      if (letter === '"') return;
      if (letter === "`") throw this.#refuse(letter);
      if (letter === "$") this.#append(this.#value() ?? "$");
      else if (letter === "\\" && /["\\$`]/.test(this.#text[this.#at] ?? "")) this.#append(this.#text[this.#at++]!);
      else this.#append(letter);
    }
  }

  /** Outside of quotes, the blanks of a value part words. */
  #variable(): void {
    const value = this.#value();
    if (value === undefined) return this.#append("$");
    const [first = "", ...rest] = value.split(/[ \t]+/);
    if (first !== "") this.#append(first);
    for (const part of rest) {
      this.#end();
      if (part !== "") this.#append(part);
    }
  }

  /** Behind a `$`; undefined where no name follows. */
  #value(): string | undefined {
    const rest = this.#text.slice(this.#at);
    if (rest.startsWith("(")) throw this.#refuse("$(");
    const [whole, braced, plain] = /^(?:\{([A-Za-z_]\w*)\}|([A-Za-z_]\w*))/.exec(rest) ?? [];
    if (whole === undefined) {
      if (rest.startsWith("{")) throw bad("of variables, only ${NAME} and $NAME are known", this.#text);
      return undefined;
    }
    this.#at += whole.length;
    return this.#lookUp((braced ?? plain)!);
  }

  #refuse(letters: string) {
    return bad(`it has ${JSON.stringify(letters)}, which only a shell would know`, this.#text);
  }
}

function bad(problem: string, text: string) {
  return gearError("bad-label", `${problem}: ${JSON.stringify(text.slice(0, 400))}`, {
    hint: "nothing of it was run; a label is one command of the container engine",
  });
}
