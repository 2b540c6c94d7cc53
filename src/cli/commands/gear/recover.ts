// SPDX-License-Identifier: Apache-2.0
import type { Recovery } from "../../../gear/index.ts";
import { defineCommand } from "../../command.ts";
import { renderRecovery } from "../../render/gear-recovery.ts";
import { rootOption } from "./root-option.ts";
import { openSurroundings } from "./shared.ts";

export default defineCommand({
  path: ["gear", "recover"],
  summary: "Bring a change that was ended in the middle to its end",
  description:
    "After `atomic` was killed, or the power went, in the middle of a deployment: that is taken back, a rollback or a deletion is brought to its end. Every verb that changes an application does this first; this one does nothing else. Of APPLICATION, or of all.",
  examples: [{ command: "atomic gear recover", text: "After a crash:" }],
  arguments: [{ name: "APPLICATION", optional: true, repeat: true }],
  options: [rootOption],
  json: true,
  async run(invocation): Promise<readonly Recovery[]> {
    const { GenerationStore, parseName, recoverApplication } = await import("../../../gear/index.ts");
    const store = new GenerationStore(invocation.value("root"));
    const named = invocation.args.map((name) => parseName(name, "an application"));
    const found: Recovery[] = [];
    for (const application of named.length > 0 ? named : store.applications()) {
      if (store.requireRecord(application).change === undefined) continue;
      using surroundings = await openSurroundings(invocation, application);
      const recovered = await recoverApplication(surroundings, application);
      if (recovered !== undefined) found.push(recovered);
    }
    return found;
  },
  render: renderRecovery,
  exitCode: (recoveries) => (recoveries.every(({ outcome }) => outcome !== "failed") ? 0 : 1),
});
