// SPDX-License-Identifier: Apache-2.0
/** Serves the directory named on the command line and prints the URL: one server for both contenders. */
import { serveDirectory } from "../../src/ostree/index.ts";

const server = await serveDirectory(process.argv[2]!);
process.stdout.write(`${server.url}\n`);
