// SPDX-License-Identifier: Apache-2.0
export {
  applicationPolicies,
  type ContainerPolicy,
  hostPolicies,
  installPolicies,
  loadPolicies,
} from "./install-policy.ts";
export { generatedType, policyType } from "./needs.ts";
