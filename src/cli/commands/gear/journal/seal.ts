// SPDX-License-Identifier: Apache-2.0
import type { SealedJournal } from "../../../../gear/index.ts";
import { defineCommand } from "../../../command.ts";
import { cliError } from "../../../errors.ts";
import { openTenants } from "../tenant/shared.ts";

export default defineCommand({
  path: ["gear", "journal", "seal"],
  summary: "Seal the journals of this host and its tenants, so that a later change shows",
  description:
    "From now on, with a key for each journal. Prints the verification keys, JOURNAL KEY a line, this once: they are kept nowhere on this host, and who has one can forge seals. Journals that are sealed already keep their keys; for a tenant that came later, run it again.",
  examples: [
    {
      command: "ssh web1 atomic gear journal seal | gpg --encrypt --recipient audit --output web1.keys.gpg",
      text: "From another machine, so that the keys are kept there alone:",
    },
  ],
  options: [
    {
      name: "interval",
      value: "TIME",
      help: "How long after it was written an entry can be changed unnoticed; default: 15min",
    },
  ],
  json: true,
  async run(invocation): Promise<readonly SealedJournal[]> {
    const { connectSystemd, sealJournals } = await import("../../../../gear/index.ts");
    const interval = invocation.value("interval") ?? "15min";
    if (!/^\d{1,6} ?(?:s|sec|m|min|h|d)?$/.test(interval))
      throw cliError("usage", `--interval: ${JSON.stringify(interval)} is not a time, such as 15min`);
    const tenants = (await openTenants(invocation)).tenants().filter(({ retired }) => !retired);
    using services = await connectSystemd();
    const names = tenants.map(({ name }) => name);
    const sealed = await sealJournals(services, names, interval);
    const known = sealed.filter(({ verificationKey }) => verificationKey === undefined).map(({ journal }) => journal);
    if (known.length > 0) invocation.progress({ type: "note", text: `Sealed already: ${known.join(", ")}` });
    for (const { journal, problem } of sealed)
      if (problem !== undefined)
        invocation.progress({
          type: "warning",
          text: `${journal} is not sealed before its journald starts anew: ${problem}`,
        });
    return sealed;
  },
  exitCode: (sealed) => (sealed.every(({ problem }) => problem === undefined) ? 0 : 1),
  render: (sealed) =>
    sealed
      .flatMap(({ journal, verificationKey }) =>
        verificationKey === undefined ? [] : [`${journal} ${verificationKey}`],
      )
      .join("\n"),
});
