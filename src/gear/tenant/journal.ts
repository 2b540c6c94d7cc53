// SPDX-License-Identifier: Apache-2.0
import { defaultLogPeriod } from "../defaults.ts";
import type { Name } from "../name.ts";
import type { JournalLimits, Tenant } from "./model.ts";

/**
 * The service of a tenant's journal, which has its name for LogNamespace= (systemd.exec(5)) and `journalctl --namespace=`. It
 * reads its settings when it starts.
 */
export function journalService(tenant: Name): string {
  return `systemd-journald@${tenant}.service`;
}

/** The file of a journal namespace's settings, below /etc/systemd. */
export function journalFile(tenant: Name): string {
  return `journald@${tenant}.conf`;
}

/**
 * journald.conf(5) of it: what one tenant writes takes nothing from the journals of others. It is not sealed with the
 * host's key, whose seals would not verify any more; `sealJournals` gives it one of its own.
 */
export function journalSettings({ name, journal }: Tenant): string {
  return `# Tenant ${name}\n[Journal]\nStorage=persistent\nSeal=no\n${limits(journal).join("")}`;
}

function limits({ maxUse, rateLimit }: JournalLimits): string[] {
  const use = maxUse === undefined ? [] : [`SystemMaxUse=${maxUse}\n`, `RuntimeMaxUse=${maxUse}\n`];
  const rate =
    rateLimit === undefined ? [] : [`RateLimitIntervalSec=${defaultLogPeriod}ms\n`, `RateLimitBurst=${rateLimit}\n`];
  return [...use, ...rate];
}
