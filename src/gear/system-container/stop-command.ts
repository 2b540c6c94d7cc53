// SPDX-License-Identifier: Apache-2.0
import { quoteCommandLine } from "../../formats/index.ts";
import type { Name } from "../name.ts";

/**
 * Sends a container its signal. The runtime is the unit's main process and counts as started before it has made the container, which is
 * waited for. A program that has just begun may have no handler yet, and process 1 of a namespace never gets a signal without
 * one (pid_namespaces(7)): the second time is systemd's, who signals what is left after this, KillSignal= to the runtime, which passes it on.
 */
export function stopCommand(runtime: string, name: Name, signal: string): string {
  const isAlive = 'kill -0 "$MAINPID" || exit 0; sleep 0.1';
  const script = [
    "exec 2>/dev/null",
    `until "$1" state "$2" | grep -q '"status": *"running"'; do ${isAlive}; done`,
    '"$1" kill "$2" "$3"',
    `for second in 1 2 3 4 5 6 7 8 9 10; do ${isAlive}; done`,
  ].join("; ");
  return quoteCommandLine("/bin/sh", ["-c", script, "sh", runtime, name, signal]);
}
