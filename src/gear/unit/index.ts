// SPDX-License-Identifier: Apache-2.0
export { renderTenantSlice } from "./companion-units.ts";
export { render } from "./render.ts";
export { tenantSliceUnit } from "./unit-names.ts";
export type { RenderSettings, TenantSettings } from "./settings.ts";
