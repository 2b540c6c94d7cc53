// SPDX-License-Identifier: Apache-2.0
import { stage, unlessAborted } from "../../base/index.ts";
import type { EngineKind } from "../engine/model.ts";
import type { Name } from "../name.ts";
import { checkFacts } from "./check-answers.ts";
import { everyHost } from "./each-host.ts";
import type { HostsChangeRequest } from "./hosts-change.ts";
import type { HostFacts } from "./requests.ts";
import type { HostSession } from "./session.ts";

export interface OpenOptions extends Pick<HostsChangeRequest, "application" | "patience" | "progress" | "signal"> {
  readonly tenant: Name | undefined;
  /** Undefined: that of what each host runs. */
  readonly engine: EngineKind | undefined;
}

/** Has each host lock the application, and say what it has of it: facts by the host's name, in the order of the sessions. */
export function openApplication(
  sessions: readonly HostSession[],
  { application, tenant, engine, patience, progress, signal }: OpenOptions,
): Promise<ReadonlyMap<string, HostFacts>> {
  const given = { application, tenant, engine, silence: patience };
  const open = async () => {
    const opened = await everyHost(sessions, async (session) => {
      const { name } = session.host;
      return [name, checkFacts(name, await session.request("open", given))] as const;
    });
    return new Map(opened);
  };
  const summarize = () => `${sessions.length} ready`;
  return unlessAborted(signal, stage(progress, "check", "Hosts", open, summarize));
}
