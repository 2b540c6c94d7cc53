// SPDX-License-Identifier: Apache-2.0
import type { Tenant, TenantCheck } from "../../gear/index.ts";
import { formatSize, keyLines } from "./columns.ts";

export function renderTenants(tenants: readonly Tenant[]): string {
  if (tenants.length === 0) return "No tenants.";
  const width = Math.max(...tenants.map(({ name }) => name.length));
  const line = (tenant: Tenant) =>
    `${tenant.name.padEnd(width)}  ${levelText(tenant).padEnd(14)}  users ${usersText(tenant)}${tenant.retired ? "  deleted" : ""}`;
  return tenants.map(line).join("\n");
}

export function renderTenantCheck(
  check: TenantCheck & { readonly slice: string; readonly paths: readonly string[] },
): string {
  const { tenant, files, fileCount, processes } = check;
  const { resources, journal } = tenant;
  const limits = [
    resources.memory === undefined ? [] : [`memory ${formatSize(resources.memory)}`],
    resources.cpus === undefined ? [] : [`${resources.cpus} processors`],
    resources.cpuWeight === undefined ? [] : [`processor weight ${resources.cpuWeight}`],
    resources.ioWeight === undefined ? [] : [`disk weight ${resources.ioWeight}`],
    resources.pids === undefined ? [] : [`${resources.pids} processes`],
    journal.maxUse === undefined ? [] : [`journal ${formatSize(journal.maxUse)}`],
    journal.rateLimit === undefined ? [] : [`${journal.rateLimit} messages in 30 s`],
  ].flat();
  const faults = [
    ...files.map(({ path, label }) => `${path} has the label ${label ?? "(none)"}`),
    ...(fileCount > files.length ? [`... and ${fileCount - files.length} more files`] : []),
    ...processes.map(({ pid, label }) => `process ${pid} has the label ${label ?? "(none)"}`),
  ];
  const pairs: [string, string][] = [
    ["Tenant", tenant.name],
    ["Level", levelText(tenant)],
    ["Users", usersText(tenant)],
    ["Slice", check.slice],
    ["Limits", limits.length === 0 ? "none" : limits.join(", ")],
    ["Volumes", check.paths.length === 0 ? "none" : check.paths.join("\n")],
    ...(faults.length === 0 ? [] : [["Open to others", faults.join("\n")] satisfies [string, string]]),
  ];
  return keyLines(pairs).join("\n");
}

function levelText({ categories: [low, high] }: Tenant): string {
  return `s0:c${low},c${high}`;
}

function usersText({ users: { first, count } }: Tenant): string {
  return `${first}-${first + count - 1}`;
}
