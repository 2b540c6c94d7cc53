// SPDX-License-Identifier: Apache-2.0
import type { Name, SystemSurroundings } from "../../../../gear/index.ts";
import type { Invocation, OptionDeclaration } from "../../../command.ts";
import { cliError } from "../../../errors.ts";

export const setOption: OptionDeclaration = {
  name: "set",
  value: "NAME=VALUE",
  repeat: true,
  help: "Value of a variable of the system container's image",
};

export async function openSystemContainers(invocation: Invocation): Promise<SystemSurroundings & Disposable> {
  const { connectSystemd, systemClock, systemJournal, SystemStore } = await import("../../../../gear/index.ts");
  const services = await connectSystemd();
  const dispose = () => services[Symbol.dispose]();
  const { progress } = invocation;
  const store = new SystemStore(invocation.value("root"));
  return { store, services, clock: systemClock, journal: systemJournal, progress, [Symbol.dispose]: dispose };
}

export async function systemContainerName(text: string): Promise<Name> {
  const { parseName } = await import("../../../../gear/index.ts");
  return parseName(text, "a system container");
}

export function givenValues(invocation: Invocation): Record<string, string> {
  const pairs = invocation.values("set").map((word): [string, string] => {
    const cut = word.indexOf("=");
    if (cut > 0) return [word.slice(0, cut), word.slice(cut + 1)];
    throw cliError("usage", `--set: ${JSON.stringify(word)} is not NAME=VALUE`);
  });
  return Object.fromEntries(pairs);
}
