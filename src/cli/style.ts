// SPDX-License-Identifier: Apache-2.0
import { styleText } from "node:util";
import type { Style } from "./command.ts";

export type Paint = "bold" | "dim" | "red" | "green" | "yellow";

/** Colours text where the output takes colour. */
export function paint(style: Style, how: Paint, text: string): string {
  return style.color ? styleText(how, text, { validateStream: false }) : text;
}

/** Somebody else's words as they may be shown: none of them moves the cursor, colours a terminal, or turns text round. */
export const plainText = (text: string): string =>
  text.replace(/[^\P{Cc}\t\n]|[\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu, "\u{fffd}");

/** The style of a stream, by https://no-color.org and whether it is a terminal. */
export function streamStyle(stream: { isTTY?: boolean; columns?: number }, verbose: boolean): Style {
  const terminal = stream.isTTY === true;
  const color = terminal && !process.env["NO_COLOR"] && process.env["TERM"] !== "dumb";
  return { terminal, color, columns: Math.min(stream.columns ?? 80, 100), verbose };
}

/** Breaks paragraphs into lines of at most `columns`. */
export function wrap(text: string, columns: number): string {
  return text.replace(new RegExp(`(?![^\\n]{1,${columns}}$)([^\\n]{1,${columns}})[ ]`, "g"), "$1\n");
}

/** `1.2 MB`, decimal units as disks and downloads have them. */
export function formatBytes(bytes: number): string {
  const units = ["B", "kB", "MB", "GB", "TB"];
  const index = bytes < 1000 ? 0 : Math.min(Math.floor(Math.log10(bytes) / 3), units.length - 1);
  return index === 0 ? `${bytes} B` : `${(bytes / 1000 ** index).toFixed(1)} ${units[index]}`;
}

/** `0.4s`, `12.0s`, `3m 20s`. */
export function formatSeconds(seconds: number): string {
  return seconds < 60 ? `${seconds.toFixed(1)}s` : `${Math.floor(seconds / 60)}m ${Math.round(seconds % 60)}s`;
}
