// SPDX-License-Identifier: Apache-2.0
import type { SystemReport } from "../../../../gear/index.ts";
import type { Invocation, OptionDeclaration } from "../../../command.ts";
import { cliError } from "../../../errors.ts";
import { requireConsent } from "../consent.ts";
import { interruption } from "../shared.ts";
import { givenValues, openSystemContainers, setOption, systemContainerName } from "../system/shared.ts";

export const systemOptions: readonly OptionDeclaration[] = [
  { name: "system", help: "As a system container: from the OSTree repository, by systemd, without an engine" },
  setOption,
  { name: "runtime", value: "RUNTIME", help: "OCI runtime of a system container: runc, crun, or a path" },
  { name: "host-network", help: "A system container without a configuration of its own has the host's network" },
];

export async function installSystem(invocation: Invocation): Promise<SystemReport> {
  const { findRuntime, installSystemContainer, nameOfImage } = await import("../../../../gear/index.ts");
  const [image = "", ...more] = invocation.args;
  if (more.length > 0) throw cliError("usage", "a system container has its name by --name");
  const unfit = ["display", "opt1", "opt2", "opt3", "engine", "pull"].find((name) => invocation.flag(name));
  if (unfit !== undefined) throw cliError("usage", `--${unfit} is not for system containers`);
  using surroundings = await openSystemContainers(invocation);
  using interrupt = await interruption(invocation);
  return await installSystemContainer(surroundings, {
    name: await systemContainerName(invocation.value("name") ?? nameOfImage(image)),
    image,
    values: givenValues(invocation),
    runtime: findRuntime(invocation.value("runtime")),
    hostNetwork: invocation.flag("host-network"),
    consent: (what, asked) => requireConsent(invocation, what, asked),
    signal: interrupt.signal,
  });
}
