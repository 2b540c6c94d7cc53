// SPDX-License-Identifier: Apache-2.0
import type { Name } from "../../../../gear/index.ts";
import type { Invocation, OptionDeclaration } from "../../../command.ts";
import { cliError } from "../../../errors.ts";

export async function openTenants(invocation: Invocation) {
  const { TenantStore } = await import("../../../../gear/index.ts");
  return new TenantStore(invocation.value("root"));
}

export async function tenantName(invocation: Invocation): Promise<Name> {
  const { parseName } = await import("../../../../gear/index.ts");
  return parseName(invocation.args[0]!, "a tenant");
}

/** Tells the service manager of files that changed, where they are the host's own, and a journal that runs of its limits. */
export async function reloadUnits(invocation: Invocation, tenant: Name): Promise<void> {
  if (invocation.value("root") !== undefined || invocation.flag("no-reload")) return;
  const { connectSystemd, expectDone, journalService } = await import("../../../../gear/index.ts");
  using systemd = await connectSystemd();
  await systemd.daemonReload();
  expectDone(await systemd.tryRestart(journalService(tenant)));
}

export const noReloadOption: OptionDeclaration = {
  name: "no-reload",
  help: "Do not have the service manager read its files anew",
};

/** @param range bounds of what the key takes (systemd.resource-control(5)); fractions are allowed where they begin with one */
export function numberOption(
  invocation: Invocation,
  name: string,
  range: readonly [number, number],
): number | undefined {
  const text = invocation.value(name);
  if (text === undefined) return undefined;
  const [low, high] = range;
  const form = Number.isInteger(low) ? /^\d{1,12}$/ : /^\d{1,12}(\.\d{1,2})?$/;
  if (form.test(text) && Number(text) >= low && Number(text) <= high) return Number(text);
  throw cliError("usage", `--${name}: ${JSON.stringify(text)} is not a number from ${low} to ${high}`);
}

export async function sizeOption(invocation: Invocation, name: string): Promise<number | undefined> {
  const { parseSize } = await import("../../../../gear/index.ts");
  const text = invocation.value(name);
  if (text === undefined) return undefined;
  const size = parseSize(text);
  if (size !== undefined && size > 0) return size;
  throw cliError("usage", `--${name}: ${JSON.stringify(text)} is not a size, such as 512M`);
}
