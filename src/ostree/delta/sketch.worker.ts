// SPDX-License-Identifier: Apache-2.0
import { serveWorker } from "../../base/index.ts";
import { loadContent } from "../load-content.ts";
import type { EncodeData } from "./encode-batch.ts";
import { sketchOf } from "./sketch.ts";

serveWorker<readonly string[], Uint32Array[], EncodeData, EncodeData>(
  (data) => data,
  (paths, { mode }) => paths.map((path) => sketchOf(loadContent(path, mode).content())),
);
