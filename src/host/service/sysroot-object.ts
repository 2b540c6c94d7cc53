// SPDX-License-Identifier: Apache-2.0
import { errorReply } from "../../bus/index.ts";
import type { GVariantValue } from "../../formats/index.ts";
import { busErrors } from "./bus-error.ts";
import type { Call, Implementation } from "./object-tree.ts";
import { Options } from "./options.ts";
import { osPath } from "./os-object.ts";
import { sysrootInterface } from "./rpmostree1.ts";
import type { HostService } from "./service.ts";

/** The object `/org/projectatomic/rpmostree1/Sysroot`. */
export function sysrootObject(service: HostService): Implementation {
  const reload = async (): Promise<readonly GVariantValue[]> => {
    await service.reload();
    return [];
  };
  return {
    declaration: sysrootInterface,
    methods: {
      RegisterClient: ({ message, inputs }) => {
        const options = new Options(inputs[0], { id: "s" });
        service.clients.register(message.sender ?? "", options.text("id") ?? "");
        return [];
      },
      UnregisterClient: ({ message, inputs }) => {
        new Options(inputs[0], {});
        service.clients.unregister(message.sender ?? "");
        return [];
      },
      Reload: reload,
      ReloadConfig: reload,
      GetOS: ({ inputs }) => [findOs(service, String(inputs[0]))],
    },
    properties: () => ({
      Booted: service.state.bootedName === undefined ? "/" : osPath(service.state.bootedName),
      Path: service.state.sysroot.path,
      ActiveTransaction: activeTransaction(service),
      ActiveTransactionPath: service.transaction?.active === true ? service.transaction.address : "",
      AutomaticUpdatePolicy: service.policy,
      Deployments: service.state.deployments,
    }),
    authorize: async (call) => authorize(service, call),
  };
}

/** Method, sender, object; all empty when nothing goes on. */
function activeTransaction({ transaction }: HostService): GVariantValue {
  if (transaction?.active !== true) return ["", "", ""];
  return [transaction.request.method, transaction.request.sender, transaction.request.path];
}

/** "" means the booted one. */
function findOs({ state }: HostService, name: string): string {
  const wanted = name === "" ? state.bootedName : name;
  const found = state.systems.find((system) => system.name === wanted);
  if (found === undefined) throw errorReply(busErrors.failed, `OS name "${name}" not found`);
  return osPath(found.name);
}

async function authorize({ authorizer }: HostService, { message }: Call): Promise<void> {
  const member = message.member ?? "";
  const actions = member === "Reload" || member === "ReloadConfig" ? ["reload-daemon"] : [];
  await authorizer.require(message.sender ?? "", actions, `Sysroot operation ${member}`);
}
