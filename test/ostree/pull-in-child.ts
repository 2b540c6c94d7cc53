// SPDX-License-Identifier: Apache-2.0
/** Pulls `main` of a URL into a repository; a test kills it. Arguments: repository, URL. */
import { pull, Repo } from "../../src/ostree/index.ts";

await pull(Repo.open(process.argv[2]!), { url: process.argv[3]!, refs: ["main"] });
