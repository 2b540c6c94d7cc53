// SPDX-License-Identifier: Apache-2.0
/** Health checks as options of `run`, and commands of a unit that wait for what they say. */
import { quoteCommandLine } from "../../formats/index.ts";
import type { EngineKind } from "../engine/model.ts";
import { gearError } from "../errors.ts";
import type { Container, HealthCheck } from "../model.ts";
import { defaultHealth } from "../defaults.ts";
import { enginePath } from "./programs.ts";

export function healthWords(engine: EngineKind, health: Container["health"]): string[] {
  if (health === undefined) return [];
  if (health === "none") return ["--no-healthcheck"];
  return [
    `--health-cmd=${engine === "podman" ? podmanTest(health.test) : dockerTest(health.test)}`,
    `--health-interval=${health.interval}ms`,
    `--health-timeout=${health.timeout}ms`,
    `--health-retries=${health.retries}`,
    `--health-start-period=${health.startPeriod}ms`,
  ];
}

/**
 * podman's makeHealthCheckFromCli (specgenutil): an array of JSON with CMD-SHELL first is taken as it is, one of several
 * words without such a keyword becomes CMD and these words. An array of one word would go through a shell, which
 * `CMD WORD` does not.
 */
function podmanTest(test: HealthCheck["test"]): string {
  if (typeof test === "string") return JSON.stringify(["CMD-SHELL", test]);
  const [program = "", ...words] = test;
  if (program === "" || ["CMD", "CMD-SHELL", "NONE"].includes(program.toUpperCase())) refuse(test);
  if (words.length > 0) return JSON.stringify(test);
  if (/\s/.test(program)) refuse(test);
  return `CMD ${program}`;
}

/** Docker's client has no option for words: they are one line for the image's shell. */
function dockerTest(test: HealthCheck["test"]): string {
  if (typeof test === "string") return test;
  return test.map((word) => `'${word.replaceAll("'", "'\\''")}'`).join(" ");
}

function refuse(test: HealthCheck["test"]): never {
  throw gearError("unsupported", `a health check that podman cannot be told: ${JSON.stringify(test)}`);
}

const engineAndName = (engine: EngineKind, container: string): string[] => ["sh", enginePath(engine), container];

const shell = "/bin/sh";

/**
 * Ends when the container is healthy for the first time; fails when it has become unhealthy, ended, or has no check. podman
 * 4.3 has no --sdnotify=healthy, and Docker none at all. Newer podmans wait themselves, which takes no program each second;
 * whether one can is only known by asking it.
 */
export function waitUntilHealthy(engine: EngineKind, container: string): string {
  const format = "{{.State.Status}} {{if .State.Health}}{{.State.Health.Status}}{{end}}";
  const conditions = "--interval=1s --condition=healthy --condition=unhealthy --condition=stopped";
  const pause =
    engine === "podman"
      ? `"\${waiter:-$1}" wait ${conditions} "$2" >/dev/null 2>&1 || { waiter=false; sleep 1; }`
      : "sleep 1";
  const script = `while :; do state=$("$1" inspect --format "${format}" "$2") || exit; case $state in "running healthy") exit 0;; "running starting") ${pause};; *) echo "$2 is $state" >&2; exit 1;; esac; done`;
  return quoteCommandLine(shell, ["-c", script, ...engineAndName(engine, container)]);
}

/** Ends when Docker has started the container; fails when its client, the unit's main process, has ended before. */
export function waitUntilRunning(engine: EngineKind, container: string): string {
  const script = `while kill -0 "$MAINPID"; do [ "$("$1" inspect --format "{{.State.Running}}" "$2" 2>/dev/null)" = true ] && exit 0; sleep 0.2; done; exit 1`;
  return quoteCommandLine(shell, ["-c", script, ...engineAndName(engine, container)]);
}

/** Milliseconds after which a container is surely healthy or not; an image's own check is taken to be as the default one. */
export function longestUntilHealthy(health: Container["health"]): number {
  const { startPeriod, interval, timeout, retries } =
    health === undefined || health === "none" ? defaultHealth : health;
  return startPeriod + (retries + 1) * (interval + timeout);
}
