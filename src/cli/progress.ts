// SPDX-License-Identifier: Apache-2.0
import { type ProgressEvent, type ProgressListener, progressVersion, silent } from "../base/index.ts";
import type { Style } from "./command.ts";
import { cliError } from "./errors.ts";
import { formatBytes, formatSeconds, paint, plainText } from "./style.ts";

type Write = (text: string) => void;

/** The listener for `--progress`; `auto` draws on a terminal and prints lines otherwise. */
export function progressListener(kind: string, style: Style, write: Write): ProgressListener {
  switch (kind) {
    case "auto":
      return plainWords(style.terminal ? terminalProgress(style, write) : plainProgress(write));
    case "plain":
      return plainWords(plainProgress(write));
    case "json":
      return (event) => write(`${JSON.stringify({ version: progressVersion, ...event })}\n`);
    case "none":
      return silent;
    default:
      throw cliError("usage", `--progress=${kind}: use auto, plain, json or none`);
  }
}

/** Names of files, packages and images are in what is told. */
function plainWords(listener: ProgressListener): ProgressListener {
  const plain = (value: unknown) => (typeof value === "string" ? plainText(value) : value);
  return (event) =>
    listener(Object.fromEntries(Object.entries(event).map(([key, value]) => [key, plain(value)])) as typeof event);
}

/** One line for each finished stage. */
export function plainProgress(write: Write): ProgressListener {
  const titles = new Map<string, string>();
  return (event) => {
    if (event.type === "start") titles.set(event.task, event.text);
    else if (event.type === "end") {
      const text = event.text === "" ? "" : `: ${event.text}`;
      write(`${titles.get(event.task) ?? event.task}${text} (${formatSeconds(event.seconds)})\n`);
    } else if (event.type === "note") write(`${event.text}\n`);
    else if (event.type === "warning") write(`warning: ${event.text}\n`);
  };
}

const barWidth = 24;
const redrawMs = 100;

/** Finished stages stay; below them one line is redrawn for the stage under way. */
export function terminalProgress(style: Style, write: Write): ProgressListener {
  const titles = new Map<string, string>();
  let drawn = false;
  let drawnAt = 0;
  const clear = () => {
    if (drawn) write("\r\x1b[K");
    drawn = false;
  };
  const live = (text: string) => {
    clear();
    write(text.slice(0, style.columns - 1));
    drawn = true;
  };
  return (event) => {
    if (event.type === "start") {
      titles.set(event.task, event.text);
      live(`  ${event.text} ...`);
    } else if (event.type === "steps") {
      if (performance.now() - drawnAt < redrawMs) return;
      drawnAt = performance.now();
      live(`  ${(titles.get(event.task) ?? event.task).padEnd(12)} ${stepsText(event)}`);
    } else if (event.type === "end") {
      clear();
      const title = (titles.get(event.task) ?? event.task).padEnd(12);
      const time = formatSeconds(event.seconds);
      const text = event.text.padEnd(Math.max(0, style.columns - title.length - time.length - 5));
      write(`${paint(style, "green", "✓")} ${paint(style, "bold", title)} ${text} ${paint(style, "dim", time)}\n`);
    } else {
      clear();
      write(event.type === "note" ? `  ${event.text}\n` : `${paint(style, "yellow", "!")} ${event.text}\n`);
    }
  };
}

function stepsText(event: ProgressEvent & { type: "steps" }): string {
  const count = (value: number) => (event.unit === "bytes" ? formatBytes(value) : String(value));
  const { current = "", perSecond, secondsLeft, growing } = event;
  const speed = perSecond !== undefined && event.unit === "bytes" ? `${formatBytes(perSecond)}/s` : "";
  const left = secondsLeft === undefined ? "" : `${growing ? "at least " : ""}${formatSeconds(secondsLeft)} left`;
  const more = [current, speed, left].filter((text) => text !== "").join("  ");
  if (event.total === undefined || event.total === 0) return `${count(event.done)} ${more}`;
  const filled = Math.round((Math.min(event.done, event.total) / event.total) * barWidth);
  const bar = "█".repeat(filled) + "░".repeat(barWidth - filled);
  return `${bar} ${count(event.done)}/${count(event.total)}${growing ? "+" : ""} ${more}`;
}
