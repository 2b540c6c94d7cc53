// SPDX-License-Identifier: Apache-2.0
import { setTimeout as sleep } from "node:timers/promises";
import type { GenerationStore, Recovery, Settlement } from "../../../gear/index.ts";
import { defineCommand, type Invocation } from "../../command.ts";
import { cliError } from "../../errors.ts";
import { renderSettlement } from "../../render/gear-hosts.ts";
import { renderRecovery } from "../../render/gear-recovery.ts";
import { hostOption, namedHosts } from "./over-hosts.ts";
import { rootOption } from "./root-option.ts";
import { openSurroundings } from "./shared.ts";
import { openSystemContainers } from "./system/shared.ts";

export default defineCommand({
  path: ["gear", "recover"],
  summary: "Bring a change that was ended in the middle to its end",
  description:
    "After `atomic` was killed, or the power went, in the middle of a deployment: that is taken back, a rollback or a deletion is brought to its end. Every verb that changes an application does this first; this one does nothing else. Of APPLICATION, or of all and of system containers.\n\nWith --host, a deployment on several hosts: where one of them has stayed with it, all are brought to that; where none has, all go back.",
  examples: [
    { command: "atomic gear recover", text: "After a crash:" },
    { command: "atomic gear recover shop --host=web1 --host=web2", text: "Of several hosts:" },
  ],
  arguments: [{ name: "APPLICATION", optional: true, repeat: true }],
  options: [
    hostOption,
    { name: "undecided", help: "Only what several hosts were to keep as one, when its time has come", hidden: true },
    rootOption,
  ],
  json: true,
  async run(invocation): Promise<readonly Recovery[] | Settlement> {
    const { GenerationStore, parseName, recoverApplication, settleOnHosts } = await import("../../../gear/index.ts");
    const store = new GenerationStore(invocation.value("root"));
    const named = invocation.args.map((name) => parseName(name, "an application"));
    const hosts = await namedHosts(invocation);
    if (hosts !== undefined) {
      const [application] = named;
      if (application === undefined || named.length > 1) throw cliError("usage", "--host needs one APPLICATION");
      return await settleOnHosts(application, hosts);
    }
    if (invocation.flag("undecided")) return await recoverUndecided(invocation, store);
    const found: Recovery[] = [];
    for (const application of named.length > 0 ? named : store.applications()) {
      if (store.requireRecord(application).change === undefined) continue;
      using surroundings = await openSurroundings(invocation, application);
      const recovered = await recoverApplication(surroundings, application);
      if (recovered !== undefined) found.push(recovered);
    }
    if (named.length === 0) await recoverSystem(invocation);
    return found;
  },
  render: (done, style) => ("hosts" in done ? renderSettlement(done, style) : renderRecovery(done, style)),
  exitCode(done) {
    if ("hosts" in done) return done.hosts.every(({ lost }) => lost === undefined) ? 0 : 1;
    return done.every(({ outcome }) => outcome !== "failed") ? 0 : 1;
  },
});

/** Runs after a host's part in a deployment on several has ended, however it did: what nobody decided about goes back in time. */
async function recoverUndecided(invocation: Invocation, store: GenerationStore): Promise<Recovery[]> {
  const { gearError, pledgedFor, recoverApplication } = await import("../../../gear/index.ts");
  const found: Recovery[] = [];
  for (const application of store.applications()) {
    for (;;) {
      const change = store.record(application)?.change;
      if (change?.transaction === undefined) break;
      const left = pledgedFor(change);
      if (left > 0) {
        await sleep(Math.min(left, 1000));
        continue;
      }
      using surroundings = await openSurroundings(invocation, application);
      try {
        const recovered = await recoverApplication(surroundings, application);
        if (recovered !== undefined) found.push(recovered);
        break;
      } catch (error) {
        // Somebody is at it, and has brought this to its end before.
        if (!gearError.is(error, "busy")) throw error;
        break;
      }
    }
  }
  return found;
}

/** What was done is a note of the progress: a system container is its own service, which others see. */
async function recoverSystem(invocation: Invocation): Promise<void> {
  const { recoverSystemContainers, SystemStore } = await import("../../../gear/index.ts");
  const store = new SystemStore(invocation.value("root"));
  if (store.names().every((name) => store.change(name) === undefined)) return;
  using surroundings = await openSystemContainers(invocation);
  using _lock = store.lock();
  await recoverSystemContainers(surroundings);
}
