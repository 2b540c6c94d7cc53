// SPDX-License-Identifier: Apache-2.0
import { isAbsolute } from "node:path";
import { run } from "../../base/index.ts";
import type { EngineKind } from "../engine/model.ts";
import { gearError } from "../errors.ts";

/** Directory of a volume that an engine keeps. */
export async function engineVolume(engine: EngineKind, volume: string): Promise<string> {
  const args = ["volume", "inspect", "--format", "{{.Mountpoint}}", "--", volume];
  const path = (await run(engine, args)).stdout.replace(/\n$/, "");
  if (isAbsolute(path)) return path;
  throw gearError("engine", `${engine} has no directory for the volume ${JSON.stringify(volume)}`);
}
