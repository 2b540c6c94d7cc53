// SPDX-License-Identifier: Apache-2.0
/** Programs that units run, by the absolute paths that systemd wants. */
import type { EngineKind } from "../engine/model.ts";

export const enginePath = (engine: EngineKind): string => `/usr/bin/${engine}`;

export const atomicPath = "/usr/bin/atomic";
