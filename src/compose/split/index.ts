// SPDX-License-Identifier: Apache-2.0
export { commitRoot, type CommitRootOptions, type CommitRootResult } from "./commit-root.ts";
export { composeRootfs, type RootfsOptions } from "./compose-rootfs.ts";
export { installRoot, type InstallOptions, type InstallResult } from "./install-root.ts";
export { postprocessRoot } from "./postprocess-root.ts";
