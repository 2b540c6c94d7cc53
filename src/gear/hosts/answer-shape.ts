// SPDX-License-Identifier: Apache-2.0
/**
 * What answers of a host are made of, as far as they are read here. Whether what they say can be used is asked where it is
 * (`checkFacts`, `checkPin`).
 */
import { gearError } from "../errors.ts";
import type { Requests } from "./requests.ts";

/** Whether a value is of that kind. */
type Kind = (value: unknown) => boolean;

const text: Kind = (value) => typeof value === "string";
const number: Kind = Number.isFinite;
const flag: Kind = (value) => typeof value === "boolean";
const oneOf = (words: readonly string[]): Kind => {
  return (value) => words.includes(value as string);
};
/** JSON has no undefined; within a list it becomes null. */
const optional = (kind: Kind): Kind => {
  return (value) => value === undefined || value === null || kind(value);
};
const list = (kind: Kind): Kind => {
  return (value) => Array.isArray(value) && value.every(kind);
};
const record = (fields: Readonly<Record<string, Kind>> = {}): Kind => {
  return (value) =>
    isRecord(value) &&
    Object.entries(fields).every(([key, kind]) => kind(Object.hasOwn(value, key) ? value[key] : undefined));
};
const texts: Kind = (value) => value instanceof Map && [...value].flat().every(text);

export const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value) && !(value instanceof Map);

const problem = record({ unit: text, what: text, log: list(text) });
const prepared = record({ unchanged: flag });
const forward = record({ problems: list(problem), reason: optional(text) });

const placed = record({
  id: text,
  from: text,
  host: text,
  ports: list(
    record({
      container: number,
      host: optional(number),
      address: optional(text),
      protocol: text,
      shared: optional(record({ address: text, port: number })),
    }),
  ),
});

const facts = record({
  placed: list(placed),
  calledThen: text,
  transaction: optional(text),
  hostsThen: list(text),
  portsInUse: list(record({ port: number, by: text })),
  tenant: optional(
    record({
      level: optional(text),
      users: optional(record({ first: number, count: number })),
      logNamespace: optional(text),
      logRateLimit: optional(number),
    }),
  ),
  address: text,
});

const report = record({
  application: text,
  kind: text,
  from: optional(number),
  to: optional(number),
  outcome: oneOf(["done", "unchanged", "taken-back", "failed"]),
  current: optional(number),
  reason: optional(text),
  problems: list(problem),
  missing: list(problem),
  interrupted: flag,
  units: record({ added: list(text), changed: list(text), removed: list(text), same: list(text) }),
  images: list(record({ reference: text, from: optional(text), to: optional(text) })),
  pruned: list(number),
});

const answers: { readonly [K in keyof Requests]: Kind } = {
  open: facts,
  check: record(),
  pin: record({ pins: texts, pulled: list(text) }),
  prepare: prepared,
  prepareRollback: prepared,
  switch: forward,
  watch: forward,
  pledge: record(),
  keep: report,
  back: optional(report),
  settle: record({
    transaction: optional(text),
    hosts: list(text),
    state: oneOf(["open", "kept", "back", "unknown"]),
    generation: optional(number),
  }),
  ping: record(),
  run: record({ code: number }),
};

/** @throws gear-host-answer for what no `atomic` answers to that request */
export function checkAnswer<K extends keyof Requests>(
  host: string,
  request: K,
  answer: unknown,
): Requests[K]["result"] {
  if (answers[request](answer)) return answer as Requests[K]["result"];
  throw gearError(
    "host-answer",
    `${host}: what it answered to ${JSON.stringify(request)} is not what an atomic answers`,
  );
}
