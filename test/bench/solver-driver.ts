// SPDX-License-Identifier: Apache-2.0
/** Arguments: a repository, a cache directory, a file of requests. */
import { readFileSync } from "node:fs";
import { loadRepomd, resolveRpms } from "../../src/packages/index.ts";

const [repository = "", cache = "", file = ""] = process.argv.slice(2);
const set = await loadRepomd([{ id: "base", baseUrls: [repository] }], cache);
const requests = JSON.parse(readFileSync(file, "utf8")) as { specs: string[]; weak: boolean }[];
for (const { specs, weak } of requests) {
  await resolveRpms(set, { install: specs, recommends: weak, architecture: "x86_64" }).catch(
    (error: { code?: string }) => {
      if (error.code !== "packages-unsolvable") throw error;
    },
  );
}
