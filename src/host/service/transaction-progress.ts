// SPDX-License-Identifier: Apache-2.0
import type { ProgressEvent } from "../../base/index.ts";
import type { GVariantValue } from "../../formats/index.ts";

type Emit = (member: string, body: readonly GVariantValue[]) => void;
type Steps = Extract<ProgressEvent, { type: "steps" }>;

/** What goes on, as the signals of `org.projectatomic.rpmostree1.Transaction`. */
export class TransactionProgress {
  readonly #emit: Emit;
  readonly #began = Date.now();
  /** A line of progress is shown that has to be ended. */
  #open = false;
  /** Names of tasks under way. */
  readonly #texts = new Map<string, string>();

  constructor(emit: Emit) {
    this.#emit = emit;
  }

  tell(event: ProgressEvent): void {
    if (event.type === "steps") return this.#steps(event);
    this.#endLine();
    if (event.type === "start") {
      this.#texts.set(event.task, event.text);
      this.#emit("TaskBegin", [event.text]);
    } else if (event.type === "end") {
      this.#emit("TaskEnd", [event.text === "" ? "done" : event.text]);
      this.#texts.delete(event.task);
    } else this.#emit("Message", [event.type === "warning" ? `warning: ${event.text}` : event.text]);
  }

  #endLine(): void {
    if (this.#open) this.#emit("ProgressEnd", []);
    this.#open = false;
  }

  #steps(event: Steps): void {
    this.#open = true;
    if (event.task === "pull") return this.#download(event);
    const percent = event.total === undefined || event.total === 0 ? 0 : Math.floor((event.done / event.total) * 100);
    this.#emit("PercentProgress", [this.#texts.get(event.task) ?? event.task, Math.min(percent, 100)]);
  }

  /** A pull tells bytes where they are known beforehand, else objects. */
  #download({ unit, done, total = done, perSecond = 0 }: Steps): void {
    const elapsed = BigInt(Math.floor((Date.now() - this.#began) / 1000));
    const bytes = unit === "bytes";
    const outstanding = bytes ? 0 : total - done;
    this.#emit("DownloadProgress", [
      [BigInt(this.#began) * 1000n, elapsed],
      [outstanding, 0],
      [0, 0, 0],
      [0, 0, 0, bytes ? BigInt(Math.floor(total)) : 0n],
      bytes ? [0, 0] : [done, total],
      [bytes ? BigInt(Math.floor(done)) : 0n, bytes ? BigInt(Math.floor(perSecond)) : 0n],
    ]);
  }
}
