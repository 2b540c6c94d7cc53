// SPDX-License-Identifier: Apache-2.0
export { serveDirectory, type RunningServer, type ServeOptions } from "./serve.ts";
