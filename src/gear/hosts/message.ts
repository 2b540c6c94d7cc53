// SPDX-License-Identifier: Apache-2.0
/** What goes over a connection to a host: JSON, one value a line. */
import { gearError } from "../errors.ts";
import { isRecord } from "./answer-shape.ts";

/**
 * Of the requests below. Both sides must have the same; it changes with the meaning of any of them. What is deployed goes over as a
 * generation is kept on disk (units, files), which hosts of another release read as well.
 */
export const protocolVersion = 1;

/** The first line that a host sends. */
export interface Greeting {
  readonly atomic: number;
  readonly version: string;
}

export interface RequestMessage {
  readonly id: number;
  readonly request: string;
  readonly given: unknown;
}

/** Answers have the id of their request; progress and output may come before. */
export type AnswerMessage =
  | { readonly id: number; readonly result: unknown }
  | { readonly id: number; readonly error: { readonly code: string; readonly message: string; readonly hint?: string } }
  | { readonly id: number; readonly progress: unknown }
  | { readonly id: number; readonly output: "stdout" | "stderr"; readonly text: string };

/** A map is an object with one key that no name can be. */
const mapKey = "\0map";

export function encodeMessage(message: object): string {
  const replace = (_key: string, value: unknown) => (value instanceof Map ? { [mapKey]: [...value] } : value);
  return `${JSON.stringify(message, replace)}\n`;
}

/** @throws gear-host-answer for what is no JSON object */
export function decodeMessage(line: string): Record<string, unknown> {
  const revive = (_key: string, value: unknown) => {
    const entries = (value as { readonly [mapKey]?: unknown } | null)?.[mapKey];
    return Array.isArray(entries) ? new Map(entries as [unknown, unknown][]) : value;
  };
  try {
    const value: unknown = JSON.parse(line, revive);
    if (typeof value === "object" && value !== null) return value as Record<string, unknown>;
  } catch (cause) {
    // A RangeError is of values within values that no stack is deep enough for.
    if (!(cause instanceof SyntaxError || cause instanceof TypeError || cause instanceof RangeError)) throw cause;
  }
  throw gearError("host-answer", `${JSON.stringify(line.slice(0, 80))} is no message`);
}

/** @throws gear-host-answer for what is no answer of a host; what is in its result is not looked at */
export function decodeAnswer(line: string): AnswerMessage {
  const message = decodeMessage(line);
  const { id, error, progress, output, text } = message;
  const isWell =
    typeof id === "number" &&
    (!("error" in message) || isRecord(error)) &&
    (!("progress" in message) || isRecord(progress)) &&
    (!("output" in message) || ((output === "stdout" || output === "stderr") && typeof text === "string"));
  if (isWell) return message as unknown as AnswerMessage;
  throw gearError("host-answer", `${JSON.stringify(line.slice(0, 80))} is no answer`);
}
