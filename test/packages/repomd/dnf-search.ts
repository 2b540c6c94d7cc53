// SPDX-License-Identifier: Apache-2.0
/** What libdnf's queries find by words, put together as rpm-ostree's `search_packages_by_filter` does. */
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const script = `
import dnf, hawkey, json, sys
base = dnf.Base()
base.conf.cachedir = sys.argv[2]
base.conf.module_platform_id = "platform:none"
base.conf.substitutions["releasever"] = "1"
repo = base.repos.add_new_repo("judged", base.conf, baseurl=["file://" + sys.argv[1]])
repo.module_hotfixes = True
base.fill_sack(load_system_repo=False)
words = sys.argv[3:]
def query(key, word):
    kind = "glob" if any(c in word for c in "*?[") else "substr"
    return base.sack.query().filter(hawkey.ICASE, **{key + "__" + kind: word})
def every(key):
    result = base.sack.query()
    for word in words: result = result.intersection(query(key, word))
    return result
if len(words) == 1:
    both = every("name").intersection(every("summary"))
else:
    both = base.sack.query()
    for word in words: both = both.intersection(query("name", word).union(query("summary", word)))
print(json.dumps([sorted(set(p.name for p in q)) for q in (both, every("name"), every("summary"))]))
`;

/** Names: matched both ways, in the name, in the summary. */
export function dnfSearch(repository: string, words: readonly string[]): string[][] {
  const cache = mkdtempSync(join(tmpdir(), "atomic-dnf-"));
  try {
    const output = execFileSync("/usr/bin/python3", ["-c", script, repository, cache, ...words], {
      stdio: ["ignore", "pipe", "pipe"],
    });
    return JSON.parse(output.toString()) as string[][];
  } finally {
    rmSync(cache, { recursive: true });
  }
}
