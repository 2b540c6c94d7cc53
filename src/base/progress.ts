// SPDX-License-Identifier: Apache-2.0
/** Version of the event shape below; it changes when a listener would have to. */
export const progressVersion = 1;

/** What long work tells while it goes on. A terminal bar, plain lines, NDJSON and the console listen. */
export type ProgressEvent =
  | { readonly type: "start"; readonly task: string; readonly text: string }
  /** `total` is absent when unknown; `unit` is what is counted: bytes or any countable noun ("objects"). */
  | {
      readonly type: "steps";
      readonly task: string;
      readonly done: number;
      readonly total?: number;
      readonly unit: string;
      readonly current?: string;
      /** Units done in a second of late. */
      readonly perSecond?: number;
      /** How long the rest will take at that. */
      readonly secondsLeft?: number;
      /** The total is what is known so far. */
      readonly growing?: boolean;
    }
  | { readonly type: "end"; readonly task: string; readonly text: string; readonly seconds: number }
  | { readonly type: "note"; readonly text: string }
  | { readonly type: "warning"; readonly text: string };

export type ProgressListener = (event: ProgressEvent) => void;

export const silent: ProgressListener = () => {};

/**
 * Runs `work` as a stage: a start event before it and an end event after it.
 * @param summarize one line about the result, shown when the stage ends
 */
export async function stage<T>(
  progress: ProgressListener,
  task: string,
  text: string,
  work: () => T | Promise<T>,
  summarize: (result: T) => string = () => "",
): Promise<T> {
  const began = performance.now();
  progress({ type: "start", task, text });
  const result = await work();
  progress({ type: "end", task, text: summarize(result), seconds: (performance.now() - began) / 1000 });
  return result;
}
