// SPDX-License-Identifier: Apache-2.0
import { defaultSecurity } from "../defaults.ts";
import type { Security } from "../model.ts";
import { keptCapabilities } from "./capabilities.ts";

/**
 * What a container has of which a file of another tool says nothing. Its image was made for that, and may not run with the
 * little that gear's own files begin with.
 */
export const engineSecurity: Security = {
  ...defaultSecurity,
  newPrivileges: true,
  writableRoot: true,
  capabilities: keptCapabilities([], []),
};
