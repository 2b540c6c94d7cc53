// SPDX-License-Identifier: Apache-2.0
import { gearError } from "../errors.ts";
import type { Who } from "../generation/change.ts";
import type { Host } from "./host-name.ts";
import { HostsChange, type HostsChangeRequest } from "./hosts-change.ts";
import type { HostsReport } from "./model.ts";
import { openApplication } from "./open-application.ts";
import { openSessions } from "./session.ts";

export interface HostsRollback
  extends Who, Pick<HostsChangeRequest, "application" | "patience" | "progress" | "signal"> {
  readonly hosts: readonly Host[];
}

/**
 * Takes back the last deployment on several hosts that runs, on all of them or on none. Hosts that it left as they were stay so.
 * @throws gear-several-hosts when not all hosts of that deployment are named
 */
export async function rollbackOnHosts(request: HostsRollback): Promise<HostsReport> {
  const { hosts, application, progress, patience, signal, by, command } = request;
  using sessions = await openSessions(hosts, "atomic gear agent --change", { progress });
  const { all } = sessions;
  const facts = await openApplication(all, { ...request, tenant: undefined, engine: undefined });
  const last = [...facts.values()]
    .map(({ transaction = "" }) => String(transaction))
    .sort()
    .at(-1);
  if (last === undefined || last === "") {
    throw gearError("no-generation", `${application} was not deployed on these hosts as one`);
  }
  const concerned = [...facts].filter(([, { transaction }]) => transaction === last);
  const missing = concerned.flatMap(([, { hostsThen }]) => hostsThen.map(String)).filter((host) => !facts.has(host));
  if (missing.length > 0) {
    const names = [...new Set(missing)].map((host) => `--host=${host}`).join(" ");
    throw gearError("several-hosts", `${application} was deployed on more hosts as one`, {
      hint: `name them too: ${names}`,
    });
  }
  const change = new HostsChange({
    kind: "rollback",
    application,
    sessions: all,
    steps: [[...facts.keys()]],
    patience,
    progress,
    signal,
    prepare: (session, transaction) => {
      const isConcerned = facts.get(session.host.name)?.transaction === last;
      return session.request("prepareRollback", { by, command, transaction, isConcerned });
    },
  });
  return await change.run();
}
