// SPDX-License-Identifier: Apache-2.0
import { errorReply } from "../../bus/index.ts";
import type { GVariantValue } from "../../formats/index.ts";
import { parsePolicy, triggerAutomaticUpdate, type UpdateConfig } from "../automatic/index.ts";
import { busErrors } from "./bus-error.ts";
import type { Call } from "./object-tree.ts";
import { Options } from "./options.ts";
import type { HostService } from "./service.ts";

/** `AutomaticUpdateTrigger`: follows the configured policy, or that of the option `mode`, in a transaction. */
export async function automaticTrigger(
  service: HostService,
  name: string,
  call: Call,
): Promise<readonly GVariantValue[]> {
  const options = new Options(call.inputs[0], { mode: "s", "output-to-self": "b", "initiating-command-line": "s" });
  if (service.state.bootedName !== name)
    throw errorReply(busErrors.failed, `Cannot trigger auto-update for offline OS '${name}'`);
  const mode = options.text("mode") ?? "auto";
  const config: UpdateConfig =
    mode === "auto" ? service.updateConfig() : { ...service.updateConfig(), policy: parsePolicy(mode) };
  if (config.policy === "none") return [false, ""];
  const { startFinalizer } = service.options;
  const address = await service.begin(call, {
    title: `automatic (${config.policy})`,
    run: async (progress, signal) => {
      const finalizer = startFinalizer === undefined ? {} : { startFinalizer };
      const hooks = { signal, reboot: () => service.reboot(), ...finalizer };
      await triggerAutomaticUpdate(service.openSysroot(), config, hooks, progress);
    },
  });
  return [true, address];
}
