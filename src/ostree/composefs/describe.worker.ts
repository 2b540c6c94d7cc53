// SPDX-License-Identifier: Apache-2.0
import { serveWorker } from "../../base/index.ts";
import type { Checksum } from "../model.ts";
import { type FileDescription, FileDescriber } from "./describe-file.ts";
import type { DescribeData } from "./image-tree.ts";

serveWorker<readonly Checksum[], FileDescription[], DescribeData, FileDescriber>(
  ({ places, verity }) => new FileDescriber(places, verity),
  async (checksums, describer) => {
    const descriptions: FileDescription[] = [];
    for (const checksum of checksums) descriptions.push(await describer.run(checksum));
    return descriptions;
  },
);
