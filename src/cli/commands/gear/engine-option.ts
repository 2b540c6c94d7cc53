// SPDX-License-Identifier: Apache-2.0
import type { EngineKind } from "../../../gear/index.ts";
import type { Invocation } from "../../command.ts";
import { cliError } from "../../errors.ts";

/** The value of --engine. */
export function engineOption(invocation: Invocation): EngineKind {
  const engine = invocation.value("engine") ?? "podman";
  if (engine === "podman" || engine === "docker") return engine;
  throw cliError("usage", `--engine: ${JSON.stringify(engine)} is not podman or docker`);
}
