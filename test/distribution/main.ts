// SPDX-License-Identifier: Apache-2.0
/** `node --run distribution -- DIRECTORY [features|base|host] [PACKAGE...]`: makes a distribution of RPM packages. */
import { makeDistribution } from "./make-distribution.ts";

const [directory, size = "base", ...packages] = process.argv.slice(2);
if (directory === undefined || (size !== "features" && size !== "base" && size !== "host")) {
  console.error("usage: node --run distribution -- DIRECTORY [features|base|host] [DEBIAN-PACKAGE...]");
  process.exit(2);
}
console.log(await makeDistribution(directory, { size, packages }));
