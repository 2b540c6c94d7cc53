// SPDX-License-Identifier: Apache-2.0

/** What another machine says, as it may be shown: no character of it moves a cursor or colours a terminal. */
export function withoutControls<T>(value: T): T {
  return cleaned(value) as T;
}

function cleaned(value: unknown): unknown {
  if (typeof value === "string") return value.replace(/[^\P{Cc}\t\n]/gu, "");
  if (Array.isArray(value)) return value.map(cleaned);
  if (value instanceof Map) return new Map([...value].map(([key, inner]) => [cleaned(key), cleaned(inner)]));
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, cleaned(inner)]));
}
