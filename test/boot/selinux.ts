// SPDX-License-Identifier: Apache-2.0
/** What tests of a machine that enforces its policy have in common. */
import assert from "node:assert/strict";
import { type CommandOptions, emulationArguments, type Machine } from "../../src/image/index.ts";

/** As on real hardware, and with the kernel telling of every denial, from its start on. */
export const auditedArguments = [
  ...emulationArguments.filter((arg) => !/^(audit|lsm|systemd\.\w+)=/.test(arg)),
  "audit=1",
  "audit_backlog_limit=16384",
  "sysctl.kernel.printk_ratelimit=0",
];

/** Starts a program as systemd starts services: the test's own shell has another domain, and a terminal. */
export async function service(
  machine: Machine,
  command: string,
  accept: CommandOptions["accept"] = [0],
): Promise<string> {
  const words = `set -o pipefail; systemd-run --quiet --wait --pipe --collect ${command} </dev/null 2>&1 | cat`;
  const { output } = await machine.run(`bash -c ${JSON.stringify(words)}`, { timeoutSeconds: 1800, accept });
  return output.trim();
}

/**
 * What was denied since the boot (0), or in the one before (-1), each once. As an administrator: journalctl of a service is
 * confined.
 */
export async function denials(machine: Machine, boot = 0): Promise<string[]> {
  const read = `runcon -t unconfined_t bash -o pipefail -c 'journalctl -b ${boot} -o cat --no-pager | tee /dev/null' </dev/null`;
  const { output: text } = await machine.run(read, { timeoutSeconds: 300 });
  assert.ok(text.length > 10_000, "the journal is there");
  const denied = [...text.matchAll(/avc: +(denied .*)/g)].map(([, what]) => what!);
  return [...new Set(denied.map((what) => what.replace(/ (pid|ino)=\d+|(?<=\/proc\/)\d+/g, "")))];
}
