// SPDX-License-Identifier: Apache-2.0
import type { AddedTenant, TenantLimits } from "../../../../gear/index.ts";
import { defineCommand, type Invocation } from "../../../command.ts";
import { noReloadOption, numberOption, openTenants, reloadUnits, sizeOption, tenantName } from "./shared.ts";
import { rootOption } from "../root-option.ts";

export default defineCommand({
  path: ["gear", "tenant", "add"],
  summary: "Make a tenant, or change the limits of one",
  description:
    "A tenant gets two SELinux categories and a range of users that nobody else on this host has, a slice and a journal of its own. It keeps them over reboots; limits that are not named stay as they are.",
  examples: [
    {
      command: "atomic gear tenant add acme --memory 4G --cpus 2",
      text: "With limits for all its containers together:",
    },
    { command: "journalctl --namespace=acme --follow", text: "What its containers log:" },
  ],
  arguments: [{ name: "NAME" }],
  options: [
    { name: "memory", short: "m", value: "SIZE", help: "Memory of all its containers together" },
    { name: "cpus", value: "COUNT", help: "Processors, such as 1.5" },
    { name: "cpu-weight", value: "WEIGHT", help: "Share of the processors when they are short, 1 to 10000" },
    { name: "io-weight", value: "WEIGHT", help: "Share of the disks, 1 to 10000" },
    { name: "pids-limit", value: "COUNT", help: "Processes and threads" },
    { name: "journal-max-use", value: "SIZE", help: "Disk space of its journal" },
    { name: "journal-rate-limit", value: "COUNT", help: "Messages of one service in 30 seconds" },
    noReloadOption,
    rootOption,
  ],
  json: true,
  async run(invocation): Promise<AddedTenant> {
    const { addTenant, levelsInUse, usersInUse } = await import("../../../../gear/index.ts");
    const [name, settings, store] = [
      await tenantName(invocation),
      await limits(invocation),
      await openTenants(invocation),
    ];
    const around = { levels: await levelsInUse(store.root), users: usersInUse(store.root) };
    const added = addTenant(store, name, settings, around);
    if (added.written.length > 0) await reloadUnits(invocation, name);
    return added;
  },
  render({ tenant, existed, written }) {
    const { name, categories, users } = tenant;
    const state = existed ? (written.length > 0 ? "has other limits now" : "is as it was") : "was made";
    return `Tenant ${name} ${state}: level s0:c${categories.join(",c")}, users ${users.first} to ${users.first + users.count - 1}.`;
  },
});

async function limits(invocation: Invocation): Promise<TenantLimits> {
  const weight = [1, 10_000] as const;
  const count = [1, 1e9] as const;
  return {
    resources: {
      memory: await sizeOption(invocation, "memory"),
      cpus: numberOption(invocation, "cpus", [0.01, 4096]),
      cpuWeight: numberOption(invocation, "cpu-weight", weight),
      ioWeight: numberOption(invocation, "io-weight", weight),
      pids: numberOption(invocation, "pids-limit", count),
    },
    journal: {
      maxUse: await sizeOption(invocation, "journal-max-use"),
      rateLimit: numberOption(invocation, "journal-rate-limit", count),
    },
  };
}
