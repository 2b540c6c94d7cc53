// SPDX-License-Identifier: Apache-2.0
export { decodeImageConfig, encodeImageConfig, type OciHistory, type OciImageConfig } from "./image-config.ts";
export {
  asObject,
  asTextMap,
  encodeOciJson,
  ociDocumentLimit,
  type OciJson,
  type OciObject,
  parseOciObject,
} from "./json.ts";
export * from "./manifest.ts";
export { policyPlaces, policyRequirements, type PolicySubject } from "./policy.ts";
