// SPDX-License-Identifier: Apache-2.0
import type { ProgressListener } from "../../base/index.ts";
import { formatSeconds } from "../style.ts";

/** One step of a story that is told while it happens. */
export interface Step {
  readonly title: string;
  /** Commands that do the same by hand. */
  readonly byHand: readonly string[];
  /** What happened, in lines. */
  readonly result: string;
  readonly seconds: number;
}

/** Runs steps one after the other and tells of each: what it is, what happened, how to do it by hand. */
export class Story {
  readonly steps: Step[] = [];
  readonly #progress: ProgressListener;
  readonly #total: number;

  constructor(progress: ProgressListener, total: number) {
    this.#progress = progress;
    this.#total = total;
  }

  /** @param work does the step and says what happened */
  async tell(title: string, byHand: readonly string[], work: () => Promise<string>): Promise<void> {
    const began = performance.now();
    this.#say(`\n${this.steps.length + 1}/${this.#total}  ${title}`);
    const result = (await work()).trimEnd();
    const seconds = (performance.now() - began) / 1000;
    this.#say(indent(result));
    this.#say(indent(`(${formatSeconds(seconds)})  By hand:\n${byHand.map((line) => `  ${line}`).join("\n")}`));
    this.steps.push({ title, byHand, result, seconds });
  }

  #say(text: string): void {
    this.#progress({ type: "note", text });
  }
}

function indent(text: string): string {
  return text.replace(/^(?=.)/gm, "     ");
}
