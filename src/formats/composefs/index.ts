// SPDX-License-Identifier: Apache-2.0
export { byteString, type ByteString, ImageNode, type NodeInfo, nodeType } from "./model.ts";
export { setFileXattrs } from "./overlay.ts";
export { writeComposefsImage } from "./write-image.ts";
export { XattrTable } from "./xattrs.ts";
