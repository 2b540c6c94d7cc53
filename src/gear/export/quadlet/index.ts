// SPDX-License-Identifier: Apache-2.0
export { exportQuadlet } from "./export-quadlet.ts";
