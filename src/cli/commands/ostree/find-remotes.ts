// SPDX-License-Identifier: Apache-2.0
import type { CollectionRef, FinderName, FoundRemote } from "../../../ostree/index.ts";
import { defineCommand, type Invocation } from "../../command.ts";
import { cliError } from "../../errors.ts";
import { collectionRefs } from "./collection-refs.ts";
import { openRepo, repoOption } from "./open-repo.ts";

interface Found {
  readonly refs: readonly CollectionRef[];
  readonly remotes: readonly FoundRemote[];
  readonly pulled: boolean;
}

export default defineCommand<Found>({
  path: ["ostree", "find-remotes"],
  summary: "Find remotes to serve the given refs",
  json: true,
  examples: [
    {
      command: "atomic ostree find-remotes --pull org.example.Os os/stable",
      text: "Pull a ref from whichever configured remote or mounted volume has its newest commit",
    },
  ],
  arguments: [{ name: "COLLECTION-ID REF", optional: true, repeat: true }],
  options: [
    repoOption,
    { name: "cache-dir", value: "DIR", help: "Use custom cache dir" },
    { name: "disable-fsync", help: "Do not invoke fsync()" },
    {
      name: "finders",
      value: "FINDERS",
      help: "Use the specified comma separated list of finders (e.g. config,mount)",
    },
    { name: "pull", help: "Pull the updates after finding them" },
    { name: "mirror", help: "Do a mirror pull (see ostree pull --mirror)" },
  ],
  async run(invocation) {
    const refs = await collectionRefs(invocation.args);
    const [mirror, pulling] = [invocation.flag("mirror"), invocation.flag("pull")];
    if (mirror && !pulling) throw cliError("usage", "When --mirror is specified, --pull must also be");
    const finders = await chosenFinders(invocation);
    const { findRemotes, pullFromRemotes } = await import("../../../ostree/index.ts");
    const repo = await openRepo(invocation);
    const cacheDirectory = invocation.value("cache-dir");
    const cache = cacheDirectory === undefined ? {} : { cacheDirectory };
    const remotes = await findRemotes(repo, refs, finders, cache);
    const pulled = pulling && remotes.length > 0;
    if (pulled) {
      const options = { ...cache, mirror, ...(invocation.flag("disable-fsync") ? { fsync: false } : {}) };
      await pullFromRemotes(repo, remotes, options, invocation.progress);
    }
    return { refs, remotes, pulled };
  },
  render({ refs, remotes, pulled }) {
    if (remotes.length === 0) return "No results.";
    const lines = remotes.map(remoteText);
    const missing = refs.filter((ref) => !remotes.some((remote) => has(remote, ref)));
    lines.push(`${refs.length - missing.length}/${refs.length} refs were found.`);
    if (missing.length > 0) lines.push("Refs not found in any remote:", ...missing.map((ref) => ` - ${refText(ref)}`));
    if (pulled) lines.push(`Pulled ${refs.length}/${refs.length} refs successfully.`);
    return lines.join("\n");
  },
});

async function chosenFinders(invocation: Invocation): Promise<FinderName[] | undefined> {
  const text = invocation.value("finders");
  if (text === undefined) return undefined;
  if (text === "") throw cliError("usage", "List of finders in --finders option must not be empty");
  const { isFinderName } = await import("../../../ostree/index.ts");
  return text.split(",").map((name, index, all) => {
    if (isFinderName(name) && all.indexOf(name) === index) return name;
    throw cliError("usage", `Unknown or duplicate finder type given in --finders option: ‘${name}’`);
  });
}

function has({ refs }: FoundRemote, { collection, ref }: CollectionRef): boolean {
  return refs.some((one) => one.ref.collection === collection && one.ref.ref === ref && one.commit !== undefined);
}

function refText({ collection, ref }: CollectionRef): string {
  return `(${collection}, ${ref})`;
}

function remoteText({ url, finder, keyring, priority, lastModified, refs }: FoundRemote, index: number): string {
  const modified =
    lastModified === undefined ? "unknown" : new Date(Number(lastModified) * 1000).toISOString().replace(/\.\d+/, "");
  const lines = [
    `Result ${index}: ${url}`,
    ` - Finder: ${finder}`,
    ` - Keyring: ${keyring}`,
    ` - Priority: ${priority}`,
    ` - Summary last modified: ${modified}`,
    " - Refs:",
    ...refs.map(({ ref, commit }) => `    - ${refText(ref)} = ${commit ?? "(not found)"}`),
  ];
  return `${lines.join("\n")}\n`;
}
