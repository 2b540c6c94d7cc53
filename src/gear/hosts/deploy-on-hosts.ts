// SPDX-License-Identifier: Apache-2.0
import { stage, unlessAborted } from "../../base/index.ts";
import type { EngineKind } from "../engine/model.ts";
import { gearError } from "../errors.ts";
import type { Who } from "../generation/change.ts";
import type { Source } from "../generation/model.ts";
import type { PullPolicy } from "../generation/pin-images.ts";
import { printable } from "../generation/problem.ts";
import type { UpdatePolicy } from "../model.ts";
import type { Name } from "../name.ts";
import { everyHost } from "./each-host.ts";
import type { Host } from "./host-name.ts";
import { HostsChange, type HostsChangeRequest } from "./hosts-change.ts";
import type { HostsReport } from "./model.ts";
import { openApplication } from "./open-application.ts";
import { pinOnHosts } from "./pin-on-hosts.ts";
import type { HostsPlacement } from "./place-on-hosts.ts";
import type { HostFacts } from "./requests.ts";
import { openSessions } from "./session.ts";

export interface HostsRequest
  extends Who, Pick<HostsChangeRequest, "application" | "patience" | "progress" | "signal"> {
  readonly hosts: readonly Host[];
  readonly tenant: Name | undefined;
  readonly engine: EngineKind;
  readonly source: Source;
  readonly policy: UpdatePolicy;
  /** Places its instances on the hosts, by what they say of themselves. */
  readonly place: (facts: ReadonlyMap<string, HostFacts>) => HostsPlacement;
  readonly pull: PullPolicy;
  readonly message: string | undefined;
}

/** @throws what hinders before anything was begun */
export async function deployOnHosts(request: HostsRequest): Promise<HostsReport> {
  const { hosts, progress, signal, policy, application } = request;
  if (!policy.autoRevert) {
    throw gearError(
      "unsupported",
      `${application}: auto-revert is off, which would leave hosts with different versions`,
    );
  }
  using sessions = await openSessions(hosts, "atomic gear agent --change", { progress });
  const { all } = sessions;
  const facts = await openApplication(all, request);
  warnOfOthers(request, facts);
  const placement = request.place(facts);
  const plain = new Map(all.map(({ host }) => [host.name, placement.render(host.name, new Map())]));
  const check = everyHost(all, (session) => session.request("check", { rendered: plain.get(session.host.name)! }));
  await unlessAborted(signal, check);
  const wanted = new Map([...plain].map(([host, { images }]) => [host, images.map(({ reference }) => reference)]));
  const pin = () => pinOnHosts(all, wanted, request.pull);
  const images = await unlessAborted(
    signal,
    stage(progress, "pull", "Images", pin, ({ pins }) => `${pins.size} pinned`),
  );
  const { source, message, by, command, patience } = request;
  const change = new HostsChange({
    kind: "deploy",
    application,
    sessions: all,
    steps: placement.steps,
    watchLimit: policy.healthyDeadline,
    patience,
    progress,
    signal,
    prepare: (session, transaction) => {
      const { name } = session.host;
      return session.request("prepare", {
        source,
        policy,
        message,
        by,
        command,
        transaction,
        rendered: placement.render(name, images.pins),
        placed: placement.placedOn(name),
        pulled: images.pulled.get(name) ?? [],
      });
    },
  });
  return await change.run();
}

/** Instances on a host that is not named any more are made anew elsewhere; that host is not asked. */
function warnOfOthers({ application, progress }: HostsRequest, facts: ReadonlyMap<string, HostFacts>): void {
  const then = new Set([...facts.values()].flatMap(({ hostsThen }) => hostsThen.map(String)));
  for (const { calledThen } of facts.values()) then.delete(calledThen);
  for (const host of [...then].filter((name) => !facts.has(name)).map(printable)) {
    const text = `${host} ran it as well and was not named: atomic gear delete ${application} --host=${host}`;
    progress({ type: "warning", text });
  }
}
