// SPDX-License-Identifier: Apache-2.0
export * from "./accelerator.ts";
export * from "./boot-arguments.ts";
export * from "./build.ts";
export * from "./credentials.ts";
export * from "./disk.ts";
export * from "./errors.ts";
export * from "./gpt.ts";
export * from "./guid.ts";
export * from "./install.ts";
export * from "./labels.ts";
export * from "./layout.ts";
export * from "./machine.ts";
export * from "./measure.ts";
export * from "./qemu.ts";
export * from "./run.ts";
export { inspectDisk, type TargetDisk } from "./target-disk.ts";
