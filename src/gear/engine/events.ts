// SPDX-License-Identifier: Apache-2.0
import type { Answer } from "./answer.ts";
import { healthStatus } from "./containers.ts";
import { broken, type EngineHttp, jsonLines } from "./http.ts";
import type { EngineEvent, EventOptions } from "./model.ts";

/**
 * Reads from the moment that it is called: an engine sends nothing, not even a status, before the first event, so that what
 * happens until it listens is asked for by its time.
 */
export function readEvents(http: EngineHttp, options: EventOptions): AsyncIterable<EngineEvent> {
  const since = (Date.now() / 1000).toFixed(3);
  const filters: Record<string, readonly string[]> = {
    ...(options.containers === undefined || options.containers.length === 0 ? {} : { container: options.containers }),
    ...(options.labels === undefined || options.labels.length === 0 ? {} : { label: options.labels }),
  };
  const opened = http.open("/events", { query: { since, filters: JSON.stringify(filters) }, signal: options.signal });
  // Whoever reads the events gets the error.
  opened.catch(() => {});
  return eventsOf(http, opened, options.signal);
}

async function* eventsOf(http: EngineHttp, opened: ReturnType<EngineHttp["open"]>, signal: AbortSignal) {
  try {
    for await (const event of jsonLines(await opened)) yield engineEvent(event);
  } catch (error) {
    if (signal.aborted) return;
    throw broken(http.socket, error, undefined);
  }
  if (!signal.aborted) throw broken(http.socket, new Error("the engine ended its events"), undefined);
}

/** What engines put beside an object's labels, among its attributes. */
const reserved = new Set([
  "name",
  "image",
  "exitCode",
  "containerExitCode",
  "execID",
  "signal",
  "podId",
  "oldName",
  "execDuration",
]);

function engineEvent(event: Answer): EngineEvent {
  const attributes = event.textMap("Actor", "Attributes");
  // Docker has the state within the action, podman beside it.
  const [action = "", detail = ""] = event.text("Action").split(": ", 2);
  const exitCode = attributes.get("exitCode") ?? attributes.get("containerExitCode");
  return {
    at: event.number("timeNano") / 1e6 || event.number("time") * 1000,
    kind: event.text("Type"),
    action,
    id: event.text("Actor", "ID"),
    name: attributes.get("name") || undefined,
    image: attributes.get("image") || undefined,
    exitCode: action === "die" && exitCode !== undefined ? Number(exitCode) : undefined,
    health: action === "health_status" ? healthStatus(detail || event.text("HealthStatus")) : undefined,
    labels: new Map([...attributes].filter(([key]) => !reserved.has(key))),
  };
}
