// SPDX-License-Identifier: Apache-2.0
/** Loads a repository in a process of its own, for the benchmark: it is measured with the start of the runtime. */
import { loadRepomd } from "../../src/packages/index.ts";

const [repository = "", cacheDir = "", ...paths] = process.argv.slice(2);
const set = await loadRepomd([{ id: "synthetic", baseUrls: [repository] }], cacheDir);
for (const path of paths) set.withFile(path);
await set.loadFilelists();
const found = paths.flatMap((path) => set.withFile(path)).length;
if (set.named("libpart0").length !== 1 || found !== paths.length) throw new Error("not what was written");
