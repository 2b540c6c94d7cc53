// SPDX-License-Identifier: Apache-2.0
import type { ChangeReport, HostsReport } from "../../../gear/index.ts";
import { defineCommand } from "../../command.ts";
import { cliError } from "../../errors.ts";
import { changeExitCode, renderChange } from "../../render/gear-change.ts";
import { hostsExitCode, renderHosts } from "../../render/gear-hosts.ts";
import { generationNumber } from "./generation-number.ts";
import { patience, patienceOption, whoFromHere } from "./hosts-options.ts";
import { hostOption, namedHosts } from "./over-hosts.ts";
import { rootOption } from "./root-option.ts";
import { applicationName, interruption, openSurroundings, who } from "./shared.ts";

export default defineCommand<ChangeReport | HostsReport>({
  path: ["gear", "rollback"],
  summary: "Go back to an earlier generation of an application",
  description:
    "Units, images and files are those of the generation before, or of GENERATION, as they were. Volumes are not rolled back. It is watched as a deployment is. Done again, it goes further back.\n\nWith --host, the last deployment on several hosts is taken back, on all of them or on none.",
  examples: [
    { command: "atomic gear rollback shop", text: "Back to the generation before:" },
    { command: "atomic gear rollback shop 7", text: "To any that is kept, older or newer:" },
    { command: "atomic gear rollback shop --host=web1 --host=web2", text: "On several hosts:" },
  ],
  arguments: [{ name: "APPLICATION" }, { name: "GENERATION", optional: true }],
  options: [hostOption, patienceOption, rootOption],
  json: true,
  async run(invocation) {
    const application = await applicationName(invocation);
    const hosts = await namedHosts(invocation);
    const generation = generationNumber(invocation.args[1]);
    const { rollback, rollbackOnHosts } = await import("../../../gear/index.ts");
    using interrupt = await interruption(invocation);
    const { signal } = interrupt;
    if (hosts !== undefined) {
      if (generation !== undefined)
        throw cliError("usage", "each host numbers its generations by itself: leave GENERATION out");
      const known = { progress: invocation.progress, patience: patience(invocation), signal, ...whoFromHere() };
      return await rollbackOnHosts({ application, hosts, ...known });
    }
    using surroundings = await openSurroundings(invocation, application);
    return await rollback(surroundings, { application, generation, ...who(), signal });
  },
  render: (report, style) => ("hosts" in report ? renderHosts(report, style) : renderChange(report, style)),
  exitCode: (report, invocation) =>
    "hosts" in report ? hostsExitCode(report, invocation) : changeExitCode(report, invocation),
});
