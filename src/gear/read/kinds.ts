// SPDX-License-Identifier: Apache-2.0
import { composeFile } from "./compose/index.ts";
import { gearFile } from "./gear/index.ts";
import { geardFile } from "./geard/index.ts";
import type { FileKind } from "./kind.ts";
import { kubernetesFile } from "./kubernetes/index.ts";

/** Every kind of file that is read to an application; the first that matches reads it. */
export const kinds: readonly FileKind[] = [gearFile, composeFile, geardFile, kubernetesFile];
