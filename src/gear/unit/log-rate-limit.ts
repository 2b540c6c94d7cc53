// SPDX-License-Identifier: Apache-2.0
import { defaultLogPeriod } from "../defaults.ts";
import { gearError } from "../errors.ts";
import type { Container } from "../model.ts";
import type { TenantSettings } from "./settings.ts";
import type { Entry } from "./unit-file.ts";

/** systemd.exec(5). A unit's limit holds in the place of its journal's, so one above its tenant's is refused. */
export function logRateLimitEntries(
  { name, logRateLimit: limit }: Pick<Container, "name" | "logRateLimit">,
  tenant?: TenantSettings,
): Entry[] {
  if (limit === undefined) return [];
  const most = tenant?.logRateLimit;
  const wanted = limit === "none" ? Number.POSITIVE_INFINITY : (limit.burst / limit.period) * defaultLogPeriod;
  if (most !== undefined && wanted > most) {
    throw gearError("unsupported", `${name}: log-rate-limit is above its tenant's, ${most} messages in 30 seconds`);
  }
  if (limit === "none") return [["LogRateLimitIntervalSec", "0"]];
  return [
    ["LogRateLimitIntervalSec", `${limit.period}ms`],
    ["LogRateLimitBurst", String(limit.burst)],
  ];
}
