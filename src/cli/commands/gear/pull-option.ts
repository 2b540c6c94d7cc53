// SPDX-License-Identifier: Apache-2.0
import type { PullPolicy } from "../../../gear/index.ts";
import type { Invocation } from "../../command.ts";
import { cliError } from "../../errors.ts";

/** The value of --pull. */
export function pullOption(invocation: Invocation, usual: PullPolicy): PullPolicy {
  const when = invocation.value("pull") ?? usual;
  if (when === "always" || when === "missing" || when === "never") return when;
  throw cliError("usage", `--pull: ${JSON.stringify(when)} is not always, missing or never`);
}
