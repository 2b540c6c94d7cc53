// SPDX-License-Identifier: Apache-2.0
export * from "./bytes.ts";
export * from "./copy.ts";
export * from "./decompress.ts";
export { errnoText } from "./errno.ts";
export * from "./errors.ts";
export * from "./files.ts";
export * from "./http.ts";
export * from "./mapping.ts";
export * from "./pool.ts";
export * from "./process.ts";
export * from "./progress.ts";
export * from "./raw-deflate.ts";
export * from "./raw-inflate.ts";
export * from "./source.ts";
export * from "./syscalls.ts";
export * from "./xattrs.ts";
export * from "./xz-decode.ts";
export * from "./xz-encode.ts";
