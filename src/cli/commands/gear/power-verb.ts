// SPDX-License-Identifier: Apache-2.0
import type { PowerReport, PowerRequest } from "../../../gear/index.ts";
import type { Invocation } from "../../command.ts";
import { applicationName, openSurroundings } from "./shared.ts";

/** What `start`, `stop` and `restart` do. */
export async function powerVerb(invocation: Invocation, verb: PowerRequest["verb"]): Promise<PowerReport> {
  const application = await applicationName(invocation);
  const { power } = await import("../../../gear/index.ts");
  using surroundings = await openSurroundings(invocation, application);
  return await power(surroundings, { verb, application, instances: invocation.args.slice(1) });
}
