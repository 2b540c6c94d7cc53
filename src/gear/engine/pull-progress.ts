// SPDX-License-Identifier: Apache-2.0
import type { ProgressListener } from "../../base/index.ts";
import { gearError } from "../errors.ts";
import type { Answer } from "./answer.ts";

/** An image has few layers; an engine that names ever more of them must not fill the memory. */
const layersLimit = 1000;

/** Adds up what an engine tells of each layer of a pull (Docker Engine API, `JSONMessage`). */
export class PullProgress {
  readonly #listener: ProgressListener;
  readonly #task: string;
  readonly #layers = new Map<string, { done: number; total: number }>();

  constructor(listener: ProgressListener, task: string) {
    this.#listener = listener;
    this.#task = task;
  }

  /** Throws `gear-engine` for the engine's word that it failed: it comes in the stream, after the status was good. */
  take(message: Answer): void {
    const error = message.text("errorDetail", "message") || message.text("error");
    if (error !== "") throw gearError("engine", error);
    const layer = message.text("id");
    const total = message.number("progressDetail", "total");
    if (layer === "" || (total <= 0 && !this.#layers.has(layer))) return;
    const known = this.#layers.get(layer);
    if (known === undefined && this.#layers.size >= layersLimit) return;
    const isDownload = message.text("status").startsWith("Downloading");
    const done = isDownload ? message.number("progressDetail", "current") : (known?.total ?? 0);
    this.#layers.set(layer, { done, total: isDownload ? total : (known?.total ?? 0) });
    this.#tell();
  }

  #tell(): void {
    const layers = [...this.#layers.values()];
    const done = layers.reduce((sum, layer) => sum + layer.done, 0);
    const total = layers.reduce((sum, layer) => sum + layer.total, 0);
    this.#listener({ type: "steps", task: this.#task, done, total, unit: "bytes", growing: true });
  }
}
