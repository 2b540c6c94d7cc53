// SPDX-License-Identifier: Apache-2.0
export { exportKubernetes, type KubernetesOptions } from "./export-kubernetes.ts";
